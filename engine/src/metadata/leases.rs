//! Who works on a tenant's files at the moment.
//!
//! A lease saves work: what two servers do at once is right anyway, because
//! files are replaced by exact ids. Times are the database's, so that a
//! server's clock may be wrong. Each taking has a higher fence.

use std::time::Duration;

use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use super::blame;
use super::fence::Fence;
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};

/// A lease that was taken.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Whose files.
    pub tenant: TenantId,
    /// Which work.
    pub work: &'static str,
    /// Grows with each taking.
    pub fence: i64,
    holder: Uuid,
}

/// Whether somebody else's lease is respected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// Only what is free or has run out.
    Free,
    /// Also what is held: its holder's commit will find a stale fence.
    Seize,
}

impl Lease {
    /// What to show with a commit.
    pub fn as_fence(&self) -> Fence {
        Fence::Lease {
            work: self.work,
            fence: self.fence,
        }
    }
}

/// Takes a tenant's lease for `time`; `None` while somebody else holds it.
/// Errors: `NotFound` for an unknown tenant.
pub async fn take(
    pool: &PgPool,
    tenant: &TenantId,
    work: &'static str,
    how: Take,
    time: Duration,
) -> Result<Option<Lease>> {
    let holder = Uuid::now_v7();
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM analytics.tenant WHERE tenant_id = $1)")
            .bind(tenant.as_str())
            .fetch_one(&mut *tx)
            .await
            .map_err(blame)?;
    if !known {
        return Err(Error::NotFound {
            what: format!("tenant {tenant}"),
        });
    }
    let fence: Option<i64> = sqlx::query_scalar(
        "INSERT INTO analytics.lease AS l (tenant_id, work, holder, lease_until)
             VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))
         ON CONFLICT (tenant_id, work) DO UPDATE SET holder = excluded.holder,
             fence = l.fence + 1, lease_until = excluded.lease_until
             WHERE $5 OR l.holder IS NULL OR l.lease_until < clock_timestamp()
         RETURNING fence",
    )
    .bind(tenant.as_str())
    .bind(work)
    .bind(holder)
    .bind(time.as_secs_f64())
    .bind(how == Take::Seize)
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(fence.map(|fence| Lease {
        tenant: tenant.clone(),
        work,
        fence,
        holder,
    }))
}

/// Holds a lease for `time` from now; `false` when it is somebody else's.
pub async fn renew(pool: &PgPool, lease: &Lease, time: Duration) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, &lease.tenant).await?;
    let done = sqlx::query(
        "UPDATE analytics.lease SET lease_until = clock_timestamp() + make_interval(secs => $5)
         WHERE tenant_id = $1 AND work = $2 AND fence = $3 AND holder = $4",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.work)
    .bind(lease.fence)
    .bind(lease.holder)
    .bind(time.as_secs_f64())
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(done.rows_affected() == 1)
}

/// Gives a lease back. `seen_version` says up to which file there is nothing
/// left to do; `None` that there may be more.
pub async fn release(pool: &PgPool, lease: &Lease, seen_version: Option<i64>) -> Result<()> {
    let mut tx = TenantTx::begin(pool, &lease.tenant).await?;
    sqlx::query(
        "UPDATE analytics.lease SET holder = NULL, lease_until = clock_timestamp(),
                worked_at = clock_timestamp(), seen_version = coalesce($5, seen_version)
         WHERE tenant_id = $1 AND work = $2 AND fence = $3 AND holder = $4",
    )
    .bind(lease.tenant.as_str())
    .bind(lease.work)
    .bind(lease.fence)
    .bind(lease.holder)
    .bind(seen_version)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}
