//! How many queries a tenant may begin in a second, on this server.
//!
//! A bucket for each tenant, that holds one second's worth and fills as time
//! goes by. Own code: the limits are each tenant's and change while servers
//! run, where `governor` has one quota for all keys of a limiter.

use std::time::{Duration, Instant};

use moka::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};
use storage_layout::TenantId;

/// Tenants that are remembered; one that is not begins with a full bucket.
const TENANTS: u64 = 100_000;

/// A bucket is full again after a second without use.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(10);

/// The buckets of one process; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    buckets: Cache<TenantId, Arc<Mutex<Bucket>>>,
}

/// What a tenant may still begin, and as of when.
#[derive(Debug)]
struct Bucket {
    queries: f64,
    at: Instant,
}

impl Bucket {
    fn take(&mut self, per_second: f64, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.queries = (self.queries + passed * per_second).min(per_second);
        self.at = now;
        if self.queries >= 1.0 {
            self.queries -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.queries) / per_second))
    }
}

impl Rates {
    pub(crate) fn new() -> Self {
        let buckets = Cache::builder()
            .max_capacity(TENANTS)
            .time_to_idle(FORGOTTEN_AFTER)
            .build();
        Self { buckets }
    }

    /// Lets the tenant begin a query, or says in how long it may.
    pub(crate) fn take(
        &self,
        tenant: &TenantId,
        per_second: u64,
        now: Instant,
    ) -> Result<(), Duration> {
        let per_second = per_second.clamp(1, 1_000_000) as f64;
        let full = || {
            let queries = per_second;
            Arc::new(Mutex::new(Bucket { queries, at: now }))
        };
        let bucket = self.buckets.get_with_by_ref(tenant, full);
        let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
        bucket.take(per_second, now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    #[test]
    fn a_second_holds_so_many_queries_and_no_more_whoever_else_asks() {
        let rates = Rates::new();
        let (a, b) = (TenantId::new("a").unwrap(), TenantId::new("b").unwrap());
        let start = Instant::now();
        let mut begun = 0;
        for ms in 0..2_000 {
            let now = start + Duration::from_millis(ms);
            begun += u32::from(rates.take(&a, 10, now).is_ok());
        }
        // The bucket's ten, and ten in each of two seconds.
        assert!((29..=30).contains(&begun), "{begun}");
        let end = start + Duration::from_secs(2);
        let wait = rates
            .take(&a, 10, end - Duration::from_millis(1))
            .unwrap_err();
        assert!(wait <= Duration::from_millis(100), "{wait:?}");
        assert!(rates.take(&b, 10, end).is_ok());
    }

    #[test]
    fn a_changed_limit_holds_at_once() {
        let rates = Rates::new();
        let tenant = TenantId::new("a").unwrap();
        let now = Instant::now();
        for _ in 0..100 {
            rates.take(&tenant, 100, now).unwrap();
        }
        rates.take(&tenant, 100, now).unwrap_err();
        let later = now + Duration::from_millis(500);
        rates.take(&tenant, 2, later).unwrap();
        rates.take(&tenant, 2, later).unwrap_err();
    }
}
