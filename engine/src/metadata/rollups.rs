//! Stored roll-ups that no longer fit, and their replacement.
//!
//! A change of the tenant's zone or of a metric notes the moment. Until every
//! file was looked at for that moment, background work looks; what it finds
//! unfit it replaces under the tenant's version lock.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::{FileId, TenantId};
use uuid::Uuid;

use super::blame;
use super::commit::{NewRollup, settle};
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};

/// Tenants looked after in one round.
const TENANTS_PER_ROUND: i64 = 64;

/// A writer may hold what it knew before the change for some seconds, and then
/// be slow: files are looked at until this long after the change.
const LATE_WRITERS_SECONDS: i32 = 600;

/// Files whose roll-ups may not fit.
#[derive(Debug)]
pub(crate) struct Stale {
    /// The change that they are looked at for.
    pub(crate) since: DateTime<Utc>,
    /// Live objects that were not looked at since, the oldest first.
    pub(crate) files: Vec<FileId>,
}

/// A file's new roll-up, uploaded where it is an object.
#[derive(Debug)]
pub(crate) struct ReplacedRollup {
    pub(crate) file: FileId,
    pub(crate) rollup: NewRollup,
    pub(crate) detail_key: Option<String>,
}

/// Whose turn it is to have roll-ups looked at: tenants by name, round and
/// round, so that none that fails keeps the others waiting.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    after: String,
}

/// The next tenants with roll-ups that may not fit.
pub(crate) async fn tenants_with_stale(pool: &PgPool, turn: &mut Turn) -> Result<Vec<TenantId>> {
    let mut tx = super::upkeep::look(pool).await?;
    let tenants: Vec<String> = sqlx::query_scalar(
        "SELECT tenant_id FROM analytics.tenant_version
         WHERE rollups_stale_at IS NOT NULL AND tenant_id > $1 ORDER BY tenant_id LIMIT $2",
    )
    .persistent(false)
    .bind(&turn.after)
    .bind(TENANTS_PER_ROUND)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    let full = tenants.len() as i64 == TENANTS_PER_ROUND;
    let last = tenants.last().filter(|_| full).cloned();
    turn.after = last.unwrap_or_default();
    tenants
        .iter()
        .map(|id| TenantId::new(id).map_err(Error::internal))
        .collect()
}

/// At most `limit` files to look at; `None` when all fit. When none is left
/// and no late writer can bring one, that is noted.
pub(crate) async fn stale(pool: &PgPool, tenant: &TenantId, limit: usize) -> Result<Option<Stale>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let since: Option<DateTime<Utc>> = sqlx::query_scalar(
        "SELECT rollups_stale_at FROM analytics.tenant_version WHERE tenant_id = $1",
    )
    .bind(tenant.as_str())
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?
    .flatten();
    let Some(since) = since else { return Ok(None) };
    let files: Vec<Uuid> = sqlx::query_scalar(
        "SELECT file_id FROM analytics.data_file
         WHERE tenant_id = $1 AND removed_version IS NULL AND object_key IS NOT NULL
             AND (rollup_checked_at IS NULL OR rollup_checked_at < $2)
         ORDER BY added_version, file_id LIMIT $3",
    )
    .bind(tenant.as_str())
    .bind(since)
    .bind(i64::try_from(limit).unwrap_or(i64::MAX))
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    if files.is_empty() {
        sqlx::query(
            "UPDATE analytics.tenant_version SET rollups_stale_at = NULL
             WHERE tenant_id = $1 AND rollups_stale_at = $2
                 AND rollups_stale_at < clock_timestamp() - make_interval(secs => $3)",
        )
        .bind(tenant.as_str())
        .bind(since)
        .bind(f64::from(LATE_WRITERS_SECONDS))
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
    }
    Ok(Some(Stale {
        since,
        files: files.into_iter().map(FileId).collect(),
    }))
}

/// Notes that these files' roll-ups fit what has been in force since.
pub(crate) async fn note_fit(
    pool: &PgPool,
    tenant: &TenantId,
    files: &[FileId],
    since: DateTime<Utc>,
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "UPDATE analytics.data_file SET rollup_checked_at = $3
         WHERE tenant_id = $1 AND file_id = ANY ($2)",
    )
    .bind(tenant.as_str())
    .bind(files.iter().map(|f| f.0).collect::<Vec<Uuid>>())
    .bind(since)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Replaces roll-ups; answers the tenant's new version, `None` when a file was
/// replaced, the zone changed or an upload was swept meanwhile.
pub(crate) async fn replace(
    pool: &PgPool,
    tenant: &TenantId,
    rollups: &[ReplacedRollup],
    zone: chrono_tz::Tz,
    since: DateTime<Utc>,
) -> Result<Option<i64>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let inline = |r: &ReplacedRollup| match &r.rollup {
        NewRollup::Inline(bytes) => Some(bytes.clone()),
        _ => None,
    };
    let key = |r: &ReplacedRollup| match &r.rollup {
        NewRollup::Object(key) => Some(key.clone()),
        _ => None,
    };
    let detail_keys = rollups.iter().map(|r| r.detail_key.clone());
    let row = sqlx::query(
        "SELECT outcome, version, transaction_id
         FROM analytics.replace_rollups($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(tenant.as_str())
    .bind(rollups.iter().map(|r| r.file.0).collect::<Vec<Uuid>>())
    .bind(rollups.iter().map(inline).collect::<Vec<_>>())
    .bind(rollups.iter().map(key).collect::<Vec<_>>())
    .bind(detail_keys.collect::<Vec<_>>())
    .bind(zone.name())
    .bind(since)
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)?;
    match row.get::<String, _>("outcome").as_str() {
        "committed" => {
            let transaction: String = row.get("transaction_id");
            settle(pool, tx.commit().await, &transaction).await?;
            Ok(Some(row.get("version")))
        }
        "zone_changed" | "files_gone" | "upload_swept" => Ok(None),
        "not_found" => Err(Error::NotFound {
            what: format!("tenant {tenant}"),
        }),
        other => Err(Error::internal(format!(
            "unknown outcome {other:?} of a replacement of roll-ups"
        ))),
    }
}
