//! Values of a query's parameters.

use chrono::{DateTime, NaiveDate, Utc};
use datafusion::scalar::ScalarValue;
use serde::{Deserialize, Serialize};
use storage_layout::decimal;

use crate::error::{Error, Result};

/// A parameter of a query (`$1`, `$2`, …).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Param {
    /// SQL null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as its text.
    Decimal(String),
    /// Text.
    Text(String),
    /// A day.
    Date(NaiveDate),
    /// A moment.
    Timestamp(DateTime<Utc>),
}

/// The planner's values. Errors: `Invalid`, at the first that is none.
pub(crate) fn scalars(params: &[Param]) -> Result<Vec<ScalarValue>> {
    let scalars = params.iter().enumerate();
    scalars.map(|(i, param)| scalar(i, param)).collect()
}

fn scalar(position: usize, param: &Param) -> Result<ScalarValue> {
    Ok(match param {
        Param::Null => ScalarValue::Null,
        Param::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Param::Int(value) => ScalarValue::Int64(Some(*value)),
        Param::Text(text) => ScalarValue::Utf8View(Some(text.clone())),
        Param::Date(day) => {
            let since = day.signed_duration_since(NaiveDate::default());
            ScalarValue::Date32(i32::try_from(since.num_days()).ok())
        }
        Param::Timestamp(at) => {
            ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some("UTC".into()))
        }
        Param::Decimal(text) => {
            let parsed = decimal::Value::parse(text)
                .ok()
                .filter(|parsed| !parsed.rounded);
            let parsed = parsed.ok_or_else(|| {
                Error::invalid(
                    "must be a decimal number below 10^16 with at most nine decimals",
                    format!("params[{position}]"),
                )
            })?;
            ScalarValue::Decimal128(
                Some(parsed.value.units()),
                decimal::PRECISION,
                decimal::SCALE,
            )
        }
    })
}
