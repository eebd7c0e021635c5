//! The numbers of one cell, and how two cells become one.
//!
//! All sums are exact and checked: they err rather than wrap.

/// One value with the order that breaks ties for first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamped {
    /// When it was recorded, microseconds since 1970, UTC.
    pub recorded_at_us: i64,
    /// The commit that brought it.
    pub commit_version: i64,
    /// The value in units of 10^-9.
    pub value: i128,
}

impl Stamped {
    fn order(&self) -> (i64, i64) {
        (self.recorded_at_us, self.commit_version)
    }
}

/// Partial aggregates of a set of points, in units of 10^-9. Never empty: a
/// cell without points does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measures {
    /// Number of points.
    pub count: i64,
    /// Sum of the values.
    pub sum: i128,
    /// Smallest value.
    pub min: i128,
    /// Largest value.
    pub max: i128,
    /// The earliest value.
    pub first: Stamped,
    /// The latest value.
    pub last: Stamped,
    /// Sum of the ratio's numerator; 0 for other kinds.
    pub numerator: i128,
    /// Sum of the ratio's denominator; 0 for other kinds.
    pub denominator: i128,
}

/// Why partials could not be made, merged or read.
#[derive(Debug, thiserror::Error)]
pub enum RollupError {
    /// A sum left 128 bits.
    #[error("a sum is too large to be exact")]
    Overflow,
    /// The stored bytes are of a format that this program does not read: they
    /// are made again from the rows.
    #[error("stored partials are of format {0}")]
    OtherFormat(u8),
    /// The stored bytes are not partials.
    #[error("stored partials cannot be read: {0}")]
    Corrupt(String),
}

impl Measures {
    /// The measures of a single point.
    pub fn of(point: Stamped, numerator: i128, denominator: i128) -> Self {
        Self {
            count: 1,
            sum: point.value,
            min: point.value,
            max: point.value,
            first: point,
            last: point,
            numerator,
            denominator,
        }
    }

    /// Adds later rows (or a later file): ties for first keep what is here,
    /// ties for last take what comes.
    pub fn merge(&mut self, later: &Self) -> Result<(), RollupError> {
        let add = |a: i128, b: i128| a.checked_add(b).ok_or(RollupError::Overflow);
        self.count += later.count;
        self.sum = add(self.sum, later.sum)?;
        self.numerator = add(self.numerator, later.numerator)?;
        self.denominator = add(self.denominator, later.denominator)?;
        self.min = self.min.min(later.min);
        self.max = self.max.max(later.max);
        if later.first.order() < self.first.order() {
            self.first = later.first;
        }
        if later.last.order() >= self.last.order() {
            self.last = later.last;
        }
        Ok(())
    }
}
