//! Sorts rows into file order and cuts them at window boundaries.
//!
//! File order is platform, metric type, metric name, `recorded_at`, then
//! commit and arrival, so that "the last value" has one answer everywhere.

use std::collections::HashMap;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray,
    UInt32Array,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};

use crate::error::{Result, StorageError};
use crate::id::{Window, WindowUnit};
use crate::schema::{COMMIT_VERSION, METRIC_NAME, METRIC_TYPE, PLATFORM, RECORDED_AT};

/// Rows from which on a second thread helps.
const PARALLEL_ROWS: usize = 4_096;

/// Rows in file order.
pub fn sort(batch: &RecordBatch) -> Result<RecordBatch> {
    let order = order(batch, |_| 0)?;
    take(batch, &order)
}

/// Rows in file order, one batch a window.
pub fn split(batch: &RecordBatch, unit: WindowUnit) -> Result<Vec<(Window, RecordBatch)>> {
    let start_of = |us: i64| {
        let days = Window::containing(unit, us)
            .start()
            .signed_duration_since(chrono::NaiveDate::default());
        i32::try_from(days.num_days()).unwrap_or(i32::MIN)
    };
    let order = order(batch, start_of)?;
    let mut windows = Vec::new();
    let recorded_at = times(batch)?;
    for run in order.chunk_by(|a, b| a.0 == b.0) {
        let us = recorded_at.value(run[0].4 as usize);
        windows.push((Window::containing(unit, us), take(batch, run)?));
    }
    Ok(windows)
}

/// Window start, metric rank, time, commit, row: compared in this order.
type Position = (i32, u32, i64, i64, u32);

fn order(batch: &RecordBatch, window_start: impl Fn(i64) -> i32) -> Result<Vec<Position>> {
    let ranks = metric_ranks(batch)?;
    let recorded_at = times(batch)?;
    let versions = column(batch, COMMIT_VERSION)?.as_primitive::<Int64Type>();
    // Neighbours in arrival order mostly share a window: look again only when
    // the day changes.
    let mut last_day = (i64::MIN, 0);
    let mut order: Vec<Position> = Vec::with_capacity(batch.num_rows());
    for (row, rank) in ranks.into_iter().enumerate() {
        let us = recorded_at.value(row);
        let day = us.div_euclid(86_400_000_000);
        if last_day.0 != day {
            last_day = (day, window_start(us));
        }
        order.push((last_day.1, rank, us, version(versions, row), row as u32));
    }
    order.sort_unstable();
    Ok(order)
}

fn version(versions: &Int64Array, row: usize) -> i64 {
    if versions.is_null(row) {
        i64::MAX
    } else {
        versions.value(row)
    }
}

/// For each row the rank of its metric among the batch's metrics.
fn metric_ranks(batch: &RecordBatch) -> Result<Vec<u32>> {
    let names = [
        text(batch, PLATFORM)?,
        text(batch, METRIC_TYPE)?,
        text(batch, METRIC_NAME)?,
    ];
    let mut ids: HashMap<[&str; 3], u32> = HashMap::new();
    let mut rows = Vec::with_capacity(batch.num_rows());
    let mut last: Option<([&str; 3], u32)> = None;
    for row in 0..batch.num_rows() {
        let key = names.map(|column| column.value(row));
        let id = match last {
            Some((seen, id)) if seen == key => id,
            _ => {
                let next = ids.len() as u32;
                *ids.entry(key).or_insert(next)
            }
        };
        last = Some((key, id));
        rows.push(id);
    }
    let mut sorted: Vec<_> = ids.into_iter().collect();
    sorted.sort_unstable();
    let mut rank_of_id = vec![0; sorted.len()];
    for (rank, (_, id)) in sorted.into_iter().enumerate() {
        rank_of_id[id as usize] = rank as u32;
    }
    for id in &mut rows {
        *id = rank_of_id[*id as usize];
    }
    Ok(rows)
}

/// The rows in this order; the columns of many rows on two threads.
fn take(batch: &RecordBatch, order: &[Position]) -> Result<RecordBatch> {
    let rows = UInt32Array::from_iter_values(order.iter().map(|position| position.4));
    if order.len() < PARALLEL_ROWS {
        return Ok(take_record_batch(batch, &rows)?);
    }
    let (first, second) = batch.columns().split_at(batch.num_columns() / 2);
    let gather = |columns: &[ArrayRef]| -> Result<Vec<ArrayRef>> {
        let gathered = columns
            .iter()
            .map(|column| arrow::compute::take(column, &rows, None));
        Ok(gathered.collect::<Result<_, _>>()?)
    };
    let columns = std::thread::scope(|scope| {
        let second = scope.spawn(|| gather(second));
        let mut columns = gather(first)?;
        columns.extend(second.join().map_err(|_| ended_early())??);
        Ok::<_, StorageError>(columns)
    })?;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

fn ended_early() -> StorageError {
    StorageError::Damaged {
        file: "batch".into(),
        what: "a thread that arranged it ended early".into(),
    }
}

/// A column by name; a missing one means damage.
pub fn column<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a dyn Array> {
    batch
        .column_by_name(name)
        .map(AsRef::as_ref)
        .ok_or_else(|| StorageError::Damaged {
            file: "batch".into(),
            what: format!("column {name} is missing"),
        })
}

/// A text column by name.
pub fn text<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a StringViewArray> {
    column(batch, name)?
        .as_string_view_opt()
        .ok_or_else(|| wrong_type(name))
}

/// `recorded_at`.
pub fn times(batch: &RecordBatch) -> Result<&TimestampMicrosecondArray> {
    column(batch, RECORDED_AT)?
        .as_primitive_opt::<TimestampMicrosecondType>()
        .ok_or_else(|| wrong_type(RECORDED_AT))
}

pub(crate) fn wrong_type(name: &str) -> StorageError {
    StorageError::Damaged {
        file: "batch".into(),
        what: format!("column {name} has another type"),
    }
}
