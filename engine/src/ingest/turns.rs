//! Turns at work that holds a connection: a tenant has one at a time, and all
//! tenants together a few.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use storage_layout::TenantId;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};

/// Hands out turns; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Turns {
    tenants: Cache<TenantId, Arc<Mutex<()>>>,
    all: Arc<Semaphore>,
}

/// A turn; it ends when this is dropped.
pub(super) struct Turn(
    #[expect(dead_code, reason = "held, not read")] OwnedMutexGuard<()>,
    #[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit,
);

impl Turns {
    /// Turns of which so many tenants have one at a time.
    pub(super) fn new(at_once: usize) -> Self {
        Self {
            tenants: Cache::builder()
                .max_capacity(10_000)
                .time_to_idle(Duration::from_secs(60))
                .build(),
            all: Arc::new(Semaphore::new(at_once)),
        }
    }

    /// Waits for the tenant's turn, so long at most.
    pub(super) async fn take(&self, tenant: &TenantId, patience: Duration) -> Result<Turn> {
        let turn = async {
            let own = self
                .tenants
                .get_with_by_ref(tenant, async { Arc::default() });
            let own = own.await.lock_owned().await;
            let all = self.all.clone().acquire_owned().await;
            Ok(Turn(own, all.map_err(Error::internal)?))
        };
        match tokio::time::timeout(patience, turn).await {
            Ok(turn) => turn,
            Err(_) => Err(Error::Unavailable {
                message: "too much of this tenant waits already".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            }),
        }
    }
}
