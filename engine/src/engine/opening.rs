//! The Postgres and the store of an engine, as its options name them.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use sqlx::postgres::PgConnectOptions;
use storage_layout::store;

use super::options::{EngineOptions, Maintenance};
use crate::error::{Error, Result};
use crate::metadata::embedded::{EmbeddedPostgres, OpenAs};

/// How long `start` waits for a data directory that is being released.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// The private Postgres if there is one, options of the app role, and options
/// of the owner where migrations may run.
type Opened = (
    Option<EmbeddedPostgres>,
    PgConnectOptions,
    Option<PgConnectOptions>,
);

pub(super) async fn open_postgres(options: &EngineOptions) -> Result<Opened> {
    let parse = |url: &str, name: &str| {
        PgConnectOptions::from_str(url).map_err(|_| {
            Error::Config(format!(
                "{name} is not a Postgres URL: use postgres://user:password@host/database"
            ))
        })
    };
    if let Some(url) = &options.database_url {
        let owner = options
            .migrate_url
            .as_deref()
            .map(|url| parse(url, "TESSERA_MIGRATE_URL"));
        return Ok((None, parse(url, "DATABASE_URL")?, owner.transpose()?));
    }
    let role = match options.maintenance {
        Maintenance::Background => OpenAs::Server,
        Maintenance::Off => OpenAs::CommandLine,
    };
    let embedded = EmbeddedPostgres::open(&options.data_dir, LOCK_WAIT, role)
        .await
        .map_err(|e| Error::Config(e.to_string()))?;
    let (app, owner) = (embedded.app_options(), embedded.owner_options());
    Ok((Some(embedded), app, Some(owner)))
}

pub(super) fn open_store(options: &EngineOptions) -> Result<Arc<dyn ObjectStore>> {
    match &options.store_url {
        Some(url) => store::open(url).map_err(|e| Error::Config(e.to_string())),
        None => open_private(&options.data_dir.join("objects")),
    }
}

/// The local store's folder, closed to everybody else.
fn open_private(folder: &Path) -> Result<Arc<dyn ObjectStore>> {
    use std::os::unix::fs::PermissionsExt;
    let opened = store::open_folder(folder).and_then(|store| {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
        Ok(store)
    });
    opened.map_err(|e| {
        Error::Config(format!(
            "the local store cannot be opened ({e}): choose another --data-dir, or set --store to a URL"
        ))
    })
}
