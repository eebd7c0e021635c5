//! When a point was recorded: from a column of times or texts to microseconds
//! since 1970 UTC.

use arrow::array::{Array, ArrayRef, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::compute::kernels::cast_utils::string_to_datetime;
use arrow::datatypes::{DataType, TimeUnit};
use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Utc};
use chrono_tz::Tz;

use super::mapping::Mapping;
use super::program::Shape;
use crate::error::{Error, Result};

/// A column of times.
#[derive(Debug)]
pub(super) enum Times {
    /// Points on the world's time line.
    Instants(TimestampMicrosecondArray),
    /// What a clock in the mapping's zone showed.
    Local(TimestampMicrosecondArray),
    /// Texts of either kind.
    Texts(StringArray),
}

impl Times {
    /// Takes a column whose shape the program has checked.
    pub(super) fn new(array: &ArrayRef, shape: Shape) -> Result<Self> {
        let microseconds = || {
            let zone = match array.data_type() {
                DataType::Timestamp(_, zone) => zone.clone(),
                _ => None,
            };
            let array = cast(array, &DataType::Timestamp(TimeUnit::Microsecond, zone));
            array
                .map(|array| TimestampMicrosecondArray::from(array.to_data()))
                .map_err(Error::internal)
        };
        Ok(match shape {
            Shape::Instant => Self::Instants(microseconds()?),
            Shape::LocalTime => Self::Local(microseconds()?),
            _ => {
                let array = cast(array, &DataType::Utf8).map_err(Error::internal)?;
                Self::Texts(StringArray::from(array.to_data()))
            }
        })
    }

    /// The time of a row; the error says what is wrong with it.
    pub(super) fn at(&self, row: usize, mapping: &Mapping) -> Result<i64, String> {
        const MISSING: &str = "the expression gives null; a time is expected";
        match self {
            Self::Instants(array) if array.is_valid(row) => Ok(array.value(row)),
            Self::Local(array) if array.is_valid(row) => {
                let clock =
                    DateTime::from_timestamp_micros(array.value(row)).ok_or("out of range")?;
                in_zone(clock.naive_utc(), mapping.time_zone)
            }
            Self::Texts(array) if array.is_valid(row) => parse(array.value(row), mapping),
            _ => Err(MISSING.to_owned()),
        }
    }
}

/// Tries the mapping's formats, then RFC 3339 and its relatives
/// (`2010-12-01 08:26:00`, `2010-12-01`).
fn parse(text: &str, mapping: &Mapping) -> Result<i64, String> {
    let zone = mapping.time_zone;
    for format in &mapping.time_formats {
        if let Ok(time) = DateTime::parse_from_str(text, format) {
            return Ok(time.timestamp_micros());
        }
        let clock = NaiveDateTime::parse_from_str(text, format).ok();
        let date = || {
            NaiveDate::parse_from_str(text, format)
                .ok()?
                .and_hms_opt(0, 0, 0)
        };
        if let Some(clock) = clock.or_else(date) {
            return in_zone(clock, zone);
        }
    }
    if zone == Tz::UTC {
        return string_to_datetime(&Utc, text)
            .map(|time| time.timestamp_micros())
            .map_err(|_| not_a_time(text));
    }
    // The first fails on an hour that the zone has twice or not at all; texts
    // with an offset have passed then, so the second reads a clock.
    match string_to_datetime(&zone, text) {
        Ok(time) => Ok(time.timestamp_micros()),
        Err(_) => {
            let clock = string_to_datetime(&Utc, text).map_err(|_| not_a_time(text))?;
            in_zone(clock.naive_utc(), zone)
        }
    }
}

/// Of an hour that a zone has twice, the first.
fn in_zone(clock: NaiveDateTime, zone: Tz) -> Result<i64, String> {
    match zone.from_local_datetime(&clock) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Ok(time.timestamp_micros()),
        LocalResult::None => Err(format!("{clock} does not exist in {zone}")),
    }
}

fn not_a_time(text: &str) -> String {
    let shown: String = text.chars().take(80).collect();
    format!(
        "{shown:?} is not a time; expected is RFC 3339, YYYY-MM-DD HH:MM:SS or one of time_formats"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(extra: &str, text: &str, expected: Result<&str, &str>) {
        let mapping =
            format!("platform = 'p'\nmetric_type = 't'\nmetric_name = 'n'\nvalue = 'v'\n{extra}");
        let parsed = parse(text, &Mapping::parse(&mapping).expect("mapping"));
        match (parsed, expected) {
            (Ok(us), Ok(expected)) => {
                let time = DateTime::from_timestamp_micros(us).expect("time");
                assert_eq!(
                    time.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
                    expected,
                    "{text}"
                );
            }
            (Err(reason), Err(expected)) => assert!(reason.contains(expected), "{reason}"),
            (parsed, _) => panic!("{text}: {parsed:?}"),
        }
    }

    #[test]
    fn a_time_without_offset_is_in_the_mappings_zone() {
        const LONDON: &str = "time_zone = 'Europe/London'";
        check("", "2011-07-01 08:26:00", Ok("2011-07-01T08:26:00"));
        check(LONDON, "2011-07-01 08:26:00", Ok("2011-07-01T07:26:00"));
        check(
            LONDON,
            "2011-07-01T08:26:00+02:00",
            Ok("2011-07-01T06:26:00"),
        );
        check(LONDON, "2011-07-01", Ok("2011-06-30T23:00:00"));
        check(LONDON, "2011-10-30 01:30:00", Ok("2011-10-30T00:30:00"));
        check(
            LONDON,
            "2011-03-27 01:30:00",
            Err("does not exist in Europe/London"),
        );
    }

    #[test]
    fn formats_are_tried_first_and_what_is_no_time_is_named() {
        const FORMATS: &str = "time_formats = ['%d/%m/%Y %H:%M', '%d.%m.%Y']";
        check(FORMATS, "01/12/2010 08:26", Ok("2010-12-01T08:26:00"));
        check(FORMATS, "01.12.2010", Ok("2010-12-01T00:00:00"));
        check(
            FORMATS,
            "2010-12-01T08:26:00.250Z",
            Ok("2010-12-01T08:26:00.250"),
        );
        check("", "yesterday", Err("\"yesterday\" is not a time"));
        check("", "2010-13-01", Err("is not a time"));
    }
}
