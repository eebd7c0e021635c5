//! Everything in Postgres, and the only SQL text for it.

pub mod keys;
pub mod platforms;
pub mod tenants;
