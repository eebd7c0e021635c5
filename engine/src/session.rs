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
use crate::metadata::metering::Used;
use crate::metadata::platforms::Platform;
use crate::metadata::tenants::Plan;
use crate::query::admission::Class;
pub use crate::query::execute::{Answer, AnswerStream, QueryLimits, TooManyRows};
use crate::query::limits::Limits;
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
    /// What holds for the tenant at this moment.
    plan: Arc<Plan>,
    limits: Limits,
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
    pub(crate) fn new(
        scope: Scope,
        threads: Arc<QueryThreads>,
        plan: Arc<Plan>,
        limits: Limits,
    ) -> Self {
        Self {
            scope: Arc::new(scope),
            threads,
            plan,
            limits,
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

    /// All metric definitions of the tenant.
    pub fn metrics(&self) -> &[MetricDefinition] {
        &self.scope.snapshot.metrics
    }

    /// The dimension keys and their columns.
    pub fn dimensions(&self) -> &DimensionRegistry {
        &self.scope.snapshot.registry
    }

    /// The platform registry.
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

    /// Runs one SQL query when its turn has come. At most the plan's result
    /// rows come back; the stream says when rows were cut. Errors:
    /// `LimitExceeded` also for too many queries at once or in a second, and
    /// for what a day lets the tenant read.
    pub async fn sql(&self, query: &str, params: &[Param]) -> Result<Answer> {
        self.limits.begin(self.tenant(), &self.plan).await?;
        self.count(&Used {
            sql_queries: 1,
            ..Used::default()
        });
        self.admitted(Class::Sql, query, params, self.query_limits())
            .await
    }

    /// A dashboard's question to raw points: it goes before SQL.
    pub(crate) async fn raw_points(&self, query: &str, params: &[Param]) -> Result<Answer> {
        self.admitted(Class::Dashboard, query, params, self.query_limits())
            .await
    }

    fn query_limits(&self) -> QueryLimits {
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
    /// one that is too long for the plan fails instead of being cut. One that
    /// does not begin is not counted.
    pub async fn export(&self, query: &str, params: &[Param]) -> Result<Answer> {
        let plan = self.plan();
        self.limits.begin(self.tenant(), plan).await?;
        let limits = QueryLimits {
            rows: plan.export_rows,
            too_many_rows: TooManyRows::Fail,
            plan: plan.name.clone(),
            memory_bytes: plan.query_memory_bytes,
            deadline: Duration::from_secs(3_600),
        };
        let taken = self.limits.take_export(self.tenant()).await?;
        let begun = self.admitted(Class::Export, query, params, limits).await;
        match &begun {
            Ok(_) => self.count(&Used {
                exports: 1,
                ..Used::default()
            }),
            Err(_) => self.limits.give_back_export(self.tenant(), &taken).await,
        }
        begun
    }

    /// Counts what the tenant used besides what answers count by themselves.
    pub(crate) fn count(&self, used: &Used) {
        if let Some(account) = &self.scope.account {
            account.count(used);
        }
    }

    async fn admitted(
        &self,
        class: Class,
        query: &str,
        params: &[Param],
        limits: QueryLimits,
    ) -> Result<Answer> {
        let params = params.iter().enumerate().map(|(i, param)| scalar(i, param));
        let params = params.collect::<Result<Vec<_>>>()?;
        let turn = self.limits.enter(class, self.tenant(), &self.plan);
        let permit = turn.await?;
        let answer = execute::sql(&self.threads, &self.scope, query, params, limits);
        let mut answer = answer.await?;
        answer.stream.hold(permit);
        Ok(answer)
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
