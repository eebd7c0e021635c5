//! What a worker is given, and what it may ask for while it works.

use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use storage_layout::FileId;

use super::fault::Fault;
use crate::metadata::catalog::Snapshot;
use crate::metadata::platforms::Platform;
use crate::query::access::Access;
use crate::query::execute::QueryLimits;
use crate::query::scope::{RecordTables, Scope};
use crate::query::supplier::CatalogTable;
use crate::session::Param;

/// One query.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Assignment {
    /// What it may see; `None`: what the query before it might.
    pub(super) view: Option<View>,
    /// When that was seen to be the newest.
    pub(super) as_of: DateTime<Utc>,
    /// The text.
    pub(super) query: String,
    /// Values of its parameters.
    pub(super) params: Vec<Param>,
    /// What it may take. The deadline is the parent's to watch.
    pub(super) limits: QueryLimits,
    /// What it may put aside on disk, bytes.
    pub(super) spill_bytes: u64,
    /// What is wanted of it, as JSON: the front's form is part of it.
    pub(super) wanted: String,
}

/// What a scope shows: the part of it that can travel.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct View {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) platforms: Arc<Vec<Platform>>,
    pub(super) records: RecordTables,
    pub(super) access: Arc<Access>,
}

impl View {
    pub(super) fn of(scope: &Scope) -> Self {
        Self {
            snapshot: scope.snapshot.clone(),
            platforms: scope.platforms.clone(),
            records: scope.records,
            access: scope.access.clone(),
        }
    }

    /// Whether it shows what that scope does.
    pub(super) fn is_of(&self, scope: &Scope) -> bool {
        Arc::ptr_eq(&self.snapshot, &scope.snapshot)
            && Arc::ptr_eq(&self.platforms, &scope.platforms)
            && self.records == scope.records
            && self.access == scope.access
    }
}

/// What a worker asks its parent for. Objects are named by their keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Ask {
    /// Ranges of an object, one behind the other.
    Ranges {
        object: String,
        ranges: Vec<Range<u64>>,
    },
    /// An object's size.
    Size { object: String },
    /// Inline files.
    Payloads { files: Vec<FileId> },
    /// Roll-ups that the catalog keeps.
    Rollups { files: Vec<FileId> },
    /// Merged partials of the local days `[from_day, to_day)`.
    Merged { from_day: i32, to_day: i32 },
    /// A table of the catalog's rows.
    Table { table: CatalogTable },
}

/// A query that failed.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// Whether it had begun to run: then parts of it may do so still.
    pub(super) begun: bool,
}

/// What came of an ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[repr(u8)]
pub(super) enum Given {
    /// The bytes follow.
    Bytes = 0,
    /// There is no such thing.
    Nothing = 1,
    /// It failed; the fault follows as JSON.
    Failed = 2,
}

impl Given {
    pub(super) fn of(byte: u8) -> Option<Self> {
        [Self::Bytes, Self::Nothing, Self::Failed]
            .into_iter()
            .find(|given| *given as u8 == byte)
    }
}
