//! Measures the engine in this process and prints a table.
//!
//! Run with `cargo bench -p engine`. Sizes come from the environment, so that a
//! smoke run is quick: `TESSERA_BENCH_INGEST_POINTS` (400000),
//! `TESSERA_BENCH_SINGLE_POINTS` (2000), `TESSERA_BENCH_TENANT_POINTS`
//! (1000000), `TESSERA_BENCH_REPEATS` (200). The retail file is imported from
//! where `TESSERA_RETAIL_CSV` says, else from beside the checkout, if it is there.

mod load;
mod report;

use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{DateTime, Utc};
use engine::dashboard::{Compare, DashboardRequest, RangeRequest, RawTop, dashboard};
use engine::{
    Engine, EngineOptions, Error, Maintenance, Result, SqlIsolation, TenantId, UpkeepOptions,
};
use futures::TryStreamExt;
use mimalloc::MiMalloc;
use report::{Latencies, size};

// As the server has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Where the generated year ends; the queries name its dates.
const END: &str = "2025-06-30T23:00:00Z";
/// Writers at once.
const WRITERS: usize = 16;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let dir = report::data_dir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(run(dir.path()))?)
}

async fn run(data_dir: &Path) -> Result<()> {
    let end: DateTime<Utc> = END.parse().map_err(Error::internal)?;
    let started = Instant::now();
    let engine = Engine::start(EngineOptions {
        data_dir: data_dir.to_owned(),
        database_url: None,
        migrate_url: None,
        store_url: None,
        maintenance: Maintenance::Background,
        upkeep: UpkeepOptions::default(),
        sql: SqlIsolation::InProcess,
        query_memory_bytes: None,
    })
    .await?;
    report::line(
        "first start",
        &format!("{:>9.2} s", started.elapsed().as_secs_f64()),
    );
    let measured = measure(&engine, end).await;
    engine.shutdown().await?;
    measured
}

async fn measure(engine: &Engine, end: DateTime<Utc>) -> Result<()> {
    let (points, single) = (
        size("TESSERA_BENCH_INGEST_POINTS", 400_000),
        size("TESSERA_BENCH_SINGLE_POINTS", 2_000),
    );
    for (batch, points) in [(1, single), (500, points), (50_000, points)] {
        let tenant = tenant(engine, &format!("writer-{batch}")).await?;
        load::one_writer(engine, &tenant, end, points, batch).await?;
    }
    let mut tenants = Vec::new();
    for number in 0..WRITERS {
        tenants.push(tenant(engine, &format!("writers-{number}")).await?);
    }
    load::writers(engine, &tenants, end, points, 500).await?;

    // Where the test of it looks, too.
    let file = std::env::var_os("TESSERA_RETAIL_CSV").map_or_else(
        || top_level("../shared/data/online-retail.csv.gz"),
        PathBuf::from,
    );
    if file.exists() {
        let tenant = tenant(engine, "retail").await?;
        let mapping = top_level("tests/fixtures/online-retail.toml");
        load::retail(engine, &tenant, &file, &mapping).await?;
    } else {
        eprintln!("no retail import: {} is missing", file.display());
    }
    report::peak_memory("peak memory after ingest", "self");

    let reader = tenant(engine, "reader").await?;
    load::fill(
        engine,
        &reader,
        end,
        size("TESSERA_BENCH_TENANT_POINTS", 1_000_000),
    )
    .await?;
    let repeats = size("TESSERA_BENCH_REPEATS", 200);
    sessions(engine, &reader, repeats).await?;
    for (range, zone) in [
        ("30d", None),
        ("1y", None),
        ("30d", Some(chrono_tz::Asia::Kathmandu)),
        ("1y", Some(chrono_tz::Asia::Kathmandu)),
    ] {
        dashboards(engine, &reader, end, range, zone, repeats).await?;
    }
    after_a_point(engine, &reader, end, repeats).await?;
    queries(engine, &reader, repeats.div_ceil(10)).await?;
    report::peak_memory("peak memory", "self");
    Ok(())
}

async fn tenant(engine: &Engine, name: &str) -> Result<TenantId> {
    let id = TenantId::new(name).map_err(Error::internal)?;
    Ok(engine
        .tenants()
        .create(&id, "enterprise", chrono_tz::UTC)
        .await?
        .id)
}

/// What every request pays before it reads: the version check and snapshot.
async fn sessions(engine: &Engine, tenant: &TenantId, repeats: u64) -> Result<()> {
    let mut latencies = Latencies::default();
    for _ in 0..repeats {
        let asked = Instant::now();
        engine.session(tenant).await?;
        latencies.push(asked.elapsed());
    }
    report::line("session (version check, snapshot)", &latencies.text());
    Ok(())
}

/// A dashboard without any result cache, the session not counted.
async fn dashboards(
    engine: &Engine,
    tenant: &TenantId,
    now: DateTime<Utc>,
    range: &str,
    zone: Option<chrono_tz::Tz>,
    repeats: u64,
) -> Result<()> {
    let request = DashboardRequest {
        range: RangeRequest::parse(Some(range), None, None)?,
        platform: None,
        compare: Compare::Previous,
        zone,
        raw_top: RawTop::WhenCheap,
    };
    let named = zone.map_or(String::new(), |zone| format!(" in {zone}"));
    let asked = Instant::now();
    dashboard(&engine.session(tenant).await?, &request, now).await?;
    let first = asked.elapsed().as_secs_f64() * 1e3;
    report::line(
        &format!("dashboard {range}{named}, the first time"),
        &format!("{first:>9.2} ms"),
    );
    let (mut latencies, mut panels) = (Latencies::default(), 0);
    for _ in 0..repeats {
        let session = engine.session(tenant).await?;
        let asked = Instant::now();
        let shown = dashboard(&session, &request, now).await?;
        latencies.push(asked.elapsed());
        panels = shown.totals.len() + shown.series.len() + shown.top_values.len();
    }
    let what = format!("dashboard {range}{named} with the period before");
    report::line(&what, &format!("{}, {panels} panels", latencies.text()));
    Ok(())
}

/// A dashboard of a version that has one point more than the last one shown;
/// neither the point's commit nor the session counted.
async fn after_a_point(
    engine: &Engine,
    tenant: &TenantId,
    now: DateTime<Utc>,
    repeats: u64,
) -> Result<()> {
    let request = DashboardRequest {
        range: RangeRequest::parse(Some("30d"), None, None)?,
        platform: None,
        compare: Compare::Previous,
        zone: None,
        raw_top: RawTop::WhenCheap,
    };
    let mut latencies = Latencies::default();
    for _ in 0..repeats.div_ceil(4) {
        load::one_point(engine, tenant, now).await?;
        let session = engine.session(tenant).await?;
        let asked = Instant::now();
        dashboard(&session, &request, now).await?;
        latencies.push(asked.elapsed());
    }
    report::line("dashboard 30d after one new point", &latencies.text());
    Ok(())
}

async fn queries(engine: &Engine, tenant: &TenantId, repeats: u64) -> Result<()> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(top_level("benches/queries"))
        .and_then(|entries| entries.map(|entry| entry.map(|e| e.path())).collect())
        .map_err(Error::internal)?;
    files.sort();
    for file in files {
        let sql = std::fs::read_to_string(&file).map_err(Error::internal)?;
        let (mut latencies, mut rows) = (Latencies::default(), 0);
        for _ in 0..repeats.max(2) {
            let session = engine.session(tenant).await?;
            let asked = Instant::now();
            let answer = session.sql(&sql, &[]).await?;
            let batches: Vec<_> = answer.stream.try_collect().await.map_err(Error::internal)?;
            latencies.push(asked.elapsed());
            rows = batches
                .iter()
                .map(arrow::array::RecordBatch::num_rows)
                .sum();
        }
        let name = file
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .replace('_', " ");
        report::line(
            &format!("query: {name}"),
            &format!("{}, {rows} rows", latencies.text()),
        );
    }
    Ok(())
}

fn top_level(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
