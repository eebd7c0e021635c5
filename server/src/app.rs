//! What every handler shares.

use std::sync::Arc;

use axum::http::HeaderValue;
use engine::Engine;

/// The front's state: nothing but the engine, so that any number of servers
/// can stand beside each other. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// Tenants, keys, ingest and sessions.
    pub engine: Engine,
    /// The largest body of points, bytes as sent.
    pub body_limit_bytes: u64,
    /// Pages of these origins may ask from a browser; of no others.
    pub cors_origins: Arc<[HeaderValue]>,
}
