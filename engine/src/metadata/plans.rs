//! Plans (subscription tiers): what each allows, what a tenant is allowed
//! besides, and changing both while servers run.
//!
//! What holds for a tenant is remembered for [`REMEMBERED`], so a change is in
//! force on every server within five seconds.

pub mod limit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use self::limit::{Changes, LIMITS, RETENTION_DAYS};
use super::tenant_tx::TenantTx;
use super::tenants::Plan;
use super::{blame, operator_tx};
use crate::error::{Error, Result};

/// How long what holds for a tenant is used without asking again.
const REMEMBERED: Duration = Duration::from_secs(3);

/// Numbers by limit; `None`: no bound, or no override.
pub type Numbers = BTreeMap<&'static str, Option<u64>>;

/// A plan and what it allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanLimits {
    /// Its name.
    pub plan: String,
    /// What it allows.
    pub limits: Numbers,
}

impl PlanLimits {
    /// Whether it allows as much.
    fn allows(&self, limit: &str, needed: u64) -> bool {
        match self.limits.get(limit) {
            Some(Some(allowed)) => *allowed >= needed,
            Some(None) => true,
            None => false,
        }
    }
}

/// What holds for one tenant, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantLimits {
    /// Its plan.
    pub plan: PlanLimits,
    /// What it is allowed instead; `None`: the plan's.
    pub overrides: Numbers,
}

/// Reads and changes plans; cheap to clone.
#[derive(Debug, Clone)]
pub struct Plans {
    pool: PgPool,
    of_tenants: Cache<TenantId, Arc<Plan>>,
    all: Cache<(), Arc<Vec<PlanLimits>>>,
}

impl Plans {
    pub(crate) fn new(pool: PgPool) -> Self {
        let of_tenants = Cache::builder()
            .max_capacity(100_000)
            .time_to_live(REMEMBERED)
            .build();
        let all = Cache::builder()
            .max_capacity(1)
            .time_to_live(REMEMBERED)
            .build();
        Self {
            pool,
            of_tenants,
            all,
        }
    }

    /// All plans, the smallest first.
    pub async fn list(&self) -> Result<Vec<PlanLimits>> {
        let rows = sqlx::query(
            "SELECT plan, to_jsonb(p) AS limits FROM analytics.plan p
             ORDER BY ingest_points_per_day, plan",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(blame)?;
        let plan = |row: &sqlx::postgres::PgRow| PlanLimits {
            plan: row.get("plan"),
            limits: numbers(&row.get("limits")),
        };
        Ok(rows.iter().map(plan).collect())
    }

    /// Changes some limits of a plan and answers all of it. Errors: `Invalid`
    /// for a limit or number that cannot be, `NotFound` for an unknown plan.
    pub async fn change(&self, plan: &str, changes: &Changes) -> Result<PlanLimits> {
        limit::check(changes, |limit| limit.name == RETENTION_DAYS)?;
        let mut tx = operator_tx::begin(&self.pool).await?;
        // What is not named stays: the record is filled over what it was.
        let changed = sqlx::query(
            "UPDATE analytics.plan AS p SET (
                 dimension_keys, metrics, ingest_points_per_day, result_rows, query_memory_bytes,
                 query_timeout_ms, export_rows, retention_days, queries_per_second,
                 concurrent_queries, scan_bytes_per_day, exports_per_day, concurrent_exports,
                 forecasts_per_day, live_connections, saved_queries, stored_bytes, api_keys) = (
                 SELECT n.dimension_keys, n.metrics, n.ingest_points_per_day, n.result_rows,
                 n.query_memory_bytes, n.query_timeout_ms, n.export_rows, n.retention_days,
                 n.queries_per_second, n.concurrent_queries, n.scan_bytes_per_day,
                 n.exports_per_day, n.concurrent_exports, n.forecasts_per_day,
                 n.live_connections, n.saved_queries, n.stored_bytes, n.api_keys
                 FROM jsonb_populate_record(p, $2) n)
             WHERE p.plan = $1 RETURNING to_jsonb(p) AS limits",
        )
        .bind(plan)
        .bind(json(changes))
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
        let changed = changed.ok_or_else(|| Error::NotFound {
            what: format!("the plan {plan:?}"),
        })?;
        self.of_tenants.invalidate_all();
        self.all.invalidate_all();
        Ok(PlanLimits {
            plan: plan.to_owned(),
            limits: numbers(&changed.get("limits")),
        })
    }

    /// What a tenant is allowed, and why. Errors: `NotFound`.
    pub async fn of_tenant(&self, tenant: &TenantId) -> Result<TenantLimits> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let row = sqlx::query(
            "SELECT p.plan, to_jsonb(p) AS limits,
                    coalesce(to_jsonb(o), '{}') AS overrides
             FROM analytics.tenant t JOIN analytics.plan p USING (plan)
             LEFT JOIN analytics.plan_override o USING (tenant_id) WHERE t.tenant_id = $1",
        )
        .bind(tenant.as_str())
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?
        .ok_or_else(|| unknown(tenant))?;
        Ok(TenantLimits {
            plan: PlanLimits {
                plan: row.get("plan"),
                limits: numbers(&row.get("limits")),
            },
            overrides: numbers(&row.get("overrides")),
        })
    }

    /// Changes some of a tenant's own limits; null makes one the plan's again.
    /// Errors: `Invalid` for a limit or number that cannot be, `NotFound`.
    pub async fn override_limits(
        &self,
        tenant: &TenantId,
        changes: &Changes,
    ) -> Result<TenantLimits> {
        limit::check(changes, |_| true)?;
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        sqlx::query(
            "INSERT INTO analytics.plan_override (tenant_id)
             SELECT tenant_id FROM analytics.tenant WHERE tenant_id = $1 ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        let changed = sqlx::query(
            "UPDATE analytics.plan_override AS o SET (
                 dimension_keys, metrics, ingest_points_per_day, result_rows, query_memory_bytes,
                 query_timeout_ms, export_rows, retention_days, queries_per_second,
                 concurrent_queries, scan_bytes_per_day, exports_per_day, concurrent_exports,
                 forecasts_per_day, live_connections, saved_queries, stored_bytes, api_keys) = (
                 SELECT n.dimension_keys, n.metrics, n.ingest_points_per_day, n.result_rows,
                 n.query_memory_bytes, n.query_timeout_ms, n.export_rows, n.retention_days,
                 n.queries_per_second, n.concurrent_queries, n.scan_bytes_per_day,
                 n.exports_per_day, n.concurrent_exports, n.forecasts_per_day,
                 n.live_connections, n.saved_queries, n.stored_bytes, n.api_keys
                 FROM jsonb_populate_record(o, $2) n)
             WHERE o.tenant_id = $1",
        )
        .bind(tenant.as_str())
        .bind(json(changes))
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        if changed.rows_affected() == 0 {
            return Err(unknown(tenant));
        }
        tx.commit().await.map_err(blame)?;
        self.of_tenants.invalidate(tenant).await;
        self.of_tenant(tenant).await
    }

    /// What holds for the tenant, at most [`REMEMBERED`] old. Errors: `NotFound`.
    pub(crate) async fn holding(&self, tenant: &TenantId) -> Result<Arc<Plan>> {
        if let Some(plan) = self.of_tenants.get(tenant).await {
            return Ok(plan);
        }
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let row = sqlx::query("SELECT * FROM analytics.tenant_limits WHERE tenant_id = $1")
            .bind(tenant.as_str())
            .fetch_optional(&mut *tx)
            .await
            .map_err(blame)?
            .ok_or_else(|| unknown(tenant))?;
        let plan = Arc::new(Plan::from_row(&row));
        self.of_tenants.insert(tenant.clone(), plan.clone()).await;
        Ok(plan)
    }

    /// The smallest plan that allows as much of a limit, if one does and the
    /// catalog answers: it is for the text of a refusal by `allowed` under
    /// `plan`. None for a tenant with a number of its own: that would hold under
    /// every plan.
    pub(crate) async fn that_allows(
        &self,
        limit: &str,
        needed: u64,
        (plan, allowed): (&str, u64),
    ) -> Option<String> {
        let all = match self.all.get(&()).await {
            Some(all) => all,
            None => {
                let all = Arc::new(self.list().await.ok()?);
                self.all.insert((), all.clone()).await;
                all
            }
        };
        let own = all.iter().find(|known| known.plan == plan)?;
        if own.limits.get(limit) != Some(&Some(allowed)) {
            return None;
        }
        let plan = all.iter().find(|plan| plan.allows(limit, needed))?;
        Some(plan.plan.clone())
    }

    /// Takes `needed` of today's rest of a limit of a day, or up to `wanted`
    /// where that is little. What several servers take is never more than the
    /// limit. Errors: `LimitExceeded`; `Unavailable` while the catalog does not
    /// answer, and then nothing may be done.
    pub(crate) async fn spend(
        &self,
        tenant: &TenantId,
        limit: &'static str,
        needed: u64,
        wanted: u64,
    ) -> Result<Granted> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let row = sqlx::query(
            "SELECT granted, used, allowed, plan, resets_at FROM analytics.spend($1, $2, $3, $4)",
        )
        .bind(tenant.as_str())
        .bind(limit)
        .bind(whole(needed))
        .bind(whole(wanted))
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?
        .ok_or_else(|| unknown(tenant))?;
        let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or_default();
        let (granted, used) = (number("granted"), number("used"));
        if granted < needed {
            drop(tx);
            let needed = used.saturating_add(needed);
            let (plan, allowed) = (row.get::<String, _>("plan"), number("allowed"));
            let allowed_by = self.that_allows(limit, needed, (&plan, allowed));
            return Err(Error::LimitExceeded {
                limit,
                used,
                allowed,
                needed,
                allowed_by: allowed_by.await,
                plan,
                resets_at: Some(row.get("resets_at")),
            });
        }
        // Were it unknown whether this happened, nothing would be done with it.
        tx.commit().await.map_err(blame)?;
        Ok(Granted {
            amount: granted,
            until: row.get("resets_at"),
        })
    }

    /// Gives back what was taken of a day and not used. Nothing of a day that
    /// is over.
    pub(crate) async fn give_back(
        &self,
        tenant: &TenantId,
        limit: &'static str,
        granted: &Granted,
    ) -> Result<()> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        sqlx::query(
            "UPDATE analytics.spent SET used = greatest(used - $3, 0)
             WHERE tenant_id = $1 AND limit_name = $2
               AND day = ($4 AT TIME ZONE 'UTC')::date - 1",
        )
        .bind(tenant.as_str())
        .bind(limit)
        .bind(whole(granted.amount))
        .bind(granted.until)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        tx.commit().await.map_err(blame)
    }
}

/// Refuses one more API key than the plan allows. Who makes one at the same
/// time waits until this transaction ends. An unknown tenant has room: making
/// the key says that it is not there.
pub(super) async fn room_for_key(tx: &mut TenantTx, tenant: &TenantId) -> Result<()> {
    sqlx::query("SELECT FROM analytics.tenant WHERE tenant_id = $1 FOR NO KEY UPDATE")
        .bind(tenant.as_str())
        .execute(&mut **tx)
        .await
        .map_err(blame)?;
    let row = sqlx::query(
        "SELECT l.plan, l.api_keys, k.used,
                (SELECT p.plan FROM analytics.plan p WHERE p.api_keys > k.used
                 -- A number of its own would hold under every plan.
                 AND NOT EXISTS (SELECT FROM analytics.plan_override o
                                 WHERE o.tenant_id = l.tenant_id AND o.api_keys IS NOT NULL)
                 ORDER BY p.api_keys, p.plan LIMIT 1) AS allowed_by
         FROM analytics.tenant_limits l CROSS JOIN LATERAL (
             SELECT count(*) AS used FROM analytics.api_key a
             WHERE a.tenant_id = l.tenant_id AND a.revoked_at IS NULL
               AND (a.expires_at IS NULL OR a.expires_at > now())) k
         WHERE l.tenant_id = $1",
    )
    .bind(tenant.as_str())
    .fetch_optional(&mut **tx)
    .await
    .map_err(blame)?;
    let Some(row) = row else { return Ok(()) };
    let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or_default();
    let (used, allowed) = (number("used"), number("api_keys"));
    if used < allowed {
        return Ok(());
    }
    Err(Error::LimitExceeded {
        limit: "api_keys",
        used,
        allowed,
        needed: used + 1,
        plan: row.get("plan"),
        resets_at: None,
        allowed_by: row.get("allowed_by"),
    })
}

/// What was taken of a limit of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Granted {
    pub(crate) amount: u64,
    /// The end of that day.
    pub(crate) until: chrono::DateTime<chrono::Utc>,
}

fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn json(changes: &Changes) -> Value {
    Value::Object(changes.clone().into_iter().collect())
}

/// The limits among a row's columns.
fn numbers(row: &Value) -> Numbers {
    let number = |limit: &limit::Limit| (limit.name, row[limit.name].as_u64());
    LIMITS.iter().map(number).collect()
}

fn unknown(tenant: &TenantId) -> Error {
    Error::NotFound {
        what: format!("tenant {tenant}"),
    }
}
