//! Tessera's side of the comparison in `peers/`, driven by `make peers`.
//!
//! `generate` writes the points that all systems load. `answer` reads one JSON
//! command a line and prints one JSON answer a line, so that the driver can
//! alternate between systems; the engine runs in this process, without HTTP.

#[path = "peers/ask.rs"]
mod ask;
#[path = "peers/generate.rs"]
mod generate;
#[path = "peers/ingest.rs"]
mod ingest;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use engine::metadata::embedded::{EmbeddedPostgres, OpenAs, PsqlRole};
use engine::{Engine, EngineOptions, Maintenance, SqlIsolation, TenantId, UpkeepOptions};
use serde::Deserialize;
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What the driver may ask for.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
enum Command {
    /// Starts the engine as a server does.
    Start { data_dir: PathBuf },
    /// Makes tenants without points.
    Tenants { names: Vec<String> },
    /// Loads the points of all tenants.
    Load { file: PathBuf },
    /// Flushes and compacts these tenants.
    Compact { tenants: Vec<String> },
    /// Measures how fast points come in.
    Ingest(ingest::Job),
    /// Measures an SQL query.
    Sql(ask::Sql),
    /// Measures a dashboard.
    Dashboard(ask::Dashboards),
    /// Measures what taking a session costs.
    Session { tenant: String, times: u64 },
    /// Runs SQL on the catalog as its superuser, to look at it or fill it.
    Catalog { sql: String },
    /// Memory and processor time of this process.
    Process,
    /// Stops the engine and ends.
    Stop,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["generate", folder, points, tenants, ingest] => generate::all(
            folder.as_ref(),
            points.parse()?,
            tenants.parse()?,
            ingest.parse()?,
        ),
        ["answer"] => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(answer()),
        _ => say(&json!({"hint": "the comparison with other systems runs by `make peers`"})),
    }
}

async fn answer() -> Result<()> {
    let mut state = State::default();
    for line in std::io::stdin().lock().lines() {
        let command: Command = serde_json::from_str(&line?)?;
        let stop = matches!(command, Command::Stop);
        match state.run(command).await {
            Ok(answer) => say(&answer)?,
            Err(error) => say(&json!({"error": error.to_string()}))?,
        }
        if stop {
            break;
        }
    }
    Ok(())
}

#[derive(Default)]
struct State {
    engine: Option<Engine>,
    data_dir: PathBuf,
}

impl State {
    async fn run(&mut self, command: Command) -> Result<Value> {
        match command {
            Command::Start { data_dir } => self.start(data_dir).await,
            Command::Tenants { names } => {
                for name in &names {
                    make_tenant(self.engine()?, name).await?;
                }
                Ok(json!({"tenants": names.len()}))
            }
            Command::Load { file } => ingest::load(self.engine()?, &file).await,
            Command::Compact { tenants } => {
                let (started, mut replaced) = (Instant::now(), 0);
                for tenant in tenants {
                    replaced += self.engine()?.compact(&TenantId::new(&tenant)?).await?;
                }
                Ok(json!({"seconds": started.elapsed().as_secs_f64(), "replaced": replaced}))
            }
            Command::Ingest(job) => ingest::run(self.engine()?, &job).await,
            Command::Sql(sql) => ask::sql(self.engine()?, &sql).await,
            Command::Dashboard(dashboards) => ask::dashboards(self.engine()?, &dashboards).await,
            Command::Session { tenant, times } => {
                ask::sessions(self.engine()?, &tenant, times).await
            }
            Command::Catalog { sql } => self.catalog(&sql).await,
            Command::Process => process(),
            Command::Stop => {
                if let Some(engine) = self.engine.take() {
                    engine.shutdown().await?;
                }
                Ok(json!({}))
            }
        }
    }

    async fn start(&mut self, data_dir: PathBuf) -> Result<Value> {
        let started = Instant::now();
        let engine = Engine::start(EngineOptions {
            data_dir: data_dir.clone(),
            database_url: None,
            migrate_url: None,
            store_url: None,
            maintenance: Maintenance::Background,
            upkeep: UpkeepOptions::default(),
            sql: SqlIsolation::InProcess,
            query_memory_bytes: None,
        })
        .await?;
        self.engine = Some(engine);
        self.data_dir = data_dir;
        Ok(json!({"seconds": started.elapsed().as_secs_f64()}))
    }

    fn engine(&self) -> Result<&Engine> {
        self.engine
            .as_ref()
            .ok_or_else(|| "the engine is not started".into())
    }

    async fn catalog(&self, sql: &str) -> Result<Value> {
        let wait = Duration::from_secs(20);
        let postgres = EmbeddedPostgres::open(&self.data_dir, wait, OpenAs::CommandLine).await?;
        let mut psql = postgres.psql_command(PsqlRole::Superuser);
        let output = psql
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql])
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(json!({"text": String::from_utf8(output.stdout)?}))
    }
}

async fn make_tenant(engine: &Engine, name: &str) -> Result<TenantId> {
    let id = TenantId::new(name)?;
    engine
        .tenants()
        .create(&id, "enterprise", chrono_tz::UTC)
        .await?;
    Ok(id)
}

/// `VmRSS` and `VmHWM` in bytes.
fn process() -> Result<Value> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        line.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok())
            .map(|kib| kib * 1024)
    };
    Ok(json!({"resident": bytes("VmRSS:"), "peak": bytes("VmHWM:")}))
}

/// Milliseconds since `started`.
fn elapsed_ms(started: Instant) -> f64 {
    started.elapsed().as_secs_f64() * 1e3
}

fn say(answer: &Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{answer}")?;
    Ok(out.flush()?)
}
