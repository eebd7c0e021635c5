//! Dashboards that people of a tenant make: who sees which is decided here.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use moka::future::Cache;
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::blame;
use super::keys::REMEMBERED;
use super::tenant_tx::TenantTx;
use crate::error::{Error, Result};
use crate::own_dashboard::{Draft, Panel};

/// Dashboards of one tenant.
const MOST: i64 = 200;

const COLUMNS: &str =
    "dashboard_id, owner, name, description, shared, version, panels::text AS panels,
     created_at, updated_at";

/// A dashboard somebody made.
#[derive(Debug, Clone)]
pub struct OwnDashboard {
    /// Its id.
    pub id: Uuid,
    /// Who made it, as logs name a credential.
    pub owner: String,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether others of the tenant see it.
    pub shared: bool,
    /// How often it was changed, from 1.
    pub version: i32,
    /// What is on it.
    pub panels: Vec<Panel>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// Who looks.
#[derive(Debug, Clone, Copy)]
pub struct Viewer<'a> {
    /// The credential, as logs name it.
    pub who: &'a str,
    /// What it sees and changes besides its own.
    pub sees: Sees,
}

/// What somebody sees and changes besides their own dashboards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sees {
    /// Sees the shared ones, changes none.
    Shared,
    /// Sees and changes all of the tenant's.
    All,
}

/// Keeps and finds dashboards.
#[derive(Debug, Clone)]
pub struct Dashboards {
    pool: PgPool,
    /// What embed tokens and streams look at again and again.
    seen: Cache<(TenantId, Uuid), Option<Arc<OwnDashboard>>>,
}

impl OwnDashboard {
    /// Whether this viewer made it.
    pub fn is_of(&self, viewer: Viewer<'_>) -> bool {
        self.owner == viewer.who
    }

    /// Whether this viewer may change it.
    pub fn may_be_changed_by(&self, viewer: Viewer<'_>) -> bool {
        self.is_of(viewer) || viewer.sees == Sees::All
    }

    fn is_seen_by(&self, viewer: Viewer<'_>) -> bool {
        self.shared || self.may_be_changed_by(viewer)
    }
}

impl Dashboards {
    pub(crate) fn new(pool: PgPool) -> Self {
        let seen = Cache::builder()
            .max_capacity(1_000)
            .time_to_live(REMEMBERED)
            .build();
        Self { pool, seen }
    }

    /// Makes a dashboard. Errors: `Invalid`, `LimitExceeded`.
    pub async fn create(
        &self,
        tenant: &TenantId,
        owner: &str,
        draft: &Draft,
    ) -> Result<OwnDashboard> {
        let panels = draft.checked()?;
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let held: i64 =
            sqlx::query_scalar("SELECT count(*) FROM analytics.dashboard WHERE tenant_id = $1")
                .bind(tenant.as_str())
                .fetch_one(&mut *tx)
                .await
                .map_err(blame)?;
        if held >= MOST {
            return Err(Error::LimitExceeded {
                limit: "dashboards",
                used: held.unsigned_abs(),
                allowed: MOST.unsigned_abs(),
                needed: held.unsigned_abs() + 1,
                plan: "any".into(),
                resets_at: None,
                allowed_by: None,
            });
        }
        let query = format!(
            "INSERT INTO analytics.dashboard
                 (tenant_id, dashboard_id, owner, name, description, shared, version, panels)
             VALUES ($1, $2, $3, $4, $5, $6, 1, $7::text::jsonb) RETURNING {COLUMNS}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(tenant.as_str())
            .bind(Uuid::now_v7())
            .bind(owner)
            .bind(&draft.name)
            .bind(&draft.description)
            .bind(draft.shared)
            .bind(panels)
            .fetch_one(&mut *tx)
            .await
            .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
        own(&row)
    }

    /// Those that this viewer sees, by name.
    pub async fn list(&self, tenant: &TenantId, viewer: Viewer<'_>) -> Result<Vec<OwnDashboard>> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let query = format!(
            "SELECT {COLUMNS} FROM analytics.dashboard
             WHERE tenant_id = $1 AND ($2 OR shared OR owner = $3)
             ORDER BY lower(name), dashboard_id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(tenant.as_str())
            .bind(viewer.sees == Sees::All)
            .bind(viewer.who)
            .fetch_all(&mut *tx)
            .await
            .map_err(blame)?;
        rows.iter().map(own).collect()
    }

    /// One that this viewer sees. Errors: `NotFound`.
    pub async fn get(
        &self,
        tenant: &TenantId,
        viewer: Viewer<'_>,
        id: Uuid,
    ) -> Result<OwnDashboard> {
        let found = self.read(tenant, id).await?;
        found
            .filter(|found| found.is_seen_by(viewer))
            .ok_or_else(|| missing(id))
    }

    /// One as it was within the last seconds, whoever sees it: for those whom
    /// somebody who saw it has let see it.
    pub async fn recent(&self, tenant: &TenantId, id: Uuid) -> Result<Option<Arc<OwnDashboard>>> {
        let place = (tenant.clone(), id);
        if let Some(known) = self.seen.get(&place).await {
            return Ok(known);
        }
        let read = self.read(tenant, id).await?.map(Arc::new);
        self.seen.insert(place, read.clone()).await;
        Ok(read)
    }

    /// Whether this viewer sees one, as of the last seconds.
    pub async fn recent_as(
        &self,
        tenant: &TenantId,
        viewer: Viewer<'_>,
        id: Uuid,
    ) -> Result<Option<Arc<OwnDashboard>>> {
        let found = self.recent(tenant, id).await?;
        Ok(found.filter(|found| found.is_seen_by(viewer)))
    }

    /// Replaces one. Errors: `NotFound`, `Forbidden` for who sees it and may not
    /// change it, `Conflict` when it is not at `version` any more, `Invalid`.
    pub async fn replace(
        &self,
        tenant: &TenantId,
        viewer: Viewer<'_>,
        id: Uuid,
        version: i32,
        draft: &Draft,
    ) -> Result<OwnDashboard> {
        let panels = draft.checked()?;
        self.changeable(tenant, viewer, id).await?;
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let query = format!(
            "UPDATE analytics.dashboard SET name = $4, description = $5, shared = $6,
                 panels = $7::text::jsonb, version = version + 1, updated_at = clock_timestamp()
             WHERE tenant_id = $1 AND dashboard_id = $2 AND version = $3 RETURNING {COLUMNS}"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(tenant.as_str())
            .bind(id)
            .bind(version)
            .bind(&draft.name)
            .bind(&draft.description)
            .bind(draft.shared)
            .bind(panels)
            .fetch_optional(&mut *tx)
            .await
            .map_err(blame)?;
        let row = row.ok_or_else(|| Error::Conflict {
            message: format!(
                "the dashboard is not at version {version} any more: somebody else has changed \
                 it; read it again and put the change into what it is now"
            ),
        })?;
        tx.commit().await.map_err(blame)?;
        self.seen.invalidate(&(tenant.clone(), id)).await;
        own(&row)
    }

    /// Removes one. Errors: `NotFound`, `Forbidden`.
    pub async fn remove(&self, tenant: &TenantId, viewer: Viewer<'_>, id: Uuid) -> Result<()> {
        self.changeable(tenant, viewer, id).await?;
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        sqlx::query("DELETE FROM analytics.dashboard WHERE tenant_id = $1 AND dashboard_id = $2")
            .bind(tenant.as_str())
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(blame)?;
        tx.commit().await.map_err(blame)?;
        self.seen.invalidate(&(tenant.clone(), id)).await;
        Ok(())
    }

    async fn changeable(&self, tenant: &TenantId, viewer: Viewer<'_>, id: Uuid) -> Result<()> {
        let found = self.get(tenant, viewer, id).await?;
        match found.may_be_changed_by(viewer) {
            true => Ok(()),
            false => Err(Error::Forbidden {
                message: "a shared dashboard is changed by who made it, or by an admin".into(),
                at: None,
                hint: Some("save a copy of it, which is your own".into()),
            }),
        }
    }

    async fn read(&self, tenant: &TenantId, id: Uuid) -> Result<Option<OwnDashboard>> {
        let mut tx = TenantTx::begin(&self.pool, tenant).await?;
        let query = format!(
            "SELECT {COLUMNS} FROM analytics.dashboard WHERE tenant_id = $1 AND dashboard_id = $2"
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(tenant.as_str())
            .bind(id)
            .fetch_optional(&mut *tx)
            .await
            .map_err(blame)?;
        row.as_ref().map(own).transpose()
    }
}

fn own(row: &PgRow) -> Result<OwnDashboard> {
    let panels: String = row.get("panels");
    Ok(OwnDashboard {
        id: row.get("dashboard_id"),
        owner: row.get("owner"),
        name: row.get("name"),
        description: row.get("description"),
        shared: row.get("shared"),
        version: row.get("version"),
        panels: serde_json::from_str(&panels).map_err(Error::internal)?,
        created_at: row.get("created_at"),
        updated_at: row.get("updated_at"),
    })
}

fn missing(id: Uuid) -> Error {
    Error::NotFound {
        what: format!("the dashboard {id}"),
    }
}
