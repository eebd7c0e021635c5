//! From a caller's text to its rows.
//!
//! It is one function of a scope, a text and limits: a worker, which can be
//! killed, calls it as the server itself does.

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
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::admission::Permit;
use super::scope::{AnswerStats, Scope};
use super::threads::QueryThreads;
use super::{context, gate, latest, problem, products, run};
use crate::error::{Error, Result};

/// The limit that an export with too many rows meets.
pub(super) const EXPORT_ROWS: &str = "export_rows";

/// Batches that a query may be ahead of its reader.
const BATCHES_AHEAD: usize = 2;

/// What becomes of an answer with more rows than allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TooManyRows {
    /// It is cut, and says so.
    Cut,
    /// It fails: half an export is none.
    Fail,
}

/// What one query may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryLimits {
    /// Rows of the answer.
    pub rows: u64,
    /// What becomes of more rows.
    pub too_many_rows: TooManyRows,
    /// Bytes of the answer, written out.
    pub answer_bytes: u64,
    /// The plan that says so.
    pub plan: String,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// From its start to its last row.
    pub deadline: Duration,
    /// Who set that.
    pub deadline_of: DeadlineOf,
    /// What of a request's own deadline went by before the start.
    pub waited: Duration,
}

/// Who set a query's deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeadlineOf {
    /// The tenant's plan.
    Plan,
    /// The request, within the plan's.
    Request,
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

/// Plans, checks and starts a caller's query on the threads for queries; leave
/// to run is held to its end.
pub(crate) async fn sql(
    threads: &QueryThreads,
    scope: &Arc<Scope>,
    query: &str,
    params: Vec<ScalarValue>,
    limits: QueryLimits,
    permit: Option<Permit>,
) -> Result<Answer> {
    let stats = Arc::new(AnswerStats::of(scope));
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
        asked: Instant::now(),
    };
    let mut stream = Rows {
        query: query.to_owned(),
        task: threads.spawn(question.answer(started, rows))?,
        rows: Some(received),
        rows_left: limits.rows,
        stats: stats.clone(),
        limits,
        expiry: Box::pin(tokio::time::sleep_until(deadline)),
        permit,
    };
    let schema = tokio::select! {
        schema = schema => schema.map_err(|_| ended_early())??,
        () = &mut stream.expiry => return Err(match begun.load(Ordering::Relaxed) {
            true => stream.limits.out_of_time(),
            // All threads were busy with other queries all the while.
            false => not_begun(),
        }),
    };
    Ok(Answer {
        schema,
        stream: Box::pin(stream),
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
    asked: Instant,
}

/// A batch, or `None` behind the last one: a channel that closes without it
/// was cut, and half an answer is none.
type Sent = Option<Result<RecordBatch, DataFusionError>>;

impl Question {
    async fn answer(self, started: oneshot::Sender<Result<SchemaRef>>, rows: mpsc::Sender<Sent>) {
        self.begun.store(true, Ordering::Relaxed);
        self.stats.set_queued(self.asked.elapsed());
        let (_measured, mut stream) = match self.start().await {
            Ok(started) => started,
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

    async fn start(self) -> Result<(Measured, SendableRecordBatchStream)> {
        let Self {
            scope,
            stats,
            query,
            params,
            memory_bytes,
            begun: _,
            asked: _,
        } = self;
        let (state, plan) = plan(&scope, &stats, &query, params, memory_bytes).await?;
        products::check(&plan, &query)?;
        let measured = Measured {
            plan: plan.clone(),
            stats,
        };
        let stream = run::run(plan, &scope, state.task_ctx(), |e| {
            problem::query(e, &query)
        })?;
        Ok((measured, stream))
    }
}

/// A running plan; when it ends, however it does, what its operators computed
/// is counted.
struct Measured {
    plan: Arc<dyn ExecutionPlan>,
    stats: Arc<AnswerStats>,
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.stats.add_cpu(computed(self.plan.as_ref()));
    }
}

/// What a plan and its inputs spent computing.
pub(super) fn computed(plan: &dyn ExecutionPlan) -> Duration {
    let own = plan.metrics().and_then(|metrics| metrics.elapsed_compute());
    let own = Duration::from_nanos(own.unwrap_or_default() as u64);
    let inputs = plan.children().into_iter();
    own + inputs
        .map(|input| computed(input.as_ref()))
        .sum::<Duration>()
}

async fn plan(
    scope: &Arc<Scope>,
    stats: &Arc<AnswerStats>,
    query: &str,
    params: Vec<ScalarValue>,
    memory_bytes: u64,
) -> Result<(SessionState, Arc<dyn ExecutionPlan>)> {
    let (state, plan) = logical_plan(scope, stats, query, params, memory_bytes).await?;
    let physical = state
        .create_physical_plan(&plan)
        .await
        .map_err(|e| problem::query(e, query))?;
    Ok((state, physical))
}

/// The plan of a query whose text and values passed.
pub(super) async fn logical_plan(
    scope: &Arc<Scope>,
    stats: &Arc<AnswerStats>,
    query: &str,
    params: Vec<ScalarValue>,
    memory_bytes: u64,
) -> Result<(SessionState, LogicalPlan)> {
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
    Ok((state, plan))
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

/// The rows of an answer.
pub type AnswerStream = Pin<Box<dyn Stream<Item = Result<RecordBatch>> + Send>>;

/// Rows under a query's limits; dropping them ends the query.
struct Rows {
    /// What was asked, for the places in errors.
    query: String,
    task: JoinHandle<()>,
    rows: Option<mpsc::Receiver<Sent>>,
    rows_left: u64,
    stats: Arc<AnswerStats>,
    limits: QueryLimits,
    expiry: Pin<Box<tokio::time::Sleep>>,
    /// Leave to run, held to the end.
    permit: Option<Permit>,
}

impl Drop for Rows {
    fn drop(&mut self) {
        self.task.abort();
        self.stats.count();
    }
}

impl Stream for Rows {
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
            this.permit = None;
        }
        Poll::Ready(next)
    }
}

impl Rows {
    /// As much of the batch as the limit leaves.
    fn limited(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        let rows = batch.num_rows() as u64;
        if rows <= self.rows_left {
            self.rows_left -= rows;
            self.stats.add_rows(rows);
            return Ok(batch);
        }
        if self.limits.too_many_rows == TooManyRows::Fail {
            return Err(self.limits.exceeded());
        }
        self.stats.set_truncated();
        self.stats.add_rows(self.rows_left);
        Ok(batch.slice(0, usize::try_from(self.rows_left).unwrap_or(usize::MAX)))
    }
}

pub(super) fn ended_early() -> Error {
    Error::Query {
        message: "the query failed inside one of its functions".into(),
        location: None,
        hint: Some("simplify it, or leave out the function that it fails in".into()),
    }
}

pub(super) fn not_begun() -> Error {
    Error::Unavailable {
        message: "too many queries run at this moment; this one was not begun".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}

impl QueryLimits {
    /// The same under the request's own deadline, if that is the shorter one.
    pub(crate) fn within(self, timeout: Option<Duration>) -> Self {
        match timeout.filter(|timeout| *timeout < self.deadline) {
            Some(deadline) => Self {
                deadline,
                deadline_of: DeadlineOf::Request,
                ..self
            },
            None => self,
        }
    }

    pub(crate) fn out_of_time(&self) -> Error {
        let (message, hint) = match self.deadline_of {
            DeadlineOf::Plan => (
                format!(
                    "the query was stopped after {} s, the limit of the plan {:?}",
                    self.deadline.as_secs(),
                    self.plan
                ),
                "filter by time, platform or metric, or ask for fewer rows",
            ),
            DeadlineOf::Request => (
                format!(
                    "the query was stopped after {} ms, the timeout_ms of the request",
                    (self.waited + self.deadline).as_millis()
                ),
                "give it more time, or filter by time, platform or metric",
            ),
        };
        Error::TimedOut {
            message,
            hint: hint.into(),
        }
    }

    pub(super) fn out_of_memory(&self) -> Error {
        Error::Query {
            message: format!(
                "the query needs more memory than the plan {:?} allows",
                self.plan
            ),
            location: None,
            hint: Some("filter by time, platform or metric, or group by fewer columns".into()),
        }
    }

    fn exceeded(&self) -> Error {
        Error::LimitExceeded {
            limit: EXPORT_ROWS,
            used: self.rows + 1,
            allowed: self.rows,
            needed: self.rows + 1,
            plan: self.plan.clone(),
            resets_at: None,
            allowed_by: None,
        }
    }
}
