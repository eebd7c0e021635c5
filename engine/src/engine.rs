//! Owns state; starts and stops everything. A [`Session`] answers.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use sqlx::postgres::{PgConnectOptions, PgPool};
use storage_layout::{TenantId, store};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::ingest::Ingest;
use crate::maintain::Maintainer;
use crate::metadata::embedded::{EmbeddedPostgres, OpenAs, PsqlRole};
use crate::metadata::keys::Keys;
use crate::metadata::platforms::Platforms;
use crate::metadata::tenants::Tenants;
use crate::metadata::version_check::VersionCheck;
use crate::metadata::{self, catalog, migrate};
use crate::query::cache::Caches;
use crate::query::scope::Scope;
use crate::query::threads::QueryThreads;
use crate::session::Session;

/// How long `start` waits for a data directory that is being released.
const LOCK_WAIT: Duration = Duration::from_secs(20);

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
    /// Background work; a server's engine must be the only one on its private
    /// Postgres, a command's may share it.
    pub maintenance: Maintenance,
}

/// The engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    embedded: Mutex<Option<EmbeddedPostgres>>,
    background: Mutex<Option<JoinHandle<()>>>,
    pool: PgPool,
    store: Arc<dyn ObjectStore>,
    caches: Caches,
    versions: VersionCheck,
    tenants: Tenants,
    keys: Keys,
    platforms: Platforms,
    ingest: Ingest,
    maintainer: Maintainer,
    threads: Arc<QueryThreads>,
}

impl Engine {
    /// Opens Postgres and the store, migrates, checks roles and policies.
    pub async fn start(options: EngineOptions) -> Result<Self> {
        let (embedded, app, owner) = open_postgres(&options).await?;
        if let Some(owner) = &owner {
            migrate::migrate(owner).await?;
        }
        let pool = metadata::open_pool(app).await?;
        migrate::check(&pool).await?;
        let store = open_store(&options)?;
        let platforms = Platforms::new(pool.clone());
        platforms.install_presets().await?;
        let caches = Caches::default();
        let inner = Arc::new(Inner {
            embedded: Mutex::new(embedded),
            background: Mutex::new(None),
            versions: VersionCheck::new(pool.clone()),
            tenants: Tenants::new(pool.clone()),
            keys: Keys::new(pool.clone()),
            ingest: Ingest::new(pool.clone(), store.clone(), platforms.clone()),
            maintainer: Maintainer::new(pool.clone(), store.clone(), caches.clone()),
            threads: Arc::new(QueryThreads::start()?),
            pool,
            store,
            caches,
            platforms,
        });
        if options.maintenance == Maintenance::Background {
            let maintainer = inner.maintainer.clone();
            *inner.background.lock().await = Some(tokio::spawn(maintainer.run()));
        }
        Ok(Self { inner })
    }

    /// Stops background work and the private Postgres, if this process owns it.
    pub async fn shutdown(self) -> Result<()> {
        if let Some(background) = self.inner.background.lock().await.take() {
            background.abort();
        }
        self.inner.pool.close().await;
        match self.inner.embedded.lock().await.take() {
            Some(embedded) => embedded
                .stop()
                .await
                .map_err(|e| Error::Config(e.to_string())),
            None => Ok(()),
        }
    }

    /// Tenants and their plans.
    pub fn tenants(&self) -> &Tenants {
        &self.inner.tenants
    }

    /// API keys.
    pub fn keys(&self) -> &Keys {
        &self.inner.keys
    }

    /// The platform registry.
    pub fn platforms(&self) -> &Platforms {
        &self.inner.platforms
    }

    /// The way in for data points.
    pub fn ingest(&self) -> &Ingest {
        &self.inner.ingest
    }

    /// A tenant's view of its data as of now: one snapshot, one plan's limits.
    /// Errors: `NotFound` for an unknown tenant.
    pub async fn session(&self, tenant: &TenantId) -> Result<Session> {
        let inner = &self.inner;
        let version = inner.versions.version(tenant).await?;
        let version = version.ok_or_else(|| Error::NotFound {
            what: format!("tenant {tenant}"),
        })?;
        let cached = inner.caches.snapshots.get(tenant).await;
        let snapshot = match cached.filter(|snapshot| snapshot.version == version) {
            Some(snapshot) => snapshot,
            None => {
                let snapshot = Arc::new(catalog::snapshot(&inner.pool, tenant).await?);
                inner
                    .caches
                    .snapshots
                    .insert(tenant.clone(), snapshot.clone())
                    .await;
                snapshot
            }
        };
        let platforms = inner.platforms.list().await?;
        let (caches, pool) = (inner.caches.clone(), inner.pool.clone());
        let scope = Scope::new(snapshot, platforms, caches, pool, inner.store.clone());
        Ok(Session::new(scope, inner.threads.clone()))
    }

    /// Whether Postgres and the store answer; the error says which does not.
    pub async fn ready(&self) -> Result<()> {
        metadata::ping(&self.inner.pool).await?;
        let probe = object_store::path::Path::from("probe");
        match object_store::ObjectStoreExt::head(&self.inner.store, &probe).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => {
                tracing::warn!(%error, "the object store does not answer");
                Err(Error::Unavailable {
                    message: "the object store does not answer".into(),
                    retry_after: metadata::RETRY_AFTER,
                })
            }
        }
    }

    /// Flushes and compacts this tenant now; answers how many files it replaced.
    pub async fn compact(&self, tenant: &TenantId) -> Result<u64> {
        self.inner.maintainer.tenant(tenant).await
    }

    /// A ready `psql` on the metadata, as the app role. Errors: `Config` where
    /// the database is not the private one.
    pub async fn psql_command(&self) -> Result<std::process::Command> {
        match &*self.inner.embedded.lock().await {
            Some(embedded) => Ok(embedded.psql_command(PsqlRole::App)),
            None => Err(Error::Config(
                "the database is not the private one: use psql with DATABASE_URL".into(),
            )),
        }
    }
}

/// The private Postgres if there is one, options of the app role, and options
/// of the owner where migrations may run.
type Opened = (
    Option<EmbeddedPostgres>,
    PgConnectOptions,
    Option<PgConnectOptions>,
);

async fn open_postgres(options: &EngineOptions) -> Result<Opened> {
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

fn open_store(options: &EngineOptions) -> Result<Arc<dyn ObjectStore>> {
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
