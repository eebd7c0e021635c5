//! Exact numbers of a dashboard: 10^-9 units in 128 bits, checked.
//!
//! Sums outgrow the range of one point's value, so this is not [`Value`].
//!
//! [`Value`]: storage_layout::Value

use std::fmt;

use storage_layout::decimal::{ONE, SCALE, canonical};
use storage_layout::rollup::RollupError;

/// An exact number in units of 10^-9. What overflows errs, it never wraps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Exact(i128);

impl Exact {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// Wraps units of 10^-9.
    pub fn from_units(units: i128) -> Self {
        Self(units)
    }

    /// A whole number, such as a count.
    pub fn whole(number: i64) -> Self {
        Self(i128::from(number) * ONE)
    }

    /// The number in units of 10^-9.
    pub fn units(self) -> i128 {
        self.0
    }

    /// `numerator / denominator` (both in the same unit) to nine decimals, ties
    /// to the even neighbour; `None` when the denominator is 0.
    pub fn ratio(numerator: i128, denominator: i128) -> Result<Option<Self>, RollupError> {
        if denominator == 0 {
            return Ok(None);
        }
        let negative = (numerator < 0) != (denominator < 0);
        let (n, d) = (numerator.unsigned_abs(), denominator.unsigned_abs());
        let units = long_division(n, d)
            .and_then(|units| i128::try_from(units).ok())
            .ok_or(RollupError::Overflow)?;
        Ok(Some(Self(if negative { -units } else { units })))
    }

    /// `units` (of 10^-9) divided into `parts` equal parts, rounded as [`Self::ratio`].
    pub(crate) fn share(units: i128, parts: i64) -> Result<Option<Self>, RollupError> {
        let parts = i128::from(parts)
            .checked_mul(ONE)
            .ok_or(RollupError::Overflow)?;
        Self::ratio(units, parts)
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Result<Self, RollupError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(RollupError::Overflow)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Result<Self, RollupError> {
        self.0
            .checked_sub(other.0)
            .map(Self)
            .ok_or(RollupError::Overflow)
    }

    /// What this change is in per cent of the magnitude of `base`, so that a
    /// loss that shrinks is a gain; `None` when the base is 0.
    pub fn percent_of(self, base: Self) -> Result<Option<Self>, RollupError> {
        let hundredfold = self.0.checked_mul(100).ok_or(RollupError::Overflow)?;
        Self::ratio(
            hundredfold,
            base.0.checked_abs().ok_or(RollupError::Overflow)?,
        )
    }
}

impl fmt::Display for Exact {
    /// Canonical text: no trailing zeros, no exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&canonical(self.0, SCALE))
    }
}

/// Digit by digit, so that no intermediate product needs more than 128 bits.
fn long_division(n: u128, d: u128) -> Option<u128> {
    let (mut units, mut rest) = (n / d, n % d);
    for _ in 0..SCALE {
        rest = rest.checked_mul(10)?;
        units = units.checked_mul(10)?.checked_add(rest / d)?;
        rest %= d;
    }
    let twice = rest.checked_mul(2)?;
    let up = twice > d || (twice == d && units % 2 == 1);
    units.checked_add(u128::from(up))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_has_nine_decimals_and_rounds_half_to_even() {
        let text = |n, d| Exact::ratio(n, d).expect("fits").map(|e| e.to_string());
        assert_eq!(text(1, 3).as_deref(), Some("0.333333333"));
        assert_eq!(text(-2, 3).as_deref(), Some("-0.666666667"));
        assert_eq!(text(1, 2_000_000_000).as_deref(), Some("0"));
        assert_eq!(text(3, 2_000_000_000).as_deref(), Some("0.000000002"));
        assert_eq!(text(7, 0), None);
    }

    #[test]
    fn a_share_rounds_half_to_even() {
        for (units, parts, share) in [
            (5, 2, 2),
            (7, 2, 4),
            (-5, 2, -2),
            (-7, 2, -4),
            (10, 3, 3),
            (-11, 3, -4),
            (11, -3, -4),
        ] {
            let found = Exact::share(units, parts).expect("fits");
            assert_eq!(found, Some(Exact::from_units(share)), "{units}/{parts}");
        }
        assert_eq!(Exact::share(1, 0).expect("fits"), None);
    }

    #[test]
    fn parts_that_are_large_have_a_ratio_all_the_same() {
        let large = 10_i128.pow(33);
        let half = Exact::ratio(large, 2 * large).expect("fits");
        assert_eq!(half, Some(Exact::from_units(500_000_000)));
    }

    #[test]
    fn what_leaves_128_bits_errs() {
        assert!(
            Exact::from_units(i128::MAX)
                .plus(Exact::from_units(1))
                .is_err()
        );
        assert!(Exact::ratio(i128::MAX, 1).is_err());
        assert!(
            Exact::from_units(i128::MAX)
                .percent_of(Exact::whole(1))
                .is_err()
        );
    }

    #[test]
    fn a_change_is_in_per_cent_of_the_magnitude() {
        let percent = |change, base| {
            Exact::whole(change)
                .percent_of(Exact::whole(base))
                .expect("fits")
                .map(|e| e.to_string())
        };
        assert_eq!(percent(5, 20).as_deref(), Some("25"));
        assert_eq!(percent(5, -20).as_deref(), Some("25"));
        assert_eq!(percent(5, 0), None);
    }
}
