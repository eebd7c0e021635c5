//! What tenants used, gathered in memory and added to the catalog every second.
//!
//! A process that is killed loses what it gathered since the last time, a
//! second's worth; one that is stopped loses nothing. Nothing that a limit is
//! held against depends on this: see [`super::allowance`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{NaiveDate, Utc};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use crate::error::Result;
use crate::metadata::metering::{self, Used};

/// Between two times.
pub(crate) const EVERY: Duration = Duration::from_secs(1);

type Gathered = BTreeMap<(TenantId, NaiveDate), Used>;

/// Gathers; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Meter {
    pool: PgPool,
    gathered: Arc<Mutex<Gathered>>,
}

impl Meter {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            pool,
            gathered: Arc::default(),
        }
    }

    /// Counts for today.
    pub(crate) fn count(&self, tenant: &TenantId, used: &Used) {
        let key = (tenant.clone(), Utc::now().date_naive());
        self.lock().entry(key).or_default().add(used);
    }

    /// Adds to the catalog what was gathered. What could not be added is kept
    /// for the next time.
    pub(crate) async fn flush(&self) -> Result<()> {
        let gathered = std::mem::take(&mut *self.lock());
        if gathered.is_empty() {
            return Ok(());
        }
        let list: Vec<_> = gathered
            .into_iter()
            .map(|((tenant, day), used)| (tenant, day, used))
            .collect();
        let added = metering::add(&self.pool, &list).await;
        if added.is_err() {
            let mut kept = self.lock();
            for (tenant, day, used) in list {
                kept.entry((tenant, day)).or_default().add(&used);
            }
        }
        added
    }

    /// Notes what tenants have stored.
    pub(crate) async fn look_at_stored(&self) {
        if let Err(error) = metering::look_at_stored(&self.pool).await {
            tracing::warn!(%error, "what tenants have stored is looked at later");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Gathered> {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
