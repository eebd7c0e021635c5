//! From many files to few, and to none: background work on the catalog.
//!
//! Every step is one commit that replaces exact files, so readers never see
//! rows twice or not at all, and two processes that do the same work collide
//! harmlessly: the later one finds its files gone. Leases save that work, and
//! their fences are checked in the commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use sqlx::postgres::PgPool;
use storage_layout::{MetricKey, TenantId};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};
use crate::metadata::catalog::{self, DataFile, FileStorage, Snapshot};
use crate::metadata::commit::Outcome;
use crate::metadata::fence::{self, Fence, Fenced};
use crate::metadata::leases::Take;
use crate::metadata::looks::{self, Watch};
use crate::metadata::retention::Retention;
use crate::metadata::rollups::Turn;
use crate::metadata::{retention as limits, upkeep};
use crate::query::cache::Caches;
use crate::query::scope::Scope;
use crate::query::supplier::CatalogSupplier;

pub(crate) mod backup;
pub mod check;
mod compact;
mod erase;
mod flush;
pub(crate) mod held;
mod pace;
pub mod progress;
mod remake;
pub(crate) mod restore;
mod retention;
mod rewrite;
mod rollups;
mod schedule;
mod set_aside;
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
use set_aside::SetAside;
use windows::Windows;

pub use backup::BackupReport;
pub use restore::RestoreReport;

/// Pause between two looks at the catalog.
const PAUSE: Duration = Duration::from_secs(2);

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
    set_aside: SetAside,
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
            set_aside: SetAside::default(),
        }
    }

    /// Works until it is dropped. A tenant's failure is logged and never
    /// another tenant's; no kind of work waits for another.
    pub(crate) async fn run(self) {
        tokio::join!(
            self.flush_for_ever(),
            self.compact_for_ever(),
            self.sweep_for_ever(),
            self.rewrite_rollups_for_ever(),
            self.work_for_ever(),
        );
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
        let mut more = false;
        loop {
            if !more {
                tokio::time::sleep(PAUSE).await;
            }
            more = match sweep::sweep(&self.pool, self.store.as_ref()).await {
                Ok(more) => more,
                Err(error) => {
                    tracing::warn!(%error, "removed files are not swept");
                    false
                }
            };
        }
    }

    async fn rewrite_rollups_for_ever(&self) {
        let mut turn = Turn::default();
        loop {
            tokio::time::sleep(PAUSE).await;
            if let Err(error) = rollups::look(self, &mut turn).await {
                tracing::warn!(%error, "stale roll-ups are not looked for");
            }
        }
    }

    /// Deletes what nobody can read any more, of all tenants; a bounded number
    /// of files.
    pub async fn sweep(&self) -> Result<()> {
        sweep::sweep(&self.pool, self.store.as_ref())
            .await
            .map(drop)
    }

    /// One merge of one tenant, unless somebody else is at it.
    async fn compact_in_turn(&self, tenant: &TenantId) -> Result<()> {
        let Some(lease) = HeldLease::take(&self.pool, tenant, COMPACT, Take::Free).await? else {
            return Ok(());
        };
        let merged = self.merge(tenant, &lease, self.pace.clone()).await;
        // The damaged file was named in the log, and is left out from now on.
        let merged = merged.map(|(merged, _)| merged);
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
    /// `Unavailable` when that takes too long, `Storage` for a damaged file,
    /// after all others were taken.
    pub async fn tenant(&self, tenant: &TenantId) -> Result<u64> {
        let lease = HeldLease::wait(&self.pool, tenant, FLUSH).await?;
        let flushed = self.flush(tenant, &lease, usize::MAX, None).await;
        lease.release(None).await;
        let Replaced {
            files: mut replaced,
            mut damaged,
        } = flushed?;
        let lease = HeldLease::wait(&self.pool, tenant, COMPACT).await?;
        let merged = loop {
            let (merged, unread) = match self.merge(tenant, &lease, None).await {
                Ok(merged) => merged,
                Err(error) => break Err(error),
            };
            damaged = damaged.or(unread);
            match merged {
                Merged::Replaced(files) => replaced += files,
                Merged::Nothing(newest) => break Ok(newest),
            }
        };
        lease.release(merged.as_ref().ok().copied()).await;
        merged?;
        match damaged {
            Some(error) => Err(error),
            None => Ok(replaced),
        }
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
        let supplier = CatalogSupplier {
            pool: self.pool.clone(),
            tenant: snapshot.tenant.id.clone(),
        };
        Scope::new(
            snapshot.clone(),
            Arc::default(),
            self.caches.clone(),
            Arc::new(supplier),
            self.store.clone(),
            Arc::default(),
        )
    }

    /// The tenant's next merge, and the failure of files that cannot be read.
    async fn merge(
        &self,
        tenant: &TenantId,
        lease: &HeldLease,
        pace: Option<Pace>,
    ) -> Result<(Merged, Option<Error>)> {
        let snapshot = self.snapshot(tenant).await?;
        let mut windows = self.windows(&snapshot).await?;
        let unit = windows.unit(snapshot.window_unit);
        if unit != snapshot.window_unit {
            upkeep::set_window_unit(&self.pool, tenant, unit).await?;
        }
        let usable = |file: &DataFile| !self.set_aside.has(file.id);
        let Some((window, files)) = compact::next(&snapshot, &mut windows, usable) else {
            return Ok((Merged::Nothing(newest_object(&snapshot)), None));
        };
        let files = files.into_iter().cloned().collect();
        let into = Into::Window(window);
        let replaced = self.replace_sound(&snapshot, files, into, lease.as_fence(), pace);
        let Replaced { files, damaged } = replaced.await?;
        Ok((Merged::Replaced(files), damaged))
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

    /// Writes files as others, as [`Self::replace`] does. When one cannot be
    /// read, halves of them are tried, down to the one, which is set aside.
    async fn replace_sound(
        &self,
        snapshot: &Arc<Snapshot>,
        files: Vec<DataFile>,
        into: Into,
        fence: Fence,
        pace: Option<Pace>,
    ) -> Result<Replaced> {
        let mut all = Replaced::default();
        let mut groups = vec![files];
        while let Some(mut files) = groups.pop() {
            let (some, into) = (files.clone(), into.clone());
            let replaced = self.replace(snapshot, some, into, fence, pace.clone());
            match replaced.await {
                Ok(replaced) => all.files += replaced,
                Err(error @ Error::Storage(_)) => {
                    match &files[..] {
                        [file] => self.set_aside.add(file.id),
                        _ => {
                            groups.push(files.split_off(files.len() / 2));
                            groups.push(files);
                        }
                    }
                    all.damaged.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(all)
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
            // Somebody else replaced them, or it took too long; what was
            // uploaded is swept later.
            Fenced::Held(Outcome::FilesGone | Outcome::UploadSwept) => Ok(0),
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

/// What a rewrite of several files came to.
#[derive(Debug, Default)]
struct Replaced {
    /// So many were replaced.
    files: u64,
    /// The first failure of those that cannot be read and were left out.
    damaged: Option<Error>,
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
