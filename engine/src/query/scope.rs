//! What one session's queries may see: one tenant at one version.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::{Deserialize, Serialize};
use storage_layout::store::FencedStore;
use storage_layout::{MetricDefinition, TenantId};

use super::access::Access;
use super::account::Account;
use super::cache::Caches;
use super::supplier::Supplier;
use super::written::{Ending, Took};
use crate::metadata::catalog::{FileStorage, Snapshot};
use crate::metadata::metering::Used;
use crate::metadata::platforms::Platform;

/// One tenant at one version, with the means to read it and nothing else.
#[derive(Debug, Clone)]
pub(crate) struct Scope {
    pub(crate) snapshot: Arc<Snapshot>,
    /// When the catalog said that this snapshot is the newest.
    pub(crate) as_of: DateTime<Utc>,
    /// The registry's platforms that the caller may see.
    pub(crate) platforms: Arc<Vec<Platform>>,
    /// The definitions that the caller may see; the snapshot's are all there are.
    pub(crate) metrics: Vec<MetricDefinition>,
    /// What of the snapshot the caller may see.
    pub(crate) access: Arc<Access>,
    pub(crate) caches: Caches,
    pub(crate) supplier: Arc<dyn Supplier>,
    /// What the tenant may fetch, and what it used; `None`: background work,
    /// which nobody asked for, and a worker, whose parent counts.
    pub(crate) account: Option<Account>,
    /// Read-only, and holding exactly the snapshot's objects.
    pub(crate) store: Arc<FencedStore>,
    /// The objects that a plan may read.
    pub(crate) objects: Arc<HashSet<Path>>,
    /// Where queries put aside what their memory does not hold.
    pub(crate) spill: Spill,
    /// Whether `query_log` and `audit_log` are there.
    pub(crate) records: RecordTables,
}

/// Where sorts and groups go that do not fit in a query's memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Spill {
    /// The system's folder for temporary files.
    System,
    /// This folder, up to so many bytes.
    Folder { path: PathBuf, bytes: u64 },
}

/// Whether a session has the tables `query_log` and `audit_log`, which are for
/// the tenant's admin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordTables {
    /// They are there.
    Shown,
    /// There are no such tables.
    Hidden,
}

impl Scope {
    pub(crate) fn new(
        snapshot: Arc<Snapshot>,
        platforms: Arc<Vec<Platform>>,
        caches: Caches,
        supplier: Arc<dyn Supplier>,
        store: Arc<dyn ObjectStore>,
        access: Arc<Access>,
    ) -> Self {
        let mut objects = HashSet::new();
        for file in &snapshot.files {
            if let FileStorage::Object { key, .. } = &file.storage {
                objects.insert(Path::from(key.as_str()));
            }
            objects.extend(file.rollup_key.as_deref().map(Path::from));
            objects.extend(file.detail_key.as_deref().map(Path::from));
        }
        let objects = Arc::new(objects);
        let store = Arc::new(FencedStore::new(store, objects.clone()));
        let metrics = snapshot.metrics.iter();
        let metrics = metrics.filter(|d| access.shows(&d.key.platform)).cloned();
        let metrics = metrics.collect();
        let platforms = match access.platforms {
            None => platforms,
            Some(_) => {
                let shown = platforms.iter().filter(|p| access.shows(&p.name));
                Arc::new(shown.cloned().collect())
            }
        };
        Self {
            metrics,
            access,
            snapshot,
            as_of: Utc::now(),
            platforms,
            caches,
            supplier,
            account: None,
            store,
            objects,
            spill: Spill::System,
            records: RecordTables::Hidden,
        }
    }

    pub(crate) fn with_records(self, records: RecordTables) -> Self {
        Self { records, ..self }
    }

    /// The same for a tenant that asks itself.
    pub(crate) fn charged_to(self, account: Account) -> Self {
        Self {
            account: Some(account),
            ..self
        }
    }

    /// The access, where stored roll-ups and what other callers had read for
    /// them cannot answer it; a part of the keys of what is remembered.
    pub(crate) fn row_access(&self) -> Option<Arc<Access>> {
        self.access.is_of_rows().then(|| self.access.clone())
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.snapshot.tenant.id
    }
}

/// What an answer says about itself; final once its stream has ended.
#[derive(Debug, Default)]
pub struct AnswerStats {
    files: AtomicU64,
    rows_scanned: AtomicU64,
    bytes_scanned: AtomicU64,
    planned_bytes: AtomicU64,
    rows: AtomicU64,
    queued_ms: AtomicU64,
    truncated: AtomicBool,
    cpu_us: AtomicU64,
    /// Whose account it is counted in, when nobody works on it any more.
    account: Option<Account>,
    /// What is in that account already: bytes, microseconds and rows.
    counted: Mutex<[u64; 3]>,
    /// Whether the caller is not told what was read: it sees a part of it.
    untold: bool,
}

impl Drop for AnswerStats {
    /// Whoever worked on the answer last brings what was not counted yet.
    fn drop(&mut self) {
        self.count();
    }
}

impl AnswerStats {
    /// Of an answer that this scope's tenant asked for.
    pub(crate) fn of(scope: &Scope) -> Self {
        let mut stats = Self::default().charged_to(scope.account.clone());
        stats.untold = !scope.access.is_full();
        stats
    }

    /// What the caller is told of what was read: nothing where it sees a part of
    /// the data, since how much else was looked at tells what else there is.
    pub(crate) fn told(&self) -> Took {
        match self.untold {
            true => Took::default(),
            false => Took {
                files: self.files(),
                rows_scanned: self.rows_scanned(),
                bytes_scanned: self.bytes_scanned(),
            },
        }
    }

    /// Bytes of the files that a plan reads, whole, as the caller is told.
    pub(crate) fn told_planned_bytes(&self) -> u64 {
        match self.untold {
            true => 0,
            false => self.planned_bytes(),
        }
    }

    fn charged_to(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// Data files that the plan reads, inline ones included.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Rows in those files.
    pub fn rows_scanned(&self) -> u64 {
        self.rows_scanned.load(Ordering::Relaxed)
    }

    /// Bytes fetched from the store.
    pub fn bytes_scanned(&self) -> u64 {
        self.bytes_scanned.load(Ordering::Relaxed)
    }

    /// Bytes of those files, whole: a query that skips row groups or columns
    /// fetches fewer.
    pub fn planned_bytes(&self) -> u64 {
        self.planned_bytes.load(Ordering::Relaxed)
    }

    /// Rows of the answer so far.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// How long the query waited for a thread, milliseconds.
    pub fn queued_ms(&self) -> u64 {
        self.queued_ms.load(Ordering::Relaxed)
    }

    /// Whether a limit cut the rows.
    pub fn truncated(&self) -> bool {
        self.truncated.load(Ordering::Acquire)
    }

    /// Takes over the counts of an answer that another process made; what it
    /// fetched was counted where it was given.
    pub(crate) fn end(&self, ending: &Ending) {
        self.add_files(ending.took.files, ending.took.rows_scanned, 0);
        self.add_rows(ending.rows);
        if !ending.complete {
            self.set_truncated();
        }
    }

    /// The counts of an answer that was stored.
    pub(crate) fn stored(files: u64, rows_scanned: u64, bytes_scanned: u64) -> Self {
        let stats = Self::default();
        stats.add_files(files, rows_scanned, 0);
        stats.add_bytes(bytes_scanned);
        stats
    }

    pub(crate) fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn set_queued(&self, waited: std::time::Duration) {
        let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        self.queued_ms.store(ms, Ordering::Relaxed);
    }

    pub(crate) fn add_files(&self, files: u64, rows: u64, bytes: u64) {
        self.planned_bytes.fetch_add(bytes, Ordering::Relaxed);
        self.files.fetch_add(files, Ordering::Relaxed);
        self.rows_scanned.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes_scanned.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_cpu(&self, cpu: Duration) {
        let us = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
        self.cpu_us.fetch_add(us, Ordering::Relaxed);
    }

    /// Puts into the tenant's account what is not there yet.
    pub(crate) fn count(&self) {
        let Some(account) = &self.account else { return };
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let now = [&self.bytes_scanned, &self.cpu_us, &self.rows]
            .map(|number| number.load(Ordering::Relaxed));
        account.count(&Used {
            scanned_bytes: now[0].saturating_sub(counted[0]),
            cpu_us: now[1].saturating_sub(counted[1]),
            result_rows: now[2].saturating_sub(counted[2]),
            ..Used::default()
        });
        *counted = now;
    }

    pub(crate) fn set_truncated(&self) {
        self.truncated.store(true, Ordering::Release);
    }
}
