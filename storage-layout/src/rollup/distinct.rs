//! How many different values there are, approximately: HyperLogLog, sparse
//! while there are few.

use std::fmt;

use datasketches::hll::{HllSketch, HllType, HllUnion};

use super::RollupError;

/// 2^14 registers.
const LG_REGISTERS: u8 = 14;

/// The relative standard error of a count: 1.04 / sqrt(2^14), rounded up
/// (Flajolet, Fusy, Gandouet, Meunier: "HyperLogLog", 2007). About two of three
/// counts are nearer than this, 99 of 100 nearer than three times this. Counts
/// of some hundred values are nearly exact.
pub const DISTINCT_ERROR: f64 = 0.0082;

/// A HyperLogLog sketch of texts.
#[derive(Clone)]
pub struct Distinct(HllUnion);

impl Default for Distinct {
    fn default() -> Self {
        #[expect(
            clippy::expect_used,
            reason = "it fails for numbers outside 4 to 21 alone, and this is a constant"
        )]
        let empty = HllUnion::new(LG_REGISTERS).expect("a valid number of registers");
        Self(empty)
    }
}

impl Distinct {
    /// Adds a value.
    pub fn add(&mut self, value: &str) {
        self.0.update_value(value);
    }

    /// Adds another sketch. The order of merging changes no count.
    pub fn merge(&mut self, other: &Self) {
        self.0.update(&other.0.to_sketch(HllType::Hll8));
    }

    /// How many different values were added, rounded.
    pub fn count(&self) -> i64 {
        // The estimate by the registers alone: the other one depends on the
        // order in which values came.
        self.0.composite_estimate().round() as i64
    }

    /// About how much memory it takes, bytes.
    pub fn size_bytes(&self) -> usize {
        self.0.estimated_size()
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.to_sketch(HllType::Hll8).serialize()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, RollupError> {
        let sketch = HllSketch::deserialize(bytes)
            .map_err(|e| RollupError::Corrupt(format!("a distinct sketch: {e}")))?;
        let mut distinct = Self::default();
        distinct.0.update(&sketch);
        Ok(distinct)
    }
}

impl fmt::Debug for Distinct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Distinct").field(&self.count()).finish()
    }
}

impl PartialEq for Distinct {
    fn eq(&self, other: &Self) -> bool {
        self.count() == other.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: std::ops::Range<u32>) -> Distinct {
        let mut sketch = Distinct::default();
        values.for_each(|v| sketch.add(&format!("customer-{v}")));
        sketch
    }

    #[test]
    fn a_count_is_near_and_of_few_values_exact() {
        for values in [0_u32, 1, 7, 100, 5_000, 100_000] {
            let count = of(0..values).count();
            let off = (count - i64::from(values)).abs() as f64;
            assert!(
                off <= f64::from(values) * 3.0 * DISTINCT_ERROR,
                "{count} for {values}"
            );
        }
        assert_eq!(of(0..100).count(), 100);
    }

    #[test]
    fn merging_in_any_order_and_storing_change_no_count() {
        let parts = [of(0..40), of(20..3_000), of(2_000..60_000), of(100..101)];
        let merged = |order: [usize; 4]| {
            let mut sketch = Distinct::default();
            for at in order {
                let stored = Distinct::from_bytes(&parts[at].to_bytes()).expect("bytes");
                sketch.merge(&stored);
            }
            sketch.count()
        };
        let one = merged([0, 1, 2, 3]);
        assert_eq!(one, of(0..60_000).count());
        for order in [[3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 2, 0]] {
            assert_eq!(merged(order), one, "{order:?}");
        }
        assert!(Distinct::from_bytes(b"none").is_err());
    }
}
