//! Queries that run without their client, in the catalog: put in, taken up,
//! ended, and forgotten with what they left.
//!
//! Who may run one is told by its row of `job` (lease and fence, see
//! [`super::jobs`]); the row here says what was asked and what came of it. What
//! ends a query first, wins: its end, its cancellation or an erasure.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use storage_layout::key::ResultKey;
use uuid::Uuid;

use super::jobs::{self, Claimed, Ended, NewJob};
use super::tenant_tx::TenantTx;
use super::{blame, upkeep};
use crate::error::{Error, Result};

/// The kind of their jobs.
pub(crate) const JOB: &str = "query";

/// Queries of one tenant that are there at a time, those with a result
/// included.
pub const JOBS_OF_A_TENANT: i64 = 50;

/// How long a result is kept, and a query that never ran.
pub const KEPT: Duration = Duration::from_secs(86_400);

/// What remains of those that an erasure ended is looked at again after this:
/// somebody may have been writing a result at that moment.
const WITHDRAWN_SECONDS: i32 = 600;

/// Expired queries that one look finds.
const BATCH: i64 = 256;

/// How far a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// It waits for a server.
    Queued,
    /// It runs.
    Running,
    /// Its result is there.
    Done,
    /// It failed.
    Failed,
    /// It was cancelled, or ended by an erasure.
    Cancelled,
}

/// A query that runs, or ran, without its client.
#[derive(Debug, Clone)]
pub struct QueryJob {
    /// Its id.
    pub id: Uuid,
    /// Who asked.
    pub who: String,
    /// How far it is.
    pub state: JobState,
    /// When it was asked.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it is forgotten with its result.
    pub expires_at: DateTime<Utc>,
    /// Rows of the result so far.
    pub rows: u64,
    /// Bytes of the stored result so far.
    pub bytes: u64,
    /// What the result is, once it is there.
    pub result: Option<StoredResult>,
    /// Why there is none.
    pub problem: Option<JobProblem>,
    pub(crate) fence: i64,
    /// Whether the records could be read.
    pub(crate) records: bool,
    /// What of the tenant's data could be read.
    pub(crate) access: Value,
}

/// What a stored result is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredResult {
    /// The tenant's version that it is of.
    pub version: i64,
    /// When that version was seen.
    pub as_of: DateTime<Utc>,
    /// Whether these are all rows.
    pub complete: bool,
    /// Data files that were read.
    pub files: u64,
    /// Rows in them.
    pub rows_scanned: u64,
    /// Bytes fetched from the store.
    pub bytes_scanned: u64,
    /// Its pages, at least one, each an Arrow stream of its own in the object.
    pub pages: Vec<StoredPage>,
}

/// Where a page is in the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPage {
    /// Its first byte.
    pub at: u64,
    /// Its length, bytes.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

/// Why a query has no result: what its caller would have been told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProblem {
    /// See [`Error::kind`].
    pub kind: String,
    /// What was wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// Line in the query's text.
    pub line: Option<u64>,
    /// Column in that line.
    pub column: Option<u64>,
}

/// What is to be run.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) who: String,
    pub(crate) query: String,
    pub(crate) params: Value,
    pub(crate) timeout_ms: i64,
    /// Whether the records may be read.
    pub(crate) records: bool,
    /// What of the tenant's data may be read.
    pub(crate) access: Value,
}

/// Puts a query in. Errors: `NotFound` for an unknown tenant, `LimitExceeded`
/// when too many are there.
pub(crate) async fn put(pool: &PgPool, tenant: &TenantId, question: &Question) -> Result<Uuid> {
    let id = Uuid::now_v7();
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let there: (i64, Option<DateTime<Utc>>) = sqlx::query_as(
        "SELECT count(*), min(expires_at) FROM analytics.query_job
         WHERE tenant_id = $1 AND expires_at > now()",
    )
    .bind(tenant.as_str())
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)?;
    if there.0 >= JOBS_OF_A_TENANT {
        let (used, allowed) = (there.0.unsigned_abs(), JOBS_OF_A_TENANT.unsigned_abs());
        return Err(Error::LimitExceeded {
            limit: "query_jobs",
            used,
            allowed,
            needed: used + 1,
            plan: "any".into(),
            resets_at: there.1,
            allowed_by: None,
        });
    }
    let job = NewJob {
        id,
        kind: JOB,
        priority: 100,
        detail: Value::Object(Default::default()),
    };
    jobs::put_in(&mut tx, tenant, &job).await?;
    sqlx::query(
        "INSERT INTO analytics.query_job
             (tenant_id, job_id, who, expires_at, timeout_ms, records, access, query, params)
         VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4), $5, $6, $7, $8, $9)",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(&question.who)
    .bind(KEPT.as_secs_f64())
    .bind(question.timeout_ms)
    .bind(question.records)
    .bind(&question.access)
    .bind(&question.query)
    .bind(&question.params)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(id)
}

/// A query of a tenant; with `who` only if that caller asked it. Errors:
/// `NotFound`, also when it has expired.
pub(crate) async fn get(
    pool: &PgPool,
    tenant: &TenantId,
    who: Option<&str>,
    id: Uuid,
) -> Result<QueryJob> {
    let all = read(pool, tenant, who, Some(id)).await?;
    all.into_iter().next().ok_or_else(missing)
}

/// The queries of a tenant, the newest first; with `who` those of one caller.
pub(crate) async fn list(
    pool: &PgPool,
    tenant: &TenantId,
    who: Option<&str>,
) -> Result<Vec<QueryJob>> {
    read(pool, tenant, who, None).await
}

async fn read(
    pool: &PgPool,
    tenant: &TenantId,
    who: Option<&str>,
    id: Option<Uuid>,
) -> Result<Vec<QueryJob>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT job_id, who, state, created_at, ended_at, expires_at, rows, bytes, result,
                problem, fence, records, access
         FROM analytics.query_job
         WHERE tenant_id = $1 AND expires_at > now() AND ($2::text IS NULL OR who = $2)
           AND ($3::uuid IS NULL OR job_id = $3)
         ORDER BY created_at DESC, job_id DESC",
    )
    .bind(tenant.as_str())
    .bind(who)
    .bind(id)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    rows.iter().map(job).collect()
}

pub(crate) fn missing() -> Error {
    Error::NotFound {
        what: "the query job".into(),
    }
}

fn job(row: &PgRow) -> Result<QueryJob> {
    let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or(0);
    let result: Option<Value> = row.get("result");
    let problem: Option<Value> = row.get("problem");
    Ok(QueryJob {
        id: row.get("job_id"),
        who: row.get("who"),
        state: match row.get("state") {
            "queued" => JobState::Queued,
            "running" => JobState::Running,
            "done" => JobState::Done,
            "failed" => JobState::Failed,
            _ => JobState::Cancelled,
        },
        created_at: row.get("created_at"),
        ended_at: row.get("ended_at"),
        expires_at: row.get("expires_at"),
        rows: number("rows"),
        bytes: number("bytes"),
        result: result
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::internal)?,
        problem: problem
            .map(serde_json::from_value)
            .transpose()
            .map_err(Error::internal)?,
        fence: row.get("fence"),
        records: row.get("records"),
        access: row.get("access"),
    })
}

/// Begins a claimed query; `None` when it was cancelled or has expired.
pub(crate) async fn begin(pool: &PgPool, claimed: &Claimed) -> Result<Option<Question>> {
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    let row = sqlx::query(
        "UPDATE analytics.query_job SET state = 'running', fence = $3, rows = 0, bytes = 0
         WHERE tenant_id = $1 AND job_id = $2 AND state IN ('queued', 'running')
           AND fence < $3 AND expires_at > now()
         RETURNING who, query, params, timeout_ms, records, access",
    )
    .bind(claimed.tenant.as_str())
    .bind(claimed.job)
    .bind(claimed.fence)
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(row.map(|row| Question {
        who: row.get("who"),
        query: row.get::<Option<String>, _>("query").unwrap_or_default(),
        params: row.get::<Option<Value>, _>("params").unwrap_or_default(),
        timeout_ms: row.get("timeout_ms"),
        records: row.get("records"),
        access: row.get("access"),
    }))
}

/// Puts a claimed query back whose turn has not come: it is tried again after
/// `after`, and that it was claimed counts for nothing.
pub(crate) async fn not_yet(pool: &PgPool, claimed: &Claimed, after: Duration) -> Result<()> {
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    if !jobs::finish_in(&mut tx, claimed, &Ended::NotYet(after)).await? {
        return Ok(());
    }
    sqlx::query(
        "UPDATE analytics.query_job SET state = 'queued'
         WHERE tenant_id = $1 AND job_id = $2 AND fence = $3 AND state = 'running'",
    )
    .bind(claimed.tenant.as_str())
    .bind(claimed.job)
    .bind(claimed.fence)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Notes how far a running query is; `false` when it is not this worker's any
/// more, was cancelled, or is to be.
pub(crate) async fn progress(
    pool: &PgPool,
    claimed: &Claimed,
    rows: u64,
    bytes: u64,
) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    let done = sqlx::query(
        "UPDATE analytics.query_job SET rows = $4, bytes = $5
         WHERE tenant_id = $1 AND job_id = $2 AND fence = $3 AND state = 'running'",
    )
    .bind(claimed.tenant.as_str())
    .bind(claimed.job)
    .bind(claimed.fence)
    .bind(i64::try_from(rows).unwrap_or(i64::MAX))
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(done.rows_affected() == 1)
}

/// How a query's run ended.
#[derive(Debug)]
pub(crate) enum End {
    /// Its result is stored.
    Done(StoredResult, u64, u64),
    /// It failed, or was cancelled.
    Failed(JobProblem),
}

/// Ends a claimed query, all or nothing; `false` when it is not this worker's
/// any more or ended otherwise, and nothing was changed.
pub(crate) async fn finish(pool: &PgPool, claimed: &Claimed, end: &End) -> Result<bool> {
    let (state, result, problem, size) = match end {
        End::Done(result, rows, bytes) => (
            "done",
            Some(serde_json::to_value(result).map_err(Error::internal)?),
            None,
            Some((*rows, *bytes)),
        ),
        End::Failed(problem) => (
            match problem.kind.as_str() {
                "cancelled" => "cancelled",
                _ => "failed",
            },
            None,
            Some(serde_json::to_value(problem).map_err(Error::internal)?),
            None,
        ),
    };
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    if !jobs::finish_in(&mut tx, claimed, &Ended::Done(Value::Null)).await? {
        return Ok(false);
    }
    let done = sqlx::query(
        "UPDATE analytics.query_job SET state = $4, result = $5, problem = $6, query = NULL,
                params = NULL, ended_at = clock_timestamp(), rows = coalesce($7, rows),
                bytes = coalesce($8, bytes),
                expires_at = clock_timestamp() + make_interval(secs => $9)
         WHERE tenant_id = $1 AND job_id = $2 AND fence = $3 AND state = 'running'",
    )
    .bind(claimed.tenant.as_str())
    .bind(claimed.job)
    .bind(claimed.fence)
    .bind(state)
    .bind(result)
    .bind(problem)
    .bind(size.map(|(rows, _)| number(rows)))
    .bind(size.map(|(_, bytes)| number(bytes)))
    .bind(KEPT.as_secs_f64())
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    tx.commit().await.map_err(blame)?;
    Ok(true)
}

/// Cancels a query that has not ended; one that has is forgotten with its
/// result. Errors: `NotFound`.
pub(crate) async fn cancel(
    pool: &PgPool,
    tenant: &TenantId,
    who: Option<&str>,
    id: Uuid,
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let ended: Option<bool> = sqlx::query_scalar(
        "UPDATE analytics.query_job q SET query = NULL, params = NULL,
                state = CASE WHEN q.ended_at IS NULL THEN 'cancelled' ELSE q.state END,
                ended_at = coalesce(q.ended_at, clock_timestamp()),
                problem = CASE WHEN q.ended_at IS NULL THEN $4 ELSE q.problem END,
                expires_at = CASE WHEN q.ended_at IS NULL THEN q.expires_at ELSE now() END
         FROM (SELECT job_id, ended_at IS NOT NULL AS ended FROM analytics.query_job
               WHERE tenant_id = $1 AND job_id = $2 AND expires_at > now()
                 AND ($3::text IS NULL OR who = $3) FOR UPDATE) old
         WHERE q.tenant_id = $1 AND q.job_id = old.job_id RETURNING old.ended",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(who)
    .bind(serde_json::to_value(cancelled()).map_err(Error::internal)?)
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    match ended {
        None => return Err(missing()),
        Some(true) => {}
        Some(false) => end_jobs(&mut tx, tenant, &[id]).await?,
    }
    tx.commit().await.map_err(blame)
}

fn cancelled() -> JobProblem {
    JobProblem {
        kind: "cancelled".into(),
        message: "the query was cancelled".into(),
        hint: None,
        line: None,
        column: None,
    }
}

/// A worker that runs one of these finds its claim gone at its next look.
async fn end_jobs(tx: &mut TenantTx, tenant: &TenantId, ids: &[Uuid]) -> Result<()> {
    sqlx::query(
        "UPDATE analytics.job SET state = 'failed', holder = NULL, lease_until = NULL,
                fence = fence + 1, finished_at = clock_timestamp()
         WHERE tenant_id = $1 AND job_id = ANY ($2) AND state IN ('waiting', 'running')",
    )
    .bind(tenant.as_str())
    .bind(ids)
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(blame)
}

/// Ends all of a tenant's queries and withdraws their results: they may hold
/// what was erased. Answers the keys of objects that may be there.
pub(crate) async fn withdraw(pool: &PgPool, tenant: &TenantId) -> Result<Vec<ResultKey>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let problem = JobProblem {
        message: "the query was ended, or its result withdrawn, by an erasure".into(),
        hint: Some("ask again: the answer is without what was erased".into()),
        ..cancelled()
    };
    let rows = sqlx::query(
        "UPDATE analytics.query_job SET state = 'cancelled', query = NULL, params = NULL,
                result = NULL, problem = $2, ended_at = coalesce(ended_at, clock_timestamp()),
                expires_at = clock_timestamp() + make_interval(secs => $3)
         WHERE tenant_id = $1 RETURNING job_id, fence",
    )
    .bind(tenant.as_str())
    .bind(serde_json::to_value(problem).map_err(Error::internal)?)
    .bind(f64::from(WITHDRAWN_SECONDS))
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.get("job_id")).collect();
    end_jobs(&mut tx, tenant, &ids).await?;
    tx.commit().await.map_err(blame)?;
    let keys = rows.iter().flat_map(|row| keys(tenant, row));
    Ok(keys.collect())
}

/// The objects of all runs of a query.
fn keys(tenant: &TenantId, row: &PgRow) -> Vec<ResultKey> {
    let job = row.get("job_id");
    let fences = 1..=row.get::<i64, _>("fence");
    let key = |fence| ResultKey {
        tenant: tenant.clone(),
        job,
        fence,
    };
    fences.map(key).collect()
}

/// An expired query and the objects that it may have left.
#[derive(Debug)]
pub(crate) struct Expired {
    pub(crate) tenant: TenantId,
    pub(crate) job: Uuid,
    pub(crate) keys: Vec<ResultKey>,
}

/// Queries of all tenants that have expired; and whether there may be more.
pub(crate) async fn expired(pool: &PgPool) -> Result<(Vec<Expired>, bool)> {
    let mut tx = upkeep::look(pool).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, job_id, fence FROM analytics.query_job
         WHERE expires_at < now() ORDER BY expires_at LIMIT $1",
    )
    .bind(BATCH)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let found = rows.iter().map(|row| {
        let tenant = TenantId::new(row.get("tenant_id")).map_err(Error::internal)?;
        Ok(Expired {
            keys: keys(&tenant, row),
            job: row.get("job_id"),
            tenant,
        })
    });
    let found = found.collect::<Result<Vec<_>>>()?;
    let more = found.len() as i64 == BATCH;
    Ok((found, more))
}

/// Forgets an expired query, after its objects.
pub(crate) async fn forget(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    end_jobs(&mut tx, tenant, &[id]).await?;
    sqlx::query(
        "DELETE FROM analytics.query_job
         WHERE tenant_id = $1 AND job_id = $2 AND expires_at < now()",
    )
    .bind(tenant.as_str())
    .bind(id)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Leaves an expired query for later: its objects could not be deleted.
pub(crate) async fn put_off(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "UPDATE analytics.query_job SET state = 'cancelled', result = NULL,
                expires_at = now() + make_interval(secs => $3)
         WHERE tenant_id = $1 AND job_id = $2 AND expires_at < now()",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(f64::from(WITHDRAWN_SECONDS))
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}
