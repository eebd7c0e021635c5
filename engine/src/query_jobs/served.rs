//! Whose queries this process runs: one of a tenant at a time, so that no
//! tenant has all runners while others wait.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use storage_layout::TenantId;

use crate::error::Result;
use crate::metadata::jobs::Claimed;

/// The tenants that are served; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Served {
    tenants: Arc<Mutex<HashSet<TenantId>>>,
    /// Two runners that claim at one time would not know of each other's.
    claiming: Arc<tokio::sync::Mutex<()>>,
}

/// A tenant that is served until this is dropped.
#[derive(Debug)]
pub(super) struct Serving {
    served: Served,
    tenant: TenantId,
}

impl Served {
    /// Claims for a tenant that is not served yet: `claim` is told which are.
    pub(super) async fn next<F>(
        &self,
        claim: impl FnOnce(Vec<TenantId>) -> F,
    ) -> Result<Option<(Claimed, Serving)>>
    where
        F: Future<Output = Result<Option<Claimed>>>,
    {
        let _alone = self.claiming.lock().await;
        let served = self.with(|tenants| tenants.iter().cloned().collect());
        let Some(claimed) = claim(served).await? else {
            return Ok(None);
        };
        let tenant = claimed.tenant.clone();
        self.with(|tenants| tenants.insert(tenant.clone()));
        let served = self.clone();
        Ok(Some((claimed, Serving { served, tenant })))
    }

    fn with<T>(&self, of: impl FnOnce(&mut HashSet<TenantId>) -> T) -> T {
        let mut tenants = self.tenants.lock().unwrap_or_else(PoisonError::into_inner);
        of(&mut tenants)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.served.with(|tenants| tenants.remove(&self.tenant));
    }
}
