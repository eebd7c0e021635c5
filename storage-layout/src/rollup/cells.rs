//! Cells as columns, small: what follows from other columns is stored as zero,
//! which compresses to nothing.
//!
//! A cell of a single point is its value and its time; times are counted from
//! the cell's own beginning; sums that fit 64 bits take 64 bits.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, Int32Array, Int64Array, RecordBatch, UInt32Array,
};
use arrow::datatypes::{Decimal128Type, Int32Type, Int64Type, UInt32Type};

use super::{Cell, Measures, Stamped};

/// The columns of these cells; one bucket (a day, a quarter of an hour) lasts
/// `bucket_us`.
pub(super) fn columns(cells: &[Cell], bucket_us: i64) -> Vec<(&'static str, ArrayRef)> {
    let mut last_day = 0_i32;
    let steps = cells.iter().map(|cell| {
        let step = cell.day.wrapping_sub(last_day);
        last_day = cell.day;
        step
    });
    let begin = |c: &Cell| i64::from(c.day).wrapping_mul(bucket_us);
    // Equal to the sum where there is one point.
    let unless_single =
        |of: fn(&Measures) -> i128| sums(cells, move |m| if m.count == 1 { 0 } else { of(m) });
    vec![
        (
            "day",
            Arc::new(Int32Array::from_iter_values(steps)) as ArrayRef,
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
        ("count", ints(cells, |c| c.measures.count)),
        ("sum", sums(cells, |m| m.sum)),
        ("min", unless_single(|m| m.min)),
        ("max", unless_single(|m| m.max)),
        ("first", unless_single(|m| m.first.value)),
        ("last", unless_single(|m| m.last.value)),
        ("numerator", sums(cells, |m| m.numerator)),
        ("denominator", sums(cells, |m| m.denominator)),
        (
            "first_at",
            ints(cells, |c| {
                c.measures.first.recorded_at_us.wrapping_sub(begin(c))
            }),
        ),
        (
            "last_at",
            ints(cells, |c| {
                let m = &c.measures;
                m.last.recorded_at_us.wrapping_sub(m.first.recorded_at_us)
            }),
        ),
        (
            "first_version",
            ints(cells, |c| c.measures.first.commit_version),
        ),
        (
            "last_version",
            ints(cells, |c| {
                let m = &c.measures;
                m.last.commit_version.wrapping_sub(m.first.commit_version)
            }),
        ),
    ]
}

fn ints(cells: &[Cell], of: impl Fn(&Cell) -> i64) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(cells.iter().map(of)))
}

fn sums(cells: &[Cell], of: impl Fn(&Measures) -> i128) -> ArrayRef {
    let narrow: Option<Vec<i64>> = cells
        .iter()
        .map(|c| i64::try_from(of(&c.measures)).ok())
        .collect();
    match narrow {
        Some(narrow) => Arc::new(Int64Array::from(narrow)),
        None => Arc::new(Decimal128Array::from_iter_values(
            cells.iter().map(|c| of(&c.measures)),
        )),
    }
}

/// A column of sums, narrow or wide.
enum Sums<'a> {
    Narrow(&'a Int64Array),
    Wide(&'a Decimal128Array),
}

impl<'a> Sums<'a> {
    fn of(batch: &'a RecordBatch, name: &str) -> Option<Self> {
        let column = batch.column_by_name(name)?;
        match column.as_primitive_opt::<Int64Type>() {
            Some(narrow) => Some(Self::Narrow(narrow)),
            None => column.as_primitive_opt::<Decimal128Type>().map(Self::Wide),
        }
    }

    fn at(&self, row: usize) -> i128 {
        match self {
            Self::Narrow(values) => i128::from(values.value(row)),
            Self::Wide(values) => values.value(row),
        }
    }
}

/// The cells of these columns; `None` when a column is missing or of another
/// type.
pub(super) fn decode(batch: &RecordBatch, bucket_us: i64) -> Option<Vec<Cell>> {
    let int = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>();
    let number = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<UInt32Type>();
    let steps = batch
        .column_by_name("day")?
        .as_primitive_opt::<Int32Type>()?;
    let (metric, slice, count) = (number("metric")?, number("slice")?, int("count")?);
    let sum = |name: &str| Sums::of(batch, name);
    let (sums, min, max) = (sum("sum")?, sum("min")?, sum("max")?);
    let (first, last) = (sum("first")?, sum("last")?);
    let (numerator, denominator) = (sum("numerator")?, sum("denominator")?);
    let (first_at, last_at) = (int("first_at")?, int("last_at")?);
    let (first_version, last_version) = (int("first_version")?, int("last_version")?);
    if batch.columns().iter().any(|column| column.null_count() > 0) {
        return None;
    }
    let mut day = 0_i32;
    let cell = |row: usize| {
        day = day.wrapping_add(steps.value(row));
        let (count, sum) = (count.value(row), sums.at(row));
        let of = |column: &Sums<'_>| if count == 1 { sum } else { column.at(row) };
        let begin = i64::from(day).wrapping_mul(bucket_us);
        let at = begin.wrapping_add(first_at.value(row));
        let version = first_version.value(row);
        Cell {
            day,
            metric: metric.value(row),
            slice: slice.value(row),
            measures: Measures {
                count,
                sum,
                min: of(&min),
                max: of(&max),
                first: Stamped {
                    recorded_at_us: at,
                    commit_version: version,
                    value: of(&first),
                },
                last: Stamped {
                    recorded_at_us: at.wrapping_add(last_at.value(row)),
                    commit_version: version.wrapping_add(last_version.value(row)),
                    value: of(&last),
                },
                numerator: numerator.at(row),
                denominator: denominator.at(row),
            },
        }
    };
    Some((0..batch.num_rows()).map(cell).collect())
}
