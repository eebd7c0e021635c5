//! From many files to few: background work on the catalog.
//!
//! Every step is one commit that replaces exact files, so readers never see
//! rows twice or not at all, and two processes that do the same work collide
//! harmlessly: the later one finds its files gone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use sqlx::postgres::PgPool;
use storage_layout::{TenantId, Window};

use crate::error::Result;
use crate::metadata::catalog::{self, DataFile, FileStorage, Snapshot};
use crate::metadata::upkeep;
use crate::query::cache::Caches;

mod rewrite;
mod sweep;

/// Pause between two looks at the catalog.
const PAUSE: Duration = Duration::from_secs(2);

/// Objects of one window from which on they are merged.
const COMPACT_FILES: usize = 8;

/// Objects below this are small: so many of them fit into one merge that it
/// always has work to do.
const SMALL_BYTES: u64 = COMPACT_BYTES / COMPACT_FILES as u64;

/// Bytes of objects that one merge reads; larger files are left alone. Rows
/// take about ten times that in memory while they are sorted.
const COMPACT_BYTES: u64 = 48 << 20;

/// Flushes, compacts and sweeps.
#[derive(Debug, Clone)]
pub struct Maintainer {
    pool: PgPool,
    store: Arc<dyn ObjectStore>,
    caches: Caches,
}

impl Maintainer {
    pub(crate) fn new(pool: PgPool, store: Arc<dyn ObjectStore>, caches: Caches) -> Self {
        Self {
            pool,
            store,
            caches,
        }
    }

    /// Works until it is dropped. A tenant's failure is logged and never
    /// another tenant's.
    pub(crate) async fn run(self) {
        loop {
            tokio::time::sleep(PAUSE).await;
            match self.look().await {
                Ok(tenants) => self.each(tenants).await,
                Err(error) => tracing::warn!(%error, "background work cannot see the catalog"),
            }
            if let Err(error) = sweep::sweep(&self.pool, self.store.as_ref()).await {
                tracing::warn!(%error, "removed files are not swept");
            }
        }
    }

    /// Tenants that need attention, those with rows in the catalog first.
    async fn look(&self) -> Result<Vec<TenantId>> {
        let mut tenants = upkeep::tenants_to_flush(&self.pool).await?;
        for tenant in upkeep::tenants_to_compact(&self.pool, COMPACT_FILES, SMALL_BYTES).await? {
            if !tenants.contains(&tenant) {
                tenants.push(tenant);
            }
        }
        Ok(tenants)
    }

    async fn each(&self, tenants: Vec<TenantId>) {
        for tenant in tenants {
            if let Err(error) = self.tenant(&tenant).await {
                tracing::warn!(%tenant, %error, "a tenant's files are not compacted");
            }
        }
    }

    /// Flushes and compacts one tenant; answers how many files it replaced.
    pub(crate) async fn tenant(&self, tenant: &TenantId) -> Result<u64> {
        let mut replaced = 0;
        let snapshot = self.snapshot(tenant).await?;
        let is_inline = |file: &&DataFile| file.storage == FileStorage::Inline;
        let inline: Vec<&DataFile> = snapshot.files.iter().filter(is_inline).collect();
        for some in by_size(&inline, COMPACT_BYTES) {
            replaced += rewrite::rewrite(self, &snapshot, some).await?;
        }
        let snapshot = self.snapshot(tenant).await?;
        for files in windows_to_compact(&snapshot) {
            replaced += rewrite::rewrite(self, &snapshot, &files).await?;
        }
        Ok(replaced)
    }

    async fn snapshot(&self, tenant: &TenantId) -> Result<Arc<Snapshot>> {
        catalog::snapshot(&self.pool, tenant).await.map(Arc::new)
    }
}

/// Cuts a list of files where the next one would exceed `bytes`.
fn by_size<'a, 'f>(
    files: &'a [&'f DataFile],
    bytes: u64,
) -> impl Iterator<Item = &'a [&'f DataFile]> {
    let mut taken = 0;
    files.chunk_by(move |a, b| {
        taken = if taken == 0 { a.bytes } else { taken } + b.bytes;
        let together = taken <= bytes;
        if !together {
            taken = b.bytes;
        }
        together
    })
}

/// Small objects of each window that holds many, the oldest window first.
fn windows_to_compact(snapshot: &Snapshot) -> Vec<Vec<&DataFile>> {
    let mut windows: BTreeMap<Window, (u64, Vec<&DataFile>)> = BTreeMap::new();
    let mut files: Vec<&DataFile> = snapshot.files.iter().collect();
    files.sort_by_key(|file| file.bytes);
    for file in files {
        let FileStorage::Object { window, .. } = &file.storage else {
            continue;
        };
        let (bytes, chosen) = windows.entry(*window).or_default();
        if file.bytes < SMALL_BYTES && *bytes + file.bytes <= COMPACT_BYTES {
            *bytes += file.bytes;
            chosen.push(file);
        }
    }
    windows
        .into_values()
        .map(|(_, files)| files)
        .filter(|files| files.len() >= COMPACT_FILES)
        .collect()
}
