//! The nightly run: which works it has, and who does them when.

use std::sync::Weak;
use std::time::Duration;

use super::{Engine, Inner};
use crate::predict::night::{self, Clock, NightWork};

/// What is done for each tenant every night, in this order. A work finds what
/// those before it have stored; one that fails is tried again by itself, and
/// keeps none of the others from its turn.
const WORKS: &[&dyn NightWork] = &[];

/// Tenants whose night one process does at the same time.
pub(super) const RUNNERS: usize = 2;

/// Pause between two looks for a tenant whose night it is.
const PAUSE: Duration = Duration::from_secs(2);
/// Pause between two looks at the clock.
const CLOCK_PAUSE: Duration = Duration::from_secs(60);

/// Puts runs in when it is two o'clock somewhere, until the engine is gone.
pub(super) async fn watch_the_clock(engine: Weak<Inner>) {
    let mut clock = Clock::default();
    while let Some(inner) = engine.upgrade() {
        if let Err(error) = clock.look(&inner.pool).await {
            tracing::warn!(%error, "nightly runs are not scheduled");
        }
        drop(inner);
        tokio::time::sleep(CLOCK_PAUSE).await;
    }
}

/// Does runs that were put in, until the engine is gone.
pub(super) async fn run_nights(engine: Weak<Inner>) {
    let worker = uuid::Uuid::now_v7();
    while let Some(inner) = engine.upgrade() {
        let engine = Engine { inner };
        match night::run_next(&engine, WORKS, worker).await {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "nightly runs are not done"),
        }
        drop(engine);
        tokio::time::sleep(PAUSE).await;
    }
}
