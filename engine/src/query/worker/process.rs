//! One worker as a process: started with nothing of this one's but a socket,
//! bounded from outside, watched, and gone with its folder when dropped.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tempfile::TempDir;

use super::WorkerProgram;

/// Address space beside what a query's memory needs: allocators reserve more
/// than they use.
const SLACK_BYTES: u64 = 3 << 30;
/// Files that a worker may have open; sorts that spill have some.
const OPEN_FILES: u64 = 512;

/// What a worker may take in its life.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Allowance {
    /// Memory of one query, bytes, as the query engine counts it.
    pub(super) memory_bytes: u64,
    /// What one query may take of time.
    pub(super) deadline: Duration,
    /// Bytes of one file that is put aside.
    pub(super) spill_bytes: u64,
}

impl Allowance {
    /// Resident memory at which a worker is killed: what the engine counts, and
    /// half of it for what it does not.
    pub(super) fn resident_bytes(&self) -> u64 {
        self.memory_bytes + self.memory_bytes / 2 + (128 << 20)
    }
}

/// In which Linux tells processor time to programs, whatever the kernel's own.
const TICKS_PER_SECOND: u64 = 100;

/// A running worker. Dropping it kills it, and removes its folder once it is
/// gone.
#[derive(Debug)]
pub(super) struct Process {
    child: Option<Child>,
    spill: Option<TempDir>,
    pid: Pid,
}

impl Process {
    /// Starts one, and gives its socket. Must be called on a thread that lives
    /// as long as workers may: they end with it.
    pub(super) fn start(program: &WorkerProgram, spill: TempDir) -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let child = Command::new(&program.path)
            .args(&program.arguments)
            .arg(spill.path())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .spawn()?;
        let process = Self {
            pid: Pid::from_child(&child),
            child: Some(child),
            spill: Some(spill),
        };
        ours.set_nonblocking(true)?;
        // Where the machine has no more memory, a worker goes, not the server;
        // some machines let nobody say so.
        let _ = fs::write(process.path("oom_score_adj"), "1000");
        Ok((process, ours))
    }

    /// Bounds it, for good.
    pub(super) fn bound(&self, to: &Allowance) -> io::Result<()> {
        let reserved = self.status("VmSize:").unwrap_or(SLACK_BYTES);
        let space = reserved
            .saturating_add(to.memory_bytes.saturating_mul(2))
            .saturating_add(SLACK_BYTES);
        let processors = thread::available_parallelism().map_or(2, usize::from) as u64;
        // It is retired before the half of this; a second more for the kill.
        let seconds = to.deadline.as_secs().max(1) * 2 * processors + 2;
        self.limit(Resource::As, space)?;
        self.limit(Resource::Cpu, seconds)?;
        self.limit(Resource::Fsize, to.spill_bytes)?;
        self.limit(Resource::Nofile, OPEN_FILES)?;
        self.limit(Resource::Core, 0)
    }

    fn limit(&self, resource: Resource, limit: u64) -> io::Result<()> {
        let limit = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        prlimit(Some(self.pid), resource, limit)?;
        Ok(())
    }

    /// Memory that is its own and resident, bytes; `None` when it has ended.
    pub(super) fn resident_bytes(&self) -> Option<u64> {
        self.status("RssAnon:")
    }

    /// Processor time that it took so far.
    pub(super) fn cpu_time(&self) -> Option<Duration> {
        let stat = fs::read_to_string(self.path("stat")).ok()?;
        // Behind the program's name, which may hold anything, come the state and
        // ten numbers, then user and system time in ticks.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
        let mut ticks = || fields.next()?.parse::<u64>().ok();
        let ticks = ticks()? + ticks()?;
        Some(Duration::from_micros(
            ticks.saturating_mul(1_000_000) / TICKS_PER_SECOND,
        ))
    }

    fn status(&self, name: &str) -> Option<u64> {
        kib(&fs::read_to_string(self.path("status")).ok()?, name)
    }

    /// What the kernel shows of it.
    fn path(&self, name: &str) -> String {
        format!("/proc/{}/{name}", self.pid.as_raw_nonzero())
    }

    /// Whether it has not ended.
    pub(super) fn is_alive(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// The signal that ended it, if one did; waits a moment for its end.
    pub(super) async fn ended_by(&mut self) -> Option<i32> {
        let child = self.child.as_mut()?;
        for _ in 0..50 {
            if let Ok(Some(status)) = child.try_wait() {
                return status.signal();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        None
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let (child, spill) = (self.child.take(), self.spill.take());
        let Some(mut child) = child else { return };
        // One that is gone already cannot be killed.
        let _ = child.kill();
        // Giving back gigabytes takes a while.
        let reaper = thread::Builder::new().name("reaper".into());
        let _ = reaper.spawn(move || {
            let _ = child.wait();
            drop(spill);
        });
    }
}

/// A number of KiB by its name, in bytes.
fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let number = line.trim().strip_suffix("kB")?.trim();
    number.parse::<u64>().ok().map(|kib| kib << 10)
}
