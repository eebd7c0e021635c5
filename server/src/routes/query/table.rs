//! The answer to a structured question as rows, in any format.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use axum::Json;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use chrono::SecondsFormat;
use engine::dashboard::{Exact, day_number};
use engine::session::{Form as _, Stamp, Took};
use engine::structured::{Granularity, Row, RowKind, StructuredAnswer};

use super::answer::QueryAnswer;
use crate::encode::{Decimals, Ending, Form, Format, Style, TextCells};
use crate::error::Result;

/// All digits that a sum of values may have.
const DIGITS: u8 = 38;
const SCALE: i8 = 9;

/// The answer in this format. Problems: what it cannot hold.
pub(crate) fn respond(
    answer: StructuredAnswer,
    stamp: Stamp,
    format: Format,
    decimals: Decimals,
) -> Result<Response> {
    let mut response = match format {
        Format::Json => Json(QueryAnswer::new(answer, decimals)).into_response(),
        format => {
            let form = Form {
                format,
                style: Style {
                    decimals,
                    text_cells: TextCells::Neutralised,
                },
            };
            let bytes = written(&answer, &form, stamp)?;
            let content_type = [(header::CONTENT_TYPE, format.content_type())];
            (content_type, bytes).into_response()
        }
    };
    let headers = response.headers_mut();
    let name = HeaderName::from_static;
    headers.insert(name("tessera-version"), stamp.version.into());
    let as_of = stamp.as_of.to_rfc3339_opts(SecondsFormat::Micros, true);
    if let Ok(as_of) = HeaderValue::try_from(as_of) {
        headers.insert(name("tessera-as-of"), as_of);
    }
    headers.insert(name("tessera-complete"), HeaderValue::from_static("true"));
    Ok(response)
}

fn written(answer: &StructuredAnswer, form: &Form, stamp: Stamp) -> Result<Vec<u8>> {
    let batch = batch(answer)?;
    let mut encoder = form.encoder(&batch.schema(), stamp)?;
    let mut bytes = Vec::new();
    encoder.start(&mut bytes)?;
    encoder.rows(&batch, &mut bytes)?;
    let ending = Ending {
        complete: true,
        rows: batch.num_rows() as u64,
        took: Took {
            files: 0,
            rows_scanned: answer.rows_scanned,
            bytes_scanned: 0,
        },
    };
    encoder.end(&ending, &mut bytes)?;
    Ok(bytes)
}

fn batch(answer: &StructuredAnswer) -> Result<RecordBatch> {
    let mut columns = Columns::default();
    let starts = answer.rows.iter().map(|row| row.start);
    match answer.granularity {
        Granularity::All => {}
        Granularity::Hour => {
            let times = starts.map(|start| start.map(|at| at.timestamp_micros()));
            let times: TimestampMicrosecondArray = times.collect();
            columns.push("time", Arc::new(times.with_timezone("UTC")));
        }
        _ => {
            let zone = answer.zone;
            let days = starts
                .map(|start| start.map(|at| day_number(at.with_timezone(&zone).date_naive())));
            columns.push("time", Arc::new(days.collect::<Date32Array>()));
        }
    }
    for (i, key) in answer.dimensions.iter().enumerate() {
        let values = answer.rows.iter().map(|row| row.group[i].as_deref());
        columns.push(key, Arc::new(values.collect::<StringArray>()));
    }
    for (i, measure) in answer.measures.iter().enumerate() {
        let numbers = numbers(answer, |row| row.values[i])?;
        columns.push(&measure.name, numbers);
    }
    if answer.previous.is_some() {
        for (i, measure) in answer.measures.iter().enumerate() {
            let before = |row: &Row| row.previous.as_ref().and_then(|values| values[i]);
            let name = format!("{}_previous", measure.name);
            columns.push(&name, numbers(answer, before)?);
        }
    }
    let is_other = |row: &Row| row.kind == RowKind::Other;
    if answer.rows.iter().any(is_other) {
        let others = answer.rows.iter().map(|row| Some(is_other(row)));
        columns.push("other", Arc::new(others.collect::<BooleanArray>()));
    }
    let schema = Arc::new(Schema::new(columns.fields));
    let made = RecordBatch::try_new(schema, columns.arrays);
    Ok(made.map_err(engine::Error::internal)?)
}

fn numbers(answer: &StructuredAnswer, of: impl Fn(&Row) -> Option<Exact>) -> Result<ArrayRef> {
    let units = answer.rows.iter().map(|row| of(row).map(Exact::units));
    let numbers: Decimal128Array = units.collect();
    let numbers = numbers.with_precision_and_scale(DIGITS, SCALE);
    Ok(Arc::new(numbers.map_err(engine::Error::internal)?))
}

#[derive(Default)]
struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    fn push(&mut self, name: &str, array: ArrayRef) {
        let kind: DataType = array.data_type().clone();
        self.fields.push(Field::new(name, kind, true));
        self.arrays.push(array);
    }
}
