//! Jobs: what is to be done for a tenant, once, by whichever server comes.
//!
//! A worker claims a job for a time and renews its claim while it works. A job
//! whose worker went away is claimed again when that time is over, under a
//! higher fence. The tenant that was served longest ago comes first, so that a
//! tenant with many jobs makes no other wait for all of them.

use std::time::Duration;

use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::fence::{self, Fence};
use super::tenant_tx::TenantTx;
use super::{blame, erasures, owed, upkeep};
use crate::error::{Error, Result};

/// A job is given up after this many claims, unless it erases.
pub const MAX_ATTEMPTS: i32 = 8;

/// Kinds of jobs that are owed to somebody, and so never given up.
const NEVER_GIVEN_UP: [&str; 2] = [erasures::JOB, owed::JOB];

/// A claim chooses among this many of the oldest open jobs, and as many of the
/// newest.
const OPEN_JOBS: i64 = 256;

/// A job that this worker may do now.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// For whom.
    pub tenant: TenantId,
    /// Its id.
    pub job: Uuid,
    /// What to do.
    pub kind: String,
    /// The particulars.
    pub detail: Value,
    /// How far an earlier claim came.
    pub progress: Option<Value>,
    /// Grows with each claim.
    pub fence: i64,
    /// Which claim this is, from 1.
    pub attempts: i32,
}

impl Claimed {
    /// What to show with a commit.
    pub fn as_fence(&self) -> Fence {
        Fence::Job {
            job: self.job,
            fence: self.fence,
        }
    }
}

/// A job to be done from now on.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: Uuid,
    /// What to do.
    pub kind: &'static str,
    /// Among jobs of one tenant the lowest is first.
    pub priority: i32,
    /// The particulars.
    pub detail: Value,
}

/// Puts a job in. Errors: `NotFound` for an unknown tenant.
pub async fn put(pool: &PgPool, tenant: &TenantId, job: &NewJob) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    put_in(&mut tx, tenant, job).await?;
    tx.commit().await.map_err(blame)
}

/// Puts a job in with what else a transaction does.
pub(super) async fn put_in(tx: &mut TenantTx, tenant: &TenantId, job: &NewJob) -> Result<()> {
    let put = sqlx::query(
        "INSERT INTO analytics.job (tenant_id, job_id, kind, priority, detail, due_at)
         SELECT tenant_id, $2, $3, $4, $5, clock_timestamp() FROM analytics.tenant WHERE tenant_id = $1",
    )
    .bind(tenant.as_str())
    .bind(job.id)
    .bind(job.kind)
    .bind(job.priority)
    .bind(&job.detail)
    .execute(&mut **tx)
    .await
    .map_err(blame)?;
    match put.rows_affected() {
        0 => Err(Error::NotFound {
            what: format!("tenant {tenant}"),
        }),
        _ => Ok(()),
    }
}

/// Claims the next job of these kinds for `time`, of whichever tenant that is
/// none of `but`.
pub async fn claim(
    pool: &PgPool,
    kinds: &[&str],
    worker: Uuid,
    time: Duration,
    but: &[TenantId],
) -> Result<Option<Claimed>> {
    let mut tx = upkeep::look(pool).await?;
    let row = sqlx::query(
        // When very many jobs are open, the oldest and the newest of them stand
        // for all: one tenant's many jobs came at one time.
        "WITH open AS NOT MATERIALIZED (
             SELECT tenant_id, job_id, due_at FROM analytics.job
             WHERE kind = ANY ($1) AND state IN ('waiting', 'running') AND due_at <= now()
               AND (lease_until IS NULL OR lease_until < now())
               AND tenant_id <> ALL ($5)),
         chosen AS MATERIALIZED (
             (SELECT tenant_id, job_id FROM open ORDER BY due_at LIMIT $4)
             UNION (SELECT tenant_id, job_id FROM open ORDER BY due_at DESC LIMIT $4)),
         next AS (
             SELECT j.tenant_id, j.job_id FROM chosen s
             JOIN analytics.job j ON j.tenant_id = s.tenant_id AND j.job_id = s.job_id
             WHERE j.state IN ('waiting', 'running')
               AND (j.lease_until IS NULL OR j.lease_until < clock_timestamp())
             ORDER BY (SELECT max(o.claimed_at) FROM analytics.job o WHERE o.tenant_id = j.tenant_id)
                      NULLS FIRST, j.priority, j.due_at, j.job_id
             LIMIT 1 FOR UPDATE OF j SKIP LOCKED)
         UPDATE analytics.job j SET state = 'running', holder = $2, fence = j.fence + 1,
                attempts = j.attempts + 1, claimed_at = clock_timestamp(),
                lease_until = clock_timestamp() + make_interval(secs => $3)
         FROM next WHERE j.tenant_id = next.tenant_id AND j.job_id = next.job_id
         RETURNING j.tenant_id, j.job_id, j.kind, j.detail, j.progress, j.fence, j.attempts",
    )
    .bind(kinds)
    .bind(worker)
    .bind(time.as_secs_f64())
    .bind(OPEN_JOBS)
    .bind(but.iter().map(TenantId::as_str).collect::<Vec<_>>())
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    row.as_ref().map(claimed).transpose()
}

/// Claims this job of a tenant; `None` when somebody else has it, or had it.
pub async fn claim_one(
    pool: &PgPool,
    tenant: &TenantId,
    job: Uuid,
    worker: Uuid,
    time: Duration,
) -> Result<Option<Claimed>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = sqlx::query(
        "UPDATE analytics.job j SET state = 'running', holder = $3, fence = j.fence + 1,
                attempts = j.attempts + 1, claimed_at = clock_timestamp(),
                lease_until = clock_timestamp() + make_interval(secs => $4)
         WHERE j.tenant_id = $1 AND j.job_id = $2
           AND j.state IN ('waiting', 'running')
           AND (j.lease_until IS NULL OR j.lease_until < clock_timestamp())
         RETURNING j.tenant_id, j.job_id, j.kind, j.detail, j.progress, j.fence, j.attempts",
    )
    .bind(tenant.as_str())
    .bind(job)
    .bind(worker)
    .bind(time.as_secs_f64())
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    row.as_ref().map(claimed).transpose()
}

fn claimed(row: &PgRow) -> Result<Claimed> {
    Ok(Claimed {
        tenant: TenantId::new(row.get("tenant_id")).map_err(Error::internal)?,
        job: row.get("job_id"),
        kind: row.get("kind"),
        detail: row.get("detail"),
        progress: row.get("progress"),
        fence: row.get("fence"),
        attempts: row.get("attempts"),
    })
}

/// Holds a claim for `time` from now and notes how far the work is; `false`
/// when the job is somebody else's.
pub async fn renew(
    pool: &PgPool,
    claimed: &Claimed,
    time: Duration,
    progress: Option<&Value>,
) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    let done = sqlx::query(
        "UPDATE analytics.job SET lease_until = clock_timestamp() + make_interval(secs => $4),
                progress = coalesce($5, progress)
         WHERE tenant_id = $1 AND job_id = $2 AND fence = $3 AND state = 'running'",
    )
    .bind(claimed.tenant.as_str())
    .bind(claimed.job)
    .bind(claimed.fence)
    .bind(time.as_secs_f64())
    .bind(progress)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(done.rows_affected() == 1)
}

/// Notes how far the work is with what else a transaction does; `false` when
/// the job is somebody else's.
pub(super) async fn note_in(
    tx: &mut TenantTx,
    claimed: &Claimed,
    progress: &Value,
) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE analytics.job SET progress = $4
         WHERE tenant_id = $1 AND job_id = $2 AND fence = $3 AND state = 'running'",
    )
    .bind(claimed.tenant.as_str())
    .bind(claimed.job)
    .bind(claimed.fence)
    .bind(progress)
    .execute(&mut **tx)
    .await
    .map_err(blame)?;
    Ok(done.rows_affected() == 1)
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// It is done.
    Done(Value),
    /// It failed; it is tried again after `after`, and given up after
    /// [`MAX_ATTEMPTS`] unless it erases.
    Failed {
        /// Why, free of any tenant's values.
        why: String,
        /// How long to wait.
        after: Duration,
    },
    /// It was not its turn: it waits for so long, and this counts as no attempt.
    NotYet(Duration),
}

/// Ends a claim; `false` when the job is somebody else's, and nothing changed.
pub async fn finish(pool: &PgPool, claimed: &Claimed, ended: &Ended) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    let done = finish_in(&mut tx, claimed, ended).await?;
    tx.commit().await.map_err(blame)?;
    Ok(done)
}

/// Ends a claim with what else a transaction does.
pub(super) async fn finish_in(tx: &mut TenantTx, claimed: &Claimed, ended: &Ended) -> Result<bool> {
    if !fence::holds(tx, &claimed.tenant, claimed.as_fence()).await? {
        return Ok(false);
    }
    let attempt = i32::from(!matches!(ended, Ended::NotYet(_)));
    let (state, result, after) = match ended {
        Ended::Done(result) => ("done", result.clone(), Duration::ZERO),
        Ended::NotYet(after) => ("waiting", Value::Null, *after),
        Ended::Failed { why, after } => {
            let owed = NEVER_GIVEN_UP.contains(&claimed.kind.as_str());
            let over = claimed.attempts >= MAX_ATTEMPTS && !owed;
            let state = if over { "failed" } else { "waiting" };
            (state, serde_json::json!({ "error": why }), *after)
        }
    };
    sqlx::query(
        // A job that waits to be tried again is nobody's until then.
        "UPDATE analytics.job SET state = $4, result = $5, holder = NULL,
                lease_until = CASE WHEN $4 = 'waiting'
                              THEN clock_timestamp() + make_interval(secs => $6) END,
                finished_at = CASE WHEN $4 <> 'waiting' THEN clock_timestamp() END,
                attempts = attempts - 1 + $7
         WHERE tenant_id = $1 AND job_id = $2 AND fence = $3",
    )
    .bind(claimed.tenant.as_str())
    .bind(claimed.job)
    .bind(claimed.fence)
    .bind(state)
    .bind(result)
    .bind(after.as_secs_f64())
    .bind(attempt)
    .execute(&mut **tx)
    .await
    .map_err(blame)?;
    Ok(true)
}

/// A job as it stands: its state and its result.
pub async fn state(pool: &PgPool, tenant: &TenantId, job: Uuid) -> Result<(String, Option<Value>)> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row =
        sqlx::query("SELECT state, result FROM analytics.job WHERE tenant_id = $1 AND job_id = $2")
            .bind(tenant.as_str())
            .bind(job)
            .fetch_optional(&mut *tx)
            .await
            .map_err(blame)?
            .ok_or_else(|| Error::NotFound {
                what: "the job".into(),
            })?;
    Ok((row.get(0), row.get(1)))
}
