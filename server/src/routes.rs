//! One file a resource: handlers of about ten lines, with the shape of their
//! answer right above. Which path they answer is listed in [`crate::router`].

pub(crate) mod admin;
pub(crate) mod admin_records;
pub(crate) mod collect;
pub(crate) mod dashboard;
pub(crate) mod dashboards;
pub(crate) mod data_points;
pub(crate) mod embed_tokens;
pub(crate) mod erasures;
pub(crate) mod exports;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod metrics;
pub(crate) mod platform_keys;
pub(crate) mod platforms;
pub(crate) mod quarantine;
pub(crate) mod queries;
pub(crate) mod query;
pub(crate) mod retention;
pub(crate) mod roles;
pub(crate) mod rollups;
pub(crate) mod saved_queries;
pub(crate) mod session;
pub(crate) mod sql;
pub(crate) mod sql_jobs;
pub(crate) mod stream;
pub(crate) mod tenants;
pub(crate) mod token_revocations;
pub(crate) mod usage;
