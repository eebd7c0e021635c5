//! Roll-ups: partial aggregates by metric, day and dimension value.
//!
//! A file's partials are made once, stored beside it and merged at reading, so
//! every sum is exact at every version. This module does not know which files
//! a snapshot holds, nor what a dashboard shows.

use std::sync::Arc;

use crate::metric::MetricKey;

mod measures;
mod partials;

pub use measures::{Measures, RollupError, Stamped};
pub use partials::{Cell, Partials};

/// What a cell covers besides metric and day.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slice {
    /// All points.
    Total,
    /// The points whose text column of `key` is `value`.
    Dimension {
        /// The dimension key as its tenant writes it.
        key: Arc<str>,
        /// The value.
        value: Arc<str>,
    },
}

/// A key and the metric it belongs to, numbered inside one [`Partials`].
pub type MetricIndex = u32;
/// A slice's number inside one [`Partials`]; 0 is always [`Slice::Total`].
pub type SliceIndex = u32;

/// Dimension keys with more different values in a file than this get no
/// partials there; questions about them are answered from raw points.
pub const MAX_VALUES_PER_KEY: usize = 256;

#[derive(Debug, Clone, Default)]
struct Names {
    metrics: Vec<MetricKey>,
    slices: Vec<Slice>,
}
