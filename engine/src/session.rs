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
use serde::{Deserialize, Serialize};
use storage_layout::rollup::Partials;
use storage_layout::{DimensionRegistry, MetricDefinition, TenantId, decimal};

use crate::error::{Error, Result};
use crate::metadata::platforms::Platform;
use crate::metadata::tenants::Plan;
pub use crate::query::dry_run::{DryColumn, DryRun};
pub use crate::query::execute::{Answer, AnswerStream, DeadlineOf, QueryLimits, TooManyRows};
pub use crate::query::partials::PartialsSource;
use crate::query::scope::Scope;
pub use crate::query::scope::{AnswerStats, RecordTables};
use crate::query::threads::QueryThreads;
use crate::query::tops::{self, Answers, TopsQuestion};
use crate::query::wanted::{NoForm, Wanted};
use crate::query::worker::{self, Workers};
use crate::query::written::Writing;
pub use crate::query::written::{Encode, Ending, Form, Stamp, Took, WrittenAnswer};
use crate::query::{dry_run, execute, partials};

/// How long an export or a query without its client may take.
pub(crate) const ALONE: Duration = Duration::from_secs(3_600);

/// Bytes of one answer, and of one export.
const ANSWER_BYTES: u64 = 1 << 30;
const EXPORT_BYTES: u64 = 64 << 30;
/// Bytes of what a dry run says.
const PLAN_BYTES: usize = 4 << 20;

/// A tenant's view of its data at one version.
#[derive(Debug, Clone)]
pub struct Session {
    scope: Arc<Scope>,
    threads: Arc<QueryThreads>,
    /// Where callers' SQL runs, unless it runs here.
    workers: Option<Workers>,
}

/// A parameter of a query (`$1`, `$2`, …).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// A day.
    Date(chrono::NaiveDate),
    /// A moment.
    Timestamp(DateTime<Utc>),
}

impl Session {
    pub(crate) fn new(scope: Scope, threads: Arc<QueryThreads>, workers: Option<Workers>) -> Self {
        Self {
            scope: Arc::new(scope),
            threads,
            workers,
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

    /// What every answer of this session is of.
    pub fn stamp(&self) -> Stamp {
        Stamp {
            version: self.version(),
            as_of: self.as_of(),
        }
    }

    /// Runs one SQL query in this process, whatever the engine's
    /// [`crate::SqlIsolation`]: for queries that are the program's own. At most
    /// the plan's result rows come back; the stream says when rows were cut.
    pub async fn sql(&self, query: &str, params: &[Param]) -> Result<Answer> {
        self.sql_within(query, params, self.limits()).await
    }

    /// Runs one SQL query of a caller's where the engine's
    /// [`crate::SqlIsolation`] says, under a deadline of the caller's own if the
    /// plan's is not shorter, and writes its answer. As [`Self::sql`] else.
    pub async fn sql_as<F: Form>(
        &self,
        query: &str,
        params: &[Param],
        timeout: Option<Duration>,
        form: &F,
    ) -> Result<WrittenAnswer> {
        let limits = self.limits().within(timeout);
        self.written(query, params, Wanted::Answer(form), limits)
            .await
    }

    /// As [`Self::sql_as`], for an export, which may be longer than an answer;
    /// one that is too long for the plan fails instead of being cut.
    pub async fn export_as<F: Form>(
        &self,
        query: &str,
        params: &[Param],
        form: &F,
    ) -> Result<WrittenAnswer> {
        self.written(query, params, Wanted::Answer(form), self.export_limits())
            .await
    }

    /// As [`Self::sql_as`], in pages that are kept, for a query that runs
    /// without its client: it may take as long as an export.
    pub(crate) async fn pages_alone(
        &self,
        query: &str,
        params: &[Param],
        timeout: Duration,
    ) -> Result<WrittenAnswer> {
        let limits = QueryLimits {
            deadline: ALONE,
            ..self.limits()
        };
        let pages = Wanted::<&NoForm>::Pages;
        self.written(query, params, pages, limits.within(Some(timeout)))
            .await
    }

    /// Plans and checks a query of a caller's without running it.
    pub async fn dry_run(&self, query: &str, params: &[Param]) -> Result<DryRun> {
        let limits = self.limits();
        let Some(_) = &self.workers else {
            let params = scalars(params)?;
            return dry_run::dry_run(&self.threads, &self.scope, query, params, &limits).await;
        };
        let plan = Wanted::<&NoForm>::DryRun;
        let plan = self.written(query, params, plan, limits).await?;
        let plan = plan.whole(PLAN_BYTES).await?;
        serde_json::from_slice(&plan).map_err(Error::internal)
    }

    async fn written<F: Form>(
        &self,
        query: &str,
        params: &[Param],
        wanted: Wanted<&F>,
        limits: QueryLimits,
    ) -> Result<WrittenAnswer> {
        let most_bytes = limits.answer_bytes;
        let Some(workers) = &self.workers else {
            let answer = self.sql_within(query, params, limits).await?;
            let encoder = wanted.encoder(&answer.schema, self.stamp())?;
            let writing = Writing::new(answer, encoder);
            return Ok(WrittenAnswer::here(writing, most_bytes));
        };
        // What is wrong with them needs no worker.
        scalars(params)?;
        let question = worker::Question {
            query: query.to_owned(),
            params: params.to_vec(),
            limits,
            wanted: serde_json::to_string(&wanted).map_err(Error::internal)?,
        };
        let answer = worker::ask(workers, &self.scope, question).await?;
        Ok(WrittenAnswer::of_worker(answer, most_bytes))
    }

    fn limits(&self) -> QueryLimits {
        let plan = self.plan();
        QueryLimits {
            rows: plan.result_rows,
            too_many_rows: TooManyRows::Cut,
            answer_bytes: ANSWER_BYTES,
            plan: plan.name.clone(),
            memory_bytes: plan.query_memory_bytes,
            deadline: Duration::from_millis(plan.query_timeout_ms),
            deadline_of: DeadlineOf::Plan,
        }
    }

    /// As [`Self::sql`], for an export; see [`Self::export_as`].
    pub async fn export(&self, query: &str, params: &[Param]) -> Result<Answer> {
        self.sql_within(query, params, self.export_limits()).await
    }

    fn export_limits(&self) -> QueryLimits {
        let plan = self.plan();
        QueryLimits {
            rows: plan.export_rows,
            too_many_rows: TooManyRows::Fail,
            answer_bytes: EXPORT_BYTES,
            plan: plan.name.clone(),
            memory_bytes: plan.query_memory_bytes,
            deadline: ALONE,
            deadline_of: DeadlineOf::Plan,
        }
    }

    async fn sql_within(
        &self,
        query: &str,
        params: &[Param],
        limits: QueryLimits,
    ) -> Result<Answer> {
        let params = scalars(params)?;
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

/// The planner's values. Errors: `Invalid`, at the first that is none.
pub(crate) fn scalars(params: &[Param]) -> Result<Vec<ScalarValue>> {
    let scalars = params.iter().enumerate();
    scalars.map(|(i, param)| scalar(i, param)).collect()
}

fn scalar(position: usize, param: &Param) -> Result<ScalarValue> {
    Ok(match param {
        Param::Null => ScalarValue::Null,
        Param::Bool(value) => ScalarValue::Boolean(Some(*value)),
        Param::Int(value) => ScalarValue::Int64(Some(*value)),
        Param::Text(text) => ScalarValue::Utf8View(Some(text.clone())),
        Param::Date(day) => {
            let since = day.signed_duration_since(chrono::NaiveDate::default());
            ScalarValue::Date32(i32::try_from(since.num_days()).ok())
        }
        Param::Timestamp(at) => {
            ScalarValue::TimestampMicrosecond(Some(at.timestamp_micros()), Some("UTC".into()))
        }
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
