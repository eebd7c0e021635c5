//! How long points are kept: by plan, and for a metric by its tenant.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Duration, NaiveTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::{MetricKey, TenantId};

use super::blame;
use super::tenant_tx::TenantTx;
use super::upkeep;
use crate::error::{Error, Result};

/// The kind of job that removes what is older than its retention.
pub const JOB: &str = "retention";

/// What a tenant keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days that the plan keeps; `None`: all.
    pub plan_days: Option<u32>,
    /// Days of single metrics.
    pub metric_days: HashMap<MetricKey, u32>,
}

impl Retention {
    /// Days that this metric is kept: the fewer of plan and metric; `None`: all.
    pub fn days(&self, metric: &MetricKey) -> Option<u32> {
        let own = self.metric_days.get(metric).copied();
        match (self.plan_days, own) {
            (Some(plan), Some(own)) => Some(plan.min(own)),
            (plan, own) => plan.or(own),
        }
    }
}

/// Points recorded before this go when `days` are kept; `None`: none go. A day
/// is kept or goes as a whole, in UTC.
pub fn cutoff(days: Option<u32>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let start = now.checked_sub_signed(Duration::try_days(i64::from(days?))?)?;
    Some(start.date_naive().and_time(NaiveTime::MIN).and_utc())
}

/// What a tenant keeps. Errors: `NotFound`.
pub async fn of_tenant(pool: &PgPool, tenant: &TenantId) -> Result<Retention> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let plan: Option<Option<i32>> = sqlx::query_scalar(
        "SELECT retention_days FROM analytics.tenant_limits WHERE tenant_id = $1",
    )
    .bind(tenant.as_str())
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    let plan = plan.ok_or_else(|| Error::NotFound {
        what: format!("tenant {tenant}"),
    })?;
    let rows = sqlx::query(
        "SELECT platform, metric_type, metric_name, retention_days
         FROM analytics.metric_retention WHERE tenant_id = $1",
    )
    .bind(tenant.as_str())
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let text = |row: &sqlx::postgres::PgRow, name: &str| Arc::<str>::from(row.get::<&str, _>(name));
    let days = |days: i32| u32::try_from(days).unwrap_or(u32::MAX);
    let own = rows.iter().map(|row| {
        let key = MetricKey {
            platform: text(row, "platform"),
            metric_type: text(row, "metric_type"),
            metric_name: text(row, "metric_name"),
        };
        (key, days(row.get("retention_days")))
    });
    Ok(Retention {
        plan_days: plan.map(days),
        metric_days: own.collect(),
    })
}

/// Keeps a metric of an existing tenant for `days`, or as long as the plan
/// does. Errors: `Invalid` for a number of days that is none.
pub async fn set_metric_days(
    pool: &PgPool,
    tenant: &TenantId,
    metric: &MetricKey,
    days: Option<u32>,
) -> Result<()> {
    let days = match days.map(i32::try_from) {
        None => None,
        Some(Ok(days)) if days > 0 => Some(days),
        Some(_) => {
            return Err(Error::invalid(
                "must be a number of days from 1 to 2147483647",
                "days",
            ));
        }
    };
    let query = match days {
        None => {
            "DELETE FROM analytics.metric_retention WHERE tenant_id = $1
               AND platform = $2 AND metric_type = $3 AND metric_name = $4 AND $5::int IS NULL"
        }
        Some(_) => {
            "INSERT INTO analytics.metric_retention VALUES ($1, $2, $3, $4, $5::int)
             ON CONFLICT (tenant_id, platform, metric_type, metric_name)
                 DO UPDATE SET retention_days = excluded.retention_days"
        }
    };
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(query)
        .bind(tenant.as_str())
        .bind(&*metric.platform)
        .bind(&*metric.metric_type)
        .bind(&*metric.metric_name)
        .bind(days)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Puts a job in for each tenant that was there at `due` and has points which
/// may be older than it keeps them: those in files that reach back beyond the
/// fewest days that it keeps anything. Another call for the same moment puts in
/// who has become such a tenant since.
pub async fn schedule(pool: &PgPool, due: DateTime<Utc>) -> Result<u64> {
    let mut tx = upkeep::look(pool).await?;
    let put = sqlx::query(
        "INSERT INTO analytics.job (tenant_id, job_id, kind, due_at, priority)
         SELECT t.tenant_id, gen_random_uuid(), $1, $2, 200
         FROM analytics.tenant t JOIN analytics.plan p USING (plan)
         LEFT JOIN analytics.plan_override o USING (tenant_id)
         CROSS JOIN LATERAL (SELECT least(coalesce(o.retention_days, p.retention_days),
             (SELECT min(m.retention_days) FROM analytics.metric_retention m
              WHERE m.tenant_id = t.tenant_id)) AS days) keeps
         WHERE t.created_at < $2 AND keeps.days IS NOT NULL
           AND EXISTS (SELECT FROM analytics.data_file f
               WHERE f.tenant_id = t.tenant_id AND f.removed_version IS NULL
                 -- Nothing is older than this many days; more have no date.
                 AND f.min_recorded_at < date_trunc('day', now(), 'UTC')
                     - make_interval(days => least(keeps.days, 1000000)))
           AND NOT EXISTS (SELECT FROM analytics.job j
               WHERE j.tenant_id = t.tenant_id AND j.kind = $1 AND j.due_at = $2)
         ON CONFLICT DO NOTHING",
    )
    .bind(JOB)
    .bind(due)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(put.rows_affected())
}

/// All tenants, by name: for an operator's command.
pub(crate) async fn all_tenants(pool: &PgPool) -> Result<Vec<TenantId>> {
    let mut tx = upkeep::look(pool).await?;
    let tenants: Vec<String> =
        sqlx::query_scalar("SELECT tenant_id FROM analytics.tenant ORDER BY tenant_id")
            .fetch_all(&mut *tx)
            .await
            .map_err(blame)?;
    tenants
        .iter()
        .map(|id| TenantId::new(id).map_err(Error::internal))
        .collect()
}
