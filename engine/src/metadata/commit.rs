//! The write half of the catalog: one protocol for ingest, flush, compaction.
//!
//! "Replace exactly these files by those and bump the tenant's version", in
//! one transaction of the SQL function `analytics.commit_files`. A reply to
//! COMMIT that was lost is looked up by the transaction's id: no caller is
//! told a guess.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::data_file::FileStatistics;
use storage_layout::{DimensionColumn, FileId, MetricDefinition, TenantId, Window};
use uuid::Uuid;

use super::tenant_tx::TenantTx;
use super::{blame, is_away};
use crate::error::{Error, Result};

/// Where a new file's rows are.
#[derive(Debug, Clone)]
pub enum NewStorage {
    /// Arrow bytes, to be kept in the catalog's row.
    Inline(Vec<u8>),
    /// A Parquet object that has been uploaded.
    Object {
        /// Its key.
        key: String,
        /// The window its rows lie in.
        window: Window,
        /// Length of its footer, bytes.
        footer_bytes: u32,
    },
}

/// Where a new file's partials are.
#[derive(Debug, Clone)]
pub enum NewRollup {
    /// Made on first read.
    None,
    /// In the catalog's row.
    Inline(Vec<u8>),
    /// In an object of their own, by its key.
    Object(String),
}

/// A file to be added.
#[derive(Debug, Clone)]
pub struct NewDataFile {
    /// Its id.
    pub id: FileId,
    /// Where the rows are.
    pub storage: NewStorage,
    /// Size of the encoded rows.
    pub bytes: u64,
    /// SHA-256 of the encoded rows.
    pub sha256: [u8; 32],
    /// What planning needs.
    pub statistics: FileStatistics,
    /// Its partials.
    pub rollup: NewRollup,
}

/// What goes in with the files when points are ingested.
#[derive(Debug, Clone, Default)]
pub struct Ingested {
    /// Key, hash of the body and the answer to repeat.
    pub idempotency: Option<(String, [u8; 32], serde_json::Value)>,
    /// The imported chunk's hash.
    pub chunk: Option<[u8; 32]>,
    /// Whether an operator imports: such points are counted apart and are not
    /// held against the plan's points of the day.
    pub imported: bool,
    /// Hashes of event ids that must be new.
    pub events: Vec<Uuid>,
    /// Points accepted, duplicates dropped, points rejected.
    pub counts: [u64; 3],
}

/// One commit of one tenant.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Whose files.
    pub tenant: TenantId,
    /// Exact ids that stop being live.
    pub remove: Vec<FileId>,
    /// Files that become live.
    pub add: Vec<NewDataFile>,
    /// The zone that `rollup`s were made for.
    pub rollup_zone: chrono_tz::Tz,
    /// The registry version that new dimension columns were named against.
    pub registry_version: i64,
    /// New dimension keys, and known ones that turned partial.
    pub dimensions: Vec<DimensionColumn>,
    /// Whether a key was turned away by the plan's cap.
    pub overflowed: bool,
    /// Metrics that nobody had registered.
    pub metrics: Vec<MetricDefinition>,
    /// What comes with ingested points.
    pub ingested: Ingested,
}

/// What became of a commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Durable, as this version.
    Committed(i64),
    /// The idempotency key was used with this very body: the stored answer.
    Replayed(serde_json::Value),
    /// The idempotency key was used with another body.
    KeyConflict,
    /// This chunk was imported before.
    ChunkKnown,
    /// The plan's points of this day are used up: used, allowed.
    OverLimit(u64, u64),
    /// Dimension columns were named against an older registry: do it again.
    RegistryChanged,
    /// Some event ids are known by now: filter again.
    EventsSeen,
    /// A file to remove is not live any more.
    FilesGone,
}

/// Commits; see [`Outcome`]. Errors: `NotFound` for an unknown tenant,
/// `Unavailable` when Postgres is away, also when it stays unknown whether the
/// commit happened.
pub async fn commit(pool: &PgPool, commit: &Commit) -> Result<Outcome> {
    let mut tx = TenantTx::begin(pool, &commit.tenant).await?;
    let row = call(&mut tx, commit).await?;
    let outcome: String = row.get("outcome");
    let answer = || {
        row.get::<Option<serde_json::Value>, _>("answer")
            .unwrap_or_default()
    };
    Ok(match outcome.as_str() {
        "committed" => {
            let transaction: String = row.get("transaction_id");
            settle(pool, tx, &transaction).await?;
            Outcome::Committed(row.get("version"))
        }
        "replayed" => Outcome::Replayed(answer()),
        "key_conflict" => Outcome::KeyConflict,
        "chunk_known" => Outcome::ChunkKnown,
        "over_limit" => {
            let number = |name: &str| answer()[name].as_u64().unwrap_or_default();
            Outcome::OverLimit(number("used"), number("allowed"))
        }
        "registry_changed" => Outcome::RegistryChanged,
        "events_seen" => Outcome::EventsSeen,
        "files_gone" => Outcome::FilesGone,
        "not_found" => {
            return Err(Error::NotFound {
                what: format!("tenant {}", commit.tenant),
            });
        }
        other => {
            return Err(Error::internal(format!(
                "unknown outcome {other:?} of a commit"
            )));
        }
    })
}

async fn call(tx: &mut TenantTx, commit: &Commit) -> Result<sqlx::postgres::PgRow> {
    let files = &commit.add;
    let ingested = &commit.ingested;
    let each = |f: fn(&NewDataFile) -> i64| files.iter().map(f).collect::<Vec<_>>();
    let time = |f: fn(&FileStatistics) -> i64| -> Vec<DateTime<Utc>> {
        let at = |file: &NewDataFile| DateTime::from_timestamp_micros(f(&file.statistics));
        files
            .iter()
            .map(|file| at(file).unwrap_or_default())
            .collect()
    };
    let statistics: Vec<serde_json::Value> = files
        .iter()
        .map(|file| serde_json::to_value(&file.statistics))
        .collect::<Result<_, _>>()
        .map_err(Error::internal)?;
    let (key, body_hash, answer) = match &ingested.idempotency {
        Some((key, hash, answer)) => (Some(key), Some(&hash[..]), Some(answer)),
        None => (None, None, None),
    };
    sqlx::query(
        "SELECT outcome, version, answer, transaction_id FROM analytics.commit_files(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            $21, $22, $23, $24, $25, $26, $27, $28, $29)",
    )
    .bind(commit.tenant.as_str())
    .bind(commit.remove.iter().map(|f| f.0).collect::<Vec<Uuid>>())
    .bind(files.iter().map(|f| f.id.0).collect::<Vec<Uuid>>())
    .bind(files.iter().map(NewDataFile::payload).collect::<Vec<_>>())
    .bind(files.iter().map(NewDataFile::object_key).collect::<Vec<_>>())
    .bind(files.iter().map(NewDataFile::window).collect::<Vec<_>>())
    .bind(each(|f| f.statistics.rows as i64))
    .bind(each(|f| f.bytes as i64))
    .bind(files.iter().map(NewDataFile::footer_bytes).collect::<Vec<i32>>())
    .bind(files.iter().map(|f| &f.sha256[..]).collect::<Vec<_>>())
    .bind(time(|s| s.min_recorded_at_us))
    .bind(time(|s| s.max_recorded_at_us))
    .bind(statistics)
    .bind(files.iter().map(NewDataFile::rollup).collect::<Vec<_>>())
    .bind(files.iter().map(NewDataFile::rollup_key).collect::<Vec<_>>())
    .bind(commit.rollup_zone.name())
    .bind(commit.registry_version)
    .bind(dimensions(&commit.dimensions))
    .bind(commit.overflowed)
    .bind(metrics(&commit.metrics)?)
    .bind(key)
    .bind(body_hash)
    .bind(answer)
    .bind(ingested.chunk.as_ref().map(|chunk| &chunk[..]))
    .bind(&ingested.events)
    .bind(ingested.counts[0] as i64)
    .bind(ingested.counts[1] as i64)
    .bind(ingested.counts[2] as i64)
    .bind(ingested.imported)
    .fetch_one(&mut **tx)
    .await
    .map_err(blame)
}

/// Commits; when the reply is lost, asks Postgres what became of it.
async fn settle(pool: &PgPool, tx: TenantTx, transaction: &str) -> Result<()> {
    let Err(error) = tx.commit().await else {
        return Ok(());
    };
    if !is_away(&error) {
        return Err(Error::internal(error));
    }
    tracing::warn!(%error, "the reply to COMMIT is lost; looking the transaction up");
    for _ in 0..20 {
        let status: Result<Option<String>, sqlx::Error> =
            sqlx::query_scalar("SELECT pg_xact_status($1::xid8)")
                .bind(transaction)
                .fetch_one(pool)
                .await;
        match status.as_ref().map(Option::as_deref) {
            Ok(Some("committed")) => return Ok(()),
            Ok(Some("aborted")) => return Err(blame(error)),
            _ => tokio::time::sleep(Duration::from_millis(250)).await,
        }
    }
    Err(Error::Unavailable {
        message: "it is not known whether the points were kept; send them again with the same Idempotency-Key or event ids".into(),
        retry_after: super::RETRY_AFTER,
    })
}

impl NewDataFile {
    fn payload(&self) -> Option<&[u8]> {
        match &self.storage {
            NewStorage::Inline(bytes) => Some(bytes),
            NewStorage::Object { .. } => None,
        }
    }

    fn object_key(&self) -> Option<&str> {
        match &self.storage {
            NewStorage::Inline(_) => None,
            NewStorage::Object { key, .. } => Some(key),
        }
    }

    fn window(&self) -> Option<String> {
        match &self.storage {
            NewStorage::Inline(_) => None,
            NewStorage::Object { window, .. } => Some(window.to_string()),
        }
    }

    fn footer_bytes(&self) -> i32 {
        match &self.storage {
            NewStorage::Inline(_) => 0,
            NewStorage::Object { footer_bytes, .. } => i32::try_from(*footer_bytes).unwrap_or(0),
        }
    }

    fn rollup(&self) -> Option<&[u8]> {
        match &self.rollup {
            NewRollup::Inline(bytes) => Some(bytes),
            _ => None,
        }
    }

    fn rollup_key(&self) -> Option<&str> {
        match &self.rollup {
            NewRollup::Object(key) => Some(key),
            _ => None,
        }
    }
}

fn dimensions(columns: &[DimensionColumn]) -> Option<serde_json::Value> {
    let row = |c: &DimensionColumn| serde_json::json!({ "key": &*c.key, "column_name": &*c.column, "partial": c.partial });
    (!columns.is_empty()).then(|| columns.iter().map(row).collect())
}

fn metrics(definitions: &[MetricDefinition]) -> Result<Option<serde_json::Value>> {
    if definitions.is_empty() {
        return Ok(None);
    }
    let row = |d: &MetricDefinition| {
        Ok(serde_json::json!({
            "platform": &*d.key.platform,
            "metric_type": &*d.key.metric_type,
            "metric_name": &*d.key.metric_name,
            "definition": serde_json::to_value(&d.kind).map_err(Error::internal)?,
            "assumed": d.assumed,
        }))
    };
    definitions
        .iter()
        .map(row)
        .collect::<Result<serde_json::Value>>()
        .map(Some)
}

/// Notes objects that are about to be uploaded, so that an orphan is found.
pub async fn begin_upload(pool: &PgPool, tenant: &TenantId, keys: &[String]) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query("INSERT INTO analytics.pending_upload (tenant_id, object_key) SELECT $1, unnest($2::text[])")
        .bind(tenant.as_str())
        .bind(keys)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    tx.commit().await.map_err(blame)
}

/// Which of these events were seen in the last days.
pub async fn known_events(pool: &PgPool, tenant: &TenantId, events: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar(
        "SELECT event FROM analytics.event_seen
         WHERE tenant_id = $1 AND event = ANY ($2) AND expires_at > now()",
    )
    .bind(tenant.as_str())
    .bind(events)
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)
}

/// Whether a chunk of this hash was imported.
pub async fn has_chunk(pool: &PgPool, tenant: &TenantId, chunk: &[u8; 32]) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM analytics.import_chunk WHERE tenant_id = $1 AND chunk = $2)",
    )
    .bind(tenant.as_str())
    .bind(&chunk[..])
    .fetch_one(&mut *tx)
    .await
    .map_err(blame)
}

/// The answer stored for an idempotency key, with the hash of its body.
pub async fn stored_answer(
    pool: &PgPool,
    tenant: &TenantId,
    key: &str,
) -> Result<Option<(Bytes, serde_json::Value)>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = sqlx::query(
        "SELECT body_hash, answer FROM analytics.idempotency
         WHERE tenant_id = $1 AND key = $2 AND expires_at > now()",
    )
    .bind(tenant.as_str())
    .bind(key)
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?;
    Ok(row.map(|row| (Bytes::from(row.get::<Vec<u8>, _>(0)), row.get(1))))
}
