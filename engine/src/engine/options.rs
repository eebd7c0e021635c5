//! How an engine is started, what a restore is told, and what a tenant's
//! standing is.

use std::collections::BTreeMap;
use std::path::PathBuf;

use storage_layout::TenantId;

use crate::maintain::UpkeepOptions;
use crate::metadata::plans::TenantLimits;
use crate::query::worker::SqlIsolation;

/// Whether this process flushes and compacts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// In the background, as a server does.
    Background,
    /// Never, as a command beside a server does.
    Off,
}

/// What to restore.
#[derive(Debug, Clone, Default)]
pub struct RestoreOptions {
    /// The place of backups: a store's URL, or a folder.
    pub from: String,
    /// The backup's id; `None`: the newest.
    pub backup: Option<String>,
    /// The only tenant; `None`: all of the backup.
    pub tenant: Option<TenantId>,
    /// What becomes of tenants that exist.
    pub existing: ExistingTenants,
}

/// What a restore does about tenants that exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExistingTenants {
    /// Restores nothing.
    #[default]
    Refuse,
    /// Makes them what they were at the backup, but for their keys and erasures.
    Replace,
}

/// What a tenant is allowed and how much of it it uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it is allowed.
    pub allowed: TenantLimits,
    /// What it uses, by limit; of those that are missing nothing yet.
    pub used: BTreeMap<String, u64>,
}

/// How to start an engine.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// Holds the private Postgres and the local store, where those are used.
    pub data_dir: PathBuf,
    /// A Postgres to use as app role instead of the private one.
    pub database_url: Option<String>,
    /// The owner role's URL for migrations; only with `database_url`.
    pub migrate_url: Option<String>,
    /// An object store (`s3://bucket/prefix`, `gs://…`, `az://…`, `file:///…`)
    /// instead of the local one in the data directory.
    pub store_url: Option<String>,
    /// Background work; a server's engine must be the only one on its private
    /// Postgres, a command's may share it.
    pub maintenance: Maintenance,
    /// How that work is done.
    pub upkeep: UpkeepOptions,
    /// Where callers' SQL runs.
    pub sql: SqlIsolation,
    /// Memory that all running queries share, bytes; `None`: half of the
    /// machine's.
    pub query_memory_bytes: Option<u64>,
}
