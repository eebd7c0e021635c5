//! From points in time to a regular grid in a time zone, and back.
//!
//! A grid lies on the wall clock of its zone, so that nine o'clock is the same
//! phase in summer and in winter: the hour that is skipped in spring is a gap,
//! and the hour that comes twice in autumn is one slot.

use chrono::{
    DateTime, Datelike, Days, Months, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::Series;

/// The most slots of a grid: ten years of hours.
const MAX_SLOTS: usize = 87_672;

/// How far apart the values of a series are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Granularity {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week from Monday.
    Week,
    /// A month.
    Month,
}

impl Granularity {
    /// The calendar periods that a season may have, in steps and ascending.
    pub fn periods(self) -> &'static [usize] {
        match self {
            Self::Hour => &[24, 168],
            Self::Day => &[7],
            Self::Week => &[52],
            Self::Month => &[12],
        }
    }

    /// The period of the plain forecast that others are measured against.
    pub fn naive_period(self) -> usize {
        match self {
            Self::Hour => 24,
            Self::Day => 7,
            Self::Week => 52,
            Self::Month => 12,
        }
    }

    /// That period in words.
    pub(crate) fn naive_cycle(self) -> &'static str {
        match self {
            Self::Hour => "the last day",
            Self::Day => "last week",
            Self::Week | Self::Month => "last year",
        }
    }

    /// The start of the slot that a wall-clock time lies in.
    fn floor(self, time: NaiveDateTime) -> NaiveDateTime {
        let date = time.date();
        let day = match self {
            Self::Hour => return date.and_time(time.time()) - since_hour(time),
            Self::Day => date,
            Self::Week => date - Days::new(u64::from(date.weekday().num_days_from_monday())),
            Self::Month => date.with_day(1).unwrap_or(date),
        };
        day.and_time(chrono::NaiveTime::MIN)
    }

    /// When the slot began that a moment lies in.
    pub fn slot_start(self, at: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
        instant(self.floor(at.with_timezone(&zone).naive_local()), zone).unwrap_or(at)
    }

    /// The slot `steps` after one, or none beyond the calendar.
    fn after(self, start: NaiveDateTime, steps: usize) -> Option<NaiveDateTime> {
        match self {
            Self::Hour => start.checked_add_signed(TimeDelta::try_hours(steps as i64)?),
            Self::Day => start.checked_add_days(Days::new(steps as u64)),
            Self::Week => start.checked_add_days(Days::new(7 * steps as u64)),
            Self::Month => start.checked_add_months(Months::new(u32::try_from(steps).ok()?)),
        }
    }

    /// How many slots `end` lies after `start`, both starts of slots.
    fn between(self, start: NaiveDateTime, end: NaiveDateTime) -> i64 {
        let months = |d: NaiveDate| i64::from(d.year()) * 12 + i64::from(d.month0());
        match self {
            Self::Hour => (end - start).num_hours(),
            Self::Day => (end - start).num_days(),
            Self::Week => (end - start).num_days() / 7,
            Self::Month => months(end.date()) - months(start.date()),
        }
    }
}

fn since_hour(time: NaiveDateTime) -> TimeDelta {
    TimeDelta::seconds(i64::from(time.minute() * 60 + time.second()))
        + TimeDelta::nanoseconds(i64::from(time.nanosecond()))
}

/// What the points of one slot make together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// Their sum: counts and money.
    Sum,
    /// Their mean: levels and ratios.
    Mean,
}

/// The grid of a series.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid {
    start: NaiveDateTime,
    zone: Tz,
    granularity: Granularity,
}

impl Grid {
    /// Lays a grid under points, in any order, from the first of them to
    /// `until` (not included), and folds them into its slots. Slots without a
    /// point are gaps. None if there is no point before `until`, or if the
    /// points span more than ten years of hours' worth of slots.
    pub fn lay(
        points: &[(DateTime<Utc>, f64)],
        until: DateTime<Utc>,
        zone: Tz,
        granularity: Granularity,
        fold: Fold,
    ) -> Option<(Self, Series)> {
        let wall = |t: DateTime<Utc>| granularity.floor(t.with_timezone(&zone).naive_local());
        let before = || points.iter().filter(|(t, v)| *t < until && v.is_finite());
        let start = before().map(|(t, _)| *t).min().map(wall)?;
        let grid = Self {
            start,
            zone,
            granularity,
        };
        let last = wall(until - TimeDelta::nanoseconds(1));
        let slots = usize::try_from(granularity.between(start, last)).ok()? + 1;
        if slots > MAX_SLOTS {
            return None;
        }
        let mut sums = vec![(0.0, 0_u32); slots];
        // The hour that comes twice: how many instants a slot was filled from.
        let mut first_offset = vec![None; slots];
        let mut twice = vec![false; slots];
        for (time, value) in before() {
            let index = usize::try_from(granularity.between(start, wall(*time))).ok()?;
            let offset = time.with_timezone(&zone).naive_local() - time.naive_utc();
            if let Some(slot) = sums.get_mut(index) {
                *slot = (slot.0 + value, slot.1 + 1);
                let seen = first_offset[index].get_or_insert(offset);
                twice[index] |= *seen != offset;
            }
        }
        let values = sums
            .into_iter()
            .zip(twice)
            .map(|((sum, count), twice)| match (fold, count) {
                (_, 0) => None,
                (Fold::Sum, _) if twice && granularity == Granularity::Hour => Some(sum / 2.0),
                (Fold::Sum, _) => Some(sum),
                (Fold::Mean, count) => Some(sum / f64::from(count)),
            })
            .collect();
        Some((
            grid,
            Series {
                granularity,
                values,
            },
        ))
    }

    /// The wall-clock start of a slot, counted from the series' first value;
    /// the forecast's first step is the slot after the last value.
    pub fn slot(&self, index: usize) -> Option<NaiveDateTime> {
        self.granularity.after(self.start, index)
    }

    /// The instant at which a slot starts; the one after the gap for an hour
    /// that a clock change skips.
    pub fn instant(&self, index: usize) -> Option<DateTime<Utc>> {
        instant(self.slot(index)?, self.zone)
    }
}

/// When clocks of a zone show a time; the first time after the gap for one
/// that they skip.
fn instant(wall: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    (0..=3)
        .find_map(|hours| {
            (wall + TimeDelta::hours(hours))
                .and_local_timezone(zone)
                .earliest()
        })
        .map(|t| t.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let points = [
            (utc("2026-01-01T23:30:00Z"), 1.0),
            (utc("2026-01-03T10:00:00Z"), 4.0),
        ];
        let (grid, series) = Grid::lay(
            &points,
            utc("2026-01-04T23:00:00Z"),
            chrono_tz::Europe::Berlin,
            Granularity::Day,
            Fold::Sum,
        )
        .unwrap();
        assert_eq!(series.values, [Some(1.0), Some(4.0), None]);
        assert_eq!(grid.instant(0), Some(utc("2026-01-01T23:00:00Z")));
        assert_eq!(grid.instant(3), Some(utc("2026-01-04T23:00:00Z")));
    }

    #[test]
    fn an_hour_keeps_its_phase_where_clocks_change() {
        let from = utc("2026-03-28T08:00:00Z");
        let points: Vec<_> = (0..48)
            .map(|h| (from + TimeDelta::hours(h), h as f64))
            .collect();
        let until = from + TimeDelta::hours(48);
        let zone = chrono_tz::Europe::Berlin;
        let (grid, series) = Grid::lay(&points, until, zone, Granularity::Hour, Fold::Sum).unwrap();
        assert_eq!(series.values.len(), 49);
        assert_eq!(series.values.iter().filter(|v| v.is_none()).count(), 1);
        assert_eq!(grid.slot(24).unwrap().hour(), grid.slot(0).unwrap().hour());

        let from = utc("2026-10-24T22:00:00Z");
        let points: Vec<_> = (0..6).map(|h| (from + TimeDelta::hours(h), 10.0)).collect();
        let until = from + TimeDelta::hours(6);
        let (_, series) = Grid::lay(&points, until, zone, Granularity::Hour, Fold::Sum).unwrap();
        assert_eq!(series.values, vec![Some(10.0); 5]);
    }

    #[test]
    fn weeks_start_on_monday_and_months_on_their_first() {
        let points = [
            (utc("2026-01-31T12:00:00Z"), 1.0),
            (utc("2026-03-01T12:00:00Z"), 2.0),
        ];
        let until = utc("2026-03-02T00:00:00Z");
        for (granularity, slots, first) in [
            (Granularity::Week, 5, "2026-01-26"),
            (Granularity::Month, 3, "2026-01-01"),
        ] {
            let (grid, series) =
                Grid::lay(&points, until, Tz::UTC, granularity, Fold::Mean).unwrap();
            assert_eq!(series.values.len(), slots);
            assert_eq!(grid.slot(0).unwrap().date().to_string(), first);
        }
    }
}
