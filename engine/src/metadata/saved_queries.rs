//! Saved queries in the catalog: each change a version, none ever changed.

use chrono::{DateTime, Utc};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;

use super::blame;
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};
use crate::saved_query::Definition;

/// Versions of all of a tenant's queries together.
const VERSIONS: i64 = 2_000;

/// A version of a saved query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedQuery {
    /// Its name.
    pub name: String,
    /// Which version this is, from 1.
    pub version: i32,
    /// What it asks.
    pub definition: Definition,
    /// Who saved it.
    pub who: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// The versions that can be called.
    pub versions: Vec<i32>,
}

/// Keeps and finds saved queries.
#[derive(Debug, Clone)]
pub struct SavedQueries {
    pool: PgPool,
}

impl SavedQueries {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Saves a definition that was checked as the newest version; the same as
    /// the newest is no new one. Answers the version. Errors: `Invalid` for a
    /// name that is none, `Conflict` when somebody else saves at this moment,
    /// `LimitExceeded`.
    pub async fn put(
        &self,
        tenant: &TenantId,
        name: &str,
        definition: &Definition,
        who: &str,
    ) -> Result<i32> {
        check_name(name)?;
        let text = serde_json::to_value(definition).map_err(Error::internal)?;
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let (all, newest): (i64, Option<i32>) = sqlx::query_as(
            "SELECT count(*), max(version) FILTER (WHERE name = $2)
             FROM analytics.saved_query WHERE tenant_id = $1",
        )
        .bind(tenant.as_str())
        .bind(name)
        .fetch_one(&mut *tx)
        .await
        .map_err(blame)?;
        let same: Option<bool> = sqlx::query_scalar(
            "SELECT definition IS NOT DISTINCT FROM $3 FROM analytics.saved_query
             WHERE tenant_id = $1 AND name = $2 ORDER BY version DESC LIMIT 1",
        )
        .bind(tenant.as_str())
        .bind(name)
        .bind(&text)
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        if let (Some(true), Some(newest)) = (same, newest) {
            return Ok(newest);
        }
        if all >= VERSIONS {
            return Err(Error::LimitExceeded {
                limit: "saved_query_versions",
                used: all.unsigned_abs(),
                allowed: VERSIONS.unsigned_abs(),
                needed: all.unsigned_abs() + 1,
                plan: "any".into(),
                resets_at: None,
                allowed_by: None,
            });
        }
        room_for_name(&mut tx, tenant, name).await?;
        let version = newest.unwrap_or(0) + 1;
        let done = sqlx::query(
            "INSERT INTO analytics.saved_query (tenant_id, name, version, definition, who)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(tenant.as_str())
        .bind(name)
        .bind(version)
        .bind(&text)
        .bind(who)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        if done.rows_affected() == 0 {
            return Err(Error::Conflict {
                message: format!("the saved query {name:?} is being changed by somebody else"),
            });
        }
        tx.commit().await.map_err(blame)?;
        Ok(version)
    }

    /// A version of a saved query; `None`: the newest. Errors: `NotFound`.
    pub async fn get(
        &self,
        tenant: &TenantId,
        name: &str,
        version: Option<i32>,
    ) -> Result<SavedQuery> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let row = sqlx::query(
            "SELECT q.name, q.version, q.definition, q.who, q.created_at,
                    ARRAY(SELECT v.version FROM analytics.saved_query v
                          WHERE v.tenant_id = q.tenant_id AND v.name = q.name
                            AND v.definition IS NOT NULL ORDER BY v.version) AS versions
             FROM analytics.saved_query q
             WHERE q.tenant_id = $1 AND q.name = $2 AND q.definition IS NOT NULL
               AND ($3::integer IS NULL OR q.version = $3)
             ORDER BY q.version DESC LIMIT 1",
        )
        .bind(tenant.as_str())
        .bind(name)
        .bind(version)
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        match row {
            Some(row) => saved(&row),
            None => Err(missing(name, version)),
        }
    }

    /// The newest version of each, by name.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<SavedQuery>> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let rows = sqlx::query(
            "SELECT DISTINCT ON (q.name) q.name, q.version, q.definition, q.who, q.created_at,
                    ARRAY(SELECT v.version FROM analytics.saved_query v
                          WHERE v.tenant_id = q.tenant_id AND v.name = q.name
                            AND v.definition IS NOT NULL ORDER BY v.version) AS versions
             FROM analytics.saved_query q
             WHERE q.tenant_id = $1 AND q.definition IS NOT NULL
             ORDER BY q.name, q.version DESC",
        )
        .bind(tenant.as_str())
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
        rows.iter().map(saved).collect()
    }

    /// Removes a saved query with all its versions, whose numbers are not used
    /// again. Errors: `NotFound`.
    pub async fn remove(&self, tenant: &TenantId, name: &str) -> Result<()> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let done = sqlx::query(
            "UPDATE analytics.saved_query SET definition = NULL, removed = true
             WHERE tenant_id = $1 AND name = $2 AND definition IS NOT NULL",
        )
        .bind(tenant.as_str())
        .bind(name)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        if done.rows_affected() == 0 {
            return Err(missing(name, None));
        }
        tx.commit().await.map_err(blame)
    }
}

fn saved(row: &PgRow) -> Result<SavedQuery> {
    let definition: serde_json::Value = row.get("definition");
    Ok(SavedQuery {
        name: row.get("name"),
        version: row.get("version"),
        definition: serde_json::from_value(definition).map_err(Error::internal)?,
        who: row.get("who"),
        created_at: row.get("created_at"),
        versions: row.get("versions"),
    })
}

fn missing(name: &str, version: Option<i32>) -> Error {
    let name: String = name.chars().take(64).collect();
    Error::NotFound {
        what: match version {
            Some(version) => format!("version {version} of the saved query {name:?}"),
            None => format!("the saved query {name:?}"),
        },
    }
}

/// Refuses one more name than the tenant's plan allows.
async fn room_for_name(tx: &mut TenantTx, tenant: &TenantId, name: &str) -> Result<()> {
    let row = sqlx::query(
        "SELECT l.plan, l.saved_queries AS allowed, n.used,
                (SELECT p.plan FROM analytics.plan p WHERE p.saved_queries > n.used
                 AND NOT EXISTS (SELECT FROM analytics.plan_override o
                                 WHERE o.tenant_id = l.tenant_id AND o.saved_queries IS NOT NULL)
                 ORDER BY p.saved_queries, p.plan LIMIT 1) AS allowed_by
         FROM analytics.tenant_limits l CROSS JOIN LATERAL (
             SELECT count(DISTINCT q.name) AS used FROM analytics.saved_query q
             WHERE q.tenant_id = l.tenant_id AND q.name <> $2 AND NOT q.removed) n
         WHERE l.tenant_id = $1 AND n.used >= l.saved_queries",
    )
    .bind(tenant.as_str())
    .bind(name)
    .fetch_optional(&mut **tx)
    .await
    .map_err(blame)?;
    let Some(row) = row else { return Ok(()) };
    let number = |name: &str| u64::try_from(row.get::<i64, _>(name)).unwrap_or_default();
    Err(Error::LimitExceeded {
        limit: "saved_queries",
        used: number("used"),
        allowed: number("allowed"),
        needed: number("used") + 1,
        plan: row.get("plan"),
        resets_at: None,
        allowed_by: row.get("allowed_by"),
    })
}

fn check_name(name: &str) -> Result<()> {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let all = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
    match first && all && name.len() <= 63 {
        true => Ok(()),
        false => Err(Error::invalid(
            "a saved query's name must be 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit",
            "name",
        )),
    }
}
