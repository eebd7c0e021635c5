//! The values of one dimension key in the rows of a file.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{MAX_VALUES_PER_KEY, Slice};

/// The values of one dimension key seen so far.
#[derive(Default)]
pub(super) struct KeyValues {
    slices: HashMap<Box<str>, u32>,
    /// Whether there are more than [`MAX_VALUES_PER_KEY`].
    pub(super) overflowed: bool,
    /// Metrics that have the key.
    pub(super) metrics: HashSet<u32>,
    /// Metrics whose slices by this key are too many, see `slice_cap`.
    pub(super) dropped: HashSet<u32>,
}

impl KeyValues {
    /// The slice of a value; `None` when the key has too many values.
    pub(super) fn slice(
        &mut self,
        key: &Arc<str>,
        value: &str,
        slices: &mut Vec<Slice>,
    ) -> Option<u32> {
        if let Some(slice) = self.slices.get(value) {
            return Some(*slice);
        }
        if self.slices.len() >= MAX_VALUES_PER_KEY {
            self.overflowed = true;
            return None;
        }
        let slice = slices.len() as u32;
        slices.push(Slice::Dimension {
            key: key.clone(),
            value: value.into(),
        });
        self.slices.insert(value.into(), slice);
        Some(slice)
    }
}
