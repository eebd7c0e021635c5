//! Queries without their client, run in the background.

use std::sync::Weak;
use std::time::Duration;

use super::{Engine, Inner};

/// Pause between two looks for such queries that another server took in.
const QUERY_PAUSE: Duration = Duration::from_secs(2);

/// Runs queries that were put in, until the engine is gone.
pub(super) async fn run_queries(engine: Weak<Inner>) {
    let worker = uuid::Uuid::now_v7();
    while let Some(inner) = engine.upgrade() {
        let engine = Engine { inner };
        let jobs = engine.query_jobs().clone();
        let woken = jobs.woken();
        match jobs.run_next(&engine, worker).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "queries that were put in are not run"),
        }
        drop((jobs, engine));
        let _ = tokio::time::timeout(QUERY_PAUSE, woken.notified()).await;
    }
}
