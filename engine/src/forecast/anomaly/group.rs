//! Which series differs from its peers, by augurs' DBSCAN and MAD detectors.

use augurs::outlier::{DbscanDetector, MADDetector, OutlierDetector, OutlierOutput};
use serde::{Deserialize, Serialize};

use crate::forecast::guard::caught;
use crate::forecast::numbers::{median, robust_scale};
use crate::forecast::prepare::prepare;

/// Fewer series have no peers.
const LEAST_SERIES: usize = 3;
/// At most this many series and values of each are compared.
const MOST_SERIES: usize = 500;
const MOST_VALUES: usize = 2_000;

/// How peers are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// By their course: each series is brought to its own middle and spread, so
    /// that a small campaign is a peer of a large one.
    #[default]
    Course,
    /// By their values.
    Level,
}

/// Which detector.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Series that lie in no dense group at a time.
    #[default]
    Dbscan,
    /// Series whose values are far from the middle of all.
    Mad,
}

/// A series that differs from its peers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outlier {
    /// Its index.
    pub series: usize,
    /// Where: the first index and the one after the last, oldest first.
    pub spans: Vec<(usize, usize)>,
}

/// The series that differ, by index. `sensitivity` is over 0 to below 1; more
/// finds more. Nothing for fewer than three series with values, and nothing
/// where the detector fails.
pub fn outliers(
    series: &[Vec<Option<f64>>],
    compare: Compare,
    method: Method,
    sensitivity: f64,
) -> Vec<Outlier> {
    let length = series.iter().map(Vec::len).min().unwrap_or(0);
    let mut indexes = Vec::new();
    let mut peers: Vec<Vec<f64>> = Vec::new();
    for (index, values) in series.iter().enumerate().take(MOST_SERIES) {
        let values = &values[values.len() - length.min(MOST_VALUES)..];
        if let Some(peer) = peer(values, compare) {
            indexes.push(index);
            peers.push(peer);
        }
    }
    if peers.len() < LEAST_SERIES {
        return Vec::new();
    }
    let rows: Vec<&[f64]> = peers.iter().map(Vec::as_slice).collect();
    let sensitivity = if sensitivity.is_finite() {
        sensitivity.clamp(0.01, 0.99)
    } else {
        0.5
    };
    let Some(found) = caught(|| detect(&rows, method, sensitivity)).flatten() else {
        return Vec::new();
    };
    let start = length - length.min(MOST_VALUES);
    found
        .outlying_series
        .iter()
        .filter_map(|&at| {
            let spans = &found.series_results.get(at)?.outlier_intervals.intervals;
            let end = |e: Option<usize>| start + e.unwrap_or(rows[at].len());
            Some(Outlier {
                series: *indexes.get(at)?,
                spans: spans
                    .iter()
                    .map(|s| (start + s.start, end(s.end)))
                    .collect(),
            })
        })
        .collect()
}

fn detect(rows: &[&[f64]], method: Method, sensitivity: f64) -> Option<OutlierOutput> {
    match method {
        Method::Dbscan => {
            let detector = DbscanDetector::with_sensitivity(sensitivity).ok()?;
            detector.detect(&detector.preprocess(rows).ok()?).ok()
        }
        Method::Mad => {
            let detector = MADDetector::with_sensitivity(sensitivity).ok()?;
            detector.detect(&detector.preprocess(rows).ok()?).ok()
        }
    }
}

/// A series without gaps, as it is compared.
fn peer(values: &[Option<f64>], compare: Compare) -> Option<Vec<f64>> {
    let length = values.len();
    let prepared = prepare(values, 1)?;
    let mut y: Vec<f64> = match compare {
        Compare::Level => prepared.values.iter().map(|v| v * prepared.scale).collect(),
        Compare::Course => {
            let middle = median(&mut prepared.values.clone())?;
            let spread = robust_scale(&prepared.values);
            let spread = if spread > 0.0 { spread } else { 1.0 };
            prepared
                .values
                .iter()
                .map(|v| (v - middle) / spread)
                .collect()
        }
    };
    let first = *y.first()?;
    let mut whole = vec![first; length - y.len()];
    whole.append(&mut y);
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn campaigns() -> Vec<Vec<Option<f64>>> {
        (0..6)
            .map(|c| {
                let size = 10.0_f64.powi(c % 3);
                (0..80_i32)
                    .map(|t| {
                        let noise = f64::from((t * 7919 + c * 104_729) % 17) / 17.0;
                        Some(size * (20.0 + 5.0 * f64::from(t % 7) + noise))
                    })
                    .collect()
            })
            .collect()
    }

    #[test]
    fn the_campaign_that_breaks_away_is_found_whatever_its_size() {
        let mut series = campaigns();
        for v in series[4].iter_mut().skip(60).take(10).flatten() {
            *v *= 6.0;
        }
        let found = outliers(&series, Compare::Course, Method::Dbscan, 0.5);
        assert_eq!(found.iter().map(|o| o.series).collect::<Vec<_>>(), [4]);
        assert!(
            found[0]
                .spans
                .iter()
                .all(|(from, to)| *from >= 60 && *to <= 71)
        );
    }

    #[test]
    fn peers_that_agree_have_no_outlier() {
        assert_eq!(
            outliers(&campaigns(), Compare::Course, Method::Dbscan, 0.5),
            []
        );
    }

    #[test]
    fn degenerate_groups_are_answered() {
        let constant = vec![vec![Some(1.0); 30]; 4];
        let empty: Vec<Vec<Option<f64>>> = vec![vec![]; 4];
        let two = vec![vec![Some(1.0), Some(2.0)]; 2];
        for series in [constant, empty, two, Vec::new()] {
            for method in [Method::Dbscan, Method::Mad] {
                assert_eq!(outliers(&series, Compare::Level, method, f64::NAN), []);
            }
        }
    }
}
