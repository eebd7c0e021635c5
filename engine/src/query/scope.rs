//! What one session's queries may see: one tenant at one version.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use object_store::ObjectStore;
use object_store::path::Path;
use sqlx::postgres::PgPool;
use storage_layout::store::FencedStore;
use storage_layout::{MetricDefinition, TenantId};

use super::access::Access;
use super::cache::Caches;
use crate::metadata::catalog::{FileStorage, Snapshot};
use crate::metadata::platforms::Platform;

/// One tenant at one version, with the means to read it and nothing else.
#[derive(Debug)]
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
    pub(crate) pool: PgPool,
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
            pool,
            store,
            objects,
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
    truncated: AtomicBool,
}

impl AnswerStats {
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

    pub(crate) fn set_truncated(&self) {
        self.truncated.store(true, Ordering::Release);
    }
}
