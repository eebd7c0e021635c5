//! Erases all of a tenant's points, or those with one value of a dimension:
//! from live files and their roll-ups, from replaced files that nobody has
//! swept yet, from what stands beside them in the catalog, and from memory.
//!
//! Commits do not wait for readers: a query or export that began before and
//! reads a deleted file fails; it never gives a part for the whole.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt, TryStreamExt};
use storage_layout::{FileId, TenantId};
use uuid::Uuid;

use super::held::{self, HeldJob, HeldLease, LEASE_TIME};
use super::pace::Pace;
use super::{COMPACT, FLUSH, Maintainer, rewrite, sweep};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::metadata::catalog::{DataFile, Snapshot};
use crate::metadata::commit::Outcome;
use crate::metadata::erasures::{self, Erasure, Receipt, Subject};
use crate::metadata::fence::{self, Fence, Fenced, Note};
use crate::metadata::jobs::{self, Claimed, Ended};
use crate::metadata::leases::Take;
use crate::metadata::{query_jobs, upkeep};

mod meant;
mod replay;

use meant::Meant;

/// How often it looks at a tenant's files in all.
const ATTEMPTS: usize = 20;

/// Commits after which it is done although senders bring more of the same.
const COMMITS: usize = 8;

/// Replaced files that are forgotten in one transaction, and objects that are
/// deleted at the same time.
const DELETED_FILES: usize = 256;
const DELETIONS: usize = 16;

/// How long a caller waits for another process that carries its request out.
const PATIENCE: Duration = Duration::from_secs(20);

impl Maintainer {
    /// Erases; the answer has a receipt unless another process is still at it.
    /// Should this process end meanwhile, another one carries it out. Errors:
    /// `NotFound`, `Unavailable`.
    pub async fn erase(&self, tenant: &TenantId, subject: Option<Subject>) -> Result<Erasure> {
        let asked = erasures::request(&self.pool, tenant, subject).await?;
        self.erase_asked(tenant, asked.id).await
    }

    /// Erases; when that takes longer than `patience` it goes on by itself and
    /// the answer has no receipt. Errors: `NotFound`, `Unavailable`.
    pub async fn erase_within(
        &self,
        tenant: &TenantId,
        subject: Option<Subject>,
        patience: Duration,
    ) -> Result<Erasure> {
        let id = erasures::request(&self.pool, tenant, subject).await?.id;
        let (maintainer, owner) = (self.clone(), tenant.clone());
        // A task of its own: it also outlives a caller that went away.
        let mut erasing = tokio::spawn(async move {
            let erased = maintainer.erase_asked(&owner, id).await;
            if let Err(error) = &erased {
                tracing::warn!(tenant = %owner, erasure = %id, %error, "an erasure is put off");
            }
            erased
        });
        match tokio::time::timeout(patience, &mut erasing).await {
            Ok(erased) => erased.map_err(Error::internal)?,
            Err(_) => erasures::get(&self.pool, tenant, id).await,
        }
    }

    async fn erase_asked(&self, tenant: &TenantId, id: Uuid) -> Result<Erasure> {
        Failpoint::ErasureNoted.reached();
        let worker = Uuid::now_v7();
        let claimed = jobs::claim_one(&self.pool, tenant, id, worker, LEASE_TIME).await?;
        let Some(claimed) = claimed else {
            return self.wait_for(tenant, id).await;
        };
        let held = HeldJob::hold(&self.pool, claimed);
        if let Err(error) = self.carry_out(&held.claimed, None).await {
            self.put_off(&held.claimed).await?;
            return Err(error);
        }
        erasures::get(&self.pool, tenant, id).await
    }

    async fn wait_for(&self, tenant: &TenantId, id: Uuid) -> Result<Erasure> {
        let begun = tokio::time::Instant::now();
        loop {
            let erasure = erasures::get(&self.pool, tenant, id).await?;
            if erasure.receipt.is_some() || begun.elapsed() > PATIENCE {
                return Ok(erasure);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// All erasures of a tenant, the oldest first.
    pub async fn erasures(&self, tenant: &TenantId) -> Result<Vec<Erasure>> {
        erasures::list(&self.pool, tenant).await
    }

    /// Carries out the erasure that a job stands for.
    pub(super) async fn carry_out(&self, claimed: &Claimed, pace: Option<Pace>) -> Result<()> {
        let tenant = &claimed.tenant;
        let erasure = erasures::get(&self.pool, tenant, claimed.job).await?;
        if let Some(receipt) = &erasure.receipt {
            // The job came back from a backup; what it did is owed apart.
            let done = serde_json::to_value(receipt).map_err(Error::internal)?;
            return jobs::finish(&self.pool, claimed, &Ended::Done(done))
                .await
                .map(drop);
        }
        let meant = [Meant {
            subject: erasure.subject.clone(),
            through: None,
        }];
        let mut receipt = self.erase_points(&meant, claimed, pace).await?;
        if !erasures::finish(&self.pool, claimed, &erasure, &mut receipt).await? {
            return Err(held::lost());
        }
        tracing::info!(%tenant, erasure = %erasure.id, rows = receipt.rows, "points erased");
        Ok(())
    }

    /// Takes both leases away from whoever has them: what they were at would
    /// bring erased points back into new files, and fails at its commit. Others
    /// may go on as soon as the points are in no live file.
    /// `pace`: how fast; a caller who waits is not held back.
    async fn erase_points(
        &self,
        meant: &[Meant],
        claimed: &Claimed,
        pace: Option<Pace>,
    ) -> Result<Receipt> {
        let tenant = &claimed.tenant;
        let mut leases = Vec::new();
        for work in [FLUSH, COMPACT] {
            leases.extend(HeldLease::take(&self.pool, tenant, work, Take::Seize).await?);
        }
        let mut fences: Vec<Fence> = leases.iter().map(HeldLease::as_fence).collect();
        fences.push(claimed.as_fence());
        let erased = self.erase_under(meant, claimed, &fences, pace).await;
        for lease in leases {
            lease.release(None).await;
        }
        let (mut receipt, newest) = erased?;
        self.withdraw_results(tenant).await?;
        self.delete_replaced(claimed, newest, &mut receipt).await?;
        self.caches.snapshots.invalidate(tenant).await;
        Ok(receipt)
    }

    /// Ends the tenant's queries that run without their client and deletes what
    /// they have stored: it is of versions that still had the points. What one
    /// of them stores at this very moment is swept.
    async fn withdraw_results(&self, tenant: &TenantId) -> Result<()> {
        for key in query_jobs::withdraw(&self.pool, tenant).await? {
            sweep::delete(self.store.as_ref(), key.path().as_ref()).await?;
        }
        Ok(())
    }

    /// Looks, commits, and looks at what was committed meanwhile, until nothing
    /// is found; answers the tenant's newest version, too. Senders that never
    /// rest end it by and by: the receipt then ends before their latest points.
    async fn erase_under(
        &self,
        meant: &[Meant],
        claimed: &Claimed,
        fences: &[Fence],
        pace: Option<Pace>,
    ) -> Result<(Receipt, i64)> {
        let tenant = &claimed.tenant;
        // What an earlier claim of this job had done already.
        let earlier = claimed.progress.clone();
        let earlier: Option<Receipt> = earlier.and_then(|p| serde_json::from_value(p).ok());
        let mut begun = earlier.is_some();
        let mut receipt = earlier.unwrap_or_default();
        // A file's rows never change: one that was looked at need not be again.
        let mut clean: HashSet<FileId> = HashSet::new();
        let mut commits = 0;
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot(tenant).await?;
            if !begun {
                (receipt.version_before, begun) = (snapshot.version, true);
            }
            let unseen = |file: &&DataFile| !clean.contains(&file.id);
            let files: Vec<DataFile> = snapshot.files.iter().filter(unseen).cloned().collect();
            let matches = meant::matches(meant, &snapshot.registry);
            let counts = self.count_meant(&snapshot, &files, meant, pace.clone());
            let counts = counts.await?;
            let (hit, others): (Vec<_>, Vec<_>) =
                files.iter().zip(counts).partition(|(_, rows)| *rows > 0);
            receipt.version_after = snapshot.version;
            if hit.is_empty() {
                return Ok((receipt, snapshot.version));
            }
            let partly = hit.iter().filter(|(file, n)| *n < file.statistics.rows);
            let partly: Vec<&DataFile> = partly.map(|(file, _)| *file).collect();
            let add = self
                .without(&snapshot, &partly, &matches, pace.clone())
                .await?;
            let remove: Vec<FileId> = hit.iter().map(|(file, _)| file.id).collect();
            let after = Receipt {
                rows: receipt.rows + hit.iter().map(|(_, rows)| rows).sum::<u64>(),
                files_replaced: receipt.files_replaced + remove.len() as u64,
                files_added: receipt.files_added + add.len() as u64,
                ..receipt.clone()
            };
            let added: Vec<FileId> = add.iter().map(|file| file.id).collect();
            let commit = rewrite::replacing(&snapshot, remove, add);
            let progress = serde_json::to_value(&after).map_err(Error::internal)?;
            let note = Note {
                claimed,
                progress: &progress,
            };
            match fence::commit_noted(&self.pool, &commit, fences, Some(note)).await? {
                Fenced::Held(Outcome::Committed(version)) => {
                    receipt = after;
                    clean.extend(others.iter().map(|(file, _)| file.id).chain(added));
                    commits += 1;
                    if commits == COMMITS {
                        return Ok((receipt, version));
                    }
                }
                Fenced::Held(Outcome::FilesGone | Outcome::UploadSwept) => {}
                Fenced::Stale => return Err(held::lost()),
                other => return Err(Error::internal(format!("an erasure ended as {other:?}"))),
            }
        }
        Err(held::lost())
    }

    /// For each of these files how many of its points are meant; files of which
    /// all are meant are not read.
    async fn count_meant(
        &self,
        snapshot: &Arc<Snapshot>,
        files: &[DataFile],
        meant: &[Meant],
        pace: Option<Pace>,
    ) -> Result<Vec<u64>> {
        let read: Vec<DataFile> = files
            .iter()
            .filter(|file| !meant::whole(meant, file))
            .cloned()
            .collect();
        let columns = meant::columns(meant, &snapshot.registry);
        let matches = meant::matches(meant, &snapshot.registry);
        let counts = self.count(snapshot, &read, columns, &matches, pace).await?;
        let mut counts = counts.into_iter();
        let count = |file: &DataFile| match meant::whole(meant, file) {
            true => Some(file.statistics.rows),
            false => counts.next(),
        };
        Ok(files.iter().filter_map(count).collect())
    }

    /// Deletes the files of the tenant that were replaced up to a version,
    /// whatever their grace.
    async fn delete_replaced(
        &self,
        claimed: &Claimed,
        version: i64,
        receipt: &mut Receipt,
    ) -> Result<()> {
        let tenant = &claimed.tenant;
        let replaced = upkeep::replaced_files(&self.pool, tenant, version).await?;
        let ids: BTreeSet<FileId> = replaced.iter().map(|file| file.file).collect();
        self.caches.forget(tenant, &ids).await;
        for some in replaced.chunks(DELETED_FILES) {
            let keys: Vec<String> = some
                .iter()
                .flat_map(|file| [&file.object_key, &file.rollup_key, &file.detail_key])
                .flatten()
                .cloned()
                .collect();
            let objects = keys.len() as u64;
            let deletions = keys.into_iter().map(|key| {
                let store = self.store.clone();
                async move { sweep::delete(store.as_ref(), &key).await }
            });
            stream::iter(deletions)
                .buffer_unordered(DELETIONS)
                .try_collect::<()>()
                .await?;
            Failpoint::ObjectsSwept.reached();
            receipt.objects_deleted += objects;
            receipt.readers_cancelled_files += some.len() as u64;
            let progress = serde_json::to_value(&*receipt).map_err(Error::internal)?;
            let note = Note {
                claimed,
                progress: &progress,
            };
            let ids: Vec<FileId> = some.iter().map(|file| file.file).collect();
            if !upkeep::forget_noted(&self.pool, &ids, note).await? {
                return Err(held::lost());
            }
        }
        Ok(())
    }
}
