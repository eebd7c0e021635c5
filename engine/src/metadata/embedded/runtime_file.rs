//! Where a running cluster can be reached: its socket's folder, and the file
//! in the data directory that says so. It holds no password.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, chown};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::os_user::{self, OsUser};
use super::settings::PORT;
use super::{EmbeddedError, OpenAs, private_file, secrets};

const NAME: &str = "runtime.json";

/// The start of a socket folder's name. Socket paths end at 107 bytes, so the
/// folder is never inside the data directory.
const PREFIX: &str = "tessera-";

/// A running cluster's whereabouts.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RuntimeFile {
    owner_pid: u32,
    owner_is_server: bool,
    socket_dir: PathBuf,
}

impl RuntimeFile {
    /// Makes a new, private socket folder that `user` may write to.
    pub(super) fn new(role: OpenAs, user: &OsUser) -> Result<Self, EmbeddedError> {
        // /run is root's own and is not swept by age; /tmp is what everybody has.
        let run = Path::new("/run");
        let parent = if os_user::is_root() && run.is_dir() {
            run
        } else {
            Path::new("/tmp")
        };
        let socket_dir = parent.join(format!("{PREFIX}{}", secrets::random_hex(8)?));
        fs::DirBuilder::new()
            .mode(0o700)
            .create(&socket_dir)
            .and_then(|()| match user {
                OsUser::Myself => Ok(()),
                OsUser::Other { uid, gid, .. } => chown(&socket_dir, Some(*uid), Some(*gid)),
            })
            .map_err(EmbeddedError::io("make", &socket_dir))?;
        Ok(Self {
            owner_pid: std::process::id(),
            owner_is_server: role == OpenAs::Server,
            socket_dir,
        })
    }

    /// What the last owner wrote, which may have died since.
    pub(super) fn read(data_dir: &Path) -> Result<Option<Self>, EmbeddedError> {
        private_file::read(data_dir, NAME)
    }

    /// Tells command lines where the cluster is.
    pub(super) fn write(&self, data_dir: &Path) -> Result<(), EmbeddedError> {
        private_file::write(data_dir, NAME, self)
    }

    /// Stops telling, so that nobody attaches any more.
    pub(super) fn unlist(data_dir: &Path) {
        remove_file(&data_dir.join(NAME));
    }

    /// Removes the file, and the socket folder with what Postgres leaves there
    /// when it is killed.
    pub(super) fn remove(&self, data_dir: &Path) {
        Self::unlist(data_dir);
        let ours = self.socket_dir.file_name().and_then(|name| name.to_str());
        if !ours.is_some_and(|name| name.starts_with(PREFIX)) || !self.socket_dir.exists() {
            return;
        }
        remove_file(&self.socket_dir.join(format!(".s.PGSQL.{PORT}")));
        remove_file(&self.socket_dir.join(format!(".s.PGSQL.{PORT}.lock")));
        if let Err(error) = fs::remove_dir(&self.socket_dir) {
            tracing::warn!(folder = %self.socket_dir.display(), %error, "a socket folder is left over");
        }
    }

    pub(super) fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    pub(super) fn owner(&self) -> OpenAs {
        if self.owner_is_server {
            OpenAs::Server
        } else {
            OpenAs::CommandLine
        }
    }
}

fn remove_file(path: &Path) {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(file = %path.display(), %error, "a file is left over");
        }
        _ => {}
    }
}
