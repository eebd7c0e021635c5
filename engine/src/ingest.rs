//! From point to committed data file.
//!
//! Parse and check (`parse`, `batch`), encode (`encode`), upload what is large
//! and commit (`commit`). An answer means the points are durable.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{NaiveTime, Utc};
use object_store::ObjectStore;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use crate::error::{Error, Result};
use crate::metadata::commit as catalog;
use crate::metadata::platforms::Platforms;
use crate::metadata::{tenants, usage};

mod admission;
mod batch;
pub mod bulk;
mod collect;
mod commit;
mod dimension_text;
pub(crate) mod encode;
mod faults;
mod group;
mod joined;
mod key_column;
pub(crate) mod layout;
mod parse;
mod processors;
pub mod quarantine;
mod refusal;
mod shapes;
mod turns;
mod uploads;

pub use admission::{Admission, Admitted};
pub use batch::PointBatch;

use commit::{Incoming, Source, key_conflict, swept};
use faults::Faults;
use group::GroupCommit;
use layout::Layouts;
use processors::Processors;
use quarantine::Origin;
use turns::Turns;
pub(crate) use uploads::upload;

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

impl BodyFormat {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::NdJson => "ndjson",
        }
    }
}

/// What a faulty point does to its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// The point is rejected and named, the others are kept.
    KeepOthers,
    /// Nothing is kept.
    RejectAll,
}

impl OnFault {
    /// Begins the hash of a body, which is what an idempotency key stands for:
    /// the unpacked bytes, and what becomes of a faulty point.
    fn body_hasher(self) -> Sha256 {
        Sha256::new_with_prefix(match self {
            Self::KeepOthers => b"".as_slice(),
            // No body begins like this.
            Self::RejectAll => b"reject all\0",
        })
    }
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
    /// Same key, same body and same `on_fault`: the stored answer again.
    pub idempotency_key: Option<String>,
}

impl IngestRequest {
    fn hash(&self) -> [u8; 32] {
        let hasher = self.on_fault.body_hasher().chain_update(&self.body);
        hasher.finalize().into()
    }
}

/// A point that was not kept, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    /// Position in the body, from 0; of an event, the position of the point
    /// among those that the platform's registration makes of it.
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
    /// How many more were not kept than `rejected` lists: the list of a large
    /// body is cut, see [`bulk`].
    #[serde(default)]
    pub unlisted: u64,
    /// The tenant's version that holds the points; when nothing was kept, its
    /// version by then.
    pub version: i64,
}

impl IngestAnswer {
    /// Without a version, which [`Ingest::complete`] fills in.
    fn of_nothing(faults: &Faults) -> Self {
        Self {
            accepted: 0,
            duplicates: 0,
            rounded: 0,
            rejected: faults.listed(),
            unlisted: faults.unlisted(),
            version: 0,
        }
    }
}

/// A body whose points have been checked.
struct Checked {
    batches: Vec<PointBatch>,
    faults: Faults,
    on_fault: OnFault,
    idempotency: Option<(String, [u8; 32])>,
    source: &'static str,
    received_at_us: i64,
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
    group: GroupCommit,
    admission: Admission,
    slots: Arc<bulk::Slots>,
    processors: Processors,
    quarantining: Turns,
}

impl Ingest {
    pub(crate) fn new(pool: PgPool, store: Arc<dyn ObjectStore>, platforms: Platforms) -> Self {
        let layouts = Layouts::new(pool.clone());
        let group = GroupCommit::start(&pool);
        Self {
            group,
            admission: Admission::default(),
            pool,
            store,
            platforms,
            layouts,
            slots: Arc::default(),
            processors: Processors::default(),
            quarantining: Turns::new(quarantine::AT_ONCE),
        }
    }

    /// What a front asks before it reads a body, and holds until it answers.
    pub fn admission(&self) -> &Admission {
        &self.admission
    }

    /// Parses, checks and commits a body; returns after the commit is durable.
    pub async fn points(&self, tenant: &TenantId, request: IngestRequest) -> Result<IngestAnswer> {
        let answer = self.whole(tenant, request).await;
        self.complete(tenant, answer).await
    }

    /// Fills in what only the catalog knows: the version of an answer of which
    /// nothing was kept, whose rejected points are counted by that, and which
    /// plan would allow what this one does not.
    async fn complete(
        &self,
        tenant: &TenantId,
        answer: Result<IngestAnswer>,
    ) -> Result<IngestAnswer> {
        match answer {
            Ok(answer) if answer.version == 0 => {
                let rejected = answer.rejected.len() as u64 + answer.unlisted;
                let version = usage::nothing_kept(&self.pool, tenant, rejected).await?;
                Ok(IngestAnswer { version, ..answer })
            }
            Err(error) => Err(self.with_plan(error).await),
            answer => answer,
        }
    }

    /// Says which plan would allow it, if one does and the catalog answers.
    async fn with_plan(&self, error: Error) -> Error {
        let mut error = error;
        if let Error::LimitExceeded {
            limit,
            needed,
            allowed_by,
            ..
        } = &mut error
        {
            let plan = tenants::plan_for_ingest(&self.pool, limit, *needed).await;
            *allowed_by = plan.unwrap_or_default();
        }
        error
    }

    async fn whole(&self, tenant: &TenantId, request: IngestRequest) -> Result<IngestAnswer> {
        let key = request.idempotency_key.clone();
        let idempotency = key.map(|key| (key, request.hash()));
        let large = request.body.len() > INLINE_PARSE_BYTES;
        // The commit looks the key up again; a small body may go that far.
        if let (true, Some((key, hash))) = (large, &idempotency)
            && let Some(answer) = self.stored(tenant, key, hash).await?
        {
            return Ok(answer);
        }
        let (body, format, owner) = (request.body, request.format, tenant.clone());
        let platforms = self.platforms.list().await?;
        let now_us = Utc::now().timestamp_micros();
        let parse = move || {
            let text = std::str::from_utf8(&body)
                .map_err(|error| refusal::not_utf8(line_of(&body, error.valid_up_to())))?;
            parse::body(text, format, &owner, || {
                PointBatch::new(platforms.clone(), now_us)
            })
        };
        let (mut batches, mut faults) = (Vec::new(), Faults::default());
        for part in self.processors.run(large, parse).await? {
            faults.append(part.faults);
            batches.push(part.batch);
        }
        let checked = Checked {
            batches,
            faults,
            on_fault: request.on_fault,
            idempotency,
            source: format.name(),
            received_at_us: now_us,
        };
        self.commit_checked(tenant, checked).await
    }

    /// Commits the points that passed, unless a fault keeps them from it, and
    /// puts the others into quarantine.
    async fn commit_checked(&self, tenant: &TenantId, checked: Checked) -> Result<IngestAnswer> {
        let Checked {
            batches,
            faults,
            on_fault,
            idempotency,
            source,
            received_at_us,
        } = checked;
        let faults = Arc::new(faults);
        let identity = idempotency.clone();
        let nothing = batches.iter().all(PointBatch::is_empty);
        let answer = if faults.count() > 0 && (nothing || on_fault == OnFault::RejectAll) {
            // No commit will look the key up.
            if let Some((key, hash)) = &idempotency
                && let Some(answer) = self.stored(tenant, key, hash).await?
            {
                return Ok(answer);
            }
            IngestAnswer::of_nothing(&faults)
        } else {
            let what = Incoming {
                batches,
                faults: faults.clone(),
                idempotency,
                source: Source::Request,
            };
            let answer = self.commit(tenant, what).await?;
            answer.ok_or_else(|| Error::internal("a body is no chunk"))?
        };
        if on_fault == OnFault::KeepOthers {
            let origin = Origin {
                source,
                received_at_us,
                identity: identity.as_ref().map(|(key, hash)| (key.as_str(), *hash)),
            };
            self.keep_rejected(tenant, origin, &faults).await;
        }
        Ok(answer)
    }

    /// Turns one platform event, `{platform, action, data}`, into points as the
    /// registry says, and commits them.
    pub async fn collect(
        &self,
        tenant: &TenantId,
        body: Bytes,
        idempotency_key: Option<String>,
    ) -> Result<IngestAnswer> {
        let answer = self.event(tenant, body, idempotency_key).await;
        self.complete(tenant, answer).await
    }

    async fn event(
        &self,
        tenant: &TenantId,
        body: Bytes,
        idempotency_key: Option<String>,
    ) -> Result<IngestAnswer> {
        let mut batch = self.batch().await?;
        let mut faults = Faults::default();
        for fault in collect::event(&body, &self.platforms.list().await?, &mut batch)? {
            faults.push(fault, "");
        }
        let idempotency = hashed(idempotency_key, &body);
        if batch.is_empty() {
            if let Some((key, hash)) = &idempotency
                && let Some(answer) = self.stored(tenant, key, hash).await?
            {
                return Ok(answer);
            }
            return Ok(IngestAnswer::of_nothing(&faults));
        }
        let what = Incoming {
            batches: vec![batch],
            faults: Arc::new(faults),
            idempotency,
            source: Source::Request,
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
                faults: Arc::default(),
                idempotency: None,
                source: Source::Import(chunk),
            },
        )
        .await
    }

    /// Whether a chunk of this hash was imported before.
    pub async fn has_chunk(&self, tenant: &TenantId, chunk: [u8; 32]) -> Result<bool> {
        catalog::has_chunk(&self.pool, tenant, &chunk).await
    }

    /// The stored answer of an idempotency key. Errors: `Conflict` when it was
    /// used with another body.
    async fn stored(
        &self,
        tenant: &TenantId,
        key: &str,
        hash: &[u8; 32],
    ) -> Result<Option<IngestAnswer>> {
        match catalog::stored_answer(&self.pool, tenant, key).await? {
            None => Ok(None),
            Some((stored, answer)) if stored[..] == hash[..] => serde_json::from_value(answer)
                .map(Some)
                .map_err(Error::internal),
            Some(_) => Err(key_conflict()),
        }
    }
}

/// What is kept of an answer under an idempotency key.
type StoredAnswer = (String, [u8; 32], serde_json::Value);

/// The answer as it is kept under its key, if there is one.
fn stored(answer: &IngestAnswer, key: Option<(String, [u8; 32])>) -> Result<Option<StoredAnswer>> {
    let Some((key, hash)) = key else {
        return Ok(None);
    };
    let answer = serde_json::to_value(answer).map_err(Error::internal)?;
    Ok(Some((key, hash, answer)))
}

/// The line, from 1, that a byte of a body is in.
fn line_of(body: &[u8], at: usize) -> u64 {
    1 + body[..at].iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The plan's points of this UTC day do not suffice for `points` more.
fn over_day(used: u64, allowed: u64, points: u64, plan: String) -> Error {
    let tomorrow = Utc::now().date_naive().succ_opt();
    Error::LimitExceeded {
        limit: "ingest_points_per_day",
        used,
        allowed,
        needed: used.saturating_add(points),
        plan,
        resets_at: tomorrow.map(|day| day.and_time(NaiveTime::MIN).and_utc()),
        allowed_by: None,
    }
}

/// A key with the hash of the body that it stands for.
fn hashed(key: Option<String>, body: &[u8]) -> Option<(String, [u8; 32])> {
    key.map(|key| (key, Sha256::digest(body).into()))
}
