//! Which imported points are older than they are kept: the next round of
//! retention removes them, so whoever imports them should hear of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use storage_layout::MetricKey;

use crate::ingest::RawPoint;
use crate::metadata::retention::{Retention, cutoff};

/// Imported points that are older than they are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Outdated {
    /// Older than the plan keeps points.
    pub by_plan: u64,
    /// Older than their metric is kept, which is for less than the plan would.
    pub by_metric: u64,
}

/// By which limit a point is too old.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TooOld {
    Plan,
    Metric,
}

impl Outdated {
    /// All of them.
    pub fn points(&self) -> u64 {
        self.by_plan + self.by_metric
    }

    /// Counts one more, if it is too old.
    pub(super) fn add(&mut self, verdict: Option<TooOld>) {
        match verdict {
            Some(TooOld::Plan) => self.by_plan += 1,
            Some(TooOld::Metric) => self.by_metric += 1,
            None => {}
        }
    }

    /// Adds the counts of another part.
    pub fn add_all(&mut self, other: Self) {
        self.by_plan += other.by_plan;
        self.by_metric += other.by_metric;
    }
}

/// From when on a tenant's points are kept, microseconds since 1970 UTC.
#[derive(Debug)]
pub(super) struct Kept {
    plan: Option<i64>,
    metrics: HashMap<MetricKey, i64>,
    /// No point from then on is too old.
    safe: i64,
}

impl Kept {
    pub(super) fn new(retention: &Retention, now: DateTime<Utc>) -> Self {
        let us = |days| cutoff(days, now).map(|at| at.timestamp_micros());
        let own = retention.metric_days.iter();
        let metrics: HashMap<_, _> = own
            .filter_map(|(key, days)| Some((key.clone(), us(Some(*days))?)))
            .collect();
        let plan = us(retention.plan_days);
        let safe = plan.into_iter().chain(metrics.values().copied());
        Self {
            safe: safe.max().unwrap_or(i64::MIN),
            plan,
            metrics,
        }
    }

    /// By which limit a point is too old, if it is; one without a time is of now.
    pub(super) fn verdict(&self, point: &RawPoint<'_>) -> Option<TooOld> {
        let at = point.recorded_at_us.filter(|at| *at < self.safe)?;
        if self.plan.is_some_and(|before| at < before) {
            return Some(TooOld::Plan);
        }
        let key = MetricKey {
            platform: point.platform?.into(),
            metric_type: point.metric_type?.into(),
            metric_name: point.metric_name?.into(),
        };
        let before = *self.metrics.get(&key)?;
        (at < before).then_some(TooOld::Metric)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_too_old_by_the_plan_or_by_its_metric() {
        let now: DateTime<Utc> = "2025-03-10T12:00:00Z".parse().expect("a time");
        let key = MetricKey {
            platform: "p".into(),
            metric_type: "t".into(),
            metric_name: "short".into(),
        };
        let retention = Retention {
            plan_days: Some(30),
            metric_days: HashMap::from([(key, 7)]),
        };
        let verdict = |retention: &Retention, name: &str, day: &str| {
            let at: DateTime<Utc> = format!("{day}T00:00:00Z").parse().expect("a time");
            Kept::new(retention, now).verdict(&RawPoint {
                platform: Some("p"),
                metric_type: Some("t"),
                metric_name: Some(name),
                recorded_at_us: Some(at.timestamp_micros()),
                ..RawPoint::default()
            })
        };
        for (name, day, expected) in [
            ("long", "2025-02-07", Some(TooOld::Plan)),
            ("long", "2025-02-08", None),
            ("short", "2025-02-07", Some(TooOld::Plan)),
            ("short", "2025-03-02", Some(TooOld::Metric)),
            ("short", "2025-03-03", None),
        ] {
            assert_eq!(verdict(&retention, name, day), expected, "{name} {day}");
        }
        assert_eq!(verdict(&Retention::default(), "short", "1950-01-01"), None);
    }
}
