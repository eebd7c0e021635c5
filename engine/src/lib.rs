//! The multi-tenant analytics engine: from data point to committed file, and
//! from question to verified, bounded answer.
//!
//! Start reading at [`session`]. This crate knows no HTTP.

pub mod dashboard;
pub mod demo;
pub mod engine;
pub mod error;
pub mod failpoint;
pub mod forecast;
pub mod import;
pub mod ingest;
pub mod live;
pub mod maintain;
pub mod metadata;
pub mod own_dashboard;
pub mod predict;
pub mod query;
pub mod query_jobs;
pub mod saved_query;
pub mod session;
pub mod structured;

pub use engine::{Engine, EngineOptions, ExistingTenants, Maintenance, RestoreOptions, Standing};
pub use error::{Error, Result};
pub use maintain::UpkeepOptions;
pub use query::worker::{SqlIsolation, WorkerCounts, WorkerOptions, WorkerProgram};
pub use session::{Access, Session};
pub use storage_layout::{FileId, MetricDefinition, MetricKey, MetricKind, TenantId, Value};
