//! The real server process, asked over HTTP and by its command line.
//!
//! One file a resource, as in `src/routes`. Each test has a server of its own,
//! so there are few tests, and each walks through one resource.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "http/auth.rs"]
mod auth;
#[path = "http/backup.rs"]
mod backup;
#[path = "http/bulk.rs"]
mod bulk;
#[path = "http/callers.rs"]
mod callers;
#[path = "http/collect.rs"]
mod collect;
#[path = "http/dashboard.rs"]
mod dashboard;
#[path = "http/dashboards.rs"]
mod dashboards;
#[path = "http/data_points.rs"]
mod data_points;
#[path = "http/escape.rs"]
mod escape;
#[path = "http/exports.rs"]
mod exports;
#[path = "../../tests/faults.rs"]
mod faults;
#[path = "http/fixture.rs"]
mod fixture;
#[path = "http/front.rs"]
mod front;
#[path = "http/hardening.rs"]
mod hardening;
#[path = "http/import.rs"]
mod import;
#[path = "http/isolation.rs"]
mod isolation;
#[path = "http/keep.rs"]
mod keep;
#[path = "http/live.rs"]
mod live;
#[path = "http/pages.rs"]
mod pages;
#[path = "http/plans.rs"]
mod plans;
#[path = "http/quarantine.rs"]
mod quarantine;
#[path = "http/queries.rs"]
mod queries;
#[path = "http/query.rs"]
mod query;
#[path = "http/rollups.rs"]
mod rollups;
#[path = "http/sql.rs"]
mod sql;
#[path = "http/tokens.rs"]
mod tokens;
#[path = "http/turns.rs"]
mod turns;
#[path = "http/watcher.rs"]
mod watcher;
