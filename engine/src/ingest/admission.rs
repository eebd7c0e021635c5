//! How much may be on its way in at one time, counted as it arrives.
//!
//! A body costs memory from its first byte until its commit: the text, the
//! columns, the encoded file. Past the budget a sender waits, which stops it
//! from sending on, and is then told to come back. No tenant gets more than
//! half, so one that floods, or sends slowly, leaves room for the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use storage_layout::TenantId;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::error::{Error, Result};

/// Bytes of bodies on their way in. A point takes about six times its text
/// until it is committed.
const BUDGET_BYTES: usize = 64 << 20;
/// Of one tenant.
const TENANT_BYTES: usize = BUDGET_BYTES / 2;
/// How long a sender waits for room.
const PATIENCE: Duration = Duration::from_secs(5);
/// When a sender that found none should try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The budget; cheap to clone.
#[derive(Debug, Clone)]
pub struct Admission {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    patience: Duration,
    used: Mutex<Used>,
    released: Notify,
}

#[derive(Debug, Default)]
struct Used {
    total: usize,
    tenants: HashMap<TenantId, usize>,
}

/// Room that a body takes, given back when dropped.
#[derive(Debug)]
pub struct Admitted {
    admission: Admission,
    tenant: TenantId,
    bytes: usize,
}

impl Default for Admission {
    fn default() -> Self {
        Self::with_patience(PATIENCE)
    }
}

impl Admission {
    fn with_patience(patience: Duration) -> Self {
        let (used, released) = (Mutex::default(), Notify::new());
        Self {
            inner: Arc::new(Inner {
                patience,
                used,
                released,
            }),
        }
    }

    /// Room for a body of `tenant` that has no bytes yet.
    pub fn body(&self, tenant: &TenantId) -> Admitted {
        Admitted {
            admission: self.clone(),
            tenant: tenant.clone(),
            bytes: 0,
        }
    }

    /// Takes the bytes, or says that there is no room. A lone body larger than
    /// the budget is let through: its own limit bounds it.
    fn take(&self, tenant: &TenantId, own: usize, bytes: usize) -> bool {
        let mut used = self
            .inner
            .used
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let of_tenant = used.tenants.get(tenant).copied().unwrap_or_default();
        let alone = of_tenant == own;
        let tenant_fits = alone || of_tenant + bytes <= TENANT_BYTES;
        let total_fits = used.total == own || used.total + bytes <= BUDGET_BYTES;
        if !(tenant_fits && total_fits) {
            return false;
        }
        used.total += bytes;
        *used.tenants.entry(tenant.clone()).or_default() += bytes;
        true
    }
}

impl Admitted {
    /// Makes room for bytes that have arrived, waiting for a while. Errors:
    /// `Unavailable` when none becomes free.
    pub async fn grow(&mut self, bytes: usize) -> Result<()> {
        let until = Instant::now() + self.admission.inner.patience;
        loop {
            // Registered before the look, so that a release between is seen.
            let released = self.admission.inner.released.notified();
            if self.admission.take(&self.tenant, self.bytes, bytes) {
                self.bytes += bytes;
                return Ok(());
            }
            if tokio::time::timeout_at(until, released).await.is_err() {
                return Err(Error::Unavailable {
                    message: "more points are on their way in than can be taken; nothing of this body was kept".into(),
                    retry_after: RETRY_AFTER,
                });
            }
        }
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let inner = &self.admission.inner;
        let mut used = inner.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.total -= self.bytes;
        if let Some(left) = used.tenants.get_mut(&self.tenant) {
            *left -= self.bytes;
            if *left == 0 {
                used.tenants.remove(&self.tenant);
            }
        }
        drop(used);
        inner.released.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn tenant(name: &str) -> TenantId {
        TenantId::new(name).unwrap()
    }

    #[tokio::test]
    async fn a_tenant_gets_half_and_the_other_half_stays_for_others() {
        let admission = Admission::with_patience(Duration::from_millis(10));
        let (mut first, mut second) = (admission.body(&tenant("a")), admission.body(&tenant("a")));
        first.grow(TENANT_BYTES - 10).await.unwrap();
        second.grow(10).await.unwrap();
        let refused = second.grow(1).await;
        assert!(
            matches!(refused, Err(Error::Unavailable { .. })),
            "{refused:?}"
        );
        let mut other = admission.body(&tenant("b"));
        other.grow(TENANT_BYTES).await.unwrap();
        let mut third = admission.body(&tenant("c"));
        assert!(third.grow(1).await.is_err());
        drop(first);
        third.grow(TENANT_BYTES - 10).await.unwrap();
    }

    #[tokio::test]
    async fn who_waits_goes_on_when_room_is_released() {
        let admission = Admission::default();
        let mut first = admission.body(&tenant("a"));
        first.grow(TENANT_BYTES).await.unwrap();
        let waiting = tokio::spawn({
            let mut second = admission.body(&tenant("a"));
            async move { second.grow(5).await }
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap().unwrap();
        let used = admission.inner.used.lock().unwrap();
        assert_eq!(
            (used.total, used.tenants.len()),
            (0, 0),
            "all is given back"
        );
    }

    #[tokio::test]
    async fn a_lone_body_larger_than_the_budget_passes() {
        let admission = Admission::default();
        let mut body = admission.body(&tenant("a"));
        body.grow(BUDGET_BYTES + 1).await.unwrap();
        body.grow(1).await.unwrap();
    }
}
