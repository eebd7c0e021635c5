//! API keys: 256 random bits each, of which only the SHA-256 is stored.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use super::tenant_tx::TenantTx;
use super::{blame, plans};
use crate::error::{Error, Result};

/// What every secret begins with, so that leaked ones are found by scanners.
const PREFIX: &str = "tsk_";

/// How long an answer about a key is kept: a revoked key ends within this.
const REMEMBERED: Duration = Duration::from_secs(3);

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Send points and events.
    Ingest,
    /// Dashboards, metrics, SQL.
    Read,
    /// Exports.
    Export,
    /// Everything inside the tenant.
    Admin,
}

/// Whom a key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The only tenant this caller sees.
    pub tenant: TenantId,
    /// The key that was shown.
    pub key: Uuid,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Whether the key carries this scope (or `admin`).
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}

impl Scope {
    /// All scopes, in the order users see them.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Read, Self::Export, Self::Admin];

    /// The scope's name as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Export => "export",
            Self::Admin => "admin",
        }
    }
}

/// A key that was just made; the secret is shown this once.
#[derive(Debug)]
pub struct NewKey {
    /// Its id, for lists and revocation.
    pub id: Uuid,
    /// The text that a caller sends as bearer token (`tsk_…`).
    pub secret: SecretString,
}

/// Makes, checks and revokes keys.
#[derive(Debug, Clone)]
pub struct Keys {
    pool: PgPool,
    /// Whom a hash names, for a few seconds; nobody is remembered too, so that
    /// a wrong key in a loop does not reach Postgres each time.
    seen: Cache<[u8; 32], Option<Caller>>,
}

impl Keys {
    pub(crate) fn new(pool: PgPool) -> Self {
        let seen = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(REMEMBERED)
            .build();
        Self { pool, seen }
    }

    /// Makes a key. Errors: `NotFound` when the tenant does not exist,
    /// `LimitExceeded` when it has as many as its plan allows.
    pub async fn create(
        &self,
        tenant: &TenantId,
        scopes: &[Scope],
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewKey> {
        let mut random = [0u8; 32];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let secret = format!("{PREFIX}{}", hex(&random));
        let id = Uuid::now_v7();
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        plans::room_for_key(&mut tx, tenant).await?;
        let made = sqlx::query(
            "INSERT INTO analytics.api_key (tenant_id, key_id, key_hash, scopes, expires_at)
             SELECT t.tenant_id, $2, $3, $4, $5 FROM analytics.tenant t WHERE t.tenant_id = $1",
        )
        .bind(tenant.as_str())
        .bind(id)
        .bind(&hash(&secret)[..])
        .bind(scopes.iter().map(|s| s.name()).collect::<Vec<_>>())
        .bind(expires_at)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        if made.rows_affected() == 0 {
            return Err(Error::NotFound {
                what: format!("tenant {tenant}"),
            });
        }
        tx.commit().await.map_err(blame)?;
        Ok(NewKey {
            id,
            secret: secret.into(),
        })
    }

    /// Whom this text names; `None` when nobody, expired or revoked.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<Caller>> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = hash(secret);
        if let Some(caller) = self.seen.get(&hash).await {
            return Ok(caller);
        }
        let caller = self.look_up(&hash).await?;
        self.seen.insert(hash, caller.clone()).await;
        Ok(caller)
    }

    async fn look_up(&self, hash: &[u8; 32]) -> Result<Option<Caller>> {
        let mut tx = self.pool.begin().await.map_err(blame)?;
        // The row is found by the hash of 256 random bits, never compared byte
        // by byte with the secret: timing tells nothing.
        sqlx::query("SELECT set_config('app.shown_key_hash', $1, true)")
            .bind(hex(hash))
            .execute(&mut *tx)
            .await
            .map_err(blame)?;
        let row = sqlx::query(
            "SELECT tenant_id, key_id, scopes FROM analytics.api_key
             WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())",
        )
        .bind(&hash[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        let Some(row) = row else { return Ok(None) };
        let scopes: Vec<String> = row.get("scopes");
        Ok(Some(Caller {
            tenant: TenantId::new(row.get("tenant_id")).map_err(Error::internal)?,
            key: row.get("key_id"),
            scopes: Scope::ALL
                .into_iter()
                .filter(|s| scopes.iter().any(|n| n == s.name()))
                .collect(),
        }))
    }

    /// Revokes a key of this tenant. Errors: `NotFound`.
    pub async fn revoke(&self, tenant: &TenantId, key: Uuid) -> Result<()> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let revoked = sqlx::query(
            "UPDATE analytics.api_key SET revoked_at = coalesce(revoked_at, now())
             WHERE tenant_id = $1 AND key_id = $2",
        )
        .bind(tenant.as_str())
        .bind(key)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        if revoked.rows_affected() == 0 {
            return Err(Error::NotFound {
                what: "the key".into(),
            });
        }
        tx.commit().await.map_err(blame)
    }
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
