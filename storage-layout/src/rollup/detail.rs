//! What a file's roll-up knows beyond its days: totals by quarter of an hour
//! (UTC), from which the days of every other zone are made, and sketches.
//!
//! It is stored apart from the days and read only when it is asked for.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BinaryArray, Int32Array, UInt32Array};
use arrow::datatypes::{Int32Type, UInt32Type};
use arrow::error::ArrowError;
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::cells;
use super::codec::{read_stream, write_stream};
use super::local_day::SLOT_US;
use super::{Cell, DaySketches, LocalDay, Partials, RollupError, Sketch, Slice};
use crate::metric::MetricKey;

/// Quarter hours and sketches of one file.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Detail {
    pub(super) metrics: Vec<MetricKey>,
    pub(super) definitions: Vec<i32>,
    /// Totals by metric, then by quarter hour, numbered from 1970 in `day`.
    pub(super) quarters: Vec<Cell>,
    pub(super) sketches: DaySketches,
}

/// Platform, type, name and definition's version of each metric.
#[derive(Serialize, Deserialize)]
struct MetricNames(Vec<(String, String, String, i32)>);

/// The dimensions of sketches.
#[derive(Serialize, Deserialize)]
struct Dimensions(Vec<String>);

impl Detail {
    /// For each metric the version of the definition these were made by.
    pub fn definitions(&self) -> impl Iterator<Item = (&MetricKey, i32)> {
        self.metrics.iter().zip(self.definitions.iter().copied())
    }

    /// Totals by quarter of an hour: each cell's `day` is the quarter's number
    /// since 1970, UTC.
    pub fn quarters(&self) -> &[Cell] {
        &self.quarters
    }

    /// The metric with this number.
    pub fn metric(&self, index: u32) -> &MetricKey {
        &self.metrics[index as usize]
    }

    /// Sketches by day of the zone that the file's roll-up is for.
    pub fn sketches(&self) -> &DaySketches {
        &self.sketches
    }

    /// Totals by day of any zone. `None` when a quarter of an hour with points
    /// lies in two days, as it may where an offset is no multiple of 15 minutes:
    /// only the rows tell then.
    pub fn days(&self, zone: Tz) -> Result<Option<Partials>, RollupError> {
        let days = LocalDay::new(zone);
        let mut cells: Vec<Cell> = Vec::new();
        for quarter in &self.quarters {
            let Some(day) = days.of_quarter(quarter.day) else {
                return Ok(None);
            };
            match cells.last_mut() {
                Some(cell) if (cell.metric, cell.day) == (quarter.metric, day) => {
                    cell.measures.merge(&quarter.measures)?;
                }
                _ => cells.push(Cell { day, ..*quarter }),
            }
        }
        let mut partials = Partials::from_cells(self.metrics.clone(), vec![Slice::Total], cells)?;
        partials.definitions.clone_from(&self.definitions);
        Ok(Some(partials))
    }

    pub(super) fn encode(&self) -> Result<Vec<u8>, RollupError> {
        self.try_encode()
            .map_err(|e| RollupError::Corrupt(e.to_string()))
    }

    fn try_encode(&self) -> Result<Vec<u8>, ArrowError> {
        let json = |e: serde_json::Error| ArrowError::ExternalError(e.into());
        let text = |t: &Arc<str>| t.to_string();
        let metrics = self.definitions().map(|(m, version)| {
            (
                text(&m.platform),
                text(&m.metric_type),
                text(&m.metric_name),
                version,
            )
        });
        let metrics = MetricNames(metrics.collect());
        let metrics = serde_json::to_string(&metrics).map_err(json)?;
        let quarters = write_stream(cells::columns(&self.quarters, SLOT_US), metrics)?;

        let mut dimensions: Vec<String> = Vec::new();
        let of = self.sketches.keys().map(|(_, _, of)| match of {
            // 0 is "the values themselves".
            None => 0,
            Some(key) => {
                let known = dimensions.iter().position(|d| **d == **key);
                1 + known.unwrap_or_else(|| {
                    dimensions.push(key.to_string());
                    dimensions.len() - 1
                }) as u32
            }
        });
        let of = UInt32Array::from_iter_values(of.collect::<Vec<u32>>());
        let metric = self.sketches.keys().map(|(metric, _, _)| *metric);
        let day = self.sketches.keys().map(|(_, day, _)| *day);
        let bytes = self.sketches.values().map(Sketch::to_bytes);
        let columns: Vec<(&'static str, ArrayRef)> = vec![
            ("metric", Arc::new(UInt32Array::from_iter_values(metric))),
            ("day", Arc::new(Int32Array::from_iter_values(day))),
            ("of", Arc::new(of)),
            ("sketch", Arc::new(BinaryArray::from_iter_values(bytes))),
        ];
        let dimensions = serde_json::to_string(&Dimensions(dimensions)).map_err(json)?;
        let sketches = write_stream(columns, dimensions)?;

        let length = u32::try_from(quarters.len())
            .map_err(|_| ArrowError::IpcError("too many quarter hours".into()))?;
        Ok([&length.to_le_bytes()[..], &quarters, &sketches].concat())
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, RollupError> {
        let cut = || RollupError::Corrupt("the detail is cut".into());
        let (length, rest) = bytes.split_first_chunk().ok_or_else(cut)?;
        let (quarters, sketches) = rest
            .split_at_checked(u32::from_le_bytes(*length) as usize)
            .ok_or_else(cut)?;
        let (batch, MetricNames(names)) = read_stream(quarters)?;
        let other_types = || RollupError::Corrupt("columns have other types".into());
        let quarters = cells::decode(&batch, SLOT_US).ok_or_else(other_types)?;
        let (metrics, definitions): (Vec<_>, Vec<_>) = names
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
        let sketches = decode_sketches(sketches)?;
        let known = |metric: u32| (metric as usize) < metrics.len();
        if !quarters.iter().all(|c| known(c.metric) && c.slice == 0)
            || !sketches.keys().all(|(metric, _, _)| known(*metric))
        {
            return Err(RollupError::Corrupt("an unknown metric is named".into()));
        }
        Ok(Self {
            metrics,
            definitions,
            quarters,
            sketches,
        })
    }
}

fn decode_sketches(bytes: &[u8]) -> Result<DaySketches, RollupError> {
    let (batch, Dimensions(dimensions)) = read_stream(bytes)?;
    let dimensions: Vec<Arc<str>> = dimensions.into_iter().map(Arc::from).collect();
    let other_types = || RollupError::Corrupt("columns have other types".into());
    let column = |name: &str| batch.column_by_name(name).ok_or_else(other_types);
    let numbers = |name: &str| {
        let column = column(name)?.as_primitive_opt::<UInt32Type>();
        column.ok_or_else(other_types)
    };
    let (metric, of) = (numbers("metric")?, numbers("of")?);
    let day = column("day")?.as_primitive_opt::<Int32Type>();
    let day = day.ok_or_else(other_types)?;
    let sketch = column("sketch")?.as_binary_opt::<i32>();
    let sketch = sketch.ok_or_else(other_types)?;
    let mut sketches = DaySketches::new();
    for row in 0..batch.num_rows() {
        let of = match (of.value(row) as usize).checked_sub(1) {
            None => None,
            Some(number) => Some(dimensions.get(number).ok_or_else(other_types)?.clone()),
        };
        let decoded = Sketch::from_bytes(of.as_deref(), sketch.value(row))?;
        sketches.insert((metric.value(row), day.value(row), of), decoded);
    }
    Ok(sketches)
}
