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

/// A metric's number and one of its dimension keys.
pub(super) type MetricDimension = (MetricIndex, Arc<str>);

/// Partial aggregates of one file, or merged over many.
#[derive(Debug, Clone, Default)]
pub struct Partials {
    pub(super) metrics: Vec<MetricKey>,
    /// For each metric the version of the definition the partials were made by.
    pub(super) definitions: Vec<i32>,
    pub(super) slices: Vec<Slice>,
    pub(super) cells: Vec<Cell>,
    /// Sorted, as are the next.
    pub(super) incomplete: Vec<MetricDimension>,
    /// Metrics and keys with points whose value is a number: those have no slice.
    pub(super) numbers: Vec<MetricDimension>,
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
            ..Self::default()
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

    /// Metrics and dimension keys with slices that are not the whole: some file
    /// held too many different values, or the values of some points are numbers.
    /// Only raw points answer those.
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

    /// Merges partials of files, in any order.
    pub fn merge<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Result<Self, RollupError> {
        let mut merged = Merging::of(&Self::empty());
        let mut cells = Vec::new();
        for part in parts {
            merged.add(part, &mut cells);
        }
        merged.finish(combine(cells)?)
    }

    /// These partials and those of more files: costs a copy of these, and a
    /// search for each cell of the others.
    pub fn plus<'a>(&self, parts: impl IntoIterator<Item = &'a Self>) -> Result<Self, RollupError> {
        let mut merged = Merging::of(self);
        let mut cells = Vec::new();
        for part in parts {
            merged.add(part, &mut cells);
        }
        merged.finish(merge_sorted(&self.cells, &combine(cells)?)?)
    }

    /// The totals alone.
    #[must_use]
    pub fn totals(&self) -> Self {
        Self {
            metrics: self.metrics.clone(),
            definitions: self.definitions.clone(),
            slices: vec![Slice::Total],
            cells: self
                .cells
                .iter()
                .filter(|c| c.slice == 0)
                .copied()
                .collect(),
            ..Self::default()
        }
    }

    /// The same cells, all on one day; each place must be on one day already.
    #[must_use]
    pub fn moved_to(mut self, day: i32) -> Self {
        for cell in &mut self.cells {
            cell.day = day;
        }
        self
    }

    /// The slices alone, those of `days` added up and put on the first of them.
    pub fn slices_of_span(&self, days: Range<i32>) -> Result<Self, RollupError> {
        let cells = self.days(days.clone()).iter().filter(|c| c.slice != 0);
        let cells = cells.map(|c| Cell {
            day: days.start,
            ..*c
        });
        let span = Self {
            metrics: self.metrics.clone(),
            definitions: self.definitions.clone(),
            slices: self.slices.clone(),
            cells: combine(cells.collect())?,
            incomplete: self.incomplete.clone(),
            numbers: self.numbers.clone(),
        };
        Ok(span.compacted())
    }

    /// The same of these metrics alone; of the others no name is left.
    #[must_use]
    pub fn of_metrics(mut self, wanted: impl Fn(&MetricKey) -> bool) -> Self {
        let mut next = 0;
        let mut number = |metric: &MetricKey| {
            wanted(metric).then(|| {
                next += 1;
                next - 1
            })
        };
        let numbers: Vec<Option<MetricIndex>> = self.metrics.iter().map(&mut number).collect();
        let new = |metric: MetricIndex| numbers[metric as usize];
        let mut kept = numbers.iter().map(Option::is_some);
        self.metrics.retain(|_| kept.next().unwrap_or(false));
        let mut kept = numbers.iter().map(Option::is_some);
        self.definitions.retain(|_| kept.next().unwrap_or(false));
        // Numbers keep their order, and with them cells and names do.
        let cells = self.cells.into_iter();
        let cells = cells.filter_map(|cell| new(cell.metric).map(|metric| Cell { metric, ..cell }));
        self.cells = cells.collect();
        for names in [&mut self.incomplete, &mut self.numbers] {
            let renumbered = std::mem::take(names).into_iter();
            *names = renumbered
                .filter_map(|(metric, key)| Some((new(metric)?, key)))
                .collect();
        }
        self.compacted()
    }

    /// The same with these keys of metrics named as incomplete.
    #[must_use]
    pub fn without_keys(mut self, keys: impl IntoIterator<Item = (MetricKey, Arc<str>)>) -> Self {
        for (metric, key) in keys {
            let number = self.metrics.iter().position(|m| *m == metric);
            self.incomplete.extend(number.map(|n| (n as u32, key)));
        }
        self.incomplete.sort();
        self.incomplete.dedup();
        self
    }

    /// The same with all keys that `hidden` means named as incomplete, of every
    /// metric that has slices by them.
    #[must_use]
    pub fn with_incomplete(mut self, hidden: impl Fn(&str) -> bool) -> Self {
        let sliced = self.sliced(hidden);
        let sliced = sliced
            .into_iter()
            .map(|(metric, key)| (metric, key.clone()));
        let sliced: Vec<MetricDimension> = sliced.collect();
        self.incomplete.extend(sliced);
        self.incomplete.sort();
        self.incomplete.dedup();
        self
    }

    /// The same with the keys named as incomplete that have numbers beside
    /// slices.
    pub(super) fn with_mixed_keys(mut self) -> Self {
        let keys: HashSet<&str> = self.numbers.iter().map(|(_, key)| &**key).collect();
        let sliced = self.sliced(|key| keys.contains(key));
        let numbers = self.numbers.iter();
        let mixed = numbers.filter(|(metric, key)| sliced.contains(&(*metric, key)));
        let mixed: Vec<MetricDimension> = mixed.cloned().collect();
        self.incomplete.extend(mixed);
        self.incomplete.sort();
        self.incomplete.dedup();
        self
    }

    /// Metrics that have slices by keys that are wanted, with these keys.
    fn sliced(&self, wanted: impl Fn(&str) -> bool) -> HashSet<(MetricIndex, &Arc<str>)> {
        let mut sliced = HashSet::new();
        let of = |slice: &Slice| match slice {
            Slice::Dimension { key, .. } => wanted(key),
            Slice::Total => false,
        };
        let watched: Vec<bool> = self.slices.iter().map(of).collect();
        // Mostly there is none.
        if !watched.contains(&true) {
            return sliced;
        }
        for cell in self.cells.iter().filter(|c| watched[c.slice as usize]) {
            if let Slice::Dimension { key, .. } = &self.slices[cell.slice as usize] {
                sliced.insert((cell.metric, key));
            }
        }
        sliced
    }

    fn empty() -> Self {
        Self {
            slices: vec![Slice::Total],
            ..Self::default()
        }
    }
}

/// Metrics and slices of several partials under common numbers.
struct Merging {
    merged: Partials,
    metric_numbers: HashMap<MetricKey, u32>,
    slice_numbers: HashMap<Slice, u32>,
    incomplete: HashSet<MetricDimension>,
    numbers: HashSet<MetricDimension>,
}

impl Merging {
    /// Begins with these names, and without their cells.
    fn of(base: &Partials) -> Self {
        let number = |i: usize| i as u32;
        let metrics = base.metrics.iter().cloned().enumerate();
        let slices = base.slices.iter().cloned().enumerate();
        Self {
            metric_numbers: metrics.map(|(i, m)| (m, number(i))).collect(),
            slice_numbers: slices.map(|(i, s)| (s, number(i))).collect(),
            incomplete: base.incomplete.iter().cloned().collect(),
            numbers: base.numbers.iter().cloned().collect(),
            merged: Partials {
                metrics: base.metrics.clone(),
                definitions: base.definitions.clone(),
                slices: base.slices.clone(),
                ..Partials::default()
            },
        }
    }

    /// Adds names, and appends the cells under their new numbers.
    fn add(&mut self, part: &Partials, cells: &mut Vec<Cell>) {
        let merged = &mut self.merged;
        let mut metrics = Vec::with_capacity(part.metrics.len());
        for (metric, definition) in part.definitions() {
            let number = match self.metric_numbers.get(metric) {
                Some(number) => *number,
                None => {
                    let number = merged.metrics.len() as u32;
                    merged.metrics.push(metric.clone());
                    merged.definitions.push(definition);
                    self.metric_numbers.insert(metric.clone(), number);
                    number
                }
            };
            metrics.push(number);
        }
        let mut slices = Vec::with_capacity(part.slices.len());
        for slice in &part.slices {
            let number = match self.slice_numbers.get(slice) {
                Some(number) => *number,
                None => {
                    let number = merged.slices.len() as u32;
                    merged.slices.push(slice.clone());
                    self.slice_numbers.insert(slice.clone(), number);
                    number
                }
            };
            slices.push(number);
        }
        cells.extend(part.cells.iter().map(|cell| Cell {
            metric: metrics[cell.metric as usize],
            slice: slices[cell.slice as usize],
            ..*cell
        }));
        let renumbered = |(m, key): &MetricDimension| (metrics[*m as usize], key.clone());
        self.incomplete
            .extend(part.incomplete.iter().map(renumbered));
        self.numbers.extend(part.numbers.iter().map(renumbered));
    }

    fn finish(self, cells: Vec<Cell>) -> Result<Partials, RollupError> {
        // One incomplete file hides a key's other values: no slice of that key
        // may be taken for the whole.
        let sorted = |keys: HashSet<MetricDimension>| {
            let mut keys: Vec<_> = keys.into_iter().collect();
            keys.sort();
            keys
        };
        let merged = Partials {
            cells,
            incomplete: sorted(self.incomplete),
            numbers: sorted(self.numbers),
            ..self.merged
        };
        Ok(merged.with_mixed_keys())
    }
}

/// Sorts cells and adds up those of the same place.
pub(super) fn combine(cells: Vec<Cell>) -> Result<Vec<Cell>, RollupError> {
    combine_by(cells, place)
}

fn place(cell: &Cell) -> (i32, u32, u32) {
    (cell.day, cell.metric, cell.slice)
}

/// As [`combine`], in another order of places.
pub(super) fn combine_by<P: Ord + Copy>(
    cells: Vec<Cell>,
    place: impl Fn(&Cell) -> P,
) -> Result<Vec<Cell>, RollupError> {
    if cells
        .windows(2)
        .all(|pair| place(&pair[0]) < place(&pair[1]))
    {
        return Ok(cells);
    }
    // Cells are large: sort their numbers and gather once. They come as runs
    // that are sorted already, of which a stable sort makes use.
    let mut order: Vec<(P, u32)> = cells
        .iter()
        .enumerate()
        .map(|(i, c)| (place(c), i as u32))
        .collect();
    order.sort();
    let mut combined: Vec<Cell> = Vec::with_capacity(cells.len());
    let mut last_place = None;
    for (at, i) in order {
        let cell = &cells[i as usize];
        match combined.last_mut() {
            Some(last) if last_place == Some(at) => last.measures.merge(&cell.measures)?,
            _ => combined.push(*cell),
        }
        last_place = Some(at);
    }
    Ok(combined)
}

/// Two sorted lists as one.
fn merge_sorted(earlier: &[Cell], later: &[Cell]) -> Result<Vec<Cell>, RollupError> {
    let mut merged = Vec::with_capacity(earlier.len() + later.len());
    let mut rest = earlier;
    for cell in later {
        let before = rest.partition_point(|c| place(c) < place(cell));
        let (smaller, larger) = rest.split_at(before);
        merged.extend_from_slice(smaller);
        rest = larger;
        match rest.split_first() {
            Some((same, larger)) if place(same) == place(cell) => {
                let mut sum = *same;
                sum.measures.merge(&cell.measures)?;
                merged.push(sum);
                rest = larger;
            }
            _ => merged.push(*cell),
        }
    }
    merged.extend_from_slice(rest);
    Ok(merged)
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
