//! Who owns a data directory, and who is attached to its owner's cluster. The
//! kernel drops these locks with the process, so none can go stale; Postgres
//! does not inherit them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{EmbeddedError, POLL};

const OWNER: &str = "lock";
const ATTACHED: &str = "attached";

/// The exclusive lock of a data directory; dropping it gives it back.
#[derive(Debug)]
pub(super) struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    /// The lock, or `None` while another process holds it.
    pub(super) fn try_take(data_dir: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = data_dir.join(OWNER);
        let Some(mut file) = try_lock(&path, FlockOperation::NonBlockingLockExclusive)? else {
            return Ok(None);
        };
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(EmbeddedError::io("write", &path))?;
        Ok(Some(Self { _file: file }))
    }

    /// The process id its owner wrote into it.
    pub(super) fn owner_pid(data_dir: &Path) -> Option<u32> {
        std::fs::read_to_string(data_dir.join(OWNER))
            .ok()?
            .trim()
            .parse()
            .ok()
    }
}

/// Held shared by each process that is attached to an owner's cluster.
#[derive(Debug)]
pub(super) struct AttachedLock {
    _file: File,
}

impl AttachedLock {
    /// The lock, or `None` while the owner is about to end the cluster.
    pub(super) fn try_take_shared(data_dir: &Path) -> Result<Option<Self>, EmbeddedError> {
        let file = try_lock(
            &data_dir.join(ATTACHED),
            FlockOperation::NonBlockingLockShared,
        )?;
        Ok(file.map(|file| Self { _file: file }))
    }

    /// Returns when nobody is attached any more.
    pub(super) async fn wait_until_alone(data_dir: &Path) -> Result<(), EmbeddedError> {
        let path = data_dir.join(ATTACHED);
        while try_lock(&path, FlockOperation::NonBlockingLockExclusive)?.is_none() {
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }
}

fn try_lock(path: &Path, operation: FlockOperation) -> Result<Option<File>, EmbeddedError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| cannot_open(path, error))?;
    match flock(&file, operation) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(EmbeddedError::io("lock", path)(errno.into())),
    }
}

/// A lock that may not be opened is one in another user's data directory.
fn cannot_open(path: &Path, error: std::io::Error) -> EmbeddedError {
    let data_dir = path.parent().unwrap_or(path);
    match std::fs::metadata(data_dir) {
        Ok(found) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            EmbeddedError::BelongsToAnother {
                data_dir: data_dir.to_owned(),
                uid: found.uid(),
            }
        }
        _ => EmbeddedError::io("open", path)(error),
    }
}
