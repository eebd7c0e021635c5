//! `time_bucket(interval, time [, zone])`: buckets of local time.
//!
//! The stock `date_bin` counts from an instant, so its days begin at another
//! hour once the clocks have changed. Here the wall clock of the zone decides:
//! buckets of days and shorter ones count from Monday, 2000-01-03, at midnight,
//! those of months from January 2000.

use std::sync::Arc;

use arrow::array::{AsArray, TimestampMicrosecondArray};
use arrow::datatypes::{
    DataType, IntervalMonthDayNano, IntervalUnit, TimeUnit, TimestampMicrosecondType,
};
use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{GapInfo, Tz};
use datafusion::common::{exec_datafusion_err, exec_err, plan_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::scalar::ScalarValue;

const DAY_US: i64 = 86_400_000_000;
const HOUR_US: i64 = 3_600_000_000;
const QUARTER_US: i64 = HOUR_US / 4;
/// 2000-01-03, a Monday, after 1970-01-01.
const ORIGIN_US: i64 = 10_959 * DAY_US;

/// `time_bucket(interval, time [, zone])`: the instant at which the bucket
/// begins that a time lies in.
pub(crate) fn time_bucket() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(TimeBucket {
        signature: Signature::user_defined(Volatility::Immutable),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct TimeBucket {
    signature: Signature,
}

fn utc() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

impl ScalarUDFImpl for TimeBucket {
    fn name(&self) -> &str {
        "time_bucket"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, arguments: &[DataType]) -> Result<Vec<DataType>> {
        let interval = DataType::Interval(IntervalUnit::MonthDayNano);
        match arguments {
            [_, _] => Ok(vec![interval, utc()]),
            [_, _, _] => Ok(vec![interval, utc(), DataType::Utf8View]),
            _ => plan_err!("time_bucket takes an interval, a time and, if not UTC, a zone"),
        }
    }

    fn return_type(&self, _arguments: &[DataType]) -> Result<DataType> {
        Ok(utc())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let width = match &args.args[0] {
            ColumnarValue::Scalar(ScalarValue::IntervalMonthDayNano(Some(width))) => *width,
            _ => return exec_err!("time_bucket takes one interval for all rows"),
        };
        let zone = match args.args.get(2) {
            None => Tz::UTC,
            Some(ColumnarValue::Scalar(ScalarValue::Utf8View(Some(name)))) => name
                .parse()
                .map_err(|_| exec_datafusion_err!("time_bucket knows no time zone {name:?}"))?,
            Some(_) => return exec_err!("time_bucket takes one time zone for all rows"),
        };
        let mut buckets = Buckets::new(width, zone)?;
        let times = args.args[1].to_array(1)?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        let starts = times
            .iter()
            .map(|time| time.map(|time| buckets.start(time)).transpose())
            .collect::<Result<TimestampMicrosecondArray>>()?
            .with_timezone("UTC");
        Ok(match &args.args[1] {
            ColumnarValue::Array(_) => ColumnarValue::Array(Arc::new(starts)),
            ColumnarValue::Scalar(_) => {
                ColumnarValue::Scalar(ScalarValue::try_from_array(&starts, 0)?)
            }
        })
    }
}

/// How long a bucket is on the wall clock.
#[derive(Debug, Clone, Copy)]
enum Width {
    Months(i64),
    Fixed(i64),
}

/// Finds buckets, fast for times that are near each other.
struct Buckets {
    width: Width,
    zone: Tz,
    /// A quarter of an hour (UTC) of one offset, microseconds.
    offset: Option<(i64, i64)>,
    /// The start last found, of a wall time and an offset.
    found: Option<((i64, i64), i64)>,
}

impl Buckets {
    fn new(width: IntervalMonthDayNano, zone: Tz) -> Result<Self> {
        let IntervalMonthDayNano {
            months,
            days,
            nanoseconds,
        } = width;
        let fixed = i64::from(days).checked_mul(DAY_US);
        let Some(fixed) = fixed.and_then(|days| days.checked_add(nanoseconds / 1_000)) else {
            return exec_err!(
                "time_bucket got an interval of {days} days, which is longer than any calendar: \
                 take a shorter one, or one of months"
            );
        };
        let width = match (months, fixed) {
            (1.., 0) => Width::Months(i64::from(months)),
            (0, 1..) if nanoseconds % 1_000 == 0 => Width::Fixed(fixed),
            _ => {
                return exec_err!(
                    "time_bucket takes an interval above 0, of months or of days and shorter \
                     parts down to microseconds"
                );
            }
        };
        Ok(Self {
            width,
            zone,
            offset: None,
            found: None,
        })
    }

    /// The first instant of the bucket that an instant lies in.
    fn start(&mut self, time: i64) -> Result<i64> {
        let offset = self.offset(time)?;
        let wall = self.wall_start(time.saturating_add(offset))?;
        if let Some((key, start)) = self.found
            && key == (wall, offset)
        {
            return Ok(start);
        }
        let start = self.instant(wall, time)?;
        self.found = Some(((wall, offset), start));
        Ok(start)
    }

    /// What the zone's clocks are ahead of UTC.
    fn offset(&mut self, time: i64) -> Result<i64> {
        let quarter = time.div_euclid(QUARTER_US);
        if let Some((known, offset)) = self.offset
            && known == quarter
        {
            return Ok(offset);
        }
        let at = |time| {
            let utc = moment(time)?;
            let offset = self.zone.offset_from_utc_datetime(&utc).fix();
            Ok::<i64, datafusion::error::DataFusionError>(
                i64::from(offset.local_minus_utc()) * 1_000_000,
            )
        };
        let offset = at(time)?;
        let (first, last) = (quarter * QUARTER_US, quarter * QUARTER_US + QUARTER_US - 1);
        let steady = at(first)? == offset && at(last)? == offset;
        self.offset = steady.then_some((quarter, offset));
        Ok(offset)
    }

    /// What the wall clock shows when the bucket of a wall time begins.
    fn wall_start(&self, wall: i64) -> Result<i64> {
        match self.width {
            Width::Fixed(width) => {
                let into = wall.saturating_sub(ORIGIN_US).rem_euclid(width);
                Ok(wall.saturating_sub(into))
            }
            Width::Months(width) => {
                let date = moment(wall)?.date();
                let month = i64::from(date.year()) * 12 + i64::from(date.month0());
                let month = month - (month - 24_000).rem_euclid(width);
                let (year, month0) = (month.div_euclid(12), month.rem_euclid(12));
                let first = i32::try_from(year)
                    .ok()
                    .and_then(|year| NaiveDate::from_ymd_opt(year, month0 as u32 + 1, 1))
                    .ok_or_else(out_of_range)?;
                Ok(first
                    .and_time(chrono::NaiveTime::MIN)
                    .and_utc()
                    .timestamp_micros())
            }
        }
    }

    /// When the clocks show `wall`, for the bucket that holds `time`. A skipped
    /// wall time is the moment that it was skipped at. An hour that comes twice
    /// is twice the buckets up to an hour long, and lies in one longer one.
    fn instant(&self, wall: i64, time: i64) -> Result<i64> {
        let wall = moment(wall)?;
        let found = match self.zone.from_local_datetime(&wall) {
            LocalResult::Single(start) => start,
            LocalResult::Ambiguous(first, second) => {
                let twice = matches!(self.width, Width::Fixed(..=HOUR_US));
                match twice && second.timestamp_micros() <= time {
                    true => second,
                    false => first,
                }
            }
            LocalResult::None => GapInfo::new(&wall, &self.zone)
                .and_then(|gap| gap.end)
                .ok_or_else(out_of_range)?,
        };
        Ok(found.timestamp_micros())
    }
}

fn moment(us: i64) -> Result<NaiveDateTime> {
    let moment = DateTime::from_timestamp_micros(us).ok_or_else(out_of_range)?;
    Ok(moment.naive_utc())
}

fn out_of_range() -> datafusion::error::DataFusionError {
    exec_datafusion_err!("time_bucket got a time that no calendar has")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn us(text: &str) -> i64 {
        let time: DateTime<chrono::Utc> = text.parse().expect(text);
        time.timestamp_micros()
    }

    fn width(months: i32, days: i32, minutes: i64) -> IntervalMonthDayNano {
        IntervalMonthDayNano::new(months, days, minutes * 60_000_000_000)
    }

    fn start(width: IntervalMonthDayNano, time: &str, zone: &str) -> String {
        let mut buckets = Buckets::new(width, zone.parse().expect(zone)).expect("a width");
        let start = buckets.start(us(time)).expect(time);
        assert_eq!(buckets.start(us(time)).expect(time), start, "remembered");
        let start = DateTime::from_timestamp_micros(start).expect("a time");
        start.format("%FT%TZ").to_string()
    }

    #[test]
    fn a_bucket_begins_when_the_wall_clock_says_so() {
        let berlin = "Europe/Berlin";
        for (months, days, minutes, time, zone, expected) in [
            (
                0,
                0,
                15,
                "2024-06-10T10:29:59.999999Z",
                "UTC",
                "2024-06-10T10:15:00Z",
            ),
            (
                0,
                0,
                15,
                "1969-12-31T23:59:59Z",
                "UTC",
                "1969-12-31T23:45:00Z",
            ),
            (
                0,
                1,
                0,
                "2024-06-10T22:30:00Z",
                berlin,
                "2024-06-10T22:00:00Z",
            ),
            (
                0,
                1,
                0,
                "2024-01-10T22:30:00Z",
                berlin,
                "2024-01-09T23:00:00Z",
            ),
            // The days on which the clocks change have 23 and 25 hours.
            (
                0,
                1,
                0,
                "2024-03-31T21:59:00Z",
                berlin,
                "2024-03-30T23:00:00Z",
            ),
            (
                0,
                1,
                0,
                "2024-10-27T22:59:00Z",
                berlin,
                "2024-10-26T22:00:00Z",
            ),
            (
                0,
                0,
                1_440,
                "2024-10-27T22:59:00Z",
                berlin,
                "2024-10-26T22:00:00Z",
            ),
            // The hour from 2 to 3 comes twice, each its own.
            (
                0,
                0,
                60,
                "2024-10-27T00:30:00Z",
                berlin,
                "2024-10-27T00:00:00Z",
            ),
            (
                0,
                0,
                60,
                "2024-10-27T01:30:00Z",
                berlin,
                "2024-10-27T01:00:00Z",
            ),
            (
                0,
                0,
                120,
                "2024-10-27T01:30:00Z",
                berlin,
                "2024-10-27T00:00:00Z",
            ),
            // Weeks from Monday, quarters and years from January.
            (
                0,
                7,
                0,
                "2024-06-16T21:59:59Z",
                berlin,
                "2024-06-09T22:00:00Z",
            ),
            (
                1,
                0,
                0,
                "2024-02-29T23:30:00Z",
                berlin,
                "2024-02-29T23:00:00Z",
            ),
            (
                3,
                0,
                0,
                "1969-12-31T23:30:00Z",
                "UTC",
                "1969-10-01T00:00:00Z",
            ),
            (
                12,
                0,
                0,
                "2024-06-10T10:00:00Z",
                "Asia/Kathmandu",
                "2023-12-31T18:15:00Z",
            ),
            // Midnight was skipped in Brazil, and came twice in Cuba.
            (
                0,
                1,
                0,
                "2018-11-04T12:00:00Z",
                "America/Sao_Paulo",
                "2018-11-04T03:00:00Z",
            ),
            (
                0,
                1,
                0,
                "2024-11-03T12:00:00Z",
                "America/Havana",
                "2024-11-03T04:00:00Z",
            ),
        ] {
            let found = start(width(months, days, minutes), time, zone);
            assert_eq!(found, expected, "{months} {days} {minutes} {time} {zone}");
        }
    }

    #[test]
    fn a_bucket_never_begins_after_its_times_and_those_of_utc_are_even() {
        for zone in [
            "Europe/Berlin",
            "America/Sao_Paulo",
            "Australia/Lord_Howe",
            "UTC",
        ] {
            for minutes in [1, 7, 15, 45, 60, 90, 360, 1_440] {
                let mut buckets =
                    Buckets::new(width(0, 0, minutes), zone.parse().expect(zone)).expect("width");
                let mut before = i64::MIN;
                for step in 0..30_000 {
                    let time = us("2018-01-01T00:00:00Z") + step * 17 * 60_000_000 + step;
                    let start = buckets.start(time).expect("a start");
                    assert!(start <= time, "{zone} {minutes} {time}");
                    // Wall times come back into buckets that no hour is a multiple of.
                    let back = [7, 45].contains(&minutes);
                    assert!(start >= before || back, "{zone} {minutes} {time}");
                    before = start;
                    if zone == "UTC" {
                        assert!(time - start < minutes * 60_000_000);
                        assert_eq!((start - ORIGIN_US) % (minutes * 60_000_000), 0);
                    }
                }
            }
        }
    }

    #[test]
    fn an_interval_without_a_length_is_refused() {
        for width in [
            width(0, 0, 0),
            width(1, 1, 0),
            width(-1, 0, 0),
            width(0, 0, -5),
        ] {
            assert!(Buckets::new(width, Tz::UTC).is_err(), "{width:?}");
        }
    }

    #[test]
    fn an_interval_longer_than_any_calendar_is_refused() {
        for (days, nanoseconds) in [
            (2_000_000_000, 0),
            (i32::MAX, i64::MAX),
            (i32::MIN, i64::MIN),
            (213_503_982, 0),
            (106_751_991, i64::MAX),
        ] {
            let width = IntervalMonthDayNano::new(0, days, nanoseconds);
            let Err(error) = Buckets::new(width, Tz::UTC) else {
                panic!("{width:?}");
            };
            assert!(error.to_string().contains("take a shorter one"), "{error}");
        }
        // The longest that there is puts all times into one bucket.
        let width = IntervalMonthDayNano::new(0, 100_000_000, 0);
        let mut buckets = Buckets::new(width, Tz::UTC).expect("a width");
        let origin = buckets.start(us("2024-06-10T10:29:59Z")).expect("a start");
        assert_eq!(origin, ORIGIN_US);
    }
}
