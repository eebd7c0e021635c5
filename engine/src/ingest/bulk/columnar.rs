//! Arrow streams and Parquet files as lines of JSON points.
//!
//! This is the child's side of `decoder`: it trusts nothing, may run out of
//! memory or panic, and is ended for it. Columns mean what `columns` says.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StructArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::ipc::reader::StreamReader;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, SecondsFormat};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::Format;
use super::columns::{PointLine, Role, is_json_number, roles};
pub use super::decoder::Refusal;
use crate::error::{Error, Result};

/// Rows decoded at a time: what one row may take is bounded by nothing else
/// than the child's memory.
const BATCH_ROWS: usize = 1_024;

/// Bytes of a text that go on: more than any field may have, so that the
/// parser says which one is too long.
const MAX_TEXT_BYTES: usize = 20 * 1024;

/// Characters of what a library says about a body.
const MAX_SAID_CHARS: usize = 300;

/// The child's exit code for a body that it refuses with a [`Refusal`].
pub const REFUSED: u8 = 3;

/// Bounds of the child: bytes of address space, the program's own 200 MiB or
/// so included, and seconds of processor time.
pub const MEMORY_BYTES: u64 = 1 << 30;
/// See [`MEMORY_BYTES`].
pub const PROCESSOR_SECONDS: u64 = 120;

/// What an Arrow stream ends with; without it, it may have been cut.
const ARROW_END: [u8; 8] = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];

/// Writes each row of a body as one line.
///
/// # Errors
/// `Invalid` for a body that cannot be read; what was written by then is void.
pub fn to_lines(format: Format, body: File, out: &mut dyn Write) -> Result<()> {
    match format {
        Format::Arrow => arrow_lines(body, out),
        Format::Parquet => parquet_lines(body, out),
        _ => Err(Error::internal("this format has lines already")),
    }
}

fn arrow_lines(mut body: File, out: &mut dyn Write) -> Result<()> {
    let mut end = [0; 8];
    let ended = body
        .seek(SeekFrom::End(-8))
        .and_then(|_| body.read_exact(&mut end));
    if ended.is_err() || end != ARROW_END {
        return Err(Error::Invalid {
            message: "the Arrow stream does not end with its end marker".into(),
            at: Some("body".into()),
            location: None,
            hint: Some(
                "send the whole stream in the streaming format, closed by its writer".into(),
            ),
        });
    }
    body.seek(SeekFrom::Start(0)).map_err(Error::internal)?;
    let undecodable = |e: arrow::error::ArrowError| undecodable("an Arrow stream", &e);
    let reader = StreamReader::try_new(BufReader::new(body), None).map_err(undecodable)?;
    let mut rows = Rows::of(&reader.schema())?;
    for batch in reader {
        let batch = batch.map_err(undecodable)?;
        // Columns are cast a piece at a time.
        for start in (0..batch.num_rows()).step_by(BATCH_ROWS) {
            let piece = batch.slice(start, BATCH_ROWS.min(batch.num_rows() - start));
            rows.write(&piece, out)?;
        }
    }
    Ok(())
}

fn parquet_lines(body: File, out: &mut dyn Write) -> Result<()> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(body)
        .map_err(|e| undecodable("a Parquet file", &e))?;
    let mut rows = Rows::of(builder.schema())?;
    let reader = builder
        .with_batch_size(BATCH_ROWS)
        .build()
        .map_err(|e| undecodable("a Parquet file", &e))?;
    for batch in reader {
        rows.write(&batch.map_err(|e| undecodable("a Parquet file", &e))?, out)?;
    }
    Ok(())
}

fn undecodable(what: &str, error: &dyn std::fmt::Display) -> Error {
    // It may quote the body.
    let error: String = error.to_string().chars().take(MAX_SAID_CHARS).collect();
    Error::Invalid {
        message: format!("the body is not {what} that can be read: {error}"),
        at: Some("body".into()),
        location: None,
        hint: Some("send the whole file, as its library wrote it".into()),
    }
}

/// What a column's cells are, by their type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Null,
    Text,
    Boolean,
    Number,
    Date,
    Time,
}

/// Makes lines of rows.
struct Rows {
    columns: Vec<(Role, Kind)>,
    line: PointLine,
}

impl Rows {
    /// Looks at the columns before anything is decoded.
    fn of(schema: &Schema) -> Result<Self> {
        let fields = flat(schema);
        let roles = roles(fields.iter().map(|field| field.name().as_str()))?;
        let columns = roles
            .into_iter()
            .zip(&fields)
            .map(|(role, field)| match role {
                Role::Ignored => Ok((role, Kind::Null)),
                _ => Ok((role, kind(field)?)),
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            columns,
            line: PointLine::default(),
        })
    }

    fn write(&mut self, batch: &RecordBatch, out: &mut dyn Write) -> Result<()> {
        let arrays = arrays(batch)
            .iter()
            .zip(&self.columns)
            .map(|(array, (_, kind))| plain(array, *kind))
            .collect::<Result<Vec<_>>>()?;
        let options = FormatOptions::new();
        let shown = arrays
            .iter()
            .map(|array| ArrayFormatter::try_new(array.as_ref(), &options))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Error::internal)?;
        for row in 0..batch.num_rows() {
            self.line.clear();
            for ((role, kind), (array, shown)) in self.columns.iter().zip(arrays.iter().zip(&shown))
            {
                if *kind == Kind::Null || array.is_null(row) {
                    continue;
                }
                let text = match kind {
                    Kind::Text => match (role, array.as_string_view().value(row)) {
                        // Half a JSON text is none.
                        (Role::Dimensions, text) => text.to_owned(),
                        (_, text) => cut(text).to_owned(),
                    },
                    Kind::Time => time(array.as_primitive::<TimestampMicrosecondType>().value(row)),
                    _ => shown.value(row).to_string(),
                };
                cell(&mut self.line, role, *kind, &text);
            }
            let written = out
                .write_all(self.line.finish().as_bytes())
                .and_then(|()| out.write_all(b"\n"));
            written.map_err(Error::internal)?;
        }
        Ok(())
    }
}

fn cell(line: &mut PointLine, role: &Role, kind: Kind, text: &str) {
    match role {
        Role::Text(name) => line.text(name, text),
        Role::Value => line.text("value", text),
        // A day begins at midnight UTC.
        Role::Time if kind == Kind::Date => line.text("recorded_at", &format!("{text}T00:00:00Z")),
        Role::Time => line.text("recorded_at", text),
        Role::Dimensions => line.all_dimensions(text),
        Role::Dimension(key) | Role::Number(key) => match kind {
            Kind::Number if is_json_number(text) => line.dimension_json(key, text),
            Kind::Boolean => line.dimension_json(key, text),
            Kind::Text if matches!(role, Role::Number(_)) => line.dimension_number(key, text),
            // Of numbers: infinities and what is no number.
            _ => line.dimension(key, text),
        },
        Role::Ignored => {}
    }
}

/// The columns; those of a struct `dimensions` stand for themselves.
fn flat(schema: &Schema) -> Vec<Arc<Field>> {
    let mut fields = Vec::new();
    for field in schema.fields() {
        match field.data_type() {
            DataType::Struct(children) if field.name() == "dimensions" => {
                let named = |child: &Arc<Field>| {
                    let name = format!("dim.{}", child.name());
                    Arc::new(child.as_ref().clone().with_name(name))
                };
                fields.extend(children.iter().map(named));
            }
            _ => fields.push(field.clone()),
        }
    }
    fields
}

/// The arrays of [`flat`]'s columns.
fn arrays(batch: &RecordBatch) -> Vec<ArrayRef> {
    let schema = batch.schema();
    let mut arrays = Vec::new();
    for (field, array) in schema.fields().iter().zip(batch.columns()) {
        match array.as_any().downcast_ref::<StructArray>() {
            Some(object) if field.name() == "dimensions" => arrays.extend(children(object)),
            _ => arrays.push(array.clone()),
        }
    }
    arrays
}

/// A struct's columns, null where it is null itself.
fn children(object: &StructArray) -> Vec<ArrayRef> {
    let absent = object
        .nulls()
        .map(|valid| arrow::array::BooleanArray::new(!valid.inner(), None));
    let child = |array: &ArrayRef| match &absent {
        Some(absent) => arrow::compute::nullif(array, absent).unwrap_or_else(|_| array.clone()),
        None => array.clone(),
    };
    object.columns().iter().map(child).collect()
}

fn kind(field: &Field) -> Result<Kind> {
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref(),
        data_type => data_type,
    };
    Ok(match data_type {
        DataType::Null => Kind::Null,
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => Kind::Text,
        DataType::Boolean => Kind::Boolean,
        DataType::Timestamp(..) => Kind::Time,
        DataType::Date32 | DataType::Date64 => Kind::Date,
        numeric if numeric.is_numeric() => Kind::Number,
        other => {
            let name: String = field.name().chars().take(64).collect();
            let other: String = other.to_string().chars().take(64).collect();
            return Err(Error::Invalid {
                message: format!("a column of type {other} is no part of a point"),
                at: Some(format!("column {name}")),
                location: None,
                hint: Some(
                    "send texts, numbers, booleans, times, and nested values as JSON text in a column `dimensions`"
                        .into(),
                ),
            });
        }
    })
}

/// A column without dictionary, of the type that its kind is read from.
fn plain(array: &ArrayRef, kind: Kind) -> Result<ArrayRef> {
    let to = match (kind, array.data_type()) {
        (Kind::Text, _) => DataType::Utf8View,
        // Times without a zone are UTC.
        (Kind::Time, _) => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        (Kind::Date, _) => DataType::Date32,
        (_, DataType::Dictionary(_, values)) => values.as_ref().clone(),
        _ => return Ok(array.clone()),
    };
    // A time that does not fit must not become none.
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, &to, &strict).map_err(|e| undecodable("one", &e))
}

/// Microseconds as RFC 3339; what is beyond a calendar stays a number, and
/// the parser rejects it.
fn time(us: i64) -> String {
    DateTime::from_timestamp_micros(us).map_or_else(
        || us.to_string(),
        |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
    )
}

fn cut(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}
