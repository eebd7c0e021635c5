//! Writes the points that all systems load, the same bytes for each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::iter::Peekable;
use std::path::Path;

use chrono::{DateTime, Utc};
use engine::demo::{DemoPoint, Generator};
use serde_json::json;

use crate::Result;

/// Where the year ends; the questions name its dates.
const END: &str = "2025-06-30T23:00:00Z";
const DAYS: u32 = 365;
/// Of the k-th largest tenant come k to the power of minus this as many points
/// as of the largest: 9.5% of the points are the largest tenant's of 1,000.
const ZIPF: f64 = 0.9;

/// `points.ndjson` with the points of all tenants in the order of time and
/// `points.tsv` with the same for `COPY`; `ingest.*` with the points of one
/// tenant, `events.ndjson` with event ids; `tenants.json` with sizes.
pub(crate) fn all(folder: &Path, points: u64, tenants: usize, ingest: u64) -> Result<()> {
    let end: DateTime<Utc> = END.parse()?;
    std::fs::create_dir_all(folder)?;
    let create =
        |name: &str| File::create(folder.join(name)).map(|f| BufWriter::with_capacity(1 << 20, f));

    let counts = shares(points, tenants);
    let mut streams: Vec<(String, Peekable<Generator>)> = counts
        .iter()
        .zip(1_u64..)
        .map(|(&count, rank)| {
            let generator = Generator::new(rank, end, DAYS, count);
            (format!("t{rank:04}"), generator.peekable())
        })
        .collect();
    let next = |stream: &mut Peekable<Generator>| stream.peek().map(|p| p.recorded_at);
    let mut heads: BinaryHeap<Reverse<(DateTime<Utc>, usize)>> = streams
        .iter_mut()
        .enumerate()
        .filter_map(|(i, (_, stream))| Some(Reverse((next(stream)?, i))))
        .collect();
    let (mut json_lines, mut rows, mut line) =
        (create("points.ndjson")?, create("points.tsv")?, Vec::new());
    while let Some(Reverse((_, i))) = heads.pop() {
        let (tenant, stream) = &mut streams[i];
        let Some(point) = stream.next() else { continue };
        line.clear();
        point.write_json_line(&mut line);
        write!(json_lines, r#"{{"tenant_id":"{tenant}","#)?;
        json_lines.write_all(&line[1..])?;
        write_row(&mut rows, tenant, &point, &line)?;
        heads.extend(next(stream).map(|at| Reverse((at, i))));
    }
    json_lines.flush()?;
    rows.flush()?;

    let (mut json_lines, mut rows, mut events) = (
        create("ingest.ndjson")?,
        create("ingest.tsv")?,
        create("events.ndjson")?,
    );
    for point in Generator::new(0, end, DAYS, ingest) {
        line.clear();
        point.write_json_line(&mut line);
        json_lines.write_all(&line)?;
        write_row(&mut rows, "ingest", &point, &line)?;
    }
    for point in Generator::new(0, end, DAYS, ingest).with_event_ids() {
        line.clear();
        point.write_json_line(&mut line);
        events.write_all(&line)?;
    }
    json_lines.flush()?;
    rows.flush()?;
    events.flush()?;
    // Last, so that its presence means that all is there.
    let about = json!({"points": points, "ingest": ingest, "tenants": counts});
    Ok(std::fs::write(
        folder.join("tenants.json"),
        about.to_string(),
    )?)
}

/// How many points each tenant has, the largest first; they add up to `points`.
fn shares(points: u64, tenants: usize) -> Vec<u64> {
    let weights: Vec<f64> = (1..=tenants).map(|k| (k as f64).powf(-ZIPF)).collect();
    let all: f64 = weights.iter().sum();
    let mut counts: Vec<u64> = weights
        .iter()
        .map(|weight| ((points as f64 * weight / all) as u64).max(1))
        .collect();
    let rest = points.saturating_sub(counts.iter().skip(1).sum());
    if let Some(first) = counts.first_mut() {
        *first = rest;
    }
    counts
}

/// A row of Postgres' text format; nothing in it needs escaping.
fn write_row(out: &mut impl Write, tenant: &str, point: &DemoPoint, line: &[u8]) -> Result<()> {
    let text = std::str::from_utf8(line)?;
    let start = text.find(r#""dimensions":"#).ok_or("no dimensions")? + 13;
    let dimensions = &text[start..text.trim_end().len() - 1];
    let (sign, cents) = (
        if point.value_cents < 0 { "-" } else { "" },
        point.value_cents.unsigned_abs(),
    );
    writeln!(
        out,
        "{tenant}\t{}\t{}\t{}\t{sign}{}.{:02}\t{}\t{dimensions}",
        point.platform,
        point.metric_type,
        point.metric_name,
        cents / 100,
        cents % 100,
        point.recorded_at.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
    )?;
    Ok(())
}
