//! From many files to few, and to none: background work on the catalog.
//!
//! Every step is one commit that replaces exact files, so readers never see
//! rows twice or not at all, and two processes that do the same work collide
//! harmlessly: the later one finds its files gone. Leases save that work, and
//! their fences are checked in the commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt};
use object_store::ObjectStore;
use sqlx::postgres::PgPool;
use storage_layout::{MetricKey, TenantId};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::metadata::catalog::{self, DataFile, FileStorage, Snapshot};
use crate::metadata::commit::Outcome;
use crate::metadata::fence::{self, Fence, Fenced};
use crate::metadata::leases::Take;
use crate::metadata::looks::{self, Waiting, Watch};
use crate::metadata::retention::Retention;
use crate::metadata::rollups::Turn;
use crate::metadata::{retention as limits, upkeep};
use crate::query::cache::Caches;
use crate::query::scope::Scope;

pub(crate) mod backup;
pub mod check;
mod compact;
mod erase;
mod held;
mod pace;
pub mod progress;
pub(crate) mod restore;
mod retention;
mod rewrite;
mod rollups;
mod schedule;
mod sink;
mod source;
mod sweep;
mod verify;
mod windows;
mod work;

pub use retention::{Cutoff, Removal, RetentionReport};
pub use schedule::Schedule;
pub use verify::{Checked, Mismatch, VerifyReport, VerifyRequest};

use held::HeldLease;
use pace::Pace;
use rewrite::{Into, Rewrite};
use windows::Windows;

pub use backup::BackupReport;
pub use restore::RestoreReport;

/// Pause between two looks at the catalog.
const PAUSE: Duration = Duration::from_secs(2);

/// Bytes of inline files that one flush reads. Rows in memory take about six
/// times that.
const FLUSH_BYTES: u64 = 16 << 20;

/// Flushes of one tenant before it is the next one's turn.
const FLUSHES_IN_TURN: usize = 8;

/// Flushes are begun for this long before the catalog is looked at again.
const FLUSH_ROUND: Duration = Duration::from_secs(20);

/// From so many inline bytes on a tenant's flush is a large one; of small ones
/// so many are made at once.
const LARGE_FLUSH_BYTES: u64 = 1 << 20;
const SMALL_FLUSHES: usize = 4;

/// The lease for making objects of inline files.
const FLUSH: &str = "flush";
/// The lease for merging objects.
const COMPACT: &str = "compact";

/// How background work is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpkeepOptions {
    /// When points that are too old are removed.
    pub retention: Schedule,
    /// Bytes that background work reads and writes in a second; `None`: as
    /// many as it can.
    pub bytes_per_second: Option<u64>,
}

impl Default for UpkeepOptions {
    /// Sundays at 03:00 UTC; 48 MiB a second.
    fn default() -> Self {
        Self {
            retention: Schedule::default(),
            bytes_per_second: Some(48 << 20),
        }
    }
}

/// Flushes, compacts, removes what is too old, erases and sweeps.
#[derive(Debug, Clone)]
pub struct Maintainer {
    pool: PgPool,
    store: Arc<dyn ObjectStore>,
    caches: Caches,
    /// Who compares roll-ups with rows: one at a time, for it reads everything.
    verifying: Arc<Semaphore>,
    retention: Schedule,
    /// Of work in the background; a command does not hold back.
    pace: Option<Pace>,
}

impl Maintainer {
    pub(crate) fn new(
        pool: PgPool,
        store: Arc<dyn ObjectStore>,
        caches: Caches,
        options: &UpkeepOptions,
    ) -> Self {
        Self {
            pool,
            store,
            caches,
            verifying: Arc::new(Semaphore::new(1)),
            retention: options.retention.clone(),
            pace: Pace::new(options.bytes_per_second),
        }
    }

    /// Works until it is dropped. A tenant's failure is logged and never
    /// another tenant's; no kind of work waits for another.
    pub(crate) async fn run(self) {
        tokio::join!(
            self.flush_for_ever(),
            self.compact_for_ever(),
            self.sweep_for_ever(),
            self.work_for_ever(),
        );
    }

    async fn flush_for_ever(&self) {
        let mut watch = Watch::default();
        loop {
            tokio::time::sleep(PAUSE).await;
            match looks::tenants_to_flush(&self.pool, FLUSH, &watch).await {
                Ok(look) => {
                    let all = self.flush_round(&look.found).await;
                    watch.note(&look, all && !look.cut_off);
                }
                Err(error) => tracing::warn!(%error, "background work cannot see the catalog"),
            }
        }
    }

    /// Flushes these tenants, the most urgent first, until the round's time is
    /// used; whether all had their turn. Large ones go one by one, small ones
    /// beside them, so that neither waits for the other.
    async fn flush_round(&self, waiting: &[Waiting]) -> bool {
        let end = Instant::now() + FLUSH_ROUND;
        let (large, small): (Vec<_>, Vec<_>) =
            waiting.iter().partition(|w| w.bytes >= LARGE_FLUSH_BYTES);
        let lane = |tenants: Vec<&Waiting>, at_once: usize| {
            let tenants: Vec<TenantId> = tenants.iter().map(|w| w.tenant.clone()).collect();
            let flushes = tenants.into_iter().map(move |tenant| async move {
                if Instant::now() >= end {
                    return false;
                }
                log(&tenant, "flushed", self.flush_in_turn(&tenant).await);
                true
            });
            stream::iter(flushes)
                .buffer_unordered(at_once)
                .fold(true, |all, served| std::future::ready(all && served))
        };
        let (large, small) = tokio::join!(lane(large, 1), lane(small, SMALL_FLUSHES));
        large && small
    }

    async fn compact_for_ever(&self) {
        let mut watch = Watch::default();
        loop {
            tokio::time::sleep(PAUSE).await;
            let (files, sizes) = (compact::FILES, &compact::SIZES);
            match looks::tenants_to_compact(&self.pool, COMPACT, files, sizes, &watch).await {
                Ok(look) => {
                    for tenant in &look.found {
                        log(tenant, "compacted", self.compact_in_turn(tenant).await);
                    }
                    watch.note(&look, !look.cut_off);
                }
                Err(error) => tracing::warn!(%error, "background work cannot see the catalog"),
            }
        }
    }

    async fn sweep_for_ever(&self) {
        let mut turn = Turn::default();
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = rollups::look(self, &mut turn).await {
                tracing::warn!(%error, "stale roll-ups are not looked for");
            }
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "removed files are not swept");
            }
        }
    }

    /// Deletes what nobody can read any more, of all tenants; a bounded number
    /// of files.
    pub async fn sweep(&self) -> Result<()> {
        sweep::sweep(&self.pool, self.store.as_ref()).await
    }

    /// Some flushes of one tenant, unless somebody else is at it.
    async fn flush_in_turn(&self, tenant: &TenantId) -> Result<()> {
        let Some(lease) = HeldLease::take(&self.pool, tenant, FLUSH, Take::Free).await? else {
            return Ok(());
        };
        let flushed = self.flush(tenant, &lease, FLUSHES_IN_TURN, self.pace.clone());
        let flushed = flushed.await;
        lease.release(None).await;
        flushed.map(drop)
    }

    /// One merge of one tenant, unless somebody else is at it.
    async fn compact_in_turn(&self, tenant: &TenantId) -> Result<()> {
        let Some(lease) = HeldLease::take(&self.pool, tenant, COMPACT, Take::Free).await? else {
            return Ok(());
        };
        let merged = self.merge(tenant, &lease, self.pace.clone()).await;
        // A tenant whose merge fails is not tried again before it has newer
        // files, so that it does not hold up the others.
        let seen = match &merged {
            Ok(Merged::Replaced(_)) => None,
            Ok(Merged::Nothing(newest)) => Some(*newest),
            Err(_) => self.snapshot(tenant).await.ok().map(|s| newest_object(&s)),
        };
        lease.release(seen).await;
        merged.map(drop)
    }

    /// Flushes and compacts one tenant; answers how many files it replaced.
    /// Waits for another process that is at it. Errors: `NotFound`,
    /// `Unavailable` when that takes too long.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<u64> {
        let lease = HeldLease::wait(&self.pool, tenant, FLUSH).await?;
        let flushed = self.flush(tenant, &lease, usize::MAX, None).await;
        lease.release(None).await;
        let mut replaced = flushed?;
        let lease = HeldLease::wait(&self.pool, tenant, COMPACT).await?;
        let merged = loop {
            match self.merge(tenant, &lease, None).await {
                Ok(Merged::Replaced(files)) => replaced += files,
                Ok(Merged::Nothing(newest)) => break Ok(newest),
                Err(error) => break Err(error),
            }
        };
        lease.release(merged.as_ref().ok().copied()).await;
        merged.map(|_| replaced)
    }

    /// Makes objects of inline files, in groups.
    async fn flush(
        &self,
        tenant: &TenantId,
        lease: &HeldLease,
        groups: usize,
        pace: Option<Pace>,
    ) -> Result<u64> {
        let snapshot = self.snapshot(tenant).await?;
        let windows = self.windows(&snapshot).await?;
        let is_inline = |file: &&DataFile| file.storage == FileStorage::Inline;
        let inline: Vec<&DataFile> = snapshot.files.iter().filter(is_inline).collect();
        let mut replaced = 0;
        for files in by_size(&inline, FLUSH_BYTES).take(groups) {
            let into = Into::Volume(windows.clone());
            let files = files.iter().copied().cloned().collect();
            let fence = lease.as_fence();
            replaced += self
                .replace(&snapshot, files, into, fence, pace.clone())
                .await?;
        }
        Ok(replaced)
    }

    /// Rewrites a tenant's roll-ups that do not fit; answers how many.
    pub(crate) async fn rewrite_rollups(&self, tenant: &TenantId) -> Result<u64> {
        rollups::all(self, tenant).await
    }

    /// Compares a tenant's stored roll-ups with its rows.
    pub(crate) async fn verify_rollups(
        &self,
        tenant: &TenantId,
        request: &VerifyRequest,
    ) -> Result<VerifyReport> {
        let _turn = self.verifying.acquire().await.map_err(Error::internal)?;
        verify::verify(self, tenant, request).await
    }

    /// What may be read of a snapshot.
    fn scope(&self, snapshot: &Arc<Snapshot>) -> Scope {
        let (caches, pool) = (self.caches.clone(), self.pool.clone());
        Scope::new(
            snapshot.clone(),
            Arc::default(),
            caches,
            pool,
            self.store.clone(),
        )
    }

    /// The tenant's next merge.
    async fn merge(
        &self,
        tenant: &TenantId,
        lease: &HeldLease,
        pace: Option<Pace>,
    ) -> Result<Merged> {
        let snapshot = self.snapshot(tenant).await?;
        let mut windows = self.windows(&snapshot).await?;
        let unit = windows.unit(snapshot.window_unit);
        if unit != snapshot.window_unit {
            upkeep::set_window_unit(&self.pool, tenant, unit).await?;
        }
        let Some((window, files)) = compact::next(&snapshot, &mut windows) else {
            return Ok(Merged::Nothing(newest_object(&snapshot)));
        };
        let files = files.into_iter().cloned().collect();
        let into = Into::Window(window);
        let replaced = self.replace(&snapshot, files, into, lease.as_fence(), pace);
        replaced.await.map(Merged::Replaced)
    }

    /// Writes one file again with the same rows and everything else new; 0 when
    /// it was replaced meanwhile. Waits for another process that merges.
    pub(crate) async fn write_again(
        &self,
        snapshot: &Arc<Snapshot>,
        file: DataFile,
    ) -> Result<u64> {
        let lease = HeldLease::wait(&self.pool, &snapshot.tenant.id, COMPACT).await?;
        let into = match &file.storage {
            FileStorage::Object { window, .. } => Into::Window(*window),
            FileStorage::Inline => Into::Volume(self.windows(snapshot).await?),
        };
        let written = self.replace(snapshot, vec![file], into, lease.as_fence(), None);
        let written = written.await;
        lease.release(None).await;
        written
    }

    /// Writes files as others and commits; 0 when another process came first.
    async fn replace(
        &self,
        snapshot: &Arc<Snapshot>,
        files: Vec<DataFile>,
        into: Into,
        fence: Fence,
        pace: Option<Pace>,
    ) -> Result<u64> {
        let tenant = &snapshot.tenant.id;
        let remove: Vec<_> = files.iter().map(|file| file.id).collect();
        let rewrite = Rewrite {
            snapshot: snapshot.clone(),
            payloads: self.payloads(tenant, &files).await?,
            files,
            leave_out: None,
        };
        let written = work::run(&self.pool, &self.store, pace, move |work| {
            rewrite.write(work, into)
        });
        let (from, add) = (remove.len(), written.await?);
        let to = add.len();
        let commit = rewrite::replacing(snapshot, remove, add);
        match fence::commit_fenced(&self.pool, &commit, &[fence]).await? {
            Fenced::Held(Outcome::Committed(version)) => {
                tracing::debug!(%tenant, version, from, to, "files rewritten");
                Ok(from as u64)
            }
            // Somebody else replaced them; what was uploaded is swept later.
            Fenced::Held(Outcome::FilesGone) => Ok(0),
            Fenced::Stale => Err(held::lost()),
            other => Err(Error::internal(format!("a rewrite ended as {other:?}"))),
        }
    }

    /// Keeps a metric for `days`, or as long as the plan does. Errors:
    /// `NotFound`, `Invalid` for a number of days that is none.
    pub async fn keep_metric(
        &self,
        tenant: &TenantId,
        metric: &str,
        days: Option<u32>,
    ) -> Result<()> {
        catalog::head(&self.pool, tenant).await?;
        let names: Vec<&str> = metric.split('/').collect();
        let [platform, metric_type, metric_name] = names[..] else {
            return Err(Error::Invalid {
                message: format!("{metric:?} is not a metric"),
                at: Some("metric".into()),
                location: None,
                hint: Some("write platform/metric_type/metric_name".into()),
            });
        };
        let metric = MetricKey {
            platform: platform.into(),
            metric_type: metric_type.into(),
            metric_name: metric_name.into(),
        };
        limits::set_metric_days(&self.pool, tenant, &metric, days).await
    }

    /// What a tenant keeps. Errors: `NotFound`.
    pub async fn retention_of(&self, tenant: &TenantId) -> Result<Retention> {
        limits::of_tenant(&self.pool, tenant).await
    }

    /// All tenants, by name.
    pub async fn tenants(&self) -> Result<Vec<TenantId>> {
        limits::all_tenants(&self.pool).await
    }

    async fn windows(&self, snapshot: &Snapshot) -> Result<Windows> {
        let now = upkeep::now(&self.pool).await?;
        Ok(Windows::of_snapshot(snapshot, now.timestamp_micros()))
    }

    async fn snapshot(&self, tenant: &TenantId) -> Result<Arc<Snapshot>> {
        catalog::snapshot(&self.pool, tenant).await.map(Arc::new)
    }

    async fn payloads(
        &self,
        tenant: &TenantId,
        files: &[DataFile],
    ) -> Result<HashMap<storage_layout::FileId, bytes::Bytes>> {
        let ids = rewrite::inline_ids(files);
        let payloads = catalog::payloads(&self.pool, tenant, &ids).await?;
        Ok(payloads.into_iter().collect())
    }
}

/// What a merge came to.
enum Merged {
    /// So many files were replaced; there may be more to do.
    Replaced(u64),
    /// There is nothing to do up to this version.
    Nothing(i64),
}

fn newest_object(snapshot: &Snapshot) -> i64 {
    let objects = snapshot
        .files
        .iter()
        .filter(|file| file.storage != FileStorage::Inline);
    objects.map(|file| file.added_version).max().unwrap_or(0)
}

fn log(tenant: &TenantId, what: &str, done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%tenant, %error, "a tenant's files are not {what}");
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
