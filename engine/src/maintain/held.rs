//! Leases and claims that are held for as long as the work takes.

use std::future::Future;
use std::time::Duration;

use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::metadata::fence::Fence;
use crate::metadata::jobs::{self, Claimed};
use crate::metadata::leases::{self, Lease, Take};
use crate::metadata::sweep;

/// How long work is somebody's without a sign of life.
pub(crate) const LEASE_TIME: Duration = Duration::from_secs(60);

/// Time between two signs of life.
const RENEWAL: Duration = Duration::from_secs(20);

/// How long a command waits for work that another process is at: longer than
/// the lease of one that died.
const PATIENCE: Duration = Duration::from_secs(75);

/// A lease that is renewed until this is released or dropped.
#[derive(Debug)]
pub(crate) struct HeldLease {
    pool: PgPool,
    lease: Lease,
    _renewal: Renewal,
}

impl HeldLease {
    /// Takes a lease; `None` while somebody else holds it.
    pub(crate) async fn take(
        pool: &PgPool,
        tenant: &TenantId,
        work: &'static str,
        how: Take,
    ) -> Result<Option<Self>> {
        let lease = leases::take(pool, tenant, work, how, LEASE_TIME).await?;
        Ok(lease.map(|lease| {
            let (renewing, renewed) = (pool.clone(), lease.clone());
            let _renewal = Renewal::start(move || {
                let (pool, lease) = (renewing.clone(), renewed.clone());
                async move {
                    let held = leases::renew(&pool, &lease, LEASE_TIME).await?;
                    alive(&pool, &lease.tenant, held).await
                }
            });
            Self {
                pool: pool.clone(),
                lease,
                _renewal,
            }
        }))
    }

    /// Takes a lease as soon as it is free. Errors: `Unavailable` when it
    /// stays somebody else's.
    pub(super) async fn wait(pool: &PgPool, tenant: &TenantId, work: &'static str) -> Result<Self> {
        let taken = async {
            loop {
                if let Some(held) = Self::take(pool, tenant, work, Take::Free).await? {
                    return Ok(held);
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, taken).await {
            Ok(taken) => taken,
            Err(_) => Err(lost()),
        }
    }

    pub(super) fn as_fence(&self) -> Fence {
        self.lease.as_fence()
    }

    /// Gives the lease back; see [`leases::release`].
    pub(crate) async fn release(self, seen_version: Option<i64>) {
        if let Err(error) = leases::release(&self.pool, &self.lease, seen_version).await {
            tracing::warn!(%error, "a lease is not given back; it runs out by itself");
        }
    }
}

/// A claimed job whose claim is renewed until this is dropped.
#[derive(Debug)]
pub(crate) struct HeldJob {
    pub(crate) claimed: Claimed,
    _renewal: Renewal,
}

impl HeldJob {
    pub(crate) fn hold(pool: &PgPool, claimed: Claimed) -> Self {
        let (renewing, renewed) = (pool.clone(), claimed.clone());
        let _renewal = Renewal::start(move || {
            let (pool, claimed) = (renewing.clone(), renewed.clone());
            async move {
                let held = jobs::renew(&pool, &claimed, LEASE_TIME, None).await?;
                alive(&pool, &claimed.tenant, held).await
            }
        });
        Self { claimed, _renewal }
    }
}

/// Work that is still held keeps its uploads from the sweep, however long it takes.
async fn alive(pool: &PgPool, tenant: &TenantId, held: bool) -> Result<bool> {
    if held {
        sweep::renew_uploads(pool, tenant).await?;
    }
    Ok(held)
}

/// Calls for a sign of life until it is dropped, or the work is lost.
#[derive(Debug)]
struct Renewal(JoinHandle<()>);

impl Renewal {
    fn start<F: Future<Output = Result<bool>> + Send>(
        renew: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                match renew().await {
                    Ok(true) => {}
                    // The commit will find the fence stale.
                    Ok(false) => return,
                    Err(error) => tracing::warn!(%error, "a lease is not renewed"),
                }
            }
        }))
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Somebody else does this work, or took it over.
pub(super) fn lost() -> Error {
    Error::Unavailable {
        message: "another process works on this tenant's files; nothing was changed".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}
