//! Who watches which tenant, and whether its version has moved.
//!
//! One statement asks for the versions of all tenants that are watched, a few
//! times a second, while there are any: so commits of other servers move
//! numbers here as soon as this one's own do. It does not know what is computed
//! of a new version.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use storage_layout::TenantId;
use tokio::sync::watch;

use crate::error::{Error, Result};
use crate::metadata::plans::Plans;
use crate::metadata::version_check::VersionCheck;

const CONNECTIONS: &str = "live_connections";

/// How often versions are asked for.
const EVERY: Duration = Duration::from_millis(200);

/// After the catalog did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// Watches tenants; cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    versions: VersionCheck,
    plans: Plans,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// A sender lives while somebody watches its tenant.
    watched: HashMap<TenantId, watch::Sender<Seen>>,
    /// Whether the task that asks runs.
    asking: bool,
    open: HashMap<TenantId, u64>,
}

/// A tenant's version as it was seen last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The version; `None` before the first look, or of no tenant.
    pub version: Option<i64>,
    /// When it was the newest.
    pub as_of: DateTime<Utc>,
}

/// Tells of new versions of one tenant while it is kept.
#[derive(Debug, Clone)]
pub struct Watched {
    seen: watch::Receiver<Seen>,
}

/// One open connection of a tenant; counts no more when dropped.
#[derive(Debug)]
pub struct Connection {
    live: Live,
    tenant: TenantId,
}

impl Live {
    pub(crate) fn new(versions: VersionCheck, plans: Plans) -> Self {
        Self {
            versions,
            plans,
            state: Arc::default(),
        }
    }

    /// Watches a tenant's version.
    pub fn watch(&self, tenant: &TenantId) -> Watched {
        let mut state = self.lock();
        let begin = || {
            let unseen = Seen {
                version: None,
                as_of: Utc::now(),
            };
            watch::Sender::new(unseen)
        };
        let sender = state.watched.entry(tenant.clone()).or_insert_with(begin);
        let seen = sender.subscribe();
        if !std::mem::replace(&mut state.asking, true) {
            tokio::spawn(self.clone().ask());
        }
        Watched { seen }
    }

    /// Counts a connection of the tenant. Errors: `LimitExceeded` when its plan
    /// allows no more on one server, `NotFound`.
    pub async fn connect(&self, tenant: &TenantId) -> Result<Connection> {
        let plan = self.plans.holding(tenant).await?;
        let allowed = plan.live_connections;
        let full = {
            let mut state = self.lock();
            let open = state.open.entry(tenant.clone()).or_default();
            let full = *open >= allowed;
            *open += u64::from(!full);
            full.then_some(*open)
        };
        match full {
            None => Ok(Connection {
                live: self.clone(),
                tenant: tenant.clone(),
            }),
            Some(used) => Err(Error::LimitExceeded {
                limit: CONNECTIONS,
                used,
                allowed,
                needed: used + 1,
                plan: plan.name.clone(),
                resets_at: None,
                allowed_by: self
                    .plans
                    .that_allows(CONNECTIONS, used + 1, (&plan.name, allowed))
                    .await,
            }),
        }
    }

    /// How many connections the tenant has open on this server.
    pub fn open(&self, tenant: &TenantId) -> u64 {
        self.lock().open.get(tenant).copied().unwrap_or_default()
    }

    /// Asks until nobody watches.
    async fn ask(self) {
        loop {
            let tenants: Vec<TenantId> = {
                let mut state = self.lock();
                state.watched.retain(|_, sender| !sender.is_closed());
                if state.watched.is_empty() {
                    state.asking = false;
                    return;
                }
                state.watched.keys().cloned().collect()
            };
            let names: Vec<&str> = tenants.iter().map(TenantId::as_str).collect();
            // No newer than what is then seen: asked for before it was looked at.
            let as_of = Utc::now();
            let pause = match self.versions.versions(&names).await {
                Ok(versions) => {
                    self.tell(&versions, as_of);
                    EVERY
                }
                Err(error) => {
                    tracing::warn!(%error, "live views do not move: the catalog does not answer");
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    fn tell(&self, versions: &HashMap<String, i64>, as_of: DateTime<Utc>) {
        for (tenant, sender) in &self.lock().watched {
            let version = versions.get(tenant.as_str()).copied();
            sender.send_if_modified(|seen| {
                let moved = seen.version != version;
                *seen = Seen { version, as_of };
                moved
            });
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held; the maps are whole either way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    /// What was seen last; [`Self::moved`] waits for what comes after it.
    pub fn seen(&mut self) -> Seen {
        *self.seen.borrow_and_update()
    }

    /// What was seen last, without a word on what is waited for.
    pub fn last(&self) -> Seen {
        *self.seen.borrow()
    }

    /// Waits until the version is another than the last that was taken.
    pub async fn moved(&mut self) {
        if self.seen.changed().await.is_err() {
            // The sender lives as long as this receiver.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.live.lock();
        if let Some(open) = state.open.get_mut(&self.tenant) {
            *open -= 1;
            if *open == 0 {
                state.open.remove(&self.tenant);
            }
        }
    }
}
