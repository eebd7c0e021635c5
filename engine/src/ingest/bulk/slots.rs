//! How many bodies are taken at once: each may hold some chunks in memory, so
//! their number bounds what all of them take.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use storage_layout::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Error, Result};
use crate::metadata::RETRY_AFTER;

/// Bodies that are taken at once by one server: at some 100 MiB each these are
/// most of the memory that taking points may need, and two keep a core busy.
const BODIES: usize = 6;

/// Bodies that are taken at once for one tenant.
const BODIES_OF_TENANT: usize = 2;

/// Decoders that run at once: each may take memory of its own, and there are
/// not many cores.
const DECODERS: usize = 2;

/// How long a body waits for its turn.
const PATIENCE: Duration = Duration::from_secs(30);

/// Hands out turns.
#[derive(Debug)]
pub(crate) struct Slots {
    bodies: Arc<Semaphore>,
    of_tenant: Mutex<HashMap<TenantId, Weak<Semaphore>>>,
    decoders: Arc<Semaphore>,
}

/// A turn; it ends when this is dropped.
pub(super) struct Turn(
    #[expect(dead_code, reason = "held, not read")] Vec<OwnedSemaphorePermit>,
    #[expect(dead_code, reason = "keeps the tenant's count alive")] Option<Arc<Semaphore>>,
);

impl Default for Slots {
    fn default() -> Self {
        Self {
            bodies: Arc::new(Semaphore::new(BODIES)),
            of_tenant: Mutex::default(),
            decoders: Arc::new(Semaphore::new(DECODERS)),
        }
    }
}

impl Slots {
    /// Waits for a body's turn, its tenant's first: a tenant that sends many
    /// keeps nobody else waiting.
    pub(super) async fn body(&self, tenant: &TenantId) -> Result<Turn> {
        let own = self.of(tenant);
        let permits = vec![wait(own.clone()).await?, wait(self.bodies.clone()).await?];
        Ok(Turn(permits, Some(own)))
    }

    /// Waits for a decoder's turn.
    pub(super) async fn decoder(&self) -> Result<Turn> {
        Ok(Turn(vec![wait(self.decoders.clone()).await?], None))
    }

    fn of(&self, tenant: &TenantId) -> Arc<Semaphore> {
        let mut all = self
            .of_tenant
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = all.get(tenant).and_then(Weak::upgrade) {
            return own;
        }
        all.retain(|_, own| own.strong_count() > 0);
        let own = Arc::new(Semaphore::new(BODIES_OF_TENANT));
        all.insert(tenant.clone(), Arc::downgrade(&own));
        own
    }
}

async fn wait(semaphore: Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    match tokio::time::timeout(PATIENCE, semaphore.acquire_owned()).await {
        Ok(permit) => permit.map_err(Error::internal),
        Err(_) => Err(Error::Unavailable {
            message: "too many large bodies are being taken at this moment; nothing was kept"
                .into(),
            retry_after: RETRY_AFTER,
        }),
    }
}
