//! What one session's queries may see: one tenant at one version.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use object_store::ObjectStore;
use object_store::path::Path;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use storage_layout::store::FencedStore;

use super::account::Account;
use super::cache::Caches;
use crate::metadata::catalog::{FileStorage, Snapshot};
use crate::metadata::metering::Used;
use crate::metadata::platforms::Platform;

/// One tenant at one version, with the means to read it and nothing else.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) snapshot: Arc<Snapshot>,
    /// When the catalog said that this snapshot is the newest.
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) platforms: Arc<Vec<Platform>>,
    pub(crate) caches: Caches,
    pub(crate) pool: PgPool,
    /// What the tenant may fetch, and what it used; `None`: background work,
    /// which nobody asked for.
    pub(crate) account: Option<Account>,
    /// Read-only, and holding exactly the snapshot's objects.
    pub(crate) store: Arc<FencedStore>,
    /// The objects that a plan may read.
    pub(crate) objects: Arc<HashSet<Path>>,
}

impl Scope {
    pub(crate) fn new(
        snapshot: Arc<Snapshot>,
        platforms: Arc<Vec<Platform>>,
        caches: Caches,
        pool: PgPool,
        store: Arc<dyn ObjectStore>,
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
        Self {
            snapshot,
            as_of: Utc::now(),
            platforms,
            caches,
            pool,
            account: None,
            store,
            objects,
        }
    }

    /// The same for a tenant that asks itself.
    pub(crate) fn charged_to(self, account: Account) -> Self {
        Self {
            account: Some(account),
            ..self
        }
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
    truncated: AtomicBool,
    rows_answered: AtomicU64,
    cpu_us: AtomicU64,
    /// Whose account it is counted in, when nobody works on it any more.
    account: Option<Account>,
}

impl Drop for AnswerStats {
    fn drop(&mut self) {
        if let Some(account) = self.account.take() {
            account.count(&Used {
                scanned_bytes: self.bytes_scanned(),
                cpu_us: self.cpu_us.load(Ordering::Relaxed),
                result_rows: self.rows_answered.load(Ordering::Relaxed),
                ..Used::default()
            });
        }
    }
}

impl AnswerStats {
    /// Of an answer that this scope's tenant asked for.
    pub(crate) fn of(scope: &Scope) -> Self {
        let mut stats = Self::default();
        stats.account = scope.account.clone();
        stats
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

    /// Whether a limit cut the rows.
    pub fn truncated(&self) -> bool {
        self.truncated.load(Ordering::Acquire)
    }

    pub(crate) fn add_files(&self, files: u64, rows: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.rows_scanned.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes_scanned.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn add_answered(&self, rows: u64) {
        self.rows_answered.fetch_add(rows, Ordering::Relaxed);
    }

    pub(crate) fn add_cpu(&self, cpu: Duration) {
        let us = u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX);
        self.cpu_us.fetch_add(us, Ordering::Relaxed);
    }

    pub(crate) fn set_truncated(&self) {
        self.truncated.store(true, Ordering::Release);
    }
}
