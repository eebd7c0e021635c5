//! Where the data is: the options that every verb takes.

use std::path::PathBuf;

use clap::Args;
use engine::{Engine, EngineOptions, Error, Maintenance, Result, SqlIsolation, UpkeepOptions};

/// Where Postgres and the object store are.
#[derive(Args)]
pub(super) struct Place {
    /// Holds the private Postgres and the local store; default:
    /// /var/lib/tessera as root, else tessera in the user's data directory.
    #[arg(long, global = true, value_name = "DIR", env = "TESSERA_DATA_DIR")]
    data_dir: Option<PathBuf>,
    /// A Postgres to use, as the app role, instead of the private one.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "DATABASE_URL",
        hide_env_values = true
    )]
    database_url: Option<String>,
    /// The same Postgres as the owner role, for migrations.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TESSERA_MIGRATE_URL",
        hide_env_values = true
    )]
    migrate_url: Option<String>,
    /// An object store (s3://…, gs://…, az://…, file:///…) instead of the local one.
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TESSERA_STORE_URL",
        hide_env_values = true
    )]
    store: Option<String>,
}

impl Place {
    /// Opens what is there, without maintenance: a server may run beside.
    pub(super) async fn open(&self) -> Result<Engine> {
        Engine::start(self.options(Maintenance::Off)?).await
    }

    /// How to start an engine here.
    pub(super) fn options(&self, maintenance: Maintenance) -> Result<EngineOptions> {
        Ok(EngineOptions {
            data_dir: self.data_dir()?,
            database_url: self.database_url.clone(),
            migrate_url: self.migrate_url.clone(),
            store_url: self.store.clone(),
            maintenance,
            upkeep: UpkeepOptions::default(),
            // Whoever may run a command may do what a query could.
            sql: SqlIsolation::InProcess,
            query_memory_bytes: None,
        })
    }

    /// The data directory.
    pub(super) fn data_dir(&self) -> Result<PathBuf> {
        if let Some(dir) = &self.data_dir {
            return Ok(dir.clone());
        }
        if rustix::process::geteuid().is_root() {
            return Ok("/var/lib/tessera".into());
        }
        let set = |name| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        set("XDG_DATA_HOME")
            .filter(|dir| dir.is_absolute())
            .or_else(|| set("HOME").map(|home| home.join(".local/share")))
            .map(|dir| dir.join("tessera"))
            .ok_or_else(|| {
                Error::Config("there is no data directory: give one with --data-dir".into())
            })
    }
}
