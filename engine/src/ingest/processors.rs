//! Work for processors, as much at once as there are processors, in the order
//! in which it came: whoever comes last waits longest, and nobody much longer.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Hands processors out; cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Processors(Arc<Semaphore>);

impl Default for Processors {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self(Arc::new(Semaphore::new(processors)))
    }
}

impl Processors {
    /// Runs work here, or on a thread for blocking work when there is much of it.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        much: bool,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if !much {
            return work();
        }
        let turn = self.0.clone().acquire_owned().await;
        let turn = turn.map_err(Error::internal)?;
        let worked = tokio::task::spawn_blocking(move || {
            // Held by the work: a caller who leaves does not end it.
            let _turn = turn;
            work()
        });
        worked.await.map_err(Error::internal)?
    }
}
