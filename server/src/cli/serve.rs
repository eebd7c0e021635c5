//! `tessera serve`: the server, until it is told to stop.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use clap::Args;
use engine::{
    Engine, EngineOptions, Error, Maintenance, Result, SqlIsolation, UpkeepOptions, WorkerOptions,
    WorkerProgram,
};
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::demo::Demo;
use super::{Output, Place};
use crate::app::App;
use crate::auth::Seal;
use crate::auth::jwt::Issuers;
use crate::listen::{self, Caps};
use crate::live::Hub;
use crate::router::router;
use crate::telemetry;

/// What running answers get after the signal to stop.
const GRACE: Duration = Duration::from_secs(20);

#[derive(Args)]
pub(super) struct Serve {
    /// Where to listen; port 0 takes a free one.
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "TESSERA_LISTEN",
        default_value = "127.0.0.1:8080"
    )]
    listen: String,
    /// When points beyond their retention are removed: minute, hour, day,
    /// month, weekday, in UTC.
    #[arg(
        long,
        value_name = "CRON",
        env = "TESSERA_RETENTION_SCHEDULE",
        default_value = "0 3 * * 0"
    )]
    retention_schedule: String,
    /// MiB that background work reads and writes in a second; 0: no limit.
    #[arg(
        long,
        value_name = "MIB",
        env = "TESSERA_UPKEEP_MIB_PER_SECOND",
        default_value_t = 48
    )]
    upkeep_mib_per_second: u32,
    /// The largest body of points as sent, in MiB; unpacked it may be four
    /// times that.
    #[arg(
        long,
        value_name = "MIB",
        env = "TESSERA_BODY_LIMIT_MIB",
        default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(1..=65_536)
    )]
    body_limit_mib: u32,
    /// A file that names the issuers whose tokens (JWT) are accepted; see
    /// docs/security.md.
    #[arg(long, value_name = "FILE", env = "TESSERA_AUTH")]
    auth: Option<PathBuf>,
    /// Memory that all running queries share, in MiB; half of the machine's
    /// when left out.
    #[arg(
        long,
        value_name = "MIB",
        env = "TESSERA_QUERY_MEMORY_MIB",
        value_parser = clap::value_parser!(u32).range(256..)
    )]
    query_memory_mib: Option<u32>,
    /// Origins whose pages may ask from a browser, as https://app.example.com;
    /// none when left out.
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "TESSERA_CORS_ORIGINS",
        value_delimiter = ',',
        value_parser = origin
    )]
    cors_origins: Vec<HeaderValue>,
    /// Origins whose pages may show dashboards in frames, as
    /// https://app.example.com; none when left out.
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "TESSERA_EMBED_ORIGINS",
        value_delimiter = ',',
        value_parser = origin
    )]
    embed_origins: Vec<HeaderValue>,
    /// Connections that are open at once.
    #[arg(
        long,
        value_name = "N",
        env = "TESSERA_MAX_CONNECTIONS",
        default_value_t = 4_096,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    max_connections: u32,
    /// Connections of one address; behind a proxy, as many as in all.
    #[arg(
        long,
        value_name = "N",
        env = "TESSERA_MAX_CONNECTIONS_PER_ADDRESS",
        default_value_t = 1_024,
        value_parser = clap::value_parser!(u32).range(1..)
    )]
    max_connections_per_address: u32,
    /// Leave background work to the other servers of the same catalog.
    #[arg(long, env = "TESSERA_NO_UPKEEP")]
    no_upkeep: bool,
    /// MiB that each of callers' queries, which run in processes of their own,
    /// may put aside on disk.
    #[arg(
        long,
        value_name = "MIB",
        env = "TESSERA_SQL_SPILL_MIB",
        default_value_t = 4_096
    )]
    sql_spill_mib: u32,
    /// Processes that stand ready for a tenant's first query.
    #[arg(
        long,
        value_name = "N",
        env = "TESSERA_SQL_SPARES",
        default_value_t = 2,
        value_parser = clap::value_parser!(u32).range(..=64)
    )]
    sql_spares: u32,
    /// A text of 32 characters or more that seals the pages' session cookies,
    /// the same on all servers of a catalog; else the data directory keeps one.
    #[arg(
        long,
        value_name = "TEXT",
        env = "TESSERA_SESSION_SECRET",
        hide_env_values = true
    )]
    session_secret: Option<SecretString>,
    /// Create a demo tenant for each plan with a year of data.
    #[arg(long)]
    demo: bool,
}

impl Serve {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        // What whoever started this process left open is not its workers' to see.
        close_fds::set_fds_cloexec_threadsafe(3, &[]);
        let issuers = match &self.auth {
            Some(file) => Issuers::read(file)?,
            None => Issuers::default(),
        };
        let listener = self.bind().await?;
        let address = listener
            .local_addr()
            .map_err(|error| self.unbound(&error))?;
        let maintenance = match self.no_upkeep {
            true => Maintenance::Off,
            false => Maintenance::Background,
        };
        let options = EngineOptions {
            upkeep: self.upkeep()?,
            sql: self.sql(place)?,
            query_memory_bytes: self.query_memory_mib.map(|mib| u64::from(mib) << 20),
            ..place.options(maintenance)?
        };
        let engine = Engine::start(options).await?;
        let app = App {
            engine: engine.clone(),
            issuers: Arc::new(issuers),
            body_limit_bytes: u64::from(self.body_limit_mib) << 20,
            cors_origins: self.cors_origins.clone().into(),
            embed_origins: self.embed_origins.clone().into(),
            seal: self.seal(place)?,
            live: Hub::new(engine.clone()),
        };
        let served = self.serve(place, output, app, listener, address).await;
        let stopped = engine.shutdown().await;
        served.and(stopped)
    }

    async fn serve(
        &self,
        place: &Place,
        output: Output,
        app: App,
        listener: TcpListener,
        address: SocketAddr,
    ) -> Result<()> {
        let mut stop = Stop::listen()?;
        let (stopping, stopped) = watch::channel(());
        let (engine, live) = (app.engine.clone(), app.live.clone());
        let caps = Caps {
            all: self.max_connections as usize,
            of_one_address: self.max_connections_per_address as usize,
        };
        let serving = listen::serve(listener, router(app), caps, closed(stopped));
        let mut server = tokio::spawn(serving);
        let url = format!("http://{address}");
        let announced = tokio::select! {
            announced = self.announce(place, output, &engine, &url) => announced,
            () = stop.asked() => Ok(()),
        };
        if announced.is_ok() {
            tokio::select! {
                () = stop.asked() => tracing::info!("stopping"),
                ended = &mut server => return ended.map_err(Error::internal),
            }
        }
        // Streams end by themselves as little as their readers do.
        live.stop();
        drop(stopping);
        if tokio::time::timeout(GRACE, &mut server).await.is_err() {
            tracing::warn!("answers that still ran were cut off");
            server.abort();
        }
        announced
    }

    /// Says where the server is, and what the demo has.
    async fn announce(
        &self,
        place: &Place,
        output: Output,
        engine: &Engine,
        url: &str,
    ) -> Result<()> {
        let text = format!("tessera listens on {url} (documentation: {url}/docs)");
        if !self.demo {
            output.say(text, &json!({"url": url}));
            return Ok(());
        }
        let demo = Demo::ensure(engine, &place.data_dir()?).await?;
        let block = demo.block(url);
        output.say(
            format!("{text}\n{block}"),
            &json!({"url": url, "demo": demo}),
        );
        Ok(())
    }

    fn sql(&self, place: &Place) -> Result<SqlIsolation> {
        let path = std::env::current_exe().map_err(|error| {
            Error::Config(format!("the program's own file is not found: {error}"))
        })?;
        let mut arguments = vec!["worker".to_owned()];
        if telemetry::is_json() {
            arguments.push("--json-log".to_owned());
        }
        let program = WorkerProgram { path, arguments };
        let of_machine = WorkerOptions::of_this_machine(program, place.data_dir()?.join("spill"));
        Ok(SqlIsolation::Workers(WorkerOptions {
            spill_bytes: u64::from(self.sql_spill_mib) << 20,
            spares: self.sql_spares as usize,
            ..of_machine
        }))
    }

    fn seal(&self, place: &Place) -> Result<Seal> {
        match &self.session_secret {
            Some(text) => Seal::from_text(text),
            None => Seal::of_directory(&place.data_dir()?),
        }
    }

    fn upkeep(&self) -> Result<UpkeepOptions> {
        let mib = Some(self.upkeep_mib_per_second).filter(|mib| *mib > 0);
        Ok(UpkeepOptions {
            retention: self.retention_schedule.parse()?,
            bytes_per_second: mib.map(|mib| u64::from(mib) << 20),
        })
    }

    async fn bind(&self) -> Result<TcpListener> {
        TcpListener::bind(&self.listen)
            .await
            .map_err(|error| self.unbound(&error))
    }

    fn unbound(&self, error: &std::io::Error) -> Error {
        let listen = &self.listen;
        Error::Config(format!(
            "cannot listen on {listen}: {error}; choose another address with --listen"
        ))
    }
}

/// The signals that ask the server to stop; each is heard once it is asked for.
struct Stop {
    terminate: Signal,
    interrupt: Signal,
    heard: bool,
}

impl Stop {
    fn listen() -> Result<Self> {
        let of = |kind| {
            signal(kind).map_err(|error| Error::Config(format!("cannot hear signals: {error}")))
        };
        Ok(Self {
            terminate: of(SignalKind::terminate())?,
            interrupt: of(SignalKind::interrupt())?,
            heard: false,
        })
    }

    /// Returns when a signal came, at once when one came before.
    async fn asked(&mut self) {
        if self.heard {
            return;
        }
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        self.heard = true;
    }
}

/// A scheme, a host and perhaps a port, as browsers send it.
fn origin(text: &str) -> std::result::Result<HeaderValue, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let is_host = rest.is_some_and(|host| {
        !host.is_empty() && !host.contains(['/', '*', '?', '#', '@']) && !host.contains(' ')
    });
    match text.parse() {
        Ok(value) if is_host => Ok(value),
        _ => Err("say an origin as https://app.example.com, without a path; * is none".to_owned()),
    }
}

async fn closed(mut stopped: watch::Receiver<()>) {
    while stopped.changed().await.is_ok() {}
}
