//! Partials as bytes: one compressed Arrow record batch, names in its metadata.
//! `stored` seals them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::partials::MetricDimension;
use super::{Cell, Partials, RollupError, Slice, cells};
use crate::metric::MetricKey;

const NAMES: &str = "tessera.rollup";

/// A day, in microseconds.
const DAY_US: i64 = 86_400_000_000;

/// Everything that is not a number of a cell.
#[derive(Serialize, Deserialize)]
struct Names {
    /// Platform, type, name, version of the definition.
    metrics: Vec<(String, String, String, i32)>,
    /// Key and value of each slice but the total.
    slices: Vec<(String, String)>,
    incomplete: Vec<(u32, String)>,
    /// Metrics and keys that have numbers.
    numbers: Vec<(u32, String)>,
}

impl Partials {
    /// The partials as bytes.
    pub fn encode(&self) -> Result<Vec<u8>, RollupError> {
        self.try_encode()
            .map_err(|e| RollupError::Corrupt(e.to_string()))
    }

    fn try_encode(&self) -> Result<Vec<u8>, ArrowError> {
        let names = serde_json::to_string(&self.names())
            .map_err(|e| ArrowError::ExternalError(e.into()))?;
        write_stream(cells::columns(&self.cells, DAY_US), names)
    }

    /// Partials back from bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, RollupError> {
        let corrupt = |what: String| RollupError::Corrupt(what);
        let (batch, names) = read_stream::<Names>(bytes)?;
        let cells = cells::decode(&batch, DAY_US)
            .ok_or_else(|| corrupt("columns have other types".into()))?;
        let partials = Self::named(names, cells);
        let known = |c: &Cell| {
            (c.metric as usize) < partials.metrics.len()
                && (c.slice as usize) < partials.slices.len()
        };
        let mut keys = partials.incomplete.iter().chain(&partials.numbers);
        if !partials.cells.iter().all(known)
            || !keys.all(|(metric, _)| (*metric as usize) < partials.metrics.len())
        {
            return Err(corrupt("a cell names an unknown metric or slice".into()));
        }
        Ok(partials)
    }

    fn names(&self) -> Names {
        let text = |t: &Arc<str>| t.to_string();
        let texts = |keys: &[MetricDimension]| -> Vec<(u32, String)> {
            keys.iter().map(|(m, key)| (*m, text(key))).collect()
        };
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
            incomplete: texts(&self.incomplete),
            numbers: texts(&self.numbers),
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
        let keys = |keys: Vec<(u32, String)>| {
            let keys = keys.into_iter();
            keys.map(|(m, key)| (m, key.into())).collect()
        };
        Self {
            metrics,
            definitions,
            slices: std::iter::once(Slice::Total)
                .chain(names.slices.into_iter().map(dimension))
                .collect(),
            cells,
            incomplete: keys(names.incomplete),
            numbers: keys(names.numbers),
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

/// Columns without nulls and names as one compressed Arrow stream.
pub(super) fn write_stream(
    columns: Vec<(&'static str, ArrayRef)>,
    names: String,
) -> Result<Vec<u8>, ArrowError> {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(*name, column.data_type().clone(), false))
        .collect();
    let schema = Schema::new_with_metadata(fields, [(NAMES.to_owned(), names)].into());
    let columns = columns.into_iter().map(|(_, column)| column).collect();
    let batch = RecordBatch::try_new(Arc::new(schema), columns)?;
    let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::ZSTD))?;
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), batch.schema_ref(), options)?;
    writer.write(&batch)?;
    writer.into_inner()
}

/// What [`write_stream`] wrote.
pub(super) fn read_stream<N: DeserializeOwned>(
    bytes: &[u8],
) -> Result<(RecordBatch, N), RollupError> {
    let corrupt = |what: String| RollupError::Corrupt(what);
    let mut reader = StreamReader::try_new(bytes, None).map_err(|e| corrupt(e.to_string()))?;
    let schema = reader.schema();
    let names = schema
        .metadata()
        .get(NAMES)
        .ok_or_else(|| corrupt("names are missing".into()))?;
    let names = serde_json::from_str(names).map_err(|e| corrupt(e.to_string()))?;
    let batch = reader
        .next()
        .ok_or_else(|| corrupt("cells are missing".into()))?
        .map_err(|e| corrupt(e.to_string()))?;
    Ok((batch, names))
}
