//! Buckets of time over some local days.

use std::ops::Range;

use chrono::{DateTime, Datelike, Duration, NaiveDate, Utc};
use chrono_tz::Tz;

use super::request::hinted;
use crate::dashboard::{Days, day_number, day_start_us};
use crate::error::Result;

/// Days of a question by hour, at most.
const MAX_DAYS_BY_HOUR: i64 = 92;
const HOUR_US: i64 = 3_600_000_000;

/// How long a bucket is on the wall clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Granularity {
    /// One bucket for the whole range.
    All,
    /// An hour.
    Hour,
    /// A local day.
    Day,
    /// Monday to Sunday.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months.
    Quarter,
    /// A calendar year.
    Year,
}

/// The buckets of a range.
#[derive(Debug)]
pub(super) struct Grid {
    pub(super) granularity: Granularity,
    pub(super) days: Days,
    pub(super) zone: Tz,
    /// When each begins, microseconds since 1970 UTC. The first may begin before
    /// the range does.
    starts_us: Vec<i64>,
    /// The number of the bucket that each day lies in; none by hour.
    of_day: Vec<u32>,
}

impl Granularity {
    /// Its name, as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
        }
    }

    /// As SQL has it; `None` for the whole range.
    pub(super) fn interval(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Hour => Some("1 hour"),
            Self::Day => Some("1 day"),
            Self::Week => Some("7 days"),
            Self::Month => Some("1 month"),
            Self::Quarter => Some("3 months"),
            Self::Year => Some("12 months"),
        }
    }

    /// The first day of the bucket that a day lies in.
    fn first_day(self, day: NaiveDate) -> NaiveDate {
        let of_month = |month| NaiveDate::from_ymd_opt(day.year(), month, 1).unwrap_or(day);
        match self {
            Self::All | Self::Hour | Self::Day => day,
            Self::Week => day - Duration::days(i64::from(day.weekday().num_days_from_monday())),
            Self::Month => of_month(day.month()),
            Self::Quarter => of_month(day.month0() / 3 * 3 + 1),
            Self::Year => of_month(1),
        }
    }
}

impl Grid {
    /// Errors: `Invalid` for more hours than can be shown.
    pub(super) fn new(granularity: Granularity, days: Days, zone: Tz) -> Result<Self> {
        let (mut starts_us, mut of_day) = (Vec::new(), Vec::new());
        match granularity {
            Granularity::All => {
                starts_us.push(day_start_us(days.from, zone));
                of_day = vec![0; days.iter().count()];
            }
            Granularity::Hour => {
                if days.count() > MAX_DAYS_BY_HOUR {
                    return Err(hinted(
                        format!("{} days by hour are too many", days.count()),
                        "granularity",
                        &format!("ask for at most {MAX_DAYS_BY_HOUR} days, or by day"),
                    ));
                }
                let Range { start, end } = days.instants_us(zone);
                starts_us.extend((start..end).step_by(HOUR_US as usize));
            }
            _ => {
                let mut last = None;
                for day in days.iter() {
                    let first = granularity.first_day(day);
                    if last != Some(first) {
                        starts_us.push(day_start_us(first, zone));
                        last = Some(first);
                    }
                    of_day.push(starts_us.len() as u32 - 1);
                }
            }
        }
        Ok(Self {
            granularity,
            days,
            zone,
            starts_us,
            of_day,
        })
    }

    /// How many buckets.
    pub(super) fn len(&self) -> u32 {
        self.starts_us.len() as u32
    }

    /// The bucket of a day (by number since 1970); `None` outside, and by hour.
    pub(super) fn of_day(&self, day: i32) -> Option<u32> {
        let at = day - day_number(self.days.from);
        self.of_day.get(usize::try_from(at).ok()?).copied()
    }

    /// The bucket that an instant lies in: the last that begins before it.
    pub(super) fn of_instant(&self, instant_us: i64) -> u32 {
        let after = self.starts_us.partition_point(|start| *start <= instant_us);
        after.saturating_sub(1) as u32
    }

    /// When a bucket begins.
    pub(super) fn start(&self, bucket: u32) -> Option<DateTime<Utc>> {
        let start = self.starts_us.get(bucket as usize)?;
        DateTime::from_timestamp_micros(*start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(granularity: Granularity, from: &str, to: &str, zone: Tz) -> Vec<String> {
        let days = Days::new(from.parse().expect(from), to.parse().expect(to)).expect("days");
        let grid = Grid::new(granularity, days, zone).expect("a grid");
        let start = |bucket| grid.start(bucket).expect("a start").with_timezone(&zone);
        (0..grid.len())
            .map(|b| start(b).format("%m-%d %H:%M").to_string())
            .collect()
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let zone = chrono_tz::Europe::London;
        let of = |granularity| starts(granularity, "2025-03-28", "2025-04-08", zone);
        assert_eq!(
            of(Granularity::Week),
            ["03-24 00:00", "03-31 00:00", "04-07 00:00"]
        );
        assert_eq!(of(Granularity::Month), ["03-01 00:00", "04-01 00:00"]);
        assert_eq!(of(Granularity::Quarter), ["01-01 00:00", "04-01 00:00"]);
        assert_eq!(of(Granularity::All).len(), 1);
    }

    #[test]
    fn a_day_of_twenty_three_hours_has_as_many_buckets() {
        let zone = chrono_tz::Europe::London;
        assert_eq!(
            starts(Granularity::Hour, "2025-03-30", "2025-03-30", zone).len(),
            23
        );
        assert_eq!(
            starts(Granularity::Hour, "2025-10-26", "2025-10-26", zone).len(),
            25
        );
    }
}
