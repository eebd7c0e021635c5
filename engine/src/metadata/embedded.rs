//! A private Postgres cluster inside a data directory: made, started, found
//! again, attached to and stopped.
//!
//! It is the default when no `DATABASE_URL` is given. It runs the installed
//! Postgres binaries on a unix socket of its own and never listens on a
//! network. It makes the roles and the empty database; it does not migrate,
//! knows no table, and holds no connection after [`EmbeddedPostgres::open`].
//!
//! What lies in the data directory:
//!
//! | name | what |
//! | --- | --- |
//! | `lock` | whoever holds its lock owns the cluster; the owner's pid is inside |
//! | `attached` | held shared by command lines beside an owner |
//! | `runtime.json` | where the running cluster's socket is (0600) |
//! | `postgres.secrets.json` | the roles' passwords (0600) |
//! | `postgres.log` | what Postgres says |
//! | `postgres/data` | the cluster, owned by the user that runs Postgres |

mod binaries;
mod cluster;
mod error;
mod lock;
mod os_user;
mod pid_file;
mod postmaster;
mod private_file;
mod roles;
mod runtime_file;
mod secrets;
mod settings;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use binaries::Binaries;
use cluster::Cluster;
use lock::{AttachedLock, DataDirLock};
use os_user::OsUser;
use postmaster::Postmaster;
use runtime_file::RuntimeFile;
use secrets::Secrets;

pub use error::EmbeddedError;
pub use roles::{APP_ROLE, DATABASE, MAINTENANCE_ROLE, OWNER_ROLE, SUPERUSER, roles_sql};

/// How often a wait for a lock, a file or a process looks again.
const POLL: Duration = Duration::from_millis(10);

/// As what a process opens a data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenAs {
    /// The server: it must own the cluster, and is refused while another
    /// server runs on the same directory.
    Server,
    /// A command: it attaches to a running owner's cluster, and owns the
    /// cluster for its own time when nobody else does.
    CommandLine,
}

/// As which role `tessera psql` connects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PsqlRole {
    /// [`APP_ROLE`], under row-level security like the server itself.
    App,
    /// [`OWNER_ROLE`], which bypasses row-level security.
    Owner,
    /// [`SUPERUSER`], for repairs.
    Superuser,
}

/// A private Postgres cluster inside a data directory.
///
/// Dropped without [`stop`](Self::stop), an owner asks Postgres to end and
/// does not wait for it; the next one to open the directory does.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    // Field order is drop order: Postgres is told to end before the locks go.
    hold: Hold,
    secrets: Secrets,
    runtime: RuntimeFile,
    psql: std::path::PathBuf,
    data_dir: std::path::PathBuf,
}

#[derive(Debug)]
enum Hold {
    Owner {
        postmaster: Postmaster,
        lock: DataDirLock,
    },
    Attached {
        _lock: AttachedLock,
    },
}

impl EmbeddedPostgres {
    /// Opens the cluster in `data_dir`, which is made when it is missing.
    ///
    /// A process that gets the directory's lock owns the cluster: it makes it
    /// when it is new, starts it, waits until it is ready, and creates the
    /// roles and the database that are missing. A lock that is being released
    /// is waited for up to `lock_wait`. Beside a live owner, a
    /// [`OpenAs::CommandLine`] connects through the owner's runtime file.
    ///
    /// # Errors
    /// Each [`EmbeddedError`] says what to do; the frequent ones are no
    /// Postgres on the machine, a directory that Postgres' user cannot reach,
    /// and a directory in use.
    pub async fn open(
        data_dir: &Path,
        lock_wait: Duration,
        role: OpenAs,
    ) -> Result<Self, EmbeddedError> {
        let data_dir = os_user::make_data_dir(data_dir)?;
        let deadline = Instant::now() + lock_wait;
        loop {
            if let Some(lock) = DataDirLock::try_take(&data_dir)? {
                return Self::own(&data_dir, lock, role).await;
            }
            if role == OpenAs::CommandLine
                && let Some(attached) = Self::try_attach(&data_dir).await?
            {
                return Ok(attached);
            }
            if Instant::now() >= deadline {
                return Err(EmbeddedError::InUse {
                    owner_pid: DataDirLock::owner_pid(&data_dir),
                    data_dir,
                });
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn own(data_dir: &Path, lock: DataDirLock, role: OpenAs) -> Result<Self, EmbeddedError> {
        let binaries = Binaries::find(cluster::version(data_dir)?)?;
        let user = OsUser::choose(data_dir)?;
        let cluster = Cluster::new(data_dir, binaries, user);
        if let Some(stale) = RuntimeFile::read(data_dir)? {
            cluster.wait_for_old_postmaster().await?;
            stale.remove(data_dir);
        }
        let secrets = Secrets::load_or_make(data_dir, cluster.exists())?;
        if !cluster.exists() {
            tracing::info!(data_dir = %data_dir.display(), "making a private postgres cluster");
            cluster.init(secrets.superuser.expose_secret()).await?;
        }
        cluster.wait_for_old_postmaster().await?;
        // Written before the start: a command line that is too early cannot
        // log in yet, and a crash leaves no socket folder that nobody knows.
        let runtime = RuntimeFile::new(role, cluster.user())?;
        runtime.write(data_dir)?;
        let started = async {
            let postmaster = Postmaster::start(&cluster, runtime.socket_dir()).await?;
            let superuser = connect_options(&runtime, SUPERUSER, &secrets.superuser, "postgres");
            roles::bootstrap(superuser, &secrets).await?;
            Ok(postmaster)
        };
        let postmaster = match started.await {
            Ok(postmaster) => postmaster,
            Err(error) => {
                runtime.remove(data_dir);
                return Err(error);
            }
        };
        Ok(Self {
            hold: Hold::Owner { postmaster, lock },
            secrets,
            runtime,
            psql: cluster.binaries().psql(),
            data_dir: data_dir.to_owned(),
        })
    }

    /// Attaches to a live owner, or `None` when it cannot be reached (yet).
    async fn try_attach(data_dir: &Path) -> Result<Option<Self>, EmbeddedError> {
        // The lock comes before the runtime file is read: an owner that ends
        // removes the file first, then waits for this lock.
        let Some(lock) = AttachedLock::try_take_shared(data_dir)? else {
            return Ok(None);
        };
        let Some(runtime) = RuntimeFile::read(data_dir)? else {
            return Ok(None);
        };
        let secrets = Secrets::load(data_dir)?;
        let app = connect_options(&runtime, APP_ROLE, &secrets.app, DATABASE);
        let Ok(connection) = app.connect().await else {
            return Ok(None);
        };
        // Goodbye is a courtesy; the server notices a closed socket as well.
        connection.close().await.ok();
        Ok(Some(Self {
            hold: Hold::Attached { _lock: lock },
            secrets,
            runtime,
            psql: binaries::psql_anywhere(),
            data_dir: data_dir.to_owned(),
        }))
    }

    /// Whether this process owns the cluster, and so ends it.
    pub fn is_owner(&self) -> bool {
        matches!(self.hold, Hold::Owner { .. })
    }

    /// The data directory, absolute.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// How the server connects: role [`APP_ROLE`] on [`DATABASE`].
    pub fn app_options(&self) -> PgConnectOptions {
        connect_options(&self.runtime, APP_ROLE, &self.secrets.app, DATABASE)
    }

    /// How migrations and backups connect: role [`OWNER_ROLE`] on
    /// [`DATABASE`], which bypasses row-level security.
    pub fn owner_options(&self) -> PgConnectOptions {
        connect_options(&self.runtime, OWNER_ROLE, &self.secrets.owner, DATABASE)
    }

    /// A `psql` on [`DATABASE`], ready to be given arguments and run. The
    /// password is in its environment, not in its arguments.
    pub fn psql_command(&self, role: PsqlRole) -> Command {
        let (name, password) = match role {
            PsqlRole::App => (APP_ROLE, &self.secrets.app),
            PsqlRole::Owner => (OWNER_ROLE, &self.secrets.owner),
            PsqlRole::Superuser => (SUPERUSER, &self.secrets.superuser),
        };
        let mut psql = Command::new(&self.psql);
        psql.arg("-h")
            .arg(self.runtime.socket_dir())
            .args([
                "-p",
                &settings::PORT.to_string(),
                "-U",
                name,
                "-d",
                DATABASE,
            ])
            .env("PGPASSWORD", password.expose_secret())
            .env_remove("PGHOSTADDR")
            .env_remove("PGSERVICE")
            .env_remove("PGSSLMODE");
        psql
    }

    /// Ends the cluster when this process owns it: open transactions are
    /// rolled back, everything committed is on disk, and the directory is
    /// free for the next owner. An attached process just lets go.
    ///
    /// A command line that owns the cluster first waits for the command lines
    /// that attached to it; a server does not.
    ///
    /// # Errors
    /// When Postgres does not end in a minute, even after it was told to end
    /// at once.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        let Hold::Owner { postmaster, lock } = self.hold else {
            return Ok(());
        };
        if self.runtime.owner() == OpenAs::CommandLine {
            RuntimeFile::unlist(&self.data_dir);
            AttachedLock::wait_until_alone(&self.data_dir).await?;
        }
        postmaster.stop().await?;
        self.runtime.remove(&self.data_dir);
        drop(lock);
        Ok(())
    }
}

fn connect_options(
    runtime: &RuntimeFile,
    role: &str,
    password: &secrecy::SecretString,
    database: &str,
) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(runtime.socket_dir())
        .port(settings::PORT)
        .ssl_mode(PgSslMode::Disable)
        .username(role)
        .password(password.expose_secret())
        .database(database)
        .application_name("tessera")
}
