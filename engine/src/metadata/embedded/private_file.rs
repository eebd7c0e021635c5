//! Files that only their owner may read, written whole or not at all. It
//! knows nothing of what is in them.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::EmbeddedError;

/// Writes `value` as JSON to `folder/name` with mode 0600; a reader, or a
/// restart after a crash, sees the old file or the new one.
pub(super) fn write<T: Serialize>(
    folder: &Path,
    name: &str,
    value: &T,
) -> Result<(), EmbeddedError> {
    let path = folder.join(name);
    let text = serde_json::to_vec_pretty(value).map_err(|source| EmbeddedError::BadFile {
        path: path.clone(),
        source,
    })?;
    let new = folder.join(format!("{name}.new"));
    replace(&new, &path, folder, &text).map_err(EmbeddedError::io("write", &path))
}

fn replace(new: &Path, path: &Path, folder: &Path, text: &[u8]) -> std::io::Result<()> {
    match fs::remove_file(new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(new)?;
    file.write_all(text)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    File::open(folder)?.sync_all()
}

/// Reads what [`write`] wrote, `None` when there is no such file.
pub(super) fn read<T: DeserializeOwned>(
    folder: &Path,
    name: &str,
) -> Result<Option<T>, EmbeddedError> {
    let path = folder.join(name);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(EmbeddedError::io("read", &path)(error)),
    };
    serde_json::from_slice(&text)
        .map(Some)
        .map_err(|source| EmbeddedError::BadFile { path, source })
}
