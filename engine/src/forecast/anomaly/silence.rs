//! A metric that stopped coming.

use serde::{Deserialize, Serialize};

use super::record::Record;

/// Fewer gaps than this say nothing of the next one.
const LEAST_GAPS: u64 = 10;
/// So many gaps are remembered.
const REMEMBERED: u64 = 5_000;
/// Silent from this many times the longest remembered gap.
const TIMES_LONGEST: f64 = 2.0;

/// When values of a metric come. A metric that sleeps at night has long gaps
/// each night, and is not called silent for them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    last: Option<i64>,
    gaps: Record,
}

impl Default for Silence {
    fn default() -> Self {
        Self {
            last: None,
            gaps: Record::over(REMEMBERED),
        }
    }
}

impl Silence {
    /// A value came, at a time in seconds. Late ones change nothing.
    pub fn arrived(&mut self, at_seconds: i64) {
        if let Some(last) = self.last {
            if at_seconds <= last {
                return;
            }
            self.gaps.push((at_seconds - last) as f64);
        }
        self.last = Some(at_seconds);
    }

    /// From when on the metric is silent if nothing comes, seconds; none while
    /// too little is known.
    pub fn due(&self) -> Option<i64> {
        if self.gaps.seen() < LEAST_GAPS {
            return None;
        }
        let patience = (self.gaps.largest()? * TIMES_LONGEST).ceil();
        Some(self.last?.saturating_add(patience as i64))
    }

    /// Whether the metric is silent by now.
    pub fn is_silent(&self, now_seconds: i64) -> bool {
        self.due().is_some_and(|due| now_seconds > due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_are_no_silence_and_days_are() {
        let mut silence = Silence::default();
        for day in 0..10 {
            for hour in 8..20 {
                silence.arrived((day * 24 + hour) * 3_600);
            }
        }
        let last = (9 * 24 + 19) * 3_600;
        assert!(!silence.is_silent(last + 13 * 3_600));
        assert!(silence.is_silent(last + 27 * 3_600));
    }

    #[test]
    fn little_is_not_called_silent() {
        let mut silence = Silence::default();
        for t in 0..5 {
            silence.arrived(t);
        }
        assert!(!silence.is_silent(1_000_000));
    }
}
