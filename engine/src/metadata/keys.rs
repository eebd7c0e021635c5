//! API keys: 256 random bits each, of which only the SHA-256 is stored.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use super::roles::{self, Role};
use super::tenant_tx::TenantTx;
use super::{begun, blame, is_foreign_key, plans};
use crate::error::{Error, Result};
use crate::query::access::Access;

/// What every secret begins with, so that leaked ones are found by scanners.
const PREFIX: &str = "tsk_";

/// How long an answer about a key is kept: a revoked key ends within this.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(3);

/// Bytes of a key's name.
const MAX_NAME_BYTES: usize = 128;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Send points and events.
    Ingest,
    /// Dashboards and lists.
    View,
    /// What `view` opens, and SQL.
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
    /// What of the tenant's data it sees.
    pub access: Arc<Access>,
}

impl Scope {
    /// All scopes, in the order users see them.
    pub const ALL: [Self; 5] = [
        Self::Ingest,
        Self::View,
        Self::Read,
        Self::Export,
        Self::Admin,
    ];

    /// Whether somebody with these scopes may do what this one opens.
    pub fn is_among(self, scopes: &[Self]) -> bool {
        scopes.iter().any(|own| {
            *own == self || *own == Self::Admin || (*own == Self::Read && self == Self::View)
        })
    }

    /// Those of the names that are scopes.
    pub(crate) fn named(names: &[String]) -> Vec<Self> {
        let named = |scope: &Self| names.iter().any(|name| name == scope.name());
        Self::ALL.into_iter().filter(named).collect()
    }

    /// The scope's name as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::View => "view",
            Self::Read => "read",
            Self::Export => "export",
            Self::Admin => "admin",
        }
    }
}

/// A key to be made.
#[derive(Debug, Clone, Default)]
pub struct KeyRequest {
    /// What people call it.
    pub name: String,
    /// What it may do; not beside a role.
    pub scopes: Vec<Scope>,
    /// The role that says what it may do and see; `None`: the scopes say what
    /// it may do, and it sees everything.
    pub role: Option<String>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a list says of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Its role, if it has one of the tenant's own.
    pub role: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last shown, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
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

    /// Makes a key with these scopes; see [`Keys::make`].
    pub async fn create(
        &self,
        tenant: &TenantId,
        scopes: &[Scope],
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewKey> {
        let request = KeyRequest {
            scopes: scopes.to_vec(),
            expires_at,
            ..KeyRequest::default()
        };
        self.make(tenant, &request).await
    }

    /// Makes a key. Errors: `NotFound` when the tenant does not exist,
    /// `Invalid` for a role that does not, `Conflict` when there are too many.
    pub async fn make(&self, tenant: &TenantId, request: &KeyRequest) -> Result<NewKey> {
        check_name(&request.name)?;
        let Made { id, secret, hash } = Made::new(PREFIX)?;
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        plans::room_for_key(&mut tx, tenant).await?;
        let role = match &request.role {
            Some(name) => Some(roles::in_tx(&mut tx, tenant, name).await?),
            None => None,
        };
        let role = role.as_ref();
        let scopes = role.map_or(&request.scopes, |role| &role.scopes);
        let made = sqlx::query(
            "INSERT INTO analytics.api_key
                 (tenant_id, key_id, key_hash, scopes, expires_at, name, role)
             SELECT t.tenant_id, $2, $3, $4, $5, $6, $7
             FROM analytics.tenant t WHERE t.tenant_id = $1",
        )
        .bind(tenant.as_str())
        .bind(id)
        .bind(&hash[..])
        .bind(scopes.iter().map(|s| s.name()).collect::<Vec<_>>())
        .bind(request.expires_at)
        .bind(&request.name)
        .bind(role.filter(|role| role.is_own).map(|role| &role.name))
        .execute(&mut *tx)
        .await;
        let made = made.map_err(|error| match is_foreign_key(&error) {
            true => roles::unknown(request.role.as_deref().unwrap_or_default()),
            false => blame(error),
        })?;
        if made.rows_affected() == 0 {
            return Err(Error::NotFound {
                what: format!("tenant {tenant}"),
            });
        }
        tx.commit().await.map_err(blame)?;
        Ok(NewKey { id, secret })
    }

    /// The tenant's keys, the newest first; those revoked for 90 days are left
    /// out.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<KeyEntry>> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let rows = sqlx::query(
            "SELECT key_id, name, scopes, role, created_at, last_used_at, expires_at, revoked_at
             FROM analytics.api_key
             WHERE tenant_id = $1
               AND (revoked_at IS NULL OR revoked_at > now() - interval '90 days')
             ORDER BY created_at DESC, key_id DESC",
        )
        .bind(tenant.as_str())
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
        let entry = |row: &sqlx::postgres::PgRow| KeyEntry {
            id: row.get("key_id"),
            name: row.get("name"),
            scopes: Scope::named(&row.get::<Vec<String>, _>("scopes")),
            role: row.get("role"),
            created_at: row.get("created_at"),
            last_used_at: row.get("last_used_at"),
            expires_at: row.get("expires_at"),
            revoked_at: row.get("revoked_at"),
        };
        Ok(rows.iter().map(entry).collect())
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
        let mut tx = begun::begin(&self.pool, "BEGIN").await?;
        // The row is found by the hash of 256 random bits, never compared byte
        // by byte with the secret: timing tells nothing.
        sqlx::query("SELECT set_config('app.shown_key_hash', $1, true)")
            .bind(hex(hash))
            .execute(&mut *tx)
            .await
            .map_err(blame)?;
        let row = sqlx::query(
            "SELECT tenant_id, key_id, scopes, role,
                    last_used_at IS NULL OR last_used_at < now() - interval '1 minute' AS rested
             FROM analytics.api_key
             WHERE key_hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())",
        )
        .bind(&hash[..])
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        drop(tx);
        let Some(row) = row else { return Ok(None) };
        let tenant = TenantId::new(row.get("tenant_id")).map_err(Error::internal)?;
        let key: Uuid = row.get("key_id");
        if row.get("rested") {
            self.note_use(&tenant, key).await;
        }
        let role: Option<String> = row.get("role");
        let role = match role {
            None => None,
            // Read now, not remembered: what it allows ends as fast as the key.
            Some(name) => Some(roles::read(&self.pool, &tenant, &name).await?),
        };
        let (scopes, access) = match role {
            Some(Role { scopes, access, .. }) => (scopes, access),
            None => (
                Scope::named(&row.get::<Vec<String>, _>("scopes")),
                Arc::default(),
            ),
        };
        Ok(Some(Caller {
            tenant,
            key,
            scopes,
            access,
        }))
    }

    /// Nobody is turned away because this could not be written down.
    async fn note_use(&self, tenant: &TenantId, key: Uuid) {
        let noted = async {
            let mut tx = TenantTx::begin(&self.pool, tenant).await?;
            sqlx::query(
                "UPDATE analytics.api_key SET last_used_at = now()
                 WHERE tenant_id = $1 AND key_id = $2",
            )
            .bind(tenant.as_str())
            .bind(key)
            .execute(&mut *tx)
            .await
            .map_err(blame)?;
            tx.commit().await.map_err(blame)
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the use of a key was not noted");
        }
    }

    /// What a key may do and see, by its id: `None` when it is revoked or
    /// expired. Not remembered here.
    pub(crate) async fn by_id(&self, tenant: &TenantId, key: Uuid) -> Result<Option<Caller>> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let row = sqlx::query(
            "SELECT scopes, role FROM analytics.api_key
             WHERE tenant_id = $1 AND key_id = $2 AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > now())",
        )
        .bind(tenant.as_str())
        .bind(key)
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        let Some(row) = row else { return Ok(None) };
        let (scopes, access) = match row.get::<Option<String>, _>("role") {
            Some(name) => {
                let role = roles::in_tx(&mut tx, tenant, &name).await?;
                (role.scopes, role.access)
            }
            None => (
                Scope::named(&row.get::<Vec<String>, _>("scopes")),
                Arc::default(),
            ),
        };
        Ok(Some(Caller {
            tenant: tenant.clone(),
            key,
            scopes,
            access,
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

/// A new secret, and what is kept of it.
pub(crate) struct Made {
    pub(crate) id: Uuid,
    pub(crate) secret: SecretString,
    pub(crate) hash: [u8; 32],
}

impl Made {
    pub(crate) fn new(prefix: &str) -> Result<Self> {
        let mut random = [0u8; 32];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let secret = format!("{prefix}{}", hex(&random));
        Ok(Self {
            id: Uuid::now_v7(),
            hash: hash(&secret),
            secret: secret.into(),
        })
    }
}

/// Refuses a name that would not be read in a list.
pub(crate) fn check_name(name: &str) -> Result<()> {
    if name.len() <= MAX_NAME_BYTES && !name.chars().any(char::is_control) {
        return Ok(());
    }
    let message = format!("must have at most {MAX_NAME_BYTES} bytes and no control characters");
    Err(Error::invalid(message, "name"))
}

pub(crate) fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
