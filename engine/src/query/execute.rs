//! From a caller's text to its rows.
//!
//! It stays one function of a scope, a text and limits, so that a process that
//! can be killed may take it over.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::common::ParamValues;
use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::scalar::ScalarValue;
use futures::{Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::scope::{AnswerStats, Scope};
use super::threads::QueryThreads;
use super::{context, gate, latest, problem, products, run};
use crate::error::{Error, Result};

/// Batches that a query may be ahead of its reader.
const BATCHES_AHEAD: usize = 2;

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

/// Plans, checks and starts a caller's query on the threads for queries.
pub(crate) async fn sql(
    threads: &QueryThreads,
    scope: &Arc<Scope>,
    query: &str,
    params: Vec<ScalarValue>,
    limits: QueryLimits,
) -> Result<Answer> {
    let stats = Arc::new(AnswerStats::default());
    let deadline = Instant::now() + limits.deadline;
    let begun = Arc::new(AtomicBool::new(false));
    let (started, schema) = oneshot::channel();
    let (rows, received) = mpsc::channel(BATCHES_AHEAD);
    let question = Question {
        scope: scope.clone(),
        stats: stats.clone(),
        query: query.to_owned(),
        params,
        memory_bytes: limits.memory_bytes,
        begun: begun.clone(),
    };
    let mut stream = AnswerStream {
        query: query.to_owned(),
        task: threads.spawn(question.answer(started, rows))?,
        rows: Some(received),
        rows_left: limits.rows,
        stats: stats.clone(),
        limits,
        expiry: Box::pin(tokio::time::sleep_until(deadline)),
    };
    let schema = tokio::select! {
        schema = schema => schema.map_err(|_| ended_early())??,
        () = &mut stream.expiry => return Err(match begun.load(Ordering::Relaxed) {
            true => stream.limits.out_of_time(),
            // All threads were busy with other queries all the while.
            false => Error::Unavailable {
                message: "too many queries run at this moment; this one was not begun".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            },
        }),
    };
    Ok(Answer {
        schema,
        stream,
        stats,
    })
}

/// Everything that the threads for queries need of one query.
struct Question {
    scope: Arc<Scope>,
    stats: Arc<AnswerStats>,
    query: String,
    params: Vec<ScalarValue>,
    memory_bytes: u64,
    /// Whether a thread has taken it up.
    begun: Arc<AtomicBool>,
}

/// A batch, or `None` behind the last one: a channel that closes without it
/// was cut, and half an answer is none.
type Sent = Option<Result<RecordBatch, DataFusionError>>;

impl Question {
    async fn answer(self, started: oneshot::Sender<Result<SchemaRef>>, rows: mpsc::Sender<Sent>) {
        self.begun.store(true, Ordering::Relaxed);
        let mut stream = match self.start().await {
            Ok(stream) => stream,
            Err(error) => return drop(started.send(Err(error))),
        };
        if started.send(Ok(stream.schema())).is_err() {
            return;
        }
        while let Some(batch) = stream.next().await {
            if rows.send(Some(batch)).await.is_err() {
                return;
            }
        }
        // Nobody waits for the end any more when this fails.
        let _ = rows.send(None).await;
    }

    async fn start(self) -> Result<SendableRecordBatchStream> {
        let Self {
            scope,
            stats,
            query,
            params,
            memory_bytes,
            begun: _,
        } = self;
        let (state, plan) = plan(&scope, &stats, &query, params, memory_bytes).await?;
        products::check(&plan, &query)?;
        run::run(plan, &scope, state.task_ctx(), |e| {
            problem::query(e, &query)
        })
    }
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
        .map_err(|e| problem::query(e, query))?;
    check_count(&plan, params.len(), query)?;
    let params: Vec<ScalarAndMetadata> = params.into_iter().map(Into::into).collect();
    let plan = plan
        .with_param_values(ParamValues::List(params))
        .map_err(|e| problem::query(e, query))?;
    gate::check_plan(&plan, query)?;
    let plan = latest::narrowed(scope, plan).await?;
    let physical = state
        .create_physical_plan(&plan)
        .await
        .map_err(|e| problem::query(e, query))?;
    Ok((state, physical))
}

/// Refuses values that no place of the query takes: a slip that would go unseen.
fn check_count(plan: &LogicalPlan, given: usize, query: &str) -> Result<()> {
    let names = plan.get_parameter_names();
    let names = names.map_err(|e| problem::query(e, query))?;
    let number = |name: &String| name.trim_start_matches('$').parse::<usize>().ok();
    let taken = names.iter().filter_map(number).max().unwrap_or_default();
    if given <= taken {
        return Ok(());
    }
    Err(Error::Invalid {
        message: format!("{given} values are given, and the query takes {taken}"),
        at: Some("params".into()),
        location: None,
        hint: Some("write $1, $2, … where the values go, or leave out those too many".into()),
    })
}

/// The rows of an answer, under its limits; dropping it ends the query.
pub struct AnswerStream {
    /// What was asked, for the places in errors.
    query: String,
    task: JoinHandle<()>,
    rows: Option<mpsc::Receiver<Sent>>,
    rows_left: u64,
    stats: Arc<AnswerStats>,
    limits: QueryLimits,
    expiry: Pin<Box<tokio::time::Sleep>>,
}

impl Drop for AnswerStream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stream for AnswerStream {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(rows) = &mut this.rows else {
            return Poll::Ready(None);
        };
        let next = if this.expiry.as_mut().poll(cx).is_ready() {
            Some(Err(this.limits.out_of_time()))
        } else {
            match std::task::ready!(rows.poll_recv(cx)) {
                None => Some(Err(ended_early())),
                Some(None) => None,
                Some(Some(Err(error))) => Some(Err(problem::query(error, &this.query))),
                Some(Some(Ok(batch))) => Some(this.limited(batch)),
            }
        };
        if !matches!(next, Some(Ok(_))) || this.stats.truncated() {
            this.rows = None;
            this.task.abort();
        }
        Poll::Ready(next)
    }
}

impl AnswerStream {
    /// As much of the batch as the limit leaves.
    fn limited(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows() as u64;
        if rows <= self.rows_left {
            self.rows_left -= rows;
            return Ok(batch);
        }
        if self.limits.too_many_rows == TooManyRows::Fail {
            return Err(self.limits.exceeded());
        }
        self.stats.set_truncated();
        Ok(batch.slice(0, usize::try_from(self.rows_left).unwrap_or(usize::MAX)))
    }
}

fn ended_early() -> Error {
    Error::Query {
        message: "the query failed inside one of its functions".into(),
        location: None,
        hint: Some("simplify it, or leave out the function that it fails in".into()),
    }
}

impl QueryLimits {
    pub(super) fn out_of_time(&self) -> Error {
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
            needed: self.rows + 1,
            plan: self.plan.clone(),
            resets_at: None,
            allowed_by: None,
        }
    }
}
