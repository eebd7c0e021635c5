//! One query with one worker: what it asks for is given, what it answers is
//! passed on, and it is killed when its time, its memory or its reader is gone.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::assignment::{Ask, Assignment, Failure, View};
use super::pool::{Worker, Workers};
use super::process::{Allowance, Process};
use super::protocol::{self, Frame, FrameReader, Kind};
use super::supply;
use crate::error::{Error, Result};
use crate::query::admission::Permit;
use crate::query::execute::{QueryLimits, ended_early};
use crate::query::scope::{AnswerStats, Scope};
use crate::query::written::Ending;
use crate::session::Param;

/// Chunks that an answer may be ahead of its reader.
const CHUNKS_AHEAD: usize = 2;
/// Asks of one worker that are answered at once.
const ASKS_AT_ONCE: usize = 8;
/// For how long a reader may take nothing of its answer.
const STALLED: Duration = Duration::from_secs(30);
/// How often a worker's memory is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// The signals that end a process for too much processor time, and for an
/// allocation that failed or a stack that was too deep.
const XCPU: i32 = 24;
const ABRT: i32 = 6;

/// A caller's query.
#[derive(Debug)]
pub(crate) struct Question {
    /// The text.
    pub(crate) query: String,
    /// Values of its parameters.
    pub(crate) params: Vec<Param>,
    /// What it may take.
    pub(crate) limits: QueryLimits,
    /// What is wanted of it, as JSON.
    pub(crate) wanted: String,
}

/// An answer that a worker writes; dropping it kills the worker.
pub struct Answer {
    pieces: mpsc::Receiver<Result<Piece>>,
    ended: Option<Ending>,
    stats: Arc<AnswerStats>,
}

enum Piece {
    Chunk(Bytes),
    Last(Ending, Bytes),
}

impl Answer {
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.ended.is_some() {
            return Ok(None);
        }
        match self.pieces.recv().await {
            Some(Ok(Piece::Chunk(chunk))) => Ok(Some(chunk)),
            Some(Ok(Piece::Last(ending, chunk))) => {
                self.ended = Some(ending);
                Ok(Some(chunk))
            }
            Some(Err(error)) => Err(error),
            // It was said before, or the runtime ends.
            None => Err(ended_early()),
        }
    }

    pub(crate) fn ended(&self) -> Option<Ending> {
        self.ended
    }

    pub(crate) fn stats(&self) -> &Arc<AnswerStats> {
        &self.stats
    }
}

/// Has a worker run a query. Errors: `Unavailable` when it could not be begun.
pub(crate) async fn ask(
    workers: &Workers,
    scope: &Arc<Scope>,
    question: Question,
    permit: Permit,
) -> Result<Answer> {
    let options = workers.options();
    let allowance = Allowance {
        memory_bytes: question.limits.memory_bytes,
        deadline: question.limits.deadline,
        spill_bytes: options.spill_bytes,
    };
    let worker = workers
        .take(scope.tenant(), &allowance, forgotten(scope))
        .await?;
    let (pieces, received) = mpsc::channel(CHUNKS_AHEAD);
    let stats = Arc::new(AnswerStats::of(scope));
    let run = Run {
        workers: workers.clone(),
        scope: scope.clone(),
        question,
        allowance,
        pieces,
        stats: stats.clone(),
    };
    tokio::spawn(run.until_its_end(worker, permit));
    Ok(Answer {
        pieces: received,
        ended: None,
        stats,
    })
}

struct Run {
    workers: Workers,
    scope: Arc<Scope>,
    question: Question,
    allowance: Allowance,
    pieces: mpsc::Sender<Result<Piece>>,
    stats: Arc<AnswerStats>,
}

/// How a query ended with its worker well.
enum Done {
    Answered(Ending, Bytes),
    Failed(Failure),
}

impl Done {
    /// Whether no part of the query can run any more: what was cut or failed
    /// on its way may, whatever it was told.
    fn is_over(&self) -> bool {
        match self {
            Self::Answered(ending, _) => ending.complete,
            Self::Failed(failure) => !failure.begun,
        }
    }
}

/// Why a worker is of no more use.
enum Lost {
    OutOfTime,
    OutOfMemory,
    /// Nobody waits for the answer.
    Left,
    /// It ended, or said what makes no sense.
    Died(io::Error),
    /// It asked for what is not its query's.
    Refused(Ask),
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Self::Died(error)
    }
}

impl Run {
    async fn until_its_end(self, mut worker: Worker, permit: Permit) {
        let counts = self.workers.counting();
        counts.queries.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let computed = worker.process.cpu_time();
        let Worker {
            process,
            reader,
            writer,
            view,
            ..
        } = &mut worker;
        let ended = tokio::select! {
            ended = self.talk(reader, writer, view) => ended,
            lost = self.watch(process, started) => Err(lost),
            () = self.pieces.closed() => Err(Lost::Left),
        };
        if let (Some(from), Some(to)) = (computed, worker.process.cpu_time()) {
            self.stats.add_cpu(to.saturating_sub(from));
        }
        let last = match ended {
            Ok(done) => {
                match done.is_over() {
                    true => {
                        let took = started.elapsed();
                        let forgotten = forgotten(&self.scope);
                        let tenant = self.scope.tenant();
                        self.workers.give_back(tenant, worker, took, forgotten);
                    }
                    false => drop(worker),
                }
                match done {
                    Done::Answered(ending, bytes) => Ok(Piece::Last(ending, bytes)),
                    Done::Failed(failure) => Err(failure.fault.into()),
                }
            }
            Err(lost) => Err(self.lost(lost, worker).await),
        };
        drop(permit);
        // Nobody may wait for it any more.
        let _ = self.pieces.send(last).await;
    }

    /// Until the answer's end.
    async fn talk(
        &self,
        reader: &mut FrameReader<tokio::net::unix::OwnedReadHalf>,
        writer: &mut tokio::net::unix::OwnedWriteHalf,
        view: &mut Option<View>,
    ) -> std::result::Result<Done, Lost> {
        protocol::write(writer, &self.assignment(view)?).await?;
        let mut asked = FuturesUnordered::new();
        loop {
            let frame = tokio::select! {
                Some(reply) = asked.next(), if !asked.is_empty() => {
                    protocol::write(writer, &Frame::new(Kind::Reply, reply)).await?;
                    continue;
                }
                frame = reader.next(), if asked.len() < ASKS_AT_ONCE => frame?,
            };
            let Some(mut frame) = frame else {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            };
            match frame.kind {
                Kind::Ask => {
                    let number = frame.body.try_get_u32_le().map_err(io::Error::other)?;
                    let ask: Ask = frame.value()?;
                    if !supply::may_ask(&self.scope, &ask) {
                        return Err(Lost::Refused(ask));
                    }
                    asked.push(supply::give(
                        self.scope.clone(),
                        self.stats.clone(),
                        number,
                        ask,
                    ));
                }
                Kind::Chunk => {
                    // A reader that stalls keeps a turn from others.
                    let taken = self.pieces.send(Ok(Piece::Chunk(frame.body)));
                    match tokio::time::timeout(STALLED, taken).await {
                        Ok(Ok(())) => {}
                        Ok(Err(_)) | Err(_) => return Err(Lost::Left),
                    }
                }
                Kind::End => {
                    let (ending, bytes) = frame.value_and_tail()?;
                    return Ok(Done::Answered(ending, bytes));
                }
                Kind::Failed => return Ok(Done::Failed(frame.value()?)),
                Kind::Ready | Kind::Assign | Kind::Reply => {
                    return Err(io::Error::other("a frame that no worker sends").into());
                }
            }
        }
    }

    fn assignment(&self, view: &mut Option<View>) -> io::Result<Frame> {
        let known = view.as_ref().is_some_and(|view| view.is_of(&self.scope));
        let new = (!known).then(|| View::of(&self.scope));
        if new.is_some() {
            *view = new.clone();
        }
        let question = &self.question;
        let assignment = Assignment {
            view: new,
            as_of: self.scope.as_of,
            query: question.query.clone(),
            params: question.params.clone(),
            limits: question.limits.clone(),
            spill_bytes: self.allowance.spill_bytes,
            wanted: question.wanted.clone(),
        };
        Frame::json(Kind::Assign, &assignment)
    }

    /// Until the query's time is over, or the worker has too much memory.
    async fn watch(&self, process: &Process, started: Instant) -> Lost {
        let most = self.allowance.resident_bytes();
        let deadline = started + self.allowance.deadline;
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => return Lost::OutOfTime,
                () = tokio::time::sleep(LOOK) => {}
            }
            if process.resident_bytes().is_some_and(|bytes| bytes > most) {
                return Lost::OutOfMemory;
            }
        }
    }

    /// Kills a worker, and says what to tell its query.
    async fn lost(&self, lost: Lost, mut worker: Worker) -> Error {
        let counts = self.workers.counting();
        let count = |count: &AtomicU64| count.fetch_add(1, Ordering::Relaxed);
        let limits = &self.question.limits;
        match lost {
            Lost::OutOfTime => {
                count(&counts.out_of_time);
                limits.out_of_time()
            }
            Lost::OutOfMemory => {
                count(&counts.out_of_memory);
                limits.out_of_memory()
            }
            Lost::Left => {
                count(&counts.left);
                ended_early()
            }
            Lost::Refused(ask) => {
                count(&counts.refused);
                let tenant = self.scope.tenant();
                tracing::error!(%tenant, ?ask, "a worker asked for what is not its query's");
                Error::internal("a worker asked for what is not its query's")
            }
            Lost::Died(error) => {
                count(&counts.died);
                let signal = worker.process.ended_by().await;
                tracing::warn!(%error, signal, "a worker ended in a query");
                match signal {
                    Some(XCPU) => limits.out_of_time(),
                    Some(ABRT) => aborted(limits),
                    _ => ended_early(),
                }
            }
        }
    }
}

/// How often this process has let go of something before its time.
fn forgotten(scope: &Scope) -> u64 {
    scope.caches.forgotten.load(Ordering::Relaxed)
}

/// An allocation that failed and a stack that was too deep look the same from
/// outside.
fn aborted(limits: &QueryLimits) -> Error {
    Error::Query {
        message: format!(
            "the query needs more memory than the plan {:?} allows, or failed inside one of its functions",
            limits.plan
        ),
        location: None,
        hint: Some(
            "filter by time, platform or metric, or leave out the function that it fails in".into(),
        ),
    }
}
