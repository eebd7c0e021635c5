//! Measures a server over HTTP, from another process, and prints a table.
//!
//! Run with `cargo bench -p server`. Sizes come from the environment:
//! `TESSERA_BENCH_TENANT_POINTS` (1000000), `TESSERA_BENCH_REPEATS` (200).

mod fairness;
mod report;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use engine::demo::Generator;
use report::{Latencies, size};
use reqwest::Client;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const BINARY: &str = env!("CARGO_BIN_EXE_tessera");
const BATCH_POINTS: usize = 500;
const LOAD_POINTS: usize = 20_000;

/// The server, stopped with this value.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

fn main() -> Result<()> {
    let dir = report::data_dir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(measure(dir.path()))
}

async fn measure(data_dir: &Path) -> Result<()> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let started = Instant::now();
    let serve = ["serve", "--listen", &address.to_string()];
    let child = tessera(data_dir, &serve).stdout(Stdio::null()).spawn()?;
    let server = Server(child);
    let (client, base) = (Client::new(), format!("http://{address}"));
    ready(&client, &base).await?;
    report::line(
        "first start",
        &format!("{:>9.2} s", started.elapsed().as_secs_f64()),
    );

    output(
        data_dir,
        &["tenant", "create", "bench", "--plan", "enterprise"],
    )?;
    let key = output(data_dir, &["key", "create", "--tenant", "bench"])?;
    let api = Api {
        client,
        base: format!("{base}/api/analytics"),
        key,
    };
    let repeats = size("TESSERA_BENCH_REPEATS", 200);
    let points = size("TESSERA_BENCH_TENANT_POINTS", 1_000_000);
    api.load(points).await?;
    api.small_batches(repeats).await?;
    for (what, path) in [
        ("health", "/../../health"),
        (
            "dashboard 30d with the period before",
            "/dashboard?time_range=30d&compare=previous",
        ),
        (
            "dashboard 1y with the period before",
            "/dashboard?time_range=1y&compare=previous",
        ),
    ] {
        api.gets(what, path, repeats).await?;
    }
    output(
        data_dir,
        &["tenant", "create", "hostile", "--plan", "enterprise"],
    )?;
    let hostile = Api {
        client: Client::new(),
        base: api.base.clone(),
        key: output(data_dir, &["key", "create", "--tenant", "hostile"])?,
    };
    hostile.load(points.min(100_000)).await?;
    fairness::measure(&api, &hostile, repeats).await?;
    report::peak_memory("peak memory of the server", &server.0.id().to_string());
    Ok(())
}

/// A keep-alive client with the tenant's key.
struct Api {
    client: Client,
    base: String,
    key: String,
}

impl Api {
    async fn load(&self, points: u64) -> Result<()> {
        let mut generator = Generator::new(42, chrono::Utc::now(), 365, points).peekable();
        let started = Instant::now();
        while generator.peek().is_some() {
            let mut body = Vec::new();
            generator
                .by_ref()
                .take(LOAD_POINTS)
                .for_each(|point| point.write_json_line(&mut body));
            self.send(body).await?;
        }
        let what = format!("ingest over HTTP, 1 writer, batches of {LOAD_POINTS}");
        report::rate(&what, points, started, None);
        Ok(())
    }

    async fn small_batches(&self, repeats: u64) -> Result<()> {
        let points = repeats * BATCH_POINTS as u64;
        let mut generator = Generator::new(7, chrono::Utc::now(), 1, points).peekable();
        let (mut latencies, started) = (Latencies::default(), Instant::now());
        while generator.peek().is_some() {
            let mut body = Vec::new();
            generator
                .by_ref()
                .take(BATCH_POINTS)
                .for_each(|point| point.write_json_line(&mut body));
            let sent = Instant::now();
            self.send(body).await?;
            latencies.push(sent.elapsed());
        }
        let what = format!("ingest over HTTP, 1 writer, batches of {BATCH_POINTS}");
        report::rate(&what, points, started, Some(&mut latencies));
        Ok(())
    }

    async fn send(&self, body: Vec<u8>) -> Result<()> {
        let request = self
            .client
            .post(format!("{}/data-points", self.base))
            .bearer_auth(&self.key);
        let request = request
            .header("content-type", "application/x-ndjson")
            .body(body);
        request.send().await?.error_for_status()?.bytes().await?;
        Ok(())
    }

    fn sql(&self, body: &'static str) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}/sql", self.base))
            .bearer_auth(&self.key)
            .header("content-type", "application/json")
            .body(body)
    }

    async fn gets(&self, what: &str, path: &str, repeats: u64) -> Result<()> {
        let (mut latencies, mut bytes) = (Latencies::default(), 0);
        for _ in 0..repeats {
            let asked = Instant::now();
            let request = self
                .client
                .get(format!("{}{path}", self.base))
                .bearer_auth(&self.key);
            bytes = request
                .send()
                .await?
                .error_for_status()?
                .bytes()
                .await?
                .len();
            latencies.push(asked.elapsed());
        }
        report::line(
            &format!("GET {what}"),
            &format!("{}, {bytes} bytes", latencies.text()),
        );
        Ok(())
    }
}

async fn ready(client: &Client, base: &str) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let answer = client.get(format!("{base}/health")).send().await;
        match answer.and_then(reqwest::Response::error_for_status) {
            Ok(_) => return Ok(()),
            Err(error) if Instant::now() > deadline => return Err(error.into()),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// What a command prints on standard output.
fn output(data_dir: &Path, arguments: &[&str]) -> Result<String> {
    let output = tessera(data_dir, arguments)
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err(format!("tessera {} failed: {}", arguments.join(" "), output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn tessera(data_dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(arguments)
        .arg("--data-dir")
        .arg(data_dir)
        .stdin(Stdio::null());
    command
}
