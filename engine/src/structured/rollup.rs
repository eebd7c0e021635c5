//! What stored roll-ups answer exactly: measures that add up, by day and longer,
//! over at most one dimension of which every point's value is known.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use storage_layout::rollup::{Cell, Measures, Partials, RollupError, Slice};

use super::amount::Amount;
use super::cells::{Cells, Group, merge};
use super::grid::{Granularity, Grid};
use super::resolve::{Question, Resolved, Term, name_of};
use crate::error::Result;
use crate::session::Session;

/// The points that lack the dimension, instead of a slice's number.
const LACKING: u32 = u32::MAX;

/// Amounts by bucket, metric and slice.
type Found = BTreeMap<(u32, u32, u32), Amount>;

/// Adds what roll-ups answer; the numbers of the measures that they do not.
pub(super) async fn gather(
    session: &Session,
    question: &Question,
    grid: &Grid,
    cells: &mut Cells,
) -> Result<Vec<usize>> {
    let all = || (0..question.measures.len()).collect();
    let keys = question.keys();
    let own_zone = grid.zone == session.time_zone();
    let key = match keys.as_slice() {
        _ if grid.granularity == Granularity::Hour || question.compares_numbers() => {
            return Ok(all());
        }
        [] => None,
        [key] if own_zone => match session.dimensions().get(key) {
            Some(column) if !column.partial => Some(*key),
            _ => return Ok(all()),
        },
        _ => return Ok(all()),
    };
    let days = grid.days.numbers();
    let (partials, source) = session.partials(days.start, days.end, grid.zone).await?;
    let mut open = Vec::new();
    for (number, measure) in question.measures.iter().enumerate() {
        let pass = Pass::new(question, measure, key, &partials);
        let Some(found) = pass.run(grid)? else {
            open.push(number);
            continue;
        };
        cells.sources[number] = source;
        let mut groups: HashMap<(u32, u32), Group> = HashMap::new();
        for ((bucket, metric, slice), amount) in found {
            let group = groups
                .entry((metric, slice))
                .or_insert_with(|| pass.group(metric, slice));
            cells.add(bucket, group, number, amount)?;
        }
    }
    Ok(open)
}

/// One measure's pass over the cells.
struct Pass<'a> {
    question: &'a Question,
    measure: &'a Resolved,
    key: Option<&'a str>,
    partials: &'a Partials,
    /// For each metric of the partials what it is to the measure.
    sides: Vec<Side>,
    /// For each slice whether it is a value of the key that passes.
    passing: Vec<bool>,
    /// For each slice whether it is a value of the key.
    of_key: Vec<bool>,
    lacking_passes: bool,
}

/// What a metric is to a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    None,
    Above,
    Below,
    Both,
}

impl<'a> Pass<'a> {
    fn new(
        question: &'a Question,
        measure: &'a Resolved,
        key: Option<&'a str>,
        partials: &'a Partials,
    ) -> Self {
        let value_of = |slice: &'a Slice| match slice {
            Slice::Dimension { key: of, value } if Some(&**of) == key => Some(&**value),
            _ => None,
        };
        let passes = |value: Option<&str>| question.filters.iter().all(|f| f.passes(value));
        let values: Vec<Option<&str>> = partials.slices().iter().map(value_of).collect();
        Self {
            question,
            measure,
            key,
            partials,
            sides: sides(&measure.term, partials),
            passing: values
                .iter()
                .map(|value| value.is_some() && passes(*value))
                .collect(),
            of_key: values.iter().map(Option::is_some).collect(),
            lacking_passes: passes(None),
        }
    }

    /// Whether the cells hold all that the measure needs.
    fn answers(&self) -> bool {
        let by_itself = match &self.measure.term {
            Term::Gauge { series, .. } => series.is_empty(),
            Term::Distinct { .. } => false,
            _ => true,
        };
        let whole = |key: &str| {
            let incomplete = self.partials.incomplete().iter();
            !incomplete
                .filter(|(metric, _)| self.sides[*metric as usize] != Side::None)
                .any(|(_, of)| &**of == key)
        };
        by_itself && self.key.is_none_or(whole)
    }

    /// The amounts; `None` when only raw points give them.
    fn run(&self, grid: &Grid) -> Result<Option<Found>, RollupError> {
        if !self.answers() {
            return Ok(None);
        }
        let mut found = Found::new();
        let of_metric = |a: &Cell, b: &Cell| (a.day, a.metric) == (b.day, b.metric);
        for cells in self.partials.days(grid.days.numbers()).chunk_by(of_metric) {
            let (metric, side) = (cells[0].metric, self.sides[cells[0].metric as usize]);
            let (Some(bucket), true) = (grid.of_day(cells[0].day), side != Side::None) else {
                continue;
            };
            let mut add = |slice: u32, amount: Amount| -> Result<(), RollupError> {
                let mut sum = found.get(&(bucket, metric, slice)).copied();
                merge(&mut sum, amount)?;
                if let Some(sum) = sum {
                    found.insert((bucket, metric, slice), sum);
                }
                Ok(())
            };
            let total = cells.iter().find(|cell| cell.slice == 0);
            let Some(total) = total else { continue };
            let mut left = self.amount(side, &total.measures);
            if self.key.is_none() {
                add(0, left)?;
                continue;
            }
            let mut points = total.measures.count;
            let of_key = cells.iter().filter(|c| self.of_key[c.slice as usize]);
            for cell in of_key {
                let amount = self.amount(side, &cell.measures);
                points -= cell.measures.count;
                if let Some(rest) = left.without(amount)? {
                    left = rest;
                }
                if self.passing[cell.slice as usize] {
                    add(cell.slice, amount)?;
                }
            }
            if points > 0 && self.lacking_passes {
                // The bound or the last value of the rest does not follow.
                if left.without(left)?.is_none() {
                    return Ok(None);
                }
                add(LACKING, left)?;
            }
        }
        Ok(Some(found))
    }

    fn amount(&self, side: Side, m: &Measures) -> Amount {
        match self.measure.term {
            Term::Count(_) => Amount::Count(m.count),
            Term::Sum(_) => Amount::Sum(m.sum),
            Term::Mean(_) => Amount::Mean(m.sum, m.count),
            Term::Min(_) => Amount::Min(m.min),
            Term::Max(_) => Amount::Max(m.max),
            Term::Ratio { .. } => Amount::Quotient(m.numerator, m.denominator),
            Term::Quotient(..) => match side {
                Side::Below => Amount::Quotient(0, m.sum),
                Side::Both => Amount::Quotient(m.sum, m.sum),
                Side::Above | Side::None => Amount::Quotient(m.sum, 0),
            },
            Term::Gauge { .. } | Term::Distinct { .. } => Amount::Last(m.last),
        }
    }

    fn group(&self, metric: u32, slice: u32) -> Group {
        let metric = self.partials.metric(metric);
        let value = || match slice {
            LACKING => None,
            slice => match self.partials.slice(slice) {
                Slice::Dimension { value, .. } => Some(Arc::from(&**value)),
                Slice::Total => None,
            },
        };
        let of = |name: &String| name_of(metric, name).cloned().or_else(value);
        self.question.dimensions.iter().map(of).collect()
    }
}

fn sides(term: &Term, partials: &Partials) -> Vec<Side> {
    let side = |key| match term {
        Term::Quotient(above, below) => match (above.contains(key), below.contains(key)) {
            (true, true) => Side::Both,
            (true, false) => Side::Above,
            (false, true) => Side::Below,
            (false, false) => Side::None,
        },
        term => match term.metrics().any(|metric| metric == key) {
            true => Side::Above,
            false => Side::None,
        },
    };
    partials.metrics().iter().map(side).collect()
}
