//! Everything in Postgres, and the only SQL text for it.
//!
//! Nothing outside this module holds a connection. A tenant's rows are reached
//! through [`tenant_tx::TenantTx`] alone.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::error::{Error, Result};

pub mod actor;
pub(crate) mod backup;
mod begun;
pub mod catalog;
pub(crate) mod check;
pub mod commit;
pub(crate) mod commit_group;
pub mod daily_runs;
pub mod dashboards;
pub mod embed_tokens;
pub mod embedded;
pub mod erasures;
pub mod fence;
mod forget;
pub mod jobs;
pub mod keys;
pub mod leases;
pub mod live_tickets;
pub(crate) mod looks;
pub mod metering;
pub mod metrics;
pub mod migrate;
mod operator_tx;
pub(crate) mod owed;
pub(crate) mod owner;
pub(crate) mod pin;
pub mod plans;
pub mod platform_keys;
pub mod platforms;
mod presets;
pub mod quarantine;
pub mod query_jobs;
pub mod records;
pub(crate) mod restore;
pub mod retention;
pub mod roles;
pub(crate) mod rollups;
pub mod saved_queries;
pub(crate) mod sweep;
pub mod tenant_tx;
pub mod tenants;
pub mod token_revocations;
pub mod upkeep;
pub mod usage;
pub mod version_check;
pub(crate) mod zone_name;

/// Connections of one process. Two cores keep about this many busy; the
/// embedded cluster allows 40 in all, so that commands fit beside a server.
const POOL_CONNECTIONS: u32 = 12;

/// How long a request waits for a connection before it is told to come back.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// When a client should try again after Postgres did not answer.
pub const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Opens the pool of the app role.
pub(crate) async fn open_pool(options: PgConnectOptions) -> Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(POOL_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A pooled connection that died is noticed by the statement itself.
        .test_before_acquire(false)
        // A commit of a large batch is no slow statement worth a log line.
        .connect_with(options.application_name("tessera").disable_statement_logging())
        .await
        .map_err(|e| Error::Config(format!(
            "Postgres cannot be reached ({e}): check DATABASE_URL, or leave it unset for the private one"
        )))
}

/// Sorts a Postgres error by blame.
pub(crate) fn blame(error: sqlx::Error) -> Error {
    if is_away(&error) {
        tracing::warn!(%error, "postgres does not answer");
        return away();
    }
    if is_unstorable_text(&error) {
        return Error::Invalid {
            message: "a text holds a NUL character, which cannot be looked for or kept".into(),
            at: None,
            location: None,
            hint: Some("leave the character U+0000 out".into()),
        };
    }
    Error::internal(error)
}

/// What a caller is told while Postgres is away.
pub(crate) fn away() -> Error {
    Error::Unavailable {
        message: "the catalog does not answer; nothing was changed".into(),
        retry_after: RETRY_AFTER,
    }
}

/// Whether Postgres is down, shutting down, full or locked, rather than wrong.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
        sqlx::Error::Database(e) => e.code().is_some_and(|code| is_away_code(&code)),
        _ => false,
    }
}

/// Connection failures, insufficient resources, operator intervention, lock
/// timeout, query cancelled by a timeout.
pub(crate) fn is_away_code(code: &str) -> bool {
    let classes = ["08", "53", "57"];
    classes.iter().any(|class| code.starts_with(class)) || code == "55P03"
}

/// Whether a text or a JSON value holds what no text of Postgres can.
fn is_unstorable_text(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code());
    code.is_some_and(|code| code == "22021" || code == "22P05")
}

/// Whether a row names one that is not there, or is named by one that is.
pub(crate) fn is_foreign_key(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|e| e.code());
    code.is_some_and(|code| code == "23503")
}

/// Whether Postgres answers.
pub(crate) async fn ping(pool: &PgPool) -> Result<()> {
    sqlx::query("SELECT 1")
        .execute(pool)
        .await
        .map(drop)
        .map_err(blame)
}
