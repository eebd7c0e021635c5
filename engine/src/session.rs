//! One tenant, one snapshot, one plan's limits: everything that is read is read
//! through a session.
//!
//! A session stays at its version however long it lives; ask the engine for a
//! new one to see newer points.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use datafusion::scalar::ScalarValue;
use storage_layout::rollup::Partials;
use storage_layout::{DimensionRegistry, MetricDefinition, TenantId, decimal};

use crate::error::{Error, Result};
use crate::metadata::platforms::Platform;
use crate::metadata::tenants::Plan;
pub use crate::query::access::Access;
pub use crate::query::execute::{Answer, AnswerStream, QueryLimits, TooManyRows};
pub use crate::query::partials::PartialsSource;
pub use crate::query::scope::AnswerStats;
use crate::query::scope::Scope;
use crate::query::threads::QueryThreads;
use crate::query::tops::{self, Answers, TopsQuestion};
use crate::query::{execute, partials};

/// A tenant's view of its data at one version.
#[derive(Debug, Clone)]
pub struct Session {
    scope: Arc<Scope>,
    threads: Arc<QueryThreads>,
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

impl Session {
    pub(crate) fn new(scope: Scope, threads: Arc<QueryThreads>) -> Self {
        Self {
            scope: Arc::new(scope),
            threads,
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
        &self.scope.snapshot.plan
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

    /// Runs one SQL query. At most the plan's result rows come back; the
    /// stream says when rows were cut.
    pub async fn sql(&self, query: &str, params: &[Param]) -> Result<Answer> {
        self.sql_within(query, params, self.limits()).await
    }

    fn limits(&self) -> QueryLimits {
        let plan = self.plan();
        QueryLimits {
            rows: plan.result_rows,
            too_many_rows: TooManyRows::Cut,
            plan: plan.name.clone(),
            memory_bytes: plan.query_memory_bytes,
            deadline: Duration::from_millis(plan.query_timeout_ms),
        }
    }

    /// Runs one SQL query for an export, which may be longer than an answer;
    /// one that is too long for the plan fails instead of being cut.
    pub async fn export(&self, query: &str, params: &[Param]) -> Result<Answer> {
        let plan = self.plan();
        let limits = QueryLimits {
            rows: plan.export_rows,
            too_many_rows: TooManyRows::Fail,
            plan: plan.name.clone(),
            memory_bytes: plan.query_memory_bytes,
            deadline: Duration::from_secs(3_600),
        };
        self.sql_within(query, params, limits).await
    }

    async fn sql_within(
        &self,
        query: &str,
        params: &[Param],
        limits: QueryLimits,
    ) -> Result<Answer> {
        let params = params.iter().enumerate().map(|(i, param)| scalar(i, param));
        let params = params.collect::<Result<Vec<_>>>()?;
        execute::sql(&self.threads, &self.scope, query, params, limits).await
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
        tops::tops(&self.threads, &self.scope, question, &self.limits()).await
    }

    /// How many rows [`Self::slices`] would read.
    pub(crate) async fn slices_cost_rows(&self, days: Range<i32>, zone: chrono_tz::Tz) -> u64 {
        partials::span_rows(&self.scope, days, zone).await
    }
}

fn scalar(position: usize, param: &Param) -> Result<ScalarValue> {
    Ok(match param {
        Param::Null => ScalarValue::Null,
        Param::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Param::Int(value) => ScalarValue::Int64(Some(*value)),
        Param::Text(text) => ScalarValue::Utf8View(Some(text.clone())),
        Param::Decimal(text) => {
            let parsed = decimal::Value::parse(text)
                .ok()
                .filter(|parsed| !parsed.rounded);
            let parsed = parsed.ok_or_else(|| {
                Error::invalid(
                    "must be a decimal number below 10^16 with at most nine decimals",
                    format!("params[{position}]"),
                )
            })?;
            ScalarValue::Decimal128(
                Some(parsed.value.units()),
                decimal::PRECISION,
                decimal::SCALE,
            )
        }
    })
}
