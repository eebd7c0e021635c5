//! Where backups are: a store's URL, or a local folder.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use object_store::ObjectStore;
use storage_layout::store;

use crate::error::{Error, Result};

/// Opens a place to write backups to. A folder is made, and closed to
/// everybody else: a backup holds what all tenants have.
pub(crate) fn for_writing(place: &str) -> Result<Arc<dyn ObjectStore>> {
    let Some(folder) = folder(place)? else {
        return store::open(place).map_err(|e| Error::Config(e.to_string()));
    };
    let made = !folder.exists();
    let opened = store::open_folder(&folder).and_then(|store| {
        if made {
            std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        }
        Ok(store)
    });
    opened.map_err(|e| Error::Config(format!("{place:?} cannot be written to: {e}")))
}

/// Opens a place to read backups from.
pub(crate) fn for_reading(place: &str) -> Result<Arc<dyn ObjectStore>> {
    let Some(folder) = folder(place)? else {
        return store::open(place).map_err(|e| Error::Config(e.to_string()));
    };
    if !folder.is_dir() {
        return Err(Error::Config(format!(
            "there is no folder {place:?}: name the place that `tessera backup --to` was given"
        )));
    }
    store::open_folder(&folder).map_err(|e| Error::Config(e.to_string()))
}

/// The folder that is meant; `None` when it is a URL.
fn folder(place: &str) -> Result<Option<PathBuf>> {
    if place.contains("://") {
        return Ok(None);
    }
    let absolute = std::path::absolute(Path::new(place));
    absolute
        .map(Some)
        .map_err(|e| Error::Config(format!("{place:?} is neither a URL nor a folder: {e}")))
}
