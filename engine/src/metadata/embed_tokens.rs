//! Embed tokens: short-lived, for some panels of one tenant's dashboards.
//!
//! `tse_<claims>.<mark>`: the claims are JSON, the mark is HMAC-SHA-256 under a
//! secret that all servers share. A token ends when it expires or when the key
//! that made it is revoked, and never shows more than that key.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use moka::future::Cache;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use sqlx::Row;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use super::keys::{Caller, Keys, REMEMBERED, Scope};
use super::{blame, operator_tx};
use crate::error::{Error, Result};
use crate::query::access::Access;

/// What every token begins with.
const PREFIX: &str = "tse_";

/// The longest that a token lasts.
pub const LONGEST: Duration = Duration::hours(24);

/// Bytes of a token; with more filters than fit it is not made.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// How long a secret signs, days.
const SIGNS_DAYS: i32 = 30;

/// A part of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Panel {
    /// Each metric over the range.
    Totals,
    /// Each metric by day.
    Series,
    /// Each metric by dimension value.
    TopValues,
    /// What moves together.
    Insights,
}

/// A dashboard of the tenant's own that a token shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shown {
    /// The dashboard.
    pub id: Uuid,
    /// Which of its panels; `None`: all that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panels: Option<BTreeSet<String>>,
}

impl Shown {
    /// Whether the panel is shown.
    pub fn shows(&self, panel: &str) -> bool {
        let panels = self.panels.as_ref();
        panels.is_none_or(|panels| panels.contains(panel))
    }
}

/// What a token says; signed, and readable by who holds it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Claims {
    id: Uuid,
    secret: Uuid,
    tenant: String,
    key: Uuid,
    panels: BTreeSet<Panel>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dashboard: Option<Shown>,
    access: Access,
    expires_at: DateTime<Utc>,
}

/// A token to be made.
#[derive(Debug, Clone)]
pub struct EmbedRequest {
    /// The parts of dashboards that it shows.
    pub panels: BTreeSet<Panel>,
    /// The dashboard of the tenant's own that it shows; its maker sees it.
    pub dashboard: Option<Shown>,
    /// What it shows of the tenant's data.
    pub access: Access,
    /// For how long.
    pub expires_in: Duration,
}

/// A token that was made.
#[derive(Debug, Clone)]
pub struct NewEmbedToken {
    /// Its id, as in logs.
    pub id: Uuid,
    /// What is sent as bearer token.
    pub token: String,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
}

/// Whom a token names.
#[derive(Debug, Clone)]
pub struct EmbedCaller {
    /// The tenant.
    pub tenant: TenantId,
    /// The token.
    pub id: Uuid,
    /// The key that made it.
    pub key: Uuid,
    /// The parts of dashboards that it shows.
    pub panels: BTreeSet<Panel>,
    /// The dashboard of the tenant's own that it shows.
    pub dashboard: Option<Shown>,
    /// What it shows of the tenant's data.
    pub access: Arc<Access>,
}

type Secret = (Uuid, Vec<u8>);

/// Makes and checks embed tokens.
#[derive(Debug, Clone)]
pub struct EmbedTokens {
    pool: PgPool,
    keys: Keys,
    /// The secrets in use, the newest first.
    secrets: Cache<(), Arc<Vec<Secret>>>,
    /// Keys that made tokens, as they are now.
    makers: Cache<(TenantId, Uuid), Option<Caller>>,
}

impl EmbedTokens {
    pub(crate) fn new(pool: PgPool, keys: Keys) -> Self {
        Self {
            pool,
            keys,
            secrets: Cache::builder().time_to_live(REMEMBERED).build(),
            makers: Cache::builder()
                .max_capacity(10_000)
                .time_to_live(REMEMBERED)
                .build(),
        }
    }

    /// Makes a token that shows no more than its maker sees. Errors: `Invalid`
    /// when it shows no panel, lasts too long or has too many filters.
    pub async fn make(
        &self,
        tenant: &TenantId,
        maker: Uuid,
        sees: &Access,
        request: &EmbedRequest,
    ) -> Result<NewEmbedToken> {
        if request.panels.is_empty() && request.dashboard.is_none() {
            return Err(Error::Invalid {
                message: "at least one is needed".into(),
                at: Some("panels".into()),
                location: None,
                hint: Some("name parts of the overview, or a `dashboard`".into()),
            });
        }
        if request.expires_in <= Duration::zero() || request.expires_in > LONGEST {
            let longest = LONGEST.num_seconds();
            let message = format!("must be 1 to {longest} seconds");
            return Err(Error::invalid(message, "expires_in"));
        }
        request.access.check()?;
        self.renew().await?;
        let secrets = self.read_secrets().await?;
        let (secret_id, secret) = secrets
            .first()
            .ok_or_else(|| Error::internal("there is no secret for embed tokens"))?;
        let claims = Claims {
            id: Uuid::now_v7(),
            secret: *secret_id,
            tenant: tenant.to_string(),
            key: maker,
            panels: request.panels.clone(),
            dashboard: request.dashboard.clone(),
            access: request.access.and(sees),
            expires_at: Utc::now() + request.expires_in,
        };
        let text = serde_json::to_vec(&claims).map_err(Error::internal)?;
        let text = URL_SAFE_NO_PAD.encode(text);
        let mark = mac(secret, &text)?.finalize().into_bytes();
        let token = format!("{PREFIX}{text}.{}", URL_SAFE_NO_PAD.encode(mark));
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Error::invalid("too many to fit into a token", "filters"));
        }
        Ok(NewEmbedToken {
            id: claims.id,
            token,
            expires_at: claims.expires_at,
        })
    }

    /// Whom this text names; `None` when nobody, expired, or made by a key that
    /// is revoked.
    pub async fn authenticate(&self, token: &str) -> Result<Option<EmbedCaller>> {
        let Some(claims) = self.verified(token).await? else {
            return Ok(None);
        };
        let Ok(tenant) = TenantId::new(&claims.tenant) else {
            return Ok(None);
        };
        let place = (tenant.clone(), claims.key);
        let maker = match self.makers.get(&place).await {
            Some(known) => known,
            None => {
                let maker = self.keys.by_id(&tenant, claims.key).await?;
                self.makers.insert(place, maker.clone()).await;
                maker
            }
        };
        let maker = maker.filter(|maker| Scope::View.is_among(&maker.scopes));
        Ok(maker.map(|maker| EmbedCaller {
            tenant,
            id: claims.id,
            key: claims.key,
            panels: claims.panels,
            dashboard: claims.dashboard,
            access: Arc::new(claims.access.and(&maker.access)),
        }))
    }

    async fn verified(&self, token: &str) -> Result<Option<Claims>> {
        let parts = token.strip_prefix(PREFIX).and_then(|t| t.split_once('.'));
        let Some((text, mark)) = parts.filter(|_| token.len() <= MAX_TOKEN_BYTES) else {
            return Ok(None);
        };
        let claims = URL_SAFE_NO_PAD.decode(text).ok();
        let claims = claims.and_then(|json| serde_json::from_slice::<Claims>(&json).ok());
        let (Some(claims), Ok(mark)) = (claims, URL_SAFE_NO_PAD.decode(mark)) else {
            return Ok(None);
        };
        let secrets = match self.secrets.get(&()).await {
            Some(known) => known,
            None => {
                let read = Arc::new(self.read_secrets().await?);
                self.secrets.insert((), read.clone()).await;
                read
            }
        };
        // One that another server made this second is unknown for three.
        let secrets = match secrets.iter().any(|(id, _)| *id == claims.secret) {
            true => secrets,
            false => Arc::new(self.read_secrets().await?),
        };
        let secret = secrets.iter().find(|(id, _)| *id == claims.secret);
        let Some((_, secret)) = secret else {
            return Ok(None);
        };
        // Compared in constant time.
        let holds = mac(secret, text)?.verify_slice(&mark).is_ok();
        Ok(Some(claims).filter(|claims| holds && claims.expires_at > Utc::now()))
    }

    async fn read_secrets(&self) -> Result<Vec<Secret>> {
        let rows = sqlx::query(
            "SELECT secret_id, secret FROM analytics.embed_secret
             WHERE created_at > now() - make_interval(days => $1 + 1)
             ORDER BY created_at DESC, secret_id DESC",
        )
        .bind(SIGNS_DAYS)
        .fetch_all(&self.pool)
        .await
        .map_err(blame)?;
        let secret = |row: &sqlx::postgres::PgRow| (row.get("secret_id"), row.get("secret"));
        Ok(rows.iter().map(secret).collect())
    }

    /// Makes a secret when there is none that may sign, and drops those that
    /// nothing valid is signed with.
    async fn renew(&self) -> Result<()> {
        let mut random = [0u8; 32];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        sqlx::query(
            "WITH gone AS (
                 DELETE FROM analytics.embed_secret
                 WHERE created_at < now() - make_interval(days => $3 + 2))
             INSERT INTO analytics.embed_secret (secret_id, secret)
             SELECT $1, $2 WHERE NOT EXISTS (
                 SELECT FROM analytics.embed_secret
                 WHERE created_at > now() - make_interval(days => $3))",
        )
        .bind(Uuid::now_v7())
        .bind(&random[..])
        .bind(SIGNS_DAYS)
        .execute(&self.pool)
        .await
        .map(drop)
        .map_err(blame)
    }

    /// Signs with a new secret from now on; tokens that were made before stay
    /// valid for as long as they were meant to.
    pub async fn rotate(&self) -> Result<()> {
        let mut random = [0u8; 32];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let mut tx = operator_tx::begin(&self.pool).await?;
        sqlx::query("INSERT INTO analytics.embed_secret (secret_id, secret) VALUES ($1, $2)")
            .bind(Uuid::now_v7())
            .bind(&random[..])
            .execute(&mut *tx)
            .await
            .map_err(blame)?;
        tx.commit().await.map_err(blame)
    }
}

fn mac(secret: &[u8], text: &str) -> Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Error::internal)?;
    mac.update(text.as_bytes());
    Ok(mac)
}
