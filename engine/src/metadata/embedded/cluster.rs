//! The cluster on disk: making it, and seeing that no old Postgres still runs
//! on it. It starts no server (`postmaster`) and makes no role (`roles`).

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::binaries::Binaries;
use super::os_user::OsUser;
use super::pid_file::PidFile;
use super::roles::SUPERUSER;
use super::{EmbeddedError, POLL};

/// How long an old Postgres may take over its checkpoint before it is told to
/// end at once, which costs the next start a recovery.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long an old Postgres may take altogether.
const END_OF_PATIENCE: Duration = Duration::from_secs(40);

/// A cluster's place, binaries and user.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    data_dir: PathBuf,
    binaries: Binaries,
    user: OsUser,
}

/// The folder that belongs to the user who runs Postgres.
pub(super) fn folder(data_dir: &Path) -> PathBuf {
    data_dir.join("postgres")
}

/// The major version that made the cluster, `None` when there is no cluster.
pub(super) fn version(data_dir: &Path) -> Result<Option<u32>, EmbeddedError> {
    let path = folder(data_dir).join("data/PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.trim().parse().ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(match fs::metadata(folder(data_dir)) {
            Ok(found) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                EmbeddedError::BelongsToAnother {
                    data_dir: data_dir.to_owned(),
                    uid: found.uid(),
                }
            }
            _ => EmbeddedError::io("read", &path)(error),
        }),
    }
}

impl Cluster {
    pub(super) fn new(data_dir: &Path, binaries: Binaries, user: OsUser) -> Self {
        Self {
            data_dir: data_dir.to_owned(),
            binaries,
            user,
        }
    }

    pub(super) fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    pub(super) fn user(&self) -> &OsUser {
        &self.user
    }

    /// Postgres' own data directory.
    pub(super) fn data(&self) -> PathBuf {
        folder(&self.data_dir).join("data")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("postgres.log")
    }

    pub(super) fn exists(&self) -> bool {
        self.data().join("PG_VERSION").exists()
    }

    /// Makes the cluster beside its place and moves it there when it is whole.
    pub(super) async fn init(&self, password: &str) -> Result<(), EmbeddedError> {
        let (cluster, password) = (self.clone(), password.to_owned());
        blocking(move || cluster.init_blocking(&password)).await
    }

    fn init_blocking(&self, password: &str) -> Result<(), EmbeddedError> {
        let folder = folder(&self.data_dir);
        let unfinished = folder.join("data.new");
        let password_file = folder.join("initdb.password");
        for left_over in [&unfinished, &password_file] {
            remove(left_over).map_err(EmbeddedError::io("remove", left_over))?;
        }
        self.write_password(&password_file, password)
            .map_err(EmbeddedError::io("write", &password_file))?;
        let mut initdb = self.user.command(&self.binaries.initdb())?;
        initdb
            .args([
                "--auth=scram-sha-256",
                "--data-checksums",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .args(["--no-instructions", "--username", SUPERUSER])
            .arg("--pwfile")
            .arg(&password_file)
            .arg("--pgdata")
            .arg(&unfinished);
        let said = initdb
            .output()
            .map_err(EmbeddedError::io("run", &self.binaries.initdb()));
        remove(&password_file).map_err(EmbeddedError::io("remove", &password_file))?;
        let said = said?;
        if !said.status.success() {
            return Err(EmbeddedError::Init {
                data_dir: self.data_dir.clone(),
                output: one_line(&String::from_utf8_lossy(&said.stderr)),
            });
        }
        fs::rename(&unfinished, self.data())
            .and_then(|()| File::open(&folder)?.sync_all())
            .map_err(EmbeddedError::io("rename", &unfinished))
    }

    fn write_password(&self, path: &Path, password: &str) -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        writeln!(file, "{password}")?;
        if let OsUser::Other { uid, gid, .. } = &self.user {
            chown(path, Some(*uid), Some(*gid))?;
        }
        Ok(())
    }

    /// Returns when no Postgres of an earlier owner runs on this cluster. It
    /// was told to end when its owner died; it is told once more, and after
    /// a while told to end at once.
    ///
    /// Only the holder of the data directory's lock may call this. What an
    /// owner that was killed left as `postmaster.pid` is removed: its process
    /// id may by now be another program's, at which Postgres would stop.
    pub(super) async fn wait_for_old_postmaster(&self) -> Result<(), EmbeddedError> {
        let cluster = self.clone();
        blocking(move || cluster.wait_for_old_postmaster_blocking()).await
    }

    pub(super) fn wait_for_old_postmaster_blocking(&self) -> Result<(), EmbeddedError> {
        let began = Instant::now();
        let path = self.data().join("postmaster.pid");
        let mut told = None;
        while let Some(old) = PidFile::read(&path) {
            let live = old.pid.filter(|pid| self.is_ours(*pid));
            if live.is_none() && !old.has_children() {
                return remove(&path).map_err(EmbeddedError::io("remove", &path));
            }
            let signal = if began.elapsed() < PATIENCE {
                Signal::INT
            } else {
                Signal::QUIT
            };
            if let Some(pid) = live
                && told != Some(signal)
            {
                tracing::info!(pid = pid.as_raw_pid(), "waiting for an old postgres to end");
                // It may have ended since.
                kill_process(pid, signal).ok();
                told = Some(signal);
            }
            if began.elapsed() > END_OF_PATIENCE {
                let what = "of an earlier tessera does not end";
                return Err(EmbeddedError::TimedOut {
                    what,
                    log: self.log(),
                });
            }
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Whether this process is a Postgres on this cluster, and not another
    /// program that got the id since.
    fn is_ours(&self, pid: Pid) -> bool {
        let command = fs::read(format!("/proc/{}/cmdline", pid.as_raw_pid())).unwrap_or_default();
        let data = self.data();
        command
            .split(|byte| *byte == 0)
            .any(|word| word == data.as_os_str().as_encoded_bytes())
    }

    /// What `postmaster.pid` says of a running server.
    pub(super) fn pid_file(&self) -> Option<PidFile> {
        PidFile::read(&self.data().join("postmaster.pid"))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, EmbeddedError> + Send + 'static,
) -> Result<T, EmbeddedError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

fn remove(path: &Path) -> std::io::Result<()> {
    let removed = if path.is_dir() {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    match removed {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Several lines of a program's output as one line of an error.
pub(super) fn one_line(output: &str) -> String {
    let lines: Vec<&str> = output
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines[lines.len().saturating_sub(6)..].join(" / ")
}
