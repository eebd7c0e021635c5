//! Daily revenue and engagement of each platform, as the correlation wants them.
//!
//! Only metrics that add up take part.

use storage_layout::rollup::{Cell, RollupError};
use storage_layout::{MetricDefinition, MetricKey, MetricKind};

use super::range::Spans;

/// Daily sums of one platform's revenue or engagement; `None` where no point is.
#[derive(Debug)]
pub(super) struct History<'a> {
    /// The platform.
    pub(super) platform: &'a str,
    /// `revenue` or `engagement`.
    pub(super) metric_type: &'a str,
    /// Each day of the history.
    pub(super) days: Vec<Option<i128>>,
}

/// Collects [`History`]; each metric knows the series it adds to.
pub(super) struct Histories<'a> {
    first_day: i32,
    days: usize,
    pub(super) series: Vec<History<'a>>,
    series_of: Vec<Option<usize>>,
}

impl<'a> Histories<'a> {
    pub(super) fn new(spans: &Spans) -> Self {
        let numbers = spans.history.numbers();
        let (first_day, days) = (numbers.start, numbers.len());
        Self {
            first_day,
            days,
            series: Vec::new(),
            series_of: Vec::new(),
        }
    }

    pub(super) fn register(&mut self, key: &'a MetricKey, definition: Option<&MetricDefinition>) {
        let sums = definition.is_none_or(|d| d.kind == MetricKind::Sum);
        let told = matches!(&*key.metric_type, "revenue" | "engagement");
        let series = (sums && told).then(|| {
            let same = |h: &History<'_>| {
                h.platform == &*key.platform && h.metric_type == &*key.metric_type
            };
            self.series.iter().position(same).unwrap_or_else(|| {
                self.series.push(History {
                    platform: &key.platform,
                    metric_type: &key.metric_type,
                    days: vec![None; self.days],
                });
                self.series.len() - 1
            })
        });
        self.series_of.push(series);
    }

    pub(super) fn add(&mut self, metric: usize, cell: &Cell) -> Result<(), RollupError> {
        let Some(series) = self.series_of[metric] else {
            return Ok(());
        };
        let Ok(day) = usize::try_from(cell.day - self.first_day) else {
            return Ok(());
        };
        if let Some(sum) = self.series[series].days.get_mut(day) {
            let total = sum.unwrap_or(0).checked_add(cell.measures.sum);
            *sum = Some(total.ok_or(RollupError::Overflow)?);
        }
        Ok(())
    }
}
