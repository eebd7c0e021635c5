//! What a query would read, told without running it.

use std::sync::Arc;
use std::time::Duration;

use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::execute::{self, QueryLimits};
use super::scope::{AnswerStats, Scope};
use super::threads::QueryThreads;
use super::type_name::type_name;
use super::{problem, products, verify};
use crate::error::{Error, Result};

/// A column of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryColumn {
    /// Its name.
    pub name: String,
    /// Its type, such as `text` or `decimal(25,9)`.
    pub type_name: String,
}

/// A query's plan: it passed every check that is made before a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DryRun {
    /// The columns of its answer.
    pub columns: Vec<DryColumn>,
    /// Data files that it would read.
    pub files: u64,
    /// Rows in them.
    pub rows: u64,
    /// Bytes of them, whole; a run that needs few columns fetches fewer.
    pub bytes: u64,
    /// The logical plan as text; it names tables, never files.
    pub plan: String,
}

/// Plans and checks a query on the threads for queries. Errors: those that a
/// run would give before its first row.
pub(crate) async fn dry_run(
    threads: &QueryThreads,
    scope: &Arc<Scope>,
    query: &str,
    params: Vec<ScalarValue>,
    limits: &QueryLimits,
) -> Result<DryRun> {
    let (told, answer) = oneshot::channel();
    let (scope, query, memory) = (scope.clone(), query.to_owned(), limits.memory_bytes);
    let task = threads.spawn(async move {
        // Nobody waits any more when this fails.
        let _ = told.send(planned(&scope, &query, params, memory).await);
    })?;
    // Planning ends before its caller's patience does, or is given up.
    let answered = tokio::time::timeout(limits.deadline.max(Duration::from_secs(1)), answer).await;
    task.abort();
    match answered {
        Ok(answer) => answer.map_err(|_| Error::internal("a dry run ended without an answer"))?,
        Err(_) => Err(limits.out_of_time()),
    }
}

async fn planned(
    scope: &Arc<Scope>,
    query: &str,
    params: Vec<ScalarValue>,
    memory_bytes: u64,
) -> Result<DryRun> {
    let stats = Arc::new(AnswerStats::of(scope));
    let (state, plan) = execute::logical_plan(scope, &stats, query, params, memory_bytes).await?;
    let plan = state
        .optimize(&plan)
        .map_err(|e| problem::query(e, query))?;
    let physical: Arc<dyn ExecutionPlan> = state
        .query_planner()
        .create_physical_plan(&plan, &state)
        .await
        .map_err(|e| problem::query(e, query))?;
    products::check(&physical, query)?;
    verify::verify(&physical, &scope.objects)?;
    let told = stats.told();
    Ok(DryRun {
        columns: columns(&physical.schema()),
        files: told.files,
        rows: told.rows_scanned,
        bytes: stats.told_planned_bytes(),
        plan: plan.display_indent().to_string(),
    })
}

fn columns(schema: &SchemaRef) -> Vec<DryColumn> {
    let column = |field: &arrow::datatypes::FieldRef| DryColumn {
        name: field.name().clone(),
        type_name: type_name(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}
