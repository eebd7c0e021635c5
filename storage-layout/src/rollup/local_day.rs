//! Which local day an instant lies in, fast for rows in order of time.

use chrono::{DateTime, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

/// A quarter of an hour, in microseconds.
pub(super) const SLOT_US: i64 = 15 * 60 * 1_000_000;

/// Finds local days; remembers the last quarter of an hour.
#[derive(Debug)]
pub struct LocalDay {
    zone: Tz,
    slot: Option<(i64, i32)>,
}

impl LocalDay {
    /// For days that begin at midnight in `zone`.
    pub fn new(zone: Tz) -> Self {
        Self { zone, slot: None }
    }

    /// Days since 1970-01-01 on the local calendar.
    pub fn of(&mut self, recorded_at_us: i64) -> i32 {
        let slot = recorded_at_us.div_euclid(SLOT_US);
        if let Some((seen, day)) = self.slot
            && seen == slot
        {
            return day;
        }
        let first = self.look_up(slot * SLOT_US);
        // A slot in which midnight or a change of the clocks falls is not kept.
        self.slot =
            (first == self.look_up(slot * SLOT_US + SLOT_US - 1)).then_some((slot, first.1));
        self.look_up(recorded_at_us).1
    }

    /// The day that a whole quarter of an hour (numbered from 1970, UTC) lies
    /// in; `None` when midnight or a change of the clocks falls inside it.
    pub fn of_quarter(&self, quarter: i32) -> Option<i32> {
        let from = i64::from(quarter) * SLOT_US;
        let first = self.look_up(from);
        (first == self.look_up(from + SLOT_US - 1)).then_some(first.1)
    }

    fn look_up(&self, us: i64) -> (i32, i32) {
        let utc = DateTime::from_timestamp_micros(us)
            .unwrap_or_default()
            .naive_utc();
        let offset = self
            .zone
            .offset_from_utc_datetime(&utc)
            .fix()
            .local_minus_utc();
        let local = us.saturating_add(i64::from(offset) * 1_000_000);
        (
            offset,
            i32::try_from(local.div_euclid(86_400_000_000)).unwrap_or(i32::MAX),
        )
    }
}

impl LocalDay {
    /// The calendar date of a day number.
    pub fn date(day: i32) -> NaiveDate {
        NaiveDate::default() + chrono::Duration::days(i64::from(day))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_day_follows_the_zone_through_changes_of_the_clocks() {
        let at = |text: &str| {
            text.parse::<DateTime<chrono::Utc>>()
                .expect(text)
                .timestamp_micros()
        };
        for (zone, instant, date) in [
            ("UTC", "2024-03-10T23:59:59.999999Z", "2024-03-10"),
            ("Asia/Kathmandu", "2024-03-10T18:14:59Z", "2024-03-10"),
            ("Asia/Kathmandu", "2024-03-10T18:15:00Z", "2024-03-11"),
            ("America/New_York", "2024-11-04T04:59:59Z", "2024-11-03"),
            // At 00:01 the clocks of Newfoundland went back to 23:01 of the day before.
            ("America/St_Johns", "2010-11-07T02:30:30Z", "2010-11-07"),
            ("America/St_Johns", "2010-11-07T02:31:30Z", "2010-11-06"),
        ] {
            let mut days = LocalDay::new(zone.parse().expect(zone));
            let day = days.of(at(instant));
            assert_eq!(LocalDay::date(day).to_string(), date, "{zone} {instant}");
            assert_eq!(days.of(at(instant)), day, "from the remembered slot");
        }
    }

    #[test]
    fn a_quarter_hour_in_which_a_day_ends_has_no_day() {
        let of = |zone: &str, instant: &str| {
            let at: DateTime<chrono::Utc> = instant.parse().expect(instant);
            let quarter = at.timestamp_micros().div_euclid(SLOT_US);
            let day = LocalDay::new(zone.parse().expect(zone)).of_quarter(quarter as i32);
            day.map(|day| LocalDay::date(day).to_string())
        };
        let (nepal, liberia) = ("Asia/Kathmandu", "Africa/Monrovia");
        assert_eq!(
            of(nepal, "2024-03-10T18:15:00Z").as_deref(),
            Some("2024-03-11")
        );
        // Nepal was at +05:30 until 1986 and at +05:41:16 until 1920.
        assert_eq!(
            of(nepal, "1985-12-31T18:30:00Z").as_deref(),
            Some("1986-01-01")
        );
        assert_eq!(of(nepal, "1910-05-05T18:15:00Z"), None);
        // Liberia was at -00:44:30 until 1972.
        assert_eq!(of(liberia, "1938-01-10T00:30:00Z"), None);
        assert_eq!(of("America/St_Johns", "2010-11-07T02:30:00Z"), None);
    }
}
