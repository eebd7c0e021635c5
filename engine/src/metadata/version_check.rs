//! "Is my snapshot still the newest?", asked by many requests in one statement.
//!
//! A request may share a check that began after it arrived, never an older
//! one, so an answer is never older than the question.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use tokio::sync::oneshot;

use super::blame;
use crate::error::{Error, Result};

type Answer = Result<Option<i64>, ()>;

/// Collects the checks that wait while one is under way.
#[derive(Debug, Clone)]
pub struct VersionCheck {
    pool: PgPool,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    waiting: Vec<(TenantId, oneshot::Sender<Answer>)>,
}

impl VersionCheck {
    /// Checks over this pool.
    pub fn new(pool: PgPool) -> Self {
        Self {
            pool,
            state: Arc::default(),
        }
    }

    /// The tenant's version now; `None` when there is no such tenant.
    pub async fn version(&self, tenant: &TenantId) -> Result<Option<i64>> {
        let (sender, receiver) = oneshot::channel();
        let lead = {
            let mut state = self.lock();
            state.waiting.push((tenant.clone(), sender));
            !std::mem::replace(&mut state.running, true)
        };
        if lead {
            // Its own task, so that a dropped request does not leave others waiting.
            tokio::spawn(self.clone().run());
        }
        match receiver.await {
            Ok(Ok(version)) => Ok(version),
            _ => Err(Error::Unavailable {
                message: "the catalog does not answer; nothing was changed".into(),
                retry_after: super::RETRY_AFTER,
            }),
        }
    }

    async fn run(self) {
        loop {
            let waiting = {
                let mut state = self.lock();
                if state.waiting.is_empty() {
                    state.running = false;
                    return;
                }
                std::mem::take(&mut state.waiting)
            };
            let versions = self.ask(&waiting).await;
            for (tenant, sender) in waiting {
                let answer = match &versions {
                    Ok(versions) => Ok(versions.get(tenant.as_str()).copied()),
                    Err(_) => Err(()),
                };
                // A receiver that went away needs no answer.
                let _ = sender.send(answer);
            }
        }
    }

    async fn ask(
        &self,
        waiting: &[(TenantId, oneshot::Sender<Answer>)],
    ) -> Result<HashMap<String, i64>> {
        let mut tenants: Vec<&str> = waiting.iter().map(|(tenant, _)| tenant.as_str()).collect();
        tenants.sort_unstable();
        tenants.dedup();
        self.versions(&tenants).await
    }

    /// The versions of these tenants now, in one statement of its own.
    pub(crate) async fn versions(&self, tenants: &[&str]) -> Result<HashMap<String, i64>> {
        let rows = sqlx::query("SELECT tenant_id, version FROM analytics.tenant_versions($1)")
            .bind(tenants)
            .fetch_all(&self.pool)
            .await
            .map_err(blame)?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
