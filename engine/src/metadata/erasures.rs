//! What was asked to be erased, and the receipts.
//!
//! The value that was named is hashed with a salt at once and kept nowhere.
//! Rows are matched by hashing theirs, here and when an erasure is done again
//! after a restore.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::blame;
use super::jobs::{self, Claimed, Ended, NewJob};
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};

/// The kind of job that erases.
pub const JOB: &str = "erasure";

/// One value of one dimension, as its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The dimension's key.
    pub dimension: String,
    /// Random bytes.
    salt: [u8; 32],
    /// SHA-256 of the salt and the value's text.
    hash: [u8; 32],
}

impl Subject {
    /// Hashes a value, whose text is what `dimensions->>'key'` gives.
    pub fn new(dimension: &str, value: &str) -> Result<Self> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt).map_err(Error::internal)?;
        Ok(Self {
            dimension: dimension.to_owned(),
            salt,
            hash: hash(&salt, value),
        })
    }

    /// Whether a value's text is the one that was named.
    pub fn is(&self, value: &str) -> bool {
        hash(&self.salt, value) == self.hash
    }

    /// The salted hash, as hexadecimal digits.
    pub fn hash_text(&self) -> String {
        self.hash.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn hash(salt: &[u8; 32], value: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(value.as_bytes());
    hasher.finalize().into()
}

/// What was erased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Points that are gone.
    pub rows: u64,
    /// Files that held them and were replaced or dropped.
    pub files_replaced: u64,
    /// Files that hold what is left of those.
    pub files_added: u64,
    /// Objects that were deleted from the store.
    pub objects_deleted: u64,
    /// Files among those deleted that an earlier query or export might still
    /// have been reading: it fails instead of going on.
    pub readers_cancelled_files: u64,
    /// Quarantined points that are gone.
    pub quarantined: u64,
    /// Event ids that were forgotten (all of the tenant's, or none).
    pub event_ids: u64,
    /// Stored answers to idempotency keys that were forgotten (all or none).
    pub stored_answers: u64,
    /// Imported chunks that were forgotten (all or none).
    pub import_chunks: u64,
    /// The tenant's version before.
    pub version_before: i64,
    /// The tenant's version after.
    pub version_after: i64,
}

/// An erasure, asked for or done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id.
    pub id: Uuid,
    /// What; `None` is everything of the tenant.
    pub subject: Option<Subject>,
    /// When it was asked for.
    pub requested_at: DateTime<Utc>,
    /// When it was done.
    pub finished_at: Option<DateTime<Utc>>,
    /// What was done.
    pub receipt: Option<Receipt>,
}

/// Notes a request together with the job that carries it out, so that it is
/// done even if this process ends. Errors: `NotFound` for an unknown tenant.
pub async fn request(
    pool: &PgPool,
    tenant: &TenantId,
    subject: Option<Subject>,
) -> Result<Erasure> {
    let erasure = Erasure {
        id: Uuid::now_v7(),
        subject,
        requested_at: Utc::now(),
        finished_at: None,
        receipt: None,
    };
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let job = NewJob {
        id: erasure.id,
        kind: JOB,
        priority: 10,
        detail: Value::Object(Default::default()),
    };
    jobs::put_in(&mut tx, tenant, &job).await?;
    put(&mut tx, tenant, &erasure).await?;
    tx.commit().await.map_err(blame)?;
    Ok(erasure)
}

/// Puts erasures in that are known from elsewhere, such as from before a
/// restore; those that are here stay as they are.
pub async fn restore(pool: &PgPool, tenant: &TenantId, erasures: &[Erasure]) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    for erasure in erasures {
        put(&mut tx, tenant, erasure).await?;
    }
    tx.commit().await.map_err(blame)
}

async fn put(tx: &mut TenantTx, tenant: &TenantId, erasure: &Erasure) -> Result<()> {
    let receipt = erasure.receipt.as_ref().map(serde_json::to_value);
    let receipt = receipt.transpose().map_err(Error::internal)?;
    let subject = erasure.subject.as_ref();
    sqlx::query(
        "INSERT INTO analytics.erasure
             (tenant_id, erasure_id, dimension, salt, subject_hash, requested_at, finished_at, receipt)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, erasure_id) DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(erasure.id)
    .bind(subject.map(|subject| subject.dimension.as_str()))
    .bind(subject.map(|subject| &subject.salt[..]))
    .bind(subject.map(|subject| &subject.hash[..]))
    .bind(erasure.requested_at)
    .bind(erasure.finished_at)
    .bind(receipt)
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(blame)
}

/// All erasures of a tenant, the oldest first.
pub async fn list(pool: &PgPool, tenant: &TenantId) -> Result<Vec<Erasure>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT erasure_id, dimension, salt, subject_hash, requested_at, finished_at, receipt
         FROM analytics.erasure WHERE tenant_id = $1 ORDER BY requested_at, erasure_id",
    )
    .bind(tenant.as_str())
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    rows.iter().map(erasure).collect()
}

/// One erasure. Errors: `NotFound`.
pub async fn get(pool: &PgPool, tenant: &TenantId, id: Uuid) -> Result<Erasure> {
    let all = list(pool, tenant).await?;
    let found = all.into_iter().find(|erasure| erasure.id == id);
    found.ok_or_else(|| Error::NotFound {
        what: "the erasure".into(),
    })
}

fn erasure(row: &PgRow) -> Result<Erasure> {
    let bytes = |name: &str| {
        let bytes: Option<Vec<u8>> = row.get(name);
        let bytes = bytes.map(<[u8; 32]>::try_from).transpose();
        bytes.map_err(|_| Error::internal("a hash has another length"))
    };
    let dimension: Option<String> = row.get("dimension");
    let subject = match (dimension, bytes("salt")?, bytes("subject_hash")?) {
        (Some(dimension), Some(salt), Some(hash)) => Some(Subject {
            dimension,
            salt,
            hash,
        }),
        _ => None,
    };
    let receipt: Option<Value> = row.get("receipt");
    let receipt = receipt.map(serde_json::from_value).transpose();
    Ok(Erasure {
        id: row.get("erasure_id"),
        subject,
        requested_at: row.get("requested_at"),
        finished_at: row.get("finished_at"),
        receipt: receipt.map_err(Error::internal)?,
    })
}

/// Stores the receipt and ends the job; `false` when the job is somebody
/// else's by now, and nothing changed.
pub(crate) async fn finish(
    pool: &PgPool,
    claimed: &Claimed,
    id: Uuid,
    receipt: &Receipt,
) -> Result<bool> {
    let receipt = serde_json::to_value(receipt).map_err(Error::internal)?;
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    if !jobs::finish_in(&mut tx, claimed, &Ended::Done(receipt.clone())).await? {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE analytics.erasure SET receipt = $3, finished_at = clock_timestamp()
         WHERE tenant_id = $1 AND erasure_id = $2 AND finished_at IS NULL",
    )
    .bind(claimed.tenant.as_str())
    .bind(id)
    .bind(receipt)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(true)
}

/// Forgets what the catalog holds beside the files. Of one value: quarantined
/// points; stored answers and event hashes hold no value of a point. Of a
/// tenant: all of these. Metric names, dimension keys and counts of use stay.
pub(crate) async fn forget_beside_files(
    pool: &PgPool,
    tenant: &TenantId,
    subject: Option<&Subject>,
    receipt: &mut Receipt,
) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    receipt.quarantined += forget_quarantined(&mut tx, tenant, subject).await?;
    if subject.is_none() {
        for (count, query) in [
            (
                &mut receipt.event_ids,
                "DELETE FROM analytics.event_seen WHERE tenant_id = $1",
            ),
            (
                &mut receipt.stored_answers,
                "DELETE FROM analytics.idempotency WHERE tenant_id = $1",
            ),
            (
                &mut receipt.import_chunks,
                "DELETE FROM analytics.import_chunk WHERE tenant_id = $1",
            ),
        ] {
            let done = sqlx::query(query)
                .bind(tenant.as_str())
                .execute(&mut *tx)
                .await
                .map_err(blame)?;
            *count += done.rows_affected();
        }
    }
    tx.commit().await.map_err(blame)
}

/// Deletes rejected points: all, or those with the subject's value. One that
/// cannot be read goes, too: nobody can say that it does not hold the value.
async fn forget_quarantined(
    tx: &mut TenantTx,
    tenant: &TenantId,
    subject: Option<&Subject>,
) -> Result<u64> {
    let query = match subject {
        None => sqlx::query("DELETE FROM analytics.quarantine WHERE tenant_id = $1")
            .bind(tenant.as_str()),
        Some(subject) => {
            let kept: Vec<(Uuid, Option<String>)> =
                sqlx::query_as("SELECT id, point FROM analytics.quarantine WHERE tenant_id = $1")
                    .bind(tenant.as_str())
                    .fetch_all(&mut **tx)
                    .await
                    .map_err(blame)?;
            let named = |point: &str| named(point, &subject.dimension);
            let holds =
                |point: &str| named(point).is_none_or(|v| v.is_some_and(|v| subject.is(&v)));
            let found = kept
                .into_iter()
                .filter(|(_, point)| point.as_deref().is_none_or(holds));
            let found: Vec<Uuid> = found.map(|(id, _)| id).collect();
            sqlx::query("DELETE FROM analytics.quarantine WHERE tenant_id = $1 AND id = ANY ($2)")
                .bind(tenant.as_str())
                .bind(found)
        }
    };
    let done = query.execute(&mut **tx).await.map_err(blame)?;
    Ok(done.rows_affected())
}

/// The text of a point's dimension, numbers as they stand in a column; the
/// outer `None` for what is no JSON.
fn named(point: &str, dimension: &str) -> Option<Option<String>> {
    #[derive(Deserialize)]
    struct Point<'p> {
        #[serde(borrow)]
        dimensions: HashMap<String, &'p RawValue>,
    }
    serde_json::from_str::<&RawValue>(point).ok()?;
    let Ok(point) = serde_json::from_str::<Point<'_>>(point) else {
        return Some(None);
    };
    let Some(raw) = point.dimensions.get(dimension).map(|raw| raw.get()) else {
        return Some(None);
    };
    Some(Some(match serde_json::from_str::<String>(raw) {
        Ok(text) => text,
        Err(_) => storage_layout::Value::parse(raw)
            .map_or(raw.to_owned(), |parsed| parsed.value.to_string()),
    }))
}
