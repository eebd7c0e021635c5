//! How fast work in the background may read and write, so that queries keep
//! their speed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Hands out bytes at a steady rate. Cheap to clone; clones share the rate.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    bytes_per_second: u64,
    /// When all bytes that were handed out will have been due.
    paid_until: Arc<Mutex<Instant>>,
}

impl Pace {
    /// `None`: as fast as it goes.
    pub(super) fn new(bytes_per_second: Option<u64>) -> Option<Self> {
        bytes_per_second.map(|rate| Self {
            bytes_per_second: rate.max(1),
            paid_until: Arc::new(Mutex::new(Instant::now())),
        })
    }

    /// How long to wait before these bytes may be moved.
    pub(super) fn wait_for(&self, bytes: u64, now: Instant) -> Duration {
        let mut until = self
            .paid_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let wait = until.saturating_duration_since(now);
        let takes = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        *until = (*until).max(now) + takes;
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_paid_for_before_the_next_ones() {
        assert!(Pace::new(None).is_none());
        let pace = Pace::new(Some(1_000)).expect("a rate");
        let now = Instant::now() + Duration::from_secs(1);
        assert_eq!(pace.wait_for(500, now), Duration::ZERO);
        assert_eq!(pace.wait_for(2_000, now), Duration::from_millis(500));
        assert_eq!(pace.clone().wait_for(1, now), Duration::from_millis(2_500));
        let later = now + Duration::from_secs(60);
        assert_eq!(pace.wait_for(1, later), Duration::ZERO);
    }
}
