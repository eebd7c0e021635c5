//! The numbers of one cell, and how two cells become one.
//!
//! All sums are exact and checked: they err rather than wrap.

/// One value with the order that tells first from last: by time, then by commit,
/// then by value, so that the same points have one first and one last however
/// they lie in files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamped {
    /// When it was recorded, microseconds since 1970, UTC.
    pub recorded_at_us: i64,
    /// The commit that brought it.
    pub commit_version: i64,
    /// The value in units of 10^-9.
    pub value: i128,
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

    /// Adds other points; in which order points are added makes no difference.
    pub fn merge(&mut self, other: &Self) -> Result<(), RollupError> {
        self.merge_sums(other)?;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        Ok(())
    }

    /// Adds the count and the sums of other points and leaves bounds, first and
    /// last as they were: for answers of sums alone, which it halves the time of.
    pub fn merge_sums(&mut self, other: &Self) -> Result<(), RollupError> {
        let add = |a: i128, b: i128| a.checked_add(b).ok_or(RollupError::Overflow);
        self.count += other.count;
        self.sum = add(self.sum, other.sum)?;
        self.numerator = add(self.numerator, other.numerator)?;
        self.denominator = add(self.denominator, other.denominator)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sequence that looks random (Knuth's constants).
    fn below(state: &mut u64, most: u64) -> u64 {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % most
    }

    fn merged(parts: &[Measures]) -> Measures {
        let mut parts = parts.iter();
        let mut sum = *parts.next().expect("a part");
        parts.for_each(|part| sum.merge(part).expect("small sums"));
        sum
    }

    #[test]
    fn the_same_points_have_one_first_and_one_last_however_they_lie_in_files() {
        let dice = &mut 17;
        for round in 0..500 {
            // Few times, commits and values, so that nearly all tie.
            let mut points: Vec<Measures> = (0..=below(dice, 12))
                .map(|_| Stamped {
                    recorded_at_us: below(dice, 2) as i64,
                    commit_version: below(dice, 2) as i64,
                    value: i128::from(below(dice, 4)) - 2,
                })
                .map(|point| Measures::of(point, 1, 2))
                .collect();
            let expected = merged(&points);
            let stamps = points.iter().map(|point| point.first);
            assert_eq!(Some(expected.first), stamps.clone().min(), "{round}");
            assert_eq!(Some(expected.last), stamps.max(), "{round}");
            for _ in 0..5 {
                for at in (1..points.len()).rev() {
                    points.swap(at, below(dice, at as u64 + 1) as usize);
                }
                let rows = 1 + below(dice, points.len() as u64) as usize;
                let files: Vec<Measures> = points.chunks(rows).map(merged).collect();
                assert_eq!(merged(&files), expected, "{round}, {rows} rows a file");
            }
        }
    }
}
