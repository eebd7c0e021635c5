//! Owns state; starts and stops everything. A [`Session`] answers.

mod daily;
mod opening;
mod options;
mod parts;
mod queries;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use object_store::ObjectStore;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use storage_layout::key::BackupId;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::error::{Error, Result};
use crate::ingest::Ingest;
use crate::live::Live;
use crate::maintain::backup::{Backup, place};
use crate::maintain::check::{Check, CheckOptions, CheckReport};
use crate::maintain::progress::Progress;
use crate::maintain::restore::Restore;
use crate::maintain::{BackupReport, Maintainer, RestoreReport, VerifyReport, VerifyRequest};
use crate::metadata::dashboards::Dashboards;
use crate::metadata::embed_tokens::EmbedTokens;
use crate::metadata::embedded::{EmbeddedPostgres, PsqlRole};
use crate::metadata::keys::Keys;
use crate::metadata::live_tickets::LiveTickets;
use crate::metadata::metering::Billed;
use crate::metadata::metrics::Metrics;
use crate::metadata::owner::Owner;
use crate::metadata::plans::Plans;
use crate::metadata::platform_keys::PlatformKeys;
use crate::metadata::platforms::Platforms;
use crate::metadata::records::Records;
use crate::metadata::restore::Existing;
use crate::metadata::roles::Roles;
use crate::metadata::saved_queries::SavedQueries;
use crate::metadata::tenants::Tenants;
use crate::metadata::token_revocations::TokenRevocations;
use crate::metadata::version_check::VersionCheck;
use crate::metadata::{self, catalog, metering, migrate, owed};
use crate::predict::Predictions;
use crate::query::access::Access;
use crate::query::account::Account;
use crate::query::admission::Class;
use crate::query::cache::Caches;
use crate::query::limits::{Limits, LookAtStored};
use crate::query::running::Running;
use crate::query::scope::{RecordTables, Scope};
use crate::query::supplier::CatalogSupplier;
use crate::query::threads::QueryThreads;
use crate::query::worker::{SqlIsolation, WorkerCounts, Workers};
use crate::query_jobs::QueryJobs;
use crate::session::Session;
use opening::{open_postgres, open_store};
pub use options::{EngineOptions, ExistingTenants, Maintenance, RestoreOptions, Standing};
use queries::run_queries;

/// The engine; cheap to clone.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    embedded: Mutex<Option<EmbeddedPostgres>>,
    background: Mutex<Vec<JoinHandle<()>>>,
    owner: Option<Owner>,
    pool: PgPool,
    store: Arc<dyn ObjectStore>,
    caches: Caches,
    versions: VersionCheck,
    tenants: Tenants,
    keys: Keys,
    roles: Roles,
    revocations: TokenRevocations,
    platform_keys: PlatformKeys,
    embed_tokens: EmbedTokens,
    platforms: Platforms,
    metrics: Metrics,
    ingest: Ingest,
    maintainer: Maintainer,
    threads: Arc<QueryThreads>,
    workers: Option<Workers>,
    records: Records,
    running: Running,
    query_jobs: QueryJobs,
    saved_queries: SavedQueries,
    predictions: Predictions,
    dashboards: Dashboards,
    live: Live,
    live_tickets: LiveTickets,
    limits: Limits,
    adding: Mutex<Option<JoinHandle<()>>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(adding) = self.adding.get_mut().take() {
            adding.abort();
        }
    }
}

/// Queries without their client that one process runs at the same time.
const QUERY_RUNNERS: usize = 2;

/// How long a background task that was told to end is waited for.
const TASK_END: Duration = Duration::from_secs(5);

impl Engine {
    /// Opens Postgres and the store, migrates, checks roles and policies.
    pub async fn start(options: EngineOptions) -> Result<Self> {
        Self::launch(options, None).await
    }

    /// As [`Engine::start`], on a store of the caller's own, whatever
    /// `options.store_url` says. What its `put` acknowledged must be durable.
    pub async fn start_on(options: EngineOptions, store: Arc<dyn ObjectStore>) -> Result<Self> {
        Self::launch(options, Some(store)).await
    }

    async fn launch(options: EngineOptions, store: Option<Arc<dyn ObjectStore>>) -> Result<Self> {
        let (embedded, app, owner) = open_postgres(&options).await?;
        if let Some(owner) = &owner {
            migrate::migrate(owner).await?;
        }
        let pool = metadata::open_pool(app).await?;
        migrate::check(&pool).await?;
        let store = match store {
            Some(store) => store,
            None => open_store(&options)?,
        };
        let platforms = Platforms::new(pool.clone());
        platforms.install_presets().await?;
        let caches = Caches::default();
        let mut upkeep = options.upkeep;
        if options.maintenance == Maintenance::Off {
            // Somebody waits for what a command does.
            upkeep.bytes_per_second = None;
        }
        let workers = match options.sql {
            SqlIsolation::InProcess => None,
            SqlIsolation::Workers(options) => Some(Workers::start(options)?),
        };
        let records = Records::new(pool.clone());
        let running = Running::new(records.clone());
        let writer = tokio::spawn(records.clone().write_for_ever());
        let limits = Limits::new(&pool, options.query_memory_bytes);
        let stored = match options.maintenance {
            Maintenance::Background => LookAtStored::EveryHour,
            Maintenance::Off => LookAtStored::Never,
        };
        let keys = Keys::new(pool.clone());
        let versions = VersionCheck::new(pool.clone());
        let inner = Arc::new(Inner {
            embedded: Mutex::new(embedded),
            background: Mutex::new(vec![writer]),
            query_jobs: QueryJobs::new(
                pool.clone(),
                store.clone(),
                running.clone(),
                limits.clone(),
            ),
            saved_queries: SavedQueries::new(pool.clone()),
            predictions: Predictions::new(pool.clone()),
            records,
            running,
            owner: owner.map(Owner::new),
            live: Live::new(versions.clone(), limits.plans.clone()),
            live_tickets: LiveTickets::new(pool.clone()),
            dashboards: Dashboards::new(pool.clone()),
            versions,
            tenants: Tenants::new(pool.clone()),
            roles: Roles::new(pool.clone()),
            revocations: TokenRevocations::new(pool.clone()),
            platform_keys: PlatformKeys::new(pool.clone()),
            embed_tokens: EmbedTokens::new(pool.clone(), keys.clone()),
            keys,
            metrics: Metrics::new(pool.clone()),
            ingest: Ingest::new(pool.clone(), store.clone(), platforms.clone()),
            maintainer: Maintainer::new(pool.clone(), store.clone(), caches.clone(), &upkeep),
            threads: Arc::new(QueryThreads::start()?),
            workers,
            adding: Mutex::new(Some(tokio::spawn(limits.clone().keep_adding(stored)))),
            limits,
            pool,
            store,
            caches,
            platforms,
        });
        if options.maintenance == Maintenance::Background {
            let maintainer = inner.maintainer.clone();
            let mut background = inner.background.lock().await;
            background.push(tokio::spawn(maintainer.run()));
            for _ in 0..QUERY_RUNNERS {
                background.push(tokio::spawn(run_queries(Arc::downgrade(&inner))));
            }
            background.push(tokio::spawn(daily::watch_the_clock(Arc::downgrade(&inner))));
            for _ in 0..daily::RUNNERS {
                background.push(tokio::spawn(daily::run_nights(Arc::downgrade(&inner))));
            }
        }
        Ok(Self { inner })
    }

    /// Stops background work and the private Postgres, if this process owns it.
    pub async fn shutdown(self) -> Result<()> {
        for task in self.inner.background.lock().await.drain(..) {
            task.abort();
            // What it held is dropped when it has ended, and recorded.
            let _ = tokio::time::timeout(TASK_END, task).await;
        }
        self.inner.records.flush().await;
        if let Some(adding) = self.inner.adding.lock().await.take() {
            adding.abort();
        }
        self.inner.limits.settle().await;
        self.inner.pool.close().await;
        match self.inner.embedded.lock().await.take() {
            Some(embedded) => embedded
                .stop()
                .await
                .map_err(|e| Error::Config(e.to_string())),
            None => Ok(()),
        }
    }

    /// A tenant's view of its data as of now: one snapshot, one plan's limits.
    /// Errors: `NotFound` for an unknown tenant, `Unavailable` while its
    /// erasures are done again after a restore.
    pub async fn session(&self, tenant: &TenantId) -> Result<Session> {
        self.session_as(tenant, Arc::default(), RecordTables::Shown)
            .await
    }

    /// As [`Engine::session`], showing no more than `access` allows, with or
    /// without the tables of records.
    pub async fn session_as(
        &self,
        tenant: &TenantId,
        access: Arc<Access>,
        records: RecordTables,
    ) -> Result<Session> {
        let account = self.inner.limits.account(tenant);
        self.open(tenant, access, records, Some(account)).await
    }

    /// A session for work that nobody waits for and nobody asked for: it sees
    /// everything of the tenant, is charged to nobody and takes its turns last.
    pub(crate) async fn background_session(&self, tenant: &TenantId) -> Result<Session> {
        let everything = Arc::default();
        let session = self.open(tenant, everything, RecordTables::Hidden, None);
        Ok(session.await?.in_background())
    }

    async fn open(
        &self,
        tenant: &TenantId,
        access: Arc<Access>,
        records: RecordTables,
        account: Option<Account>,
    ) -> Result<Session> {
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
                if snapshot.withheld {
                    return Err(owed::withheld());
                }
                inner
                    .caches
                    .snapshots
                    .insert(tenant.clone(), snapshot.clone())
                    .await;
                snapshot
            }
        };
        let plan = inner.limits.plans.holding(tenant).await?;
        let platforms = inner.platforms.list().await?;
        let supplier = CatalogSupplier {
            pool: inner.pool.clone(),
            tenant: tenant.clone(),
        };
        let (caches, supplier) = (inner.caches.clone(), Arc::new(supplier));
        let scope = Scope::new(
            snapshot,
            platforms,
            caches,
            supplier,
            inner.store.clone(),
            access,
        );
        let scope = scope.with_records(records);
        let scope = match account {
            Some(account) => scope.charged_to(account),
            None => scope,
        };
        let (threads, limits) = (inner.threads.clone(), inner.limits.clone());
        let workers = inner.workers.clone();
        Ok(Session::new(scope, threads, plan, limits, workers))
    }

    /// What workers did and why they ended; `None` where SQL runs in this
    /// process.
    pub fn worker_counts(&self) -> Option<WorkerCounts> {
        self.inner.workers.as_ref().map(Workers::counts)
    }

    /// Plans, and what tenants are allowed besides.
    pub fn plans(&self) -> &Plans {
        &self.inner.limits.plans
    }

    /// What a tenant uses of each limit at this moment: what runs is of this
    /// server, the rest of all. Errors: `NotFound`.
    pub async fn standing(&self, tenant: &TenantId) -> Result<Standing> {
        let limits = &self.inner.limits;
        let allowed = limits.plans.of_tenant(tenant).await?;
        let held = metering::held(&self.inner.pool, tenant).await?;
        let mut used: BTreeMap<String, u64> = held.into_iter().collect();
        let running = |class| limits.admission.running(class, tenant);
        let queries = running(Class::Dashboard).max(running(Class::Sql));
        used.insert("concurrent_queries".into(), queries);
        used.insert("concurrent_exports".into(), running(Class::Export));
        used.insert("live_connections".into(), self.inner.live.open(tenant));
        Ok(Standing { allowed, used })
    }

    /// What all tenants used from one UTC day to another, both included.
    pub async fn usage(&self, from: NaiveDate, to: NaiveDate) -> Result<Vec<Billed>> {
        metering::of_all(&self.inner.pool, from, to).await
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

    /// Metric definitions.
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// Rewrites this tenant's roll-ups that no longer fit its zone or its
    /// definitions now; answers how many. A server does so by itself.
    pub async fn rewrite_rollups(&self, tenant: &TenantId) -> Result<u64> {
        self.inner.maintainer.rewrite_rollups(tenant).await
    }

    /// Compares this tenant's stored roll-ups with its rows, all of which are
    /// read. Errors: `NotFound` for an unknown tenant.
    pub async fn verify_rollups(
        &self,
        tenant: &TenantId,
        request: &VerifyRequest,
    ) -> Result<VerifyReport> {
        self.inner.maintainer.verify_rollups(tenant, request).await
    }

    /// Flushes and compacts this tenant now; answers how many files it replaced.
    pub async fn compact(&self, tenant: &TenantId) -> Result<u64> {
        self.inner.maintainer.tenant(tenant).await
    }

    /// Retention, erasure and what else is done to stored files.
    pub fn upkeep(&self) -> &Maintainer {
        &self.inner.maintainer
    }

    /// Erases again what was erased before, after a restore; see
    /// [`Maintainer::replay_erasures`].
    pub async fn replay_erasures(&self, tenant: &TenantId) -> Result<u64> {
        self.inner.maintainer.replay_erasures(tenant).await
    }

    /// Compares catalog and store; see [`crate::maintain::check`]. An error
    /// means that it could not be checked.
    pub async fn check(
        &self,
        options: &CheckOptions,
        progress: &dyn Progress,
    ) -> Result<CheckReport> {
        let check = Check::new(&self.inner.maintainer, options, progress)?;
        check.run().await
    }

    /// Backs up one tenant, or all, to a store's URL or a folder. Errors:
    /// `Config` without the owner role, `NotFound` for an unknown tenant,
    /// `Storage` where an object is missing or damaged.
    pub async fn backup(
        &self,
        to: &str,
        tenant: Option<&TenantId>,
        progress: &dyn Progress,
    ) -> Result<BackupReport> {
        let backup = Backup {
            owner: self.owner()?,
            store: self.inner.store.as_ref(),
            to: place::for_writing(to)?,
            tenant,
            progress,
        };
        backup.run().await
    }

    /// Restores from a backup. Errors: `Conflict` when tenants exist that may
    /// not be replaced, `NotFound` for a backup or tenant that is not there,
    /// `Storage` for a damaged backup: then nothing of the tenant was changed.
    pub async fn restore(
        &self,
        options: &RestoreOptions,
        progress: &dyn Progress,
    ) -> Result<RestoreReport> {
        let id = options.backup.as_deref();
        let unknown = |id: &str| Error::invalid("is not a backup's id", id);
        let backup = id.map(|id| BackupId::parse(id).ok_or_else(|| unknown(id)));
        let restore = Restore {
            owner: self.owner()?,
            from: place::for_reading(&options.from)?,
            backup: backup.transpose()?,
            store: self.inner.store.clone(),
            maintainer: &self.inner.maintainer,
            tenant: options.tenant.as_ref(),
            existing: match options.existing {
                ExistingTenants::Refuse => Existing::Refuse,
                ExistingTenants::Replace => Existing::Replace,
            },
            progress,
        };
        restore.run().await
    }

    fn owner(&self) -> Result<&Owner> {
        self.inner.owner.as_ref().ok_or_else(|| {
            Error::Config(
                "this needs the owner role, which sees all tenants: set TESSERA_MIGRATE_URL".into(),
            )
        })
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
