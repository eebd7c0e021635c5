//! Forecasts and anomalies of tenants' metrics: made, stored, and scored later
//! against what happened.
//!
//! The numbers are [`crate::forecast`]'s, which knows no tenant. Here a metric
//! becomes a series by the same path as a structured question, its
//! kind decides the bounds, and what comes of it is stored under the tenant.

pub mod night;

use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use crate::error::Result;
use crate::metadata::daily_runs;
pub use crate::metadata::daily_runs::DailyRun;

/// Forecasts and anomalies; cheap to clone.
#[derive(Debug, Clone)]
pub struct Predictions {
    pool: PgPool,
}

impl Predictions {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Asks for a tenant's nightly run now, whatever its clock says; answers
    /// the run's id, that of one that is under way where there is one. Errors:
    /// `NotFound` for an unknown tenant.
    pub async fn run(&self, tenant: &TenantId) -> Result<Uuid> {
        daily_runs::ask(&self.pool, tenant).await
    }

    /// A run as it stands. Errors: `NotFound`.
    pub async fn run_of(&self, tenant: &TenantId, id: Uuid) -> Result<DailyRun> {
        daily_runs::get(&self.pool, tenant, id).await
    }

    /// A tenant's newest runs, the newest first.
    pub async fn runs(&self, tenant: &TenantId) -> Result<Vec<DailyRun>> {
        daily_runs::list(&self.pool, tenant).await
    }
}
