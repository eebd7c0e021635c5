//! Chunks of one body become uploaded files; one commit makes all of them live.
//!
//! Nothing but notes of uploads is written before that commit: new dimension
//! columns are named against one registry and go into it. When another writer
//! has changed the registry, or has brought events of this body, the files
//! that this concerns are written anew, from themselves.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::BooleanArray;
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::Schema;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use storage_layout::data_file::checksum;
use storage_layout::encoding::ROLLUP_INLINE_LIMIT_BYTES;
use storage_layout::key::{ObjectKey, ObjectKind};
use storage_layout::schema::stored_schema;
use storage_layout::{DimensionColumn, TenantId, reader};
use uuid::Uuid;

use super::names::Names;
use super::rework::{Change, renamed, without};
use crate::error::{Error, Result};
use crate::ingest::batch::PointBatch;
use crate::ingest::encode::Upload;
use crate::ingest::faults::Faults;
use crate::ingest::{Ingest, IngestAnswer, key_conflict, over_day, stored, swept, uploads};
use crate::metadata::commit::{
    self, Commit, Ingested, NewDataFile, NewRollup, NewStorage, Outcome,
};

/// How often a commit is tried again when another writer came first.
const MAX_ATTEMPTS: usize = 40;

/// Points with an event id in one body: their ids are held in memory and go
/// into the commit.
const MAX_EVENTS: usize = 1_000_000;

/// Files of one body: each has its row in the commit.
const MAX_FILES: usize = 4_096;

/// Bytes of partials that go into the commit; more become objects.
const MAX_INLINE_ROLLUPS_BYTES: usize = 16 * ROLLUP_INLINE_LIMIT_BYTES;

/// A body on its way to its commit.
pub(super) struct Staging<'i> {
    ingest: &'i Ingest,
    tenant: &'i TenantId,
    names: Arc<Names>,
    /// New keys, in the order in which they came.
    keys: Vec<Arc<str>>,
    misfits: BTreeSet<Arc<str>>,
    overflowed: bool,
    events: HashSet<Uuid>,
    files: Vec<NewDataFile>,
    inline_rollups_bytes: usize,
    uploaded: Vec<String>,
    /// Whether a commit may have named what was uploaded.
    in_doubt: bool,
    points: u64,
    duplicates: u64,
    rounded: u64,
}

impl<'i> Staging<'i> {
    /// Errors: `LimitExceeded` when the plan's points of the day are used up.
    pub(super) async fn new(ingest: &'i Ingest, tenant: &'i TenantId) -> Result<Self> {
        let (used, allowed, plan) = commit::points_of_day(&ingest.pool, tenant).await?;
        if used >= allowed {
            return Err(over_day(used, allowed, 1, plan));
        }
        let layout = ingest.layouts.get(tenant).await?;
        layout.check_stored()?;
        let names = Names {
            tenant: tenant.clone(),
            zone: layout.zone,
            registry: layout.registry.clone(),
            layout,
            metrics: BTreeMap::new(),
        };
        Ok(Self {
            ingest,
            tenant,
            names: Arc::new(names),
            keys: Vec::new(),
            misfits: BTreeSet::new(),
            overflowed: false,
            events: HashSet::new(),
            files: Vec::new(),
            inline_rollups_bytes: 0,
            uploaded: Vec::new(),
            in_doubt: false,
            points: 0,
            duplicates: 0,
            rounded: 0,
        })
    }

    /// Whether no point came, not even a duplicate.
    pub(super) fn is_empty(&self) -> bool {
        self.points + self.duplicates == 0
    }

    /// Encodes and uploads the points of a chunk whose events are new.
    pub(super) async fn add(&mut self, batch: PointBatch) -> Result<()> {
        let fresh = self.fresh(batch.events()).await?;
        self.rounded += batch.rounded();
        self.name(&batch).await?;
        let names = self.names.clone();
        let total = batch.len() as u64;
        let (kept, files, uploads) = self
            .ingest
            .processors
            .run(true, move || {
                let mut batch = batch;
                let mut rows = batch.rows(&names.registry)?;
                drop(batch);
                if let Some(fresh) = fresh {
                    rows = filter_record_batch(&rows, &BooleanArray::from(fresh))
                        .map_err(Error::internal)?;
                }
                let (files, uploads) = names.encode(&rows)?;
                Ok((rows.num_rows() as u64, files, uploads))
            })
            .await?;
        self.points += kept;
        self.duplicates += total - kept;
        if self.files.len() + files.len() > MAX_FILES {
            return Err(Error::TooLarge {
                message: "the body's points lie in too many months".into(),
                hint: "sort the points by time, or send a year at a time".into(),
            });
        }
        self.upload(files, uploads).await
    }

    /// For each point whether its event is new; `None` when none has an id.
    async fn fresh(&mut self, events: &[Option<Uuid>]) -> Result<Option<Vec<bool>>> {
        let ids: Vec<Uuid> = events.iter().flatten().copied().collect();
        if ids.is_empty() {
            return Ok(None);
        }
        let known = commit::known_events(&self.ingest.pool, self.tenant, &ids).await?;
        let known: HashSet<Uuid> = known.into_iter().collect();
        let mut new = |id: &Uuid| !known.contains(id) && self.events.insert(*id);
        let fresh = events
            .iter()
            .map(|event| event.as_ref().is_none_or(&mut new));
        let fresh = fresh.collect();
        if self.events.len() > MAX_EVENTS {
            return Err(Error::TooLarge {
                message: format!("a body holds at most {MAX_EVENTS} points with an event_id"),
                hint: "split the body into several requests".into(),
            });
        }
        Ok(Some(fresh))
    }

    /// Names columns for the chunk's new keys and kinds for its new metrics.
    async fn name(&mut self, batch: &PointBatch) -> Result<()> {
        let platforms = self.ingest.platforms.list().await?;
        let names = Arc::make_mut(&mut self.names);
        let cap = names.layout.dimension_keys;
        let (columns, left_out) = names.registry.propose(batch.keys(), cap);
        self.keys
            .extend(columns.iter().map(|column| column.key.clone()));
        names.registry.extend(columns);
        self.overflowed |= left_out;
        let misfits = batch.misfits(&names.registry);
        self.misfits
            .extend(misfits.map(|column| column.key.clone()));
        let metrics = names.layout.new_metrics(batch.metrics().iter(), &platforms);
        for metric in metrics {
            names.metrics.entry(metric.key.clone()).or_insert(metric);
        }
        names.layout.check_metrics(names.metrics.len())
    }

    /// Uploads files, some at a time, and notes them for the commit.
    async fn upload(
        &mut self,
        mut files: Vec<NewDataFile>,
        mut of_files: Vec<Upload>,
    ) -> Result<()> {
        for file in &mut files {
            let NewRollup::Inline(bytes) = &file.rollup else {
                continue;
            };
            self.inline_rollups_bytes += bytes.len();
            if self.inline_rollups_bytes > MAX_INLINE_ROLLUPS_BYTES
                && let NewStorage::Object { window, .. } = &file.storage
            {
                let key = ObjectKey {
                    tenant: self.tenant.clone(),
                    window: *window,
                    file: file.id,
                    kind: ObjectKind::Rollup,
                };
                let bytes = bytes.clone().into();
                file.rollup = NewRollup::Object(key.path().to_string());
                of_files.push(Upload {
                    key: key.path(),
                    bytes,
                });
            }
        }
        let keys = of_files.iter().map(|upload| upload.key.to_string());
        self.uploaded.extend(keys);
        self.files.extend(files);
        let (pool, store) = (&self.ingest.pool, self.ingest.store.as_ref());
        uploads::upload(pool, store, self.tenant, of_files).await
    }

    /// Commits all files. What no commit can name any more is deleted; what is
    /// in doubt is left to the sweep.
    pub(super) async fn commit(
        mut self,
        faults: &Faults,
        idempotency: Option<(String, [u8; 32])>,
    ) -> Result<IngestAnswer> {
        let committed = self.try_commit(faults, idempotency).await;
        match &committed {
            Ok(Committed::Now(_)) => self.delete_unused().await,
            Ok(Committed::Before(_))
            | Err(Error::Conflict { .. } | Error::LimitExceeded { .. }) => {
                self.discard().await;
            }
            Err(_) => {}
        }
        committed.map(|committed| match committed {
            Committed::Now(answer) | Committed::Before(answer) => answer,
        })
    }

    async fn try_commit(
        &mut self,
        faults: &Faults,
        idempotency: Option<(String, [u8; 32])>,
    ) -> Result<Committed> {
        for _ in 0..MAX_ATTEMPTS {
            let answer = IngestAnswer {
                accepted: self.points,
                duplicates: self.duplicates,
                rounded: self.rounded,
                rejected: faults.listed(),
                unlisted: faults.unlisted(),
                version: 0,
            };
            let commit = self.as_commit(&answer, faults.count(), idempotency.clone())?;
            self.in_doubt = true;
            let outcome = commit::commit(&self.ingest.pool, &commit).await;
            self.in_doubt = matches!(outcome, Ok(Outcome::Committed(_)) | Err(_));
            self.files = commit.add;
            match outcome? {
                Outcome::Committed(version) => {
                    self.ingest.layouts.forget(self.tenant).await;
                    return Ok(Committed::Now(IngestAnswer { version, ..answer }));
                }
                Outcome::Replayed(answer) => {
                    let answer = serde_json::from_value(answer).map_err(Error::internal)?;
                    return Ok(Committed::Before(answer));
                }
                Outcome::KeyConflict => return Err(key_conflict()),
                Outcome::OverLimit(used, allowed) => {
                    let plan = self.names.layout.plan.clone();
                    return Err(over_day(used, allowed, self.points, plan));
                }
                Outcome::RegistryChanged => self.rename().await?,
                Outcome::EventsSeen => self.drop_known_events().await?,
                Outcome::UploadSwept => return Err(swept()),
                other @ (Outcome::ChunkKnown | Outcome::FilesGone) => {
                    return Err(Error::internal(format!("a body ended as {other:?}")));
                }
            }
        }
        Err(Error::Unavailable {
            message: "other writers of this tenant kept coming first; nothing was kept".into(),
            retry_after: crate::metadata::RETRY_AFTER,
        })
    }

    /// The commit; it takes the files with it.
    fn as_commit(
        &mut self,
        answer: &IngestAnswer,
        rejected: u64,
        idempotency: Option<(String, [u8; 32])>,
    ) -> Result<Commit> {
        let idempotency = stored(answer, idempotency)?;
        let registry = &self.names.registry;
        let mut dimensions: BTreeMap<Arc<str>, DimensionColumn> = BTreeMap::new();
        let new = self.keys.iter().filter_map(|key| registry.get(key));
        dimensions.extend(new.map(|column| (column.key.clone(), column.clone())));
        for column in self.misfits.iter().filter_map(|key| registry.get(key)) {
            let partial = DimensionColumn {
                partial: true,
                ..column.clone()
            };
            dimensions.insert(column.key.clone(), partial);
        }
        let layout = &self.names.layout;
        Ok(Commit {
            tenant: self.tenant.clone(),
            remove: Vec::new(),
            add: std::mem::take(&mut self.files),
            rollup_zone: self.names.zone,
            registry_version: layout.registry.version,
            dimensions: dimensions.into_values().collect(),
            overflowed: self.overflowed && !layout.registry.overflowed,
            metrics: self.names.metrics.values().cloned().collect(),
            ingested: Ingested {
                idempotency,
                chunk: None,
                imported: false,
                events: self.events.iter().copied().collect(),
                counts: [answer.accepted, answer.duplicates, rejected],
            },
        })
    }

    /// Another writer named columns meanwhile: names this body's new keys
    /// anew, and rewrites the files that hold one under another name.
    async fn rename(&mut self) -> Result<()> {
        self.ingest.layouts.forget(self.tenant).await;
        let layout = self.ingest.layouts.get(self.tenant).await?;
        let keys = self.keys.iter().map(AsRef::as_ref);
        let (columns, left_out) = layout.registry.propose(keys, layout.dimension_keys);
        let mut registry = layout.registry.clone();
        registry.extend(columns.clone());
        let old = self.names.clone();
        let changed: BTreeMap<Arc<str>, Option<Arc<str>>> = self
            .keys
            .iter()
            .filter_map(|key| {
                let was = &old.registry.get(key)?.column;
                let is = registry.get(key).map(|column| &column.column);
                (is != Some(was)).then(|| (was.clone(), is.cloned()))
            })
            .collect();
        self.overflowed |= left_out;
        self.keys = columns.into_iter().map(|column| column.key).collect();
        self.names = Arc::new(Names {
            tenant: old.tenant.clone(),
            zone: old.zone,
            registry,
            metrics: old.metrics.clone(),
            layout,
        });
        if changed.is_empty() {
            return Ok(());
        }
        let stored = stored_schema(&old.registry);
        self.rewrite(stored, Arc::new(move |rows| renamed(rows, &changed)))
            .await
            .map(drop)
    }

    /// Another writer brought events of this body: drops their points.
    async fn drop_known_events(&mut self) -> Result<()> {
        let ids: Vec<Uuid> = self.events.iter().copied().collect();
        let known = commit::known_events(&self.ingest.pool, self.tenant, &ids).await?;
        let known: HashSet<Uuid> = known.into_iter().collect();
        self.events.retain(|id| !known.contains(id));
        let stored = stored_schema(&self.names.registry);
        let dropped = self
            .rewrite(stored, Arc::new(move |rows| without(rows, &known)))
            .await?;
        self.points -= dropped;
        self.duplicates += dropped;
        Ok(())
    }

    /// Writes the files anew whose rows `change` changes; answers how many rows
    /// are gone.
    async fn rewrite(&mut self, stored: Arc<Schema>, change: Arc<Change>) -> Result<u64> {
        let mut gone = 0;
        for file in std::mem::take(&mut self.files) {
            let NewStorage::Object { key, .. } = &file.storage else {
                return Err(Error::internal("a body's file is no object"));
            };
            let bytes = self.ingest.store.get(&Path::from(key.as_str())).await;
            let bytes = bytes.map_err(Error::storage)?.bytes().await;
            let bytes = bytes.map_err(Error::storage)?;
            let (names, stored, change) = (self.names.clone(), stored.clone(), change.clone());
            let (id, sha256) = (file.id.to_string(), file.sha256);
            let rewritten = self.ingest.processors.run(true, move || {
                if checksum(&bytes) != sha256 {
                    return Err(Error::storage(format!(
                        "file {id} changed after its upload"
                    )));
                }
                let rows = reader::decode_parquet(bytes, &names.tenant, &id, &stored)
                    .map_err(Error::storage)?;
                let rows = concat_batches(&stored, &rows).map_err(Error::internal)?;
                let Some(changed) = change(&rows)? else {
                    return Ok(None);
                };
                let gone = rows.num_rows() - changed.num_rows();
                names.encode(&changed).map(|new| Some((gone as u64, new)))
            });
            match rewritten.await? {
                None => self.files.push(file),
                Some((rows, (files, uploads))) => {
                    gone += rows;
                    self.upload(files, uploads).await?;
                }
            }
        }
        Ok(gone)
    }

    /// Deletes what was uploaded and no commit names.
    pub(super) async fn discard(&mut self) {
        self.files.clear();
        self.delete_unused().await;
    }

    /// What fails here is left to the sweep.
    async fn delete_unused(&mut self) {
        let used = self.files.iter().flat_map(|file| {
            let data = match &file.storage {
                NewStorage::Object { key, .. } => Some(key.as_str()),
                NewStorage::Inline(_) => None,
            };
            let rollup = match &file.rollup {
                NewRollup::Object(key) => Some(key.as_str()),
                _ => None,
            };
            let detail = file.detail_key.as_deref();
            [data, rollup, detail].into_iter().flatten()
        });
        let used: HashSet<&str> = used.collect();
        let unused = self
            .uploaded
            .iter()
            .filter(|key| !used.contains(key.as_str()));
        let unused: Vec<String> = unused.cloned().collect();
        self.uploaded.clear();
        let (pool, store) = (&self.ingest.pool, &self.ingest.store);
        uploads::discard(pool, store, self.tenant, &unused).await;
    }
}

impl Drop for Staging<'_> {
    /// A body whose sender left in the middle leaves nothing behind.
    fn drop(&mut self) {
        if self.in_doubt || self.uploaded.is_empty() {
            return;
        }
        let (ingest, tenant) = (self.ingest.clone(), self.tenant.clone());
        let keys = std::mem::take(&mut self.uploaded);
        tokio::spawn(async move {
            uploads::discard(&ingest.pool, &ingest.store, &tenant, &keys).await;
        });
    }
}

enum Committed {
    Now(IngestAnswer),
    /// The body had been committed under its key: the answer of that time.
    Before(IngestAnswer),
}
