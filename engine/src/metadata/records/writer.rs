//! Records on their way to Postgres: held in memory for a second, written in
//! one transaction a tenant.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use tokio::sync::Notify;
use uuid::Uuid;

use super::super::tenant_tx::TenantTx;
use super::{AuditRecord, QueryRecord, audit, queries};
use crate::error::{Error, Result};

/// Records that are held at most, of each sort: beyond, the newest are dropped.
const HELD: usize = 20_000;

/// How long records are gathered.
const GATHERED: Duration = Duration::from_secs(1);

/// The way in for records; cheap to clone.
#[derive(Debug, Clone)]
pub struct Records {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    pool: PgPool,
    held: Mutex<Held>,
    wake: Notify,
    /// One writer at a time, so that a flush is over when it says so.
    writing: tokio::sync::Mutex<()>,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    queries: Vec<QueryRecord>,
    audit: Vec<(TenantId, AuditRecord)>,
}

/// What is written for one tenant at once.
#[derive(Default)]
struct Batch {
    queries: Vec<QueryRecord>,
    audit: Vec<AuditRecord>,
}

impl Records {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self {
            inner: Arc::new(Inner {
                pool,
                held: Mutex::default(),
                wake: Notify::new(),
                writing: tokio::sync::Mutex::default(),
                dropped: AtomicU64::new(0),
            }),
        }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.inner.pool
    }

    /// Takes a query's record. Never waits.
    pub(crate) fn query(&self, record: QueryRecord) {
        let mut held = self.held();
        if held.queries.len() >= HELD {
            drop(held);
            self.inner.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        held.queries.push(record);
        drop(held);
        self.inner.wake.notify_one();
    }

    /// Takes the record of what `who` did to `target`, which is no change of a
    /// row. Never waits; the same again within a second is counted.
    pub fn audit(&self, tenant: &TenantId, who: &str, action: &str, target: &str) {
        let mut held = self.held();
        let same = held.audit.iter_mut().rev().take(64).find(|(of, record)| {
            of == tenant && record.who == who && record.action == action && record.target == target
        });
        if let Some((_, record)) = same {
            record.times += 1;
            return;
        }
        if held.audit.len() >= HELD {
            drop(held);
            self.inner.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let record = AuditRecord {
            tenant_id: Some(tenant.to_string()),
            entry_id: Uuid::now_v7(),
            at: Utc::now(),
            who: who.to_owned(),
            action: action.to_owned(),
            target: target.to_owned(),
            times: 1,
            detail: serde_json::json!({}),
        };
        held.audit.push((tenant.clone(), record));
        drop(held);
        self.inner.wake.notify_one();
    }

    /// Records that were lost since the start, because Postgres was away for
    /// long or too many came at once.
    pub fn dropped(&self) -> u64 {
        self.inner.dropped.load(Ordering::Relaxed)
    }

    /// Writes what is held, until it is dropped.
    pub(crate) async fn write_for_ever(self) {
        let mut told = 0;
        loop {
            self.inner.wake.notified().await;
            tokio::time::sleep(GATHERED).await;
            self.flush().await;
            let dropped = self.dropped();
            if dropped > told {
                tracing::warn!(dropped, "records of queries and changes were lost");
                told = dropped;
            }
        }
    }

    /// Writes all that is held now. What cannot be written because Postgres is
    /// away is held on.
    pub async fn flush(&self) {
        let _turn = self.inner.writing.lock().await;
        let held = std::mem::take(&mut *self.held());
        let mut batches: BTreeMap<TenantId, Batch> = BTreeMap::new();
        for record in held.queries {
            let batch = batches.entry(record.tenant_id.clone()).or_default();
            batch.queries.push(record);
        }
        for (tenant, record) in held.audit {
            batches.entry(tenant).or_default().audit.push(record);
        }
        for (tenant, batch) in batches {
            match self.write(&tenant, &batch).await {
                Ok(()) => {}
                Err(Error::Unavailable { .. }) => self.hold_on(&tenant, batch),
                Err(error) => {
                    tracing::error!(%tenant, ?error, "records cannot be written");
                    let lost = batch.queries.len() + batch.audit.len();
                    self.inner.dropped.fetch_add(lost as u64, Ordering::Relaxed);
                }
            }
        }
    }

    async fn write(&self, tenant: &TenantId, batch: &Batch) -> Result<()> {
        let mut tx = TenantTx::begin(&self.inner.pool, tenant).await?;
        if !batch.queries.is_empty() {
            let records = serde_json::to_value(&batch.queries).map_err(Error::internal)?;
            queries::insert(&mut tx, tenant, &records).await?;
        }
        if !batch.audit.is_empty() {
            let records = serde_json::to_value(&batch.audit).map_err(Error::internal)?;
            audit::insert(&mut tx, tenant, &records).await?;
        }
        tx.commit().await.map_err(super::super::blame)
    }

    fn hold_on(&self, tenant: &TenantId, batch: Batch) {
        let mut held = self.held();
        let lost = (held.queries.len() + batch.queries.len()).saturating_sub(HELD)
            + (held.audit.len() + batch.audit.len()).saturating_sub(HELD);
        held.queries.extend(batch.queries);
        held.queries.truncate(HELD);
        held.audit
            .extend(batch.audit.into_iter().map(|r| (tenant.clone(), r)));
        held.audit.truncate(HELD);
        drop(held);
        self.inner.dropped.fetch_add(lost as u64, Ordering::Relaxed);
        self.inner.wake.notify_one();
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        // Nothing panics while it is held; what is in it is whole either way.
        self.inner
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
