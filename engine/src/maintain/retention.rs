//! Removes points that are older than their metric is kept.
//!
//! A file whose rows are all too old goes without being read; one that has
//! both is written again without them. All of it is one commit.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use chrono::{DateTime, Utc};
use serde::Serialize;
use storage_layout::arrange::{text, times};
use storage_layout::schema::{METRIC_NAME, METRIC_TYPE, PLATFORM, RECORDED_AT};
use storage_layout::{MetricKey, TenantId};

use super::flush::{MOST, by_size};
use super::held::{self, HeldLease};
use super::pace::Pace;
use super::rewrite::{self, Into, Rewrite};
use super::source::{Matches, count};
use super::{COMPACT, Maintainer, work};
use crate::error::{Error, Result};
use crate::metadata::catalog::{DataFile, FileStorage, Snapshot};
use crate::metadata::commit::{NewDataFile, Outcome};
use crate::metadata::fence::{self, Fence, Fenced};
use crate::metadata::retention::{self, Retention};
use crate::metadata::upkeep;

/// How often it begins again when files were replaced meanwhile.
const ATTEMPTS: usize = 8;

/// Files whose rows are counted at a time; the inline ones of them, at most
/// 1 MiB each, are in memory.
const COUNTED_FILES: usize = 32;

/// Whether points are removed or only counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    /// They are removed.
    Apply,
    /// They are counted and stay.
    DryRun,
}

/// From when on a metric is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cutoff {
    /// The platform.
    pub platform: String,
    /// The metric's family.
    pub metric_type: String,
    /// The metric's name.
    pub metric_name: String,
    /// Days that it is kept; `None`: all of it is.
    pub days: Option<u32>,
    /// Points recorded before this go.
    pub before: Option<DateTime<Utc>>,
}

/// What was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RetentionReport {
    /// Files that go as a whole, unread.
    pub files_dropped: u64,
    /// Files that are written again without their old points.
    pub files_rewritten: u64,
    /// Points that go.
    pub rows: u64,
    /// Bytes by which the files get smaller; of a dry run a rewritten file's
    /// part is estimated by its rows.
    pub bytes: u64,
    /// For each metric of the tenant from when on it is kept.
    pub cutoffs: Vec<Cutoff>,
    /// The tenant's version that this is of.
    pub version: i64,
}

impl Maintainer {
    /// Removes, or counts, a tenant's points that are too old. Errors:
    /// `NotFound`, `Unavailable` while another process is at it.
    pub async fn retain(&self, tenant: &TenantId, removal: Removal) -> Result<RetentionReport> {
        self.remove_old(tenant, removal, &[], None).await
    }

    /// The same under these fences.
    pub(super) async fn remove_old(
        &self,
        tenant: &TenantId,
        removal: Removal,
        fences: &[Fence],
        pace: Option<Pace>,
    ) -> Result<RetentionReport> {
        if removal == Removal::DryRun {
            let round = Round::begin(self, tenant).await?;
            return Ok(round.weigh(self, pace).await?.report);
        }
        let lease = HeldLease::wait(&self.pool, tenant, COMPACT).await?;
        let fences: Vec<Fence> = fences.iter().copied().chain([lease.as_fence()]).collect();
        let mut removed = Err(held::lost());
        for _ in 0..ATTEMPTS {
            removed = match self.try_removing(tenant, &fences, pace.clone()).await {
                Ok(None) => continue,
                Ok(Some(report)) => Ok(report),
                Err(error) => Err(error),
            };
            break;
        }
        lease.release(None).await;
        removed
    }

    /// One attempt; `None` when files were replaced meanwhile.
    async fn try_removing(
        &self,
        tenant: &TenantId,
        fences: &[Fence],
        pace: Option<Pace>,
    ) -> Result<Option<RetentionReport>> {
        let round = Round::begin(self, tenant).await?;
        let snapshot = round.snapshot.clone();
        let Weighed {
            mut report,
            drop,
            rewrite: files,
        } = round.weigh(self, pace.clone()).await?;
        if drop.is_empty() && files.is_empty() {
            return Ok(Some(report));
        }
        let old: u64 = files.iter().map(|file| file.bytes).sum();
        let mut remove: Vec<_> = drop.iter().map(|file| file.id).collect();
        remove.extend(files.iter().map(|file| file.id));
        let leave_out = round.too_old.clone();
        let partly: Vec<&DataFile> = files.iter().collect();
        let add = self.without(&snapshot, &partly, &leave_out, pace).await?;
        let new: u64 = add.iter().map(|file| file.bytes).sum();
        report.bytes = drop.iter().map(|file| file.bytes).sum::<u64>() + old.saturating_sub(new);
        let commit = rewrite::replacing(&snapshot, remove, add);
        match fence::commit_fenced(&self.pool, &commit, fences).await? {
            Fenced::Held(Outcome::Committed(version)) => {
                tracing::info!(%tenant, version, rows = report.rows, "points beyond their retention removed");
                Ok(Some(RetentionReport { version, ..report }))
            }
            Fenced::Held(Outcome::FilesGone | Outcome::UploadSwept) => Ok(None),
            Fenced::Stale => Err(held::lost()),
            other => Err(Error::internal(format!("retention ended as {other:?}"))),
        }
    }

    /// Writes these files again without the rows that are meant: objects one
    /// by one, each in its window; inline ones together, as a flush does.
    pub(super) async fn without(
        &self,
        snapshot: &Arc<Snapshot>,
        files: &[&DataFile],
        meant: &Matches,
        pace: Option<Pace>,
    ) -> Result<Vec<NewDataFile>> {
        let windows = self.windows(snapshot).await?;
        let is_inline = |file: &&&DataFile| file.storage == FileStorage::Inline;
        let inline: Vec<&DataFile> = files.iter().filter(is_inline).copied().collect();
        let mut groups: Vec<(Vec<DataFile>, Into)> = Vec::new();
        for file in files {
            if let FileStorage::Object { window, .. } = &file.storage {
                groups.push((vec![DataFile::clone(file)], Into::Window(*window)));
            }
        }
        for some in by_size(&inline, MOST) {
            let some = some.iter().copied().cloned().collect();
            groups.push((some, Into::Volume(windows.clone())));
        }
        let mut add = Vec::new();
        for (files, into) in groups {
            let rewrite = Rewrite {
                snapshot: snapshot.clone(),
                payloads: self.payloads(&snapshot.tenant.id, &files).await?,
                files,
                leave_out: Some(meant.clone()),
            };
            let written = work::run(&self.pool, &self.store, pace.clone(), move |work| {
                rewrite.write(work, into)
            });
            add.extend(written.await?);
        }
        Ok(add)
    }

    /// For each of these files how many rows are meant.
    pub(super) async fn count(
        &self,
        snapshot: &Arc<Snapshot>,
        files: &[DataFile],
        columns: Vec<String>,
        meant: &Matches,
        pace: Option<Pace>,
    ) -> Result<Vec<u64>> {
        let mut counts = Vec::with_capacity(files.len());
        for some in files.chunks(COUNTED_FILES) {
            let payloads = self.payloads(&snapshot.tenant.id, some).await?;
            let (snapshot, files) = (snapshot.clone(), some.to_vec());
            let (columns, meant) = (columns.clone(), meant.clone());
            let counted = work::run(&self.pool, &self.store, pace.clone(), move |work| {
                count(work, &snapshot, &files, &payloads, &columns, &meant)
            });
            counts.extend(counted.await?);
        }
        Ok(counts)
    }
}

/// One look at a tenant's files.
struct Round {
    snapshot: Arc<Snapshot>,
    cutoffs: Vec<Cutoff>,
    /// Microseconds before which a metric's points go.
    before_us: Arc<Before>,
    too_old: Matches,
}

struct Before {
    metrics: HashMap<MetricKey, Option<i64>>,
    /// Of a metric that is not registered.
    other: Option<i64>,
}

/// What is to go.
struct Weighed {
    report: RetentionReport,
    drop: Vec<DataFile>,
    rewrite: Vec<DataFile>,
}

/// What the statistics say of a file.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Keep,
    Drop,
    Read,
}

impl Round {
    async fn begin(maintainer: &Maintainer, tenant: &TenantId) -> Result<Self> {
        let snapshot = maintainer.snapshot(tenant).await?;
        let retention = retention::of_tenant(&maintainer.pool, tenant).await?;
        let now = upkeep::now(&maintainer.pool).await?;
        let (cutoffs, before) = cutoffs(&snapshot, &retention, now);
        let before_us = Arc::new(before);
        let shared = before_us.clone();
        Ok(Self {
            snapshot,
            cutoffs,
            before_us,
            too_old: Arc::new(move |batch| shared.too_old(batch)),
        })
    }

    async fn weigh(&self, maintainer: &Maintainer, pace: Option<Pace>) -> Result<Weighed> {
        let mut weighed = Weighed {
            report: RetentionReport {
                files_dropped: 0,
                files_rewritten: 0,
                rows: 0,
                bytes: 0,
                cutoffs: self.cutoffs.clone(),
                version: self.snapshot.version,
            },
            drop: Vec::new(),
            rewrite: Vec::new(),
        };
        let mut read = Vec::new();
        for file in &self.snapshot.files {
            match self.before_us.verdict(file) {
                Verdict::Keep => {}
                Verdict::Drop => weighed.drop(file),
                Verdict::Read => read.push(file.clone()),
            }
        }
        let columns = [PLATFORM, METRIC_TYPE, METRIC_NAME, RECORDED_AT].map(str::to_owned);
        let counts = maintainer
            .count(&self.snapshot, &read, columns.to_vec(), &self.too_old, pace)
            .await?;
        for (file, rows) in read.iter().zip(counts) {
            match rows {
                0 => {}
                all if all == file.statistics.rows => weighed.drop(file),
                some => weighed.rewrite(file, some),
            }
        }
        Ok(weighed)
    }
}

impl Weighed {
    fn drop(&mut self, file: &DataFile) {
        self.report.files_dropped += 1;
        self.report.rows += file.statistics.rows;
        self.report.bytes += file.bytes;
        self.drop.push(file.clone());
    }

    fn rewrite(&mut self, file: &DataFile, rows: u64) {
        self.report.files_rewritten += 1;
        self.report.rows += rows;
        let part = u128::from(file.bytes) * u128::from(rows) / u128::from(file.statistics.rows);
        self.report.bytes += u64::try_from(part).unwrap_or(file.bytes);
        self.rewrite.push(file.clone());
    }
}

fn cutoffs(
    snapshot: &Snapshot,
    retention: &Retention,
    now: DateTime<Utc>,
) -> (Vec<Cutoff>, Before) {
    let before = |days: Option<u32>| retention::cutoff(days, now);
    let us = |at: Option<DateTime<Utc>>| at.map(|at| at.timestamp_micros());
    let mut metrics = HashMap::new();
    let mut cutoffs = Vec::new();
    for definition in &snapshot.metrics {
        let days = retention.days(&definition.key);
        let cutoff = before(days);
        metrics.insert(definition.key.clone(), us(cutoff));
        cutoffs.push(Cutoff {
            platform: definition.key.platform.to_string(),
            metric_type: definition.key.metric_type.to_string(),
            metric_name: definition.key.metric_name.to_string(),
            days,
            before: cutoff,
        });
    }
    let other = us(before(retention.plan_days));
    (cutoffs, Before { metrics, other })
}

impl Before {
    fn of(&self, platform: &str, metric_type: &str, metric_name: &str) -> Option<i64> {
        let key = MetricKey {
            platform: platform.into(),
            metric_type: metric_type.into(),
            metric_name: metric_name.into(),
        };
        self.metrics.get(&key).copied().unwrap_or(self.other)
    }

    fn verdict(&self, file: &DataFile) -> Verdict {
        let rows = &file.statistics;
        let may_hold = |key: &MetricKey| {
            rows.platforms.contains(&*key.platform)
                && rows.metric_types.contains(&*key.metric_type)
                && rows.metric_names.contains(&*key.metric_name)
        };
        let held: Vec<Option<i64>> = self
            .metrics
            .iter()
            .filter(|(key, _)| may_hold(key))
            .map(|(_, before)| *before)
            .collect();
        let latest = held.iter().flatten().max().copied().or(match held.len() {
            0 => self.other,
            _ => None,
        });
        if latest.is_none_or(|before| before <= rows.min_recorded_at_us) {
            return Verdict::Keep;
        }
        let all_old = |before: &Option<i64>| before.is_some_and(|b| b > rows.max_recorded_at_us);
        if !held.is_empty() && held.iter().all(all_old) {
            return Verdict::Drop;
        }
        Verdict::Read
    }

    fn too_old(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let column = |name| text(batch, name).map_err(Error::storage);
        let (platforms, types, names) = (
            column(PLATFORM)?,
            column(METRIC_TYPE)?,
            column(METRIC_NAME)?,
        );
        let times = times(batch).map_err(Error::storage)?;
        // Rows are in file order: a metric's stand together.
        let mut last = None;
        let old = (0..batch.num_rows()).map(|row| {
            let metric = (platforms.value(row), types.value(row), names.value(row));
            let before = match last {
                Some((seen, before)) if seen == metric => before,
                _ => self.of(metric.0, metric.1, metric.2),
            };
            last = Some((metric, before));
            Some(before.is_some_and(|before| times.value(row) < before))
        });
        Ok(old.collect())
    }
}
