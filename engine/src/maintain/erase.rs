//! Erases all of a tenant's points, or those with one value of a dimension:
//! from live files and their roll-ups, from replaced files that nobody has
//! swept yet, from what stands beside them in the catalog, and from memory.
//!
//! Commits do not wait for readers: a query or export that began before and
//! reads a deleted file fails; it never gives a part for the whole.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};
use storage_layout::schema::{DIMENSIONS, INGESTED_AT, PLATFORM};
use storage_layout::{DimensionRegistry, FileId, StorageError, TenantId, decimal};
use uuid::Uuid;

use super::held::{self, HeldJob, HeldLease, LEASE_TIME};
use super::pace::Pace;
use super::source::Matches;
use super::{COMPACT, FLUSH, Maintainer, rewrite, sweep};
use crate::error::{Error, Result};
use crate::metadata::catalog::DataFile;
use crate::metadata::commit::Outcome;
use crate::metadata::erasures::{self, Erasure, Receipt, Subject};
use crate::metadata::fence::{self, Fence, Fenced};
use crate::metadata::jobs::{self, Claimed};
use crate::metadata::leases::Take;
use crate::metadata::upkeep;
use crate::query::functions::member;

/// How often it begins again when files were replaced meanwhile.
const ATTEMPTS: usize = 20;

/// How long a caller waits for another process that carries its request out.
const PATIENCE: Duration = Duration::from_secs(20);

impl Maintainer {
    /// Erases; the answer has a receipt unless another process is still at it.
    /// Should this process end meanwhile, another one carries it out. Errors:
    /// `NotFound`, `Unavailable`.
    pub async fn erase(&self, tenant: &TenantId, subject: Option<Subject>) -> Result<Erasure> {
        let asked = erasures::request(&self.pool, tenant, subject).await?;
        let worker = Uuid::now_v7();
        let claimed = jobs::claim_one(&self.pool, tenant, asked.id, worker, LEASE_TIME).await?;
        let Some(claimed) = claimed else {
            return self.wait_for(tenant, asked.id).await;
        };
        let held = HeldJob::hold(&self.pool, claimed);
        if let Err(error) = self.carry_out(&held.claimed, None).await {
            self.put_off(&held.claimed).await?;
            return Err(error);
        }
        erasures::get(&self.pool, tenant, asked.id).await
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

    /// Takes in erasures that are known from elsewhere, such as from before a
    /// restore; see [`Maintainer::replay_erasures`].
    pub async fn restore_erasures(&self, tenant: &TenantId, erasures: &[Erasure]) -> Result<()> {
        erasures::restore(&self.pool, tenant, erasures).await
    }

    /// Erases again what was erased before, for a tenant that was restored
    /// from a backup: of the points that had come before each erasure. Answers
    /// what each removed this time; the first receipts stay as they are.
    pub async fn replay_erasures(&self, tenant: &TenantId) -> Result<Vec<(Uuid, Receipt)>> {
        let mut done = Vec::new();
        for erasure in self.erasures(tenant).await? {
            let until = erasure.finished_at.unwrap_or(erasure.requested_at);
            let what = What {
                subject: erasure.subject.clone(),
                until: Some(until),
                pace: None,
            };
            let receipt = self.erase_points(tenant, &what, None).await?;
            done.push((erasure.id, receipt));
        }
        Ok(done)
    }

    /// Carries out the erasure that a job stands for.
    pub(super) async fn carry_out(&self, claimed: &Claimed, pace: Option<Pace>) -> Result<()> {
        let tenant = &claimed.tenant;
        let erasure = erasures::get(&self.pool, tenant, claimed.job).await?;
        let what = What {
            subject: erasure.subject,
            until: None,
            pace,
        };
        let mut receipt = self.erase_points(tenant, &what, Some(claimed)).await?;
        let subject = what.subject.as_ref();
        erasures::forget_beside_files(&self.pool, tenant, subject, &mut receipt).await?;
        if !erasures::finish(&self.pool, claimed, erasure.id, &receipt).await? {
            return Err(held::lost());
        }
        tracing::info!(%tenant, erasure = %erasure.id, rows = receipt.rows, "points erased");
        Ok(())
    }

    /// Takes both leases away from whoever has them: what they were at would
    /// bring erased points back into new files, and fails at its commit.
    async fn erase_points(
        &self,
        tenant: &TenantId,
        what: &What,
        claimed: Option<&Claimed>,
    ) -> Result<Receipt> {
        let mut leases = Vec::new();
        for work in [FLUSH, COMPACT] {
            leases.extend(HeldLease::take(&self.pool, tenant, work, Take::Seize).await?);
        }
        let mut fences: Vec<Fence> = leases.iter().map(HeldLease::as_fence).collect();
        fences.extend(claimed.map(Claimed::as_fence));
        let erased = self.erase_under(tenant, what, claimed, &fences).await;
        for lease in leases {
            lease.release(None).await;
        }
        erased
    }

    async fn erase_under(
        &self,
        tenant: &TenantId,
        what: &What,
        claimed: Option<&Claimed>,
        fences: &[Fence],
    ) -> Result<Receipt> {
        // What an earlier claim of this job had done already.
        let earlier = claimed.and_then(|claimed| claimed.progress.clone());
        let earlier: Option<Receipt> = earlier.and_then(|p| serde_json::from_value(p).ok());
        let mut receipt = earlier.clone().unwrap_or_default();
        let (mut begun, mut done) = (earlier.is_some(), false);
        for _ in 0..ATTEMPTS {
            let snapshot = self.snapshot(tenant).await?;
            if !begun {
                (receipt.version_before, begun) = (snapshot.version, true);
            }
            let meant = what.matches(&snapshot.registry);
            let columns = what.columns(&snapshot.registry);
            let files = &snapshot.files;
            let all = what.subject.is_none() && what.until.is_none();
            let counts = match all {
                true => files.iter().map(|file| file.statistics.rows).collect(),
                false => {
                    let pace = what.pace.clone();
                    self.count(&snapshot, files, columns, &meant, pace).await?
                }
            };
            let hit: Vec<(&DataFile, u64)> =
                files.iter().zip(counts).filter(|(_, n)| *n > 0).collect();
            if hit.is_empty() {
                receipt.version_after = snapshot.version;
                done = true;
                break;
            }
            let partly = hit.iter().filter(|(file, n)| *n < file.statistics.rows);
            let partly: Vec<&DataFile> = partly.map(|(file, _)| *file).collect();
            let pace = what.pace.clone();
            let add = self.without(&snapshot, &partly, &meant, pace).await?;
            let remove: Vec<FileId> = hit.iter().map(|(file, _)| file.id).collect();
            let (replaced, added) = (remove.len() as u64, add.len() as u64);
            let commit = rewrite::replacing(&snapshot, remove, add);
            match fence::commit_fenced(&self.pool, &commit, fences).await? {
                Fenced::Held(Outcome::Committed(version)) => {
                    receipt.rows += hit.iter().map(|(_, rows)| rows).sum::<u64>();
                    receipt.files_replaced += replaced;
                    receipt.files_added += added;
                    receipt.version_after = version;
                    self.note(claimed, &receipt).await?;
                    done = true;
                    break;
                }
                Fenced::Held(Outcome::FilesGone | Outcome::UploadSwept) => {}
                Fenced::Stale => return Err(held::lost()),
                other => return Err(Error::internal(format!("an erasure ended as {other:?}"))),
            }
        }
        if !done {
            return Err(held::lost());
        }
        self.delete_replaced(tenant, &mut receipt, claimed).await?;
        self.caches.snapshots.invalidate(tenant).await;
        Ok(receipt)
    }

    /// Deletes all replaced files of the tenant now, whatever their grace.
    async fn delete_replaced(
        &self,
        tenant: &TenantId,
        receipt: &mut Receipt,
        claimed: Option<&Claimed>,
    ) -> Result<()> {
        let replaced = upkeep::replaced_files(&self.pool, tenant).await?;
        let ids: BTreeSet<FileId> = replaced.iter().map(|file| file.file).collect();
        self.caches.forget(tenant, &ids).await;
        for file in replaced {
            receipt.objects_deleted += sweep::file(&self.pool, self.store.as_ref(), &file).await?;
            receipt.readers_cancelled_files += 1;
            self.note(claimed, receipt).await?;
        }
        Ok(())
    }

    /// Notes how far the work is, for whoever may have to go on with it.
    async fn note(&self, claimed: Option<&Claimed>, receipt: &Receipt) -> Result<()> {
        let Some(claimed) = claimed else {
            return Ok(());
        };
        let progress = serde_json::to_value(receipt).map_err(Error::internal)?;
        match jobs::renew(&self.pool, claimed, LEASE_TIME, Some(&progress)).await? {
            true => Ok(()),
            false => Err(held::lost()),
        }
    }
}

/// Which points are meant.
struct What {
    /// `None`: all.
    subject: Option<Subject>,
    /// Those ingested until then; `None`: all.
    until: Option<DateTime<Utc>>,
    /// How fast: a caller who waits is not held back.
    pace: Option<Pace>,
}

impl What {
    /// The columns by which points are told.
    fn columns(&self, registry: &DimensionRegistry) -> Vec<String> {
        let mut columns = vec![PLATFORM.to_owned(), INGESTED_AT.to_owned()];
        if let Some(subject) = &self.subject {
            let column = registry.get(&subject.dimension);
            columns.extend(column.map(|column| column.text_column()));
            columns.extend(column.map(|column| column.number_column()));
            columns.push(DIMENSIONS.to_owned());
        }
        columns
    }

    fn matches(&self, registry: &DimensionRegistry) -> Matches {
        let until_us = self.until.map(|until| until.timestamp_micros());
        let subject = self.subject.clone().map(|subject| {
            let column = registry.get(&subject.dimension);
            Arc::new(Named {
                text: column.map(|column| column.text_column()),
                number: column.map(|column| column.number_column()),
                in_text_only: column.is_none_or(|column| column.partial),
                subject,
            })
        });
        Arc::new(move |batch| {
            let rows = batch.num_rows();
            let mut meant = match &subject {
                Some(subject) => subject.rows(batch),
                None => vec![true; rows],
            };
            if let Some(until_us) = until_us {
                let ingested = batch
                    .column_by_name(INGESTED_AT)
                    .and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>())
                    .ok_or_else(|| missing(INGESTED_AT))?;
                for (row, meant) in meant.iter_mut().enumerate() {
                    *meant &= ingested.value(row) <= until_us;
                }
            }
            Ok(BooleanArray::from(meant))
        })
    }
}

fn missing(column: &str) -> Error {
    Error::storage(StorageError::Damaged {
        file: "batch".into(),
        what: format!("column {column} is missing"),
    })
}

/// A subject and where its dimension's values are: as `dimensions->>'key'`
/// reads them, in the columns of the key, else in the JSON text.
struct Named {
    subject: Subject,
    text: Option<String>,
    number: Option<String>,
    in_text_only: bool,
}

impl Named {
    fn rows(&self, batch: &RecordBatch) -> Vec<bool> {
        let column = |name: &Option<String>| batch.column_by_name(name.as_deref()?);
        let texts = column(&self.text).and_then(|c| c.as_string_view_opt());
        let numbers = column(&self.number).and_then(|c| c.as_primitive_opt::<Decimal128Type>());
        let json = batch
            .column_by_name(DIMENSIONS)
            .and_then(|c| c.as_string_view_opt())
            .filter(|_| self.in_text_only);
        // Neighbours often share their value: a hash is made when it changes.
        let mut last: Option<(String, bool)> = None;
        let mut is = |value: String| match &last {
            Some((seen, is)) if *seen == value => *is,
            _ => {
                let is = self.subject.is(&value);
                last = Some((value, is));
                is
            }
        };
        let row = |row: usize| {
            if let Some(texts) = texts.filter(|texts| texts.is_valid(row)) {
                return is(texts.value(row).to_owned());
            }
            if let Some(numbers) = numbers.filter(|numbers| numbers.is_valid(row)) {
                return is(decimal::canonical(numbers.value(row), decimal::SCALE));
            }
            let json = json.filter(|json| json.is_valid(row));
            json.and_then(|json| member(json.value(row), &self.subject.dimension))
                .is_some_and(&mut is)
        };
        (0..batch.num_rows()).map(row).collect()
    }
}
