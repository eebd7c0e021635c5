//! Keys of the operator: they belong to no tenant and act for some, or all.

use std::time::Duration;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use secrecy::SecretString;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::keys::{Made, NewKey, REMEMBERED, Scope, check_name, hash};
use super::{blame, operator_tx};
use crate::error::{Error, Result};

/// What every secret of these begins with.
const PREFIX: &str = "tpk_";

/// How often a key's use is written down.
const NOTED_EVERY: Duration = Duration::from_secs(60);

/// The scope that opens the operator's routes.
pub const OPERATE: &str = "operate";

/// What a platform key may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformScopes {
    /// What it may do inside the tenants that it acts for.
    pub tenant: Vec<Scope>,
    /// Whether it may operate the server.
    pub operate: bool,
}

impl PlatformScopes {
    /// The scopes' names as users write them.
    pub fn names(&self) -> Vec<&'static str> {
        let tenant = self.tenant.iter().map(|scope| scope.name());
        tenant.chain(self.operate.then_some(OPERATE)).collect()
    }

    /// The scopes of these names. Errors: `Invalid` for another name.
    pub fn of(names: &[String]) -> Result<Self> {
        let known =
            |name: &&String| *name == OPERATE || Scope::ALL.iter().any(|s| s.name() == *name);
        match names.iter().find(|name| !known(name)) {
            Some(other) => Err(Error::invalid(format!("{other:?} is no scope"), "scopes")),
            None => Ok(Self {
                tenant: Scope::named(names),
                operate: names.iter().any(|name| name == OPERATE),
            }),
        }
    }
}

/// A platform key that was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformCaller {
    /// Its id.
    pub key: Uuid,
    /// What it may do.
    pub scopes: PlatformScopes,
    /// The tenants it may act for; `None`: all.
    pub tenants: Option<Vec<String>>,
}

impl PlatformCaller {
    /// Whether it may do all that such a key could: nobody makes a stronger one.
    pub fn covers(&self, scopes: &PlatformScopes) -> bool {
        let held = |scope: &Scope| scope.is_among(&self.scopes.tenant);
        scopes.tenant.iter().all(held) && (self.scopes.operate || !scopes.operate)
    }

    /// Whether it may act for a tenant.
    pub fn may_act_for(&self, tenant: &TenantId) -> bool {
        self.tenants
            .as_ref()
            .is_none_or(|tenants| tenants.iter().any(|own| own == tenant.as_str()))
    }
}

/// A platform key to be made.
#[derive(Debug, Clone)]
pub struct PlatformKeyRequest {
    /// What people call it.
    pub name: String,
    /// What it may do.
    pub scopes: PlatformScopes,
    /// The tenants it may act for; `None`: all.
    pub tenants: Option<Vec<TenantId>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
}

/// What a list says of a platform key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlatformKeyEntry {
    /// What it is and may do.
    pub caller: PlatformCaller,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last shown, within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// Makes, checks and revokes platform keys.
#[derive(Debug, Clone)]
pub struct PlatformKeys {
    pool: PgPool,
    seen: Cache<[u8; 32], Option<PlatformCaller>>,
    noted: Cache<Uuid, ()>,
}

impl PlatformKeys {
    pub(crate) fn new(pool: PgPool) -> Self {
        let cache = |age| Cache::builder().max_capacity(10_000).time_to_live(age);
        Self {
            pool,
            seen: cache(REMEMBERED).build(),
            noted: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(NOTED_EVERY)
                .build(),
        }
    }

    /// Makes a key. Errors: `Invalid` when it would open nothing, or operate for
    /// some tenants only.
    pub async fn make(&self, request: &PlatformKeyRequest) -> Result<NewKey> {
        check_name(&request.name)?;
        if request.scopes.names().is_empty() {
            return Err(Error::invalid("at least one is needed", "scopes"));
        }
        if request.scopes.operate && request.tenants.is_some() {
            return Err(Error::Invalid {
                message: "a key that operates is for all tenants".into(),
                at: Some("tenants".into()),
                location: None,
                hint: Some("leave the tenants out, or the scope `operate`".into()),
            });
        }
        let Made { id, secret, hash } = Made::new(PREFIX)?;
        let tenants = request.tenants.as_ref();
        let mut tx = operator_tx::begin(&self.pool).await?;
        sqlx::query(
            "INSERT INTO analytics.platform_key
                 (key_id, key_hash, name, scopes, tenants, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(id)
        .bind(&hash[..])
        .bind(&request.name)
        .bind(request.scopes.names())
        .bind(tenants.map(|ids| ids.iter().map(TenantId::to_string).collect::<Vec<_>>()))
        .bind(request.expires_at)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
        Ok(NewKey {
            id,
            secret: SecretString::clone(&secret),
        })
    }

    /// Whom this text names; `None` when nobody, expired or revoked.
    pub async fn authenticate(&self, secret: &str) -> Result<Option<PlatformCaller>> {
        if !secret.starts_with(PREFIX) {
            return Ok(None);
        }
        let hash = hash(secret);
        if let Some(caller) = self.seen.get(&hash).await {
            return Ok(caller);
        }
        let row = sqlx::query(
            "SELECT key_id, scopes, tenants FROM analytics.platform_key
             WHERE key_hash = $1 AND revoked_at IS NULL
               AND (expires_at IS NULL OR expires_at > now())",
        )
        .bind(&hash[..])
        .fetch_optional(&self.pool)
        .await
        .map_err(blame)?;
        let caller = row.as_ref().map(caller).transpose()?;
        if let Some(caller) = &caller {
            self.note_use(caller.key).await;
        }
        self.seen.insert(hash, caller.clone()).await;
        Ok(caller)
    }

    /// Nobody is turned away because this could not be written down.
    async fn note_use(&self, key: Uuid) {
        if self.noted.contains_key(&key) {
            return;
        }
        self.noted.insert(key, ()).await;
        let noted =
            sqlx::query("UPDATE analytics.platform_key SET last_used_at = now() WHERE key_id = $1")
                .bind(key)
                .execute(&self.pool)
                .await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of a platform key was not noted");
        }
    }

    /// All keys, the newest first; those revoked for 90 days are left out.
    pub async fn list(&self) -> Result<Vec<PlatformKeyEntry>> {
        let rows = sqlx::query(
            "SELECT key_id, scopes, tenants, name, created_at, last_used_at, expires_at, revoked_at
             FROM analytics.platform_key
             WHERE revoked_at IS NULL OR revoked_at > now() - interval '90 days'
             ORDER BY created_at DESC, key_id DESC LIMIT 1000",
        )
        .fetch_all(&self.pool)
        .await
        .map_err(blame)?;
        let entry = |row: &PgRow| {
            Ok(PlatformKeyEntry {
                caller: caller(row)?,
                name: row.get("name"),
                created_at: row.get("created_at"),
                last_used_at: row.get("last_used_at"),
                expires_at: row.get("expires_at"),
                revoked_at: row.get("revoked_at"),
            })
        };
        rows.iter().map(entry).collect()
    }

    /// Revokes a key; every server refuses it within five seconds. Errors:
    /// `NotFound`.
    pub async fn revoke(&self, key: Uuid) -> Result<()> {
        let mut tx = operator_tx::begin(&self.pool).await?;
        let revoked = sqlx::query(
            "UPDATE analytics.platform_key SET revoked_at = coalesce(revoked_at, now())
             WHERE key_id = $1",
        )
        .bind(key)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
        match revoked.rows_affected() {
            0 => Err(Error::NotFound {
                what: "the platform key".into(),
            }),
            _ => Ok(()),
        }
    }
}

fn caller(row: &PgRow) -> Result<PlatformCaller> {
    Ok(PlatformCaller {
        key: row.get("key_id"),
        scopes: PlatformScopes::of(&row.get::<Vec<String>, _>("scopes"))?,
        tenants: row.get("tenants"),
    })
}
