//! What questions used, added to the catalog in batches and read for bills.

use chrono::NaiveDate;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;

use super::tenant_tx::TenantTx;
use super::{blame, upkeep};
use crate::error::{Error, Result};

/// What one tenant's questions used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Used {
    /// Dashboards.
    pub dashboards: u64,
    /// SQL queries.
    pub sql_queries: u64,
    /// Exports.
    pub exports: u64,
    /// Forecasts.
    pub forecasts: u64,
    /// Bytes fetched from stored files.
    pub scanned_bytes: u64,
    /// Computing, microseconds, as the query's operators measured it.
    pub cpu_us: u64,
    /// Rows of answers.
    pub result_rows: u64,
}

impl Used {
    /// From a row with a column for each.
    pub(super) fn from_row(row: &PgRow) -> Self {
        let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or_default();
        Self {
            dashboards: number("dashboards"),
            sql_queries: number("sql_queries"),
            exports: number("exports"),
            forecasts: number("forecasts"),
            scanned_bytes: number("scanned_bytes"),
            cpu_us: number("cpu_us"),
            result_rows: number("result_rows"),
        }
    }

    pub(crate) fn add(&mut self, more: &Self) {
        for (sum, more) in [
            (&mut self.dashboards, more.dashboards),
            (&mut self.sql_queries, more.sql_queries),
            (&mut self.exports, more.exports),
            (&mut self.forecasts, more.forecasts),
            (&mut self.scanned_bytes, more.scanned_bytes),
            (&mut self.cpu_us, more.cpu_us),
            (&mut self.result_rows, more.result_rows),
        ] {
            *sum = sum.saturating_add(more);
        }
    }
}

/// What one tenant used on one UTC day, all told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Billed {
    /// The tenant.
    pub tenant: TenantId,
    /// The day.
    pub day: NaiveDate,
    /// Points accepted from requests.
    pub points: u64,
    /// Points that an operator imported.
    pub imported: u64,
    /// Bytes stored, the most that was seen.
    pub stored_bytes: u64,
    /// What its questions used.
    pub used: Used,
}

/// Adds what tenants used on days; in the order of tenants.
pub(crate) async fn add(pool: &PgPool, used: &[(TenantId, NaiveDate, Used)]) -> Result<()> {
    let each = |of: fn(&Used) -> u64| -> Vec<i64> {
        let number = |(_, _, used): &(_, _, Used)| i64::try_from(of(used)).unwrap_or(i64::MAX);
        used.iter().map(number).collect()
    };
    let tenants: Vec<&str> = used.iter().map(|(tenant, ..)| tenant.as_str()).collect();
    let days: Vec<NaiveDate> = used.iter().map(|(_, day, _)| *day).collect();
    sqlx::query("SELECT analytics.meter($1, $2, $3, $4, $5, $6, $7, $8, $9)")
        .bind(tenants)
        .bind(days)
        .bind(each(|used| used.dashboards))
        .bind(each(|used| used.sql_queries))
        .bind(each(|used| used.exports))
        .bind(each(|used| used.forecasts))
        .bind(each(|used| used.scanned_bytes))
        .bind(each(|used| used.cpu_us))
        .bind(each(|used| used.result_rows))
        .execute(pool)
        .await
        .map(drop)
        .map_err(blame)
}

/// Notes for today how much each tenant has stored.
pub async fn look_at_stored(pool: &PgPool) -> Result<()> {
    let mut tx = upkeep::look(pool).await?;
    sqlx::query(
        "INSERT INTO analytics.query_usage AS u (tenant_id, day, stored_bytes)
         SELECT tenant_id, (now() AT TIME ZONE 'UTC')::date, sum(bytes)::bigint
         FROM analytics.data_file WHERE removed_version IS NULL
         GROUP BY tenant_id ORDER BY tenant_id
         ON CONFLICT (tenant_id, day) DO UPDATE
             SET stored_bytes = greatest(u.stored_bytes, excluded.stored_bytes)",
    )
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// What all tenants used on the days from `from` to `to`, both included, by day
/// and tenant.
pub async fn of_all(pool: &PgPool, from: NaiveDate, to: NaiveDate) -> Result<Vec<Billed>> {
    let mut tx = upkeep::look(pool).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, day, coalesce(u.points, 0) AS points, coalesce(u.imported, 0) AS imported,
                coalesce(q.dashboards, 0) AS dashboards, coalesce(q.sql_queries, 0) AS sql_queries,
                coalesce(q.exports, 0) AS exports, coalesce(q.forecasts, 0) AS forecasts,
                coalesce(q.scanned_bytes, 0) AS scanned_bytes, coalesce(q.cpu_us, 0) AS cpu_us,
                coalesce(q.result_rows, 0) AS result_rows,
                coalesce(q.stored_bytes, 0) AS stored_bytes
         FROM (SELECT * FROM analytics.usage WHERE day BETWEEN $1 AND $2) u
         FULL JOIN (SELECT * FROM analytics.query_usage WHERE day BETWEEN $1 AND $2) q
             USING (tenant_id, day) ORDER BY day, tenant_id",
    )
    .bind(from)
    .bind(to)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    rows.iter()
        .map(|row| {
            let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or_default();
            Ok(Billed {
                tenant: TenantId::new(row.get("tenant_id")).map_err(Error::internal)?,
                day: row.get("day"),
                points: number("points"),
                imported: number("imported"),
                stored_bytes: number("stored_bytes"),
                used: Used::from_row(row),
            })
        })
        .collect()
}

/// What a tenant holds and has used today of what the catalog counts, by the
/// name of the limit.
pub(crate) async fn held(pool: &PgPool, tenant: &TenantId) -> Result<Vec<(String, u64)>> {
    let mut tx = TenantTx::snapshot(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT 'ingest_points_per_day' AS name, coalesce(sum(points), 0)::bigint AS used
             FROM analytics.usage
             WHERE tenant_id = $1 AND day = (now() AT TIME ZONE 'UTC')::date
         UNION ALL SELECT 'dimension_keys', count(*) FROM analytics.dimension_key WHERE tenant_id = $1
         UNION ALL SELECT 'metrics', count(*) FROM analytics.metric WHERE tenant_id = $1
         UNION ALL SELECT 'stored_bytes', coalesce(sum(bytes), 0)::bigint FROM analytics.data_file
             WHERE tenant_id = $1 AND removed_version IS NULL
         UNION ALL SELECT 'api_keys', count(*) FROM analytics.api_key WHERE tenant_id = $1
             AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
         UNION ALL SELECT limit_name, used FROM analytics.spent
             WHERE tenant_id = $1 AND day = (now() AT TIME ZONE 'UTC')::date",
    )
    .bind(tenant.as_str())
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let named = |row: &PgRow| {
        let used: i64 = row.get("used");
        (row.get("name"), u64::try_from(used).unwrap_or_default())
    };
    Ok(rows.iter().map(named).collect())
}

/// Bytes of a tenant's live files.
pub(crate) async fn stored_bytes(pool: &PgPool, tenant: &TenantId) -> Result<u64> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let bytes: i64 = sqlx::query_scalar(
        "SELECT coalesce(sum(bytes), 0)::bigint FROM analytics.data_file
         WHERE tenant_id = $1 AND removed_version IS NULL",
    )
    .bind(tenant.as_str())
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)?;
    Ok(u64::try_from(bytes).unwrap_or_default())
}
