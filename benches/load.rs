//! Getting points in: batches of several sizes, one writer and many, a file.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use engine::demo::{DemoPoint, Generator};
use engine::import::{Again, ImportOptions, ImportProgress, Mapping, import_file};
use engine::ingest::{BodyFormat, IngestRequest, OnFault};
use engine::{Engine, Result, TenantId};
use tokio::sync::Mutex;

use crate::report::{self, Latencies};

/// Days that the points lie in.
const DAYS: u32 = 365;

/// Bodies of `batch` points each, `points` in all.
pub(crate) fn bodies(seed: u64, end: DateTime<Utc>, points: u64, batch: usize) -> Vec<Bytes> {
    let points: Vec<DemoPoint> = Generator::new(seed, end, DAYS, points).collect();
    let body = |points: &[DemoPoint]| {
        let mut text = Vec::new();
        points
            .iter()
            .for_each(|point| point.write_json_line(&mut text));
        Bytes::from(text)
    };
    points.chunks(batch).map(body).collect()
}

/// One writer after the other body.
pub(crate) async fn one_writer(
    engine: &Engine,
    tenant: &TenantId,
    end: DateTime<Utc>,
    points: u64,
    batch: usize,
) -> Result<()> {
    let bodies = bodies(batch as u64, end, points, batch);
    let (mut latencies, started) = (Latencies::default(), Instant::now());
    for body in bodies {
        let sent = Instant::now();
        engine.ingest().points(tenant, request(body)).await?;
        latencies.push(sent.elapsed());
    }
    report::rate(
        &format!("ingest, 1 writer, batches of {batch}"),
        points,
        started,
        Some(&mut latencies),
    );
    Ok(())
}

/// Several writers of one tenant each, all from one pile of bodies.
pub(crate) async fn writers(
    engine: &Engine,
    tenants: &[TenantId],
    end: DateTime<Utc>,
    points: u64,
    batch: usize,
) -> Result<()> {
    let pile = Arc::new(Mutex::new(bodies(tenants.len() as u64, end, points, batch)));
    let started = Instant::now();
    let tasks: Vec<_> = tenants
        .iter()
        .map(|tenant| {
            let (engine, tenant, pile) = (engine.clone(), tenant.clone(), pile.clone());
            tokio::spawn(async move {
                let mut latencies = Latencies::default();
                while let Some(body) = next(&pile).await {
                    let sent = Instant::now();
                    engine.ingest().points(&tenant, request(body)).await?;
                    latencies.push(sent.elapsed());
                }
                Ok::<_, engine::Error>(latencies)
            })
        })
        .collect();
    let mut latencies = Latencies::default();
    for task in tasks {
        latencies += task.await.map_err(engine::Error::internal)??;
    }
    let what = format!("ingest, {} writers, batches of {batch}", tenants.len());
    report::rate(&what, points, started, Some(&mut latencies));
    Ok(())
}

async fn next(pile: &Mutex<Vec<Bytes>>) -> Option<Bytes> {
    pile.lock().await.pop()
}

/// Loads a tenant for the reading benchmarks, in chunks of an import.
pub(crate) async fn fill(
    engine: &Engine,
    tenant: &TenantId,
    end: DateTime<Utc>,
    points: u64,
) -> Result<()> {
    let mut generator = Generator::new(42, end, DAYS, points).peekable();
    let started = Instant::now();
    while generator.peek().is_some() {
        let mut batch = engine.ingest().batch().await?;
        for point in generator.by_ref().take(100_000) {
            point
                .push_to(&mut batch)
                .map_err(|r| engine::Error::internal(r.reason))?;
        }
        engine.ingest().import_chunk(tenant, batch, None).await?;
    }
    report::rate(
        "import of generated points (made while loading)",
        points,
        started,
        None,
    );
    let started = Instant::now();
    let replaced = engine.compact(tenant).await?;
    let took = started.elapsed().as_secs_f64();
    report::line(
        "compaction of that tenant",
        &format!("{took:>9.2} s, {replaced} files replaced"),
    );
    Ok(())
}

/// One point, recorded at the end.
pub(crate) async fn one_point(
    engine: &Engine,
    tenant: &TenantId,
    end: DateTime<Utc>,
) -> Result<()> {
    for body in bodies(7, end, 1, 1) {
        engine.ingest().points(tenant, request(body)).await?;
    }
    Ok(())
}

/// Imports the retail file.
pub(crate) async fn retail(
    engine: &Engine,
    tenant: &TenantId,
    file: &Path,
    mapping: &Path,
) -> Result<()> {
    struct Silent;
    impl ImportProgress for Silent {
        fn advance(&self, _bytes_read: u64, _bytes_total: u64, _points: u64) {}
    }
    let options = ImportOptions {
        mapping: Mapping::load(mapping)?,
        again: Again::Skip,
        report: None,
    };
    let started = Instant::now();
    let report = import_file(engine, tenant, file, &options, &Silent).await?;
    let took = started.elapsed().as_secs_f64();
    report::line(
        "retail import",
        &format!("{took:>9.2} s, {} points", report.points),
    );
    Ok(())
}

fn request(body: Bytes) -> IngestRequest {
    IngestRequest {
        body,
        format: BodyFormat::NdJson,
        on_fault: OnFault::KeepOthers,
        idempotency_key: None,
    }
}
