//! A DDSketch: quantiles within one per cent of the value.
//!
//! Masson, Rim, Lee: "DDSketch: a fast and fully-mergeable quantile sketch with
//! relative-error guarantees", VLDB 2019. Buckets are never collapsed: values
//! span 25 decades, which are fewer than 6,000 buckets, so merging in any order
//! gives the same sketch.

use std::collections::BTreeMap;

use super::RollupError;
use crate::decimal::ONE;

/// How far a quantile may be from the true value, as a part of that value.
pub const QUANTILE_ERROR: f64 = 0.01;

/// The base of the buckets' bounds.
const GAMMA: f64 = (1.0 + QUANTILE_ERROR) / (1.0 - QUANTILE_ERROR);

/// Bytes of one stored bucket.
const BUCKET_BYTES: usize = 12;

/// Counts of values in buckets whose bounds grow by two per cent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// Count by bucket: 0 is zero, `n` holds magnitudes up to gamma^(n-1) units
    /// of 10^-9, `-n` the same of negative values.
    buckets: BTreeMap<i32, u64>,
}

impl Quantiles {
    /// Adds a value in units of 10^-9.
    pub fn add(&mut self, units: i128) {
        *self.buckets.entry(bucket(units)).or_default() += 1;
    }

    /// Adds another sketch.
    pub fn merge(&mut self, other: &Self) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// The value below which this part (0 to 1) of all values lies; `None`
    /// without values. Within [`QUANTILE_ERROR`] of the value at rank
    /// `floor(part * (count - 1))`.
    pub fn quantile(&self, part: f64) -> Option<f64> {
        let count = self.count();
        let rank = (part.clamp(0.0, 1.0) * count.saturating_sub(1) as f64) as u64;
        let mut below = 0;
        let at = self.buckets.iter().find(|(_, count)| {
            below += **count;
            below > rank
        });
        at.map(|(bucket, _)| value(*bucket))
    }

    /// About how much memory it takes, bytes.
    pub fn size_bytes(&self) -> usize {
        self.buckets.len() * 2 * BUCKET_BYTES
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * BUCKET_BYTES);
        for (bucket, count) in &self.buckets {
            bytes.extend_from_slice(&bucket.to_le_bytes());
            bytes.extend_from_slice(&count.to_le_bytes());
        }
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, RollupError> {
        let (buckets, rest) = bytes.as_chunks::<BUCKET_BYTES>();
        if !rest.is_empty() {
            return Err(RollupError::Corrupt("a quantile sketch is cut".into()));
        }
        let bucket = |b: &[u8; BUCKET_BYTES]| {
            let [b0, b1, b2, b3, count @ ..] = *b;
            (
                i32::from_le_bytes([b0, b1, b2, b3]),
                u64::from_le_bytes(count),
            )
        };
        Ok(Self {
            buckets: buckets.iter().map(bucket).collect(),
        })
    }
}

fn bucket(units: i128) -> i32 {
    if units == 0 {
        return 0;
    }
    let magnitude = units.unsigned_abs() as f64;
    let number = (magnitude.ln() / GAMMA.ln()).ceil() as i32 + 1;
    if units < 0 { -number } else { number }
}

/// The value that is at most [`QUANTILE_ERROR`] from all of a bucket.
fn value(bucket: i32) -> f64 {
    if bucket == 0 {
        return 0.0;
    }
    let upper = GAMMA.powi(bucket.abs() - 1);
    let middle = 2.0 * upper / (GAMMA + 1.0) / ONE as f64;
    if bucket < 0 { -middle } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values over many magnitudes, both signs, and zeros.
    fn values() -> Vec<i128> {
        let mut state = 7_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state >> 33
        };
        (0..5_000)
            .map(|_| {
                let magnitude = 10_i128.pow((next() % 24) as u32) * i128::from(next() % 97);
                if next() % 3 == 0 {
                    -magnitude
                } else {
                    magnitude
                }
            })
            .collect()
    }

    #[test]
    fn a_quantile_is_within_one_per_cent_of_the_value_at_its_rank() {
        let mut values = values();
        let mut sketch = Quantiles::default();
        values.iter().for_each(|v| sketch.add(*v));
        values.sort_unstable();
        for part in [0.0, 0.01, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0] {
            let rank = (part * (values.len() - 1) as f64) as usize;
            let exact = values[rank] as f64 / 1e9;
            let found = sketch.quantile(part).expect("values");
            assert!(
                (found - exact).abs() <= exact.abs() * (QUANTILE_ERROR + 1e-9),
                "{part}: {found} for {exact}"
            );
        }
    }

    #[test]
    fn merging_in_any_order_and_storing_change_nothing() {
        let values = values();
        let part = |at: usize| {
            let mut sketch = Quantiles::default();
            values
                .iter()
                .skip(at)
                .step_by(3)
                .for_each(|v| sketch.add(*v));
            sketch
        };
        let merged = |order: [usize; 3]| {
            let mut sketch = Quantiles::default();
            for at in order {
                sketch.merge(&part(at));
            }
            sketch
        };
        let one = merged([0, 1, 2]);
        assert_eq!(one, merged([2, 0, 1]));
        assert_eq!(one.count(), 5_000);
        assert_eq!(Quantiles::from_bytes(&one.to_bytes()).expect("bytes"), one);
        assert!(Quantiles::from_bytes(&[1, 2, 3]).is_err());
    }
}
