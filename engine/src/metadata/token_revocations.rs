//! Tokens of other issuers that end before they expire.
//!
//! It does not check tokens: it says whether one that is valid was revoked.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::keys::REMEMBERED;
use super::tenant_tx::TenantTx;
use super::{blame, is_foreign_key};
use crate::error::{Error, Result};

/// Revocations of a tenant that are in force.
const MAX_REVOCATIONS: i64 = 10_000;
/// Bytes of a token's id or subject.
const MAX_BYTES: usize = 512;

/// Which tokens are revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// The one with this id (`jti`).
    Token(String),
    /// All of a subject (`sub`) that were issued before an instant.
    Subject(String, DateTime<Utc>),
}

/// A revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRevocation {
    /// Its id.
    pub id: Uuid,
    /// The issuer's name in this server's configuration.
    pub issuer: String,
    /// Which tokens.
    pub revoked: Revoked,
    /// When it was said.
    pub revoked_at: DateTime<Utc>,
}

/// What a valid token says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The issuer's name in this server's configuration.
    pub issuer: &'a str,
    /// Its id.
    pub token_id: Option<&'a str>,
    /// Its subject.
    pub subject: Option<&'a str>,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
}

/// Revokes tokens, and knows which are.
#[derive(Debug, Clone)]
pub struct TokenRevocations {
    pool: PgPool,
    seen: Cache<TenantId, Arc<Vec<TokenRevocation>>>,
}

impl TokenRevocations {
    pub(crate) fn new(pool: PgPool) -> Self {
        let seen = Cache::builder()
            .max_capacity(2_000)
            .time_to_live(REMEMBERED)
            .build();
        Self { pool, seen }
    }

    /// Revokes tokens; every server refuses them within five seconds. Errors:
    /// `Invalid` for what cannot be a token's, `Conflict` when there are too many.
    pub async fn revoke(&self, tenant: &TenantId, issuer: &str, revoked: &Revoked) -> Result<Uuid> {
        let (token_id, subject, before) = match revoked {
            Revoked::Token(id) => (Some(id), None, None),
            Revoked::Subject(subject, before) => (None, Some(subject), Some(before)),
        };
        let named = token_id.or(subject).map_or("", String::as_str);
        if named.is_empty() || named.len() > MAX_BYTES || issuer.len() > MAX_BYTES {
            let message = format!("must have 1 to {MAX_BYTES} bytes");
            return Err(Error::invalid(message, "token_id"));
        }
        let id = Uuid::now_v7();
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let made = sqlx::query(
            "INSERT INTO analytics.token_revocation
                 (tenant_id, revocation_id, issuer, token_id, subject, issued_before)
             SELECT $1, $2, $3, $4, $5, $6
             WHERE (SELECT count(*) FROM analytics.token_revocation WHERE tenant_id = $1) < $7",
        )
        .bind(tenant.as_str())
        .bind(id)
        .bind(issuer)
        .bind(token_id)
        .bind(subject)
        .bind(before)
        .bind(MAX_REVOCATIONS)
        .execute(&mut *tx)
        .await;
        let made = made.map_err(|error| match is_foreign_key(&error) {
            true => Error::NotFound {
                what: format!("tenant {tenant}"),
            },
            false => blame(error),
        })?;
        if made.rows_affected() == 0 {
            return Err(Error::Conflict {
                message: format!("{MAX_REVOCATIONS} are in force; remove those of expired tokens"),
            });
        }
        tx.commit().await.map_err(blame)?;
        self.seen.invalidate(tenant).await;
        Ok(id)
    }

    /// The revocations in force, the newest first.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<TokenRevocation>> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let rows = sqlx::query(
            "SELECT revocation_id, issuer, token_id, subject, issued_before, revoked_at
             FROM analytics.token_revocation WHERE tenant_id = $1
             ORDER BY revoked_at DESC, revocation_id DESC",
        )
        .bind(tenant.as_str())
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
        Ok(rows.iter().filter_map(revocation).collect())
    }

    /// Takes a revocation back. Errors: `NotFound`.
    pub async fn remove(&self, tenant: &TenantId, id: Uuid) -> Result<()> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let removed = sqlx::query(
            "DELETE FROM analytics.token_revocation WHERE tenant_id = $1 AND revocation_id = $2",
        )
        .bind(tenant.as_str())
        .bind(id)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        if removed.rows_affected() == 0 {
            return Err(Error::NotFound {
                what: "the revocation".into(),
            });
        }
        tx.commit().await.map_err(blame)
    }

    /// Whether a token is revoked. One that says no time of issue is, when its
    /// subject is.
    pub async fn is_revoked(&self, tenant: &TenantId, shown: Shown<'_>) -> Result<bool> {
        let revocations = match self.seen.get(tenant).await {
            Some(known) => known,
            None => {
                let list = Arc::new(self.list(tenant).await?);
                self.seen.insert(tenant.clone(), list.clone()).await;
                list
            }
        };
        let mut own = revocations.iter().filter(|r| r.issuer == shown.issuer);
        Ok(own.any(|revocation| match &revocation.revoked {
            Revoked::Token(id) => shown.token_id == Some(id),
            Revoked::Subject(subject, before) => {
                shown.subject == Some(subject) && shown.issued_at.is_none_or(|at| at < *before)
            }
        }))
    }
}

fn revocation(row: &PgRow) -> Option<TokenRevocation> {
    let revoked = match row.get::<Option<String>, _>("token_id") {
        Some(id) => Revoked::Token(id),
        None => Revoked::Subject(
            row.get::<Option<String>, _>("subject")?,
            row.get::<Option<DateTime<Utc>>, _>("issued_before")?,
        ),
    };
    Some(TokenRevocation {
        id: row.get("revocation_id"),
        issuer: row.get("issuer"),
        revoked,
        revoked_at: row.get("revoked_at"),
    })
}
