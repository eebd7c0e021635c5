//! Rejected points that are kept for some days.
//!
//! What a replay means is `ingest::quarantine`'s; this file holds the rows.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::blame;
use super::tenant_tx::TenantTx;
use crate::error::Result;

/// Days for which a rejected point is kept.
pub const KEPT_DAYS: i32 = 7;

/// Rows that a tenant has at most; the oldest make room.
pub const MAX_ROWS: i64 = 10_000;

/// Bytes of points as sent that a tenant has at most; the oldest make room.
pub const MAX_BYTES: i64 = 16 << 20;

/// How long a replay may be under way before its point may be dropped.
const REPLAY_SECONDS: i32 = 300;

/// A rejected point on its way in.
#[derive(Debug, Clone)]
pub struct NewEntry {
    /// Its id; one that is there already is left as it is.
    pub id: Uuid,
    /// Position in its body, from 0.
    pub index: i64,
    /// The platform that it names, if it can be told.
    pub platform: Option<String>,
    /// The field at fault.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
    /// The point as sent; `None`: too long to keep.
    pub point: Option<String>,
}

/// A rejected point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: Uuid,
    /// When its body came.
    pub received_at: DateTime<Utc>,
    /// When it is removed.
    pub expires_at: DateTime<Utc>,
    /// How the body was written: `json`, `ndjson`, `csv`, `arrow`, `parquet`.
    pub source: String,
    /// Position in its body, from 0.
    pub index: i64,
    /// The field at fault, as of the last attempt.
    pub field: String,
    /// What is wrong with it, as of the last attempt.
    pub reason: String,
    /// The point as sent, JSON; `None`: too long to keep.
    pub point: Option<String>,
    /// How often it was replayed.
    pub attempts: i32,
}

/// Which entries are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Those with this field at fault.
    pub field: Option<String>,
    /// Those that name this platform.
    pub platform: Option<String>,
}

/// Where a page begins: behind the entry with this time and id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// The entry's time of receipt.
    pub received_at: DateTime<Utc>,
    /// Its id.
    pub id: Uuid,
}

/// What became of an entry to be dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// It is gone.
    Done,
    /// A replay of it is under way.
    Replaying,
    /// There is none, or none of this tenant.
    Missing,
}

/// Keeps rejected points of one body, and removes what is beyond
/// [`MAX_ROWS`] and [`MAX_BYTES`], the oldest first.
pub async fn keep(
    pool: &PgPool,
    tenant: &TenantId,
    source: &str,
    received_at: DateTime<Utc>,
    entries: &[NewEntry],
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    // Two bodies at once would remove the same rows in different orders.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('quarantine/' || $1, 0))")
        .bind(tenant.as_str())
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    sqlx::query(
        "INSERT INTO analytics.quarantine
             (tenant_id, id, received_at, expires_at, source, index, platform, field, reason, point, kept_at)
         SELECT $1, e.id, $2, now() + make_interval(days => $3), $4,
                e.index, e.platform, e.field, e.reason, e.point, clock_timestamp()
         FROM unnest($5::uuid[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[])
             AS e (id, index, platform, field, reason, point)
         ON CONFLICT (tenant_id, id) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(received_at)
    .bind(KEPT_DAYS)
    .bind(source)
    .bind(entries.iter().map(|e| e.id).collect::<Vec<_>>())
    .bind(entries.iter().map(|e| e.index).collect::<Vec<_>>())
    .bind(each(entries, |e| e.platform.as_deref()))
    .bind(each(entries, |e| Some(&e.field)))
    .bind(each(entries, |e| Some(&e.reason)))
    .bind(each(entries, |e| e.point.as_deref()))
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    sqlx::query(
        // An array, so that the ranks are worked out once: statistics of a table
        // that was empty a moment ago would have them joined row by row.
        "DELETE FROM analytics.quarantine WHERE tenant_id = $1 AND id = ANY (ARRAY(
             SELECT id FROM (
                 SELECT id, row_number() OVER newest AS rows,
                        sum(coalesce(octet_length(point), 0)) OVER newest AS bytes
                 FROM analytics.quarantine WHERE tenant_id = $1
                 WINDOW newest AS (ORDER BY received_at DESC, id DESC)) ranked
             WHERE rows > $2 OR bytes > $3))",
    )
    .bind(tenant.as_str())
    .bind(MAX_ROWS)
    .bind(MAX_BYTES)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

fn each<'e>(
    entries: &'e [NewEntry],
    part: impl Fn(&'e NewEntry) -> Option<&'e str>,
) -> Vec<Option<&'e str>> {
    entries.iter().map(part).collect()
}

/// A page of entries, the newest first.
pub async fn list(
    pool: &PgPool,
    tenant: &TenantId,
    filter: &Filter,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Entry>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT id, received_at, expires_at, source, index, field, reason, point, attempts
         FROM analytics.quarantine
         WHERE tenant_id = $1 AND expires_at > now()
           AND ($2::text IS NULL OR field = $2) AND ($3::text IS NULL OR platform = $3)
           AND ($4::timestamptz IS NULL OR (received_at, id) < ($4, $5))
         ORDER BY received_at DESC, id DESC LIMIT $6",
    )
    .bind(tenant.as_str())
    .bind(&filter.field)
    .bind(&filter.platform)
    .bind(after.map(|cursor| cursor.received_at))
    .bind(after.map(|cursor| cursor.id))
    .bind(limit)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    Ok(rows.iter().map(entry).collect())
}

/// The ids of entries that match, the oldest first.
pub async fn ids(
    pool: &PgPool,
    tenant: &TenantId,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Uuid>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar(
        "SELECT id FROM analytics.quarantine
         WHERE tenant_id = $1 AND expires_at > now()
           AND ($2::text IS NULL OR field = $2) AND ($3::text IS NULL OR platform = $3)
         ORDER BY attempts, received_at, id LIMIT $4",
    )
    .bind(tenant.as_str())
    .bind(&filter.field)
    .bind(&filter.platform)
    .bind(limit)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)
}

/// Begins a replay: counts the attempt and keeps the entry from being dropped.
pub async fn begin_replay(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<Option<Entry>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = sqlx::query(
        "UPDATE analytics.quarantine
         SET attempts = attempts + 1, replaying_until = now() + make_interval(secs => $3)
         WHERE tenant_id = $1 AND id = $2 AND expires_at > now()
         RETURNING id, received_at, expires_at, source, index, field, reason, point, attempts",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(f64::from(REPLAY_SECONDS))
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(row.as_ref().map(entry))
}

/// Ends a replay in which the point was rejected again, for this fault.
pub async fn rejected_again(
    pool: &PgPool,
    tenant: &TenantId,
    id: Uuid,
    field: &str,
    reason: &str,
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "UPDATE analytics.quarantine SET field = $3, reason = $4, replaying_until = NULL
         WHERE tenant_id = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id)
    .bind(field)
    .bind(reason)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Ends a replay that came to nothing: the entry stays as it was.
pub async fn end_replay(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query(
        "UPDATE analytics.quarantine SET replaying_until = NULL
         WHERE tenant_id = $1 AND id = $2",
    )
    .bind(tenant.as_str())
    .bind(id)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Removes an entry whose point is committed.
pub async fn settle(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query("DELETE FROM analytics.quarantine WHERE tenant_id = $1 AND id = $2")
        .bind(tenant.as_str())
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Removes an entry whose point is not wanted.
pub async fn drop(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<Dropped> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let dropped = sqlx::query(
        "DELETE FROM analytics.quarantine
         WHERE tenant_id = $1 AND id = $2 AND expires_at > now()
           AND (replaying_until IS NULL OR replaying_until < now())",
    )
    .bind(tenant.as_str())
    .bind(id)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    let there: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM analytics.quarantine
         WHERE tenant_id = $1 AND id = $2 AND expires_at > now())",
    )
    .bind(tenant.as_str())
    .bind(id)
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(match (dropped.rows_affected(), there) {
        (0, true) => Dropped::Replaying,
        (0, false) => Dropped::Missing,
        _ => Dropped::Done,
    })
}

fn entry(row: &PgRow) -> Entry {
    Entry {
        id: row.get("id"),
        received_at: row.get("received_at"),
        expires_at: row.get("expires_at"),
        source: row.get("source"),
        index: row.get("index"),
        field: row.get("field"),
        reason: row.get("reason"),
        point: row.get("point"),
        attempts: row.get("attempts"),
    }
}
