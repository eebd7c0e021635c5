//! One batch becomes one commit: drop known events, encode, upload, commit,
//! and do it again while another writer of the tenant comes first.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use arrow::datatypes::Schema;
use storage_layout::conform::conform;
use storage_layout::rollup::RollupDefinition;
use storage_layout::{DimensionColumn, DimensionRegistry, MetricKey, MetricKind, TenantId};
use uuid::Uuid;

use super::batch::PointBatch;
use super::faults::Faults;
use super::layout::Layout;
use super::{Ingest, IngestAnswer, encode, over_day, stored, uploads};
use crate::error::{Error, Result};
use crate::metadata::commit::{self, Commit, Ingested, Outcome};

/// How often a commit is tried when another writer came first. Within this
/// process those who lose once take turns; the rest is for other processes.
const MAX_ATTEMPTS: usize = 12;
/// Points that are encoded in passing; more go to a processor of their own.
const INLINE_POINTS: usize = 64;
/// Points up to which a batch's events are taken for new at first: the commit
/// itself says if one is not.
const HOPEFUL_POINTS: usize = 1_000;

impl Ingest {
    /// Drops known events, encodes, uploads and commits, again while another
    /// writer of this tenant comes first.
    pub(super) async fn commit(
        &self,
        tenant: &TenantId,
        what: Incoming,
    ) -> Result<Option<IngestAnswer>> {
        let mut what = what;
        let mut turn = None;
        for _ in 0..MAX_ATTEMPTS {
            let layout = self.layouts.get(tenant).await?;
            if !matches!(what.source, Source::Import(_)) {
                layout.check_stored()?;
            }
            let hopeful = turn.is_none() && what.len() <= HOPEFUL_POINTS;
            let fresh = self.fresh_events(tenant, &what.events(), hopeful).await?;
            let attempt = Attempt::prepare(self, tenant, layout, what, fresh).await?;
            what = match attempt.run(self, tenant).await? {
                Done::Answer(answer) => return Ok(answer),
                Done::Again(what) => *what,
            };
            if turn.is_none() {
                turn = Some(self.layouts.turn(tenant).await);
            }
            self.layouts.forget(tenant).await;
        }
        Err(Error::Unavailable {
            message: "other writers of this tenant kept coming first; nothing was kept".into(),
            retry_after: crate::metadata::RETRY_AFTER,
        })
    }

    /// For each point whether its event is new; `None` when none has an id.
    /// `hopeful` does not ask the catalog.
    async fn fresh_events(
        &self,
        tenant: &TenantId,
        events: &[Option<Uuid>],
        hopeful: bool,
    ) -> Result<Option<Vec<bool>>> {
        let mut seen: HashSet<Uuid> = HashSet::new();
        let ids: Vec<Uuid> = events.iter().flatten().copied().collect();
        if ids.is_empty() {
            return Ok(None);
        }
        if !hopeful {
            seen.extend(commit::known_events(&self.pool, tenant, &ids).await?);
        }
        Ok(Some(
            events
                .iter()
                .map(|event| event.is_none_or(|id| seen.insert(id)))
                .collect(),
        ))
    }
}

/// Points on their way to a commit, in the order in which they came.
pub(super) struct Incoming {
    pub(super) batches: Vec<PointBatch>,
    pub(super) faults: Arc<Faults>,
    pub(super) idempotency: Option<(String, [u8; 32])>,
    pub(super) source: Source,
}

/// How points came.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    /// A request; counts against the plan's points of the day.
    Request,
    /// An operator's import, of a chunk that is taken only once.
    Import(Option<[u8; 32]>),
}

impl Incoming {
    fn len(&self) -> usize {
        self.batches.iter().map(PointBatch::len).sum()
    }

    /// The hash of each point's event id.
    fn events(&self) -> Vec<Option<Uuid>> {
        let events = self.batches.iter().flat_map(PointBatch::events);
        events.copied().collect()
    }

    /// Rounded values of the points that are kept: of all, or of the fresh.
    fn rounded(&self, fresh: Option<&[bool]>) -> u64 {
        let Some(mut rest) = fresh else {
            return self.batches.iter().map(PointBatch::rounded).sum();
        };
        let of = |batch: &PointBatch| {
            let (own, after) = rest.split_at(batch.len());
            rest = after;
            batch.rounded_of(own)
        };
        self.batches.iter().map(of).sum()
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
    commit: Arc<Commit>,
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
        let large = what.len() > INLINE_POINTS;
        let processors = ingest.processors.clone();
        let prepare = move || {
            let mut what = what;
            let keys = what.batches.iter().flat_map(PointBatch::keys);
            let (dimensions, overflowed) = layout.registry.propose(keys, layout.dimension_keys);
            let mut registry = layout.registry.clone();
            registry.extend(dimensions.clone());
            let metrics = layout.new_metrics(
                what.batches.iter().flat_map(PointBatch::metrics),
                &platforms,
            );
            layout.check_metrics(metrics.len())?;
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
                known.unwrap_or_else(|| RollupDefinition::first(new().unwrap_or(MetricKind::Sum)))
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
            let misfits = what
                .batches
                .iter()
                .flat_map(|batch| batch.misfits(&registry));
            let mut changed: BTreeMap<Arc<str>, DimensionColumn> =
                dimensions.into_iter().map(|c| (c.key.clone(), c)).collect();
            for column in misfits {
                let partial = DimensionColumn {
                    partial: true,
                    ..column.clone()
                };
                changed.insert(column.key.clone(), partial);
            }
            let answer = IngestAnswer {
                accepted: rows.num_rows() as u64,
                duplicates: (total - rows.num_rows()) as u64,
                rounded: what.rounded(fresh.as_deref()),
                rejected: what.faults.listed(),
                unlisted: what.faults.unlisted(),
                version: 0,
            };
            let events = what.events();
            let events = events.iter().zip(fresh.iter().flatten());
            let ingested = Ingested {
                idempotency: stored(&answer, what.idempotency.clone())?,
                chunk: match what.source {
                    Source::Request => None,
                    Source::Import(chunk) => chunk,
                },
                imported: matches!(what.source, Source::Import(_)),
                events: events
                    .filter(|(_, fresh)| **fresh)
                    .filter_map(|(event, _)| *event)
                    .collect(),
                counts: [answer.accepted, answer.duplicates, what.faults.count()],
            };
            let commit = Arc::new(Commit {
                tenant,
                remove: Vec::new(),
                add,
                rollup_zone: layout.zone,
                registry_version: layout.registry.version,
                dimensions: changed.into_values().collect(),
                overflowed: overflowed && !layout.registry.overflowed,
                metrics,
                ingested,
            });
            Ok(Self {
                what,
                layout,
                answer,
                commit,
                uploads,
            })
        };
        processors.run(large, prepare).await
    }

    async fn run(self, ingest: &Ingest, tenant: &TenantId) -> Result<Done> {
        let keys = self.uploads.iter().map(|upload| upload.key.to_string());
        let keys: Vec<String> = keys.collect();
        uploads::upload(&ingest.pool, ingest.store.as_ref(), tenant, self.uploads).await?;
        let changes_layout = !self.commit.dimensions.is_empty()
            || !self.commit.metrics.is_empty()
            || self.commit.overflowed;
        let outcome = ingest.group.commit(self.commit).await?;
        if !matches!(outcome, Outcome::Committed(_)) {
            // Decided, and against them.
            uploads::discard(&ingest.pool, &ingest.store, tenant, &keys).await;
        }
        match outcome {
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
            Outcome::OverLimit(used, allowed) => {
                let plan = self.layout.plan.clone();
                Err(over_day(used, allowed, self.answer.accepted, plan))
            }
            Outcome::RegistryChanged | Outcome::EventsSeen => Ok(Done::Again(Box::new(self.what))),
            Outcome::UploadSwept => Err(swept()),
            Outcome::FilesGone => Err(Error::internal("ingest removes no files")),
        }
    }
}

/// The objects were uploaded so long before the commit that they are gone.
pub(super) fn swept() -> Error {
    Error::Unavailable {
        message: "the upload took too long; nothing was kept".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}

pub(super) fn key_conflict() -> Error {
    Error::Conflict {
        message: "this Idempotency-Key was used with another body; use a new key for a new body"
            .into(),
    }
}
