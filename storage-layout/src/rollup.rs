//! Roll-ups: partial aggregates by metric, day and dimension value; by quarter
//! of an hour, which serves every time zone; and sketches.
//!
//! A file's partials are made once, stored beside it and merged at reading, so
//! every sum is exact at every version. Sketches are approximate and apart. This
//! module does not know which files a snapshot holds, nor what a dashboard shows.

use std::sync::Arc;

mod builder;
#[cfg(test)]
mod builder_test;
mod cells;
mod codec;
mod compare;
mod detail;
mod distinct;
mod key_values;
mod local_day;
mod measures;
mod partials;
mod quantiles;
mod sketches;
mod slice_cap;
mod stored;

pub use builder::{PartialsBuilder, RollupDefinition};
pub use compare::Differences;
pub use detail::Detail;
pub use distinct::{DISTINCT_ERROR, Distinct};
pub use local_day::LocalDay;
pub use measures::{Measures, RollupError, Stamped};
pub use partials::{Cell, Partials};
pub use quantiles::{QUANTILE_ERROR, Quantiles};
pub use sketches::{DaySketches, Sketch, SketchPlace};
pub use stored::{DetailPlace, FileRollup, StoredRollup};

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

/// A metric's number inside one [`Partials`].
pub type MetricIndex = u32;
/// A slice's number inside one [`Partials`]; 0 is always [`Slice::Total`].
pub type SliceIndex = u32;

/// Dimension keys with more different values in a file than this get no
/// partials there; questions about them are answered from raw points.
pub const MAX_VALUES_PER_KEY: usize = 256;

/// Slice cells that one file keeps at most, of all metrics and keys together
/// (about 45 MiB while they are made). Those of the keys with the most cells
/// are left out, and answered from raw points.
pub const MAX_SLICE_CELLS: usize = 262_144;

/// Stands for "the version of the commit that brings this file", which is not
/// known while the file is made; set when its partials are decoded.
pub const OWN_VERSION: i64 = i64::MAX;
