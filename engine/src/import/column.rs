//! Declared types of text columns: text to typed array, exactly or not at all.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal128Array, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, TimeUnit};

use crate::error::{Error, Result};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColumnType {
    Text,
    Integer,
    Decimal { precision: u8, scale: u8 },
    Boolean,
    Timestamp,
    Date,
}

impl ColumnType {
    /// What a faulty declaration is told.
    pub(super) const EXPECTED: &'static str = "must be \"text\", \"integer\", \"decimal(precision,scale)\" \
        with 38 digits at most, \"boolean\", \"timestamp\" or \"date\"";

    /// Parses a declaration such as `decimal(18,4)`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        Some(match text.as_str() {
            "text" => Self::Text,
            "integer" => Self::Integer,
            "boolean" => Self::Boolean,
            "timestamp" => Self::Timestamp,
            "date" => Self::Date,
            _ => {
                let digits = text.strip_prefix("decimal(")?.strip_suffix(')')?;
                let (precision, scale) = digits.split_once(',')?;
                let (precision, scale) =
                    (precision.trim().parse().ok()?, scale.trim().parse().ok()?);
                if precision == 0 || precision > 38 || scale > precision {
                    return None;
                }
                Self::Decimal { precision, scale }
            }
        })
    }

    /// The Arrow type.
    pub(super) fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Decimal { precision, scale } => DataType::Decimal128(precision, scale as i8),
            Self::Boolean => DataType::Boolean,
            Self::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Date => DataType::Date32,
        }
    }

    /// Converts texts; a text that is not of the type becomes null, and
    /// `on_fault` hears its row.
    pub(super) fn convert(
        self,
        texts: StringArray,
        mut on_fault: impl FnMut(usize),
    ) -> Result<ArrayRef> {
        let typed: ArrayRef = match self {
            Self::Text => return Ok(Arc::new(texts)),
            Self::Decimal { precision, scale } => {
                let units = texts
                    .iter()
                    .map(|text| exact_units(text?, precision, scale));
                let array = units.collect::<Decimal128Array>();
                Arc::new(
                    array
                        .with_precision_and_scale(precision, scale as i8)
                        .map_err(Error::internal)?,
                )
            }
            _ => {
                let nulls_on_fault = CastOptions {
                    safe: true,
                    ..CastOptions::default()
                };
                cast_with_options(&texts, &self.data_type(), &nulls_on_fault)
                    .map_err(Error::internal)?
            }
        };
        if typed.null_count() > texts.null_count() {
            (0..texts.len())
                .filter(|&row| typed.is_null(row) && texts.is_valid(row))
                .for_each(&mut on_fault);
        }
        Ok(typed)
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Integer => f.write_str("integer"),
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Boolean => f.write_str("boolean"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
        }
    }
}

/// A number's text in units of 10^-scale; `None` when it is no number, or when
/// precision or scale would lose a digit.
fn exact_units(text: &str, precision: u8, scale: u8) -> Option<i128> {
    let (negative, unsigned) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let exponent_at = unsigned.iter().position(|c| matches!(c, b'e' | b'E'));
    let (mantissa, exponent) = match exponent_at {
        Some(at) => (
            &unsigned[..at],
            std::str::from_utf8(&unsigned[at + 1..])
                .ok()?
                .parse::<i32>()
                .ok()?,
        ),
        None => (unsigned, 0),
    };
    let (mut units, mut digits, mut decimals) = (0i128, 0u32, None::<i64>);
    for &c in mantissa {
        match c {
            b'.' if decimals.is_none() => decimals = Some(0),
            b'0'..=b'9' => {
                units = units.checked_mul(10)?.checked_add(i128::from(c - b'0'))?;
                digits += 1;
                decimals = decimals.map(|count| count + 1);
            }
            _ => return None,
        }
    }
    if digits == 0 {
        return None;
    }
    let mut missing = i64::from(scale) - decimals.unwrap_or(0) + i64::from(exponent);
    while missing < 0 && units != 0 {
        if units % 10 != 0 {
            return None;
        }
        (units, missing) = (units / 10, missing + 1);
    }
    if units != 0 {
        units = units.checked_mul(10i128.checked_pow(u32::try_from(missing).ok()?)?)?;
    }
    (units < 10i128.pow(u32::from(precision))).then_some(if negative { -units } else { units })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_column_keeps_every_digit_or_refuses() {
        let check =
            |text: &str, units: Option<i128>| assert_eq!(exact_units(text, 6, 2), units, "{text}");
        check("4.07", Some(407));
        check("-11062.06", None);
        check("-1106.06", Some(-110_606));
        check("4.070", Some(407));
        check("4.071", None);
        check("1e2", Some(10_000));
        check("1500e-3", Some(150));
        check("0e-99", Some(0));
        check("1e99", None);
        check(".5", Some(50));
        for text in ["", ".", "-", "1,5", "NaN", "1.2.3", " 1", "1e"] {
            check(text, None);
        }
    }

    #[test]
    fn a_text_that_is_not_of_the_declared_type_is_a_fault_and_null_is_not() {
        let check = |name: &str, texts: Vec<Option<&str>>, faulty: &[usize]| {
            let mut rows = Vec::new();
            let column = ColumnType::parse(name).expect(name);
            let array = column
                .convert(StringArray::from(texts), |row| rows.push(row))
                .expect(name);
            assert_eq!(
                (array.data_type(), rows.as_slice()),
                (&column.data_type(), faulty),
                "{name}"
            );
        };
        check(
            "decimal(18, 4)",
            vec![Some("1.5"), None, Some("x"), Some("0.00001")],
            &[2, 3],
        );
        check("integer", vec![Some("7"), Some("7.5"), None], &[1]);
        check("boolean", vec![Some("true"), Some("maybe")], &[1]);
        check(
            "timestamp",
            vec![Some("2010-12-01 08:26:00"), Some("then")],
            &[1],
        );
        check("date", vec![Some("2010-12-01"), Some("2010-13-01")], &[1]);
    }
}
