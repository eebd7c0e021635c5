//! Whether the credential that opened a stream still stands, looked at again
//! each second, once for all streams that it opened.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use engine::Access;
use engine::metadata::embed_tokens::{Panel, Shown};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, Kept, ToShow};

/// How often it is looked at. What is known of a credential may be three seconds
/// old, so that a revoked one ends within five.
const EVERY: Duration = Duration::from_secs(1);

/// How long streams stay open while it cannot be looked at.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The credential has expired or was revoked.
    Credential,
    /// It shows something else than when the stream began, or the dashboard was
    /// changed.
    Changed,
    /// It can no longer be looked at.
    Unknown,
    /// The server stops.
    Stopping,
}

/// What the credential must still open.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Expected {
    access: Arc<Access>,
    panels: Option<BTreeSet<Panel>>,
    embedded: Option<Shown>,
    /// The dashboard that is shown, and its version.
    dashboard: Option<(Uuid, i32)>,
}

/// Credentials that are looked at.
#[derive(Debug, Default)]
pub(super) struct Guards(Mutex<HashMap<Key, watch::Sender<Option<Reason>>>>);

type Key = ([u8; 32], Expected);

/// Says when a stream has to end.
#[derive(Debug, Clone)]
pub(crate) struct Guard(watch::Receiver<Option<Reason>>);

impl Expected {
    /// What the caller sees now.
    pub(crate) fn of(caller: &Caller<ToShow>, dashboard: Option<(Uuid, i32)>) -> Self {
        Self {
            access: caller.access.clone(),
            panels: caller.panels.clone(),
            embedded: caller.dashboard.clone(),
            dashboard,
        }
    }
}

impl Guard {
    /// A guard for a stream that this credential opens.
    pub(crate) fn new(app: &App, kept: &Kept, expected: Expected) -> Self {
        let key = (kept.mark(), expected);
        let guards = &app.live.inner.guards.0;
        let mut guards = guards.lock().unwrap_or_else(PoisonError::into_inner);
        guards.retain(|_, guard| !guard.is_closed());
        if let Some(guard) = guards.get(&key) {
            return Self(guard.subscribe());
        }
        let sender = watch::Sender::new(None);
        let guard = Self(sender.subscribe());
        guards.insert(key.clone(), sender.clone());
        tokio::spawn(look(app.clone(), kept.clone(), key.1, sender));
        guard
    }

    /// Ends when the stream has to.
    pub(crate) async fn ended(&mut self) -> Reason {
        let ended = self.0.wait_for(Option::is_some).await;
        ended
            .ok()
            .and_then(|reason| *reason)
            .unwrap_or(Reason::Unknown)
    }
}

async fn look(app: App, kept: Kept, expected: Expected, sender: watch::Sender<Option<Reason>>) {
    let mut looked = Instant::now();
    loop {
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            () = app.live.stopped() => {
                sender.send_replace(Some(Reason::Stopping));
                return;
            }
            () = sender.closed() => return,
        }
        let reason = match stands(&app, &kept, &expected).await {
            Ok(None) => {
                looked = Instant::now();
                continue;
            }
            Ok(Some(reason)) => reason,
            Err(()) if looked.elapsed() < PATIENCE => continue,
            Err(()) => Reason::Unknown,
        };
        sender.send_replace(Some(reason));
        return;
    }
}

/// Why the stream has to end, if it has; an error when that cannot be said.
async fn stands(app: &App, kept: &Kept, expected: &Expected) -> Result<Option<Reason>, ()> {
    let caller = match kept.caller::<ToShow>(app).await {
        Ok(caller) => caller,
        Err(problem) => {
            return match problem.status() {
                StatusCode::UNAUTHORIZED => Ok(Some(Reason::Credential)),
                StatusCode::FORBIDDEN => Ok(Some(Reason::Changed)),
                _ => Err(()),
            };
        }
    };
    let who = caller.identity.to_string();
    let shown = match expected.dashboard {
        None => None,
        Some((id, _)) => {
            let dashboards = app.engine.dashboards();
            let found = match &caller.dashboard {
                Some(_) => dashboards.recent(&caller.tenant, id).await,
                None => {
                    let viewer = caller.viewer(&who);
                    dashboards.recent_as(&caller.tenant, viewer, id).await
                }
            };
            match found.map_err(drop)? {
                Some(found) => Some((id, found.version)),
                None => return Ok(Some(Reason::Changed)),
            }
        }
    };
    let same = Expected::of(&caller, shown) == *expected;
    Ok((!same).then_some(Reason::Changed))
}
