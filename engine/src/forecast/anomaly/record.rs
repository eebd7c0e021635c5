//! The largest of the last values, in little memory.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// The maximum of a sliding window: only values that may still become the
/// maximum are kept, which for noise is about the logarithm of the window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    window: u64,
    seen: u64,
    /// Places and values, falling.
    kept: VecDeque<(u64, f64)>,
}

impl Record {
    pub(super) fn over(window: u64) -> Self {
        Self {
            window,
            seen: 0,
            kept: VecDeque::new(),
        }
    }

    /// The largest of the last `window` values; none before the first.
    pub(super) fn largest(&self) -> Option<f64> {
        self.kept.front().map(|(_, v)| *v)
    }

    /// How many values were pushed.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// How many of them the window holds.
    pub(super) fn held(&self) -> u64 {
        self.seen.min(self.window)
    }

    pub(super) fn push(&mut self, value: f64) {
        while self.kept.back().is_some_and(|(_, v)| *v <= value) {
            self.kept.pop_back();
        }
        self.kept.push_back((self.seen, value));
        self.seen += 1;
        while self
            .kept
            .front()
            .is_some_and(|(at, _)| at + self.window < self.seen)
        {
            self.kept.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_leaves_with_its_window() {
        let values: Vec<f64> = (0..400_u32).map(|i| f64::from(i * 7919 % 101)).collect();
        let mut record = Record::over(25);
        assert_eq!(record.largest(), None);
        for end in 1..=values.len() {
            record.push(values[end - 1]);
            let slow = values[end.saturating_sub(25)..end]
                .iter()
                .copied()
                .fold(f64::MIN, f64::max);
            assert_eq!(record.largest(), Some(slow));
        }
    }
}
