//! The engine from outside: real Postgres, real files, its public API only.
//!
//! One file a subject. A test's engine costs an `initdb`, so there are few
//! tests, and each walks through one fact.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "engine/collect.rs"]
mod collect;
#[path = "engine/dashboard.rs"]
mod dashboard;
#[path = "engine/dimensions.rs"]
mod dimensions;
#[path = "engine/embedded.rs"]
mod embedded;
#[path = "engine/fixture.rs"]
mod fixture;
#[path = "engine/history.rs"]
mod history;
#[path = "engine/ingest.rs"]
mod ingest;
#[path = "engine/retail.rs"]
mod retail;
#[path = "engine/row_level_security.rs"]
mod row_level_security;
#[path = "engine/sql.rs"]
mod sql;
