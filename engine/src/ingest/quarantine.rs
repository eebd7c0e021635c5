//! Rejected points are kept for some days: to be looked at, mended, replayed.
//!
//! A point is replayed under an idempotency key of its entry's own, and the
//! entry is removed after the commit. So a replay that is repeated, in whatever
//! moment the one before was cut off, counts the point once.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use storage_layout::TenantId;
use uuid::Uuid;

use super::batch::PointBatch;
use super::commit::{Incoming, Source};
use super::faults::Faults;
use super::{Ingest, Rejection, parse};
use crate::error::{Error, Result};
use crate::metadata::commit as catalog;
use crate::metadata::owed;
use crate::metadata::quarantine::{self as rows, NewEntry};
pub use crate::metadata::quarantine::{Cursor, Dropped, Entry, Filter, KEPT_DAYS};

/// Bytes of a point's text; a longer one is listed without it.
const MAX_TEXT_BYTES: usize = 32 * 1024;

/// Tenants whose rejected points are written at once: each holds a connection.
pub(super) const AT_ONCE: usize = 3;

/// How long a body's answer waits for its rejected points to be kept.
const PATIENCE: Duration = Duration::from_secs(5);

/// Entries of one page, and points of one replay of many.
pub const MAX_AT_ONCE: u32 = 1_000;

/// The texts of a body's rejected points, in order: `None` for one that is too
/// long. It ends where the quarantine would be full.
#[derive(Debug, Default)]
pub(super) struct Texts {
    texts: Vec<Option<Box<str>>>,
    bytes: usize,
}

impl Texts {
    /// Adds the next rejected point's text.
    pub(super) fn push(&mut self, text: &str) {
        if self.texts.len() >= rows::MAX_ROWS as usize || self.bytes > rows::MAX_BYTES as usize {
            return;
        }
        let kept = (text.len() <= MAX_TEXT_BYTES).then_some(text);
        self.bytes += kept.map_or(0, str::len);
        self.texts.push(kept.map(Box::from));
    }

    /// Adds the texts of the rejected points that follow. What the full parts
    /// left out leaves a gap, so nothing is added behind it.
    pub(super) fn append(&mut self, next: Self, rejected_before: usize) {
        if self.texts.len() < rejected_before {
            return;
        }
        for text in next.texts {
            if self.texts.len() >= rows::MAX_ROWS as usize || self.bytes > rows::MAX_BYTES as usize
            {
                return;
            }
            self.bytes += text.as_deref().map_or(0, str::len);
            self.texts.push(text);
        }
    }
}

/// Which body points were rejected from.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    /// How it was written.
    pub(super) source: &'static str,
    /// When it came, microseconds since 1970 UTC.
    pub(super) received_at_us: i64,
    /// Its idempotency key and hash: a body that is sent again under its key
    /// has the same entries.
    pub(super) identity: Option<(&'a str, [u8; 32])>,
}

/// What became of a replayed point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// It is durable, as of this version; also when a replay before had done it.
    Accepted(i64),
    /// Its event was known: it is dropped.
    Duplicate,
    /// It was rejected again and stays.
    Rejected(Rejection),
}

impl Ingest {
    /// Keeps the rejected points of a body. The body has been answered for by
    /// then, so a failure is logged and changes no answer.
    pub(super) async fn keep_rejected(
        &self,
        tenant: &TenantId,
        origin: Origin<'_>,
        faults: &Faults,
    ) {
        let (rejected, texts) = faults.kept();
        let entries: Vec<NewEntry> = rejected
            .iter()
            .zip(&texts.texts)
            .map(|(rejection, text)| NewEntry {
                id: origin.id(rejection.index),
                index: i64::try_from(rejection.index).unwrap_or(i64::MAX),
                platform: text.as_deref().and_then(platform),
                field: rejection.field.clone(),
                reason: rejection.reason.replace('\0', "\u{fffd}"),
                point: text.as_deref().map(str::to_owned),
            })
            .collect();
        if entries.is_empty() {
            return;
        }
        let at = DateTime::from_timestamp_micros(origin.received_at_us).unwrap_or_else(Utc::now);
        let kept = async {
            let _turn = self.quarantining.take(tenant, PATIENCE).await?;
            rows::keep(&self.pool, tenant, origin.source, at, &entries).await
        };
        if let Err(error) = kept.await {
            tracing::warn!(%tenant, %error, points = entries.len(), "rejected points are not kept");
        }
    }

    /// A page of rejected points, the newest first; `limit` is at most
    /// [`MAX_AT_ONCE`]. Errors: `Unavailable` while the tenant's erasures are
    /// done again after a restore.
    pub async fn quarantined(
        &self,
        tenant: &TenantId,
        filter: &Filter,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        owed::refuse(&self.pool, tenant).await?;
        let limit = i64::from(limit.min(MAX_AT_ONCE));
        rows::list(&self.pool, tenant, filter, after, limit).await
    }

    /// The ids of rejected points that match, the least often replayed first;
    /// at most [`MAX_AT_ONCE`].
    pub async fn quarantined_ids(&self, tenant: &TenantId, filter: &Filter) -> Result<Vec<Uuid>> {
        rows::ids(&self.pool, tenant, filter, i64::from(MAX_AT_ONCE)).await
    }

    /// Sends a rejected point again, as it was or as `corrected` says it (a
    /// JSON object). Without `recorded_at` it counts at the time at which it
    /// first came. Errors: as [`Self::quarantined`], `NotFound` when there is no
    /// such entry of this tenant, `Invalid` when the corrected point is no JSON, or the point was
    /// too long to keep and none is given.
    pub async fn replay(
        &self,
        tenant: &TenantId,
        id: Uuid,
        corrected: Option<&str>,
    ) -> Result<Replayed> {
        // A rejected point that was erased must not come in by this way.
        owed::refuse(&self.pool, tenant).await?;
        let Some(entry) = rows::begin_replay(&self.pool, tenant, id).await? else {
            return self.replayed_before(tenant, id).await;
        };
        let replayed = match self.replay_entry(tenant, &entry, corrected).await {
            Err(error) => Err(self.with_plan(error).await),
            replayed => replayed,
        };
        match &replayed {
            Ok(Replayed::Accepted(_) | Replayed::Duplicate) => {
                rows::settle(&self.pool, tenant, id).await?;
            }
            Ok(Replayed::Rejected(fault)) => {
                rows::rejected_again(&self.pool, tenant, id, &fault.field, &fault.reason).await?;
            }
            // It may be that the commit happened: the entry stays, and the next
            // replay finds out.
            Err(Error::Unavailable { .. } | Error::Internal(_)) => {}
            Err(_) => rows::end_replay(&self.pool, tenant, id).await?,
        }
        replayed
    }

    /// Removes a rejected point.
    pub async fn drop_quarantined(&self, tenant: &TenantId, id: Uuid) -> Result<Dropped> {
        rows::drop(&self.pool, tenant, id).await
    }

    async fn replay_entry(
        &self,
        tenant: &TenantId,
        entry: &Entry,
        corrected: Option<&str>,
    ) -> Result<Replayed> {
        let text = corrected
            .or(entry.point.as_deref())
            .ok_or_else(|| Error::Invalid {
                message: format!(
                    "the point was longer than {MAX_TEXT_BYTES} bytes and its text is not kept"
                ),
                at: Some("body".into()),
                location: None,
                hint: Some("send the corrected point as the body".into()),
            })?;
        let received_at_us = entry.received_at.timestamp_micros();
        let mut batch = PointBatch::new(self.platforms.list().await?, received_at_us);
        if let Err(fault) = parse::point(text.trim(), None, tenant, &mut batch)? {
            return Ok(Replayed::Rejected(fault));
        }
        let what = Incoming {
            batches: vec![batch],
            faults: Arc::default(),
            idempotency: Some((replay_key(entry.id), replay_hash(entry.id))),
            source: Source::Request,
        };
        match self.commit(tenant, what).await? {
            Some(answer) if answer.accepted == 0 => Ok(Replayed::Duplicate),
            Some(answer) => Ok(Replayed::Accepted(answer.version)),
            None => Err(Error::internal("a replay is no chunk")),
        }
    }

    /// The entry is gone: was it a replay that removed it?
    async fn replayed_before(&self, tenant: &TenantId, id: Uuid) -> Result<Replayed> {
        #[derive(Deserialize)]
        struct Stored {
            accepted: u64,
            version: i64,
        }
        let stored = catalog::stored_answer(&self.pool, tenant, &replay_key(id)).await?;
        let Some((_, answer)) = stored else {
            return Err(not_quarantined(id));
        };
        let stored: Stored = serde_json::from_value(answer).map_err(Error::internal)?;
        Ok(match stored.accepted {
            0 => Replayed::Duplicate,
            _ => Replayed::Accepted(stored.version),
        })
    }
}

/// No such entry, or none of this tenant.
pub fn not_quarantined(id: Uuid) -> Error {
    Error::NotFound {
        what: format!("rejected point {id}"),
    }
}

impl Origin<'_> {
    fn id(&self, index: u64) -> Uuid {
        let Some((key, hash)) = self.identity else {
            return Uuid::now_v7();
        };
        let mut digest = Sha256::new();
        digest.update(hash);
        digest.update(index.to_le_bytes());
        digest.update(key);
        let digest: [u8; 32] = digest.finalize().into();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        uuid::Builder::from_random_bytes(half).into_uuid()
    }
}

/// No sender can use it: a header's key is ASCII.
fn replay_key(id: Uuid) -> String {
    format!("§quarantine/{id}")
}

/// The same whatever the point is: of two corrections at once one counts.
fn replay_hash(id: Uuid) -> [u8; 32] {
    Sha256::digest(id.as_bytes()).into()
}

/// The platform that a point names, if it can be told.
fn platform(point: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow)]
        platform: &'a RawValue,
    }
    let named: Named<'_> = serde_json::from_str(point).ok()?;
    let name: String = serde_json::from_str(named.platform.get()).ok()?;
    (name.len() <= super::batch::MAX_NAME_BYTES).then(|| name.replace('\0', "\u{fffd}"))
}
