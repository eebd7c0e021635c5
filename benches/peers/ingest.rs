//! Points on their way in, from files of NDJSON.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use engine::ingest::{BodyFormat, IngestRequest, OnFault};
use engine::{Engine, TenantId};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{Result, elapsed_ms, make_tenant};

/// Lines of the whole file after which every tenant's waiting lines are sent.
const EPOCH_LINES: u64 = 2_000_000;
const BODY_LINES: u64 = 50_000;
/// Writers of the load.
const LOAD_WRITERS: usize = 2;

/// One measurement: bodies of so many lines by so many writers, writer k into
/// the tenant at k modulo the number of tenants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Job {
    file: PathBuf,
    body: usize,
    writers: usize,
    tenants: Vec<String>,
    /// At most so many points.
    limit: Option<u64>,
}

type Pile = Arc<Mutex<Vec<(TenantId, Bytes)>>>;

/// Sends a file's lines; reading it is part of the measured time.
pub(crate) async fn run(engine: &Engine, job: &Job) -> Result<Value> {
    let tenants: Vec<TenantId> = job
        .tenants
        .iter()
        .map(|name| TenantId::new(name))
        .collect::<std::result::Result<_, _>>()?;
    let started = Instant::now();
    let text = Bytes::from(std::fs::read(&job.file)?);
    let limit = job.limit.unwrap_or(u64::MAX);
    let (bodies, points) = cut(&text, job.body, limit);
    let pile = Arc::new(Mutex::new(bodies));
    let writers = (0..job.writers).map(|writer| {
        let tenant = tenants[writer % tenants.len()].clone();
        let (engine, pile) = (engine.clone(), pile.clone());
        tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let Some(body) = pile.lock().await.pop() else {
                    return Ok::<_, engine::Error>(times);
                };
                let sent = Instant::now();
                engine.ingest().points(&tenant, request(body)).await?;
                times.push(elapsed_ms(sent));
            }
        })
    });
    let mut times = Vec::new();
    for writer in writers.collect::<Vec<_>>() {
        times.extend(writer.await??);
    }
    Ok(json!({"seconds": started.elapsed().as_secs_f64(), "points": points, "ms": times}))
}

/// Bodies of `lines` lines each, the first one last, and the number of lines.
fn cut(text: &Bytes, lines: usize, limit: u64) -> (Vec<Bytes>, u64) {
    let (mut bodies, mut start, mut inside, mut count) = (Vec::new(), 0, 0, 0);
    for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
        (inside, count) = (inside + 1, count + 1);
        if inside == lines || count == limit {
            bodies.push(text.slice(start..=at));
            (start, inside) = (at + 1, 0);
        }
        if count == limit {
            break;
        }
    }
    if inside > 0 {
        bodies.push(text.slice(start..));
    }
    bodies.reverse();
    (bodies, count)
}

/// Loads the points of all tenants, which it makes, in the order of the file.
pub(crate) async fn load(engine: &Engine, file: &Path) -> Result<Value> {
    let started = Instant::now();
    let mut reader = std::io::BufReader::with_capacity(1 << 20, std::fs::File::open(file)?);
    let mut waiting: BTreeMap<TenantId, (u64, Vec<u8>)> = BTreeMap::new();
    let pile: Pile = Arc::default();
    let (mut line, mut lines) = (Vec::new(), 0_u64);
    while reader.read_until(b'\n', &mut line)? > 0 {
        let name = line.get(14..19).ok_or("a line without tenant")?;
        let tenant = TenantId::new(std::str::from_utf8(name)?)?;
        if !waiting.contains_key(&tenant) {
            make_tenant(engine, tenant.as_str()).await?;
        }
        let body = waiting.entry(tenant.clone()).or_default();
        body.0 += 1;
        body.1.append(&mut line);
        lines += 1;
        if body.0 == BODY_LINES {
            let full = std::mem::take(body).1;
            pile.lock().await.push((tenant, full.into()));
        }
        if lines.is_multiple_of(EPOCH_LINES) {
            send(engine, &mut waiting, &pile).await?;
        }
    }
    send(engine, &mut waiting, &pile).await?;
    let tenants: Vec<&TenantId> = waiting.keys().collect();
    for tenant in &tenants {
        engine.compact(tenant).await?;
    }
    Ok(json!({
        "seconds": started.elapsed().as_secs_f64(), "points": lines, "tenants": tenants.len(),
    }))
}

async fn send(
    engine: &Engine,
    waiting: &mut BTreeMap<TenantId, (u64, Vec<u8>)>,
    pile: &Pile,
) -> Result<()> {
    for (tenant, body) in waiting.iter_mut().filter(|(_, body)| body.0 > 0) {
        let text = std::mem::take(body).1;
        pile.lock().await.push((tenant.clone(), text.into()));
    }
    let writers = (0..LOAD_WRITERS).map(|_| {
        let (engine, pile) = (engine.clone(), pile.clone());
        tokio::spawn(async move {
            loop {
                let Some((tenant, body)) = pile.lock().await.pop() else {
                    return Ok::<_, engine::Error>(());
                };
                engine.ingest().points(&tenant, request(body)).await?;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await??;
    }
    Ok(())
}

fn request(body: Bytes) -> IngestRequest {
    IngestRequest {
        body,
        format: BodyFormat::NdJson,
        on_fault: OnFault::RejectAll,
        idempotency_key: None,
    }
}
