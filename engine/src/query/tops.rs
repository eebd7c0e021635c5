//! The largest values of dimension keys, from raw points: every metric and key
//! in one pass over the rows.
//!
//! For few points (see [`crate::dashboard::CHEAP_RAW_POINTS`]): all different
//! values are held at once. What was found is remembered for the exact set of
//! files that it came from.

use std::collections::BTreeSet;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::DFSchema;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, col, lit};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::filter_pushdown::FilterPushdown;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::scalar::ScalarValue;
use futures::TryStreamExt;
use storage_layout::schema::{
    COMMIT_VERSION, DIMENSIONS, METRIC_NAME, METRIC_TYPE, METRIC_VALUE, PLATFORM, RECORDED_AT,
};
use storage_layout::{FileId, MetricKey, MetricKind, TenantId};
use tokio::sync::oneshot;

use super::access::Access;
use super::admission::Permit;
use super::execute::{QueryLimits, computed};
use super::scope::{AnswerStats, Scope};
use super::table::PointsTable;
use super::threads::QueryThreads;
use super::top_groups::Groups;
use super::{context, problem, run};
use crate::error::{Error, Result};
use crate::metadata::catalog::DataFile;

/// The keys of one metric whose largest values are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TopsOf {
    pub(crate) metric: MetricKey,
    pub(crate) kind: MetricKind,
    pub(crate) keys: Vec<String>,
}

/// Questions over the points of some instants, microseconds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TopsQuestion {
    pub(crate) instants: Range<i64>,
    pub(crate) of: Vec<TopsOf>,
    /// How many values of each key are listed.
    pub(crate) listed: usize,
}

/// Answers remembered: they depend on these files and the question alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TopsKey {
    pub(crate) tenant: TenantId,
    pub(crate) files: Arc<[FileId]>,
    /// What was seen of them.
    access: Arc<Access>,
    question: TopsQuestion,
}

/// One key's largest values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tops {
    /// The largest first, those without a number last, ties by name.
    pub(crate) listed: Vec<Top>,
    /// How many different values there are.
    pub(crate) values: i64,
    /// Points that have a value.
    pub(crate) points: i64,
    /// What all of them add up to, in units of 10^-9; only for sums.
    pub(crate) sum: i128,
}

/// One value and its number in units of 10^-9, by the metric's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Top {
    pub(crate) name: String,
    pub(crate) points: i64,
    pub(crate) number: Option<i128>,
}

/// Answers, in the order of the question's metrics and keys.
pub(crate) type Answers = Vec<Vec<Tops>>;

impl TopsKey {
    /// About how much memory a key and its answers take, bytes.
    pub(crate) fn size_bytes(&self, answers: &Answers) -> usize {
        let of = |of: &TopsOf| 256 + of.keys.iter().map(|key| 32 + key.len()).sum::<usize>();
        let tops = |tops: &Tops| {
            let listed = tops.listed.iter().map(|top| 64 + top.name.len());
            96 + listed.sum::<usize>()
        };
        self.files.len() * 16
            + self.question.of.iter().map(of).sum::<usize>()
            + answers.iter().flatten().map(tops).sum::<usize>()
    }
}

/// Answers a question at the scope's version, within the limits of time and
/// memory of a query, when its `turn` has come; what is remembered needs none.
pub(crate) async fn tops(
    threads: &QueryThreads,
    scope: &Arc<Scope>,
    question: TopsQuestion,
    limits: &QueryLimits,
    turn: impl Future<Output = Result<Permit>>,
) -> Result<Arc<Answers>> {
    let key = TopsKey {
        tenant: scope.tenant().clone(),
        files: files(scope, &question),
        access: scope.access.clone(),
        question,
    };
    if let Some(known) = scope.caches.tops.get(&key).await {
        return Ok(known);
    }
    let _permit = turn.await?;
    let (mut sender, found) = oneshot::channel();
    let (own, question) = (scope.clone(), key.question.clone());
    let memory = limits.memory_bytes;
    threads.spawn(async move {
        let found = tokio::select! {
            found = read(&own, &question, memory) => found,
            // Nobody waits for the answer any more.
            () = sender.closed() => return,
        };
        // Nor here, if this fails.
        let _ = sender.send(found);
    })?;
    let found = tokio::time::timeout(limits.deadline, found)
        .await
        .map_err(|_| limits.out_of_time())?
        .map_err(|_| Error::internal("the reading of a dashboard's points ended early"))?;
    let found = Arc::new(found?);
    scope.caches.tops.insert(key, found.clone()).await;
    Ok(found)
}

/// The files that may hold points of the question.
fn files(scope: &Scope, question: &TopsQuestion) -> Arc<[FileId]> {
    let names: BTreeSet<&str> = question
        .of
        .iter()
        .map(|of| &*of.metric.metric_name)
        .collect();
    let may_hold = |file: &&DataFile| {
        let known = &file.statistics;
        known.max_recorded_at_us >= question.instants.start
            && known.min_recorded_at_us < question.instants.end
            && known
                .metric_names
                .iter()
                .any(|name| names.contains(name.as_str()))
    };
    let files = scope.snapshot.files.iter().filter(may_hold);
    files.map(|file| file.id).collect()
}

async fn read(scope: &Arc<Scope>, question: &TopsQuestion, memory: u64) -> Result<Answers> {
    let stats = Arc::new(AnswerStats::of(scope));
    let state = context::state(scope, &stats, memory)?;
    let failed = |error: DataFusionError| problem::query(error, "");
    let plan = plan(scope, &stats, &state, question)
        .await
        .map_err(failed)?;
    let mut rows = run::run(plan.clone(), scope, state.task_ctx(), failed)?;
    let mut groups = Groups::new(question);
    while let Some(batch) = rows.try_next().await.map_err(failed)? {
        groups.add(&scope.snapshot.registry, &batch)?;
    }
    stats.add_cpu(computed(plan.as_ref()));
    Ok(groups.finish()?)
}

/// The table's own scan with a filter: what a `SELECT` would be planned to,
/// without the optimizer.
async fn plan(
    scope: &Arc<Scope>,
    stats: &Arc<AnswerStats>,
    state: &datafusion::execution::SessionState,
    question: &TopsQuestion,
) -> std::result::Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let table = PointsTable::new(scope.clone(), stats.clone());
    let schema = table.schema();
    let names = columns(scope, question);
    let known = schema.fields().iter().enumerate();
    let projection: Vec<usize> = known
        .filter(|(_, field)| names.contains(field.name()))
        .map(|(at, _)| at)
        .collect();
    let filter = filter(question);
    let scan = table
        .scan(
            state,
            Some(&projection),
            std::slice::from_ref(&filter),
            None,
        )
        .await?;
    let columns = DFSchema::try_from(scan.schema().as_ref().clone())?;
    let predicate = state.create_physical_expr(filter, &columns)?;
    let filtered: Arc<dyn ExecutionPlan> = Arc::new(FilterExec::try_new(predicate, scan)?);
    FilterPushdown::new().optimize(filtered, state.config_options())
}

/// The table's columns that the question needs.
fn columns(scope: &Scope, question: &TopsQuestion) -> BTreeSet<String> {
    let fixed = [
        PLATFORM,
        METRIC_TYPE,
        METRIC_NAME,
        METRIC_VALUE,
        RECORDED_AT,
    ];
    let mut names: BTreeSet<String> = fixed.map(str::to_owned).into();
    for of in &question.of {
        if matches!(of.kind, MetricKind::Gauge { .. }) {
            names.insert(COMMIT_VERSION.to_owned());
        }
        for key in of.keys.iter().map(String::as_str).chain(parts(&of.kind)) {
            let registry = &scope.snapshot.registry;
            let column = registry.get(key);
            names.extend(column.map(|column| column.text_column()));
            names.extend(column.map(|column| column.number_column()));
            if column.map_or(registry.overflowed, |column| column.partial) {
                names.insert(DIMENSIONS.to_owned());
            }
        }
    }
    names
}

/// The dimensions that a ratio is made of.
pub(super) fn parts(kind: &MetricKind) -> impl Iterator<Item = &str> {
    let parts = match kind {
        MetricKind::Ratio {
            numerator,
            denominator,
        } => [Some(numerator), Some(denominator)],
        _ => [None, None],
    };
    parts.into_iter().flatten().map(String::as_str)
}

fn filter(question: &TopsQuestion) -> Expr {
    let time = |us| {
        let time = ScalarValue::TimestampMicrosecond(Some(us), Some("UTC".into()));
        lit(time)
    };
    let names: BTreeSet<&str> = question
        .of
        .iter()
        .map(|of| &*of.metric.metric_name)
        .collect();
    let names = names
        .into_iter()
        .map(|name| lit(ScalarValue::Utf8View(Some(name.to_owned()))));
    col(RECORDED_AT)
        .gt_eq(time(question.instants.start))
        .and(col(RECORDED_AT).lt(time(question.instants.end)))
        .and(col(METRIC_NAME).in_list(names.collect(), false))
}
