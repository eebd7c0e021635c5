//! What background work asks the catalog and tells it; whose files need
//! attention is in `looks`, what is swept in `sweep`.
//!
//! Looking over all tenants is done as the role `tessera_maintenance`, which
//! sees names, sizes and times, and may delete what has expired. Whatever else
//! is changed is changed in a [`TenantTx`] of one tenant.

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgPool, PgRow};
use sqlx::{Postgres, Row, Transaction};
use storage_layout::{FileId, TenantId, WindowUnit};

use super::fence::Note;
use super::tenant_tx::TenantTx;
use super::{begun, blame, jobs};
use crate::error::{Error, Result};

/// Replaced files stay this long: longer than the longest query.
pub(crate) const GRACE_SECONDS: i32 = 2 * 3_600;

/// A file that was replaced long enough ago.
#[derive(Debug)]
pub(crate) struct DueFile {
    pub(crate) tenant: TenantId,
    pub(crate) file: FileId,
    pub(crate) object_key: Option<String>,
    pub(crate) rollup_key: Option<String>,
    pub(crate) detail_key: Option<String>,
}

pub(super) async fn look(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    let mut tx = begun::begin(pool, "BEGIN").await?;
    sqlx::query("SET LOCAL ROLE tessera_maintenance")
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    Ok(tx)
}

/// Remembers how wide a tenant's windows are from now on; files stay as they
/// are.
pub(crate) async fn set_window_unit(
    pool: &PgPool,
    tenant: &TenantId,
    unit: WindowUnit,
) -> Result<()> {
    let name = serde_json::to_value(unit).map_err(Error::internal)?;
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query("UPDATE analytics.tenant SET window_unit = $2 WHERE tenant_id = $1")
        .bind(tenant.as_str())
        .bind(name.as_str())
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// The database's clock: all servers agree on it.
pub(crate) async fn now(pool: &PgPool) -> Result<DateTime<Utc>> {
    sqlx::query_scalar("SELECT clock_timestamp()")
        .fetch_one(pool)
        .await
        .map_err(blame)
}

pub(super) fn due(row: &PgRow) -> Result<DueFile> {
    Ok(DueFile {
        tenant: TenantId::new(row.get("tenant_id")).map_err(Error::internal)?,
        file: FileId(row.get("file_id")),
        object_key: row.get("object_key"),
        rollup_key: row.get("rollup_key"),
        detail_key: row.get("detail_key"),
    })
}

/// All files of one tenant that were replaced up to a version, whether their
/// grace is over or not: for an erasure, which gives none.
pub(crate) async fn replaced_files(
    pool: &PgPool,
    tenant: &TenantId,
    version: i64,
) -> Result<Vec<DueFile>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, file_id, object_key, rollup_key, detail_key FROM analytics.data_file
         WHERE tenant_id = $1 AND removed_version <= $2 ORDER BY removed_at, file_id",
    )
    .bind(tenant.as_str())
    .bind(version)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    rows.iter().map(due).collect()
}

/// Removes replaced files' rows, after their objects.
pub(crate) async fn forget_files(pool: &PgPool, tenant: &TenantId, files: &[FileId]) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    forget_in(&mut tx, tenant, files).await?;
    tx.commit().await.map_err(blame)
}

/// The same, noting how far a job is; `false` when it is somebody else's by
/// now, and nothing changed.
pub(crate) async fn forget_noted(pool: &PgPool, files: &[FileId], note: Note<'_>) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, &note.claimed.tenant).await?;
    if !jobs::note_in(&mut tx, note.claimed, note.progress).await? {
        return Ok(false);
    }
    forget_in(&mut tx, &note.claimed.tenant, files).await?;
    tx.commit().await.map_err(blame)?;
    Ok(true)
}

async fn forget_in(tx: &mut TenantTx, tenant: &TenantId, files: &[FileId]) -> Result<()> {
    sqlx::query(
        "DELETE FROM analytics.data_file
         WHERE tenant_id = $1 AND file_id = ANY ($2) AND removed_version IS NOT NULL",
    )
    .bind(tenant.as_str())
    .bind(files.iter().map(|file| file.0).collect::<Vec<_>>())
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(blame)
}

/// Forgets an upload whose object was deleted by who made it.
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
