//! `tessera db`: prepare a Postgres of your own.

use clap::Subcommand;
use engine::metadata::embedded::roles_sql;
use engine::{Error, Result};
use serde_json::json;

use super::Output;

#[derive(Subcommand)]
pub(super) enum Db {
    /// Print the SQL that makes the roles; run it once as a superuser.
    Init {
        /// The app role's password; a random one when left out.
        #[arg(long, env = "TESSERA_APP_PASSWORD", hide_env_values = true)]
        app_password: Option<String>,
        /// The owner role's password; a random one when left out.
        #[arg(long, env = "TESSERA_OWNER_PASSWORD", hide_env_values = true)]
        owner_password: Option<String>,
    },
}

impl Db {
    pub(super) fn run(self, output: Output) -> Result<()> {
        let Self::Init {
            app_password,
            owner_password,
        } = self;
        let app_password = app_password.map_or_else(random_password, Ok)?;
        let owner_password = owner_password.map_or_else(random_password, Ok)?;
        let sql = roles_sql(&app_password, &owner_password);
        output.say(&sql, &json!({"sql": sql}));
        Ok(())
    }
}

/// 192 random bits in hexadecimal.
fn random_password() -> Result<String> {
    let mut bytes = [0u8; 24];
    getrandom::fill(&mut bytes)
        .map_err(|error| Error::Config(format!("the system gives no random bytes: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
