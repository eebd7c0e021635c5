//! A set of cells, sorted by day, metric and slice.

use std::ops::Range;

use super::{Measures, MetricIndex, Names, RollupError, Slice, SliceIndex};
use crate::metric::MetricKey;

/// One cell: a metric on a day, in total or for one dimension value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Days since 1970-01-01 in the zone the partials were made for.
    pub day: i32,
    /// Number of the metric, see [`Partials::metric`].
    pub metric: MetricIndex,
    /// Number of the slice, see [`Partials::slice`].
    pub slice: SliceIndex,
    /// The cell's numbers.
    pub measures: Measures,
}

/// Partial aggregates of one file, or merged over many.
#[derive(Debug, Clone, Default)]
pub struct Partials {
    names: Names,
    cells: Vec<Cell>,
    incomplete: Vec<(MetricIndex, std::sync::Arc<str>)>,
}

impl Partials {
    /// All metrics that occur; a [`MetricIndex`] is a position in here.
    pub fn metrics(&self) -> &[MetricKey] {
        &self.names.metrics
    }

    /// The metric with this number.
    pub fn metric(&self, index: MetricIndex) -> &MetricKey {
        &self.names.metrics[index as usize]
    }

    /// The slice with this number.
    pub fn slice(&self, index: SliceIndex) -> &Slice {
        &self.names.slices[index as usize]
    }

    /// All slices that occur; a [`SliceIndex`] is a position in here.
    pub fn slices(&self) -> &[Slice] {
        &self.names.slices
    }

    /// The cells of these days, sorted by day, metric and slice.
    pub fn days(&self, days: Range<i32>) -> &[Cell] {
        let from = self.cells.partition_point(|c| c.day < days.start);
        let to = self.cells.partition_point(|c| c.day < days.end);
        &self.cells[from..to.max(from)]
    }

    /// Metrics and dimension keys whose slices are missing because some file
    /// held too many different values: only raw points answer those.
    pub fn incomplete(&self) -> &[(MetricIndex, std::sync::Arc<str>)] {
        &self.incomplete
    }

    /// Merges partials of files in the order of their commits.
    pub fn merge<'a>(_parts: impl IntoIterator<Item = &'a Partials>) -> Result<Self, RollupError> {
        todo!()
    }
}
