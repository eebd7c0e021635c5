//! The queries that run in this process: listed, cancelled, recorded.
//!
//! Whoever asks begins a [`RunningQuery`] and holds it until the last byte of
//! the answer is out. It knows nothing of how the answer is made: batches of
//! this process or bytes of another one, [`watched::Watched`] wraps any stream.
//! When it ends, however it ends, its record goes to the query log.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, Utc};
use storage_layout::TenantId;
use tokio::sync::watch;
use uuid::Uuid;

use super::redact;
use super::scope::AnswerStats;
use crate::error::{Error, Result};
use crate::metadata::records::{QueryRecord, Records, Verdict};

pub mod watched;

/// What sort of question a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A dashboard's.
    Dashboard,
    /// A caller's own SQL.
    Sql,
    /// An export.
    Export,
    /// A query that runs without its client.
    Job,
    /// A saved query that is called by its address.
    Endpoint,
}

impl Class {
    /// Its name in lists and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Sql => "sql",
            Self::Export => "export",
            Self::Job => "job",
            Self::Endpoint => "endpoint",
        }
    }
}

/// Who asks what.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// Whose data.
    pub tenant: &'a TenantId,
    /// By whom, such as `key 0195…`.
    pub who: &'a str,
    /// What sort of question.
    pub class: Class,
    /// Its text; values in it are not kept.
    pub text: &'a str,
}

/// The queries that run in this process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Running {
    entries: Arc<Mutex<HashMap<Uuid, Arc<Entry>>>>,
    records: Records,
}

/// A query as a list shows it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its id.
    pub id: Uuid,
    /// Whose data.
    pub tenant: TenantId,
    /// By whom.
    pub who: String,
    /// What sort of question.
    pub class: Class,
    /// The text without its values.
    pub text: String,
    /// When it was asked.
    pub started_at: DateTime<Utc>,
    /// Whether its answer has begun; before that it waits for its turn.
    pub begun: bool,
    /// Since it was asked, milliseconds.
    pub running_ms: i64,
    /// Rows that it has given so far.
    pub rows: u64,
    /// Bytes fetched from the store so far.
    pub bytes_scanned: u64,
}

#[derive(Debug)]
struct Entry {
    id: Uuid,
    tenant: TenantId,
    who: String,
    class: Class,
    text: String,
    shape: String,
    started_at: DateTime<Utc>,
    started: Instant,
    cancelled: watch::Sender<bool>,
    bytes_sent: AtomicU64,
    ended: AtomicBool,
    seen: Mutex<Seen>,
}

/// What is known of a query once it has a session and an answer.
#[derive(Debug, Default)]
struct Seen {
    version: Option<i64>,
    stats: Option<Arc<AnswerStats>>,
}

impl Running {
    pub(crate) fn new(records: Records) -> Self {
        Self {
            entries: Arc::default(),
            records,
        }
    }

    /// Begins a query.
    pub fn begin(&self, asked: &Asked<'_>) -> RunningQuery {
        self.begin_as(Uuid::now_v7(), asked)
    }

    /// Begins a query under an id that it has already.
    pub(crate) fn begin_as(&self, id: Uuid, asked: &Asked<'_>) -> RunningQuery {
        let (text, shape) = redact::without_values(asked.text);
        let entry = Arc::new(Entry {
            id,
            tenant: asked.tenant.clone(),
            who: asked.who.to_owned(),
            class: asked.class,
            text,
            shape,
            started_at: Utc::now(),
            started: Instant::now(),
            cancelled: watch::Sender::new(false),
            bytes_sent: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            seen: Mutex::default(),
        });
        self.entries().insert(id, entry.clone());
        RunningQuery {
            entry,
            running: self.clone(),
        }
    }

    /// The queries that run now, the oldest first: a tenant's, or all for the
    /// operator; with `who` those of one caller.
    pub fn list(&self, tenant: Option<&TenantId>, who: Option<&str>) -> Vec<Listed> {
        let shown = |entry: &&Arc<Entry>| entry.is_of(tenant, who);
        let mut list: Vec<Listed> = {
            let entries = self.entries();
            entries.values().filter(shown).map(|e| e.listed()).collect()
        };
        list.sort_by_key(|query| (query.started_at, query.id));
        list
    }

    /// Cancels a query that [`Self::list`] would show; whether there was one.
    pub fn cancel(&self, tenant: Option<&TenantId>, who: Option<&str>, id: Uuid) -> bool {
        let found = self.entries().get(&id).cloned();
        match found.filter(|entry| entry.is_of(tenant, who)) {
            Some(entry) => {
                entry.cancelled.send_replace(true);
                true
            }
            None => false,
        }
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Uuid, Arc<Entry>>> {
        // Nothing panics while it is held; the map is whole either way.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn is_of(&self, tenant: Option<&TenantId>, who: Option<&str>) -> bool {
        tenant.is_none_or(|tenant| *tenant == self.tenant) && who.is_none_or(|who| who == self.who)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listed(&self) -> Listed {
        let seen = self.seen();
        let stats = seen.stats.as_deref();
        Listed {
            id: self.id,
            tenant: self.tenant.clone(),
            who: self.who.clone(),
            class: self.class,
            text: self.text.clone(),
            started_at: self.started_at,
            begun: stats.is_some(),
            running_ms: self.ran_ms(),
            rows: stats.map_or(0, AnswerStats::rows),
            bytes_scanned: stats.map_or(0, AnswerStats::bytes_scanned),
        }
    }

    fn ran_ms(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    fn record(&self, verdict: Verdict, problem: Option<&str>) -> QueryRecord {
        let seen = self.seen();
        let number = |of: fn(&AnswerStats) -> u64| {
            let number = seen.stats.as_deref().map_or(0, of);
            i64::try_from(number).unwrap_or(i64::MAX)
        };
        let bytes_sent = self.bytes_sent.load(Ordering::Relaxed);
        QueryRecord {
            tenant_id: self.tenant.clone(),
            query_id: self.id,
            started_at: self.started_at,
            who: self.who.clone(),
            class: self.class.name().to_owned(),
            text: self.text.clone(),
            shape: self.shape.clone(),
            version: seen.version,
            queued_ms: number(AnswerStats::queued_ms),
            ran_ms: self.ran_ms(),
            rows: number(AnswerStats::rows),
            bytes_sent: i64::try_from(bytes_sent).unwrap_or(i64::MAX),
            files: number(AnswerStats::files),
            rows_scanned: number(AnswerStats::rows_scanned),
            bytes_scanned: number(AnswerStats::bytes_scanned),
            verdict: verdict.name().to_owned(),
            problem: problem.map(str::to_owned),
        }
    }
}

/// A query that runs. Dropped before [`Self::end`] it counts as cancelled: its
/// reader went away.
#[derive(Debug)]
pub struct RunningQuery {
    entry: Arc<Entry>,
    running: Running,
}

/// Tells a running query what it reads.
#[derive(Debug, Clone)]
pub struct Observer {
    entry: Arc<Entry>,
}

impl Observer {
    /// The version that the answer is of, and its counts as they grow.
    pub fn answers(&self, version: i64, stats: &Arc<AnswerStats>) {
        let mut seen = self.entry.seen();
        seen.version = Some(version);
        seen.stats = Some(stats.clone());
    }

    /// The version of an answer that has no counts.
    pub fn of_version(&self, version: i64) {
        self.entry.seen().version = Some(version);
    }
}

impl RunningQuery {
    /// Its id.
    pub fn id(&self) -> Uuid {
        self.entry.id
    }

    /// What the one who makes the answer tells it.
    pub fn observer(&self) -> Observer {
        Observer {
            entry: self.entry.clone(),
        }
    }

    /// Ends when somebody cancels the query.
    pub fn cancelled(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut cancelled = self.entry.cancelled.subscribe();
        let entry = self.entry.clone();
        async move {
            // The entry holds the sender, so this waits for nothing else.
            let _ = cancelled.wait_for(|cancelled| *cancelled).await;
            drop(entry);
        }
    }

    /// Does `work` until it is done or the query is cancelled. Errors:
    /// `Cancelled`, and those of the work.
    pub async fn until_cancelled<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(Error::Cancelled),
            done = work => done,
        }
    }

    /// Counts bytes of the answer.
    pub fn sent(&self, bytes: u64) {
        self.entry.bytes_sent.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether a limit has cut the rows so far.
    pub fn truncated(&self) -> bool {
        let seen = self.entry.seen();
        seen.stats.as_deref().is_some_and(AnswerStats::truncated)
    }

    /// All of the answer is out.
    pub fn finish(&self) {
        match self.truncated() {
            true => self.end(Verdict::Truncated, None),
            false => self.end(Verdict::Finished, None),
        }
    }

    /// It ended with an error of this kind, see [`Error::kind`].
    pub fn fail(&self, kind: &str) {
        self.end(Verdict::of_kind(kind), Some(kind));
    }

    /// Ends it; what comes after the first end is not counted.
    pub fn end(&self, verdict: Verdict, problem: Option<&str>) {
        if self.entry.ended.swap(true, Ordering::AcqRel) {
            return;
        }
        self.running.entries().remove(&self.entry.id);
        self.running
            .records
            .query(self.entry.record(verdict, problem));
    }
}

impl Drop for RunningQuery {
    fn drop(&mut self) {
        let cancelled = *self.entry.cancelled.borrow();
        self.end(
            Verdict::Cancelled,
            Some(if cancelled {
                "cancelled"
            } else {
                "client-gone"
            }),
        );
    }
}
