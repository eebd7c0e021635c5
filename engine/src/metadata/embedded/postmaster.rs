//! The running Postgres: a thread of its own starts it, waits for it, starts
//! it again when it dies, and ends it. It knows no role and no query.
//!
//! The thread matters: the kernel interrupts Postgres when the *thread* that
//! spawned it ends, so that thread must live as long as this process. A
//! `kill -9` of this process then ends Postgres too.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::sync::watch;

use super::cluster::{Cluster, one_line};
use super::pid_file::PidFile;
use super::settings::settings;
use super::{EmbeddedError, POLL};

/// How long a start may take; recovery after a crash is within seconds.
const START_LIMIT: Duration = Duration::from_secs(300);

/// How long each kind of shutdown may take, the fast one and the immediate.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// How long to wait before Postgres is started again after it died.
const RESTART_PAUSE: Duration = Duration::from_millis(500);

/// The log is begun anew when it is larger at a start.
const LOG_LIMIT_BYTES: u64 = 16 << 20;

/// A running Postgres that this process keeps.
#[derive(Debug)]
pub(super) struct Postmaster {
    state: Arc<Mutex<State>>,
    ended: watch::Receiver<bool>,
    log: PathBuf,
}

#[derive(Debug, Default)]
struct State {
    pid: Option<Pid>,
    ready: bool,
    stopping: bool,
}

impl Postmaster {
    /// Starts Postgres with its socket in `socket_dir`, and returns when it
    /// takes connections.
    pub(super) async fn start(cluster: &Cluster, socket_dir: &Path) -> Result<Self, EmbeddedError> {
        let log = cluster.log();
        let log_start_bytes = begin_log(&log).map_err(EmbeddedError::io("begin", &log))?;
        let state = Arc::new(Mutex::new(State::default()));
        let (sender, ended) = watch::channel(false);
        let keeper = Keeper {
            cluster: cluster.clone(),
            socket_dir: socket_dir.to_owned(),
            state: Arc::clone(&state),
        };
        let thread = std::thread::Builder::new().name("postgres-keeper".to_owned());
        thread
            .spawn(move || {
                keeper.run();
                sender.send_replace(true);
            })
            .map_err(EmbeddedError::io("start a thread for", &log))?;
        let started = Self { state, ended, log };
        started.wait_until_ready(cluster, log_start_bytes).await?;
        Ok(started)
    }

    async fn wait_until_ready(
        &self,
        cluster: &Cluster,
        log_start_bytes: u64,
    ) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        while began.elapsed() < START_LIMIT {
            if *self.ended.borrow() {
                let log = fs::read(&self.log).unwrap_or_default();
                let said = log.get(log_start_bytes as usize..).unwrap_or_default();
                let output = one_line(&String::from_utf8_lossy(said));
                return Err(EmbeddedError::Start {
                    log: self.log.clone(),
                    output,
                });
            }
            let ready = cluster.pid_file().filter(|file| file.ready);
            if ready.is_some_and(|file| self.is_ready_now(&file)) {
                return Ok(());
            }
            tokio::time::sleep(POLL).await;
        }
        Err(EmbeddedError::TimedOut {
            what: "is not ready after 5 minutes",
            log: self.log.clone(),
        })
    }

    /// Remembers that our Postgres is ready, if it is ours that says so.
    fn is_ready_now(&self, file: &PidFile) -> bool {
        let mut state = lock(&self.state);
        state.ready = state.pid.is_some() && file.pid == state.pid;
        state.ready
    }

    /// Ends Postgres: open transactions are rolled back, and everything is
    /// written out, so that the next start needs no recovery.
    pub(super) async fn stop(mut self) -> Result<(), EmbeddedError> {
        for signal in [Signal::INT, Signal::QUIT] {
            self.tell_to_end(signal);
            let ended = self.ended.wait_for(|ended| *ended);
            if tokio::time::timeout(STOP_LIMIT, ended).await.is_ok() {
                return Ok(());
            }
        }
        Err(EmbeddedError::TimedOut {
            what: "has not ended in a minute",
            log: self.log.clone(),
        })
    }

    fn tell_to_end(&self, signal: Signal) {
        let mut state = lock(&self.state);
        state.stopping = true;
        if let Some(pid) = state.pid
            && let Err(error) = kill_process(pid, signal)
        {
            tracing::warn!(%error, "postgres could not be told to end");
        }
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if !*self.ended.borrow() {
            self.tell_to_end(Signal::INT);
        }
    }
}

/// What the thread does.
struct Keeper {
    cluster: Cluster,
    socket_dir: PathBuf,
    state: Arc<Mutex<State>>,
}

impl Keeper {
    /// Runs Postgres until it is told to end, or ends before it was ready.
    fn run(self) {
        loop {
            let mut state = lock(&self.state);
            if state.stopping {
                return;
            }
            let spawned = self.spawn();
            state.pid = spawned
                .as_ref()
                .ok()
                .and_then(|child| Pid::from_raw(child.id() as i32));
            drop(state);
            let end = match spawned {
                Ok(mut child) => child
                    .wait()
                    .map_or_else(|e| e.to_string(), |s| s.to_string()),
                Err(error) => error.to_string(),
            };
            let mut state = lock(&self.state);
            state.pid = None;
            if state.stopping || !state.ready {
                tracing::debug!(end, "postgres ended");
                return;
            }
            drop(state);
            tracing::error!(end, log = %self.cluster.log().display(), "postgres ended by itself, starting it again");
            std::thread::sleep(RESTART_PAUSE);
            if let Err(error) = self.cluster.wait_for_old_postmaster_blocking() {
                tracing::error!(%error, "postgres cannot be started again");
            }
        }
    }

    fn spawn(&self) -> Result<Child, EmbeddedError> {
        let path = self.cluster.log();
        let open_log = || {
            let log = OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .open(&path);
            log.map_err(EmbeddedError::io("open", &path))
        };
        let postgres = self.cluster.binaries().postgres();
        let mut command = self.cluster.user().command(&postgres)?;
        command.arg("-D").arg(self.cluster.data());
        for setting in settings(&self.socket_dir) {
            command.arg("-c").arg(setting);
        }
        // A group of its own: a Ctrl-C at the terminal is for this process,
        // which finishes its work before it ends Postgres.
        command
            .process_group(0)
            .stdout(Stdio::from(open_log()?))
            .stderr(Stdio::from(open_log()?));
        command.spawn().map_err(EmbeddedError::io("run", &postgres))
    }
}

/// Puts a large log aside, and says where the new lines will begin.
fn begin_log(log: &Path) -> std::io::Result<u64> {
    let bytes = fs::metadata(log).map_or(0, |found| found.len());
    if bytes <= LOG_LIMIT_BYTES {
        return Ok(bytes);
    }
    fs::rename(log, log.with_extension("log.1"))?;
    Ok(0)
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
