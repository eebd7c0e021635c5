//! One tenant, one snapshot, one plan's limits: everything that is read is read
//! through a session.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use chrono::{DateTime, Utc};
use datafusion::execution::SendableRecordBatchStream;
use storage_layout::rollup::Partials;
use storage_layout::{MetricDefinition, TenantId};

use crate::error::Result;
use crate::metadata::platforms::Platform;

/// A tenant's view of its data at one version.
#[derive(Debug, Clone)]
pub struct Session {
    #[expect(dead_code, reason = "skeleton")]
    inner: Arc<()>,
}

/// A parameter of a query (`$1`, `$2`, …).
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// SQL null.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, as its text.
    Decimal(String),
    /// Text.
    Text(String),
}

/// An answer that is still running.
pub struct Answer {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows; dropping the stream cancels the query.
    pub stream: SendableRecordBatchStream,
    /// What the answer is, filled in as it runs: read it when the stream ended.
    pub stats: Arc<AnswerStats>,
}

/// What an answer says about itself; final once its stream has ended.
#[derive(Debug, Default)]
pub struct AnswerStats {
    /// Data files the plan reads, inline ones included.
    pub files: std::sync::atomic::AtomicU64,
    /// Rows in those files.
    pub rows_scanned: std::sync::atomic::AtomicU64,
    /// Bytes fetched from the store.
    pub bytes_scanned: std::sync::atomic::AtomicU64,
    /// Whether a limit cut the rows.
    pub truncated: std::sync::atomic::AtomicBool,
}

impl Session {
    /// The tenant.
    pub fn tenant(&self) -> &TenantId {
        todo!()
    }

    /// The tenant's version that every answer of this session is of.
    pub fn version(&self) -> i64 {
        todo!()
    }

    /// When that version was seen.
    pub fn as_of(&self) -> DateTime<Utc> {
        todo!()
    }

    /// The tenant's own time zone.
    pub fn time_zone(&self) -> chrono_tz::Tz {
        todo!()
    }

    /// All metric definitions of the tenant.
    pub fn metrics(&self) -> &[MetricDefinition] {
        todo!()
    }

    /// The platform registry.
    pub fn platforms(&self) -> &[Platform] {
        todo!()
    }

    /// Runs one SQL query. At most the plan's result rows come back; `stats`
    /// says when rows were cut.
    pub async fn sql(&self, _query: &str, _params: &[Param]) -> Result<Answer> {
        todo!()
    }

    /// Merged partials over the local days `[from_day, to_day)` (days since
    /// 1970-01-01) in `zone`: from stored roll-ups when `zone` is the tenant's
    /// own, else made from raw points. Exact either way. The cells may cover
    /// more days than asked for.
    pub async fn partials(
        &self,
        _from_day: i32,
        _to_day: i32,
        _zone: chrono_tz::Tz,
    ) -> Result<(Arc<Partials>, PartialsSource)> {
        todo!()
    }
}

/// Where an answer's partials came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialsSource {
    /// Stored roll-ups.
    Rollup,
    /// Raw points.
    Raw,
}
