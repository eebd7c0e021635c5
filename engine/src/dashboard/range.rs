//! Which local days a dashboard covers: parsing, resolving, limits.
//!
//! It knows calendars, not data.

use std::ops::Range;

use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::Compare;
use crate::error::{Error, Result};

/// The longest range, days (ten years with their leap days, and a bit).
pub const MAX_DAYS: i64 = 3_660;
/// Days of history that the correlation looks at, at least.
pub const HISTORY_DAYS: i64 = 90;
/// What is meant when nothing is said.
pub const DEFAULT_RANGE: RangeRequest = RangeRequest::LastDays(30);
/// 1970-01-01 counted from 0001-01-01, which is day 1.
const EPOCH_FROM_CE: i32 = 719_163;

/// The range as a caller asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RangeRequest {
    /// This many local days that end today, today included.
    LastDays(u32),
    /// The days after the same date this many months ago, until today.
    LastMonths(u32),
    /// Two dates, both included.
    Between {
        /// The first day.
        from: NaiveDate,
        /// The last day.
        to: NaiveDate,
    },
}

/// Days from one date to another, both included; never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Days {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

/// The days that one pass reads, resolved.
#[derive(Debug, Clone)]
pub(super) struct Spans {
    /// What the panels show.
    pub(super) current: Days,
    /// What they are compared with.
    pub(super) previous: Option<Days>,
    /// What the correlation looks at; ends with `current`.
    pub(super) history: Days,
    /// The day that is not over yet.
    pub(super) today: NaiveDate,
}

/// One of the two periods of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    /// The range itself.
    Current,
    /// The range before it.
    Previous,
}

impl RangeRequest {
    /// Reads `time_range` (`30d`, `12w`, `12m`, `1y`) or `from` and `to`
    /// (`2025-01-31`); nothing at all means `30d`. Errors: `Invalid`.
    pub fn parse(time_range: Option<&str>, from: Option<&str>, to: Option<&str>) -> Result<Self> {
        match (time_range, from, to) {
            (None, None, None) => Ok(DEFAULT_RANGE),
            (Some(text), None, None) => parse_length(text),
            (None, Some(from), Some(to)) => {
                let (from, to) = (parse_date(from, "from")?, parse_date(to, "to")?);
                Days::new(from, to)?;
                Ok(Self::Between { from, to })
            }
            (Some(_), _, _) => Err(invalid(
                "time_range and from/to exclude each other".to_owned(),
                "time_range",
                "send either time_range=30d or from=2025-01-01&to=2025-01-31",
            )),
            (None, Some(_), None) => Err(one_date_missing("to")),
            (None, None, Some(_)) => Err(one_date_missing("from")),
        }
    }

    /// The days that are meant when it is `today`. Errors: `Invalid` for more
    /// than [`MAX_DAYS`].
    pub fn resolve(&self, today: NaiveDate) -> Result<Days> {
        let from = match *self {
            Self::Between { from, to } => return Days::new(from, to),
            Self::LastDays(days) => today.checked_sub_signed(Duration::days(i64::from(days) - 1)),
            Self::LastMonths(months) => today
                .checked_sub_months(Months::new(months))
                .and_then(|day| day.succ_opt()),
        };
        Days::new(from.ok_or_else(too_long)?, today)
    }
}

impl Days {
    /// Checks order and length. Errors: `Invalid`.
    pub fn new(from: NaiveDate, to: NaiveDate) -> Result<Self> {
        let days = Self { from, to };
        if from > to {
            return Err(invalid(
                format!("from ({from}) lies after to ({to})"),
                "from",
                "swap the two dates; both are included",
            ));
        }
        if days.count() > MAX_DAYS {
            return Err(too_long());
        }
        // Whatever is counted from these days must stay a date.
        let decent = 1000..=9000;
        if !decent.contains(&from.year()) || !decent.contains(&to.year()) {
            let hint = "use years from 1000 to 9000";
            return Err(invalid(
                format!("{from} to {to} is no usable range"),
                "from",
                hint,
            ));
        }
        Ok(days)
    }

    /// How many days.
    pub fn count(&self) -> i64 {
        (self.to - self.from).num_days() + 1
    }

    /// The days as numbers since 1970-01-01.
    pub fn numbers(&self) -> Range<i32> {
        day_number(self.from)..day_number(self.to) + 1
    }

    /// As many days, directly before.
    pub(crate) fn before(&self) -> Self {
        let to = self.from - Duration::days(1);
        Self {
            from: to - Duration::days(self.count() - 1),
            to,
        }
    }

    /// Each day.
    pub(crate) fn iter(&self) -> impl Iterator<Item = NaiveDate> {
        self.from
            .iter_days()
            .take(usize::try_from(self.count()).unwrap_or(0))
    }

    /// The instants of these local days, microseconds since 1970 UTC, end excluded.
    pub(crate) fn instants_us(&self, zone: Tz) -> Range<i64> {
        day_start_us(self.from, zone)..day_start_us(self.to + Duration::days(1), zone)
    }
}

impl Spans {
    pub(super) fn resolve(
        range: &RangeRequest,
        compare: Compare,
        today: NaiveDate,
    ) -> Result<Self> {
        let current = range.resolve(today)?;
        let previous = (compare == Compare::Previous).then(|| current.before());
        let days = current.count().max(HISTORY_DAYS);
        let history = Days {
            from: current.to - Duration::days(days - 1),
            to: current.to,
        };
        Ok(Self {
            current,
            previous,
            history,
            today,
        })
    }

    /// All days that are read, as numbers.
    pub(super) fn numbers(&self) -> Range<i32> {
        let first = self
            .previous
            .map_or(self.history.from, |p| p.from.min(self.history.from));
        day_number(first)..self.current.numbers().end
    }
}

/// Days since 1970-01-01.
pub fn day_number(date: NaiveDate) -> i32 {
    date.num_days_from_ce() - EPOCH_FROM_CE
}

/// The day an instant falls on in a zone.
pub(super) fn local_day(instant_us: i64, zone: Tz) -> Option<NaiveDate> {
    DateTime::from_timestamp_micros(instant_us).map(|t| t.with_timezone(&zone).date_naive())
}

/// The first instant of a local day, microseconds since 1970 UTC: some days
/// begin after midnight, because the clocks jump over it.
pub fn day_start_us(date: NaiveDate, zone: Tz) -> i64 {
    let midnight = date.and_time(NaiveTime::MIN);
    (0..=12)
        .map(|quarters| midnight + Duration::minutes(15 * quarters))
        .find_map(|local| zone.from_local_datetime(&local).earliest())
        .map_or_else(
            || Utc.from_utc_datetime(&midnight),
            |t| t.with_timezone(&Utc),
        )
        .timestamp_micros()
}

fn parse_length(text: &str) -> Result<RangeRequest> {
    let hint = "use a whole number and d, w, m or y, such as 7d, 30d, 12w, 12m or 1y";
    let refuse = || invalid(format!("{text:?} is not a time range"), "time_range", hint);
    let unit = text.chars().last().ok_or_else(refuse)?;
    let digits = &text[..text.len() - unit.len_utf8()];
    let number: u32 = match digits.bytes().all(|c| c.is_ascii_digit()) {
        true => digits.parse().map_err(|_| refuse())?,
        false => return Err(refuse()),
    };
    if number == 0 {
        return Err(refuse());
    }
    let times = |factor: u32| number.checked_mul(factor).ok_or_else(too_long);
    let range = match unit {
        'd' => RangeRequest::LastDays(number),
        'w' => RangeRequest::LastDays(times(7)?),
        'm' => RangeRequest::LastMonths(number),
        'y' => RangeRequest::LastMonths(times(12)?),
        _ => return Err(refuse()),
    };
    match range {
        RangeRequest::LastDays(days) if i64::from(days) > MAX_DAYS => Err(too_long()),
        RangeRequest::LastMonths(months) if months > 120 => Err(too_long()),
        range => Ok(range),
    }
}

fn parse_date(text: &str, field: &'static str) -> Result<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").map_err(|_| {
        invalid(
            format!("{text:?} is not a date"),
            field,
            "write it as 2025-01-31",
        )
    })
}

fn one_date_missing(field: &'static str) -> Error {
    let hint = "send both from and to (both included), or time_range=30d";
    invalid(format!("{field} is missing"), field, hint)
}

fn too_long() -> Error {
    let message = format!("the range is longer than {MAX_DAYS} days");
    invalid(
        message,
        "time_range",
        "ask for fewer days, or use SQL over monthly_metrics",
    )
}

fn invalid(message: String, at: &str, hint: &str) -> Error {
    Error::Invalid {
        message,
        at: Some(at.to_owned()),
        location: None,
        hint: Some(hint.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(text: &str) -> NaiveDate {
        text.parse().expect(text)
    }

    #[test]
    fn thirty_days_end_today() {
        let days = RangeRequest::parse(Some("30d"), None, None)
            .and_then(|range| range.resolve(date("2025-03-30")))
            .expect("a range");
        assert_eq!(
            (days.from, days.to, days.count()),
            (date("2025-03-01"), date("2025-03-30"), 30)
        );
        assert_eq!(days.before().to, date("2025-02-28"));
        assert_eq!(days.before().count(), 30);
    }

    #[test]
    fn months_and_years_follow_the_calendar() {
        let from = |text, today| {
            RangeRequest::parse(Some(text), None, None)
                .and_then(|range| range.resolve(date(today)))
                .expect(text)
                .from
        };
        assert_eq!(from("12w", "2025-03-30"), date("2025-01-06"));
        assert_eq!(from("1m", "2025-03-31"), date("2025-03-01"));
        assert_eq!(from("1y", "2025-06-15"), date("2024-06-16"));
    }

    #[test]
    fn a_range_that_cannot_be_meant_is_refused_at_its_field() {
        let at = |range, from, to| match RangeRequest::parse(range, from, to) {
            Err(Error::Invalid {
                at, hint: Some(_), ..
            }) => at.unwrap_or_default(),
            other => panic!("{other:?}"),
        };
        for text in [
            "",
            "d",
            "0d",
            "30",
            "-3d",
            "+3d",
            "3x",
            "3é",
            "99999999999d",
            "4000d",
            "11y",
        ] {
            assert_eq!(at(Some(text), None, None), "time_range", "{text:?}");
        }
        assert_eq!(at(None, Some("2025-01-01"), None), "to");
        assert_eq!(at(None, None, Some("2025-01-01")), "from");
        assert_eq!(at(None, Some("2025-02-30"), Some("2025-03-01")), "from");
        assert_eq!(at(None, Some("2025-02-03"), Some("2025-02-01")), "from");
        assert_eq!(at(Some("30d"), Some("2025-02-03"), None), "time_range");
    }

    #[test]
    fn a_day_without_midnight_starts_when_it_starts() {
        // Havana's clocks jump from 00:00 to 01:00 on this day.
        let start = day_start_us(date("2025-03-09"), chrono_tz::America::Havana);
        assert_eq!(
            DateTime::from_timestamp_micros(start)
                .map(|t| t.to_rfc3339())
                .as_deref(),
            Some("2025-03-09T05:00:00+00:00")
        );
        assert_eq!(
            local_day(start, chrono_tz::America::Havana),
            Some(date("2025-03-09"))
        );
        assert_eq!(
            local_day(start - 1, chrono_tz::America::Havana),
            Some(date("2025-03-08"))
        );
    }

    #[test]
    fn the_correlation_sees_at_least_ninety_days() {
        let spans = |text: &str| {
            let range = RangeRequest::parse(Some(text), None, None).expect(text);
            Spans::resolve(&range, Compare::Previous, date("2025-12-31")).expect(text)
        };
        assert_eq!(spans("30d").history.count(), 90);
        assert_eq!(spans("30d").numbers().len(), 90);
        assert_eq!(spans("100d").history.count(), 100);
        assert_eq!(spans("100d").numbers().len(), 200);
    }
}
