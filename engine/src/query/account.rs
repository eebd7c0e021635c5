//! One tenant's account while it asks: what it may fetch, and what it used.

use storage_layout::TenantId;

use super::allowance::Allowances;
use super::meter::Meter;
use crate::error::Result;
use crate::metadata::metering::Used;

/// A tenant's account; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    tenant: TenantId,
    allowances: Allowances,
    meter: Meter,
}

impl Account {
    pub(crate) fn new(tenant: TenantId, allowances: Allowances, meter: Meter) -> Self {
        Self {
            tenant,
            allowances,
            meter,
        }
    }

    /// To be asked before bytes are fetched. Errors: `LimitExceeded`,
    /// `Unavailable`.
    pub(crate) async fn fetch(&self, bytes: u64) -> Result<()> {
        self.allowances.take(&self.tenant, bytes).await
    }

    /// Counts what was used.
    pub(crate) fn count(&self, used: &Used) {
        self.meter.count(&self.tenant, used);
    }
}
