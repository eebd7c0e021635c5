//! What `check` asks the catalog, a page of files at a time, in short
//! transactions: a check of many hours holds up nobody.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::{FileId, TenantId};
use uuid::Uuid;

use super::blame;
use super::tenant_tx::TenantTx;
use super::upkeep::look;
use crate::error::{Error, Result};

/// Files of one page.
const PAGE: i64 = 2_000;

/// A file as the catalog has it, live or in its grace period.
#[derive(Debug, Clone)]
pub(crate) struct CheckedFile {
    pub(crate) id: FileId,
    pub(crate) live: bool,
    /// `None`: inline.
    pub(crate) object_key: Option<String>,
    pub(crate) rollup_key: Option<String>,
    pub(crate) detail_key: Option<String>,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    /// Bytes of an inline file's payload.
    pub(crate) payload_bytes: Option<u64>,
    pub(crate) sha256: Vec<u8>,
    pub(crate) min_recorded_at: DateTime<Utc>,
    pub(crate) max_recorded_at: DateTime<Utc>,
    pub(crate) statistics: serde_json::Value,
    /// The zone of stored partials; `None`: nothing is stored.
    pub(crate) rollup_zone: Option<String>,
}

/// Tenants that have files or uploads, and how many files each has.
pub(crate) async fn tenants(pool: &PgPool) -> Result<Vec<(TenantId, u64)>> {
    let mut tx = look(pool).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, sum(files)::bigint FROM (
             SELECT tenant_id, count(*) AS files FROM analytics.data_file GROUP BY tenant_id
             UNION ALL SELECT DISTINCT tenant_id, 0 FROM analytics.pending_upload) AS every
         GROUP BY tenant_id ORDER BY tenant_id",
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    rows.iter()
        .map(|row| {
            let tenant = TenantId::new(row.get(0)).map_err(Error::internal)?;
            Ok((tenant, number(row, 1)))
        })
        .collect()
}

/// How many files a tenant has. Errors: `NotFound` for an unknown tenant.
pub(crate) async fn files(pool: &PgPool, tenant: &TenantId) -> Result<u64> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = sqlx::query(
        "SELECT count(f.file_id) FROM analytics.tenant t
         LEFT JOIN analytics.data_file f USING (tenant_id) WHERE t.tenant_id = $1
         GROUP BY t.tenant_id",
    )
    .bind(tenant.as_str())
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    let row = row.ok_or_else(|| Error::NotFound {
        what: format!("tenant {tenant}"),
    })?;
    Ok(number(&row, 0))
}

/// The next files by id, none when there are no more.
pub(crate) async fn files_after(
    pool: &PgPool,
    tenant: &TenantId,
    after: Option<FileId>,
) -> Result<Vec<CheckedFile>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT file_id, removed_version IS NULL AS live, object_key, rollup_key, detail_key, rows, bytes,
                octet_length(payload)::bigint AS payload_bytes, sha256, min_recorded_at,
                max_recorded_at, statistics,
                CASE WHEN rollup IS NULL AND rollup_key IS NULL THEN NULL ELSE rollup_zone END AS rollup_zone
         FROM analytics.data_file WHERE tenant_id = $1 AND file_id > $2
         ORDER BY file_id LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(after.map_or(Uuid::nil(), |file| file.0))
    .bind(PAGE)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    Ok(rows.iter().map(checked_file).collect())
}

fn checked_file(row: &PgRow) -> CheckedFile {
    CheckedFile {
        id: FileId(row.get("file_id")),
        live: row.get("live"),
        object_key: row.get("object_key"),
        rollup_key: row.get("rollup_key"),
        detail_key: row.get("detail_key"),
        rows: number(row, "rows"),
        bytes: number(row, "bytes"),
        payload_bytes: row
            .get::<Option<i64>, _>("payload_bytes")
            .and_then(|bytes| u64::try_from(bytes).ok()),
        sha256: row.get("sha256"),
        min_recorded_at: row.get("min_recorded_at"),
        max_recorded_at: row.get("max_recorded_at"),
        statistics: row.get("statistics"),
        rollup_zone: row.get("rollup_zone"),
    }
}

/// Whether the file is still live and its roll-up where it was.
pub(crate) async fn is_as_it_was(
    pool: &PgPool,
    tenant: &TenantId,
    file: &CheckedFile,
) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM analytics.data_file
         WHERE tenant_id = $1 AND file_id = $2 AND removed_version IS NULL
           AND rollup_key IS NOT DISTINCT FROM $3 AND detail_key IS NOT DISTINCT FROM $4
           AND CASE WHEN rollup IS NULL AND rollup_key IS NULL THEN NULL ELSE rollup_zone END
               IS NOT DISTINCT FROM $5)",
    )
    .bind(tenant.as_str())
    .bind(file.id.0)
    .bind(&file.rollup_key)
    .bind(&file.detail_key)
    .bind(&file.rollup_zone)
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)
}

/// Keys of uploads that no commit has settled.
pub(crate) async fn pending(pool: &PgPool, tenant: &TenantId) -> Result<Vec<String>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar("SELECT object_key FROM analytics.pending_upload WHERE tenant_id = $1")
        .bind(tenant.as_str())
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)
}

/// Which of these objects neither a file nor an upload names, at one moment:
/// a commit makes an upload a file's in one step. They are looked for by their
/// keys alone: a roll-up that was made again has an id of its own in its key.
pub(crate) async fn unknown(
    pool: &PgPool,
    tenant: &TenantId,
    keys: &[String],
) -> Result<Vec<String>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar(
        "SELECT unnest($2::text[])
         EXCEPT SELECT unnest(ARRAY[f.object_key, f.rollup_key, f.detail_key])
             FROM analytics.data_file f WHERE f.tenant_id = $1
         EXCEPT SELECT u.object_key FROM analytics.pending_upload u WHERE u.tenant_id = $1",
    )
    .bind(tenant.as_str())
    .bind(keys)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)
}

fn number<I: sqlx::ColumnIndex<PgRow>>(row: &PgRow, column: I) -> u64 {
    u64::try_from(row.get::<i64, _>(column)).unwrap_or(0)
}
