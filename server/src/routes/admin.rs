//! What the operator changes and sees, of all tenants.

pub(crate) mod plans;
pub(crate) mod tenant_limits;
pub(crate) mod usage;
