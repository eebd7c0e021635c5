//! Queries that run without their client: asked, polled, fetched, cancelled.
//!
//! A query is put in the catalog and taken up by a server ([`runner`]); should
//! that one end, another takes it up again. Its result is an object of pages
//! ([`pages`]) that is kept for a day.

pub(crate) mod pages;
mod runner;
mod served;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use storage_layout::key::ResultKey;
use tokio::sync::Notify;
use uuid::Uuid;

use self::served::Served;
use crate::error::{Error, Result};
use crate::metadata::query_jobs::{self as catalog, Question, StoredPage, StoredResult};
pub use crate::metadata::query_jobs::{JOBS_OF_A_TENANT, JobProblem, JobState, KEPT, QueryJob};
use crate::query::access::Access;
use crate::query::limits::Limits;
use crate::query::running::Running;
use crate::query::scope::{AnswerStats, RecordTables};
use crate::session::{ALONE, Answer, Param};

/// How long a query runs that does not say for how long it may.
const TIMEOUT: Duration = Duration::from_secs(600);

/// Who asks for what; see [`QueryJobs::submit`].
#[derive(Debug, Clone)]
pub struct NewQuery {
    /// By whom, such as `key 0195…`.
    pub who: String,
    /// One SELECT.
    pub query: String,
    /// Values of `$1`, `$2`, ….
    pub params: Vec<Param>,
    /// For how long it may run; `None`: ten minutes; at most twenty times what the
    /// plan lets a query take, and an hour.
    pub timeout: Option<Duration>,
    /// Whether it may read `query_log` and `audit_log`.
    pub records: RecordTables,
    /// What of the tenant's data its caller may see.
    pub access: Arc<Access>,
}

/// What a caller may see at the moment at which it asks for a result.
#[derive(Debug, Clone)]
pub struct Sees {
    /// Whether it may read `query_log` and `audit_log`.
    pub records: RecordTables,
    /// What of the tenant's data it may see.
    pub access: Arc<Access>,
}

impl Sees {
    /// A result shows what its query could see, whatever became of the role of
    /// its caller since. Errors: `Conflict` for one that sees something else.
    fn all_of(&self, job: &QueryJob) -> Result<()> {
        let of_job: Access = serde_json::from_value(job.access.clone()).map_err(Error::internal)?;
        let rows = self.access.is_full() || *self.access == of_job;
        let records = self.records == RecordTables::Shown || !job.records;
        match rows && records {
            true => Ok(()),
            false => Err(Error::Conflict {
                message: "the result shows another part of the data than its caller sees now; \
                          ask the query again"
                    .into(),
            }),
        }
    }
}

/// What a stored answer is of.
#[derive(Debug, Clone, Copy)]
pub struct StoredAnswer {
    /// The tenant's version.
    pub version: i64,
    /// When that version was seen.
    pub as_of: chrono::DateTime<chrono::Utc>,
    /// Pages in all.
    pub pages: usize,
    /// Rows in all.
    pub rows: u64,
}

/// Queries that run without their client; cheap to clone.
#[derive(Debug, Clone)]
pub struct QueryJobs {
    pool: PgPool,
    store: Arc<dyn ObjectStore>,
    running: Running,
    limits: Limits,
    /// Wakes this process' runners.
    put: Arc<Notify>,
    /// Whose query each of this process' runners has.
    served: Served,
}

impl QueryJobs {
    pub(crate) fn new(
        pool: PgPool,
        store: Arc<dyn ObjectStore>,
        running: Running,
        limits: Limits,
    ) -> Self {
        Self {
            pool,
            store,
            running,
            limits,
            put: Arc::default(),
            served: Served::default(),
        }
    }

    /// Puts a query in; a server with background work runs it. Errors:
    /// `NotFound` for an unknown tenant, `LimitExceeded` when the tenant has
    /// [`JOBS_OF_A_TENANT`] already or began too many queries in this second.
    pub async fn submit(&self, tenant: &TenantId, new: &NewQuery) -> Result<Uuid> {
        let plan = self.limits.plans.holding(tenant).await?;
        self.limits.begin(tenant, &plan).await?;
        let timeout = new.timeout.unwrap_or(TIMEOUT).min(ALONE);
        let question = Question {
            who: new.who.clone(),
            query: new.query.clone(),
            params: serde_json::to_value(&new.params).map_err(Error::internal)?,
            timeout_ms: i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX),
            records: new.records == RecordTables::Shown,
            access: serde_json::to_value(&new.access).map_err(Error::internal)?,
        };
        let id = catalog::put(&self.pool, tenant, &question).await?;
        self.put.notify_one();
        Ok(id)
    }

    /// A query as it stands; with `who` only one that this caller asked.
    /// Errors: `NotFound`, also when its day is over.
    pub async fn get(&self, tenant: &TenantId, who: Option<&str>, id: Uuid) -> Result<QueryJob> {
        catalog::get(&self.pool, tenant, who, id).await
    }

    /// A tenant's queries, the newest first; with `who` those of one caller.
    pub async fn list(&self, tenant: &TenantId, who: Option<&str>) -> Result<Vec<QueryJob>> {
        catalog::list(&self.pool, tenant, who).await
    }

    /// Cancels a query: at once where it runs in this process, within two
    /// seconds where another server runs it. One that has ended is forgotten
    /// with its result. Errors: `NotFound`.
    pub async fn cancel(&self, tenant: &TenantId, who: Option<&str>, id: Uuid) -> Result<()> {
        catalog::cancel(&self.pool, tenant, who, id).await?;
        self.running.cancel(Some(tenant), who, id);
        Ok(())
    }

    /// One page of a result, from 1. Errors: `NotFound` for a query or page
    /// that is not there, `Conflict` while there is no result.
    pub async fn page(
        &self,
        tenant: &TenantId,
        who: Option<&str>,
        sees: &Sees,
        id: Uuid,
        page: usize,
    ) -> Result<(StoredAnswer, Answer)> {
        let (job, result) = self.done(tenant, who, sees, id).await?;
        let found = page.checked_sub(1).and_then(|i| result.pages.get(i));
        let found = *found.ok_or_else(|| Error::NotFound {
            what: format!("page {page} of {}", result.pages.len()),
        })?;
        let answer = self.answer(tenant, &job, &result, vec![found]).await?;
        Ok((stored(&job, &result), answer))
    }

    /// A whole result. Errors: as [`Self::page`].
    pub async fn whole(
        &self,
        tenant: &TenantId,
        who: Option<&str>,
        sees: &Sees,
        id: Uuid,
    ) -> Result<(StoredAnswer, Answer)> {
        let (job, result) = self.done(tenant, who, sees, id).await?;
        let all = result.pages.clone();
        let answer = self.answer(tenant, &job, &result, all).await?;
        Ok((stored(&job, &result), answer))
    }

    async fn done(
        &self,
        tenant: &TenantId,
        who: Option<&str>,
        sees: &Sees,
        id: Uuid,
    ) -> Result<(QueryJob, StoredResult)> {
        let job = self.get(tenant, who, id).await?;
        sees.all_of(&job)?;
        match job.result.clone() {
            Some(result) => Ok((job, result)),
            None => Err(Error::Conflict {
                message: match job.state {
                    JobState::Queued | JobState::Running => {
                        "the query has no result yet: ask for its state until it is done".into()
                    }
                    _ => "the query ended without a result: its state says why".into(),
                },
            }),
        }
    }

    /// The first page is read before the answer begins, the others as they are
    /// asked for.
    async fn answer(
        &self,
        tenant: &TenantId,
        job: &QueryJob,
        result: &StoredResult,
        read: Vec<StoredPage>,
    ) -> Result<Answer> {
        let stats = AnswerStats::stored(result.files, result.rows_scanned, result.bytes_scanned);
        stats.add_rows(read.iter().map(|page| page.rows).sum());
        if !result.complete {
            stats.set_truncated();
        }
        let key = ResultKey {
            tenant: tenant.clone(),
            job: job.id,
            fence: job.fence,
        };
        let mut pages = read.into_iter();
        let first = pages.next().ok_or_else(catalog::missing)?;
        let (schema, first) = pages::decode(fetch(&self.store, &key, first).await?)?;
        let store = self.store.clone();
        let rest = stream::iter(pages)
            .then(move |page| {
                let (store, key) = (store.clone(), key.clone());
                async move {
                    let (_, batches) = pages::decode(fetch(&store, &key, page).await?)?;
                    Ok::<_, Error>(stream::iter(batches.into_iter().map(Ok::<_, Error>)))
                }
            })
            .try_flatten();
        Ok(Answer {
            schema,
            stream: Box::pin(stream::iter(first.into_iter().map(Ok)).chain(rest)),
            stats: Arc::new(stats),
        })
    }
}

fn stored(job: &QueryJob, result: &StoredResult) -> StoredAnswer {
    StoredAnswer {
        version: result.version,
        as_of: result.as_of,
        pages: result.pages.len(),
        rows: job.rows,
    }
}

async fn fetch(store: &Arc<dyn ObjectStore>, key: &ResultKey, page: StoredPage) -> Result<Bytes> {
    let path = key.path();
    match store.get_range(&path, page.at..page.at + page.bytes).await {
        Ok(bytes) => Ok(bytes),
        // Swept or erased at this moment, or from before a restore.
        Err(object_store::Error::NotFound { .. }) => Err(catalog::missing()),
        Err(error) => Err(Error::storage(error)),
    }
}
