//! What background work asks the catalog: whose files need attention.
//!
//! Looking over all tenants is done as the role `tessera_maintenance`, which
//! sees names, sizes and times, and may delete what has expired. Whatever else
//! is changed is changed in a [`TenantTx`] of one tenant.

use sqlx::postgres::PgPool;
use sqlx::{Postgres, Row, Transaction};
use storage_layout::{FileId, TenantId};

use super::blame;
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};

/// Tenants looked after in one round.
const TENANTS_PER_ROUND: i64 = 64;

/// Inline files are flushed when one is this old, or there are this many, or
/// they hold this many bytes.
const FLUSH_AGE_SECONDS: i32 = 60;
const FLUSH_FILES: i64 = 256;
const FLUSH_BYTES: i64 = 16 << 20;

/// Replaced files stay this long: longer than the longest query.
const GRACE_SECONDS: i32 = 2 * 3_600;

/// A file that was replaced long enough ago.
#[derive(Debug)]
pub(crate) struct DueFile {
    pub(crate) tenant: TenantId,
    pub(crate) file: FileId,
    pub(crate) object_key: Option<String>,
    pub(crate) rollup_key: Option<String>,
}

async fn look(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    let mut tx = pool.begin().await.map_err(blame)?;
    sqlx::query("SET LOCAL ROLE tessera_maintenance")
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    Ok(tx)
}

/// Tenants whose inline files should become objects, the fullest first.
pub(crate) async fn tenants_to_flush(pool: &PgPool) -> Result<Vec<TenantId>> {
    let mut tx = look(pool).await?;
    let tenants: Vec<String> = sqlx::query_scalar(
        "SELECT tenant_id FROM analytics.data_file
         WHERE removed_version IS NULL AND object_key IS NULL
         GROUP BY tenant_id
         HAVING count(*) >= $1 OR sum(bytes) >= $2 OR min(created_at) < now() - make_interval(secs => $3)
         ORDER BY sum(bytes) DESC LIMIT $4",
    )
    .bind(FLUSH_FILES)
    .bind(FLUSH_BYTES)
    .bind(f64::from(FLUSH_AGE_SECONDS))
    .bind(TENANTS_PER_ROUND)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    tenants
        .iter()
        .map(|id| TenantId::new(id).map_err(Error::internal))
        .collect()
}

/// Tenants with a window of many small objects.
pub(crate) async fn tenants_to_compact(
    pool: &PgPool,
    files: usize,
    bytes: u64,
) -> Result<Vec<TenantId>> {
    let mut tx = look(pool).await?;
    let tenants: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT tenant_id FROM analytics.data_file
         WHERE removed_version IS NULL AND object_key IS NOT NULL AND bytes < $2
         GROUP BY tenant_id, window_name HAVING count(*) >= $1 LIMIT $3",
    )
    .bind(i64::try_from(files).unwrap_or(i64::MAX))
    .bind(i64::try_from(bytes).unwrap_or(i64::MAX))
    .bind(TENANTS_PER_ROUND)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    tenants
        .iter()
        .map(|id| TenantId::new(id).map_err(Error::internal))
        .collect()
}

/// Removes expired event ids and idempotency keys of all tenants, a bounded
/// number at a time.
pub(crate) async fn purge_expired(pool: &PgPool) -> Result<()> {
    for purge in [
        "DELETE FROM analytics.event_seen WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM analytics.event_seen WHERE expires_at < now() LIMIT 20000))",
        "DELETE FROM analytics.idempotency WHERE ctid = ANY (ARRAY(
             SELECT ctid FROM analytics.idempotency WHERE expires_at < now() LIMIT 20000))",
    ] {
        let mut tx = look(pool).await?;
        sqlx::query(purge).execute(&mut *tx).await.map_err(blame)?;
        tx.commit().await.map_err(blame)?;
    }
    Ok(())
}

/// Files whose grace period is over.
pub(crate) async fn due_files(pool: &PgPool) -> Result<Vec<DueFile>> {
    let mut tx = look(pool).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, file_id, object_key, rollup_key FROM analytics.data_file
         WHERE removed_version IS NOT NULL AND removed_at < now() - make_interval(secs => $1)
         ORDER BY removed_at LIMIT 256",
    )
    .bind(f64::from(GRACE_SECONDS))
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let due = |row: &sqlx::postgres::PgRow| {
        Ok(DueFile {
            tenant: TenantId::new(row.get("tenant_id")).map_err(Error::internal)?,
            file: FileId(row.get("file_id")),
            object_key: row.get("object_key"),
            rollup_key: row.get("rollup_key"),
        })
    };
    rows.iter().map(due).collect()
}

/// Removes a replaced file's row, after its objects.
pub(crate) async fn forget_file(pool: &PgPool, tenant: &TenantId, file: FileId) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "DELETE FROM analytics.data_file
         WHERE tenant_id = $1 AND file_id = $2 AND removed_version IS NOT NULL",
    )
    .bind(tenant.as_str())
    .bind(file.0)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Uploads that began long ago and that no commit has settled.
pub(crate) async fn orphans(pool: &PgPool) -> Result<Vec<(TenantId, String)>> {
    let mut tx = look(pool).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, object_key FROM analytics.pending_upload
         WHERE started_at < now() - make_interval(secs => $1) LIMIT 256",
    )
    .bind(f64::from(GRACE_SECONDS))
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let orphan = |row: &sqlx::postgres::PgRow| {
        Ok((
            TenantId::new(row.get(0)).map_err(Error::internal)?,
            row.get(1),
        ))
    };
    rows.iter().map(orphan).collect()
}

/// Whether any file of the catalog, live or replaced, has this key.
pub(crate) async fn is_catalogued(pool: &PgPool, tenant: &TenantId, key: &str) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM analytics.data_file
         WHERE tenant_id = $1 AND (object_key = $2 OR rollup_key = $2))",
    )
    .bind(tenant.as_str())
    .bind(key)
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)
}

/// Forgets an upload that was swept.
pub(crate) async fn forget_upload(pool: &PgPool, tenant: &TenantId, key: &str) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query("DELETE FROM analytics.pending_upload WHERE tenant_id = $1 AND object_key = $2")
        .bind(tenant.as_str())
        .bind(key)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    tx.commit().await.map_err(blame)
}
