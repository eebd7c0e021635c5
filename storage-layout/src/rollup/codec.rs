//! Partials as bytes: one compressed Arrow record batch, names in its metadata.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Decimal128Array, Int32Array, Int64Array, RecordBatch, UInt32Array,
};
use arrow::datatypes::{DataType, Decimal128Type, Field, Int32Type, Int64Type, Schema, UInt32Type};
use arrow::error::ArrowError;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use serde::{Deserialize, Serialize};

use super::{Cell, Measures, Partials, RollupError, Slice, Stamped};
use crate::metric::MetricKey;

const NAMES: &str = "tessera.rollup";
const SUMS: [&str; 7] = [
    "sum",
    "min",
    "max",
    "first",
    "last",
    "numerator",
    "denominator",
];
const STAMPS: [&str; 4] = ["first_at", "first_version", "last_at", "last_version"];

/// Everything that is not a number of a cell.
#[derive(Serialize, Deserialize)]
struct Names {
    /// Platform, type, name, version of the definition.
    metrics: Vec<(String, String, String, i32)>,
    /// Key and value of each slice but the total.
    slices: Vec<(String, String)>,
    incomplete: Vec<(u32, String)>,
}

impl Partials {
    /// The partials as bytes.
    pub fn encode(&self) -> Result<Vec<u8>, RollupError> {
        self.try_encode()
            .map_err(|e| RollupError::Corrupt(e.to_string()))
    }

    fn try_encode(&self) -> Result<Vec<u8>, ArrowError> {
        let cells = &self.cells;
        let sum = |f: fn(&Measures) -> i128| -> ArrayRef {
            let units = Decimal128Array::from_iter_values(cells.iter().map(|c| f(&c.measures)));
            Arc::new(units)
        };
        let int = |f: fn(&Measures) -> i64| -> ArrayRef {
            Arc::new(Int64Array::from_iter_values(
                cells.iter().map(|c| f(&c.measures)),
            ))
        };
        let mut columns: Vec<(&str, ArrayRef)> = vec![
            (
                "day",
                Arc::new(Int32Array::from_iter_values(cells.iter().map(|c| c.day))),
            ),
            (
                "metric",
                Arc::new(UInt32Array::from_iter_values(
                    cells.iter().map(|c| c.metric),
                )),
            ),
            (
                "slice",
                Arc::new(UInt32Array::from_iter_values(cells.iter().map(|c| c.slice))),
            ),
            ("count", int(|m| m.count)),
        ];
        let sums: [fn(&Measures) -> i128; 7] = [
            |m| m.sum,
            |m| m.min,
            |m| m.max,
            |m| m.first.value,
            |m| m.last.value,
            |m| m.numerator,
            |m| m.denominator,
        ];
        columns.extend(SUMS.into_iter().zip(sums.map(sum)));
        let stamps: [fn(&Measures) -> i64; 4] = [
            |m| m.first.recorded_at_us,
            |m| m.first.commit_version,
            |m| m.last.recorded_at_us,
            |m| m.last.commit_version,
        ];
        columns.extend(STAMPS.into_iter().zip(stamps.map(int)));
        let fields: Vec<Field> = columns
            .iter()
            .map(|(name, column)| Field::new(*name, column.data_type().clone(), false))
            .collect();
        let names = serde_json::to_string(&self.names())
            .map_err(|e| ArrowError::ExternalError(e.into()))?;
        let schema = Schema::new_with_metadata(fields, [(NAMES.to_owned(), names)].into());
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        let batch = RecordBatch::try_new(Arc::new(schema), columns)?;
        let options =
            IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
        let mut writer =
            StreamWriter::try_new_with_options(Vec::new(), batch.schema_ref(), options)?;
        writer.write(&batch)?;
        writer.into_inner()
    }

    /// Partials back from bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RollupError> {
        let corrupt = |what: String| RollupError::Corrupt(what);
        let mut reader = StreamReader::try_new(bytes, None).map_err(|e| corrupt(e.to_string()))?;
        let schema = reader.schema();
        let names = schema
            .metadata()
            .get(NAMES)
            .ok_or_else(|| corrupt("names are missing".into()))?;
        let names: Names = serde_json::from_str(names).map_err(|e| corrupt(e.to_string()))?;
        let batch = reader
            .next()
            .ok_or_else(|| corrupt("cells are missing".into()))?
            .map_err(|e| corrupt(e.to_string()))?;
        let cells =
            decode_cells(&batch).ok_or_else(|| corrupt("columns have other types".into()))?;
        let partials = Self::named(names, cells);
        let known = |c: &Cell| {
            (c.metric as usize) < partials.metrics.len()
                && (c.slice as usize) < partials.slices.len()
        };
        if !partials.cells.iter().all(known) {
            return Err(corrupt("a cell names an unknown metric or slice".into()));
        }
        Ok(partials)
    }

    fn names(&self) -> Names {
        let text = |t: &Arc<str>| t.to_string();
        Names {
            metrics: self
                .definitions()
                .map(|(m, version)| {
                    (
                        text(&m.platform),
                        text(&m.metric_type),
                        text(&m.metric_name),
                        version,
                    )
                })
                .collect(),
            slices: self
                .slices
                .iter()
                .filter_map(|slice| match slice {
                    Slice::Total => None,
                    Slice::Dimension { key, value } => Some((text(key), text(value))),
                })
                .collect(),
            incomplete: self
                .incomplete
                .iter()
                .map(|(m, key)| (*m, text(key)))
                .collect(),
        }
    }

    fn named(names: Names, cells: Vec<Cell>) -> Self {
        let (metrics, definitions) = names
            .metrics
            .into_iter()
            .map(|(platform, metric_type, metric_name, version)| {
                let key = MetricKey {
                    platform: platform.into(),
                    metric_type: metric_type.into(),
                    metric_name: metric_name.into(),
                };
                (key, version)
            })
            .unzip();
        let dimension = |(key, value): (String, String)| Slice::Dimension {
            key: key.into(),
            value: value.into(),
        };
        Self {
            metrics,
            definitions,
            slices: std::iter::once(Slice::Total)
                .chain(names.slices.into_iter().map(dimension))
                .collect(),
            cells,
            incomplete: names
                .incomplete
                .into_iter()
                .map(|(m, key)| (m, key.into()))
                .collect(),
        }
    }

    /// The same partials without slices that have no cell.
    pub(super) fn compacted(mut self) -> Self {
        let mut used = vec![false; self.slices.len()];
        used[0] = true;
        for cell in &self.cells {
            used[cell.slice as usize] = true;
        }
        let mut next = 0;
        let numbers: Vec<u32> = used
            .iter()
            .map(|used| {
                let number = next;
                next += u32::from(*used);
                number
            })
            .collect();
        for cell in &mut self.cells {
            cell.slice = numbers[cell.slice as usize];
        }
        let mut used = used.iter();
        self.slices
            .retain(|_| used.next().copied().unwrap_or(false));
        self
    }
}

fn decode_cells(batch: &RecordBatch) -> Option<Vec<Cell>> {
    let int = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let sum = |name: &str| {
        let column = batch.column_by_name(name)?;
        matches!(column.data_type(), DataType::Decimal128(..))
            .then(|| column.as_primitive::<Decimal128Type>())
    };
    let day = batch
        .column_by_name("day")?
        .as_primitive_opt::<Int32Type>()?;
    let metric = batch
        .column_by_name("metric")?
        .as_primitive_opt::<UInt32Type>()?;
    let slice = batch
        .column_by_name("slice")?
        .as_primitive_opt::<UInt32Type>()?;
    let count = int("count")?;
    let sums = SUMS.map(sum);
    let stamps = STAMPS.map(int);
    if sums.iter().any(Option::is_none) || stamps.iter().any(Option::is_none) {
        return None;
    }
    let sums: Vec<&Decimal128Array> = sums.into_iter().flatten().collect();
    let stamps: Vec<&Int64Array> = stamps.into_iter().flatten().collect();
    let cell = |row: usize| Cell {
        day: day.value(row),
        metric: metric.value(row),
        slice: slice.value(row),
        measures: Measures {
            count: count.value(row),
            sum: sums[0].value(row),
            min: sums[1].value(row),
            max: sums[2].value(row),
            first: Stamped {
                recorded_at_us: stamps[0].value(row),
                commit_version: stamps[1].value(row),
                value: sums[3].value(row),
            },
            last: Stamped {
                recorded_at_us: stamps[2].value(row),
                commit_version: stamps[3].value(row),
                value: sums[4].value(row),
            },
            numerator: sums[5].value(row),
            denominator: sums[6].value(row),
        },
    };
    Some((0..batch.num_rows()).map(cell).collect())
}
