//! Runs queries that were put in, one at a time.
//!
//! The claim is renewed and the progress told every two seconds; when either
//! says that the query is not this runner's any more (cancelled, erased, taken
//! over), it is dropped and nothing of it is kept.

use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStoreExt;
use storage_layout::TenantId;
use storage_layout::key::ResultKey;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use uuid::Uuid;

use super::QueryJobs;
use super::pages::Pages;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::metadata::jobs::{self, Claimed, Ended};
use crate::metadata::query_jobs::{self as catalog, End, JobProblem, Question, StoredResult};
use crate::query::access::Access;
use crate::query::running::{Asked, Class, RunningQuery};
use crate::query::scope::RecordTables;
use crate::session::Param;

/// How long a query is a runner's without a sign of life: a server that ended
/// is noticed within this.
const LEASE_TIME: Duration = Duration::from_secs(15);

/// Time between two signs of life.
const RENEWAL: Duration = Duration::from_secs(2);

/// A query that outlived so many servers is not tried again.
const ATTEMPTS: i32 = 3;

/// When a query is tried again that found no room, or a part away.
const LATER: Duration = Duration::from_secs(5);

impl QueryJobs {
    pub(crate) fn woken(&self) -> Arc<Notify> {
        self.put.clone()
    }

    /// Runs one query that was put in, if there is one.
    pub(crate) async fn run_next(&self, engine: &Engine, worker: Uuid) -> Result<bool> {
        let claim = async |served: Vec<TenantId>| {
            jobs::claim(&self.pool, &[catalog::JOB], worker, LEASE_TIME, &served).await
        };
        let Some((claimed, _serving)) = self.served.next(claim).await? else {
            return Ok(false);
        };
        let Some(question) = catalog::begin(&self.pool, &claimed).await? else {
            // Cancelled or expired: there is nothing to do.
            jobs::finish(&self.pool, &claimed, &Ended::Done(Default::default())).await?;
            return Ok(true);
        };
        // A later run has a record of its own.
        let id = match claimed.attempts {
            1 => claimed.job,
            _ => Uuid::now_v7(),
        };
        let query = self.running.begin_as(
            id,
            &Asked {
                tenant: &claimed.tenant,
                who: &question.who,
                class: Class::Job,
                text: &question.query,
            },
        );
        let ran = match claimed.attempts > ATTEMPTS {
            true => Err(given_up()),
            false => self.run(engine, &claimed, &question, &query).await,
        };
        match ran {
            Ok(()) => query.finish(),
            Err(error) => {
                query.fail(error.kind());
                self.fail(&claimed, error).await?;
            }
        }
        Ok(true)
    }

    async fn run(
        &self,
        engine: &Engine,
        claimed: &Claimed,
        question: &Question,
        query: &RunningQuery,
    ) -> Result<()> {
        let params: Vec<Param> =
            serde_json::from_value(question.params.clone()).map_err(Error::internal)?;
        let records = match question.records {
            true => RecordTables::Shown,
            false => RecordTables::Hidden,
        };
        let access: Access =
            serde_json::from_value(question.access.clone()).map_err(Error::internal)?;
        let session = engine.session_as(&claimed.tenant, Arc::new(access), records);
        let session = session.await?;
        let timeout = Duration::from_millis(question.timeout_ms.unsigned_abs());
        let answer = session.pages_alone(&question.query, &params, timeout);
        // Also planning and waiting for a thread can be cancelled.
        let mut alive = Alive::new(self, claimed);
        let mut answer = tokio::select! {
            answer = query.until_cancelled(answer) => answer?,
            lost = alive.lost(0, 0) => return Err(lost),
        };
        query.observer().answers(session.version(), answer.stats());
        let mut pages = Pages::default();
        loop {
            let next = query.until_cancelled(answer.next());
            tokio::select! {
                next = next => match next? {
                    Some(chunk) => pages.push(&chunk)?,
                    None => break,
                },
                lost = alive.lost(pages.rows(), pages.bytes()) => return Err(lost),
            }
            if alive.due() {
                alive.tell(pages.rows(), pages.bytes()).await?;
            }
        }
        let rows = pages.rows();
        let (bytes, pages) = pages.finish()?;
        let size = bytes.len() as u64;
        query.sent(size);
        // Nobody else's object is at this key: it has the claim's fence.
        alive.tell(rows, size).await?;
        let key = ResultKey {
            tenant: claimed.tenant.clone(),
            job: claimed.job,
            fence: claimed.fence,
        };
        let stored = self.store.put(&key.path(), bytes.into()).await;
        stored.map_err(|error| {
            tracing::warn!(%error, "a result cannot be stored");
            Error::Unavailable {
                message: "the object store does not take the result".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            }
        })?;
        let told = answer.stats().told();
        let result = StoredResult {
            version: session.version(),
            as_of: session.as_of(),
            complete: !answer.stats().truncated(),
            files: told.files,
            rows_scanned: told.rows_scanned,
            bytes_scanned: told.bytes_scanned,
            pages,
        };
        let end = End::Done(result, rows, size);
        if catalog::finish(&self.pool, claimed, &end).await? {
            return Ok(());
        }
        // Cancelled or erased in between: what was stored is nobody's.
        let _ = self.store.delete(&key.path()).await;
        Err(Error::Cancelled)
    }

    /// What is away may be back: such a query is tried again, others end.
    async fn fail(&self, claimed: &Claimed, error: Error) -> Result<()> {
        if let Error::LimitExceeded {
            limit: "concurrent_queries",
            ..
        } = error
        {
            // It was put in within its plan; the tenant's other queries end.
            return catalog::not_yet(&self.pool, claimed, LATER).await;
        }
        if let Error::Unavailable { .. } = error
            && claimed.attempts < ATTEMPTS
        {
            let ended = Ended::Failed {
                why: "a part that the query needs was away".into(),
                after: LATER,
            };
            return jobs::finish(&self.pool, claimed, &ended).await.map(drop);
        }
        let end = End::Failed(problem(error));
        catalog::finish(&self.pool, claimed, &end).await.map(drop)
    }
}

/// A claim that is renewed while its query runs.
struct Alive<'a> {
    jobs: &'a QueryJobs,
    claimed: &'a Claimed,
    told: Instant,
    ticks: tokio::time::Interval,
}

impl<'a> Alive<'a> {
    fn new(jobs: &'a QueryJobs, claimed: &'a Claimed) -> Self {
        let mut ticks = tokio::time::interval_at(Instant::now() + RENEWAL, RENEWAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            jobs,
            claimed,
            told: Instant::now(),
            ticks,
        }
    }

    /// Whether rows that come fast leave no time for ticks.
    fn due(&self) -> bool {
        self.told.elapsed() > RENEWAL
    }

    /// Tells the progress; `Cancelled` when the query is not this runner's any
    /// more.
    async fn tell(&mut self, rows: u64, bytes: u64) -> Result<()> {
        self.told = Instant::now();
        let pool = &self.jobs.pool;
        let held = jobs::renew(pool, self.claimed, LEASE_TIME, None).await?
            && catalog::progress(pool, self.claimed, rows, bytes).await?;
        match held {
            true => Ok(()),
            false => Err(Error::Cancelled),
        }
    }

    /// Tells the progress at each tick, until the query is lost.
    async fn lost(&mut self, rows: u64, bytes: u64) -> Error {
        loop {
            self.ticks.tick().await;
            match self.tell(rows, bytes).await {
                Ok(()) => {}
                Err(Error::Unavailable { .. }) => {
                    tracing::warn!("a query's claim is not renewed");
                }
                Err(error) => return error,
            }
        }
    }
}

fn given_up() -> Error {
    Error::Query {
        message: format!("the server that ran the query ended {ATTEMPTS} times before it was done"),
        location: None,
        hint: Some("ask for less at a time".into()),
    }
}

/// What the caller is told; the rest is logged.
fn problem(error: Error) -> JobProblem {
    let kind = error.kind().to_owned();
    let (message, hint, location) = match error {
        Error::Query {
            message,
            location,
            hint,
        }
        | Error::Invalid {
            message,
            location,
            hint,
            ..
        } => (message, hint, location),
        Error::TimedOut { message, hint } | Error::TooLarge { message, hint } => {
            (message, Some(hint), None)
        }
        Error::Internal(_) | Error::Storage(_) | Error::Config(_) => {
            tracing::error!(?error, "a query that runs without its client failed");
            ("the server failed to answer".into(), None, None)
        }
        other => (other.to_string(), None, None),
    };
    JobProblem {
        kind,
        message,
        hint,
        line: location.map(|place| place.line),
        column: location.map(|place| place.column),
    }
}
