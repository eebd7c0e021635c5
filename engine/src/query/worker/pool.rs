//! The workers of one process: blank ones that stand ready, and warm ones that
//! wait for their tenant's next query.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use storage_layout::TenantId;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};

use super::WorkerOptions;
use super::assignment::View;
use super::process::{Allowance, Process};
use super::protocol::{FrameReader, Kind, LONGEST_FROM_WORKER};
use crate::error::{Error, Result};

/// How often workers that have waited too long are looked for.
const ROUND: Duration = Duration::from_secs(1);
/// How long a new worker may take until it is ready.
const LONGEST_START: Duration = Duration::from_secs(20);
/// Queries of one worker's life.
const MOST_QUERIES: u32 = 500;
/// Resident memory with which a worker may wait for its tenant's next query.
const MOST_IDLE_BYTES: u64 = 256 << 20;

/// The workers; cheap to clone. They end with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: WorkerOptions,
    starter: Starter,
    rooms: Mutex<Rooms>,
    taken: Notify,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Rooms {
    spares: Vec<Worker>,
    /// The one that waits longest is the first.
    warm: Vec<Warm>,
}

#[derive(Debug)]
struct Warm {
    tenant: TenantId,
    since: Instant,
    worker: Worker,
}

/// A process with its socket, and what it was given.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Process,
    pub(super) reader: FrameReader<OwnedReadHalf>,
    pub(super) writer: OwnedWriteHalf,
    /// What it knows already.
    pub(super) view: Option<View>,
    allowance: Option<Allowance>,
    /// What this process had let go of when its first query began; it may hold
    /// what was let go of later.
    forgotten: u64,
    queries: u32,
    busy: Duration,
}

/// What became of queries and workers since this process started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WorkerCounts {
    /// Workers that were started.
    pub started: u64,
    /// Queries that were given to one.
    pub queries: u64,
    /// Workers killed because a query's time was over.
    pub out_of_time: u64,
    /// Workers killed because a query took too much memory.
    pub out_of_memory: u64,
    /// Workers killed because nobody waited for the answer any more.
    pub left: u64,
    /// Workers that ended by themselves in a query.
    pub died: u64,
    /// Workers killed because they asked for what is not theirs.
    pub refused: u64,
}

/// The same while they are counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    started: AtomicU64,
    pub(super) queries: AtomicU64,
    pub(super) out_of_time: AtomicU64,
    pub(super) out_of_memory: AtomicU64,
    pub(super) left: AtomicU64,
    pub(super) died: AtomicU64,
    pub(super) refused: AtomicU64,
}

impl Workers {
    /// Starts the spares in the background.
    pub(crate) fn start(mut options: WorkerOptions) -> Result<Self> {
        // Workers have another folder as their own.
        let spill = std::path::absolute(&options.spill_dir).map_err(Error::internal)?;
        options.spill_dir.clone_from(&spill);
        make_spill_dir(&spill).map_err(|error| {
            Error::Config(format!(
                "the folder for what queries put aside, {}, cannot be made ({error}): choose another --data-dir",
                spill.display()
            ))
        })?;
        let inner = Arc::new(Inner {
            starter: Starter::new(&options).map_err(Error::internal)?,
            options,
            rooms: Mutex::default(),
            taken: Notify::new(),
            counts: Counts::default(),
        });
        let keeping = Arc::downgrade(&inner);
        tokio::spawn(async move {
            while let Some(inner) = keeping.upgrade() {
                inner.retire();
                inner.refill().await;
                let round = tokio::time::timeout(ROUND, inner.taken.notified());
                let _ = round.await;
            }
        });
        Ok(Self { inner })
    }

    pub(super) fn options(&self) -> &WorkerOptions {
        &self.inner.options
    }

    pub(super) fn counting(&self) -> &Counts {
        &self.inner.counts
    }

    /// What happened so far.
    pub(crate) fn counts(&self) -> WorkerCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let counts = &self.inner.counts;
        WorkerCounts {
            started: of(&counts.started),
            queries: of(&counts.queries),
            out_of_time: of(&counts.out_of_time),
            out_of_memory: of(&counts.out_of_memory),
            left: of(&counts.left),
            died: of(&counts.died),
            refused: of(&counts.refused),
        }
    }

    /// A worker for this tenant: one that has served it, or a blank one.
    pub(super) async fn take(
        &self,
        tenant: &TenantId,
        allowance: &Allowance,
        forgotten: u64,
    ) -> Result<Worker> {
        let (warm, spare) = {
            let mut rooms = self.inner.rooms();
            let fits = |warm: &Warm| {
                warm.tenant == *tenant
                    && warm.worker.allowance.as_ref() == Some(allowance)
                    && warm.worker.forgotten == forgotten
            };
            // The one used last has the most in its caches.
            let warm = rooms.warm.iter().rposition(fits);
            let warm = warm.map(|at| rooms.warm.remove(at).worker);
            match warm.and_then(alive) {
                Some(worker) => (Some(worker), None),
                None => (
                    None,
                    std::iter::from_fn(|| rooms.spares.pop()).find_map(alive),
                ),
            }
        };
        if let Some(worker) = warm {
            return Ok(worker);
        }
        self.inner.taken.notify_one();
        let mut worker = match spare {
            Some(spare) => spare,
            None => self.inner.new_worker().await?,
        };
        worker.process.bound(allowance).map_err(unbound)?;
        worker.allowance = Some(allowance.clone());
        worker.forgotten = forgotten;
        Ok(worker)
    }

    /// Keeps a worker for its tenant's next query, unless it has served enough.
    pub(super) fn give_back(
        &self,
        tenant: &TenantId,
        mut worker: Worker,
        took: Duration,
        forgotten: u64,
    ) {
        worker.queries += 1;
        worker.busy += took;
        let deadline = worker
            .allowance
            .as_ref()
            .map(|allowance| allowance.deadline);
        let tired = worker.queries >= MOST_QUERIES
            || worker.forgotten != forgotten
            || deadline.is_none_or(|deadline| worker.busy >= deadline)
            || worker
                .process
                .resident_bytes()
                .is_none_or(|bytes| bytes > MOST_IDLE_BYTES);
        if tired {
            return;
        }
        let mut rooms = self.inner.rooms();
        rooms.warm.push(Warm {
            tenant: tenant.clone(),
            since: Instant::now(),
            worker,
        });
        let dismissed = match rooms.warm.len() > self.inner.options.warm {
            true => Some(rooms.warm.remove(0)),
            false => None,
        };
        drop(rooms);
        drop(dismissed);
    }
}

/// A worker that was not ended while it waited, by whomever.
fn alive(mut worker: Worker) -> Option<Worker> {
    worker.process.is_alive().then_some(worker)
}

impl Inner {
    /// Lets workers go that have waited long enough.
    fn retire(&self) {
        let idle = self.options.idle;
        let mut retired = Vec::new();
        let mut rooms = self.rooms();
        while rooms
            .warm
            .first()
            .is_some_and(|w| w.since.elapsed() >= idle)
        {
            retired.push(rooms.warm.remove(0));
        }
        drop(rooms);
        drop(retired);
    }

    async fn refill(&self) {
        while self.rooms().spares.len() < self.options.spares {
            match self.new_worker().await {
                Ok(worker) => self.rooms().spares.push(worker),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "a worker cannot be started");
                    return;
                }
            }
        }
    }

    /// A blank worker, once it is ready.
    async fn new_worker(&self) -> Result<Worker> {
        let (process, socket) = self.starter.start().await.map_err(unstarted)?;
        let socket = UnixStream::from_std(socket).map_err(unstarted)?;
        let (reader, writer) = socket.into_split();
        let mut worker = Worker {
            process,
            reader: FrameReader::new(reader, LONGEST_FROM_WORKER),
            writer,
            view: None,
            allowance: None,
            forgotten: 0,
            queries: 0,
            busy: Duration::ZERO,
        };
        let ready = tokio::time::timeout(LONGEST_START, worker.reader.next()).await;
        let ready = ready.map_err(unstarted)?.map_err(unstarted)?;
        let Some(ready) = ready.filter(|frame| frame.kind == Kind::Ready) else {
            return Err(unstarted("it ended at once"));
        };
        let confined: Vec<String> = ready.value().map_err(unstarted)?;
        static SAID: Once = Once::new();
        SAID.call_once(|| tracing::info!("workers are confined by {}", confined.join(", ")));
        self.counts.started.fetch_add(1, Ordering::Relaxed);
        Ok(worker)
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Started = io::Result<(Process, std::os::unix::net::UnixStream)>;

/// Starts processes on one thread that lives as long as they may: the kernel
/// ends them when the thread ends that started them.
#[derive(Debug)]
struct Starter {
    wanted: mpsc::Sender<oneshot::Sender<Started>>,
}

impl Starter {
    fn new(options: &WorkerOptions) -> io::Result<Self> {
        let (wanted, requests) = mpsc::channel::<oneshot::Sender<Started>>();
        let (program, spill_dir) = (options.program.clone(), options.spill_dir.clone());
        thread::Builder::new()
            .name("workers".into())
            .spawn(move || {
                for request in requests {
                    let started =
                        own_folder(&spill_dir).and_then(|spill| Process::start(&program, spill));
                    // Nobody waits for it any more: it is dropped.
                    let _ = request.send(started);
                }
            })?;
        Ok(Self { wanted })
    }

    async fn start(&self) -> Started {
        let (sender, started) = oneshot::channel();
        let gone = |_| io::Error::other("the thread that starts workers has ended");
        self.wanted.send(sender).map_err(|_| gone(()))?;
        started.await.map_err(|_| gone(()))?
    }
}

/// A folder of one worker, closed to everybody else; it names this process.
fn own_folder(spill_dir: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("{}-", std::process::id()))
        .tempdir_in(spill_dir)
}

/// Makes the folder of folders, and removes what processes left that are gone.
fn make_spill_dir(at: &Path) -> io::Result<()> {
    std::fs::create_dir_all(at)?;
    for entry in std::fs::read_dir(at)? {
        let entry = entry?;
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.split_once('-'));
        let is_gone = |(pid, _): (&str, &str)| {
            pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists()
        };
        if pid.is_some_and(is_gone) {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn unstarted(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let error = error.into();
    tracing::error!(error, "a worker cannot be started");
    Error::Unavailable {
        message: "no process for this query could be started; it was not begun".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}

/// It is not used without its bounds.
fn unbound(error: io::Error) -> Error {
    tracing::error!(%error, "a worker cannot be bounded");
    Error::Unavailable {
        message: "no process for this query could be bounded; it was not begun".into(),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}
