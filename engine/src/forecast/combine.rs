//! Weights by what the backtest found, the bad ones dropped; and what the
//! combination itself would have said at each origin.

use super::backtest::{Backtest, Origin};

/// A candidate this many times worse than the best is dropped.
const DROPPED_FROM: f64 = 1.35;
/// How a weight falls with the error: its inverse to this power (Bates and
/// Granger, "The combination of forecasts", 1969, with squared errors).
const POWER: i32 = 2;
/// Every candidate's error is taken together with this many steps at which it
/// was as good as the naive: a short test moves weights little.
const PRIOR_STEPS: f64 = 6.0;

/// The combination's path at an origin, with weights from the other origins.
#[derive(Debug)]
pub(crate) struct Tested {
    /// What happened.
    pub(crate) actual: Vec<f64>,
    /// Whether that was measured.
    pub(crate) known: Vec<bool>,
    /// What the combination said.
    pub(crate) path: Vec<f64>,
    /// What the last cycle repeated said.
    pub(crate) naive: Vec<f64>,
}

/// The error of each candidate relative to the naive's at the same origins,
/// without one of them; none where it has no path. Without any test all that
/// have a path are equal.
pub(crate) fn scores(
    test: &Backtest,
    paths: &[Option<Vec<f64>>],
    without: Option<usize>,
) -> Vec<Option<f64>> {
    let others = || {
        test.origins
            .iter()
            .enumerate()
            .filter(|(i, _)| Some(*i) != without)
    };
    if others().next().is_none() {
        return paths.iter().map(|p| p.as_ref().map(|_| 1.0)).collect();
    }
    (0..test.candidates.len())
        .map(|c| {
            let (mut own, mut naive, mut steps) = (0.0, 0.0, 0);
            for (_, origin) in others() {
                if let (Some(path), Some(base)) = (&origin.paths[c], &origin.paths[0]) {
                    own += sum_of_errors(path, origin);
                    naive += sum_of_errors(base, origin);
                    steps += origin.known.iter().filter(|k| **k).count();
                }
            }
            if steps == 0 {
                return None;
            }
            let prior = PRIOR_STEPS * naive / steps as f64;
            // Nothing beats a naive that is never wrong.
            Some(if naive > 0.0 {
                (own + prior) / (naive + prior)
            } else {
                1.0 + own * 1e9
            })
        })
        .collect()
}

fn sum_of_errors(path: &[f64], origin: &Origin) -> f64 {
    errors(path, &origin.actual, &origin.known)
        .map(f64::abs)
        .sum()
}

fn errors<'a>(
    path: &'a [f64],
    actual: &'a [f64],
    known: &'a [bool],
) -> impl Iterator<Item = f64> + 'a {
    path.iter()
        .zip(actual)
        .zip(known)
        .filter(|(_, known)| **known)
        .map(|((p, a), _)| a - p)
}

/// Weights for scores, not yet summing to one.
pub(crate) fn weights(scores: &[Option<f64>]) -> Vec<f64> {
    let best = scores
        .iter()
        .flatten()
        .copied()
        .fold(f64::MAX, f64::min)
        .max(1e-9);
    scores
        .iter()
        .map(|score| match score {
            Some(s) if *s <= best * DROPPED_FROM => (best / s.max(1e-9)).powi(POWER),
            _ => 0.0,
        })
        .collect()
}

/// The weighted mean of the paths that are there.
pub(crate) fn mix(paths: &[Option<Vec<f64>>], weights: &[f64], horizon: usize) -> Option<Vec<f64>> {
    let mut sums = vec![0.0; horizon];
    let mut total = 0.0;
    for (path, weight) in paths.iter().zip(weights).filter(|(_, w)| **w > 0.0) {
        let Some(path) = path else { continue };
        total += weight;
        for (sum, v) in sums.iter_mut().zip(path) {
            *sum += weight * v;
        }
    }
    (total > 0.0).then(|| sums.into_iter().map(|s| s / total).collect())
}

/// The combination at each origin.
pub(crate) fn tested(test: &Backtest) -> Vec<Tested> {
    test.origins
        .iter()
        .enumerate()
        .filter_map(|(index, origin)| {
            let weights = weights(&scores(test, &origin.paths, Some(index)));
            let naive = origin.paths[0].clone()?;
            let path =
                mix(&origin.paths, &weights, origin.actual.len()).unwrap_or_else(|| naive.clone());
            Some(Tested {
                actual: origin.actual.clone(),
                known: origin.known.clone(),
                path,
                naive,
            })
        })
        .collect()
}

/// The mean absolute error of what `said` picks; none where nothing was
/// measured.
pub(crate) fn mean_error(tested: &[Tested], said: impl Fn(&Tested) -> &Vec<f64>) -> Option<f64> {
    let all: Vec<f64> = tested
        .iter()
        .flat_map(|t| errors(said(t), &t.actual, &t.known))
        .map(f64::abs)
        .collect();
    (!all.is_empty()).then(|| super::numbers::mean(&all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bad_are_dropped_and_the_better_weigh_more() {
        let w = weights(&[Some(1.0), Some(0.8), Some(1.2), None]);
        assert_eq!((w[1], w[2], w[3]), (1.0, 0.0, 0.0));
        assert!((w[0] - 0.64).abs() < 1e-12);
    }

    #[test]
    fn a_missing_path_leaves_the_mean_to_the_others() {
        let mixed = mix(
            &[Some(vec![1.0]), None, Some(vec![3.0])],
            &[1.0, 8.0, 3.0],
            1,
        )
        .unwrap();
        assert_eq!(mixed, [2.5]);
        assert!(mix(&[None], &[1.0], 1).is_none());
    }
}
