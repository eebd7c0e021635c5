//! One tenant, one snapshot, one plan's limits: everything that is read is read
//! through a session.
//!
//! A session stays at its version however long it lives; ask the engine for a
//! new one to see newer points.

mod asking;
mod param;

use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use storage_layout::rollup::Partials;
use storage_layout::{DimensionRegistry, MetricDefinition, TenantId};

use crate::error::Result;
use crate::metadata::platforms::Platform;
use crate::metadata::tenants::Plan;
pub use crate::query::access::Access;
use crate::query::admission::Class;
pub use crate::query::dry_run::{DryColumn, DryRun};
pub use crate::query::execute::{Answer, AnswerStream, DeadlineOf, QueryLimits, TooManyRows};
use crate::query::limits::Limits;
use crate::query::partials;
pub use crate::query::partials::PartialsSource;
use crate::query::scope::Scope;
pub use crate::query::scope::{AnswerStats, RecordTables};
use crate::query::threads::QueryThreads;
use crate::query::tops::{self, Answers, TopsQuestion};
use crate::query::worker::Workers;
pub use crate::query::written::{Encode, Ending, Form, Stamp, Took, WrittenAnswer};
pub(crate) use asking::ALONE;
pub use param::Param;
pub(crate) use param::scalars;

/// A tenant's view of its data at one version.
#[derive(Debug, Clone)]
pub struct Session {
    scope: Arc<Scope>,
    threads: Arc<QueryThreads>,
    /// What holds for the tenant at this moment.
    plan: Arc<Plan>,
    limits: Limits,
    /// Where callers' SQL runs, unless it runs here.
    workers: Option<Workers>,
    /// Whose turn its own reading of raw points takes.
    class: Class,
}

impl Session {
    pub(crate) fn new(
        scope: Scope,
        threads: Arc<QueryThreads>,
        plan: Arc<Plan>,
        limits: Limits,
        workers: Option<Workers>,
    ) -> Self {
        Self {
            scope: Arc::new(scope),
            threads,
            plan,
            limits,
            workers,
            class: Class::Dashboard,
        }
    }

    /// The same for work that nobody waits for: what it reads goes last.
    pub(crate) fn in_background(self) -> Self {
        Self {
            class: Class::Export,
            ..self
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &TenantId {
        self.scope.tenant()
    }

    /// The tenant's version that every answer of this session is of.
    pub fn version(&self) -> i64 {
        self.scope.snapshot.version
    }

    /// When the catalog said that this version is the newest.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.scope.as_of
    }

    /// The tenant's own time zone.
    pub fn time_zone(&self) -> chrono_tz::Tz {
        self.scope.snapshot.tenant.time_zone
    }

    /// The limits that the tenant is under.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What of the tenant's data this session shows.
    pub fn access(&self) -> &Access {
        &self.scope.access
    }

    /// All metric definitions of the tenant that may be seen.
    pub fn metrics(&self) -> &[MetricDefinition] {
        &self.scope.metrics
    }

    /// The dimension keys and their columns.
    pub fn dimensions(&self) -> &DimensionRegistry {
        &self.scope.snapshot.registry
    }

    /// The registered platforms that may be seen.
    pub fn platforms(&self) -> &[Platform] {
        &self.scope.platforms
    }

    /// Number of live data files: inline ones, objects.
    pub fn file_counts(&self) -> (usize, usize) {
        let files = &self.scope.snapshot.files;
        let objects = files
            .iter()
            .filter(|f| f.storage != crate::metadata::catalog::FileStorage::Inline);
        let objects = objects.count();
        (files.len() - objects, objects)
    }

    /// What every answer of this session is of.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            version: self.version(),
            as_of: self.as_of(),
        }
    }

    /// Merged partials over the local days `[from_day, to_day)` (days since
    /// 1970-01-01) in `zone`: in total and by dimension value when `zone` is the
    /// tenant's own, else in total alone. They come from stored roll-ups, or from
    /// raw points where a zone's offset is no multiple of 15 minutes. Exact
    /// either way. The cells may cover more days than asked for.
    pub async fn partials(
        &self,
        from_day: i32,
        to_day: i32,
        zone: chrono_tz::Tz,
    ) -> Result<(Arc<Partials>, PartialsSource)> {
        partials::merged(&self.scope, from_day, to_day, zone).await
    }

    /// The slices that [`Self::partials`] lacks in another zone than the
    /// tenant's: over all of `days` together, put on the first of them, and not
    /// by day. Exact; rows are read of files that hold points outside `days` too.
    pub(crate) async fn slices(
        &self,
        days: Range<i32>,
        zone: chrono_tz::Tz,
    ) -> Result<(Partials, PartialsSource)> {
        partials::span(&self.scope, days, zone).await
    }

    /// The largest values of dimension keys from raw points, all in one pass;
    /// remembered for the files they came from. Meant for few points.
    pub(crate) async fn tops(&self, question: TopsQuestion) -> Result<Arc<Answers>> {
        let turn = self
            .limits
            .enter(Class::Dashboard, self.tenant(), &self.plan);
        let limits = self.query_limits();
        tops::tops(&self.threads, &self.scope, question, &limits, turn).await
    }

    /// How many rows [`Self::slices`] would read.
    pub(crate) async fn slices_cost_rows(&self, days: Range<i32>, zone: chrono_tz::Tz) -> u64 {
        partials::span_rows(&self.scope, days, zone).await
    }
}
