//! From point to committed data file.

use bytes::Bytes;
use storage_layout::TenantId;

use crate::error::Result;

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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
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

/// The way in for data points.
#[derive(Debug)]
pub struct Ingest {}

impl Ingest {
    /// Parses, checks and commits a body; returns after the commit is durable.
    pub async fn points(&self, _tenant: &TenantId, _request: IngestRequest) -> Result<IngestAnswer> {
        todo!()
    }

    /// Commits a body once per `chunk`, ever: `None` when this tenant has
    /// already imported a chunk of this hash.
    pub async fn import_chunk(
        &self,
        _tenant: &TenantId,
        _points: PointBatch,
        _chunk: Option<[u8; 32]>,
    ) -> Result<Option<IngestAnswer>> {
        todo!()
    }

    /// Whether a chunk of this hash was imported before.
    pub async fn has_chunk(&self, _tenant: &TenantId, _chunk: [u8; 32]) -> Result<bool> {
        todo!()
    }
}

/// Checked points in columns, ready to be encoded. Filled by parsers.
#[derive(Debug, Default)]
pub struct PointBatch {}

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

impl PointBatch {
    /// Checks and adds a point; the rejection names field and reason
    /// (`index` is left at 0 for the caller to fill in).
    pub fn push(&mut self, _point: &RawPoint<'_>) -> Result<(), Rejection> {
        todo!()
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        todo!()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
