//! What a tenant used. Commits write it; see `analytics.commit_files`.

use chrono::NaiveDate;
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use super::blame;
use super::tenant_tx::TenantTx;
use crate::error::Result;

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
}

/// All days, the latest first.
pub async fn by_day(pool: &PgPool, tenant: &TenantId) -> Result<Vec<DayUsage>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT day, points, imported, duplicates, rejected FROM analytics.usage
         WHERE tenant_id = $1 ORDER BY day DESC",
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
    };
    Ok(rows.iter().map(usage).collect())
}
