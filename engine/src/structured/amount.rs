//! One measure of one cell, in parts that add up where the measure does.

use storage_layout::rollup::{RollupError, Stamped};

use crate::dashboard::Exact;

/// What is known of a measure in a cell; units are 10^-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    /// Points.
    Count(i64),
    /// A sum.
    Sum(i128),
    /// A ratio of two sums.
    Quotient(i128, i128),
    /// A sum and the number of its points.
    Mean(i128, i64),
    /// The smallest value.
    Min(i128),
    /// The largest value.
    Max(i128),
    /// The latest value of one series.
    Last(Stamped),
    /// A number that does not follow from those of parts: different values, or
    /// several series combined.
    Whole(Option<Exact>),
}

impl Amount {
    /// Adds another part. Errors: overflow. Two wholes have no sum: the caller
    /// asks for theirs by itself.
    pub(super) fn merge(&mut self, other: Self) -> Result<(), RollupError> {
        let add = |a: i128, b: i128| a.checked_add(b).ok_or(RollupError::Overflow);
        *self = match (*self, other) {
            (Self::Count(a), Self::Count(b)) => Self::Count(a + b),
            (Self::Sum(a), Self::Sum(b)) => Self::Sum(add(a, b)?),
            (Self::Quotient(a, c), Self::Quotient(b, d)) => Self::Quotient(add(a, b)?, add(c, d)?),
            (Self::Mean(a, n), Self::Mean(b, m)) => Self::Mean(add(a, b)?, n + m),
            (Self::Min(a), Self::Min(b)) => Self::Min(a.min(b)),
            (Self::Max(a), Self::Max(b)) => Self::Max(a.max(b)),
            (Self::Last(a), Self::Last(b)) => Self::Last(a.max(b)),
            _ => Self::Whole(None),
        };
        Ok(())
    }

    /// What is left when a part is taken away; `None` where that does not
    /// follow from the two.
    pub(super) fn without(self, part: Self) -> Result<Option<Self>, RollupError> {
        let less = |a: i128, b: i128| a.checked_sub(b).ok_or(RollupError::Overflow);
        Ok(Some(match (self, part) {
            (Self::Count(a), Self::Count(b)) => Self::Count(a - b),
            (Self::Sum(a), Self::Sum(b)) => Self::Sum(less(a, b)?),
            (Self::Quotient(a, c), Self::Quotient(b, d)) => {
                Self::Quotient(less(a, b)?, less(c, d)?)
            }
            (Self::Mean(a, n), Self::Mean(b, m)) => Self::Mean(less(a, b)?, n - m),
            _ => return Ok(None),
        }))
    }

    /// The number; `None` for a ratio over 0.
    pub(super) fn finish(self) -> Result<Option<Exact>, RollupError> {
        match self {
            Self::Count(points) => Ok(Some(Exact::whole(points))),
            Self::Sum(units) | Self::Min(units) | Self::Max(units) => {
                Ok(Some(Exact::from_units(units)))
            }
            Self::Quotient(above, below) => Exact::ratio(above, below),
            Self::Mean(sum, points) => Exact::share(sum, points),
            Self::Last(stamped) => Ok(Some(Exact::from_units(stamped.value))),
            Self::Whole(number) => Ok(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_as_their_kind_does() {
        let merged = |mut a: Amount, b| {
            a.merge(b).expect("small");
            a.finish().expect("small").map(|e| e.to_string())
        };
        let unit = 1_000_000_000;
        let ratio = merged(
            Amount::Quotient(unit, 4 * unit),
            Amount::Quotient(2 * unit, 2 * unit),
        );
        assert_eq!(ratio.as_deref(), Some("0.5"), "a ratio of sums");
        let mean = merged(Amount::Mean(unit, 1), Amount::Mean(2 * unit, 3));
        assert_eq!(mean.as_deref(), Some("0.75"));
        assert_eq!(
            merged(
                Amount::Whole(Some(Exact::whole(3))),
                Amount::Whole(Some(Exact::whole(4)))
            ),
            None,
            "different values of two parts may be the same"
        );
    }

    #[test]
    fn what_is_left_is_the_rest() {
        let rest = Amount::Sum(5).without(Amount::Sum(3)).expect("small");
        assert_eq!(rest, Some(Amount::Sum(2)));
        assert_eq!(Amount::Min(5).without(Amount::Min(3)).expect("small"), None);
    }
}
