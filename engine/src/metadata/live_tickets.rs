//! Tickets that open one live stream each, once: for clients that cannot send
//! a header. Only a ticket's SHA-256 is stored.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use super::blame;
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};

/// What every ticket begins with.
const PREFIX: &str = "tst_";

/// For how long a ticket opens a stream.
pub const LASTS: TimeDelta = TimeDelta::seconds(30);

/// Tickets of a tenant that wait to be used.
const WAITING: i64 = 10_000;

/// A ticket that was made.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// What is sent to open a stream.
    pub ticket: String,
    /// When it opens none any more.
    pub expires_at: DateTime<Utc>,
}

/// Makes and takes tickets.
#[derive(Debug, Clone)]
pub struct LiveTickets {
    pool: PgPool,
}

impl LiveTickets {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Makes a ticket for what `sealed` says, which this does not read. Errors:
    /// `LimitExceeded` while too many wait.
    pub async fn make(&self, tenant: &TenantId, sealed: &str) -> Result<NewTicket> {
        let mut random = [0u8; 32];
        getrandom::fill(&mut random).map_err(Error::internal)?;
        let ticket = format!("{PREFIX}{tenant}.{}", URL_SAFE_NO_PAD.encode(random));
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        sqlx::query(
            "DELETE FROM analytics.live_ticket WHERE tenant_id = $1 AND expires_at < now()",
        )
        .bind(tenant.as_str())
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        let waiting: i64 =
            sqlx::query_scalar("SELECT count(*) FROM analytics.live_ticket WHERE tenant_id = $1")
                .bind(tenant.as_str())
                .fetch_one(&mut *tx)
                .await
                .map_err(blame)?;
        if waiting >= WAITING {
            return Err(Error::LimitExceeded {
                limit: "live_tickets",
                used: waiting.unsigned_abs(),
                allowed: WAITING.unsigned_abs(),
                needed: waiting.unsigned_abs() + 1,
                plan: "any".into(),
                resets_at: Some(Utc::now() + LASTS),
                allowed_by: None,
            });
        }
        let expires_at = sqlx::query_scalar(
            "INSERT INTO analytics.live_ticket (tenant_id, ticket_hash, sealed, expires_at)
             VALUES ($1, $2, $3, now() + make_interval(secs => $4)) RETURNING expires_at",
        )
        .bind(tenant.as_str())
        .bind(hash(&ticket))
        .bind(sealed)
        .bind(LASTS.as_seconds_f64())
        .fetch_one(&mut *tx)
        .await
        .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
        Ok(NewTicket { ticket, expires_at })
    }

    /// What a ticket was made for, of which tenant; `None` when it is none, has
    /// ended, or was taken before. From now on it is taken.
    pub async fn take(&self, ticket: &str) -> Result<Option<(TenantId, String)>> {
        let named = ticket.strip_prefix(PREFIX).and_then(|t| t.rsplit_once('.'));
        let tenant = named.and_then(|(tenant, _)| TenantId::new(tenant).ok());
        let Some(tenant) = tenant else {
            return Ok(None);
        };
        let mut tx = TenantTx::begin(&self.pool, &tenant).await?;
        let sealed: Option<String> = sqlx::query_scalar(
            "WITH taken AS (
                 DELETE FROM analytics.live_ticket
                 WHERE tenant_id = $1 AND ticket_hash = $2 RETURNING sealed, expires_at)
             SELECT sealed FROM taken WHERE expires_at > now()",
        )
        .bind(tenant.as_str())
        .bind(hash(ticket))
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        // Two that bring the same one: the second waits here and finds none.
        tx.commit().await.map_err(blame)?;
        Ok(sealed.map(|sealed| (tenant, sealed)))
    }
}

fn hash(ticket: &str) -> Vec<u8> {
    Sha256::digest(ticket.as_bytes()).to_vec()
}
