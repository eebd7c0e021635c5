//! What a tenant used, by day. Commits write what came in, see
//! `analytics.commit_files`, and `metering` what was asked.

use chrono::NaiveDate;
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use super::blame;
use super::metering::Used;
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};

/// One UTC day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayUsage {
    /// The day.
    pub day: NaiveDate,
    /// Points accepted from requests.
    pub points: i64,
    /// Points that an operator imported.
    pub imported: i64,
    /// Points dropped because their event was known.
    pub duplicates: i64,
    /// Points rejected.
    pub rejected: i64,
    /// What its questions used.
    pub asked: Used,
    /// Bytes stored, the most that was seen.
    pub stored_bytes: i64,
}

/// Counts points that were rejected with all of their body: no commit does.
/// Answers the tenant's version. Errors: `NotFound`.
pub(crate) async fn nothing_kept(pool: &PgPool, tenant: &TenantId, rejected: u64) -> Result<i64> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let version: Option<i64> = sqlx::query_scalar(
        "WITH counted AS (
             INSERT INTO analytics.usage AS u (tenant_id, day, points, imported, duplicates, rejected)
                 SELECT t.tenant_id, (now() AT TIME ZONE 'UTC')::date, 0, 0, 0, $2
                 FROM analytics.tenant t WHERE t.tenant_id = $1
                 ON CONFLICT (tenant_id, day) DO UPDATE SET rejected = u.rejected + excluded.rejected)
         SELECT version FROM analytics.tenant_version WHERE tenant_id = $1",
    )
    .bind(tenant.as_str())
    .bind(i64::try_from(rejected).unwrap_or(i64::MAX))
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    let version = version.ok_or_else(|| Error::NotFound {
        what: format!("tenant {tenant}"),
    })?;
    tx.commit().await.map_err(blame)?;
    Ok(version)
}

/// All days, the latest first.
pub async fn by_day(pool: &PgPool, tenant: &TenantId) -> Result<Vec<DayUsage>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT day, coalesce(u.points, 0) AS points, coalesce(u.imported, 0) AS imported,
                coalesce(u.duplicates, 0) AS duplicates, coalesce(u.rejected, 0) AS rejected,
                coalesce(q.dashboards, 0) AS dashboards, coalesce(q.sql_queries, 0) AS sql_queries,
                coalesce(q.exports, 0) AS exports, coalesce(q.forecasts, 0) AS forecasts,
                coalesce(q.scanned_bytes, 0) AS scanned_bytes, coalesce(q.cpu_us, 0) AS cpu_us,
                coalesce(q.result_rows, 0) AS result_rows,
                coalesce(q.stored_bytes, 0) AS stored_bytes
         FROM (SELECT * FROM analytics.usage WHERE tenant_id = $1) u
         FULL JOIN (SELECT * FROM analytics.query_usage WHERE tenant_id = $1) q USING (day)
         ORDER BY day DESC",
    )
    .bind(tenant.as_str())
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let usage = |row: &sqlx::postgres::PgRow| DayUsage {
        day: row.get("day"),
        points: row.get("points"),
        imported: row.get("imported"),
        duplicates: row.get("duplicates"),
        rejected: row.get("rejected"),
        asked: Used::from_row(row),
        stored_bytes: row.get("stored_bytes"),
    };
    Ok(rows.iter().map(usage).collect())
}
