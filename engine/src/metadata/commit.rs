//! The write half of the catalog: one protocol for ingest, flush, compaction.
//! Batches that arrive together go through `commit_group`.
//!
//! "Replace exactly these files by those and bump the tenant's version", in
//! one transaction of the SQL function `analytics.commit_files`. A reply to
//! COMMIT that was lost is looked up by the transaction's id: no caller is
//! told a guess.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row};
use storage_layout::data_file::FileStatistics;
use storage_layout::{DimensionColumn, FileId, MetricDefinition, TenantId, Window};
use uuid::Uuid;

use super::fence::Note;
use super::tenant_tx::TenantTx;
use super::{blame, is_away, jobs};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;

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
    /// Its partials by day.
    pub rollup: NewRollup,
    /// Key of the object with its quarter hours and sketches, where they are
    /// not behind the days.
    pub detail_key: Option<String>,
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
    /// An object to add was uploaded so long ago that it was swept.
    UploadSwept,
}

/// Commits; see [`Outcome`]. Errors: `NotFound` for an unknown tenant,
/// `Unavailable` when Postgres is away, also when it stays unknown whether the
/// commit happened.
pub async fn commit(pool: &PgPool, commit: &Commit) -> Result<Outcome> {
    let tx = TenantTx::begin(pool, &commit.tenant).await?;
    commit_in(pool, tx, commit, None).await
}

/// Commits in a transaction of this tenant that has begun already.
pub(super) async fn commit_in(
    pool: &PgPool,
    mut tx: TenantTx,
    commit: &Commit,
    note: Option<Note<'_>>,
) -> Result<Outcome> {
    let row = call(&mut tx, commit).await?;
    let outcome = outcome(&row, &commit.tenant)?;
    if let Outcome::Committed(_) = outcome {
        if !attach_details(&mut tx, commit).await? {
            return Ok(Outcome::UploadSwept);
        }
        if let Some(note) = note {
            // The fence holds the job's row: it is still this claim's.
            jobs::note_in(&mut tx, note.claimed, note.progress).await?;
        }
        let transaction: String = row.get("transaction_id");
        Failpoint::BeforeCommit.reached();
        settle(pool, tx.commit().await, &transaction).await?;
        Failpoint::Committed.reached();
    }
    Ok(outcome)
}

/// What a row of either SQL function says.
pub(super) fn outcome(row: &PgRow, tenant: &TenantId) -> Result<Outcome> {
    let outcome: String = row.get("outcome");
    let answer = || {
        row.get::<Option<serde_json::Value>, _>("answer")
            .unwrap_or_default()
    };
    Ok(match outcome.as_str() {
        "committed" => Outcome::Committed(row.get("version")),
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
        "upload_swept" => Outcome::UploadSwept,
        "not_found" => {
            return Err(Error::NotFound {
                what: format!("tenant {tenant}"),
            });
        }
        other => {
            return Err(Error::internal(format!(
                "unknown outcome {other:?} of a commit"
            )));
        }
    })
}

async fn call(tx: &mut TenantTx, commit: &Commit) -> Result<PgRow> {
    let ingested = &commit.ingested;
    let (key, body_hash, answer) = match &ingested.idempotency {
        Some((key, hash, answer)) => (Some(key), Some(&hash[..]), Some(answer)),
        None => (None, None, None),
    };
    let query = sqlx::query(
        "SELECT outcome, version, answer, transaction_id FROM analytics.commit_files(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
            $21, $22, $23, $24, $25, $26, $27, $28, $29)",
    )
    .bind(commit.tenant.as_str())
    .bind(commit.remove.iter().map(|f| f.0).collect::<Vec<Uuid>>());
    bind_files(query, &commit.add.iter().collect::<Vec<_>>())?
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

/// A statement on its way, with what is bound so far.
pub(super) type Statement<'q> = Query<'q, Postgres, PgArguments>;

/// Binds one array for each of a file's thirteen columns.
pub(super) fn bind_files<'q>(
    query: Statement<'q>,
    files: &[&'q NewDataFile],
) -> Result<Statement<'q>> {
    let each = |f: fn(&NewDataFile) -> i64| files.iter().map(|file| f(file)).collect::<Vec<_>>();
    let time = |f: fn(&FileStatistics) -> i64| -> Vec<DateTime<Utc>> {
        let at = |file: &&NewDataFile| DateTime::from_timestamp_micros(f(&file.statistics));
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
    let footers: Vec<i32> = files.iter().map(|file| file.footer_bytes()).collect();
    Ok(query
        .bind(files.iter().map(|file| file.id.0).collect::<Vec<Uuid>>())
        .bind(files.iter().map(|file| file.payload()).collect::<Vec<_>>())
        .bind(
            files
                .iter()
                .map(|file| file.object_key())
                .collect::<Vec<_>>(),
        )
        .bind(files.iter().map(|file| file.window()).collect::<Vec<_>>())
        .bind(each(|file| file.statistics.rows as i64))
        .bind(each(|file| file.bytes as i64))
        .bind(footers)
        .bind(
            files
                .iter()
                .map(|file| &file.sha256[..])
                .collect::<Vec<_>>(),
        )
        .bind(time(|statistics| statistics.min_recorded_at_us))
        .bind(time(|statistics| statistics.max_recorded_at_us))
        .bind(statistics)
        .bind(files.iter().map(|file| file.rollup()).collect::<Vec<_>>())
        .bind(
            files
                .iter()
                .map(|file| file.rollup_key())
                .collect::<Vec<_>>(),
        ))
}

/// Notes where the new files' details are, in the transaction that added them,
/// which may hold other tenants' commits too. `false`: one was swept, and nothing
/// of the transaction may be kept.
pub(super) async fn attach_details(tx: &mut PgConnection, commit: &Commit) -> Result<bool> {
    let detail = |file: &NewDataFile| Some((file.id.0, file.detail_key.clone()?));
    let (files, keys): (Vec<Uuid>, Vec<String>) = commit.add.iter().filter_map(detail).unzip();
    if files.is_empty() {
        return Ok(true);
    }
    sqlx::query("SELECT set_config('app.current_tenant_id', $1, true)")
        .bind(commit.tenant.as_str())
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
    sqlx::query_scalar("SELECT analytics.attach_details($1, $2, $3)")
        .bind(commit.tenant.as_str())
        .bind(files)
        .bind(keys)
        .fetch_one(tx)
        .await
        .map_err(blame)
}

/// How long the outcome of a COMMIT is asked for before the caller is told that
/// it is not known.
const SETTLE_LIMIT: Duration = Duration::from_secs(8);

/// Takes the reply to COMMIT; when it is lost, asks Postgres what became of it.
pub(super) async fn settle(
    pool: &PgPool,
    committed: Result<(), sqlx::Error>,
    transaction: &str,
) -> Result<()> {
    let Err(error) = committed else {
        return Ok(());
    };
    // Only an answer of Postgres itself decides; anything else says nothing.
    if matches!(error, sqlx::Error::Database(_)) && !is_away(&error) {
        return Err(Error::internal(error));
    }
    tracing::warn!(%error, "the reply to COMMIT is lost; looking the transaction up");
    let deadline = tokio::time::Instant::now() + SETTLE_LIMIT;
    while tokio::time::Instant::now() < deadline {
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

pub(super) fn dimensions(columns: &[DimensionColumn]) -> Option<serde_json::Value> {
    let row = |c: &DimensionColumn| serde_json::json!({ "key": &*c.key, "column_name": &*c.column, "partial": c.partial });
    (!columns.is_empty()).then(|| columns.iter().map(row).collect())
}

pub(super) fn metrics(definitions: &[MetricDefinition]) -> Result<Option<serde_json::Value>> {
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

/// Points of this UTC day that count against the plan, how many it allows, and
/// its name. The commit itself decides; this spares work that it would refuse.
pub(crate) async fn points_of_day(pool: &PgPool, tenant: &TenantId) -> Result<(u64, u64, String)> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = sqlx::query(
        "SELECT coalesce(u.points, 0) AS used, l.ingest_points_per_day AS allowed, l.plan
         FROM analytics.tenant_limits l
         LEFT JOIN analytics.usage u
             ON u.tenant_id = l.tenant_id AND u.day = (now() AT TIME ZONE 'UTC')::date
         WHERE l.tenant_id = $1",
    )
    .bind(tenant.as_str())
    .fetch_optional(&mut *tx)
    .await
    .map_err(blame)?
    .ok_or_else(|| Error::NotFound {
        what: format!("tenant {tenant}"),
    })?;
    let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or_default();
    Ok((number("used"), number("allowed"), row.get("plan")))
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
