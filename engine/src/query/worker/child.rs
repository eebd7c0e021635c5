//! The worker's side: a process that runs one tenant's queries, one after the
//! other, with nothing but a socket to its parent.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, oneshot};

use super::assignment::{Assignment, Failure, View};
use super::child_supply::{Parent, ParentStore};
use super::confine;
use super::fault::Fault;
use super::protocol::{self, Frame, FrameReader, Kind, LONGEST_FROM_WORKER};
use crate::error::{Error, Result};
use crate::query::cache::Caches;
use crate::query::scope::{Scope, Spill};
use crate::query::threads::QueryThreads;
use crate::query::wanted::Wanted;
use crate::query::written::{Ending, Form, Stamp, Writing};
use crate::query::{context, dry_run, execute};
use crate::session;

/// Frames that may wait for the socket.
const FRAMES_AHEAD: usize = 4;
/// The longest part of an answer that is sent in one frame.
const CHUNK_BYTES: usize = LONGEST_FROM_WORKER / 2;
/// The parent kills a query whose time is over; this is when a worker whose
/// parent does not would end it.
const LATE: Duration = Duration::from_secs(5);

/// Serves queries from the socket on standard input until it closes. Gives up
/// first what a query needs not: see `confine`. Must be called before the
/// process has threads.
pub fn run<F: Form>(spill: &Path) -> Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(Error::internal)?;
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, nothing).map_err(Error::internal)?;
    let socket = std::io::stdin().as_fd().try_clone_to_owned();
    let socket = StdUnixStream::from(socket.map_err(Error::internal)?);
    socket.set_nonblocking(true).map_err(Error::internal)?;
    // What is read of the machine is read now.
    context::warm();
    let confined = confine::confine(spill)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(Error::internal)?;
    let served = runtime.block_on(serve::<F>(socket, spill, &confined));
    served.map_err(Error::internal)
}

async fn serve<F: Form>(
    socket: StdUnixStream,
    spill: &Path,
    confined: &[String],
) -> io::Result<()> {
    let (reader, mut writer) = UnixStream::from_std(socket)?.into_split();
    let (frames, mut to_send) = mpsc::channel(FRAMES_AHEAD);
    let parent = Parent::new(frames.clone());
    let (assigned, assignments) = mpsc::channel(1);
    let threads = QueryThreads::start().map_err(io::Error::other)?;
    let desk = Desk {
        parent: parent.clone(),
        frames: frames.clone(),
        threads,
        caches: Caches::of_one_tenant(),
        spill: spill.to_owned(),
        scope: None,
    };
    desk.rehearse().await.map_err(io::Error::other)?;
    let ready = Frame::json(Kind::Ready, &confined)?;
    protocol::write(&mut writer, &ready).await?;
    let send = async {
        while let Some(frame) = to_send.recv().await {
            protocol::write(&mut writer, &frame).await?;
        }
        Ok::<(), io::Error>(())
    };
    // Nothing that a parent sends is too long.
    let mut reader = FrameReader::new(reader, u32::MAX as usize);
    let receive = async {
        while let Some(frame) = reader.next().await? {
            match frame.kind {
                Kind::Assign => assigned.send(frame).await.map_err(io::Error::other)?,
                Kind::Reply => parent.replied(frame.body),
                _ => return Err(io::Error::other("a frame that no parent sends")),
            }
        }
        Ok(())
    };
    tokio::select! {
        sent = send => sent,
        received = receive => received,
        worked = desk.work::<F>(assignments) => worked,
    }
}

/// Where one query after the other is worked on.
struct Desk {
    parent: Parent,
    frames: mpsc::Sender<Frame>,
    threads: QueryThreads,
    caches: Caches,
    spill: PathBuf,
    /// What the last query might see.
    scope: Option<Scope>,
}

impl Desk {
    /// Runs a query of no tenant, on the threads for queries.
    async fn rehearse(&self) -> Result<()> {
        let (sender, rehearsed) = oneshot::channel();
        self.threads.spawn(async move {
            // Nobody waits for it when the parent is gone.
            let _ = sender.send(context::rehearse().await);
        })?;
        rehearsed.await.map_err(Error::internal)?
    }

    async fn work<F: Form>(mut self, mut assignments: mpsc::Receiver<Frame>) -> io::Result<()> {
        while let Some(assignment) = assignments.recv().await {
            let assignment: Assignment = assignment.value()?;
            let (answered, begun) = match self.start::<F>(assignment).await {
                Ok(writing) => (self.answer(writing).await, true),
                Err(error) => (Err(error), false),
            };
            let last = match answered {
                Ok((ending, chunk)) => Frame::with_tail(Kind::End, &ending, &chunk)?,
                Err(error) => {
                    let fault = Fault::from(error);
                    Frame::json(Kind::Failed, &Failure { fault, begun })?
                }
            };
            self.frames.send(last).await.map_err(io::Error::other)?;
        }
        Ok(())
    }

    async fn start<F: Form>(&mut self, assignment: Assignment) -> Result<Writing> {
        let Assignment {
            view,
            as_of,
            query,
            params,
            mut limits,
            spill_bytes,
            wanted,
        } = assignment;
        let scope = match view {
            Some(view) => self.scope(view, spill_bytes),
            None => self.scope.take(),
        };
        let mut scope = scope.ok_or_else(|| Error::internal("a query without a view"))?;
        scope.as_of = as_of;
        self.scope = Some(scope.clone());
        let wanted: Wanted<F> = serde_json::from_str(&wanted).map_err(Error::internal)?;
        let stamp = Stamp {
            version: scope.snapshot.version,
            as_of,
        };
        limits.deadline += LATE;
        let params = session::scalars(&params)?;
        let scope = Arc::new(scope);
        if matches!(wanted, Wanted::DryRun) {
            let plan = dry_run::dry_run(&self.threads, &scope, &query, params, &limits).await?;
            return Writing::of_plan(&plan);
        }
        let answer = execute::sql(&self.threads, &scope, &query, params, limits, None).await?;
        let encoder = wanted.as_ref().encoder(&answer.schema, stamp)?;
        Ok(Writing::new(answer, encoder))
    }

    /// Sends all chunks but the last.
    async fn answer(&self, mut writing: Writing) -> Result<(Ending, Bytes)> {
        loop {
            let mut chunk = writing.next().await?.unwrap_or_default();
            while chunk.len() > CHUNK_BYTES {
                self.send(chunk.split_to(CHUNK_BYTES)).await?;
            }
            if let Some(ending) = writing.ended() {
                return Ok((ending, chunk));
            }
            self.send(chunk).await?;
        }
    }

    fn scope(&self, view: View, spill_bytes: u64) -> Option<Scope> {
        let mut scope = Scope::new(
            view.snapshot,
            view.platforms,
            self.caches.clone(),
            Arc::new(self.parent.clone()),
            Arc::new(ParentStore(self.parent.clone())),
            view.access,
        );
        scope.records = view.records;
        scope.spill = Spill::Folder {
            path: self.spill.clone(),
            bytes: spill_bytes,
        };
        Some(scope)
    }

    async fn send(&self, chunk: Bytes) -> Result<()> {
        let sent = self.frames.send(Frame::new(Kind::Chunk, chunk)).await;
        sent.map_err(|_| Error::internal("the parent is gone"))
    }
}
