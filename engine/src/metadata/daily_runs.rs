//! The nightly run of each tenant, as jobs: put in by the clock of its zone, or
//! because somebody asked.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use super::jobs::{self, NewJob};
use super::tenant_tx::TenantTx;
use super::{blame, upkeep};
use crate::error::{Error, Result};

/// The kind of job that a nightly run is.
pub const JOB: &str = "daily";

/// Tenants of one zone begin within this, so that not all of them read at the
/// same moment.
const SPREAD_SECONDS: i64 = 600;

/// Runs that a list shows.
const LISTED: i64 = 50;

/// A nightly run as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DailyRun {
    /// Its id.
    pub id: Uuid,
    /// `waiting`, `running`, `done` or `failed`.
    pub state: String,
    /// From when on it may be done.
    pub due_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// How often it was begun.
    pub attempts: i32,
    /// What each of its works came to, by the work's name.
    pub result: Option<serde_json::Value>,
}

/// The zones that tenants have.
pub(crate) async fn zones(pool: &PgPool) -> Result<Vec<Tz>> {
    let mut tx = upkeep::look(pool).await?;
    let names: Vec<String> = sqlx::query_scalar("SELECT DISTINCT time_zone FROM analytics.tenant")
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
    // A name that this build does not know is no zone whose night could come.
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

/// Puts a run in for each tenant of a zone that was there at `due` and has
/// points. Another call for the same moment puts in who has got points since.
pub(crate) async fn schedule(pool: &PgPool, zone: Tz, due: DateTime<Utc>) -> Result<u64> {
    let mut tx = upkeep::look(pool).await?;
    let put = sqlx::query(
        "INSERT INTO analytics.job (tenant_id, job_id, kind, due_at, priority)
         SELECT t.tenant_id, gen_random_uuid(), $1, s.due_at, 150
         FROM analytics.tenant t
         CROSS JOIN LATERAL (SELECT $2 + make_interval(secs =>
             (hashtext(t.tenant_id)::bigint & 2147483647) % $4) AS due_at) s
         WHERE t.time_zone = $3 AND t.created_at < $2
           AND EXISTS (SELECT FROM analytics.data_file f
               WHERE f.tenant_id = t.tenant_id AND f.removed_version IS NULL)
           AND NOT EXISTS (SELECT FROM analytics.job j
               WHERE j.tenant_id = t.tenant_id AND j.kind = $1 AND j.due_at = s.due_at)
         ON CONFLICT DO NOTHING",
    )
    .bind(JOB)
    .bind(due)
    .bind(zone.name())
    .bind(SPREAD_SECONDS)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(put.rows_affected())
}

/// Asks for a run now; answers its id, that of one that waits or runs already
/// where there is one. Errors: `NotFound` for an unknown tenant.
pub(crate) async fn ask(pool: &PgPool, tenant: &TenantId) -> Result<Uuid> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    // Two who ask at the same moment ask for one run.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtext($1), hashtext('daily'))")
        .bind(tenant.as_str())
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    let open: Option<Uuid> = sqlx::query_scalar(
        "UPDATE analytics.job SET due_at = least(due_at, clock_timestamp())
         WHERE tenant_id = $1 AND job_id = (
             SELECT job_id FROM analytics.job WHERE tenant_id = $1 AND kind = $2
               AND state IN ('waiting', 'running') ORDER BY due_at LIMIT 1)
         RETURNING job_id",
    )
    .bind(tenant.as_str())
    .bind(JOB)
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    let id = match open {
        Some(id) => id,
        None => {
            let job = NewJob {
                id: Uuid::now_v7(),
                kind: JOB,
                priority: 90,
                detail: serde_json::json!({}),
            };
            jobs::put_in(&mut tx, tenant, &job).await?;
            job.id
        }
    };
    tx.commit().await.map_err(blame)?;
    Ok(id)
}

/// A run. Errors: `NotFound`.
pub(crate) async fn get(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<DailyRun> {
    let found = read(pool, tenant, Some(id)).await?.pop();
    found.ok_or_else(|| Error::NotFound {
        what: "a nightly run of this id".into(),
    })
}

/// The newest runs of a tenant, the newest first.
pub(crate) async fn list(pool: &PgPool, tenant: &TenantId) -> Result<Vec<DailyRun>> {
    read(pool, tenant, None).await
}

async fn read(pool: &PgPool, tenant: &TenantId, id: Option<Uuid>) -> Result<Vec<DailyRun>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT job_id, state, due_at, finished_at, attempts, coalesce(result, progress) AS result
         FROM analytics.job
         WHERE tenant_id = $1 AND kind = $2 AND ($3::uuid IS NULL OR job_id = $3)
         ORDER BY due_at DESC LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind(JOB)
    .bind(id)
    .bind(LISTED)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let run = |row: &sqlx::postgres::PgRow| DailyRun {
        id: row.get("job_id"),
        state: row.get("state"),
        due_at: row.get("due_at"),
        finished_at: row.get("finished_at"),
        attempts: row.get("attempts"),
        result: row.get("result"),
    };
    Ok(rows.iter().map(run).collect())
}
