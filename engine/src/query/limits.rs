//! What holds callers to their plans while they ask, in one process.

use std::time::Instant;

use chrono::Utc;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use super::account::Account;
use super::admission::{Admission, Class, Permit};
use super::allowance::Allowances;
use super::meter::{self, Meter};
use super::rate::Rates;
use crate::error::{Error, Result};
use crate::metadata::plans::{Granted, Plans};
use crate::metadata::tenants::Plan;

const EXPORTS: &str = "exports_per_day";

/// How often what quiet tenants have not used is given back.
const GIVE_BACK_SECONDS: u64 = 30;

/// When what tenants have stored is looked at the first time, after the start.
const FIRST_LOOK_SECONDS: u64 = 60;

/// Whether this process looks at what tenants have stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookAtStored {
    /// For the bill, which has the most that was seen in a day.
    EveryHour,
    /// Another process does.
    Never,
}

/// Plans, turns, rates, the day's rest and the meter; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    pub(crate) plans: Plans,
    pub(crate) admission: Admission,
    pub(crate) allowances: Allowances,
    pub(crate) meter: Meter,
    rates: Rates,
}

impl Limits {
    pub(crate) fn new(pool: &PgPool, memory_bytes: Option<u64>) -> Self {
        let plans = Plans::new(pool.clone());
        Self {
            admission: Admission::new(memory_bytes),
            allowances: Allowances::new(plans.clone()),
            meter: Meter::new(pool.clone()),
            rates: Rates::new(),
            plans,
        }
    }

    pub(crate) fn account(&self, tenant: &TenantId) -> Account {
        let (allowances, meter) = (self.allowances.clone(), self.meter.clone());
        Account::new(tenant.clone(), allowances, meter)
    }

    /// Lets the tenant begin a query in this second. Errors: `LimitExceeded`.
    pub(crate) async fn begin(&self, tenant: &TenantId, plan: &Plan) -> Result<()> {
        let allowed = plan.queries_per_second;
        let Err(wait) = self.rates.take(tenant, allowed, Instant::now()) else {
            return Ok(());
        };
        Err(Error::LimitExceeded {
            limit: "queries_per_second",
            used: allowed,
            allowed,
            needed: allowed + 1,
            plan: plan.name.clone(),
            resets_at: Some(Utc::now() + wait),
            allowed_by: self
                .plans
                .that_allows("queries_per_second", allowed + 1, (&plan.name, allowed))
                .await,
        })
    }

    /// Waits for the tenant's turn; names the plan with more of them.
    pub(crate) async fn enter(
        &self,
        class: Class,
        tenant: &TenantId,
        plan: &Plan,
    ) -> Result<Permit> {
        let mut entered = self.admission.enter(class, tenant, plan).await;
        if let Err(Error::LimitExceeded {
            limit,
            allowed,
            allowed_by,
            ..
        }) = &mut entered
        {
            let now = (plan.name.as_str(), *allowed);
            *allowed_by = self.plans.that_allows(limit, *allowed + 1, now).await;
        }
        entered
    }

    /// Takes one of the day's exports. Errors: `LimitExceeded`, `Unavailable`.
    pub(crate) async fn take_export(&self, tenant: &TenantId) -> Result<Granted> {
        self.plans.spend(tenant, EXPORTS, 1, 1).await
    }

    /// Gives back an export of which nothing came.
    pub(crate) async fn give_back_export(&self, tenant: &TenantId, granted: &Granted) {
        if let Err(error) = self.plans.give_back(tenant, EXPORTS, granted).await {
            tracing::warn!(%error, "an export that failed stays counted");
        }
    }

    /// Adds what was gathered to the catalog, every second, until stopped.
    pub(crate) async fn keep_adding(self, stored: LookAtStored) {
        let mut seconds = 0_u64;
        loop {
            tokio::time::sleep(meter::EVERY).await;
            seconds += 1;
            if let Err(error) = self.meter.flush().await {
                tracing::warn!(%error, "what tenants used is added later");
            }
            if seconds.is_multiple_of(GIVE_BACK_SECONDS) {
                self.allowances.give_back_quiet().await;
            }
            if stored == LookAtStored::EveryHour && seconds % 3_600 == FIRST_LOOK_SECONDS {
                self.meter.look_at_stored().await;
            }
        }
    }

    /// Adds and gives back everything, before the process ends.
    pub(crate) async fn settle(&self) {
        if let Err(error) = self.meter.flush().await {
            tracing::warn!(%error, "what tenants used in the last second is lost");
        }
        self.allowances.give_back_all().await;
    }
}
