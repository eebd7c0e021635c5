//! One entry per day: a gap is a gap, and 0 is a real zero.

use chrono::NaiveDate;
use storage_layout::MetricKey;

use super::exact::Exact;
use super::range::Spans;
use super::tally::MetricTally;
use super::totals::Numbers;

/// A metric's days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    /// Which metric.
    pub metric: MetricKey,
    /// Every day of the range, in order.
    pub days: Vec<SeriesDay>,
}

/// A metric on one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesDay {
    /// The local day.
    pub day: NaiveDate,
    /// Number of points.
    pub count: i64,
    /// The kind's number; `None` without points, or for a ratio over 0.
    pub value: Option<Exact>,
    /// Whether the day is over.
    pub state: DayState,
}

/// Whether a day's number can still grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayState {
    /// The day is over.
    Finished,
    /// It is today (or later).
    Unfinished,
}

impl Series {
    pub(super) fn of(metric: &MetricTally<'_>, numbers: &Numbers, spans: &Spans) -> Self {
        let days = spans.current.iter().zip(&metric.days).zip(&numbers.days);
        let days = days.map(|((day, tally), value)| SeriesDay {
            day,
            count: tally.count,
            value: *value,
            state: if day < spans.today {
                DayState::Finished
            } else {
                DayState::Unfinished
            },
        });
        Self {
            metric: metric.key.clone(),
            days: days.collect(),
        }
    }
}
