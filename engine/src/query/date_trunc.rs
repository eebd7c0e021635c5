//! `date_trunc`, fast in UTC, and right where midnight comes twice.
//!
//! The stock function looks up the zone of every row, UTC too. Here a column in
//! UTC goes through the arithmetic it keeps for columns without a zone. In every
//! other zone the answer is the stock function's, but that a day or a longer
//! unit begins at the first of two midnights: there the stock function makes two
//! groups of one day.

use std::sync::Arc;

use arrow::array::timezone::Tz;
use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray, make_array};
use arrow::datatypes::{
    ArrowTimestampType, DataType, FieldRef, TimeUnit, TimestampMicrosecondType,
    TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType,
};
use chrono::{DateTime, LocalResult, TimeZone};
use datafusion::error::Result;
use datafusion::functions::datetime::date_trunc::DateTruncFunc;
use datafusion::logical_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion::logical_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl,
    Signature,
};
use datafusion::scalar::ScalarValue;

/// `date_trunc(unit, time)`, in place of the stock one.
pub(crate) fn date_trunc() -> Arc<ScalarUDF> {
    Arc::new(ScalarUDF::new_from_impl(DateTrunc {
        stock: DateTruncFunc::new(),
    }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct DateTrunc {
    stock: DateTruncFunc,
}

impl ScalarUDFImpl for DateTrunc {
    fn name(&self) -> &str {
        self.stock.name()
    }

    fn aliases(&self) -> &[String] {
        self.stock.aliases()
    }

    fn signature(&self) -> &Signature {
        self.stock.signature()
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        self.stock.return_type(arguments)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        self.stock.return_field_from_args(args)
    }

    fn output_ordering(&self, input: &[ExprProperties]) -> Result<SortProperties> {
        self.stock.output_ordering(input)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.stock.documentation()
    }

    fn invoke_with_args(&self, mut args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let DataType::Timestamp(unit, Some(zone)) = args.args[1].data_type() else {
            return self.stock.invoke_with_args(args);
        };
        if !is_utc(&zone) {
            let whole_days = is_day_or_longer(&args.args[0]);
            let cut = self.stock.invoke_with_args(args)?;
            return match whole_days {
                true => first_of_two(cut, unit, &zone),
                false => Ok(cut),
            };
        }
        let one = matches!(args.args[1], ColumnarValue::Scalar(_));
        // The stock function rounds fractions of a second of one value towards
        // 1970 and of a column down, so one value goes in as a column.
        let times = args.args[1].to_array(1)?;
        let rows = times.len();
        let naive = relabelled(&times, DataType::Timestamp(unit, None))?;
        args.args[1] = ColumnarValue::Array(naive);
        let cut = self.stock.invoke_with_args(args)?.into_array(rows)?;
        let cut = relabelled(&cut, DataType::Timestamp(unit, Some(zone)))?;
        Ok(match one {
            true => ColumnarValue::Scalar(ScalarValue::try_from_array(&cut, 0)?),
            false => ColumnarValue::Array(cut),
        })
    }
}

/// Whether a zone is UTC by one of its usual names.
pub(super) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC" | "Z" | "+00:00" | "+00" | "+0000")
}

/// Whether a unit begins at midnight.
fn is_day_or_longer(unit: &ColumnarValue) -> bool {
    let ColumnarValue::Scalar(unit) = unit else {
        return false;
    };
    let unit = unit.try_as_str().flatten().unwrap_or_default();
    let long = ["day", "week", "month", "quarter", "year"];
    long.iter().any(|long| unit.eq_ignore_ascii_case(long))
}

/// The same local times, each the first time that the clocks show it.
fn first_of_two(cut: ColumnarValue, unit: TimeUnit, zone: &str) -> Result<ColumnarValue> {
    let zone: Tz = zone.parse()?;
    let one = matches!(cut, ColumnarValue::Scalar(_));
    let cut = cut.into_array(1)?;
    let first: ArrayRef = match unit {
        TimeUnit::Second => Arc::new(first_times::<TimestampSecondType>(&cut, 1, zone)),
        TimeUnit::Millisecond => {
            Arc::new(first_times::<TimestampMillisecondType>(&cut, 1_000, zone))
        }
        TimeUnit::Microsecond => {
            let times = first_times::<TimestampMicrosecondType>(&cut, 1_000_000, zone);
            Arc::new(times)
        }
        TimeUnit::Nanosecond => {
            let times = first_times::<TimestampNanosecondType>(&cut, 1_000_000_000, zone);
            Arc::new(times)
        }
    };
    Ok(match one {
        true => ColumnarValue::Scalar(ScalarValue::try_from_array(&first, 0)?),
        false => ColumnarValue::Array(first),
    })
}

fn first_times<T: ArrowTimestampType>(cut: &ArrayRef, second: i64, zone: Tz) -> PrimitiveArray<T> {
    // Rows are mostly of the same day as the row before.
    let mut known = (0, first_time(0, zone));
    let times = cut.as_primitive::<T>().iter().map(|time| {
        let seconds = time?.div_euclid(second);
        if known.0 != seconds {
            known = (seconds, first_time(seconds, zone));
        }
        Some(known.1 * second)
    });
    let times: PrimitiveArray<T> = times.collect();
    times.with_data_type(cut.data_type().clone())
}

/// When the clocks first show what they show at an instant, in seconds.
fn first_time(seconds: i64, zone: Tz) -> i64 {
    let Some(time) = DateTime::from_timestamp(seconds, 0) else {
        return seconds;
    };
    let shown = time.with_timezone(&zone).naive_local();
    match zone.from_local_datetime(&shown) {
        LocalResult::Ambiguous(one, other) => one.timestamp().min(other.timestamp()),
        LocalResult::Single(_) | LocalResult::None => seconds,
    }
}

/// The same numbers under another type of the same width; nothing is copied.
fn relabelled(times: &ArrayRef, to: DataType) -> Result<ArrayRef> {
    let data = times.to_data().into_builder().data_type(to);
    Ok(make_array(data.build()?))
}

#[cfg(test)]
mod tests {
    use arrow::array::{
        TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray,
    };
    use arrow::datatypes::Field;
    use datafusion::config::ConfigOptions;
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    const UNITS: [&str; 10] = [
        "microsecond",
        "millisecond",
        "second",
        "minute",
        "hour",
        "day",
        "week",
        "month",
        "quarter",
        "YEAR",
    ];

    fn call(
        function: &dyn ScalarUDFImpl,
        unit: &str,
        time: ColumnarValue,
    ) -> Result<ColumnarValue> {
        let unit = ColumnarValue::Scalar(ScalarValue::Utf8(Some(unit.to_owned())));
        let field = Arc::new(Field::new("time", time.data_type(), true));
        let rows = match &time {
            ColumnarValue::Array(times) => times.len(),
            ColumnarValue::Scalar(_) => 1,
        };
        function.invoke_with_args(ScalarFunctionArgs {
            arg_fields: vec![
                Arc::new(Field::new("unit", DataType::Utf8, false)),
                field.clone(),
            ],
            args: vec![unit, time],
            number_rows: rows,
            return_field: field,
            config_options: Arc::new(ConfigOptions::default()),
        })
    }

    fn own() -> DateTrunc {
        DateTrunc {
            stock: DateTruncFunc::new(),
        }
    }

    fn check<T: ArrowTimestampType>(times: &PrimitiveArray<T>, zone: Option<&str>) {
        let times = times.clone().with_timezone_opt(zone.map(Arc::<str>::from));
        let times: ArrayRef = Arc::new(times);
        for unit in UNITS {
            let given = || ColumnarValue::Array(times.clone());
            let cut = call(&own(), unit, given()).expect("ours");
            let stock = call(&DateTruncFunc::new(), unit, given()).expect("stock");
            let (cut, stock) = (cut.into_array(0), stock.into_array(0));
            let (cut, stock) = (cut.expect("ours"), stock.expect("stock"));
            assert_eq!(cut.data_type(), times.data_type(), "{unit} {zone:?}");
            assert_eq!(&cut, &stock, "{unit} in {zone:?}");
            // One value is cut as it is in a column.
            for row in 0..times.len().min(20) {
                let value = ScalarValue::try_from_array(&times, row).expect("a value");
                let one = call(&own(), unit, ColumnarValue::Scalar(value)).expect("one");
                let ColumnarValue::Scalar(one) = one else {
                    panic!("one value became a column");
                };
                if zone.is_some_and(is_utc) {
                    let of_column = ScalarValue::try_from_array(&cut, row).expect("a value");
                    assert_eq!(one, of_column, "{unit} in {zone:?}");
                }
            }
        }
    }

    #[test]
    fn times_are_cut_as_the_stock_function_cuts_them() {
        let seed: u64 = rand::random();
        println!("seed {seed}");
        let mut random = StdRng::seed_from_u64(seed);
        // 1700 to 2240, so on both sides of 1970, with nulls and edges.
        let mut seconds: Vec<Option<i64>> = (0..400)
            .map(|_| Some(random.random_range(-8_520_336_000..8_520_336_000)))
            .collect();
        seconds.extend([
            None,
            Some(0),
            Some(-1),
            Some(951_782_400),
            Some(-2_203_891_201),
        ]);
        let mut in_units = |factor: i64| -> Vec<Option<i64>> {
            let fraction = |s: &Option<i64>| s.map(|s| s * factor + random.random_range(0..factor));
            seconds.iter().map(fraction).collect()
        };
        let nanos = TimestampNanosecondArray::from(in_units(1_000_000_000));
        let micros = TimestampMicrosecondArray::from(in_units(1_000_000));
        let millis = TimestampMillisecondArray::from(in_units(1_000));
        let whole = TimestampSecondArray::from(in_units(1));
        // Zones in which midnight never came twice on the first of a quarter: in
        // Berlin it did on 1 October 1916.
        let zones = [
            "UTC",
            "+00:00",
            "America/Los_Angeles",
            "Asia/Kathmandu",
            "+05:30",
        ];
        for zone in zones.map(Some).into_iter().chain([None]) {
            check(&nanos, zone);
            check(&micros, zone);
            check(&millis, zone);
            check(&whole, zone);
        }
    }

    #[test]
    fn a_day_on_which_midnight_comes_twice_is_one_day() {
        for (zone, times, start) in [
            (
                "Atlantic/Azores",
                // Half past midnight by either clock, and noon.
                [
                    "2024-10-27T00:30:00Z",
                    "2024-10-27T01:30:00Z",
                    "2024-10-27T13:00:00Z",
                ],
                "2024-10-27T00:00:00Z",
            ),
            (
                "America/Havana",
                [
                    "2020-11-01T04:30:00Z",
                    "2020-11-01T05:30:00Z",
                    "2020-11-01T17:00:00Z",
                ],
                "2020-11-01T04:00:00Z",
            ),
            (
                "Europe/Berlin",
                [
                    "1916-09-30T22:30:00Z",
                    "1916-09-30T23:30:00Z",
                    "1916-10-01T11:00:00Z",
                ],
                "1916-09-30T22:00:00Z",
            ),
        ] {
            let us = |text: &str| {
                let time: DateTime<chrono::Utc> = text.parse().expect(text);
                time.timestamp_micros()
            };
            let times = TimestampMicrosecondArray::from_iter_values(times.map(us));
            let times: ArrayRef = Arc::new(times.with_timezone(zone));
            let mut units = vec!["day", "DAY"];
            match zone {
                "America/Havana" => units.push("month"),
                "Europe/Berlin" => units.extend(["month", "quarter"]),
                _ => {}
            }
            for unit in units {
                let cut = call(&own(), unit, ColumnarValue::Array(times.clone())).expect("ours");
                let cut = cut.into_array(3).expect("a column");
                let cut = cut.as_primitive::<TimestampMicrosecondType>();
                assert_eq!(cut.values()[..], [us(start); 3], "{unit} in {zone}");
                let noon = ScalarValue::try_from_array(&times, 2).expect("a value");
                let one = call(&own(), unit, ColumnarValue::Scalar(noon)).expect("ours");
                let start = ScalarValue::TimestampMicrosecond(Some(us(start)), Some(zone.into()));
                assert!(
                    matches!(one, ColumnarValue::Scalar(one) if one == start),
                    "{unit}"
                );
            }
            // An hour that comes twice is two hours.
            let cut = call(&own(), "hour", ColumnarValue::Array(times.clone())).expect("ours");
            let cut = cut.into_array(3).expect("a column");
            let cut = cut.as_primitive::<TimestampMicrosecondType>();
            assert_ne!(cut.value(0), cut.value(1));
        }
    }

    #[test]
    fn an_unknown_unit_is_refused_and_null_stays_null() {
        let none = ScalarValue::TimestampMicrosecond(None, Some("UTC".into()));
        let cut = call(&own(), "day", ColumnarValue::Scalar(none.clone())).expect("null");
        assert!(matches!(cut, ColumnarValue::Scalar(value) if value == none));
        assert!(call(&own(), "fortnight", ColumnarValue::Scalar(none)).is_err());
        let untyped = call(&own(), "day", ColumnarValue::Scalar(ScalarValue::Null));
        assert!(untyped.is_ok());
    }
}
