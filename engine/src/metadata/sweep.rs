//! What the sweep asks the catalog and tells it: replaced files, uploads that no
//! commit named, and what has expired.
//!
//! An upload is marked before its object is deleted, and a commit settles no
//! marked one: see migration 0015.

use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::{FileId, TenantId};

use super::blame;
use super::tenant_tx::TenantTx;
use super::upkeep::{DueFile, GRACE_SECONDS, due, look};
use crate::error::{Error, Result};

/// Replaced files, and uploads, whose objects one batch of the sweep deletes.
pub(crate) const BATCH: usize = 256;

/// Replaced rows of the catalog alone that one statement deletes.
const INLINE_ROWS: u64 = 10_000;

/// What could not be deleted is left alone for this long.
const PUT_OFF_SECONDS: i32 = 600;

/// An upload whose work is alive is young again once it is this old.
const RENEWED_AFTER_SECONDS: i32 = 1_800;

/// Removes replaced rows that have no object, of all tenants; whether there may
/// be more. A backup does not mind: it reads the catalog at one moment.
pub(crate) async fn forget_inline(pool: &PgPool) -> Result<bool> {
    let mut tx = look(pool).await?;
    let done = sqlx::query(
        "DELETE FROM analytics.data_file f USING (
             SELECT tenant_id, file_id FROM analytics.data_file
             WHERE removed_version IS NOT NULL AND removed_at < now() - make_interval(secs => $1)
               AND coalesce(object_key, rollup_key, detail_key) IS NULL
             ORDER BY removed_at LIMIT $2) due
         WHERE f.tenant_id = due.tenant_id AND f.file_id = due.file_id",
    )
    .bind(f64::from(GRACE_SECONDS))
    .bind(INLINE_ROWS as i64)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(done.rows_affected() == INLINE_ROWS)
}

/// Files with objects whose grace period is over, the oldest first.
pub(crate) async fn due_files(pool: &PgPool) -> Result<Vec<DueFile>> {
    let mut tx = look(pool).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, file_id, object_key, rollup_key, detail_key FROM analytics.data_file
         WHERE removed_version IS NOT NULL AND removed_at < now() - make_interval(secs => $1)
           AND coalesce(object_key, rollup_key, detail_key) IS NOT NULL
         ORDER BY removed_at LIMIT $2",
    )
    .bind(f64::from(GRACE_SECONDS))
    .bind(BATCH as i64)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    rows.iter().map(due).collect()
}

/// Leaves replaced files alone for a while: their grace is as if it ended then.
pub(crate) async fn put_off_files(
    pool: &PgPool,
    tenant: &TenantId,
    files: &[FileId],
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "UPDATE analytics.data_file SET removed_at = clock_timestamp() - make_interval(secs => $3)
         WHERE tenant_id = $1 AND file_id = ANY ($2) AND removed_version IS NOT NULL",
    )
    .bind(tenant.as_str())
    .bind(files.iter().map(|file| file.0).collect::<Vec<_>>())
    .bind(f64::from(GRACE_SECONDS - PUT_OFF_SECONDS))
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Uploads that began long ago and that no commit has settled.
pub(crate) async fn old_uploads(pool: &PgPool) -> Result<Vec<(TenantId, String)>> {
    let mut tx = look(pool).await?;
    let rows = sqlx::query(
        "SELECT tenant_id, object_key FROM analytics.pending_upload
         WHERE started_at < now() - make_interval(secs => $1)
         ORDER BY started_at LIMIT $2",
    )
    .bind(f64::from(GRACE_SECONDS))
    .bind(BATCH as i64)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let old = |row: &sqlx::postgres::PgRow| {
        let tenant = TenantId::new(row.get(0)).map_err(Error::internal)?;
        Ok((tenant, row.get(1)))
    };
    rows.iter().map(old).collect()
}

/// Marks those of a tenant's old uploads that no file names, live or replaced;
/// answers which: from now on they are nobody's, and their objects may be
/// deleted. The others are forgotten, or a commit is about to settle them.
pub(crate) async fn mark_uploads(
    pool: &PgPool,
    tenant: &TenantId,
    keys: &[String],
) -> Result<Vec<String>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    // Held before the catalog is looked at: no commit settles them in between.
    let held: Vec<String> = sqlx::query_scalar(
        "SELECT object_key FROM analytics.pending_upload
         WHERE tenant_id = $1 AND object_key = ANY ($2)
           AND started_at < now() - make_interval(secs => $3) FOR UPDATE SKIP LOCKED",
    )
    .bind(tenant.as_str())
    .bind(keys)
    .bind(f64::from(GRACE_SECONDS))
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    sqlx::query(
        "DELETE FROM analytics.pending_upload WHERE tenant_id = $1 AND object_key = ANY ($2)
           AND object_key IN (SELECT unnest(ARRAY[f.object_key, f.rollup_key, f.detail_key])
                              FROM analytics.data_file f WHERE f.tenant_id = $1)",
    )
    .bind(tenant.as_str())
    .bind(&held)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    let marked = sqlx::query_scalar(
        "UPDATE analytics.pending_upload SET swept_at = coalesce(swept_at, now())
         WHERE tenant_id = $1 AND object_key = ANY ($2) RETURNING object_key",
    )
    .bind(tenant.as_str())
    .bind(&held)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(marked)
}

/// Forgets uploads whose objects were deleted.
pub(crate) async fn forget_uploads(
    pool: &PgPool,
    tenant: &TenantId,
    keys: &[String],
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "DELETE FROM analytics.pending_upload WHERE tenant_id = $1 AND object_key = ANY ($2)",
    )
    .bind(tenant.as_str())
    .bind(keys)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Leaves uploads alone for a while whose objects could not be deleted.
pub(crate) async fn put_off_uploads(
    pool: &PgPool,
    tenant: &TenantId,
    keys: &[String],
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "UPDATE analytics.pending_upload
         SET started_at = clock_timestamp() - make_interval(secs => $3)
         WHERE tenant_id = $1 AND object_key = ANY ($2)",
    )
    .bind(tenant.as_str())
    .bind(keys)
    .bind(f64::from(GRACE_SECONDS - PUT_OFF_SECONDS))
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// A sign of life of work on a tenant's files: its uploads are not swept while
/// it goes on, however long. Another's orphan of the same tenant waits too.
pub(crate) async fn renew_uploads(pool: &PgPool, tenant: &TenantId) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "UPDATE analytics.pending_upload u SET started_at = clock_timestamp()
         FROM (SELECT object_key FROM analytics.pending_upload
               WHERE tenant_id = $1 AND swept_at IS NULL
                 AND started_at < clock_timestamp() - make_interval(secs => $2)
               -- What a commit settles at this moment needs no sign of life.
               FOR UPDATE SKIP LOCKED) old
         WHERE u.tenant_id = $1 AND u.object_key = old.object_key",
    )
    .bind(tenant.as_str())
    .bind(f64::from(RENEWED_AFTER_SECONDS))
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Removes expired event ids, idempotency keys, rejected points, jobs, records,
/// forecasts and anomalies of all tenants, a bounded number at a time; whether there may be more.
pub(crate) async fn purge_expired(pool: &PgPool) -> Result<bool> {
    let mut more = false;
    for (purge, rows) in [
        (
            "DELETE FROM analytics.event_seen WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM analytics.event_seen WHERE expires_at < now() LIMIT $1))",
            // A server takes up to 60,000 in a second.
            100_000_i64,
        ),
        (
            "DELETE FROM analytics.idempotency WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM analytics.idempotency WHERE expires_at < now() LIMIT $1))",
            20_000,
        ),
        (
            "DELETE FROM analytics.job WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM analytics.job
                 WHERE finished_at < now() - interval '30 days' LIMIT $1))",
            20_000,
        ),
        (
            "DELETE FROM analytics.quarantine WHERE expires_at < now() AND id = ANY (ARRAY(
                 SELECT id FROM analytics.quarantine WHERE expires_at < now() LIMIT $1))",
            20_000,
        ),
        (
            "DELETE FROM analytics.query_log WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM analytics.query_log
                 WHERE started_at < now() - interval '30 days' LIMIT $1))",
            20_000,
        ),
        (
            "DELETE FROM analytics.audit_log WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM analytics.audit_log
                 WHERE at < now() - interval '400 days' LIMIT $1))",
            20_000,
        ),
        (
            "DELETE FROM analytics.operator_audit WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM analytics.operator_audit
                 WHERE at < now() - interval '400 days' LIMIT $1))",
            20_000,
        ),
        (
            "DELETE FROM analytics.forecast
             WHERE expires_at < now() AND forecast_id = ANY (ARRAY(
                 SELECT forecast_id FROM analytics.forecast WHERE expires_at < now() LIMIT $1))",
            2_000,
        ),
        (
            "DELETE FROM analytics.anomaly
             WHERE expires_at < now() AND anomaly_id = ANY (ARRAY(
                 SELECT anomaly_id FROM analytics.anomaly WHERE expires_at < now() LIMIT $1))",
            20_000,
        ),
        (
            "DELETE FROM analytics.spent WHERE ctid = ANY (ARRAY(
                 SELECT ctid FROM analytics.spent WHERE day < current_date - 7 LIMIT $1))",
            20_000,
        ),
    ] {
        let mut tx = look(pool).await?;
        let done = sqlx::query(purge).bind(rows).execute(&mut *tx).await;
        more |= done.map_err(blame)?.rows_affected() >= rows.unsigned_abs();
        tx.commit().await.map_err(blame)?;
    }
    Ok(more)
}
