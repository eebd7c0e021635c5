//! Files that cannot be read. For a while flushes and merges leave them out, so
//! that they neither keep others from it nor are fetched every two seconds.
//!
//! A process remembers them for itself; they stay in the catalog, and who asks
//! for their rows gets an error.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use storage_layout::FileId;

/// How long a file is left out before it is tried again.
const REST: Duration = Duration::from_secs(1_800);

/// The files; clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct SetAside(Arc<Mutex<HashMap<FileId, Instant>>>);

impl SetAside {
    /// Leaves a file out from now on.
    pub(super) fn add(&self, file: FileId) {
        let now = Instant::now();
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|_, until| *until > now);
        files.insert(file, now + REST);
    }

    /// Whether a file is left out.
    pub(super) fn has(&self, file: FileId) -> bool {
        let files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        files
            .get(&file)
            .is_some_and(|until| *until > Instant::now())
    }
}
