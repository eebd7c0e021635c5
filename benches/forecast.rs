//! Forecasts a kit of series and detects a kit of anomalies, for scoring.
//!
//! Run with `make forecast-scores`, which scores what this writes. The kit is a
//! folder of its own (`TESSERA_FORECAST_KIT`): `data/*.jsonl` with a series a
//! line (`set`, `id`, `freq`, `h` and values `y`, null where there is none) and
//! `nab/series/*/*.csv` as the Numenta Anomaly Benchmark has them. Answers go to
//! `TESSERA_FORECAST_OUT`: `forecasts.jsonl` and `anomalies.jsonl`. Nothing else
//! of the kit is read. Then a year of days is forecast for speed.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::NaiveDateTime;
use engine::forecast::anomaly::{Cadence, Detector};
use engine::forecast::{Granularity, Options, Series, Step, forecast};
use serde::Deserialize;
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A line of the kit.
#[derive(Deserialize)]
struct Line {
    set: String,
    id: String,
    freq: String,
    h: usize,
    y: Vec<Option<f64>>,
}

fn main() -> Outcome<()> {
    let Some(kit) = std::env::var_os("TESSERA_FORECAST_KIT").map(PathBuf::from) else {
        say("TESSERA_FORECAST_KIT names no folder: nothing to forecast");
        return Ok(());
    };
    let out =
        std::env::var_os("TESSERA_FORECAST_OUT").map_or_else(std::env::temp_dir, PathBuf::from);
    fs::create_dir_all(&out)?;
    let days = forecasts(&kit, &out.join("forecasts.jsonl"))?;
    anomalies(&kit, &out.join("anomalies.jsonl"))?;
    speed(&days);
    Ok(())
}

/// Forecasts every series; returns those of a year of days.
fn forecasts(kit: &Path, out: &Path) -> Outcome<Vec<Series>> {
    let mut out = BufWriter::new(File::create(out)?);
    let mut days = Vec::new();
    for path in files(&kit.join("data"), "jsonl")? {
        for line in fs::read_to_string(path)?.lines() {
            let line: Line = serde_json::from_str(line)?;
            let granularity = match line.freq.as_str() {
                "hourly" => Granularity::Hour,
                "daily" => Granularity::Day,
                "weekly" => Granularity::Week,
                _ => Granularity::Month,
            };
            let series = Series {
                granularity,
                values: line.y,
            };
            let begun = Instant::now();
            let options = Options {
                horizon: line.h,
                ..Options::default()
            };
            let answer = forecast(&series, &options);
            let ms = begun.elapsed().as_secs_f64() * 1e3;
            let each = |of: fn(&Step) -> f64| answer.steps.iter().map(of).collect::<Vec<_>>();
            let said = json!({
                "set": line.set, "id": line.id, "ms": ms, "mean": each(|s| s.mean),
                "lo80": each(|s| s.low80), "hi80": each(|s| s.high80),
                "lo95": each(|s| s.low95), "hi95": each(|s| s.high95),
                "sentence": answer.sentence,
            });
            writeln!(out, "{said}")?;
            if granularity == Granularity::Day && series.values.len() >= 365 {
                let from = series.values.len() - 365;
                days.push(Series {
                    granularity,
                    values: series.values[from..].to_vec(),
                });
            }
        }
    }
    out.flush()?;
    Ok(days)
}

/// Feeds each file to a detector, value by value.
fn anomalies(kit: &Path, out: &Path) -> Outcome<()> {
    let mut out = BufWriter::new(File::create(out)?);
    let root = kit.join("nab/series");
    for folder in folders(&root)? {
        for path in files(&folder, "csv")? {
            let mut rows = Vec::new();
            for line in fs::read_to_string(&path)?.lines().skip(1) {
                let (time, value) = line.split_once(',').ok_or("a row without a comma")?;
                let time = NaiveDateTime::parse_from_str(time.trim(), "%Y-%m-%d %H:%M:%S%.f")?;
                rows.push((time.and_utc().timestamp(), value.trim().parse::<f64>()?));
            }
            let mut detector = Detector::new(Cadence::every(usual_step(&rows)));
            let scores: Vec<f64> = rows
                .iter()
                .map(|(time, value)| detector.observe(*time, *value).score)
                .collect();
            let name = path
                .strip_prefix(&root)?
                .to_string_lossy()
                .replace('\\', "/");
            writeln!(out, "{}", json!({"file": name, "scores": scores}))?;
        }
    }
    Ok(out.flush()?)
}

/// The median of the steps, seconds: what a metric's definition would say.
fn usual_step(rows: &[(i64, f64)]) -> u32 {
    let mut steps: Vec<i64> = rows.windows(2).map(|w| w[1].0 - w[0].0).collect();
    steps.sort_unstable();
    steps
        .get(steps.len() / 2)
        .and_then(|s| u32::try_from(*s).ok())
        .unwrap_or(60)
        .max(60)
}

/// A year of days, on one core, backtest included.
fn speed(days: &[Series]) {
    let begun = Instant::now();
    for series in days {
        std::hint::black_box(forecast(
            series,
            &Options {
                horizon: 30,
                ..Options::default()
            },
        ));
    }
    let each = days.len() as f64 / begun.elapsed().as_secs_f64();
    say(&format!(
        "a year of days, 30 ahead: {each:.1} series/s ({} series)",
        days.len()
    ));
}

fn folders(root: &Path) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    if root.is_dir() {
        for entry in fs::read_dir(root)? {
            found.push(entry?.path());
        }
    }
    found.retain(|p| p.is_dir());
    found.sort();
    Ok(found)
}

fn files(folder: &Path, extension: &str) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        found.push(entry?.path());
    }
    found.retain(|p| p.extension().is_some_and(|e| e == extension));
    found.sort();
    Ok(found)
}

#[expect(clippy::print_stdout, reason = "a program that prints its result")]
fn say(line: &str) {
    println!("{line}");
}
