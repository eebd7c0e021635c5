//! Anomalies: as points arrive ([`Detector`]), by run ([`find`]), of a metric
//! that stopped coming ([`Silence`]) and of one series among its peers
//! ([`outliers`]).

mod detector;
mod expectation;
mod group;
mod record;
mod silence;

use serde::{Deserialize, Serialize};

pub use detector::{Cadence, Detector, Observation};
pub use group::{Compare, Method, Outlier, outliers};
pub use silence::Silence;

use super::{Granularity, Series, changepoint};

/// What is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One value.
    Point,
    /// The level of several values.
    LevelShift,
    /// The slope.
    TrendBreak,
    /// No values where there were some.
    Silence,
}

/// An anomaly found by run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// What is unusual.
    pub kind: Kind,
    /// Where, counted from the series' start; for silence the first gap.
    pub index: usize,
    /// The value there, or the level after a shift; none in silence.
    pub value: Option<f64>,
    /// What was expected, or the level before a shift.
    pub expected: f64,
    /// How unusual, 0.5 to 1.
    pub score: f64,
}

/// Finds the anomalies of a series, oldest first: points by the detector that
/// works as they arrive, shifts and breaks by change points, silence at the end.
pub fn find(series: &Series) -> Vec<Anomaly> {
    let cadence = Cadence::of(series.granularity);
    let mut detector = Detector::new(cadence);
    let mut silence = Silence::default();
    let mut found = Vec::new();
    for (index, value) in series.values.iter().enumerate() {
        let Some(value) = value.filter(|v| v.is_finite()) else {
            continue;
        };
        let at = index as i64 * cadence.step_seconds();
        let seen = detector.observe(at, value);
        silence.arrived(at);
        if seen.kind == Some(Kind::Point) {
            found.push(Anomaly {
                kind: Kind::Point,
                index,
                value: Some(value),
                expected: seen.expected,
                score: seen.score,
            });
        }
    }
    found.extend(changes(series));
    let end = series.values.len() as i64 * cadence.step_seconds();
    if silence.is_silent(end)
        && let Some(last) = series
            .values
            .iter()
            .rposition(|v| v.is_some_and(f64::is_finite))
    {
        found.push(Anomaly {
            kind: Kind::Silence,
            index: last + 1,
            value: None,
            expected: series.values[last].unwrap_or_default(),
            score: 1.0,
        });
    }
    found.sort_by_key(|a| a.index);
    found
}

fn changes(series: &Series) -> impl Iterator<Item = Anomaly> {
    let periods: &[usize] = match series.granularity {
        Granularity::Hour => &[24],
        other => other.periods(),
    };
    changepoint::changes(&series.values, periods)
        .into_iter()
        .map(|c| {
            let gap = (c.after - c.before).abs();
            let turned = (c.slope_after - c.slope_before).abs();
            // A break shows in its slope within ten steps more than in its level.
            let kind = if turned * 10.0 > gap {
                Kind::TrendBreak
            } else {
                Kind::LevelShift
            };
            let size =
                (gap + turned * 10.0) / (c.before.abs() + c.after.abs()).max(f64::MIN_POSITIVE);
            Anomaly {
                kind,
                index: c.index,
                value: Some(c.after),
                expected: c.before,
                score: 0.5 + 0.5 * size.min(1.0),
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(value: impl Fn(usize) -> Option<f64>, n: usize) -> Series {
        Series {
            granularity: Granularity::Day,
            values: (0..n).map(value).collect(),
        }
    }

    /// Weekdays and a little that looks like noise.
    fn usual(t: usize) -> f64 {
        100.0 + if t % 7 < 2 { -30.0 } else { 0.0 } + ((t * 7919) % 13) as f64
    }

    #[test]
    fn a_spike_a_shift_and_silence_are_each_told_by_kind() {
        let spike = find(&days(
            |t| Some(usual(t) + if t == 90 { 300.0 } else { 0.0 }),
            120,
        ));
        assert!(spike.iter().any(|a| a.kind == Kind::Point && a.index == 90));

        let shift = find(&days(
            |t| Some(usual(t) + if t >= 70 { 150.0 } else { 0.0 }),
            140,
        ));
        let at: Vec<usize> = shift
            .iter()
            .filter(|a| a.kind == Kind::LevelShift)
            .map(|a| a.index)
            .collect();
        assert!(at.len() == 1 && at[0].abs_diff(70) <= 1, "{shift:?}");

        let silent = find(&days(|t| (t < 100).then(|| usual(t)), 110));
        assert!(
            silent
                .iter()
                .any(|a| a.kind == Kind::Silence && a.index == 100)
        );
    }

    #[test]
    fn usual_series_have_few_anomalies() {
        assert!(find(&days(|t| Some(usual(t)), 365)).len() <= 2);
        assert_eq!(find(&days(|_| Some(5.0), 365)), []);
        assert_eq!(find(&days(|_| None, 30)), []);
        assert_eq!(find(&days(|_| Some(1.0), 0)), []);
    }
}
