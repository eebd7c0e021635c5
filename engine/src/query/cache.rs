//! Caches keyed by ids of things that never change, so nothing is ever stale.
//!
//! They hold what files hold; which files a tenant sees is the snapshot's to
//! say, so a cache cannot mix tenants up.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use moka::future::Cache;
use parquet::file::metadata::ParquetMetaData;
use storage_layout::rollup::Partials;
use storage_layout::{FileId, TenantId};

use crate::metadata::catalog::Snapshot;

const MIB: u64 = 1 << 20;

/// Snapshots also say what the tenant's plan allows, which changes without a
/// new version: a change is seen within this.
const PLAN_AGE: Duration = Duration::from_secs(30);

/// The caches of one process. Their bounds are bytes, and together stay under
/// about 600 MiB; an idle process holds next to nothing.
#[derive(Debug, Clone)]
pub struct Caches {
    /// Newest known snapshot of each tenant; checked against the catalog before use.
    pub(crate) snapshots: Cache<TenantId, Arc<Snapshot>>,
    /// Parquet footers with their page indexes.
    pub(crate) footers: Cache<FileId, Arc<ParquetMetaData>>,
    /// Rows of inline files.
    pub(crate) inline: Cache<FileId, Arc<RecordBatch>>,
    /// Partials of one file.
    pub(crate) partials: Cache<PartialsKey, Arc<Partials>>,
    /// Partials merged over many files.
    pub(crate) merged: Cache<MergedKey, Arc<Partials>>,
}

/// A file's partials in a zone, made by these definitions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct PartialsKey {
    pub(crate) file: FileId,
    pub(crate) zone: chrono_tz::Tz,
    /// Fingerprint of the metric definitions, see `partials::fingerprint`.
    pub(crate) definitions: u64,
}

/// Merged partials of an exact list of files.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MergedKey {
    pub(crate) tenant: TenantId,
    pub(crate) files: Arc<[FileId]>,
    pub(crate) zone: chrono_tz::Tz,
    pub(crate) definitions: u64,
}

impl Default for Caches {
    fn default() -> Self {
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            snapshots: Cache::builder()
                .max_capacity(64 * MIB)
                .time_to_live(PLAN_AGE)
                .weigher(move |_, s: &Arc<Snapshot>| size(1_024 + s.files.len() * 640))
                .build(),
            footers: Cache::builder()
                .max_capacity(128 * MIB)
                .weigher(move |_, f: &Arc<ParquetMetaData>| size(f.memory_size()))
                .build(),
            inline: Cache::builder()
                .max_capacity(128 * MIB)
                .weigher(move |_, b: &Arc<RecordBatch>| size(b.get_array_memory_size()))
                .build(),
            partials: Cache::builder()
                .max_capacity(128 * MIB)
                .weigher(move |_, p: &Arc<Partials>| size(p.size_bytes()))
                .build(),
            merged: Cache::builder()
                .max_capacity(128 * MIB)
                .weigher(move |_, p: &Arc<Partials>| size(p.size_bytes()))
                .build(),
        }
    }
}
