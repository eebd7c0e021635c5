//! Exact values: `Decimal128(25, 9)`, parsed from text and never through f64.
//!
//! It does not do arithmetic beyond what parsing and printing need.

use std::fmt::{self, Write};

/// Digits in all. With 25, DataFusion's `avg` still accumulates in 128 bits.
pub const PRECISION: u8 = 25;
/// Digits after the point.
pub const SCALE: i8 = 9;
/// One, in units of 10^-9.
pub const ONE: i128 = 1_000_000_000;
/// Exclusive bound of a value's magnitude, in units of 10^-9: 10^16.
const LIMIT: i128 = 10i128.pow(25);

/// A metric's value in units of 10^-9, with a magnitude below 10^16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Value(i128);

/// Why a text is not a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// Not a decimal number (NaN and infinities are not).
    #[error("not a number")]
    NotANumber,
    /// Magnitude of 10^16 or more.
    #[error("out of range: the magnitude must be below 10^16")]
    OutOfRange,
}

/// A parsed value and whether digits beyond the ninth were rounded away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parsed {
    /// The nearest value; ties go to the even neighbour.
    pub value: Value,
    /// Whether the text had more than nine decimals that mattered.
    pub rounded: bool,
}

impl Value {
    /// Zero.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(ONE);

    /// Wraps units of 10^-9; `None` when out of range.
    pub fn from_units(units: i128) -> Option<Self> {
        (units.abs() < LIMIT).then_some(Self(units))
    }

    /// The value in units of 10^-9.
    pub fn units(self) -> i128 {
        self.0
    }

    /// Parses a decimal number as JSON writes it: sign, digits, fraction, exponent.
    pub fn parse(text: &str) -> Result<Parsed, ValueError> {
        parse(text.as_bytes())
    }
}

impl fmt::Display for Value {
    /// Canonical text: no trailing zeros, no exponent (`1.0` prints as `1`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&canonical(self.0, SCALE))
    }
}

/// Canonical text of an unscaled decimal: no trailing zeros, no exponent.
pub fn canonical(units: i128, scale: i8) -> String {
    let mut text = String::new();
    push_canonical(&mut text, units, scale);
    text
}

/// Writes [`canonical`] text behind what is there.
pub fn push_canonical(text: &mut String, units: i128, scale: i8) {
    let scale = u32::try_from(scale).unwrap_or(0);
    if units < 0 {
        text.push('-');
    }
    let (units, one) = (units.unsigned_abs(), 10_u128.saturating_pow(scale));
    // Most fit 64 bits, which divide much faster.
    let (whole, fraction) = match (u64::try_from(units), u64::try_from(one)) {
        (Ok(units), Ok(one)) => (u128::from(units / one), u128::from(units % one)),
        _ => (units / one, units % one),
    };
    // Writing to a string cannot fail.
    let _ = match u64::try_from(whole) {
        Ok(whole) => write!(text, "{whole}"),
        Err(_) => write!(text, "{whole}"),
    };
    if fraction > 0 {
        let _ = write!(text, ".{fraction:0>width$}", width = scale as usize);
        text.truncate(text.trim_end_matches('0').len());
    }
}

fn parse(text: &[u8]) -> Result<Parsed, ValueError> {
    let (negative, unsigned) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    let (mantissa, exponent) = split_exponent(unsigned)?;
    let (whole, fraction) = match mantissa.iter().position(|&c| c == b'.') {
        Some(dot) => (&mantissa[..dot], &mantissa[dot + 1..]),
        None => (mantissa, &mantissa[..0]),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(ValueError::NotANumber);
    }
    // The digits' value is whole.fraction × 10^exponent; `kept` of them lie at
    // or above the ninth decimal.
    let kept = whole.len() as i64 + exponent + i64::from(SCALE);
    let mut units: i128 = 0;
    let (mut next_digit, mut sticky) = (0u8, false);
    for (i, &c) in whole.iter().chain(fraction).enumerate() {
        if !c.is_ascii_digit() {
            return Err(ValueError::NotANumber);
        }
        let (i, digit) = (i as i64, c - b'0');
        if i < kept {
            units = units * 10 + i128::from(digit);
            if units >= LIMIT {
                return Err(ValueError::OutOfRange);
            }
        } else if i == kept {
            next_digit = digit;
        } else {
            sticky |= digit != 0;
        }
    }
    let read = (whole.len() + fraction.len()) as i64;
    if units != 0 {
        for _ in read..kept {
            units *= 10;
            if units >= LIMIT {
                return Err(ValueError::OutOfRange);
            }
        }
    }
    let rounded = next_digit != 0 || sticky;
    if next_digit > 5 || (next_digit == 5 && (sticky || units % 2 == 1)) {
        units += 1;
    }
    let value = Value::from_units(if negative { -units } else { units });
    value
        .map(|value| Parsed { value, rounded })
        .ok_or(ValueError::OutOfRange)
}

fn split_exponent(text: &[u8]) -> Result<(&[u8], i64), ValueError> {
    let Some(at) = text.iter().position(|c| matches!(c, b'e' | b'E')) else {
        return Ok((text, 0));
    };
    let exponent = std::str::from_utf8(&text[at + 1..]).map_err(|_| ValueError::NotANumber)?;
    let exponent: i64 = exponent.parse().map_err(|_| ValueError::NotANumber)?;
    // Beyond this every digit is either out of range or rounded away.
    Ok((&text[..at], exponent.clamp(-100_000, 100_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, canonical: &str, rounded: bool) {
        let parsed = Value::parse(text).expect(text);
        assert_eq!(
            (parsed.value.to_string().as_str(), parsed.rounded),
            (canonical, rounded),
            "{text}"
        );
    }

    #[test]
    fn a_number_keeps_every_digit() {
        check("0", "0", false);
        check("-0.0", "0", false);
        check("1.0", "1", false);
        check("4.07", "4.07", false);
        check("-12.500", "-12.5", false);
        check(
            "9999999999999999.999999999",
            "9999999999999999.999999999",
            false,
        );
        check("1e3", "1000", false);
        check("1.5E-3", "0.0015", false);
        check("123456e-12", "0.000000123", true);
    }

    #[test]
    fn more_than_nine_decimals_round_half_to_even() {
        check("0.0000000005", "0", true);
        check("0.0000000015", "0.000000002", true);
        check("0.0000000025", "0.000000002", true);
        check("0.00000000250000000001", "0.000000003", true);
        check("0.1234567890", "0.123456789", false);
        check("1e-400", "0", true);
    }

    #[test]
    fn what_is_no_number_or_too_large_is_refused() {
        for text in [
            "", "-", ".", "NaN", "inf", "1,5", "0x1", "1e", "1e1.5", " 1",
        ] {
            assert_eq!(Value::parse(text), Err(ValueError::NotANumber), "{text:?}");
        }
        for text in [
            "1e16",
            "10000000000000000",
            "-1e400",
            "9999999999999999.9999999999",
        ] {
            assert_eq!(Value::parse(text), Err(ValueError::OutOfRange), "{text:?}");
        }
    }
}
