//! Sketches by metric and day: different values of named dimensions, and
//! quantiles of the values.
//!
//! They are approximate and say so; nothing exact is made of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Distinct, Quantiles, RollupError};

/// What a sketch is of: a metric, a bucket of time, and a dimension's different
/// values, or with `None` the quantiles of the metric's values.
pub type SketchPlace<M> = (M, i32, Option<Arc<str>>);

/// One sketch.
#[derive(Debug, Clone, PartialEq)]
pub enum Sketch {
    /// Different values of a dimension.
    Distinct(Box<Distinct>),
    /// Quantiles of the metric's values.
    Quantiles(Quantiles),
}

/// Sketches by place; days are those of the zone they were made for.
pub type DaySketches = BTreeMap<SketchPlace<u32>, Sketch>;

impl Sketch {
    /// Adds another sketch of the same kind, in any order.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Distinct(all), Self::Distinct(other)) => all.merge(other),
            (Self::Quantiles(all), Self::Quantiles(other)) => all.merge(other),
            // A place has one kind of sketch.
            _ => debug_assert!(false, "two kinds of sketch in one place"),
        }
    }

    /// About how much memory it takes, bytes.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Distinct(sketch) => sketch.size_bytes(),
            Self::Quantiles(sketch) => sketch.size_bytes(),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Distinct(sketch) => sketch.to_bytes(),
            Self::Quantiles(sketch) => sketch.to_bytes(),
        }
    }

    pub(super) fn from_bytes(of: Option<&str>, bytes: &[u8]) -> Result<Self, RollupError> {
        Ok(match of {
            Some(_) => Self::Distinct(Box::new(Distinct::from_bytes(bytes)?)),
            None => Self::Quantiles(Quantiles::from_bytes(bytes)?),
        })
    }
}
