//! The record of one change, or of one that was refused.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use storage_layout::TenantId;
use uuid::Uuid;

use super::super::blame;
use super::super::tenant_tx::TenantTx;
use crate::error::Result;

/// Who did what to what.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditRecord {
    /// Whose; `None`: no tenant's, such as a plan.
    pub tenant_id: Option<String>,
    /// Its id.
    pub entry_id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom; `system` where nobody asked for it.
    pub who: String,
    /// What, such as `key.created` or `access.refused`.
    pub action: String,
    /// To what: an id, a name or a route.
    pub target: String,
    /// How often, where the same came again within a moment.
    pub times: i64,
    /// What is new of it, never a secret.
    pub detail: serde_json::Value,
}

pub(super) fn record(row: &PgRow) -> Result<AuditRecord> {
    Ok(AuditRecord {
        tenant_id: row.get("tenant_id"),
        entry_id: row.get("entry_id"),
        at: row.get("at"),
        who: row.get("who"),
        action: row.get("action"),
        target: row.get("target"),
        times: row.get("times"),
        detail: row.get("detail"),
    })
}

/// Writes records of one tenant with one statement.
pub(super) async fn insert(
    tx: &mut TenantTx,
    tenant: &TenantId,
    records: &serde_json::Value,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO analytics.audit_log
         SELECT t.tenant_id, r.entry_id, r.at, r.who, r.action, r.target, r.times, r.detail
         FROM analytics.tenant t CROSS JOIN jsonb_to_recordset($2) AS r (
             entry_id uuid, at timestamptz, who text, action text, target text, times bigint, detail jsonb)
         WHERE t.tenant_id = $1
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(records)
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(blame)
}
