//! From point to committed data file.
//!
//! Parse and check (`parse`, `batch`), drop known events, encode (`encode`),
//! upload what is large, commit. An answer means the points are durable.

use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::Schema;
use bytes::Bytes;
use chrono::Utc;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPool;
use storage_layout::conform::conform;
use storage_layout::rollup::RollupDefinition;
use storage_layout::{DimensionRegistry, MetricKey, MetricKind, TenantId};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::metadata::commit::{self, Commit, Ingested, Outcome};
use crate::metadata::platforms::Platforms;

mod batch;
mod collect;
pub(crate) mod encode;
pub(crate) mod layout;
mod parse;

pub use batch::PointBatch;
use layout::{Layout, Layouts};

/// How often a commit is tried again when another writer came first.
const MAX_ATTEMPTS: usize = 8;

/// Bodies larger than this are parsed on a thread of their own.
const INLINE_PARSE_BYTES: usize = 64 * 1024;

/// How a body of points is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFormat {
    /// A JSON array, or an object with `data_points`.
    Json,
    /// One JSON object a line.
    NdJson,
}

/// What a faulty point does to its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// The point is rejected and named, the others are kept.
    KeepOthers,
    /// Nothing is kept.
    RejectAll,
}

/// A body of points.
#[derive(Debug, Clone)]
pub struct IngestRequest {
    /// The text.
    pub body: Bytes,
    /// How it is written.
    pub format: BodyFormat,
    /// What a faulty point does.
    pub on_fault: OnFault,
    /// Same key and same body: the stored answer again.
    pub idempotency_key: Option<String>,
}

/// A point that was not kept, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Position in the body, from 0.
    pub index: u64,
    /// The field at fault.
    pub field: String,
    /// What is wrong with it, and what is expected.
    pub reason: String,
}

/// What became of a body. When nothing was kept (`accepted` 0, some rejected,
/// or a fault under `RejectAll`) the front answers 422.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IngestAnswer {
    /// Points that are durable now.
    pub accepted: u64,
    /// Points dropped because their `event_id` was seen before.
    pub duplicates: u64,
    /// Values with more than nine decimals.
    pub rounded: u64,
    /// Points that were not kept.
    pub rejected: Vec<Rejection>,
    /// The tenant's version that holds the points.
    pub version: i64,
}

/// One point as a parser sees it; texts are borrowed from the input.
#[derive(Debug, Clone, Default)]
pub struct RawPoint<'a> {
    /// `platform`.
    pub platform: Option<&'a str>,
    /// `metric_type`.
    pub metric_type: Option<&'a str>,
    /// `metric_name`.
    pub metric_name: Option<&'a str>,
    /// The value's text, a decimal number.
    pub value: Option<&'a str>,
    /// When it was recorded, microseconds since 1970 UTC; `None`: now.
    pub recorded_at_us: Option<i64>,
    /// The sender's id of the event.
    pub event_id: Option<&'a str>,
    /// Dimensions: key and value.
    pub dimensions: &'a [(&'a str, DimensionValue<'a>)],
}

/// A dimension's value as a parser sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DimensionValue<'a> {
    /// JSON null: kept in the JSON text, NULL in columns.
    Null,
    /// A string.
    Text(&'a str),
    /// A boolean, `true` and `false` as text.
    Bool(bool),
    /// A number's text.
    Number(&'a str),
    /// An object or array as JSON text: kept in the JSON text only.
    Nested(&'a str),
}

/// The way in for data points.
#[derive(Debug, Clone)]
pub struct Ingest {
    pool: PgPool,
    store: Arc<dyn ObjectStore>,
    platforms: Platforms,
    layouts: Layouts,
}

impl Ingest {
    pub(crate) fn new(pool: PgPool, store: Arc<dyn ObjectStore>, platforms: Platforms) -> Self {
        let layouts = Layouts::new(pool.clone());
        Self {
            pool,
            store,
            platforms,
            layouts,
        }
    }

    /// Parses, checks and commits a body; returns after the commit is durable.
    pub async fn points(&self, tenant: &TenantId, request: IngestRequest) -> Result<IngestAnswer> {
        let hash = Sha256::digest(&request.body).into();
        if let Some(answer) = self
            .stored(tenant, request.idempotency_key.as_deref(), &hash)
            .await?
        {
            return Ok(answer);
        }
        let (body, format, owner) = (request.body, request.format, tenant.clone());
        let platforms = self.platforms.list().await?;
        let now_us = Utc::now().timestamp_micros();
        let large = body.len() > INLINE_PARSE_BYTES;
        let parse = move || {
            let text = std::str::from_utf8(&body)
                .map_err(|_| Error::invalid("the body is not UTF-8 text", "body"))?;
            parse::body(text, format, &owner, || {
                PointBatch::new(platforms.clone(), now_us)
            })
        };
        let (mut batches, mut rejected) = (Vec::new(), Vec::new());
        for mut part in on_processor(large, parse).await? {
            rejected.append(&mut part.rejected);
            batches.push(part.batch);
        }
        let nothing = batches.iter().all(PointBatch::is_empty);
        if !rejected.is_empty() && (nothing || request.on_fault == OnFault::RejectAll) {
            return Ok(IngestAnswer {
                accepted: 0,
                duplicates: 0,
                rounded: 0,
                rejected,
                version: 0,
            });
        }
        let idempotency = request.idempotency_key.map(|key| (key, hash));
        let what = Incoming {
            batches,
            rejected,
            idempotency,
            chunk: None,
        };
        match self.commit(tenant, what).await? {
            Some(answer) => Ok(answer),
            None => Err(Error::internal("a body is no chunk")),
        }
    }

    /// Turns one platform event, `{platform, action, data}`, into points as the
    /// registry says, and commits them.
    pub async fn collect(
        &self,
        tenant: &TenantId,
        body: Bytes,
        idempotency_key: Option<String>,
    ) -> Result<IngestAnswer> {
        let hash = Sha256::digest(&body).into();
        if let Some(answer) = self
            .stored(tenant, idempotency_key.as_deref(), &hash)
            .await?
        {
            return Ok(answer);
        }
        let mut batch = self.batch().await?;
        let rejected = collect::event(&body, &self.platforms.list().await?, &mut batch)?;
        if batch.is_empty() {
            return Ok(IngestAnswer {
                accepted: 0,
                duplicates: 0,
                rounded: 0,
                rejected,
                version: 0,
            });
        }
        let idempotency = idempotency_key.map(|key| (key, hash));
        let what = Incoming {
            batches: vec![batch],
            rejected,
            idempotency,
            chunk: None,
        };
        match self.commit(tenant, what).await? {
            Some(answer) => Ok(answer),
            None => Err(Error::internal("an event is no chunk")),
        }
    }

    /// An empty batch that knows the registered platforms.
    pub async fn batch(&self) -> Result<PointBatch> {
        Ok(PointBatch::new(
            self.platforms.list().await?,
            Utc::now().timestamp_micros(),
        ))
    }

    /// Commits a batch once per `chunk`, ever: `None` when this tenant has
    /// already imported a chunk of this hash.
    pub async fn import_chunk(
        &self,
        tenant: &TenantId,
        batch: PointBatch,
        chunk: Option<[u8; 32]>,
    ) -> Result<Option<IngestAnswer>> {
        self.commit(
            tenant,
            Incoming {
                batches: vec![batch],
                rejected: Vec::new(),
                idempotency: None,
                chunk,
            },
        )
        .await
    }

    /// Whether a chunk of this hash was imported before.
    pub async fn has_chunk(&self, tenant: &TenantId, chunk: [u8; 32]) -> Result<bool> {
        commit::has_chunk(&self.pool, tenant, &chunk).await
    }

    /// The stored answer of an idempotency key. Errors: `Conflict` when it was
    /// used with another body.
    async fn stored(
        &self,
        tenant: &TenantId,
        key: Option<&str>,
        hash: &[u8; 32],
    ) -> Result<Option<IngestAnswer>> {
        let Some(key) = key else { return Ok(None) };
        match commit::stored_answer(&self.pool, tenant, key).await? {
            None => Ok(None),
            Some((stored, answer)) if stored[..] == hash[..] => serde_json::from_value(answer)
                .map(Some)
                .map_err(Error::internal),
            Some(_) => Err(key_conflict()),
        }
    }

    /// Drops known events, encodes, uploads and commits, again while another
    /// writer of this tenant comes first.
    async fn commit(&self, tenant: &TenantId, what: Incoming) -> Result<Option<IngestAnswer>> {
        let mut what = what;
        for _ in 0..MAX_ATTEMPTS {
            let layout = self.layouts.get(tenant).await?;
            let fresh = self.fresh_events(tenant, &what.events()).await?;
            let attempt = Attempt::prepare(self, tenant, layout, what, fresh).await?;
            what = match attempt.run(self, tenant).await? {
                Done::Answer(answer) => return Ok(answer),
                Done::Again(what) => *what,
            };
            self.layouts.forget(tenant).await;
        }
        Err(Error::Unavailable {
            message: "other writers of this tenant kept coming first; nothing was kept".into(),
            retry_after: crate::metadata::RETRY_AFTER,
        })
    }

    /// For each point whether its event is new; `None` when none has an id.
    async fn fresh_events(
        &self,
        tenant: &TenantId,
        events: &[Option<Uuid>],
    ) -> Result<Option<Vec<bool>>> {
        let mut seen: std::collections::HashSet<Uuid> = std::collections::HashSet::new();
        let ids: Vec<Uuid> = events.iter().flatten().copied().collect();
        if ids.is_empty() {
            return Ok(None);
        }
        seen.extend(commit::known_events(&self.pool, tenant, &ids).await?);
        Ok(Some(
            events
                .iter()
                .map(|event| event.is_none_or(|id| seen.insert(id)))
                .collect(),
        ))
    }
}

/// Points on their way to a commit, in the order in which they came.
struct Incoming {
    batches: Vec<PointBatch>,
    rejected: Vec<Rejection>,
    idempotency: Option<(String, [u8; 32])>,
    chunk: Option<[u8; 32]>,
}

impl Incoming {
    /// The hash of each point's event id.
    fn events(&self) -> Vec<Option<Uuid>> {
        let events = self.batches.iter().flat_map(PointBatch::events);
        events.copied().collect()
    }

    /// All rows in the columns that `registry` names.
    fn rows(&mut self, registry: &DimensionRegistry) -> Result<RecordBatch> {
        let parts = self.batches.iter_mut().map(|batch| batch.rows(registry));
        let mut parts = parts.collect::<Result<Vec<_>>>()?;
        if parts.len() == 1 {
            return Ok(parts.remove(0));
        }
        let schemas = parts.iter().map(|part| part.schema().as_ref().clone());
        let schema = Arc::new(Schema::try_merge(schemas).map_err(Error::internal)?);
        let conform = |part: &RecordBatch| conform(part, &schema).map_err(Error::storage);
        let parts = parts.iter().map(conform).collect::<Result<Vec<_>>>()?;
        concat_batches(&schema, &parts).map_err(Error::internal)
    }
}

/// One try at committing.
struct Attempt {
    what: Incoming,
    layout: Arc<Layout>,
    answer: IngestAnswer,
    commit: Commit,
    uploads: Vec<encode::Upload>,
}

enum Done {
    Answer(Option<IngestAnswer>),
    Again(Box<Incoming>),
}

impl Attempt {
    async fn prepare(
        ingest: &Ingest,
        tenant: &TenantId,
        layout: Arc<Layout>,
        what: Incoming,
        fresh: Option<Vec<bool>>,
    ) -> Result<Self> {
        let platforms = ingest.platforms.list().await?;
        let tenant = tenant.clone();
        let large = what.batches.iter().map(PointBatch::len).sum::<usize>() > 1_000;
        on_processor(large, move || {
            let mut what = what;
            let keys = what.batches.iter().flat_map(PointBatch::keys);
            let (dimensions, overflowed) = layout.registry.propose(keys, layout.dimension_keys);
            let mut registry = layout.registry.clone();
            registry.extend(dimensions.clone());
            let metrics = layout.new_metrics(
                what.batches.iter().flat_map(PointBatch::metrics),
                &platforms,
            );
            let mut rows = what.rows(&registry)?;
            let total = rows.num_rows();
            if let Some(fresh) = &fresh {
                rows = filter_record_batch(&rows, &BooleanArray::from(fresh.clone()))
                    .map_err(Error::internal)?;
            }
            let definitions = |key: &MetricKey| {
                let known = layout.metrics.get(key).cloned();
                let new = || {
                    metrics
                        .iter()
                        .find(|d| d.key == *key)
                        .map(|d| d.kind.clone())
                };
                known.unwrap_or_else(|| RollupDefinition {
                    version: 1,
                    kind: new().unwrap_or(MetricKind::Sum),
                })
            };
            let target = encode::Target {
                tenant: &tenant,
                zone: layout.zone,
                unit: layout.unit,
                registry: &registry,
                definitions: &definitions,
            };
            let (add, uploads) = match rows.num_rows() {
                0 => (Vec::new(), Vec::new()),
                _ => encode::rows(&target, &rows)?,
            };
            let mut changed = dimensions;
            let misfits = what
                .batches
                .iter()
                .flat_map(|batch| batch.misfits(&registry));
            changed.extend(misfits.map(|column| storage_layout::DimensionColumn {
                partial: true,
                ..column.clone()
            }));
            changed.dedup_by(|later, kept| {
                let same = later.key == kept.key;
                kept.partial |= same && later.partial;
                same
            });
            let answer = IngestAnswer {
                accepted: rows.num_rows() as u64,
                duplicates: (total - rows.num_rows()) as u64,
                rounded: what.batches.iter().map(PointBatch::rounded).sum(),
                rejected: what.rejected.clone(),
                version: 0,
            };
            let stored = serde_json::to_value(&answer).map_err(Error::internal)?;
            let events = what.events();
            let events = events.iter().zip(fresh.iter().flatten());
            let ingested = Ingested {
                idempotency: what
                    .idempotency
                    .clone()
                    .map(|(key, hash)| (key, hash, stored)),
                chunk: what.chunk,
                events: events
                    .filter(|(_, fresh)| **fresh)
                    .filter_map(|(event, _)| *event)
                    .collect(),
                counts: [
                    answer.accepted,
                    answer.duplicates,
                    answer.rejected.len() as u64,
                ],
            };
            let commit = Commit {
                tenant,
                remove: Vec::new(),
                add,
                rollup_zone: layout.zone,
                registry_version: layout.registry.version,
                dimensions: changed,
                overflowed: overflowed && !layout.registry.overflowed,
                metrics,
                ingested,
            };
            Ok(Self {
                what,
                layout,
                answer,
                commit,
                uploads,
            })
        })
        .await
    }

    async fn run(self, ingest: &Ingest, tenant: &TenantId) -> Result<Done> {
        upload(&ingest.pool, ingest.store.as_ref(), tenant, self.uploads).await?;
        let changes_layout = !self.commit.dimensions.is_empty()
            || !self.commit.metrics.is_empty()
            || self.commit.overflowed;
        match commit::commit(&ingest.pool, &self.commit).await? {
            Outcome::Committed(version) => {
                if changes_layout {
                    ingest.layouts.forget(tenant).await;
                }
                Ok(Done::Answer(Some(IngestAnswer {
                    version,
                    ..self.answer
                })))
            }
            Outcome::Replayed(answer) => serde_json::from_value(answer)
                .map(|a| Done::Answer(Some(a)))
                .map_err(Error::internal),
            Outcome::KeyConflict => Err(key_conflict()),
            Outcome::ChunkKnown => Ok(Done::Answer(None)),
            Outcome::OverLimit(used, allowed) => Err(Error::LimitExceeded {
                limit: "ingest_points_per_day",
                used,
                allowed,
                plan: self.layout.plan.clone(),
            }),
            Outcome::RegistryChanged | Outcome::EventsSeen => Ok(Done::Again(Box::new(self.what))),
            Outcome::FilesGone => Err(Error::internal("ingest removes no files")),
        }
    }
}

/// Uploads objects, each noted beforehand so that an orphan can be found.
pub(crate) async fn upload(
    pool: &PgPool,
    store: &dyn ObjectStore,
    tenant: &TenantId,
    uploads: Vec<encode::Upload>,
) -> Result<()> {
    if uploads.is_empty() {
        return Ok(());
    }
    let keys: Vec<String> = uploads
        .iter()
        .map(|upload| upload.key.to_string())
        .collect();
    commit::begin_upload(pool, tenant, &keys).await?;
    let puts = uploads
        .into_iter()
        .map(|upload| async move { store.put(&upload.key, upload.bytes.into()).await.map(drop) });
    futures::future::try_join_all(puts)
        .await
        .map(drop)
        .map_err(|error| {
            tracing::warn!(%error, %tenant, "an upload failed");
            Error::Unavailable {
                message: "the object store does not take files; nothing was kept".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            }
        })
}

fn key_conflict() -> Error {
    Error::Conflict {
        message: "this Idempotency-Key was used with another body; use a new key for a new body"
            .into(),
    }
}

/// Runs work here, or on a thread for blocking work when there is much of it.
pub(crate) async fn on_processor<T: Send + 'static>(
    much: bool,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    if !much {
        return work();
    }
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
