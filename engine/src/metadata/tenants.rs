//! Tenants and the plans they are on.

use storage_layout::TenantId;

use crate::error::Result;

/// A tenant as the catalog knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// The plan's name: `free`, `starter`, `pro`, `enterprise` or one of yours.
    pub plan: String,
    /// Days of roll-ups and of `30d` begin at midnight here.
    pub time_zone: chrono_tz::Tz,
}

/// What a plan (subscription tier) allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Dimension keys that get columns of their own.
    pub dimension_keys: u32,
    /// Points accepted in one UTC day.
    pub ingest_points_per_day: u64,
    /// Rows of one answer.
    pub result_rows: u64,
    /// Memory of one query, bytes.
    pub query_memory_bytes: u64,
    /// Deadline of one query, milliseconds.
    pub query_timeout_ms: u64,
    /// Rows of one export.
    pub export_rows: u64,
}

/// Creates and looks up tenants.
#[derive(Debug, Clone)]
pub struct Tenants {}

impl Tenants {
    /// Creates a tenant. Errors: `Conflict` when it exists, `Invalid` when the
    /// plan does not.
    pub async fn create(&self, _id: &TenantId, _plan: &str, _zone: chrono_tz::Tz) -> Result<Tenant> {
        todo!()
    }

    /// The tenant. Errors: `NotFound`.
    pub async fn get(&self, _id: &TenantId) -> Result<Tenant> {
        todo!()
    }

    /// The tenant's plan.
    pub async fn plan(&self, _id: &TenantId) -> Result<Plan> {
        todo!()
    }
}
