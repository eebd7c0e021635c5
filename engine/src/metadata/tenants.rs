//! Tenants and the plans they are on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;

use super::tenant_tx::TenantTx;
use super::{blame, upkeep};
use crate::error::{Error, Result};

/// A tenant as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The plan's name: `free`, `starter`, `pro`, `enterprise` or one of yours.
    pub plan: String,
    /// Days of roll-ups and of `30d` begin at midnight here.
    #[serde(with = "super::zone_name")]
    pub time_zone: chrono_tz::Tz,
}

/// What a list of all tenants says of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantEntry {
    /// Its id.
    pub id: TenantId,
    /// The plan's name.
    pub plan: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// The name of the limit of a tenant's metrics.
pub const METRICS_LIMIT: &str = "metrics";

/// The name of the limit of a tenant's stored points.
pub const STORED_LIMIT: &str = "stored_bytes";

/// What a plan (subscription tier) allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Dimension keys that get columns of their own.
    pub dimension_keys: u32,
    /// Metrics, registered and assumed ones.
    pub metrics: u64,
    /// Points accepted in one UTC day.
    pub ingest_points_per_day: u64,
    /// Rows of one answer.
    pub result_rows: u64,
    /// Memory of one query, bytes.
    pub query_memory_bytes: u64,
    /// Deadline of one query, milliseconds.
    pub query_timeout_ms: u64,
    /// Rows of one export.
    pub export_rows: u64,
    /// SQL queries and exports begun in one second, of one server.
    pub queries_per_second: u64,
    /// Queries that run at once, of one server.
    pub concurrent_queries: u64,
    /// Exports that run at once, of one server.
    pub concurrent_exports: u64,
    /// Bytes of stored points.
    pub stored_bytes: u64,
    /// API keys that are neither revoked nor expired.
    pub api_keys: u64,
    /// Live connections open at once, of one server.
    pub live_connections: u64,
}

/// Creates and looks up tenants.
#[derive(Debug, Clone)]
pub struct Tenants {
    pool: PgPool,
}

impl Tenants {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Creates a tenant. Errors: `Conflict` when it exists, `Invalid` when the
    /// plan does not.
    pub async fn create(&self, id: &TenantId, plan: &str, zone: chrono_tz::Tz) -> Result<Tenant> {
        self.must_be_a_plan(plan).await?;
        let mut tx = TenantTx::begin(&self.pool, id).await?;
        let made = sqlx::query(
            "INSERT INTO analytics.tenant (tenant_id, plan, time_zone) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        )
        .bind(id.as_str())
        .bind(plan)
        .bind(zone.name())
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        if made.rows_affected() == 0 {
            return Err(Error::Conflict {
                message: format!("tenant {id} exists already"),
            });
        }
        sqlx::query("INSERT INTO analytics.tenant_version (tenant_id) VALUES ($1)")
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
        Ok(Tenant {
            id: id.clone(),
            plan: plan.to_owned(),
            time_zone: zone,
        })
    }

    /// Moves a tenant's days to another time zone; answers its version from then
    /// on. Answers are right at once: they are made from the rows until the
    /// roll-ups are rewritten in the background. Errors: `NotFound`.
    pub async fn set_time_zone(&self, id: &TenantId, zone: chrono_tz::Tz) -> Result<i64> {
        let mut tx = TenantTx::begin(&self.pool, id).await?;
        let version: Option<i64> = sqlx::query_scalar("SELECT analytics.set_time_zone($1, $2)")
            .bind(id.as_str())
            .bind(zone.name())
            .fetch_one(&mut *tx)
            .await
            .map_err(blame)?;
        let version = version.ok_or_else(|| Error::NotFound {
            what: format!("tenant {id}"),
        })?;
        tx.commit().await.map_err(blame)?;
        Ok(version)
    }

    /// Up to `limit` tenants, by id, behind `after` if it is given: for the
    /// operator, who sees all of them.
    pub async fn list(&self, after: Option<&str>, limit: u32) -> Result<Vec<TenantEntry>> {
        let mut tx = upkeep::look(&self.pool).await?;
        let rows = sqlx::query(
            "SELECT tenant_id, plan, created_at FROM analytics.tenant
             WHERE tenant_id > coalesce($1, '') ORDER BY tenant_id LIMIT $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
        let entry = |row: &PgRow| {
            Ok(TenantEntry {
                id: TenantId::new(row.get("tenant_id")).map_err(Error::internal)?,
                plan: row.get("plan"),
                created_at: row.get("created_at"),
            })
        };
        rows.iter().map(entry).collect()
    }

    /// Moves a tenant to another plan; running servers see it within five
    /// seconds. Errors: `NotFound`, `Invalid` when there is no such plan.
    pub async fn set_plan(&self, id: &TenantId, plan: &str) -> Result<()> {
        self.must_be_a_plan(plan).await?;
        let mut tx = TenantTx::begin(&self.pool, id).await?;
        let set = sqlx::query("UPDATE analytics.tenant SET plan = $2 WHERE tenant_id = $1")
            .bind(id.as_str())
            .bind(plan)
            .execute(&mut *tx)
            .await
            .map_err(blame)?;
        if set.rows_affected() == 0 {
            return Err(Error::NotFound {
                what: format!("tenant {id}"),
            });
        }
        tx.commit().await.map_err(blame)
    }

    /// The plans that keep points for more than `days`, the smallest first.
    pub async fn plans_that_keep_longer(&self, days: u32) -> Result<Vec<String>> {
        sqlx::query_scalar(
            "SELECT plan FROM analytics.plan WHERE retention_days IS NULL OR retention_days > $1
             ORDER BY ingest_points_per_day, plan",
        )
        .bind(i64::from(days))
        .fetch_all(&self.pool)
        .await
        .map_err(blame)
    }

    /// The smallest plan that allows as many rows of an export, if one does.
    pub async fn plan_for_export(&self, rows: u64) -> Result<Option<String>> {
        sqlx::query_scalar(
            "SELECT plan FROM analytics.plan WHERE export_rows >= $1
             ORDER BY export_rows, plan LIMIT 1",
        )
        .bind(i64::try_from(rows).unwrap_or(i64::MAX))
        .fetch_optional(&self.pool)
        .await
        .map_err(blame)
    }

    async fn must_be_a_plan(&self, plan: &str) -> Result<()> {
        let plans: Vec<String> =
            sqlx::query_scalar("SELECT plan FROM analytics.plan ORDER BY result_rows")
                .fetch_all(&self.pool)
                .await
                .map_err(blame)?;
        match plans.iter().any(|known| known == plan) {
            true => Ok(()),
            false => Err(Error::Invalid {
                message: format!("there is no plan {plan:?}"),
                at: Some("plan".into()),
                location: None,
                hint: Some(format!("use one of {}", plans.join(", "))),
            }),
        }
    }

    /// The tenant. Errors: `NotFound`.
    pub async fn get(&self, id: &TenantId) -> Result<Tenant> {
        Tenant::from_row(&self.row(id).await?)
    }

    /// What holds for the tenant: its plan with its own limits.
    pub async fn plan(&self, id: &TenantId) -> Result<Plan> {
        Ok(Plan::from_row(&self.row(id).await?))
    }

    async fn row(&self, id: &TenantId) -> Result<PgRow> {
        let mut tx = TenantTx::begin(&self.pool, id).await?;
        sqlx::query(
            "SELECT t.time_zone, l.* FROM analytics.tenant t
             JOIN analytics.tenant_limits l USING (tenant_id) WHERE t.tenant_id = $1",
        )
        .bind(id.as_str())
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?
        .ok_or_else(|| Error::NotFound {
            what: format!("tenant {id}"),
        })
    }
}

/// The smallest plan that allows as much of what ingest is limited by: points
/// a day or, with `METRICS_LIMIT` and `STORED_LIMIT`, those.
pub(crate) async fn plan_for_ingest(
    pool: &PgPool,
    limit: &str,
    needed: u64,
) -> Result<Option<String>> {
    let query = match limit {
        METRICS_LIMIT => {
            "SELECT plan FROM analytics.plan WHERE metrics >= $1 ORDER BY metrics, plan LIMIT 1"
        }
        STORED_LIMIT => {
            "SELECT plan FROM analytics.plan WHERE stored_bytes >= $1
             ORDER BY stored_bytes, plan LIMIT 1"
        }
        _ => {
            "SELECT plan FROM analytics.plan WHERE ingest_points_per_day >= $1
             ORDER BY ingest_points_per_day, plan LIMIT 1"
        }
    };
    sqlx::query_scalar(query)
        .bind(i64::try_from(needed).unwrap_or(i64::MAX))
        .fetch_optional(pool)
        .await
        .map_err(blame)
}

impl Tenant {
    pub(super) fn from_row(row: &PgRow) -> Result<Self> {
        let zone: String = row.get("time_zone");
        Ok(Self {
            id: TenantId::new(row.get("tenant_id")).map_err(Error::internal)?,
            plan: row.get("plan"),
            time_zone: zone.parse().map_err(|e| Error::internal(format!("{e}")))?,
        })
    }
}

impl Plan {
    pub(super) fn from_row(row: &PgRow) -> Self {
        let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or(0);
        Self {
            name: row.get("plan"),
            dimension_keys: u32::try_from(number("dimension_keys")).unwrap_or(u32::MAX),
            metrics: number("metrics"),
            ingest_points_per_day: number("ingest_points_per_day"),
            result_rows: number("result_rows"),
            query_memory_bytes: number("query_memory_bytes"),
            query_timeout_ms: number("query_timeout_ms"),
            export_rows: number("export_rows"),
            queries_per_second: number("queries_per_second"),
            concurrent_queries: number("concurrent_queries"),
            concurrent_exports: number("concurrent_exports"),
            stored_bytes: number("stored_bytes"),
            api_keys: number("api_keys"),
            live_connections: number("live_connections"),
        }
    }
}
