//! Which user of this machine runs Postgres, and the folders that user must
//! reach. `initdb` and `postgres` refuse root, so under root they run as
//! another; nobody else's files are touched.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::binaries::find_program;
use super::{EmbeddedError, cluster};

/// Who may run Postgres under root, the better one first. Debian's package
/// makes the first, every Linux has the second.
const CANDIDATES: [&str; 2] = ["postgres", "nobody"];

/// The user that runs Postgres.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OsUser {
    /// This process' own, who is not root.
    Myself,
    /// Another one, because this process is root's.
    Other { name: String, uid: u32, gid: u32 },
}

/// Whether this process is root's.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Makes the data directory when it is missing, closed to others, and gives
/// its absolute path.
pub(super) fn make_data_dir(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    if !data_dir.is_dir() {
        if let Some(parent) = data_dir.parent() {
            fs::create_dir_all(parent).map_err(EmbeddedError::io("make", parent))?;
        }
        DirBuilder::new()
            .mode(0o700)
            .recursive(true)
            .create(data_dir)
            .map_err(EmbeddedError::io("make", data_dir))?;
    }
    data_dir
        .canonicalize()
        .map_err(EmbeddedError::io("find", data_dir))
}

impl OsUser {
    /// Chooses the user, and makes the cluster's folder theirs. A cluster that
    /// exists keeps its user, whatever users were added since.
    pub(super) fn choose(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let folder = cluster::folder(data_dir);
        let owner = fs::metadata(&folder)
            .ok()
            .map(|found| (found.uid(), found.gid()));
        let user = match owner {
            Some((uid, _)) if !is_root() && uid != rustix::process::geteuid().as_raw() => {
                return Err(EmbeddedError::BelongsToAnother {
                    data_dir: data_dir.to_owned(),
                    uid,
                });
            }
            _ if !is_root() => Self::Myself,
            Some((uid, gid)) if uid != 0 => Self::Other {
                name: format!("uid {uid}"),
                uid,
                gid,
            },
            _ => Self::from_passwd()?,
        };
        if owner.is_none() {
            DirBuilder::new()
                .mode(0o700)
                .create(&folder)
                .map_err(EmbeddedError::io("make", &folder))?;
        }
        if let Self::Other { uid, gid, .. } = user {
            chown(&folder, Some(uid), Some(gid))
                .map_err(EmbeddedError::io("give away", &folder))?;
            user.let_in(data_dir, &folder)?;
        }
        Ok(user)
    }

    fn from_passwd() -> Result<Self, EmbeddedError> {
        let path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(path).map_err(EmbeddedError::io("read", path))?;
        CANDIDATES
            .iter()
            .find_map(|name| Self::parse_passwd(&passwd, name))
            .ok_or(EmbeddedError::NoOsUser)
    }

    fn parse_passwd(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != name {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Self::Other {
                name: name.to_owned(),
                uid,
                gid,
            })
        })
    }

    /// Sees to it that this user can pass through the data directory: lets
    /// the user's group through (and nobody else) where that is missing, and
    /// names the folder above that is closed, which is not ours to open.
    fn let_in(&self, data_dir: &Path, folder: &Path) -> Result<(), EmbeddedError> {
        let Self::Other { name, gid, .. } = self else {
            return Ok(());
        };
        if self.reaches(folder)? {
            return Ok(());
        }
        let found = fs::metadata(data_dir).map_err(EmbeddedError::io("look at", data_dir))?;
        if !self.passes(data_dir) && found.uid() == 0 {
            let mode = found.mode() & 0o7777 | 0o010;
            chown(data_dir, None, Some(*gid))
                .and_then(|()| fs::set_permissions(data_dir, Permissions::from_mode(mode)))
                .map_err(EmbeddedError::io("open to PostgreSQL", data_dir))?;
            if self.reaches(folder)? {
                return Ok(());
            }
        }
        let mut above: Vec<&Path> = data_dir.ancestors().collect();
        above.reverse();
        let closed = above
            .into_iter()
            .find(|folder| !self.passes(folder))
            .unwrap_or(data_dir);
        Err(EmbeddedError::Unreachable {
            folder: closed.to_owned(),
            user: name.clone(),
        })
    }

    /// Asks the kernel, as this user.
    fn reaches(&self, folder: &Path) -> Result<bool, EmbeddedError> {
        let mut test = self.command(Path::new("test"))?;
        test.arg("-w").arg(folder).stderr(Stdio::null());
        let status = test
            .status()
            .map_err(EmbeddedError::io("ask for access to", folder))?;
        Ok(status.success())
    }

    /// Whether the folder's mode lets this user pass through.
    fn passes(&self, folder: &Path) -> bool {
        let Self::Other { uid, gid, .. } = self else {
            return true;
        };
        let Ok(found) = fs::metadata(folder) else {
            return false;
        };
        let bit = match () {
            () if found.uid() == *uid => 0o100,
            () if found.gid() == *gid => 0o010,
            () => 0o001,
        };
        found.mode() & bit != 0
    }

    /// A command that runs as this user, without this process' environment,
    /// and is interrupted when the *thread* that spawned it ends.
    pub(super) fn command(&self, program: &Path) -> Result<Command, EmbeddedError> {
        let setpriv = find_program("setpriv").ok_or(EmbeddedError::NoSetpriv)?;
        let mut command = Command::new(setpriv);
        if let Self::Other { uid, gid, .. } = self {
            command
                .arg(format!("--reuid={uid}"))
                .arg(format!("--regid={gid}"))
                .args(["--clear-groups", "--no-new-privs"]);
        }
        // SIGINT is Postgres' fast shutdown: it takes no longer than a
        // checkpoint, and the next start needs no recovery.
        command.args(["--pdeathsig", "INT", "--"]).arg(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .current_dir("/")
            .stdin(Stdio::null());
        for kept in ["PATH", "LD_LIBRARY_PATH", "TMPDIR"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104:,,,:/:/bin/sh\n";
        let found = OsUser::parse_passwd(passwd, "postgres");
        assert_eq!(
            found,
            Some(OsUser::Other {
                name: "postgres".into(),
                uid: 101,
                gid: 104
            })
        );
        assert_eq!(OsUser::parse_passwd(passwd, "nobody"), None);
    }
}
