//! What long work on a thread of its own needs: the store, a pace, and a sign
//! to stop when nobody waits for it any more.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;
use storage_layout::StorageError;
use storage_layout::row_groups::FetchRange;
use tokio::runtime::Handle;

use super::pace::Pace;
use crate::error::{Error, Result};
use crate::query::files::damaged;

/// The means of work on a blocking thread.
#[derive(Debug, Clone)]
pub(super) struct Work {
    pub(super) handle: Handle,
    pub(super) pool: PgPool,
    pub(super) store: Arc<dyn ObjectStore>,
    pace: Option<Pace>,
    stop: Arc<AtomicBool>,
}

/// Tells work to stop when it is dropped.
#[derive(Debug)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs work on a thread for blocking work. Dropping the future stops it soon.
pub(super) async fn run<T: Send + 'static>(
    pool: &PgPool,
    store: &Arc<dyn ObjectStore>,
    pace: Option<Pace>,
    work: impl FnOnce(&Work) -> Result<T> + Send + 'static,
) -> Result<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let means = Work {
        handle: Handle::current(),
        pool: pool.clone(),
        store: store.clone(),
        pace,
        stop: stop.clone(),
    };
    let _stop = StopOnDrop(stop);
    tokio::task::spawn_blocking(move || work(&means))
        .await
        .map_err(Error::internal)?
}

impl Work {
    /// Errors when nobody waits any more.
    pub(super) fn go_on(&self) -> std::io::Result<()> {
        match self.stop.load(Ordering::Acquire) {
            true => Err(std::io::Error::other("the work was stopped")),
            false => Ok(()),
        }
    }

    /// Waits until these bytes may be moved.
    pub(super) fn pace(&self, bytes: u64) -> std::io::Result<()> {
        self.go_on()?;
        if let Some(pace) = &self.pace {
            std::thread::sleep(pace.wait_for(bytes, Instant::now()));
        }
        self.go_on()
    }
}

/// A failure of the storage layer: away, or damaged.
pub(super) fn blame(error: StorageError) -> Error {
    match error {
        StorageError::Store(object_store::Error::NotFound { .. }) => damaged(error),
        StorageError::Store(_) | StorageError::Disk(_) => {
            tracing::warn!(%error, "background work was interrupted");
            Error::Unavailable {
                message: "the object store does not answer; nothing was changed".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            }
        }
        other => damaged(other),
    }
}

/// Reads one object of the store.
pub(super) struct ReadObject {
    pub(super) work: Work,
    pub(super) key: Path,
}

impl FetchRange for ReadObject {
    fn fetch(&mut self, range: Range<u64>) -> Result<Bytes, StorageError> {
        self.work.pace(range.end - range.start)?;
        let fetched = self.work.store.get_range(&self.key, range);
        Ok(self.work.handle.block_on(fetched)?)
    }
}
