//! How fast a sender must be: one that drips holds room that others wait for.

use std::time::Duration;

/// Time that a sender has before its pace counts.
const GRACE: Duration = Duration::from_secs(10);
/// Bytes in a second that the slowest of connections still brings.
const LEAST_BYTES_PER_SECOND: u64 = 2 * 1024;

/// What a sender has brought, and how long it was waited for. Time that the
/// server takes is not counted.
#[derive(Debug, Default)]
pub(super) struct Tempo {
    bytes: u64,
    waited: Duration,
}

impl Tempo {
    /// A piece came after it was waited for.
    pub(super) fn piece(&mut self, bytes: usize, waited: Duration) {
        self.bytes += bytes as u64;
        self.waited += waited;
    }

    /// Whether the sender holds up others by its pace.
    pub(super) fn is_too_slow(&self) -> bool {
        self.waited > GRACE && self.bytes < self.waited.as_secs() * LEAST_BYTES_PER_SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_drips_is_too_slow_and_who_pauses_is_not() {
        let second = Duration::from_secs(1);
        let mut drips = Tempo::default();
        for _ in 0..10 {
            drips.piece(1, second);
            assert!(!drips.is_too_slow(), "the first seconds are free");
        }
        drips.piece(1, second);
        assert!(drips.is_too_slow());
        let mut pauses = Tempo::default();
        pauses.piece(100_000, second);
        pauses.piece(1, 20 * second);
        assert!(!pauses.is_too_slow());
    }
}
