//! Everything in Postgres, and the only SQL text for it.

pub mod embedded;
pub mod keys;
pub mod platforms;
pub mod tenants;
