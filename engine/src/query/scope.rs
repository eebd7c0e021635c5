//! What one session's queries may see: one tenant at one version.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use object_store::ObjectStore;
use object_store::path::Path;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use storage_layout::store::FencedStore;

use super::cache::Caches;
use crate::metadata::catalog::{FileStorage, Snapshot};
use crate::metadata::platforms::Platform;

/// One tenant at one version, with the means to read it and nothing else.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) platforms: Arc<Vec<Platform>>,
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
    ) -> Self {
        let mut objects = HashSet::new();
        for file in &snapshot.files {
            if let FileStorage::Object { key, .. } = &file.storage {
                objects.insert(Path::from(key.as_str()));
            }
            objects.extend(file.rollup_key.as_deref().map(Path::from));
        }
        let objects = Arc::new(objects);
        let store = Arc::new(FencedStore::new(store, objects.clone()));
        Self { snapshot, platforms, caches, pool, store, objects }
    }

    pub(crate) fn tenant(&self) -> &TenantId {
        &self.snapshot.tenant.id
    }
}

/// What one query read; shared by its scans and its answer.
#[derive(Debug, Default)]
pub struct ScanCounts {
    files: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl ScanCounts {
    /// Notes files that a plan reads.
    pub(crate) fn add_files(&self, files: u64, rows: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    /// Notes bytes fetched from the store.
    pub(crate) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Data files that the plan reads, inline ones included.
    pub fn files(&self) -> u64 {
        self.files.load(Ordering::Relaxed)
    }

    /// Rows in those files.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes fetched from the store.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}
