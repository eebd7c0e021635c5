//! The largest values of each dimension, and what the rest adds up to.

use std::cmp::Ordering;

use storage_layout::rollup::{Measures, RollupError};
use storage_layout::{MetricKey, MetricKind};

use super::exact::Exact;
use super::tally::{MetricTally, SliceTally, Tally};
use crate::session::PartialsSource;

/// How many values a panel lists.
pub(super) const LISTED: usize = 10;

/// The top values of one dimension key of one metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopValues {
    /// Which metric.
    pub metric: MetricKey,
    /// The dimension key.
    pub key: String,
    /// Where the numbers come from, or would have to come from.
    pub source: PartialsSource,
    /// The numbers; `None` when they are only in raw points and were not asked
    /// for (see [`super::RawTop`]).
    pub ranking: Option<Ranking>,
}

/// Values in the order of their numbers, ties by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// At most ten, the largest first, those without a number last.
    pub top: Vec<TopValue>,
    /// How many different values there are in all.
    pub values: i64,
    /// What the values that are not listed add up to; only for sums.
    pub other: Option<Exact>,
    /// What the points without a value for this key add up to; only for sums.
    pub without: Option<Exact>,
}

/// One value of a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopValue {
    /// The dimension's value.
    pub name: String,
    /// Number of points.
    pub count: i64,
    /// The kind's number; `None` for a ratio over 0.
    pub value: Option<Exact>,
}

impl TopValues {
    /// The panels of one metric that partials answer; with `None` as their
    /// source, the slices only say which panels there are.
    pub(super) fn of(
        tally: &Tally<'_>,
        metric: &MetricTally<'_>,
        slices_source: Option<PartialsSource>,
    ) -> Result<Vec<Self>, RollupError> {
        if matches!(metric.kind, MetricKind::Distinct { .. }) {
            return Ok(Vec::new());
        }
        let mut by_key: Vec<Vec<&SliceTally>> = vec![Vec::new(); tally.keys.len()];
        for slice in metric.slices.iter().filter(|s| s.current.is_some()) {
            by_key[slice.key].push(slice);
        }
        let mut panels = Vec::new();
        for (key, slices) in by_key
            .iter()
            .enumerate()
            .filter(|(_, slices)| !slices.is_empty())
        {
            if is_like_an_id(slices.len() as i64, slices.iter().map(|s| s.count()).sum()) {
                continue;
            }
            panels.push(Self {
                metric: metric.key.clone(),
                key: tally.keys[key].to_owned(),
                source: slices_source.unwrap_or(PartialsSource::Raw),
                ranking: match slices_source {
                    Some(_) => Some(rank(tally, metric, slices)?),
                    None => None,
                },
            });
        }
        panels.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(panels)
    }
}

/// Whether a key tells single points apart, as an order's id does: more than
/// 20 values with nine for ten points at least. Such a key has no top.
pub(super) fn is_like_an_id(values: i64, points: i64) -> bool {
    values > 20 && values.saturating_mul(10) >= points.saturating_mul(9)
}

fn rank(
    tally: &Tally<'_>,
    metric: &MetricTally<'_>,
    slices: &[&SliceTally],
) -> Result<Ranking, RollupError> {
    let mut ranked: Vec<(Option<Exact>, &str, i64)> = Vec::with_capacity(slices.len());
    for slice in slices {
        let Some(measures) = &slice.current else {
            continue;
        };
        ranked.push((
            number(metric.kind, measures)?,
            tally.value_of(slice.slice),
            measures.count,
        ));
    }
    let larger_first = |a: &(Option<Exact>, &str, i64),
                        b: &(Option<Exact>, &str, i64)|
     -> Ordering { b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)) };
    if ranked.len() > LISTED {
        ranked.select_nth_unstable_by(LISTED - 1, larger_first);
    }
    let (listed, rest) = ranked.split_at_mut(LISTED.min(slices.len()));
    listed.sort_unstable_by(larger_first);

    let sum = |values: &[(Option<Exact>, &str, i64)]| {
        values
            .iter()
            .filter_map(|v| v.0)
            .try_fold(Exact::ZERO, Exact::plus)
    };
    let (mut other, mut without) = (None, None);
    if let (MetricKind::Sum, Some(total)) = (metric.kind, &metric.current) {
        let rest = sum(rest)?;
        without = Some(
            Exact::from_units(total.sum)
                .minus(sum(listed)?)?
                .minus(rest)?,
        );
        other = Some(rest);
    }
    let top = listed.iter().map(|&(value, name, count)| TopValue {
        name: name.to_owned(),
        count,
        value,
    });
    Ok(Ranking {
        top: top.collect(),
        values: slices.len() as i64,
        other,
        without,
    })
}

fn number(kind: &MetricKind, measures: &Measures) -> Result<Option<Exact>, RollupError> {
    match kind {
        MetricKind::Sum => Ok(Some(Exact::from_units(measures.sum))),
        MetricKind::Ratio { .. } => Exact::ratio(measures.numerator, measures.denominator),
        MetricKind::Gauge { .. } => Ok(Some(Exact::from_units(measures.last.value))),
        MetricKind::Distinct { .. } => Ok(None),
    }
}
