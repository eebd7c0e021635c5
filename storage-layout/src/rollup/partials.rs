//! A set of cells, sorted by day, metric and slice.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::{Measures, MetricIndex, OWN_VERSION, RollupError, Slice, SliceIndex};
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
    pub(super) metrics: Vec<MetricKey>,
    /// For each metric the version of the definition the partials were made by.
    pub(super) definitions: Vec<i32>,
    pub(super) slices: Vec<Slice>,
    pub(super) cells: Vec<Cell>,
    pub(super) incomplete: Vec<(MetricIndex, Arc<str>)>,
}

impl Partials {
    /// Partials of these cells, in any order; `slices[0]` must be the total.
    pub fn from_cells(
        metrics: Vec<MetricKey>,
        slices: Vec<Slice>,
        cells: Vec<Cell>,
    ) -> Result<Self, RollupError> {
        let definitions = vec![0; metrics.len()];
        let cells = combine(cells)?;
        Ok(Self {
            metrics,
            definitions,
            slices,
            cells,
            incomplete: Vec::new(),
        })
    }

    /// All metrics that occur; a [`MetricIndex`] is a position in here.
    pub fn metrics(&self) -> &[MetricKey] {
        &self.metrics
    }

    /// The metric with this number.
    pub fn metric(&self, index: MetricIndex) -> &MetricKey {
        &self.metrics[index as usize]
    }

    /// For each metric the version of the definition these were made by.
    pub fn definitions(&self) -> impl Iterator<Item = (&MetricKey, i32)> {
        self.metrics.iter().zip(self.definitions.iter().copied())
    }

    /// All slices that occur; a [`SliceIndex`] is a position in here.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The slice with this number.
    pub fn slice(&self, index: SliceIndex) -> &Slice {
        &self.slices[index as usize]
    }

    /// All cells, sorted by day, metric and slice.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// The cells of these days, sorted by day, metric and slice.
    pub fn days(&self, days: Range<i32>) -> &[Cell] {
        let from = self.cells.partition_point(|c| c.day < days.start);
        let to = self.cells.partition_point(|c| c.day < days.end);
        &self.cells[from..to.max(from)]
    }

    /// Metrics and dimension keys whose slices are missing because some file
    /// held too many different values: only raw points answer those.
    pub fn incomplete(&self) -> &[(MetricIndex, Arc<str>)] {
        &self.incomplete
    }

    /// About how much memory these take, bytes.
    pub fn size_bytes(&self) -> usize {
        self.cells.len() * size_of::<Cell>() + (self.metrics.len() + self.slices.len()) * 96
    }

    /// Says which commit brought the file that these belong to.
    #[must_use]
    pub fn with_version(mut self, version: i64) -> Self {
        for cell in &mut self.cells {
            for stamp in [&mut cell.measures.first, &mut cell.measures.last] {
                if stamp.commit_version == OWN_VERSION {
                    stamp.commit_version = version;
                }
            }
        }
        self
    }

    /// Merges partials of files in the order of their commits.
    pub fn merge<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Result<Self, RollupError> {
        let mut merged = Self {
            slices: vec![Slice::Total],
            ..Self::default()
        };
        let mut metric_numbers: HashMap<&MetricKey, u32> = HashMap::new();
        let mut slice_numbers: HashMap<&Slice, u32> = HashMap::from([(&Slice::Total, 0)]);
        let mut incomplete = HashSet::new();
        let mut cells = Vec::new();
        for part in parts {
            let metrics: Vec<u32> = part
                .definitions()
                .map(|(metric, definition)| {
                    *metric_numbers.entry(metric).or_insert_with(|| {
                        merged.metrics.push(metric.clone());
                        merged.definitions.push(definition);
                        merged.metrics.len() as u32 - 1
                    })
                })
                .collect();
            let slices: Vec<u32> = part
                .slices
                .iter()
                .map(|slice| {
                    *slice_numbers.entry(slice).or_insert_with(|| {
                        merged.slices.push(slice.clone());
                        merged.slices.len() as u32 - 1
                    })
                })
                .collect();
            cells.extend(part.cells.iter().map(|cell| Cell {
                metric: metrics[cell.metric as usize],
                slice: slices[cell.slice as usize],
                ..*cell
            }));
            incomplete.extend(
                part.incomplete
                    .iter()
                    .map(|(m, key)| (metrics[*m as usize], key.clone())),
            );
        }
        // One incomplete file hides a key's other values: no slice of that key
        // may be taken for the whole.
        merged.cells = combine(cells)?;
        merged.incomplete = incomplete.into_iter().collect();
        merged.incomplete.sort();
        Ok(merged)
    }
}

/// Sorts cells and adds up those of the same place, earlier ones first.
pub(super) fn combine(cells: Vec<Cell>) -> Result<Vec<Cell>, RollupError> {
    let place = |c: &Cell| (c.day, c.metric, c.slice);
    if cells
        .windows(2)
        .all(|pair| place(&pair[0]) < place(&pair[1]))
    {
        return Ok(cells);
    }
    // Cells are large: sort their numbers and gather once.
    let mut order: Vec<((i32, u32, u32), u32)> = cells
        .iter()
        .enumerate()
        .map(|(i, c)| (place(c), i as u32))
        .collect();
    order.sort_unstable();
    let mut combined: Vec<Cell> = Vec::with_capacity(cells.len());
    for (at, i) in order {
        let cell = &cells[i as usize];
        match combined.last_mut() {
            Some(last) if place(last) == at => last.measures.merge(&cell.measures)?,
            _ => combined.push(*cell),
        }
    }
    Ok(combined)
}

#[cfg(test)]
mod tests {
    use super::super::Stamped;
    use super::*;

    fn metric(name: &str) -> MetricKey {
        MetricKey {
            platform: "p".into(),
            metric_type: "t".into(),
            metric_name: name.into(),
        }
    }

    fn cell(day: i32, metric: u32, value: i128, at: i64, version: i64) -> Cell {
        let point = Stamped {
            recorded_at_us: at,
            commit_version: version,
            value,
        };
        Cell {
            day,
            metric,
            slice: 0,
            measures: Measures::of(point, 0, 0),
        }
    }

    #[test]
    fn merging_renumbers_and_adds_up() {
        let a = Partials::from_cells(
            vec![metric("x"), metric("y")],
            vec![Slice::Total],
            vec![cell(2, 0, 5, 20, 1), cell(1, 1, 7, 10, 1)],
        )
        .expect("a");
        let b = Partials::from_cells(
            vec![metric("y")],
            vec![Slice::Total],
            vec![cell(1, 0, 9, 10, 2)],
        )
        .expect("b");
        let merged = Partials::merge([&a, &b]).expect("merged");
        let y = &merged.days(1..2)[0];
        assert_eq!(merged.metric(y.metric), &metric("y"));
        assert_eq!((y.measures.count, y.measures.sum), (2, 16));
        assert_eq!(
            y.measures.last.value, 9,
            "a tie in time goes to the later commit"
        );
        assert_eq!(y.measures.first.value, 7);
    }

    #[test]
    fn a_sum_beyond_128_bits_errs() {
        let part = |value| {
            Partials::from_cells(
                vec![metric("x")],
                vec![Slice::Total],
                vec![cell(1, 0, value, 1, 1)],
            )
            .expect("part")
        };
        assert!(Partials::merge([&part(i128::MAX), &part(1)]).is_err());
    }
}
