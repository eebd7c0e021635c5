//! What every handler shares.

use engine::Engine;

use crate::auth::Seal;

/// The front's state: the engine and what was set, so that any number of servers
/// can stand beside each other. Cheap to clone.
#[derive(Debug, Clone)]
pub struct App {
    /// Tenants, keys, ingest and sessions.
    pub engine: Engine,
    /// The largest body of points, bytes as sent.
    pub body_limit_bytes: u64,
    /// Seals the pages' session cookies.
    pub seal: Seal,
}
