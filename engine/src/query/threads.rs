//! The threads on which callers' queries run, apart from those that serve
//! requests: a function that keeps a processor busy then delays other queries,
//! but neither the front nor the deadline that ends it.

use std::future::Future;

use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

use crate::error::{Error, Result};

/// Bytes of stack: planning recurses as deep as a query nests, and two
/// megabytes ended the process at 2,000 operators.
const STACK_BYTES: usize = 64 << 20;

/// A runtime for queries; ends without waiting for them when it is dropped.
#[derive(Debug)]
pub(crate) struct QueryThreads {
    runtime: Option<Runtime>,
}

impl QueryThreads {
    /// Starts as many threads as there are processors.
    pub(crate) fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .thread_name("query")
            .thread_stack_size(STACK_BYTES)
            .enable_all()
            .build()
            .map_err(Error::internal)?;
        Ok(Self {
            runtime: Some(runtime),
        })
    }

    /// Runs `work` on these threads.
    pub(crate) fn spawn(
        &self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<JoinHandle<()>> {
        match &self.runtime {
            Some(runtime) => Ok(runtime.spawn(work)),
            None => Err(Error::internal("the query threads have ended")),
        }
    }
}

impl Drop for QueryThreads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
