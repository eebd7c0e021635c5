//! Which keys of a metric have too many slice cells for one file.
//!
//! A key's slices are kept while the cells of all keys, each counted up to this
//! key's own number, are within the cap. So what is kept is within it too, and
//! as numbers only grow, a key that was left out once would be at the end: it
//! does not matter when, or how often, the cells are counted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::partials::MetricDimension;
use super::{Cell, Slice};

/// Counts the slice cells of a file by metric and key.
#[derive(Debug)]
pub(super) struct SliceCap {
    most: usize,
    /// What was left out, with the number of cells it had then.
    left_out: HashMap<MetricDimension, usize>,
}

impl SliceCap {
    /// At most this many cells.
    pub(super) fn of(most: usize) -> Self {
        Self {
            most,
            left_out: HashMap::new(),
        }
    }

    /// Metrics and keys that are over the cap now. `cells` holds each place once
    /// and nothing of what was left out before.
    pub(super) fn exceeded(
        &mut self,
        cells: &[Cell],
        slices: &[Slice],
    ) -> HashSet<MetricDimension> {
        if cells.len() <= self.most && self.left_out.is_empty() {
            return HashSet::new();
        }
        let mut counts: HashMap<(u32, &Arc<str>), usize> = HashMap::new();
        for cell in cells {
            if let Slice::Dimension { key, .. } = &slices[cell.slice as usize] {
                *counts.entry((cell.metric, key)).or_default() += 1;
            }
        }
        let mut sizes: Vec<usize> = counts
            .values()
            .chain(self.left_out.values())
            .copied()
            .collect();
        sizes.sort_unstable();
        let most = largest_within(&sizes, self.most);
        let over = counts.iter().filter(|(_, count)| **count > most);
        let over: HashMap<MetricDimension, usize> = over
            .map(|(&(metric, key), count)| ((metric, key.clone()), *count))
            .collect();
        let places = over.keys().cloned().collect();
        self.left_out.extend(over);
        places
    }
}

/// The largest of these sorted sizes for which all of them, each counted up to
/// it, are within the cap; 0 when there is none.
fn largest_within(sizes: &[usize], most: usize) -> usize {
    let (mut below, mut largest) = (0, 0);
    for (at, size) in sizes.iter().enumerate() {
        if below + size * (sizes.len() - at) > most {
            break;
        }
        below += size;
        largest = *size;
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_go_until_the_rest_is_within_the_cap() {
        for (sizes, most, largest) in [
            (&[][..], 10, 0),
            (&[3, 4], 10, 4),
            (&[3, 8], 10, 3),
            (&[5, 5], 10, 5),
            (&[6, 6], 10, 0),
            (&[1, 2, 3, 100], 12, 3),
        ] {
            let found = largest_within(sizes, most);
            assert_eq!(found, largest, "{sizes:?} {most}");
            let kept: usize = sizes.iter().filter(|size| **size <= found).sum();
            assert!(kept <= most);
        }
    }
}
