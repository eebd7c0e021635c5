//! Roles inside a tenant: what somebody may do, and what they see.
//!
//! Three are everybody's (`viewer`, `analyst`, `admin`) and see everything. A
//! tenant makes others of its own from the first two, and says what they see.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use sqlx::types::Json;
use storage_layout::TenantId;

use super::keys::{REMEMBERED, Scope};
use super::tenant_tx::TenantTx;
use super::{blame, is_foreign_key};
use crate::error::{Error, Result};
use crate::query::access::Access;

/// Roles of a tenant's own.
const MAX_ROLES: i64 = 200;

/// What a role may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    /// Dashboards and lists.
    Viewer,
    /// What a viewer may, SQL and exports.
    Analyst,
    /// Everything inside the tenant.
    Admin,
}

impl Base {
    /// All of them, in the order users see them.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Admin];

    /// Its name as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    /// What it opens.
    pub fn scopes(self) -> Vec<Scope> {
        match self {
            Self::Viewer => vec![Scope::View],
            Self::Analyst => vec![Scope::View, Scope::Read, Scope::Export],
            Self::Admin => vec![Scope::Admin],
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|base| base.name() == name)
    }
}

/// A role as somebody has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// What it sees.
    pub access: Arc<Access>,
    /// Whether it is of the tenant's making.
    pub is_own: bool,
}

/// What a list says of a tenant's own role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleEntry {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub base: Base,
    /// What it sees.
    pub access: Access,
    /// When it was last changed.
    pub changed_at: DateTime<Utc>,
}

/// Makes, reads and removes roles.
#[derive(Debug, Clone)]
pub struct Roles {
    pool: PgPool,
    seen: Cache<(TenantId, String), Option<Role>>,
}

impl Roles {
    pub(crate) fn new(pool: PgPool) -> Self {
        let seen = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(REMEMBERED)
            .build();
        Self { pool, seen }
    }

    /// The role of this name, everybody's or the tenant's own; remembered for
    /// three seconds.
    pub async fn get(&self, tenant: &TenantId, name: &str) -> Result<Option<Role>> {
        let key = (tenant.clone(), name.to_owned());
        if let Some(known) = self.seen.get(&key).await {
            return Ok(known);
        }
        let found = match read(&self.pool, tenant, name).await {
            Ok(role) => Some(role),
            Err(Error::Invalid { .. }) => None,
            Err(error) => return Err(error),
        };
        self.seen.insert(key, found.clone()).await;
        Ok(found)
    }

    /// The tenant's own roles, by name.
    pub async fn list(&self, tenant: &TenantId) -> Result<Vec<RoleEntry>> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let rows = sqlx::query(
            "SELECT role, base, access, changed_at FROM analytics.role
             WHERE tenant_id = $1 ORDER BY role",
        )
        .bind(tenant.as_str())
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
        rows.iter().map(entry).collect()
    }

    /// Makes or changes a role; who has it sees by it within five seconds.
    /// Errors: `Invalid` for a name or an access that cannot be, `NotFound` for
    /// an unknown tenant, `Conflict` when there are too many.
    pub async fn set(
        &self,
        tenant: &TenantId,
        name: &str,
        base: Base,
        access: &Access,
    ) -> Result<()> {
        check_name(name)?;
        access.check()?;
        if base == Base::Admin {
            return Err(Error::invalid("must be `viewer` or `analyst`", "base"));
        }
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let set = sqlx::query(
            "INSERT INTO analytics.role (tenant_id, role, base, access)
             SELECT $1, $2, $3, $4
             WHERE (SELECT count(*) FROM analytics.role
                    WHERE tenant_id = $1 AND role <> $2) < $5
             ON CONFLICT (tenant_id, role)
                 DO UPDATE SET base = EXCLUDED.base, access = EXCLUDED.access, changed_at = now()",
        )
        .bind(tenant.as_str())
        .bind(name)
        .bind(base.name())
        .bind(Json(access))
        .bind(MAX_ROLES)
        .execute(&mut *tx)
        .await;
        let set = set.map_err(|error| match is_foreign_key(&error) {
            true => Error::NotFound {
                what: format!("tenant {tenant}"),
            },
            false => blame(error),
        })?;
        if set.rows_affected() == 0 {
            return Err(Error::Conflict {
                message: format!("the tenant has {MAX_ROLES} roles of its own; remove some"),
            });
        }
        tx.commit().await.map_err(blame)
    }

    /// Removes a role. Errors: `NotFound`, `Conflict` while keys have it.
    pub async fn remove(&self, tenant: &TenantId, name: &str) -> Result<()> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        // A revoked key has no use of its role any more.
        sqlx::query(
            "UPDATE analytics.api_key SET role = NULL
             WHERE tenant_id = $1 AND role = $2 AND revoked_at IS NOT NULL",
        )
        .bind(tenant.as_str())
        .bind(name)
        .execute(&mut *tx)
        .await
        .map_err(blame)?;
        let removed = sqlx::query("DELETE FROM analytics.role WHERE tenant_id = $1 AND role = $2")
            .bind(tenant.as_str())
            .bind(name)
            .execute(&mut *tx)
            .await;
        let removed = removed.map_err(|error| match is_foreign_key(&error) {
            true => Error::Conflict {
                message: format!("keys have the role {name:?}: revoke them first"),
            },
            false => blame(error),
        })?;
        if removed.rows_affected() == 0 {
            return Err(Error::NotFound {
                what: format!("the role {name:?}"),
            });
        }
        tx.commit().await.map_err(blame)
    }
}

/// The role as it is now. Errors: `Invalid` for one that does not exist.
pub(crate) async fn read(pool: &PgPool, tenant: &TenantId, name: &str) -> Result<Role> {
    match Base::named(name) {
        Some(base) => Ok(of_everybody(base)),
        None => in_tx(&mut TenantTx::begin(pool, tenant).await?, tenant, name).await,
    }
}

/// As [`read`], within a transaction.
pub(crate) async fn in_tx(tx: &mut TenantTx, tenant: &TenantId, name: &str) -> Result<Role> {
    if let Some(base) = Base::named(name) {
        return Ok(of_everybody(base));
    }
    let row = sqlx::query(
        "SELECT role, base, access, changed_at FROM analytics.role
         WHERE tenant_id = $1 AND role = $2",
    )
    .bind(tenant.as_str())
    .bind(name)
    .fetch_optional(&mut **tx)
    .await
    .map_err(blame)?;
    let found = entry(&row.ok_or_else(|| unknown(name))?)?;
    Ok(Role {
        name: found.name,
        scopes: found.base.scopes(),
        access: Arc::new(found.access),
        is_own: true,
    })
}

/// That there is no such role.
pub(crate) fn unknown(name: &str) -> Error {
    Error::Invalid {
        message: format!("there is no role {name:?}"),
        at: Some("role".into()),
        location: None,
        hint: Some("use viewer, analyst, admin, or a role that the tenant has made".into()),
    }
}

fn of_everybody(base: Base) -> Role {
    Role {
        name: base.name().into(),
        scopes: base.scopes(),
        access: Arc::default(),
        is_own: false,
    }
}

fn entry(row: &PgRow) -> Result<RoleEntry> {
    let base = Base::named(row.get("base"));
    let Json(access) = row.try_get("access").map_err(Error::internal)?;
    Ok(RoleEntry {
        name: row.get("role"),
        base: base.ok_or_else(|| Error::internal("a role of an unknown base"))?,
        access,
        changed_at: row.get("changed_at"),
    })
}

/// 1 to 63 of a-z, 0-9, - and _, and none of everybody's.
fn check_name(name: &str) -> Result<()> {
    let fit = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    if name.is_empty() || name.len() > 63 || !name.chars().all(fit) {
        let message = "must have 1 to 63 of a-z, 0-9, - and _";
        return Err(Error::invalid(message, "role"));
    }
    if Base::named(name).is_some() || name == Scope::Ingest.name() {
        return Err(Error::invalid("is a role that everybody has", "role"));
    }
    Ok(())
}
