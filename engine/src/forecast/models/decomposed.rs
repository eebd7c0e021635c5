//! augurs: MSTL with AutoETS on what is left, and AutoETS alone.
//!
//! augurs' MSTL computes in single precision, so values are brought to mean
//! zero and spread one first. Its intervals know nothing of the season and are
//! not asked for.

use augurs::ets::AutoETS;
use augurs::mstl::MSTLModel;
use augurs::{Fit, Predict};

/// MSTL over `periods`, each held at least twice by `y`.
pub(crate) fn mstl(y: &[f64], periods: &[usize], horizon: usize) -> Option<Vec<f64>> {
    let periods: Vec<usize> = periods
        .iter()
        .copied()
        .filter(|p| y.len() > 2 * p)
        .collect();
    if periods.is_empty() {
        return None;
    }
    let (mean, spread, z) = standard(y)?;
    let model = MSTLModel::new(periods, AutoETS::non_seasonal().into_trend_model());
    let path = model.fit(&z).ok()?.predict(horizon, None).ok()?;
    Some(path.point.iter().map(|v| v * spread + mean).collect())
}

/// AutoETS without a season.
pub(crate) fn ets(y: &[f64], horizon: usize) -> Option<Vec<f64>> {
    if y.len() < 8 {
        return None;
    }
    let (mean, spread, z) = standard(y)?;
    let path = AutoETS::non_seasonal()
        .fit(&z)
        .ok()?
        .predict(horizon, None)
        .ok()?;
    Some(path.point.iter().map(|v| v * spread + mean).collect())
}

/// `y` with mean zero and spread one, and what both were.
fn standard(y: &[f64]) -> Option<(f64, f64, Vec<f64>)> {
    let n = y.len() as f64;
    let mean = y.iter().sum::<f64>() / n;
    let spread = (y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
    (spread > 0.0 && spread.is_finite()).then(|| {
        (
            mean,
            spread,
            y.iter().map(|v| (v - mean) / spread).collect(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_does_not_lose_a_high_level() {
        // At 1e9 single precision is 64 apart.
        let y: Vec<f64> = (0..84).map(|t| 1e9 + f64::from(t % 7) * 3.0).collect();
        let path = mstl(&y, &[7], 7).unwrap();
        for (step, v) in path.iter().enumerate() {
            assert!((v - y[step]).abs() < 1.0, "{step}: {}", v - 1e9);
        }
    }

    #[test]
    fn what_augurs_would_not_take_is_not_given() {
        assert!(mstl(&[1.0; 10], &[7], 3).is_none());
        assert!(mstl(&[2.0; 100], &[7], 3).is_none());
        assert!(ets(&[1.0, 2.0], 3).is_none());
    }

    #[test]
    fn smoothing_follows_a_level() {
        let y: Vec<f64> = (0..60).map(|t| 50.0 + f64::from(t * 7 % 5)).collect();
        let path = ets(&y, 4).unwrap();
        assert!(path.iter().all(|v| (48.0..56.0).contains(v)), "{path:?}");
    }
}
