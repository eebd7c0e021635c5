//! The engine from outside: real Postgres, real files, its public API only.
//!
//! One file a subject. A test's engine costs an `initdb`, so there are few
//! tests, and each walks through one fact.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

#[path = "engine/access.rs"]
mod access;
#[path = "engine/answers.rs"]
mod answers;
#[path = "engine/backup.rs"]
mod backup;
#[path = "engine/bounds.rs"]
mod bounds;
#[path = "engine/bulk.rs"]
mod bulk;
#[path = "engine/check.rs"]
mod check;
#[path = "engine/collect.rs"]
mod collect;
#[path = "engine/compaction.rs"]
mod compaction;
#[path = "engine/damaged_files.rs"]
mod damaged_files;
#[path = "engine/dashboard.rs"]
mod dashboard;
#[path = "engine/demo.rs"]
mod demo;
#[path = "engine/dimensions.rs"]
mod dimensions;
#[path = "engine/embedded.rs"]
mod embedded;
#[path = "engine/erasure.rs"]
mod erasure;
#[path = "engine/fault_store.rs"]
mod fault_store;
#[path = "engine/fixture.rs"]
mod fixture;
#[path = "engine/foreign_file.rs"]
mod foreign_file;
#[path = "engine/group_commit.rs"]
mod group_commit;
#[path = "engine/history.rs"]
mod history;
#[path = "engine/history_points.rs"]
mod history_points;
#[path = "engine/import.rs"]
mod import;
#[path = "engine/ingest.rs"]
mod ingest;
#[path = "engine/jobs.rs"]
mod jobs;
#[path = "engine/lanes.rs"]
mod lanes;
#[path = "engine/latest.rs"]
mod latest;
#[path = "engine/plans.rs"]
mod plans;
#[path = "engine/quarantine.rs"]
mod quarantine;
#[path = "engine/random_queries.rs"]
mod random_queries;
#[path = "engine/random_sql.rs"]
mod random_sql;
#[path = "engine/records.rs"]
mod records;
#[path = "engine/restored_erasures.rs"]
mod restored_erasures;
#[path = "engine/retail.rs"]
mod retail;
#[path = "engine/retention.rs"]
mod retention;
#[path = "engine/rollups.rs"]
mod rollups;
#[path = "engine/row_level_security.rs"]
mod row_level_security;
#[path = "engine/sql.rs"]
mod sql;
#[path = "engine/store_faults.rs"]
mod store_faults;
#[path = "engine/stores.rs"]
mod stores;
#[path = "engine/structured.rs"]
mod structured;
#[path = "engine/sweep.rs"]
mod sweep;
#[path = "engine/sweep_pinned.rs"]
mod sweep_pinned;
#[path = "engine/swept_uploads.rs"]
mod swept_uploads;
#[path = "engine/upkeep_history.rs"]
mod upkeep_history;
#[path = "engine/zones.rs"]
mod zones;
