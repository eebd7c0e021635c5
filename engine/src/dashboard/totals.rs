//! Each metric's number by its kind, and its change against the period before.

use storage_layout::rollup::RollupError;
use storage_layout::{MetricKey, MetricKind};

use super::exact::Exact;
use super::range::{Period, Spans};
use super::tally::MetricTally;
use crate::session::PartialsSource;

/// One metric over the range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// Which metric.
    pub metric: MetricKey,
    /// Which roll-up gave the numbers.
    pub kind: MetricKind,
    /// Whether the kind was assumed because nobody registered the metric.
    pub assumed: bool,
    /// Number of points.
    pub count: i64,
    /// The kind's number; `None` without points, or for a ratio over 0.
    pub value: Option<Exact>,
    /// Number of points in the period before; `None` unless compared.
    pub previous_count: Option<i64>,
    /// The kind's number of the period before.
    pub previous: Option<Exact>,
    /// `value - previous`, where both are there.
    pub change: Option<Exact>,
    /// The change in per cent of the magnitude of `previous`, unless that is 0.
    pub change_percent: Option<Exact>,
    /// Where the numbers come from.
    pub source: PartialsSource,
}

/// A metric's numbers by its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers {
    pub(super) current: Option<Exact>,
    pub(super) previous: Option<Exact>,
    /// Each day of the range.
    pub(super) days: Vec<Option<Exact>>,
}

impl Numbers {
    /// Nothing known yet of this many days.
    pub(super) fn unknown(days: usize) -> Self {
        Self {
            current: None,
            previous: None,
            days: vec![None; days],
        }
    }

    /// From partials; `None` when only raw points give them.
    pub(super) fn of(metric: &MetricTally<'_>) -> Result<Option<Self>, RollupError> {
        let folds = match metric.kind {
            MetricKind::Sum | MetricKind::Ratio { .. } => return plain(metric).map(Some),
            MetricKind::Gauge { series, .. } if series.is_empty() => {
                return plain(metric).map(Some);
            }
            MetricKind::Gauge { .. } | MetricKind::Distinct { .. } => (
                metric.fold(Period::Current)?,
                metric.fold(Period::Previous)?,
            ),
        };
        let (Some(current), Some(previous)) = folds else {
            return Ok(None);
        };
        let days = metric.days.iter();
        Ok(Some(match metric.kind {
            MetricKind::Gauge { combine, .. } => Self {
                current: current.combine(*combine)?,
                previous: previous.combine(*combine)?,
                days: days
                    .map(|day| day.fold.combine(*combine))
                    .collect::<Result<_, _>>()?,
            },
            _ => Self {
                current: distinct(current.series),
                previous: distinct(previous.series),
                days: days.map(|day| distinct(day.fold.series)).collect(),
            },
        }))
    }
}

/// Numbers that the cells without dimension give.
fn plain(metric: &MetricTally<'_>) -> Result<Numbers, RollupError> {
    let number = |period| match metric.total(period) {
        None => Ok(None),
        Some(m) => match metric.kind {
            MetricKind::Ratio { .. } => Exact::ratio(m.numerator, m.denominator),
            MetricKind::Gauge { .. } => Ok(Some(Exact::from_units(m.last.value))),
            _ => Ok(Some(Exact::from_units(m.sum))),
        },
    };
    Ok(Numbers {
        current: number(Period::Current)?,
        previous: number(Period::Previous)?,
        days: metric.days.iter().map(|day| day.value).collect(),
    })
}

fn distinct(values: i64) -> Option<Exact> {
    (values > 0).then(|| Exact::whole(values))
}

impl Total {
    pub(super) fn of(
        metric: &MetricTally<'_>,
        numbers: &Numbers,
        spans: &Spans,
        source: PartialsSource,
    ) -> Result<Self, RollupError> {
        let count = |period| metric.total(period).map_or(0, |m| m.count);
        let change = match (numbers.current, numbers.previous) {
            (Some(value), Some(previous)) => Some((value.minus(previous)?, previous)),
            _ => None,
        };
        let change_percent = match change {
            Some((change, previous)) => change.percent_of(previous)?,
            None => None,
        };
        Ok(Self {
            metric: metric.key.clone(),
            kind: metric.kind.clone(),
            assumed: metric.assumed,
            count: count(Period::Current),
            value: numbers.current,
            previous_count: spans.previous.map(|_| count(Period::Previous)),
            previous: numbers.previous,
            change: change.map(|(change, _)| change),
            change_percent,
            source,
        })
    }
}
