//! The command line: one file for each verb.
//!
//! Every verb works beside a running server on the same data directory. What
//! goes wrong is said on standard error in one sentence, with a non-zero exit.

mod backup;
mod check;
mod compact;
mod db;
mod decode_body;
mod demo;
mod erase;
mod export;
mod import;
mod key;
mod metric;
mod output;
mod place;
mod plan;
mod progress;
mod psql;
mod quarantine;
mod restore;
mod retention;
mod rollups;
mod serve;
mod tenant;
mod worker;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use engine::metadata::actor::acting;
use engine::{Error, Result};

use self::output::Output;
use self::place::Place;
use crate::telemetry;

/// Multi-tenant columnar analytics: data points in; dashboards, SQL and files out.
#[derive(Parser)]
#[command(name = "tessera", version, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    place: Place,
    /// Answer on standard output as one JSON object.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Answer HTTP requests until told to stop.
    Serve(serve::Serve),
    /// Create and change tenants.
    #[command(subcommand)]
    Tenant(tenant::Tenant),
    /// Show and change what plans allow.
    #[command(subcommand)]
    Plan(plan::Plan),
    /// Create, list and revoke keys.
    #[command(subcommand)]
    Key(key::Key),
    /// Import CSV, NDJSON or Parquet files.
    Import(import::Import),
    /// Export a table or a query to a file.
    Export(export::Export),
    /// Say what metrics are.
    #[command(subcommand)]
    Metric(metric::Metric),
    /// Compare roll-ups with points.
    #[command(subcommand)]
    Rollups(rollups::Rollups),
    /// Flush and compact a tenant's files now.
    Compact(compact::Compact),
    /// Compare catalog and store, and mend what can be mended.
    Check(check::Check),
    /// Back up everything, or one tenant, to a folder or an object store.
    Backup(backup::Backup),
    /// Restore a backup, or one tenant of it.
    Restore(restore::Restore),
    /// Remove, or count, points that are older than they are kept.
    Retention(retention::Retention),
    /// Erase a tenant's points, all or those with one value of a dimension.
    Erase(erase::Erase),
    /// List, replay or drop rejected points.
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    /// Open psql on the metadata.
    Psql(psql::Psql),
    /// Prepare a Postgres of your own.
    #[command(subcommand)]
    Db(db::Db),
    /// Decode a body; the server calls it.
    #[command(hide = true)]
    DecodeBody(decode_body::DecodeBody),
    /// Run queries; the server calls it.
    #[command(hide = true)]
    Worker(worker::Worker),
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && asks_for_json(std::env::args_os()) => {
            Output::misuse(&error);
            return ExitCode::from(2);
        }
        Err(error) => error.exit(),
    };
    match cli.verb {
        Verb::DecodeBody(verb) => return verb.run(),
        Verb::Worker(verb) => return verb.run(),
        _ => {}
    }
    let output = if cli.json { Output::Json } else { Output::Text };
    telemetry::start(if matches!(cli.verb, Verb::Serve(_)) {
        "info"
    } else {
        "warn"
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(cli, output)),
        Err(error) => Err(Error::Config(format!("cannot start threads: {error}"))),
    };
    outcome.unwrap_or_else(|error| {
        output.failure(&error);
        ExitCode::FAILURE
    })
}

/// Whether `--json` is among the options of a command line that is faulty.
fn asks_for_json(mut arguments: impl Iterator<Item = OsString>) -> bool {
    arguments
        .by_ref()
        .take_while(|argument| argument != "--")
        .any(|argument| argument == "--json")
}

async fn run(cli: Cli, output: Output) -> Result<ExitCode> {
    if let Verb::Serve(verb) = cli.verb {
        verb.run(&cli.place, output).await?;
        return Ok(ExitCode::SUCCESS);
    }
    acting("command line", run_once(cli, output)).await
}

/// A verb that ends by itself; what it changes is recorded as the operator's.
async fn run_once(cli: Cli, output: Output) -> Result<ExitCode> {
    let place = cli.place;
    match cli.verb {
        Verb::Serve(verb) => verb.run(&place, output).await?,
        Verb::Tenant(verb) => verb.run(&place, output).await?,
        Verb::Plan(verb) => verb.run(&place, output).await?,
        Verb::Key(verb) => verb.run(&place, output).await?,
        Verb::Import(verb) => verb.run(&place, output).await?,
        Verb::Export(verb) => verb.run(&place, output).await?,
        Verb::Metric(verb) => verb.run(&place, output).await?,
        Verb::Rollups(verb) => return verb.run(&place, output).await,
        Verb::Compact(verb) => verb.run(&place, output).await?,
        Verb::Retention(verb) => return verb.run(&place, output).await,
        Verb::Erase(verb) => verb.run(&place, output).await?,
        Verb::Check(verb) => return Ok(verb.run(&place, output).await),
        Verb::Backup(verb) => verb.run(&place, output).await?,
        Verb::Restore(verb) => verb.run(&place, output).await?,
        Verb::Quarantine(verb) => verb.run(&place, output).await?,
        Verb::DecodeBody(verb) => return Ok(verb.run()),
        Verb::Worker(verb) => return Ok(verb.run()),
        Verb::Psql(verb) => return verb.run(&place).await,
        Verb::Db(verb) => verb.run(output)?,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_forms_of_the_command_line_hold() {
        Cli::command().debug_assert();
        for line in [
            "tessera serve --data-dir d --listen 127.0.0.1:0 --database-url u --store s --demo",
            "tessera tenant create a --plan pro --time-zone Asia/Kolkata --data-dir d --json",
            "tessera key create --tenant a --scopes ingest,read --data-dir d",
            "tessera import f g --tenant a --map m.toml --again --report r --data-dir d",
            "tessera export --table analytics_data_points --tenant a --out f --format parquet",
            "tessera export --sql x --tenant a --out f --format ndjson --data-dir d",
            "tessera plan list --json",
            "tessera plan show pro",
            "tessera plan set pro --limit exports_per_day=5 --limit result_rows=9",
            "tessera plan set --tenant a --limit exports_per_day=default --data-dir d",
            "tessera compact --tenant a --data-dir d",
            "tessera tenant set a --time-zone Asia/Kathmandu --data-dir d",
            "tessera tenant set a --plan pro",
            "tessera tenant set a --plan pro --time-zone UTC",
            "tessera metric set p/t/m --tenant a --kind ratio --numerator x --denominator y",
            "tessera metric set p/t/m --tenant a --kind sum --sketch-distinct x,y --sketch-quantiles",
            "tessera rollups verify --tenant a --from 2025-01-01 --to 2025-01-31 --platform p",
            "tessera retention --dry-run --data-dir d",
            "tessera retention --tenant a --metric p/t/n --days 30",
            "tessera retention --tenant a --metric p/t/n --keep",
            "tessera erase --tenant a --dimension k --value v",
            "tessera erase --tenant a --all --data-dir d --json",
            "tessera serve --retention-schedule x --upkeep-mib-per-second 0",
            "tessera check --data-dir d --json",
            "tessera check --tenant a --deep --repair --from s3://b/p --drop-lost",
            "tessera backup --to d --tenant a",
            "tessera restore --from s3://b/p --backup 20260201T000000.000Z --tenant a --replace",
            "tessera quarantine list --tenant a --field value --platform p --limit 5",
            "tessera quarantine replay --tenant a 0195a1b2-0000-7000-8000-000000000000",
            "tessera quarantine drop --tenant a --all --data-dir d --json",
            "tessera serve --query-memory-mib 2048 --sql-spill-mib 512 --sql-spares 1",
            "tessera psql --data-dir d -- -c x",
            "tessera db init",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
        }
        for line in [
            "tessera check --drop-lost",
            "tessera backup",
            "tessera tenant create ../a",
            "tessera tenant create a --time-zone Mars/Base",
            "tessera tenant set a",
            "tessera plan show",
            "tessera plan set pro",
            "tessera plan set pro --tenant a --limit exports_per_day=5",
            "tessera plan set pro --limit exports_per_day=many",
            "tessera metric set p/t/m --tenant a --kind average",
            "tessera quarantine drop --tenant a",
            "tessera export --tenant a --out f --format csv",
            "tessera retention --metric p/t/n --days 30",
            "tessera retention --tenant a --days 30",
            "tessera erase --tenant a",
            "tessera erase --tenant a --dimension k",
            "tessera erase --tenant a --dimension k --value v --all",
            "tessera export --table analytics_data_points --sql x --tenant a --out f --format csv",
        ] {
            assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
        }
    }

    #[test]
    fn help_shows_no_value_of_a_secret_setting() {
        let secrets: Vec<_> = ["database_url", "migrate_url", "store"]
            .into_iter()
            .collect();
        let command = Cli::command();
        for argument in command
            .get_arguments()
            .filter(|a| secrets.contains(&a.get_id().as_str()))
        {
            assert!(argument.is_hide_env_values_set(), "{}", argument.get_id());
        }
    }
}
