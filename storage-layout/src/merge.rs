//! Many files in file order become one stream in file order.
//!
//! It holds a batch of each input and the rows of one output batch, never a
//! whole file. Rows that tie in metric, time and commit stay in the order of
//! the inputs.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::compute::interleave_record_batch;
use arrow::datatypes::Int64Type;

use crate::arrange::{column, text, times, wrong_type};
use crate::error::Result;
use crate::schema::{COMMIT_VERSION, METRIC_NAME, METRIC_TYPE, PLATFORM};

/// Rows of an output batch.
const BATCH_ROWS: usize = 16_384;

/// Batches of one file, all of one schema, with every `commit_version` set.
pub type Rows<'a> = Box<dyn Iterator<Item = Result<RecordBatch>> + Send + 'a>;

/// Platform, metric type, metric name.
type Metric = [String; 3];

/// The merged rows; see the module.
pub struct Merge<'a> {
    inputs: Vec<Input<'a>>,
    /// The next row of each input that has one.
    heads: BinaryHeap<Head>,
    /// Batches that the next output is taken from.
    held: Vec<RecordBatch>,
    failed: bool,
}

impl<'a> Merge<'a> {
    /// Merges these inputs, which are in the order of their commits.
    pub fn new(inputs: Vec<Rows<'a>>) -> Result<Self> {
        let mut merge = Self {
            inputs: Vec::with_capacity(inputs.len()),
            heads: BinaryHeap::new(),
            held: Vec::new(),
            failed: false,
        };
        for (number, rows) in inputs.into_iter().enumerate() {
            let mut input = Input { rows, cursor: None };
            if input.load(&mut merge.held)? {
                merge.heads.extend(input.head(number));
            }
            merge.inputs.push(input);
        }
        Ok(merge)
    }

    fn batch(&mut self) -> Result<Option<RecordBatch>> {
        let mut taken: Vec<(usize, usize)> = Vec::with_capacity(BATCH_ROWS);
        while taken.len() < BATCH_ROWS {
            let Some(head) = self.heads.pop() else { break };
            let input = &mut self.inputs[head.input];
            // As long as this input's rows come first, the heap rests.
            while let Some(cursor) = &mut input.cursor {
                taken.push((cursor.slot, cursor.row));
                if !cursor.step() && !input.load(&mut self.held)? {
                    break;
                }
                let Some(cursor) = &input.cursor else { break };
                let next = self.heads.peek();
                if taken.len() == BATCH_ROWS
                    || next.is_some_and(|next| cursor.compare(head.input, next).is_gt())
                {
                    self.heads.extend(input.head(head.input));
                    break;
                }
            }
        }
        if taken.is_empty() {
            return Ok(None);
        }
        let merged = gather(&self.held, &taken)?;
        self.release();
        Ok(Some(merged))
    }

    /// Lets go of batches that no input stands in any more.
    fn release(&mut self) {
        let mut kept = Vec::new();
        for input in &mut self.inputs {
            if let Some(cursor) = &mut input.cursor {
                kept.push(self.held[cursor.slot].clone());
                cursor.slot = kept.len() - 1;
            }
        }
        self.held = kept;
    }
}

impl Iterator for Merge<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let next = self.batch();
        self.failed = next.is_err();
        next.transpose()
    }
}

/// Rows by `(batch, row)`; neighbours of one batch are not copied.
fn gather(held: &[RecordBatch], taken: &[(usize, usize)]) -> Result<RecordBatch> {
    let (slot, first) = taken[0];
    let is_run = taken
        .iter()
        .enumerate()
        .all(|(i, &(s, row))| s == slot && row == first + i);
    if is_run {
        return Ok(held[slot].slice(first, taken.len()));
    }
    let batches: Vec<&RecordBatch> = held.iter().collect();
    Ok(interleave_record_batch(&batches, taken)?)
}

struct Input<'a> {
    rows: Rows<'a>,
    cursor: Option<Cursor>,
}

impl Input<'_> {
    /// Stands on the first row of the next batch; `false` when there is none.
    fn load(&mut self, held: &mut Vec<RecordBatch>) -> Result<bool> {
        self.cursor = None;
        for batch in self.rows.by_ref() {
            let batch = batch?;
            if batch.num_rows() > 0 {
                held.push(batch.clone());
                self.cursor = Some(Cursor::new(batch, held.len() - 1)?);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn head(&self, input: usize) -> Option<Head> {
        self.cursor.as_ref().map(|cursor| Head {
            metric: cursor.metric.clone(),
            recorded_at_us: cursor.times.value(cursor.row),
            version: cursor.versions.value(cursor.row),
            input,
        })
    }
}

/// A row of a batch.
struct Cursor {
    batch: RecordBatch,
    slot: usize,
    row: usize,
    metric: Arc<Metric>,
    /// Where the rows of this metric end.
    metric_end: usize,
    times: TimestampMicrosecondArray,
    versions: Int64Array,
}

impl Cursor {
    fn new(batch: RecordBatch, slot: usize) -> Result<Self> {
        let versions = column(&batch, COMMIT_VERSION)?
            .as_primitive_opt::<Int64Type>()
            .filter(|versions| versions.null_count() == 0)
            .ok_or_else(|| wrong_type(COMMIT_VERSION))?
            .clone();
        for name in [PLATFORM, METRIC_TYPE, METRIC_NAME] {
            text(&batch, name)?;
        }
        let mut cursor = Self {
            times: times(&batch)?.clone(),
            versions,
            batch,
            slot,
            row: 0,
            metric: Arc::default(),
            metric_end: 0,
        };
        cursor.find_metric();
        Ok(cursor)
    }

    /// Goes to the next row; `false` at the end of the batch.
    fn step(&mut self) -> bool {
        self.row += 1;
        if self.row == self.batch.num_rows() {
            return false;
        }
        if self.row == self.metric_end {
            self.find_metric();
        }
        true
    }

    fn find_metric(&mut self) {
        let columns = [PLATFORM, METRIC_TYPE, METRIC_NAME].map(|name| text(&self.batch, name));
        let [Ok(platform), Ok(metric_type), Ok(name)] = columns else {
            return;
        };
        let at = |row| [platform.value(row), metric_type.value(row), name.value(row)];
        let metric = at(self.row);
        // Rows are in file order, so those of one metric stand together.
        let (mut same, mut end) = (self.row, self.batch.num_rows());
        while same + 1 < end {
            let middle = same + (end - same) / 2;
            match at(middle) == metric {
                true => same = middle,
                false => end = middle,
            }
        }
        self.metric_end = end;
        self.metric = Arc::new(metric.map(str::to_owned));
    }

    fn compare(&self, input: usize, other: &Head) -> Ordering {
        compare_metrics(&self.metric, &other.metric)
            .then_with(|| self.times.value(self.row).cmp(&other.recorded_at_us))
            .then_with(|| self.versions.value(self.row).cmp(&other.version))
            .then_with(|| input.cmp(&other.input))
    }
}

fn compare_metrics(a: &Arc<Metric>, b: &Arc<Metric>) -> Ordering {
    if Arc::ptr_eq(a, b) {
        return Ordering::Equal;
    }
    a.cmp(b)
}

/// The next row of an input; the smallest is the greatest of the heap.
#[derive(PartialEq, Eq)]
struct Head {
    metric: Arc<Metric>,
    recorded_at_us: i64,
    version: i64,
    input: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_metrics(&other.metric, &self.metric)
            .then_with(|| other.recorded_at_us.cmp(&self.recorded_at_us))
            .then_with(|| other.version.cmp(&self.version))
            .then_with(|| other.input.cmp(&self.input))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How many leading rows of `batch` tie in metric and time with the last row
/// of `before`: a file that ended between them would leave their order open.
pub fn ties(before: &RecordBatch, batch: &RecordBatch) -> Result<usize> {
    let Some(last) = before.num_rows().checked_sub(1) else {
        return Ok(0);
    };
    let (was, is) = (times(before)?.value(last), times(batch)?);
    let mut names = Vec::new();
    for name in [PLATFORM, METRIC_TYPE, METRIC_NAME] {
        names.push((text(before, name)?.value(last), text(batch, name)?));
    }
    let same = |row: &usize| {
        is.value(*row) == was
            && names
                .iter()
                .all(|(name, column)| column.value(*row) == *name)
    };
    Ok((0..batch.num_rows()).take_while(same).count())
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, StringViewArray};
    use arrow::compute::concat_batches;
    use arrow::datatypes::Schema;

    use super::*;
    use crate::arrange;
    use crate::schema::{METRIC_VALUE, RECORDED_AT, stored_fields, timestamp_type, value_type};

    /// Rows as made-up numbers decide, in file order; the value tells where a
    /// row came from.
    fn batch(random: &mut impl FnMut(u64) -> u64, rows: usize, version: i64) -> RecordBatch {
        let (mut names, mut at, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows {
            names.push(["a metric with a long name", "b", "c"][random(3) as usize]);
            at.push(random(20) as i64);
            values.push(i128::from(version) * 1_000_000 + row as i128);
        }
        let fixed: ArrayRef =
            Arc::new(StringViewArray::from_iter_values(names.iter().map(|_| "p")));
        let columns = stored_fields().into_iter().filter_map(|field| {
            let column: ArrayRef = match field.name().as_str() {
                PLATFORM | METRIC_TYPE => fixed.clone(),
                METRIC_NAME => Arc::new(StringViewArray::from_iter_values(&names)),
                METRIC_VALUE => Arc::new(
                    arrow::array::Decimal128Array::from(values.clone())
                        .with_data_type(value_type()),
                ),
                RECORDED_AT => Arc::new(
                    TimestampMicrosecondArray::from(at.clone()).with_data_type(timestamp_type()),
                ),
                COMMIT_VERSION => Arc::new(Int64Array::from(vec![version; rows])),
                _ => return None,
            };
            Some((field, column))
        });
        let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).expect("a batch");
        arrange::sort(&batch).expect("sorted")
    }

    #[test]
    fn a_merge_is_the_sort_of_all_rows_whatever_the_batches() {
        for seed in 0..40u64 {
            let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
            let mut random = move |below: u64| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state % below
            };
            let files: Vec<RecordBatch> = (0..1 + random(6) as i64)
                .map(|version| {
                    let rows = random(if seed % 8 == 0 { 30_000 } else { 300 }) as usize;
                    batch(&mut random, rows, version)
                })
                .collect();
            let expected = concat_batches(&files[0].schema(), &files).expect("one batch");
            let expected = arrange::sort(&expected).expect("sorted");
            let inputs = files.iter().map(|file| {
                // In batches of any size, empty ones too.
                let (mut parts, mut start) = (Vec::new(), 0);
                while start < file.num_rows() {
                    let rows = (random(9_000) as usize).min(file.num_rows() - start);
                    parts.push(Ok(file.slice(start, rows)));
                    start += rows;
                }
                Box::new(parts.into_iter()) as Rows<'_>
            });
            let merge = Merge::new(inputs.collect()).expect("a merge");
            let merged: Vec<RecordBatch> = merge.map(|batch| batch.expect("rows")).collect();
            assert!(merged.iter().all(|batch| batch.num_rows() <= BATCH_ROWS));
            let merged = concat_batches(&expected.schema(), &merged).expect("one batch");
            assert_eq!(merged, expected, "seed {seed}");
        }
    }

    #[test]
    fn a_merge_ends_with_its_first_failure() {
        let damaged = || crate::error::StorageError::Url("on purpose".into());
        let rows = || batch(&mut |below| below - 1, 3, 1);
        let inputs: Vec<Rows<'_>> = vec![
            Box::new(vec![Ok(rows()), Err(damaged())].into_iter()),
            Box::new(vec![Ok(rows())].into_iter()),
        ];
        let mut merge = Merge::new(inputs).expect("a merge");
        assert!(merge.next().is_some_and(|batch| batch.is_err()));
        assert!(merge.next().is_none());
    }

    #[test]
    fn ties_are_the_rows_that_follow_the_last_one_closely() {
        let rows = batch(&mut |_| 0, 5, 1);
        assert_eq!(ties(&rows.slice(0, 2), &rows.slice(2, 3)).expect("ties"), 3);
        let other = batch(&mut |below| below - 1, 2, 1);
        assert_eq!(ties(&rows, &other).expect("ties"), 0);
        assert_eq!(ties(&rows.slice(0, 0), &rows).expect("ties"), 0);
    }
}
