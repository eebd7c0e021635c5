//! The one place that runs a query plan.
//!
//! It stays one function of a scope, a text and limits, so that a process that
//! can be killed may take it over.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::ParamValues;
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::scalar::ScalarValue;
use futures::{Stream, StreamExt};
use tokio::time::Instant;

use super::scope::{AnswerStats, Scope};
use super::{context, gate, problem, verify};
use crate::error::{Error, Result};

/// What becomes of an answer with more rows than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooManyRows {
    /// It is cut, and says so.
    Cut,
    /// It fails: half an export is none.
    Fail,
}

/// What one query may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryLimits {
    /// Rows of the answer.
    pub rows: u64,
    /// What becomes of more rows.
    pub too_many_rows: TooManyRows,
    /// The plan that says so.
    pub plan: String,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// From its start to its last row.
    pub deadline: Duration,
}

/// An answer on its way.
pub struct Answer {
    /// The columns.
    pub schema: SchemaRef,
    /// The rows; dropping it cancels the query.
    pub stream: AnswerStream,
    /// What the query read; final when the stream has ended.
    pub stats: Arc<AnswerStats>,
}

/// Plans, checks and starts a caller's query.
pub(crate) async fn sql(
    scope: &Arc<Scope>,
    query: &str,
    params: Vec<ScalarValue>,
    limits: QueryLimits,
) -> Result<Answer> {
    let stats = Arc::new(AnswerStats::default());
    let deadline = Instant::now() + limits.deadline;
    let planned = tokio::time::timeout_at(
        deadline,
        plan(scope, &stats, query, params, limits.memory_bytes),
    );
    let (state, plan) = planned.await.map_err(|_| limits.out_of_time())??;
    run(&state, plan, scope, stats, limits, deadline)
}

async fn plan(
    scope: &Arc<Scope>,
    stats: &Arc<AnswerStats>,
    query: &str,
    params: Vec<ScalarValue>,
    memory_bytes: u64,
) -> Result<(SessionState, Arc<dyn ExecutionPlan>)> {
    let state = context::state(scope, stats, memory_bytes)?;
    let statement = gate::parse(&state, query)?;
    let plan: LogicalPlan = state
        .statement_to_plan(statement)
        .await
        .map_err(problem::query)?;
    gate::check_plan(&plan)?;
    let params: Vec<ScalarAndMetadata> = params.into_iter().map(Into::into).collect();
    let plan = plan
        .with_param_values(ParamValues::List(params))
        .map_err(problem::query)?;
    let physical = state
        .create_physical_plan(&plan)
        .await
        .map_err(problem::query)?;
    Ok((state, physical))
}

fn run(
    state: &SessionState,
    plan: Arc<dyn ExecutionPlan>,
    scope: &Scope,
    stats: Arc<AnswerStats>,
    limits: QueryLimits,
    deadline: Instant,
) -> Result<Answer> {
    verify::verify(&plan, &scope.objects)?;
    let stream = execute_stream(plan, state.task_ctx()).map_err(problem::query)?;
    let schema = stream.schema();
    let stream = AnswerStream {
        inner: Some(stream),
        rows_left: limits.rows,
        stats: stats.clone(),
        limits,
        expiry: Box::pin(tokio::time::sleep_until(deadline)),
    };
    Ok(Answer {
        schema,
        stream,
        stats,
    })
}

/// The rows of an answer, under its limits.
pub struct AnswerStream {
    inner: Option<SendableRecordBatchStream>,
    rows_left: u64,
    stats: Arc<AnswerStats>,
    limits: QueryLimits,
    expiry: Pin<Box<tokio::time::Sleep>>,
}

impl Stream for AnswerStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        if this.expiry.as_mut().poll(cx).is_ready() {
            this.inner = None;
            return Poll::Ready(Some(Err(this.limits.out_of_time())));
        }
        let next: Option<Result<RecordBatch, DataFusionError>> =
            std::task::ready!(inner.poll_next_unpin(cx));
        Poll::Ready(match next {
            None => {
                this.inner = None;
                None
            }
            Some(Err(error)) => {
                this.inner = None;
                Some(Err(problem::query(error)))
            }
            Some(Ok(batch)) if batch.num_rows() as u64 > this.rows_left => {
                this.inner = None;
                if this.limits.too_many_rows == TooManyRows::Fail {
                    return Poll::Ready(Some(Err(this.limits.exceeded())));
                }
                this.stats.set_truncated();
                let kept = usize::try_from(this.rows_left).unwrap_or(usize::MAX);
                Some(Ok(batch.slice(0, kept)))
            }
            Some(Ok(batch)) => {
                this.rows_left -= batch.num_rows() as u64;
                Some(Ok(batch))
            }
        })
    }
}

impl QueryLimits {
    fn out_of_time(&self) -> Error {
        let seconds = self.deadline.as_secs();
        Error::Query {
            message: format!(
                "the query was stopped after {seconds} s, the limit of the plan {:?}",
                self.plan
            ),
            location: None,
            hint: Some("filter by time, platform or metric, or ask for fewer rows".into()),
        }
    }

    fn exceeded(&self) -> Error {
        Error::LimitExceeded {
            limit: "export_rows",
            used: self.rows + 1,
            allowed: self.rows,
            plan: self.plan.clone(),
        }
    }
}
