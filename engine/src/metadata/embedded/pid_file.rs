//! Postgres' own `postmaster.pid`: read, never written.

use std::fs;
use std::path::Path;

use rustix::process::Pid;

/// The file with which Postgres marks a data directory in use. Line 1 is the
/// process id, line 7 the shared memory's key and id, line 8 the status.
#[derive(Debug)]
pub(super) struct PidFile {
    pub(super) pid: Option<Pid>,
    shared_memory: Option<(String, String)>,
    pub(super) ready: bool,
}

impl PidFile {
    /// What the file says, `None` when there is none.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines
                .first()
                .and_then(|line| line.parse().ok())
                .and_then(Pid::from_raw),
            shared_memory: lines.get(6).and_then(|line| {
                let (key, id) = line.split_once(char::is_whitespace)?;
                Some((key.to_owned(), id.trim().to_owned()))
            }),
            ready: lines.get(7) == Some(&"ready"),
        })
    }

    /// Whether a process is still attached to its shared memory, as a busy
    /// backend may be for a moment after its postmaster was killed.
    pub(super) fn has_children(&self) -> bool {
        let Some((key, id)) = &self.shared_memory else {
            return false;
        };
        let table = fs::read_to_string("/proc/sysvipc/shm").unwrap_or_default();
        table.lines().skip(1).any(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.first() == Some(&key.as_str())
                && fields.get(1) == Some(&id.as_str())
                && fields.get(6).is_some_and(|attached| *attached != "0")
        })
    }
}
