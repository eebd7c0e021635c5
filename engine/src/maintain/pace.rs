//! How fast work in the background may read and write, so that queries keep
//! their speed.
//!
//! Flushes go first: what they do not use is for all other work. While both
//! have much to do, a quarter stays for the other work.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Hands out bytes at a steady rate. Cheap to clone; clones share the rate.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    bytes_per_second: u64,
    lane: Lane,
    paid: Arc<Mutex<Paid>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lane {
    Flush,
    Other,
}

/// When the bytes that were handed out will have been due.
#[derive(Debug)]
struct Paid {
    /// Those of flushes.
    flush: Instant,
    /// Those of all work, which other work waits for.
    all: Instant,
    /// Until when other work has something to do, as far as is known.
    other_at_work: Instant,
}

impl Pace {
    /// `None`: as fast as it goes.
    pub(super) fn new(bytes_per_second: Option<u64>) -> Option<Self> {
        let now = Instant::now();
        bytes_per_second.map(|rate| Self {
            bytes_per_second: rate.max(1),
            lane: Lane::Other,
            paid: Arc::new(Mutex::new(Paid {
                flush: now,
                all: now,
                other_at_work: now,
            })),
        })
    }

    /// The same rate for flushes.
    pub(super) fn of_flush(&self) -> Self {
        Self {
            lane: Lane::Flush,
            ..self.clone()
        }
    }

    /// How long to wait before these bytes may be moved.
    pub(super) fn wait_for(&self, bytes: u64, now: Instant) -> Duration {
        let mut paid = self.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let takes = Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64);
        let until = match self.lane {
            Lane::Flush => paid.flush,
            Lane::Other => paid.all,
        };
        paid.all = paid.all.max(now) + takes;
        match self.lane {
            Lane::Flush if paid.other_at_work > now => {
                paid.flush = until.max(now) + takes * 4 / 3;
            }
            Lane::Flush => paid.flush = until.max(now) + takes,
            Lane::Other => paid.other_at_work = paid.all,
        }
        until.saturating_duration_since(now)
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

    /// Bytes that each lane moves in so many seconds, in pieces of a tenth of
    /// a second's.
    fn moved(lanes: &[&Pace], seconds: u64) -> Vec<u64> {
        let begin = Instant::now() + Duration::from_secs(60);
        let end = begin + Duration::from_secs(seconds);
        let mut next = vec![begin; lanes.len()];
        let mut bytes = vec![0; lanes.len()];
        while let Some((at, lane)) = (0..lanes.len()).map(|lane| (next[lane], lane)).min()
            && at < end
        {
            next[lane] = at + lanes[lane].wait_for(100, at);
            if next[lane] < end {
                bytes[lane] += 100;
            }
        }
        bytes
    }

    #[test]
    fn a_flush_goes_first_and_leaves_a_quarter() {
        let pace = Pace::new(Some(1_000)).expect("a rate");
        let flush = pace.of_flush();
        let near = |bytes: u64, expected: u64| bytes.abs_diff(expected) <= expected / 10;
        let alone = moved(&[&flush], 60);
        assert!(near(alone[0], 60_000), "{alone:?}");
        let pace = Pace::new(Some(1_000)).expect("a rate");
        let alone = moved(&[&pace], 60);
        assert!(near(alone[0], 60_000), "{alone:?}");
        let pace = Pace::new(Some(1_000)).expect("a rate");
        let both = moved(&[&pace.of_flush(), &pace, &pace], 60);
        assert!(near(both[0], 45_000), "{both:?}");
        assert!(near(both[1] + both[2], 15_000), "{both:?}");
    }
}
