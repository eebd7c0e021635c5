//! What a restore owes: erasures to be done again on what came back.
//!
//! It is noted in the transaction that brings a tenant's rows back, as jobs; so
//! it is done even if the restore ends there, and until then the tenant is
//! withheld, see [`super::catalog::Snapshot::withheld`].

use serde_json::Value;
use sqlx::PgConnection;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use super::tenant_tx::TenantTx;
use super::{blame, erasures};
use crate::error::{Error, Result};

/// The kind of job that does a tenant's erasures again.
pub(crate) const JOB: &str = "erasure_replay";

/// Notes what is owed after a tenant's rows came back: all erasures, those under
/// way from their beginning.
///
/// A job whose row is locked is left alone: its worker is committing, and may
/// wait for this very transaction. It looks at the tenant's files again after
/// its commit; should it have looked for the last time, the job put in here
/// comes after it.
pub(super) async fn owe(tx: &mut PgConnection, tenant: &TenantId) -> Result<()> {
    let begun_again: Vec<String> = sqlx::query_scalar(
        "WITH free AS MATERIALIZED (
             SELECT j.job_id FROM analytics.job j WHERE j.tenant_id = $1 AND (
                 j.kind = $2 AND j.state IN ('waiting', 'running')
                 OR j.kind = $3 AND EXISTS (SELECT FROM analytics.erasure e WHERE e.tenant_id = $1
                     AND e.erasure_id = j.job_id AND e.finished_at IS NULL))
             FOR UPDATE OF j SKIP LOCKED)
         UPDATE analytics.job j SET state = 'waiting', fence = j.fence + 1, holder = NULL,
                lease_until = NULL, attempts = 0, progress = NULL, result = NULL, finished_at = NULL
         FROM free WHERE j.tenant_id = $1 AND j.job_id = free.job_id
         RETURNING j.kind",
    )
    .bind(tenant.as_str())
    .bind(JOB)
    .bind(erasures::JOB)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    sqlx::query(
        // Two jobs of one kind are never due at the very same moment.
        "INSERT INTO analytics.job (tenant_id, job_id, kind, priority, due_at)
         SELECT $1, e.erasure_id, $2, 10,
                clock_timestamp() + row_number() OVER () * interval '1 microsecond'
         FROM analytics.erasure e WHERE e.tenant_id = $1 AND e.finished_at IS NULL
         ON CONFLICT (tenant_id, job_id) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(erasures::JOB)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    if begun_again.iter().any(|kind| kind == JOB) {
        return Ok(());
    }
    sqlx::query(
        // After those under way, whose receipts shall count their own points.
        "INSERT INTO analytics.job (tenant_id, job_id, kind, priority, due_at)
         SELECT $1, gen_random_uuid(), $2, 20, clock_timestamp()
         WHERE EXISTS (SELECT FROM analytics.erasure e WHERE e.tenant_id = $1)",
    )
    .bind(tenant.as_str())
    .bind(JOB)
    .execute(&mut *tx)
    .await
    .map(drop)
    .map_err(blame)
}

/// Notes that a tenant's erasures are owed, for rows that came back otherwise.
pub(crate) async fn put(pool: &PgPool, tenant: &TenantId) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    owe(&mut tx, tenant).await?;
    tx.commit().await.map_err(blame)
}

/// What a tenant is owed still, as jobs, the first one first.
pub(crate) async fn open(pool: &PgPool, tenant: &TenantId) -> Result<Vec<Uuid>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar(
        "SELECT job_id FROM analytics.job WHERE tenant_id = $1 AND kind IN ($2, $3)
           AND state IN ('waiting', 'running') ORDER BY priority, due_at, job_id",
    )
    .bind(tenant.as_str())
    .bind(JOB)
    .bind(erasures::JOB)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)
}

/// Refuses to show what may have been erased before a restore. Errors:
/// `Unavailable` while a tenant's erasures are owed.
pub(crate) async fn refuse(pool: &PgPool, tenant: &TenantId) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let owed: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM analytics.job WHERE tenant_id = $1 AND kind = $2
                        AND state IN ('waiting', 'running'))",
    )
    .bind(tenant.as_str())
    .bind(JOB)
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)?;
    match owed {
        true => Err(withheld()),
        false => Ok(()),
    }
}

/// What is said of a tenant whose erasures are owed.
pub(crate) fn withheld() -> Error {
    Error::Unavailable {
        message: "the tenant was restored, and what had been erased is being erased again".into(),
        retry_after: super::RETRY_AFTER,
    }
}

/// What doing a job came to, once it is done; `None` while somebody is at it.
/// Errors: `Unavailable` when it failed and waits to be tried again.
pub(crate) async fn done(pool: &PgPool, tenant: &TenantId, job: Uuid) -> Result<Option<Value>> {
    let (state, result) = super::jobs::state(pool, tenant, job).await?;
    match state.as_str() {
        "done" => Ok(Some(result.unwrap_or_default())),
        "running" => Ok(None),
        _ => Err(withheld()),
    }
}
