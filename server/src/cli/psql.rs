//! `tessera psql`: the metadata, as the app role.

use std::process::ExitCode;

use clap::Args;
use engine::{Error, Result};

use super::Place;

#[derive(Args)]
pub(super) struct Psql {
    /// Arguments of psql, such as `-c "select 1"`.
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Psql {
    /// Exits as psql does.
    pub(super) async fn run(self, place: &Place) -> Result<ExitCode> {
        let engine = place.open().await?;
        let ended = match engine.psql_command().await {
            Ok(command) => wait(command, &self.arguments).await,
            Err(error) => Err(error),
        };
        engine.shutdown().await?;
        ended
    }
}

async fn wait(command: std::process::Command, arguments: &[String]) -> Result<ExitCode> {
    // Ctrl-C is for psql, which cancels a query with it.
    let ignore = tokio::spawn(async { while tokio::signal::ctrl_c().await.is_ok() {} });
    let ended = tokio::process::Command::from(command)
        .args(arguments)
        .status()
        .await;
    ignore.abort();
    let status = ended.map_err(|error| {
        Error::Config(format!(
            "psql cannot be started: {error}; install postgresql-client"
        ))
    })?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
