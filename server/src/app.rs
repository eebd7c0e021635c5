//! What every handler shares.

use std::sync::Arc;

use axum::http::HeaderValue;
use engine::Engine;

use crate::auth::Seal;
use crate::auth::jwt::Issuers;
use crate::live::Hub;

/// The front's state: the engine and what the operator configured, so that any
/// number of servers can stand beside each other. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// Tenants, keys, ingest and sessions.
    pub engine: Engine,
    /// Who else may say who is asking.
    pub issuers: Arc<Issuers>,
    /// The largest body of points, bytes as sent.
    pub body_limit_bytes: u64,
    /// Pages of these origins may ask from a browser; of no others.
    pub cors_origins: Arc<[HeaderValue]>,
    /// Pages of these origins may show dashboards in frames; of no others.
    pub embed_origins: Arc<[HeaderValue]>,
    /// Seals the pages' session cookies.
    pub seal: Seal,
    /// What is watched.
    pub live: Hub,
}
