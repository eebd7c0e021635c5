//! Caches keyed by ids of things that never change, so nothing is ever stale.
//!
//! They hold what files hold; which files a tenant sees is the snapshot's to
//! say, so a cache cannot mix tenants up.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::RecordBatch;
use moka::future::Cache;
use parquet::file::metadata::ParquetMetaData;
use storage_layout::rollup::DaySketches;
use storage_layout::{FileId, MetricKey, TenantId, Window};

use super::access::Access;
use super::partials::{Newest, Shape, Sourced};
use super::tops::{Answers, TopsKey};
use crate::metadata::catalog::Snapshot;

const MIB: u64 = 1 << 20;

/// A snapshot that nobody asked for so long is let go of.
const SNAPSHOT_AGE: Duration = Duration::from_secs(30);

/// The caches of one process. Their bounds are bytes, and together stay under
/// about 700 MiB; an idle process holds next to nothing.
#[derive(Debug, Clone)]
pub struct Caches {
    /// Newest known snapshot of each tenant; checked against the catalog before use.
    pub(crate) snapshots: Cache<TenantId, Arc<Snapshot>>,
    /// Parquet footers with their page indexes.
    pub(crate) footers: Cache<FileId, Arc<ParquetMetaData>>,
    /// Rows of inline files.
    pub(crate) inline: Cache<FileId, Arc<RecordBatch>>,
    /// Partials of one file.
    pub(crate) partials: Cache<PartialsKey, Sourced>,
    /// Partials merged over the files of a window.
    pub(crate) windows: Cache<WindowKey, Sourced>,
    /// Partials merged over all of a question's files, inline ones included.
    pub(crate) newest: Cache<NewestKey, Arc<Newest>>,
    /// Sketches of one file.
    pub(crate) sketches: Cache<PartialsKey, Arc<FileSketches>>,
    /// Top values from the raw points of exactly these files.
    pub(crate) tops: Cache<TopsKey, Arc<Answers>>,
    /// How often something was let go of before its time.
    pub(crate) forgotten: Arc<AtomicU64>,
}

/// A file's sketches, with the metrics that they name by number.
#[derive(Debug)]
pub(crate) struct FileSketches {
    pub(crate) metrics: Vec<MetricKey>,
    pub(crate) sketches: DaySketches,
}

/// A file's partials, made by these definitions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PartialsKey {
    pub(crate) file: FileId,
    pub(crate) shape: Shape,
    /// Fingerprint of the metric definitions, see `partials::fingerprint`.
    pub(crate) definitions: u64,
    /// What was seen of the rows, where it was not all.
    pub(crate) access: Option<Arc<Access>>,
}

/// Merged partials of exactly these files of a window.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct WindowKey {
    pub(crate) tenant: TenantId,
    pub(crate) window: Window,
    pub(crate) files: Arc<[FileId]>,
    pub(crate) shape: Shape,
    pub(crate) definitions: u64,
    pub(crate) access: Option<Arc<Access>>,
}

/// Merged partials of exactly these objects; which inline files were added is
/// part of the value, so that newer ones go on top.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct NewestKey {
    pub(crate) tenant: TenantId,
    pub(crate) objects: Arc<[FileId]>,
    pub(crate) shape: Shape,
    pub(crate) definitions: u64,
    pub(crate) access: Option<Arc<Access>>,
}

impl Caches {
    /// Lets go of everything that was made of these files of a tenant.
    pub(crate) async fn forget(&self, tenant: &TenantId, files: &BTreeSet<FileId>) {
        self.forgotten.fetch_add(1, Ordering::Relaxed);
        self.snapshots.invalidate(tenant).await;
        for file in files {
            self.footers.invalidate(file).await;
            self.inline.invalidate(file).await;
        }
        for (key, _) in &self.partials {
            if files.contains(&key.file) {
                self.partials.invalidate(&*key).await;
            }
        }
        for (key, _) in &self.sketches {
            if files.contains(&key.file) {
                self.sketches.invalidate(&*key).await;
            }
        }
        for (key, _) in &self.windows {
            if key.files.iter().any(|file| files.contains(file)) {
                self.windows.invalidate(&*key).await;
            }
        }
        for (key, _) in &self.tops {
            if key.files.iter().any(|file| files.contains(file)) {
                self.tops.invalidate(&*key).await;
            }
        }
        // Which inline files these hold is part of their values: all go.
        for (key, _) in &self.newest {
            if key.tenant == *tenant {
                self.newest.invalidate(&*key).await;
            }
        }
    }
}

impl Default for Caches {
    fn default() -> Self {
        Self::of(MIB)
    }
}

impl Caches {
    /// Those of a process that serves one tenant for a while: an eighth.
    pub(crate) fn of_one_tenant() -> Self {
        Self::of(MIB / 8)
    }

    fn of(unit: u64) -> Self {
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            forgotten: Arc::default(),
            snapshots: Cache::builder()
                .max_capacity(64 * unit)
                .time_to_live(SNAPSHOT_AGE)
                .weigher(move |_, s: &Arc<Snapshot>| size(1_024 + s.files.len() * 640))
                .build(),
            footers: Cache::builder()
                .max_capacity(128 * unit)
                .weigher(move |_, f: &Arc<ParquetMetaData>| size(f.memory_size()))
                .build(),
            inline: Cache::builder()
                .max_capacity(128 * unit)
                .weigher(move |_, b: &Arc<RecordBatch>| size(b.get_array_memory_size()))
                .build(),
            partials: Cache::builder()
                .max_capacity(128 * unit)
                .weigher(move |_, p: &Sourced| size(p.partials.size_bytes()))
                .build(),
            windows: Cache::builder()
                .max_capacity(64 * unit)
                .weigher(move |_, p: &Sourced| size(p.partials.size_bytes()))
                .build(),
            newest: Cache::builder()
                .max_capacity(128 * unit)
                .weigher(move |_, n: &Arc<Newest>| size(n.size_bytes()))
                .build(),
            sketches: Cache::builder()
                .max_capacity(32 * unit)
                .weigher(move |_, s: &Arc<FileSketches>| size(1_024 + s.size_bytes()))
                .build(),
            tops: Cache::builder()
                .max_capacity(16 * unit)
                .weigher(move |key: &TopsKey, a: &Arc<Answers>| size(512 + key.size_bytes(a)))
                .build(),
        }
    }
}

impl FileSketches {
    fn size_bytes(&self) -> usize {
        let of = self
            .sketches
            .values()
            .map(|sketch| 64 + sketch.size_bytes());
        self.metrics.len() * 96 + of.sum::<usize>()
    }
}
