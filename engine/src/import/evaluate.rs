//! Runs a program on a chunk: columns in, checked points out.
//!
//! Expressions run on whole batches. Where one fails, the batch is halved until
//! the rows at fault stand alone, so good rows stay fast.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::{cast, concat};
use arrow::datatypes::DataType;
use datafusion::error::DataFusionError;

use super::chunk::{Chunk, LineFault};
use super::decoded::Decoded;
use super::kept::{Kept, Outdated};
use super::mapping::{Mapping, Target};
use super::program::{Program, Shape, Step};
use super::times::Times;
use crate::error::{Error, Result};
use crate::ingest::{DimensionValue, PointBatch, RawPoint};

/// The points of a chunk.
#[derive(Debug)]
pub(super) struct Evaluated {
    /// Checked points.
    pub(super) batch: PointBatch,
    /// The chunk's record of each point.
    pub(super) records: Vec<usize>,
    /// Records that gave no point, by line.
    pub(super) faults: Vec<LineFault>,
    /// Points that are older than they are kept.
    pub(super) outdated: Outdated,
}

/// A column of results.
#[derive(Debug)]
enum Column {
    Text(StringArray),
    Number(StringArray),
    Bool(BooleanArray),
}

/// The columns that make points, by what they fill.
#[derive(Debug, Default)]
struct Columns<'a> {
    platform: Option<Column>,
    metric_type: Option<Column>,
    metric_name: Option<Column>,
    value: Option<Column>,
    event_id: Option<Column>,
    recorded_at: Option<Times>,
    dimensions: Vec<(&'a str, Column)>,
}

impl Program {
    /// Evaluates a decoded chunk into `points`, which is empty.
    pub(super) fn points(
        &self,
        mapping: &Mapping,
        chunk: &Chunk,
        decoded: Decoded,
        kept_for: &Kept,
        mut points: PointBatch,
    ) -> Result<Evaluated> {
        let Decoded {
            batch,
            records,
            mut skip,
            mut faults,
        } = decoded;
        let mut columns = Columns::default();
        for step in &self.steps {
            let array = step.run(&batch, |row, error| {
                if !std::mem::replace(&mut skip[row], true) {
                    faults.push(chunk.fault(records[row], &step.target.path(), reason(error)));
                }
            })?;
            columns.set(step, &array)?;
        }
        let mut kept = Vec::with_capacity(batch.num_rows());
        let mut dimensions = Vec::with_capacity(columns.dimensions.len());
        let mut outdated = Outdated::default();
        for (row, &record) in records.iter().enumerate().filter(|&(row, _)| !skip[row]) {
            dimensions.clear();
            dimensions.extend(
                columns
                    .dimensions
                    .iter()
                    .filter_map(|(name, column)| column.dimension(row).map(|value| (*name, value))),
            );
            match columns.push(row, mapping, &dimensions, &mut points) {
                Ok(point) => {
                    kept.push(record);
                    outdated.add(kept_for.verdict(&point));
                }
                Err((field, reason)) => faults.push(chunk.fault(record, &field, reason)),
            }
        }
        faults.sort_by_key(|fault| fault.line);
        Ok(Evaluated {
            batch: points,
            records: kept,
            faults,
            outdated,
        })
    }
}

impl Step {
    /// Evaluates on a batch; a row at fault is null in the result and
    /// `on_fault` hears of it.
    fn run(
        &self,
        batch: &RecordBatch,
        mut on_fault: impl FnMut(usize, &DataFusionError),
    ) -> Result<ArrayRef> {
        let mut pieces = Vec::new();
        self.bisect(batch, 0, &mut pieces, &mut on_fault);
        match pieces.as_slice() {
            [] => Ok(new_null_array(&self.data_type, 0)),
            [whole] => Ok(Arc::clone(whole)),
            pieces => {
                let pieces: Vec<&dyn Array> = pieces.iter().map(AsRef::as_ref).collect();
                concat(&pieces).map_err(Error::internal)
            }
        }
    }

    fn bisect(
        &self,
        batch: &RecordBatch,
        first_row: usize,
        pieces: &mut Vec<ArrayRef>,
        on_fault: &mut dyn FnMut(usize, &DataFusionError),
    ) {
        let rows = batch.num_rows();
        if rows == 0 {
            return;
        }
        match self
            .expression
            .evaluate(batch)
            .and_then(|result| result.into_array(rows))
        {
            Ok(array) => pieces.push(array),
            Err(error) if rows == 1 => {
                on_fault(first_row, &error);
                pieces.push(new_null_array(&self.data_type, 1));
            }
            Err(_) => {
                let half = rows / 2;
                self.bisect(&batch.slice(0, half), first_row, pieces, on_fault);
                self.bisect(
                    &batch.slice(half, rows - half),
                    first_row + half,
                    pieces,
                    on_fault,
                );
            }
        }
    }
}

impl<'a> Columns<'a> {
    fn set(&mut self, step: &'a Step, array: &ArrayRef) -> Result<()> {
        if step.target == Target::RecordedAt {
            self.recorded_at = Some(Times::new(array, step.shape)?);
            return Ok(());
        }
        let column = Column::new(array, step.shape)?;
        match &step.target {
            Target::Platform => self.platform = Some(column),
            Target::MetricType => self.metric_type = Some(column),
            Target::MetricName => self.metric_name = Some(column),
            Target::Value => self.value = Some(column),
            Target::EventId => self.event_id = Some(column),
            Target::Dimension(name) => self.dimensions.push((name, column)),
            Target::RecordedAt => {}
        }
        Ok(())
    }

    /// Adds a row to the points; the error is field and reason.
    fn push<'p>(
        &'p self,
        row: usize,
        mapping: &Mapping,
        dimensions: &'p [(&'p str, DimensionValue<'p>)],
        points: &mut PointBatch,
    ) -> Result<RawPoint<'p>, (String, String)> {
        let recorded_at_us = self
            .recorded_at
            .as_ref()
            .map(|times| times.at(row, mapping))
            .transpose();
        let point = RawPoint {
            platform: required(row, &Target::Platform, &self.platform)?,
            metric_type: required(row, &Target::MetricType, &self.metric_type)?,
            metric_name: required(row, &Target::MetricName, &self.metric_name)?,
            value: required(row, &Target::Value, &self.value)?,
            recorded_at_us: recorded_at_us.map_err(|reason| (Target::RecordedAt.path(), reason))?,
            event_id: self.event_id.as_ref().and_then(|column| column.text(row)),
            dimensions,
        };
        match points.push(&point) {
            Ok(()) => Ok(point),
            Err(rejection) => Err((rejection.field, rejection.reason)),
        }
    }
}

impl Column {
    fn new(array: &ArrayRef, shape: Shape) -> Result<Self> {
        if shape == Shape::Bool {
            let flags = cast(array, &DataType::Boolean).map_err(Error::internal)?;
            return Ok(Self::Bool(BooleanArray::from(flags.to_data())));
        }
        let texts = cast(array, &DataType::Utf8).map_err(Error::internal)?;
        let texts = StringArray::from(texts.to_data());
        Ok(if shape == Shape::Number {
            Self::Number(texts)
        } else {
            Self::Text(texts)
        })
    }

    fn text(&self, row: usize) -> Option<&str> {
        match self {
            Self::Text(array) | Self::Number(array) => {
                array.is_valid(row).then(|| array.value(row))
            }
            Self::Bool(array) => array
                .is_valid(row)
                .then(|| if array.value(row) { "true" } else { "false" }),
        }
    }

    /// The value of a dimension; null is no value.
    fn dimension(&self, row: usize) -> Option<DimensionValue<'_>> {
        Some(match self {
            Self::Bool(array) => {
                DimensionValue::Bool(array.is_valid(row).then(|| array.value(row))?)
            }
            Self::Text(_) => DimensionValue::Text(self.text(row)?),
            Self::Number(_) => DimensionValue::Number(self.text(row)?),
        })
    }
}

/// The text of a field every point has.
fn required<'a>(
    row: usize,
    target: &Target,
    column: &'a Option<Column>,
) -> Result<Option<&'a str>, (String, String)> {
    match column.as_ref().and_then(|column| column.text(row)) {
        Some(text) => Ok(Some(text)),
        None => Err((target.path(), "the expression gives null".to_owned())),
    }
}

fn reason(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::ArrowError(error, _) => error.to_string(),
        error => error.strip_backtrace(),
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Int64Array;
    use arrow::datatypes::Field;

    use super::*;

    fn run(value: &str, column: ArrayRef) -> (Vec<Option<String>>, Vec<usize>) {
        let mapping = format!(
            "platform = \"'p'\"\nmetric_type = \"'t'\"\nmetric_name = \"'n'\"\nvalue = '{value}'"
        );
        let rows = column.len();
        let fields = vec![Arc::new(Field::new("v", column.data_type().clone(), true))];
        let schema = super::super::reader::with_line(fields);
        let program = Program::compile(&Mapping::parse(&mapping).expect("mapping"), &schema)
            .expect("program");
        let lines: ArrayRef = Arc::new(Int64Array::from_iter_values(2..2 + rows as i64));
        let batch =
            RecordBatch::try_new(Arc::clone(program.schema()), vec![column, lines]).expect("batch");
        let mut faulty = Vec::new();
        let step = program
            .steps
            .iter()
            .find(|step| step.target == Target::Value)
            .expect("value");
        let array = step.run(&batch, |row, _| faulty.push(row)).expect("runs");
        let column = Column::new(&array, step.shape).expect("column");
        (
            (0..rows)
                .map(|row| column.text(row).map(str::to_owned))
                .collect(),
            faulty,
        )
    }

    #[test]
    fn a_cast_that_fails_is_traced_to_its_row_and_the_others_are_kept() {
        let texts: Vec<String> = (0..1_000)
            .map(|n| {
                if n % 401 == 7 {
                    "x".into()
                } else {
                    n.to_string()
                }
            })
            .collect();
        let (values, faulty) = run(
            "cast(v as decimal(18,4))",
            Arc::new(StringArray::from(texts)),
        );
        assert_eq!(faulty, [7, 408, 809]);
        assert_eq!(values.iter().filter(|value| value.is_none()).count(), 3);
        assert_eq!(values[999].as_deref(), Some("999.0000"));
    }

    #[test]
    fn the_retail_mapping_gives_exact_values_and_clean_dimensions() {
        let mapping = Mapping::parse(include_str!("../../../tests/fixtures/online-retail.toml"))
            .expect("mapping");
        let path =
            std::env::temp_dir().join(format!("tessera-retail-{}.csv", uuid::Uuid::now_v7()));
        let text = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n\
            536365,85123A,\"A \"\"HEART\"\", WHITE\",6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n\
            C536379,D,Discount,-1,2010-12-01 09:41:00,27.505,,EIRE\n\
            short,line\n\
            536366,X,bad price,1,2010-12-01 08:26:00,cheap,1.0,France\n";
        std::fs::write(&path, text).expect("written");
        let tenant = storage_layout::TenantId::new("acme").expect("tenant");
        let mut opened = super::super::reader::open(&tenant, &path, &mapping).expect("opened");
        std::fs::remove_file(path).expect("removed");
        let chunk = opened.source.next_chunk().expect("read").expect("chunk");
        let decoded = opened
            .decoder
            .decode(&opened.program, &chunk)
            .expect("decoded");
        let mut faulty: Vec<u64> = decoded.faults.iter().map(|fault| fault.line).collect();
        faulty.sort_unstable();
        assert_eq!(
            (faulty.as_slice(), decoded.batch.num_rows()),
            ([4, 5].as_slice(), 3)
        );
        let texts = |name: &str| -> Vec<Option<String>> {
            let step = opened
                .program
                .steps
                .iter()
                .find(|step| step.target.name() == name)
                .expect(name);
            let array = step
                .run(&decoded.batch, |row, error| panic!("{row}: {error}"))
                .expect(name);
            let column = Column::new(&array, step.shape).expect(name);
            (0..2)
                .map(|row| column.text(row).map(str::to_owned))
                .collect()
        };
        let check = |name: &str, first: &str, second: Option<&str>| {
            assert_eq!(
                texts(name),
                [Some(first.to_owned()), second.map(str::to_owned)],
                "{name}"
            );
        };
        check("value", "15.3000000000", Some("-27.5050000000"));
        check(
            "recorded_at",
            "2010-12-01 08:26:00",
            Some("2010-12-01 09:41:00"),
        );
        check("event_id", "536365-2", Some("C536379-3"));
        check("customer_id", "17850", None);
        check("country", "United Kingdom", Some("EIRE"));
        check("stock_code", "85123A", Some("D"));
        check("invoice", "536365", Some("C536379"));
    }

    #[test]
    fn products_of_decimals_are_exact() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["-80995", "0.1", "99999999999999"]));
        let (values, faulty) = run(
            "cast(v as decimal(18,4)) * 2.08 * cast(0.000001 as decimal(18,6))",
            texts,
        );
        assert_eq!(faulty, [0usize; 0]);
        let trimmed: Vec<&str> = values
            .iter()
            .flatten()
            .map(|text| text.trim_end_matches('0'))
            .collect();
        assert_eq!(trimmed, ["-0.1684696", "0.000000208", "207999999.99999792"]);
    }
}
