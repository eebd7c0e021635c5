//! The owner role, which row-level security does not hold: for migrations,
//! backup and restore, and nothing else.

use std::fmt;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Executor};

use super::blame;
use crate::error::{Error, Result};

/// How to connect as owner.
#[derive(Clone)]
pub(crate) struct Owner(PgConnectOptions);

impl Owner {
    pub(crate) fn new(options: PgConnectOptions) -> Self {
        Self(options.application_name("tessera owner"))
    }

    /// A connection on which a row that row-level security would hide is an
    /// error and not a gap, and on which values have one text whatever the
    /// server's settings.
    pub(crate) async fn connect(&self) -> Result<PgConnection> {
        let options = self.0.clone().disable_statement_logging();
        let mut connection = options.connect().await.map_err(|error| {
            Error::Config(format!(
                "Postgres cannot be reached as owner ({error}): check TESSERA_MIGRATE_URL"
            ))
        })?;
        connection
            .execute(
                "SET row_security = off; SET search_path = pg_catalog; SET TimeZone = 'UTC';
                 SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET bytea_output = 'hex';
                 SET extra_float_digits = 1; SET statement_timeout = 0;
                 SET idle_in_transaction_session_timeout = 0",
            )
            .await
            .map_err(blame)?;
        Ok(connection)
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Owner")
    }
}
