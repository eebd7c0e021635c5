//! Forecasts that say how sure they are, and what else numbers alone can tell:
//! anomalies, change points, contributions and correlations.
//!
//! Numbers in, numbers out: this module knows no tenant, no table and no clock.
//! [`forecast`] is the way in; `docs/forecasting.md` has the method, its sources
//! and its scores.

mod backtest;
mod combine;
mod conformal;
mod guard;
mod models;
mod numbers;
mod prepare;
mod season;
mod surprise;

pub mod anomaly;
pub mod changepoint;
pub mod contribution;
pub mod correlation;
pub mod grid;
pub mod hierarchy;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use grid::Granularity;

use self::backtest::Backtest;
use self::models::Task;
use self::prepare::Prepared;

/// The longest horizon that is taken, steps.
pub const MAX_HORIZON: usize = 1_000;
/// One candidate may take this long for one path; then it leaves the pool.
const DEADLINE: Duration = Duration::from_millis(500);

/// A series on a regular grid, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// How far apart the values are.
    pub granularity: Granularity,
    /// The values; none where nothing was measured. What is not finite counts
    /// as not measured.
    pub values: Vec<Option<f64>>,
}

/// What a forecast may not leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounds {
    /// Not below zero if the series never was: counts and revenue.
    #[default]
    AsSeen,
    /// Nothing is held.
    Free,
    /// Both ends are held: a ratio is `Within { low: 0.0, high: 1.0 }`.
    Within {
        /// The least value.
        low: f64,
        /// The greatest value.
        high: f64,
    },
}

/// How to forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Options {
    /// Steps to forecast, at most [`MAX_HORIZON`].
    pub horizon: usize,
    /// What the forecast may not leave.
    pub bounds: Bounds,
    /// The periods to look for seasons at, in steps and ascending, instead of
    /// those of the granularity's calendar.
    pub periods: Option<Vec<usize>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            horizon: 14,
            bounds: Bounds::AsSeen,
            periods: None,
        }
    }
}

/// One step of a forecast. Each interval holds the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The expected value.
    pub mean: f64,
    /// The 80 % interval's lower end.
    pub low80: f64,
    /// The 80 % interval's upper end.
    pub high80: f64,
    /// The 95 % interval's lower end.
    pub low95: f64,
    /// The 95 % interval's upper end.
    pub high95: f64,
}

/// What a model has to say in a forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// The model's name.
    pub model: String,
    /// Its weight, over 0 to 1.
    pub weight: f64,
}

/// How the same method did on what is known by now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Origins that were forecast from.
    pub origins: usize,
    /// Steps that were forecast from each.
    pub steps: usize,
    /// The combination's mean absolute error; its weights at each origin come
    /// from the other origins.
    pub error: f64,
    /// The same of the last cycle repeated.
    pub naive_error: f64,
}

/// How far a forecast can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nothing was measured: there is no forecast.
    None,
    /// A cold start: the history is too short to have been tested on.
    Low,
    /// Tested, but no better than the last cycle repeated.
    NotBetter,
    /// Tested, and better than the last cycle repeated.
    Tested,
}

/// A forecast and what is known of its error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// The steps; none of them if nothing was measured.
    pub steps: Vec<Step>,
    /// The models that it is made of, the heaviest first.
    pub models: Vec<Share>,
    /// Its backtest, if the history was long enough for one.
    pub record: Option<Record>,
    /// How far it can be relied on.
    pub confidence: Confidence,
    /// That in a sentence.
    pub sentence: String,
}

/// Forecasts a series. Never fails: what cannot be said is said in
/// [`Forecast::confidence`].
pub fn forecast(series: &Series, options: &Options) -> Forecast {
    let horizon = options.horizon.min(MAX_HORIZON);
    let naive_period = options
        .periods
        .as_ref()
        .map_or(series.granularity.naive_period(), |p| {
            p.first().copied().unwrap_or(1).max(1)
        });
    let periods = options
        .periods
        .clone()
        .unwrap_or_else(|| series.granularity.periods().to_vec());
    let Some(prepared) = prepare::prepare(&series.values, naive_period) else {
        return nothing_measured();
    };
    let y = &prepared.values;
    let test = backtest::run(
        y,
        &prepared.known,
        &periods,
        naive_period,
        horizon,
        DEADLINE,
    );
    let task = Task::new(y, &periods, naive_period, horizon);
    let paths: Vec<Option<Vec<f64>>> = test
        .candidates
        .iter()
        .map(|c| guard::path(c, &task))
        .collect();
    let weights = combine::weights(&combine::scores(&test, &paths, None));
    let mean = combine::mix(&paths, &weights, horizon)
        .or_else(|| paths.first().cloned().flatten())
        .unwrap_or_else(|| vec![y.last().copied().unwrap_or(0.0); horizon]);
    let tested = combine::tested(&test);
    let margins = conformal::margins(&tested, y, naive_period, horizon);
    let steps = steps(&prepared, &mean, &margins, options.bounds);
    let record = record(&test, &tested, prepared.scale);
    let confidence = confidence(record.as_ref(), y.len(), naive_period);
    Forecast {
        steps,
        models: shares(&test, &paths, &weights),
        record,
        confidence,
        sentence: sentence(confidence, record.as_ref(), series.granularity),
    }
}

fn nothing_measured() -> Forecast {
    Forecast {
        steps: Vec::new(),
        models: Vec::new(),
        record: None,
        confidence: Confidence::None,
        sentence: "Nothing was measured, so there is nothing to forecast from.".to_owned(),
    }
}

/// The steps in the series' own unit and bounds.
fn steps(
    prepared: &Prepared,
    mean: &[f64],
    margins: &[conformal::Margin],
    bounds: Bounds,
) -> Vec<Step> {
    let (low, high) = match bounds {
        Bounds::AsSeen if prepared.never_negative => (0.0, f64::MAX),
        Bounds::Within { low, high } if low <= high => (low, high),
        Bounds::AsSeen | Bounds::Free | Bounds::Within { .. } => (f64::MIN, f64::MAX),
    };
    let own = |v: f64| (v * prepared.scale).clamp(low, high);
    mean.iter()
        .zip(margins)
        .map(|(&m, margin)| Step {
            mean: own(m),
            low80: own(m - margin.eighty),
            high80: own(m + margin.eighty),
            low95: own(m - margin.ninety_five),
            high95: own(m + margin.ninety_five),
        })
        .collect()
}

/// The models by weight.
fn shares(test: &Backtest, paths: &[Option<Vec<f64>>], weights: &[f64]) -> Vec<Share> {
    let used = |(path, weight): &(&Option<Vec<f64>>, &f64)| path.is_some() && **weight > 0.0;
    let total: f64 = paths.iter().zip(weights).filter(used).map(|(_, w)| w).sum();
    let mut shares: Vec<Share> = test
        .candidates
        .iter()
        .zip(paths.iter().zip(weights))
        .filter(|(_, pair)| used(pair))
        .map(|(c, (_, w))| Share {
            model: c.name.to_owned(),
            weight: w / total,
        })
        .collect();
    shares.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    shares
}

fn record(test: &Backtest, tested: &[combine::Tested], scale: f64) -> Option<Record> {
    let first = tested.first()?;
    let error = combine::mean_error(tested, |t| &t.path)?;
    let naive_error = combine::mean_error(tested, |t| &t.naive)?;
    Some(Record {
        origins: test.origins.len(),
        steps: first.actual.len(),
        error: numbers::finite(error * scale),
        naive_error: numbers::finite(naive_error * scale),
    })
}

fn confidence(record: Option<&Record>, n: usize, naive_period: usize) -> Confidence {
    match record {
        Some(r) if n >= 3 * naive_period && n >= 10 && r.origins >= 3 => {
            if r.error < r.naive_error {
                Confidence::Tested
            } else {
                Confidence::NotBetter
            }
        }
        _ => Confidence::Low,
    }
}

fn sentence(confidence: Confidence, record: Option<&Record>, granularity: Granularity) -> String {
    let cycle = granularity.naive_cycle();
    match (confidence, record) {
        (Confidence::Tested, Some(r)) => format!(
            "Off by {:.0} % less than {cycle} repeated, over {} forecasts of the past.",
            100.0 * (1.0 - r.error / r.naive_error),
            r.origins
        ),
        (Confidence::NotBetter, Some(r)) => {
            format!(
                "Not better than {cycle} repeated, over {} forecasts of the past.",
                r.origins
            )
        }
        _ => "The history is short, so confidence is low.".to_owned(),
    }
}

#[cfg(test)]
mod tests;
