//! Why the embedded cluster could not be had, each with the way out. It does
//! not cover queries on a cluster that runs.

use std::path::{Path, PathBuf};

/// Why the embedded Postgres cluster could not be opened or ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// No Postgres server is installed where it is looked for.
    #[error(
        "no PostgreSQL server was found on this machine: install one (`apt-get install postgresql`), \
         set TESSERA_PG_BIN to the folder of its binaries, or set DATABASE_URL to a running one"
    )]
    NotInstalled,
    /// `TESSERA_PG_BIN` names a folder without the server's binaries.
    #[error("TESSERA_PG_BIN is {}, but there is no initdb and postgres in it: set it to the folder of PostgreSQL's server binaries, or unset it", .0.display())]
    NoBinariesIn(PathBuf),
    /// Only a version that is too old, or another than the cluster's, is there.
    #[error("{0}")]
    Version(String),
    /// `setpriv` is missing, which ties Postgres' life to this process.
    #[error(
        "`setpriv` was not found: install it (`apt-get install util-linux`), or set DATABASE_URL to a running PostgreSQL"
    )]
    NoSetpriv,
    /// Running as root, and there is no ordinary user to run Postgres as.
    #[error(
        "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`: \
         create one (`useradd --system postgres`), or run as an ordinary user"
    )]
    NoOsUser,
    /// The user that runs Postgres cannot pass through a folder.
    #[error(
        "PostgreSQL runs as the user {user}, who cannot pass through {}: choose a data directory \
         outside of it (such as /var/lib/tessera), or allow it (`chmod o+x {}`)",
        .folder.display(), .folder.display()
    )]
    Unreachable {
        /// The folder that is closed to the user.
        folder: PathBuf,
        /// The user that runs Postgres.
        user: String,
    },
    /// The data directory or its cluster belongs to another user of this machine.
    #[error(
        "the data directory {} belongs to another user (uid {uid}): run as that user or as root, or choose another data directory",
        .data_dir.display()
    )]
    BelongsToAnother {
        /// The data directory.
        data_dir: PathBuf,
        /// The user it belongs to.
        uid: u32,
    },
    /// Another live process owns the data directory.
    #[error(
        "the data directory {} is in use by {}: stop that one first, or choose another with --data-dir",
        .data_dir.display(), owner(*.owner_pid)
    )]
    InUse {
        /// The data directory.
        data_dir: PathBuf,
        /// The owner's process id, when it could be read.
        owner_pid: Option<u32>,
    },
    /// The cluster is there, but its passwords are not.
    #[error(
        "the cluster's passwords are missing ({}): restore that file from a backup of the data directory",
        .0.display()
    )]
    SecretsMissing(PathBuf),
    /// A file of the data directory does not hold what was written to it.
    #[error("{} cannot be understood: restore it from a backup of the data directory", .path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What its reader said.
        source: serde_json::Error,
    },
    /// `initdb` failed.
    #[error("initdb could not make a cluster in {}: {output}", .data_dir.display())]
    Init {
        /// The data directory.
        data_dir: PathBuf,
        /// What it said.
        output: String,
    },
    /// Postgres ended before it was ready.
    #[error("postgres did not start ({} has it all): {output}", .log.display())]
    Start {
        /// Its log.
        log: PathBuf,
        /// The end of its log.
        output: String,
    },
    /// Postgres is not ready, or has not ended, in time.
    #[error("postgres {what}, see {}", .log.display())]
    TimedOut {
        /// What did not happen, and after how long.
        what: &'static str,
        /// Its log.
        log: PathBuf,
    },
    /// A file operation failed.
    #[error("could not {what} {}: {source}", .path.display())]
    Io {
        /// A verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The machine's source of randomness failed.
    #[error("could not make a random password: {0}")]
    Random(getrandom::Error),
    /// The roles or the database could not be made.
    #[error("could not make the roles and the database of the embedded cluster: {0}")]
    Bootstrap(#[from] sqlx::Error),
}

impl EmbeddedError {
    /// For `map_err` on a file operation.
    pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }
}

fn owner(pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("another tessera (process {pid})"),
        None => "another tessera".to_owned(),
    }
}
