//! What was asked to be erased, and the receipts.
//!
//! The value that was named is hashed with a salt at once and kept nowhere.
//! Rows are matched by hashing theirs, here and when an erasure is done again
//! after a restore.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::blame;
use super::forget;
use super::jobs::{self, Claimed, Ended, NewJob};
use super::owed;
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
    /// The same of the number that the text reads as, where that has another
    /// canonical text (`1.0` is 1).
    #[serde(default)]
    number_hash: Option<[u8; 32]>,
}

impl Subject {
    /// Hashes a value, whose text is what `dimensions->>'key'` gives; a number
    /// may be written in any way.
    pub fn new(dimension: &str, value: &str) -> Result<Self> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt).map_err(Error::internal)?;
        let number = storage_layout::Value::parse(value).ok();
        let number = number.filter(|parsed| !parsed.rounded);
        let number = number.map(|parsed| parsed.value.to_string());
        Ok(Self {
            dimension: dimension.to_owned(),
            salt,
            hash: hash(&salt, value),
            number_hash: number
                .filter(|canonical| canonical != value)
                .map(|canonical| hash(&salt, &canonical)),
        })
    }

    /// Whether a text is the value that was named.
    pub fn is(&self, text: &str) -> bool {
        hash(&self.salt, text) == self.hash
    }

    /// Whether a number, by its canonical text, is the value that was named.
    pub fn is_number(&self, canonical: &str) -> bool {
        let found = hash(&self.salt, canonical);
        found == self.hash || Some(found) == self.number_hash
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
    /// The version at which none of these points was left: all that was
    /// committed up to it is gone, and later points are not meant.
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
/// restore, and that they are owed; those that are here stay as they are. The
/// tenant's version goes on behind theirs, so that no later point is taken for
/// one that was erased.
pub async fn restore(pool: &PgPool, tenant: &TenantId, erasures: &[Erasure]) -> Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let versions = erasures.iter().filter_map(|e| e.receipt.as_ref());
    let newest = versions.map(|receipt| receipt.version_after).max();
    sqlx::query(
        "UPDATE analytics.tenant_version SET version = $2 WHERE tenant_id = $1 AND version < $2",
    )
    .bind(tenant.as_str())
    .bind(newest)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    for erasure in erasures {
        put(&mut tx, tenant, erasure).await?;
    }
    owed::owe(&mut tx, tenant).await?;
    tx.commit().await.map_err(blame)
}

async fn put(tx: &mut TenantTx, tenant: &TenantId, erasure: &Erasure) -> Result<()> {
    let receipt = erasure.receipt.as_ref().map(serde_json::to_value);
    let receipt = receipt.transpose().map_err(Error::internal)?;
    let subject = erasure.subject.as_ref();
    sqlx::query(
        "INSERT INTO analytics.erasure
             (tenant_id, erasure_id, dimension, salt, subject_hash, requested_at, finished_at, receipt,
              number_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
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
    .bind(subject.and_then(|subject| subject.number_hash.as_ref().map(|hash| &hash[..])))
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(blame)
}

/// All erasures of a tenant, the oldest first.
pub async fn list(pool: &PgPool, tenant: &TenantId) -> Result<Vec<Erasure>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(
        "SELECT erasure_id, dimension, salt, subject_hash, number_hash, requested_at, finished_at, receipt
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
            number_hash: bytes("number_hash")?,
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

/// Forgets what the catalog holds beside the files, stores the receipt and ends
/// the job, all or nothing; `false` when the job is somebody else's by now, and
/// nothing changed.
pub(crate) async fn finish(
    pool: &PgPool,
    claimed: &Claimed,
    erasure: &Erasure,
    receipt: &mut Receipt,
) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    let subject = erasure.subject.as_ref();
    forget::beside_files(&mut tx, &claimed.tenant, subject, None, receipt).await?;
    let told = serde_json::to_value(&*receipt).map_err(Error::internal)?;
    if !jobs::finish_in(&mut tx, claimed, &Ended::Done(told.clone())).await? {
        return Ok(false);
    }
    sqlx::query(
        "UPDATE analytics.erasure SET receipt = $3, finished_at = clock_timestamp()
         WHERE tenant_id = $1 AND erasure_id = $2 AND finished_at IS NULL",
    )
    .bind(claimed.tenant.as_str())
    .bind(erasure.id)
    .bind(told)
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    tx.commit().await.map_err(blame)?;
    Ok(true)
}

/// The same for erasures that were done again: their own receipts stay, and so
/// does what came after each of them.
pub(crate) async fn finish_again(
    pool: &PgPool,
    claimed: &Claimed,
    erasures: &[Erasure],
    receipt: &mut Receipt,
) -> Result<bool> {
    let mut tx = TenantTx::begin(pool, &claimed.tenant).await?;
    for erasure in erasures {
        let (subject, until) = (erasure.subject.as_ref(), erasure.finished_at);
        forget::beside_files(&mut tx, &claimed.tenant, subject, until, receipt).await?;
    }
    let told = serde_json::to_value(&*receipt).map_err(Error::internal)?;
    if !jobs::finish_in(&mut tx, claimed, &Ended::Done(told)).await? {
        return Ok(false);
    }
    tx.commit().await.map_err(blame)?;
    Ok(true)
}
