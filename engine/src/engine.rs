//! Owns state; starts and stops everything. A [`Session`] answers.

use std::path::PathBuf;
use std::sync::Arc;

use storage_layout::TenantId;

use crate::error::Result;
use crate::ingest::Ingest;
use crate::metadata::keys::Keys;
use crate::metadata::platforms::Platforms;
use crate::metadata::tenants::Tenants;
use crate::session::Session;

/// Whether this process flushes and compacts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// In the background, as a server does.
    Background,
    /// Never, as a command beside a server does.
    Off,
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
    /// Background work.
    pub maintenance: Maintenance,
}

/// The engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    #[expect(dead_code, reason = "skeleton")]
    inner: Arc<()>,
}

impl Engine {
    /// Opens Postgres and the store, migrates, checks roles and policies.
    pub async fn start(_options: EngineOptions) -> Result<Self> {
        todo!()
    }

    /// Stops background work and the private Postgres, if this process owns it.
    pub async fn shutdown(self) -> Result<()> {
        todo!()
    }

    /// Tenants and their plans.
    pub fn tenants(&self) -> Tenants {
        todo!()
    }

    /// API keys.
    pub fn keys(&self) -> Keys {
        todo!()
    }

    /// The platform registry.
    pub fn platforms(&self) -> Platforms {
        todo!()
    }

    /// The way in for data points.
    pub fn ingest(&self) -> &Ingest {
        todo!()
    }

    /// A tenant's view of its data as of now: one snapshot, one plan's limits.
    pub async fn session(&self, _tenant: &TenantId) -> Result<Session> {
        todo!()
    }

    /// Whether Postgres and the store answer; the error says which does not.
    pub async fn ready(&self) -> Result<()> {
        todo!()
    }

    /// Flushes and compacts this tenant now; answers how many files it replaced.
    pub async fn compact(&self, _tenant: &TenantId) -> Result<u64> {
        todo!()
    }

    /// A ready `psql` on the metadata, as the app role.
    pub fn psql_command(&self) -> Result<std::process::Command> {
        todo!()
    }
}
