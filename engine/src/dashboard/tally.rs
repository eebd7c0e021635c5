//! The one pass over the cells that every panel is made of.
//!
//! Metrics and slices are found by their numbers, in vectors: no text is hashed
//! and nothing is allocated for a cell. This module adds up; what the sums mean
//! is said by the panels.

use std::collections::HashMap;

use storage_layout::rollup::{
    Cell, Measures, MetricIndex, Partials, RollupError, Slice, SliceIndex,
};
use storage_layout::{Combine, MetricDefinition, MetricKey, MetricKind};

use super::exact::Exact;
use super::history::{Histories, History};
use super::range::{Period, Spans};

/// The kind of a metric that nobody registered.
static ASSUMED_KIND: MetricKind = MetricKind::Sum;

/// Everything the panels need, by metric in the order of the partials.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    /// The metrics that were asked for.
    pub(super) metrics: Vec<MetricTally<'a>>,
    /// Daily sums per platform and type, for the correlation.
    pub(super) history: Vec<History<'a>>,
    /// The dimension keys, by their number in this tally.
    pub(super) keys: Vec<&'a str>,
    /// The slices, by their number in the partials.
    pub(super) slices: &'a [Slice],
}

/// One metric's sums.
#[derive(Debug)]
pub(super) struct MetricTally<'a> {
    /// Which metric.
    pub(super) key: &'a MetricKey,
    /// Which roll-up is right.
    pub(super) kind: &'a MetricKind,
    /// Whether nobody registered the metric.
    pub(super) assumed: bool,
    /// All points of the range.
    pub(super) current: Option<Measures>,
    /// All points of the period before.
    pub(super) previous: Option<Measures>,
    /// Each day of the range.
    pub(super) days: Vec<DayTally>,
    /// The dimension values that occur, in the order they were met.
    pub(super) slices: Vec<SliceTally>,
    /// Keys whose slices are missing in some file.
    pub(super) incomplete: Vec<&'a str>,
    roles: Vec<Role>,
    positions: Vec<u32>,
}

/// One metric on one day.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct DayTally {
    /// Number of points.
    pub(super) count: i64,
    /// The kind's number, where the day's total cell gives it.
    pub(super) value: Option<Exact>,
    /// The series (or different values) of that day.
    pub(super) fold: Fold,
}

/// One dimension value of one metric.
#[derive(Debug, Clone, Copy)]
pub(super) struct SliceTally {
    /// Its number in the partials.
    pub(super) slice: SliceIndex,
    /// Its key's number in the tally.
    pub(super) key: usize,
    /// Its points in the range; only count and sums where the kind ranks by them.
    pub(super) current: Option<Measures>,
    /// Its points in the period before; only for keys that fold.
    pub(super) previous: Option<Measures>,
}

/// The last values of several series, ready to be combined.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fold {
    /// Number of series.
    pub(super) series: i64,
    sum: i128,
    min: i128,
    max: i128,
}

/// What a dimension key is to a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Its slices answer nothing.
    Ignore,
    /// Its slices are ranked.
    Rank,
    /// Its slices are the series of a gauge or what is counted: kept by day and
    /// for both periods.
    Fold,
}

impl<'a> Tally<'a> {
    /// Adds up the days of `spans`; with `platform`, only its metrics (the
    /// history keeps all platforms, for there it is about several).
    pub(super) fn of(
        partials: &'a Partials,
        definitions: &'a [MetricDefinition],
        platform: Option<&str>,
        spans: &Spans,
    ) -> Result<Self, RollupError> {
        let (keys, key_of) = number_keys(partials.slices());
        let definitions: HashMap<&MetricKey, &MetricDefinition> =
            definitions.iter().map(|d| (&d.key, d)).collect();
        let (current, previous) = (spans.current.numbers(), spans.previous.map(|p| p.numbers()));
        let mut metrics: Vec<Option<MetricTally<'a>>> =
            Vec::with_capacity(partials.metrics().len());
        let mut histories = Histories::new(spans);
        for (index, key) in partials.metrics().iter().enumerate() {
            let definition = definitions.get(key).copied();
            histories.register(key, definition);
            let wanted = platform.is_none_or(|p| p == &*key.platform);
            metrics.push(wanted.then(|| {
                let incomplete = incomplete_keys(partials, index as MetricIndex);
                MetricTally::empty(key, definition, &keys, incomplete, current.len())
            }));
        }

        for cell in partials.days(spans.numbers()) {
            let at = cell.metric as usize;
            if cell.slice == 0 {
                histories.add(at, cell)?;
            }
            let Some(metric) = &mut metrics[at] else {
                continue;
            };
            let (period, day) = if current.contains(&cell.day) {
                (Period::Current, (cell.day - current.start) as usize)
            } else if previous.as_ref().is_some_and(|p| p.contains(&cell.day)) {
                (Period::Previous, 0)
            } else {
                continue;
            };
            if cell.slice == 0 {
                metric.add_total(period, day, &cell.measures)?;
            } else {
                metric.add_slice(period, day, key_of[cell.slice as usize], cell)?;
            }
        }

        let seen = |m: &MetricTally<'_>| m.current.is_some() || m.previous.is_some();
        let metrics = metrics.into_iter().flatten().filter(seen).collect();
        Ok(Self {
            metrics,
            history: histories.series,
            keys,
            slices: partials.slices(),
        })
    }

    /// The value of a slice.
    pub(super) fn value_of(&self, slice: SliceIndex) -> &'a str {
        match &self.slices[slice as usize] {
            Slice::Total => "",
            Slice::Dimension { value, .. } => value,
        }
    }
}

impl<'a> MetricTally<'a> {
    fn empty(
        key: &'a MetricKey,
        definition: Option<&'a MetricDefinition>,
        keys: &[&str],
        incomplete: Vec<&'a str>,
        days: usize,
    ) -> Self {
        let kind = definition.map_or(&ASSUMED_KIND, |d| &d.kind);
        let role = |key: &&str| {
            if incomplete.contains(key) {
                Role::Ignore
            } else {
                Role::of(key, kind)
            }
        };
        let roles = keys.iter().map(role).collect();
        Self {
            key,
            kind,
            assumed: definition.is_none_or(|d| d.assumed),
            current: None,
            previous: None,
            days: vec![DayTally::default(); days],
            slices: Vec::new(),
            incomplete,
            roles,
            positions: Vec::new(),
        }
    }

    fn add_total(&mut self, period: Period, day: usize, m: &Measures) -> Result<(), RollupError> {
        if period == Period::Previous {
            return merge(&mut self.previous, m);
        }
        self.days[day].count = m.count;
        self.days[day].value = match self.kind {
            MetricKind::Sum => Some(Exact::from_units(m.sum)),
            MetricKind::Ratio { .. } => Exact::ratio(m.numerator, m.denominator)?,
            MetricKind::Gauge { .. } => Some(Exact::from_units(m.last.value)),
            MetricKind::Distinct { .. } => None,
        };
        merge(&mut self.current, m)
    }

    fn add_slice(
        &mut self,
        period: Period,
        day: usize,
        key: usize,
        cell: &Cell,
    ) -> Result<(), RollupError> {
        match (self.roles[key], period) {
            (Role::Ignore, _) | (Role::Rank, Period::Previous) => Ok(()),
            (Role::Rank, Period::Current) => {
                let by_sums = matches!(self.kind, MetricKind::Sum | MetricKind::Ratio { .. });
                match &mut self.slice(cell.slice, key).current {
                    Some(sum) if by_sums => sum.merge_sums(&cell.measures),
                    current => merge(current, &cell.measures),
                }
            }
            (Role::Fold, Period::Current) => {
                self.days[day].fold.add(cell.measures.last.value)?;
                merge(&mut self.slice(cell.slice, key).current, &cell.measures)
            }
            (Role::Fold, Period::Previous) => {
                merge(&mut self.slice(cell.slice, key).previous, &cell.measures)
            }
        }
    }

    fn slice(&mut self, slice: SliceIndex, key: usize) -> &mut SliceTally {
        let number = slice as usize;
        if self.positions.len() <= number {
            self.positions.resize(number + 1, u32::MAX);
        }
        if self.positions[number] == u32::MAX {
            self.positions[number] = self.slices.len() as u32;
            self.slices.push(SliceTally {
                slice,
                key,
                current: None,
                previous: None,
            });
        }
        &mut self.slices[self.positions[number] as usize]
    }

    /// The measures of a period.
    pub(super) fn total(&self, period: Period) -> Option<&Measures> {
        match period {
            Period::Current => self.current.as_ref(),
            Period::Previous => self.previous.as_ref(),
        }
    }

    /// The slices of the key that folds, combined over a period; `None` when
    /// they do not hold every point, so that only raw points know the answer.
    pub(super) fn fold(&self, period: Period) -> Result<Option<Fold>, RollupError> {
        let (mut fold, mut count) = (Fold::default(), 0);
        for slice in self
            .slices
            .iter()
            .filter(|s| self.roles[s.key] == Role::Fold)
        {
            let measures = match period {
                Period::Current => &slice.current,
                Period::Previous => &slice.previous,
            };
            if let Some(m) = measures {
                fold.add(m.last.value)?;
                count += m.count;
            }
        }
        let all = self.total(period).map_or(0, |m| m.count);
        Ok((count == all).then_some(fold))
    }
}

impl SliceTally {
    pub(super) fn count(&self) -> i64 {
        self.current.map_or(0, |m| m.count)
    }
}

impl Fold {
    fn add(&mut self, last: i128) -> Result<(), RollupError> {
        (self.min, self.max) = match self.series {
            0 => (last, last),
            _ => (self.min.min(last), self.max.max(last)),
        };
        self.series += 1;
        self.sum = self.sum.checked_add(last).ok_or(RollupError::Overflow)?;
        Ok(())
    }

    /// One number for all series; `None` when there is none.
    pub(super) fn combine(&self, combine: Combine) -> Result<Option<Exact>, RollupError> {
        combined(combine, self.series, self.sum, self.min, self.max)
    }
}

/// One number for `series` last values with this sum and these bounds.
pub(crate) fn combined(
    combine: Combine,
    series: i64,
    sum: i128,
    min: i128,
    max: i128,
) -> Result<Option<Exact>, RollupError> {
    match combine {
        _ if series == 0 => Ok(None),
        Combine::Sum => Ok(Some(Exact::from_units(sum))),
        Combine::Avg => Exact::share(sum, series),
        Combine::Min => Ok(Some(Exact::from_units(min))),
        Combine::Max => Ok(Some(Exact::from_units(max))),
    }
}

impl Role {
    fn of(key: &str, kind: &MetricKind) -> Self {
        match kind {
            MetricKind::Sum | MetricKind::Ratio { .. } => Self::Rank,
            MetricKind::Gauge { series, .. } => match series.as_slice() {
                [] => Self::Rank,
                [only] if only == key => Self::Fold,
                _ => Self::Ignore,
            },
            MetricKind::Distinct { dimension } if dimension == key => Self::Fold,
            MetricKind::Distinct { .. } => Self::Ignore,
        }
    }
}

fn merge(sum: &mut Option<Measures>, later: &Measures) -> Result<(), RollupError> {
    match sum {
        Some(sum) => sum.merge(later),
        None => {
            *sum = Some(*later);
            Ok(())
        }
    }
}

/// The different keys of the slices, and each slice's key by number.
fn number_keys(slices: &[Slice]) -> (Vec<&str>, Vec<usize>) {
    let mut keys: Vec<&str> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    let key_of = slices.iter().map(|slice| match slice {
        Slice::Total => usize::MAX,
        Slice::Dimension { key, .. } => *numbers.entry(key).or_insert_with(|| {
            keys.push(key);
            keys.len() - 1
        }),
    });
    let key_of = key_of.collect();
    (keys, key_of)
}

fn incomplete_keys(partials: &Partials, metric: MetricIndex) -> Vec<&str> {
    partials
        .incomplete()
        .iter()
        .filter(|(m, _)| *m == metric)
        .map(|(_, key)| &**key)
        .collect()
}
