//! Intervals from the combination's own errors (split conformal prediction;
//! Vovk, Gammerman and Shafer 2005; for rolling origins Stankevičiūtė, Alaa and
//! van der Schaar 2021).
//!
//! Errors of all origins and steps are brought to the scale of the first step,
//! since a few origins are too few for a quantile of each step, and the
//! quantile is carried to each step by the same scale. It never narrows.

use super::combine::Tested;
use super::numbers::{quantile, robust_scale};

/// Half the widths of a step's intervals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Margin {
    /// Of the 80 % interval.
    pub(crate) eighty: f64,
    /// Of the 95 % interval.
    pub(crate) ninety_five: f64,
}

/// What the 80 % quantile is widened by, beside this over the number of
/// origins: errors of one origin go together, so a few origins show less of the
/// spread than their count of errors says.
const WIDENED_80: (f64, f64) = (1.0, 0.25);
/// The same of the 95 % quantile.
const WIDENED_95: (f64, f64) = (1.05, 0.5);

/// Fewer errors than this and quantiles are those of the history's own spread.
const LEAST_ERRORS: usize = 8;

/// The margins of each step.
pub(crate) fn margins(
    tested: &[Tested],
    y: &[f64],
    naive_period: usize,
    horizon: usize,
) -> Vec<Margin> {
    let errors: Vec<(usize, f64)> = tested
        .iter()
        .flat_map(|t| {
            (0..t.path.len())
                .filter(|&s| t.known[s])
                .map(|s| (s, (t.actual[s] - t.path[s]).abs()))
        })
        .collect();
    let growth = growth(&errors);
    let scale = |step: usize| ((step + 1) as f64).powf(growth);
    let (mut eighty, mut ninety_five) = if errors.len() >= LEAST_ERRORS {
        let mut scaled: Vec<f64> = errors.iter().map(|(s, e)| e / scale(*s)).collect();
        let n = scaled.len() as f64;
        let level = |share: f64| (share * (n + 1.0) / n).min(1.0);
        let widened = |by: (f64, f64)| by.0 + by.1 / tested.len() as f64;
        (
            quantile(&mut scaled, level(0.80)).unwrap_or(0.0) * widened(WIDENED_80),
            quantile(&mut scaled, level(0.95)).unwrap_or(0.0) * widened(WIDENED_95),
        )
    } else {
        by_spread(y, naive_period)
    };
    if !eighty.is_finite() || !ninety_five.is_finite() {
        (eighty, ninety_five) = (0.0, 0.0);
    }
    (0..horizon)
        .map(|step| Margin {
            eighty: eighty * scale(step),
            ninety_five: ninety_five.max(eighty) * scale(step),
        })
        .collect()
}

/// How errors grow with the step: the exponent of a power of it, from the mean
/// errors of the first and the second half of the steps; 0 is level, 0.5 a
/// random walk.
fn growth(errors: &[(usize, f64)]) -> f64 {
    let Some(last) = errors.iter().map(|(s, _)| *s).max().filter(|s| *s >= 3) else {
        return 0.0;
    };
    let half = last.div_ceil(2);
    let part = |late: bool| {
        let (mut sum, mut steps, mut count) = (0.0, 0.0, 0.0);
        for (s, e) in errors.iter().filter(|(s, _)| (*s >= half) == late) {
            sum += e;
            steps += (*s as f64 + 1.0).ln();
            count += 1.0;
        }
        (sum / count, steps / count)
    };
    let ((early, early_step), (late, late_step)) = (part(false), part(true));
    if early > 0.0 && late > 0.0 {
        ((late / early).ln() / (late_step - early_step)).clamp(0.0, 0.7)
    } else {
        0.0
    }
}

/// A cold start: the spread of the values about their middle, or of their
/// steps if that is more, at Student's quantiles for so few.
fn by_spread(y: &[f64], naive_period: usize) -> (f64, f64) {
    let n = y.len();
    if n < 2 {
        // One value says nothing of the spread: as much as the value itself.
        let own = y.first().map_or(0.0, |v| v.abs());
        return (own, 2.0 * own);
    }
    let mean = super::numbers::mean(y);
    let spread = (y.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n as f64 - 1.0)).sqrt();
    let lag = if n > naive_period { naive_period } else { 1 };
    let steps: Vec<f64> = (lag..n).map(|t| y[t] - y[t - lag]).collect();
    let spread = spread.max(robust_scale(&steps) / std::f64::consts::SQRT_2);
    // Student's t for n − 1 degrees of freedom (Abramowitz and Stegun 26.7.5,
    // first two terms), and the mean's own error.
    let t = |z: f64| z + (z.powi(3) + z) / (4.0 * (n as f64 - 1.0));
    let with_mean = spread * (1.0 + 1.0 / n as f64).sqrt();
    (t(1.2816) * with_mean, t(1.96) * with_mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tested(errors: &[Vec<f64>]) -> Vec<Tested> {
        errors
            .iter()
            .map(|e| Tested {
                actual: e.clone(),
                known: vec![true; e.len()],
                path: vec![0.0; e.len()],
                naive: vec![0.0; e.len()],
            })
            .collect()
    }

    #[test]
    fn errors_that_grow_like_a_root_widen_like_one() {
        let errors: Vec<(usize, f64)> = (0..40).map(|s| (s, ((s + 1) as f64).sqrt())).collect();
        assert!((growth(&errors) - 0.5).abs() < 0.05, "{}", growth(&errors));
        let level: Vec<(usize, f64)> = (0..40).map(|s| (s, 2.0)).collect();
        assert_eq!(growth(&level), 0.0);
    }

    #[test]
    fn four_fifths_of_level_errors_lie_within_the_narrower_interval() {
        let errors: Vec<Vec<f64>> = (0..6)
            .map(|o| {
                (0..50)
                    .map(|s| f64::from((o * 50 + s) * 7919 % 300))
                    .collect()
            })
            .collect();
        let margins = margins(&tested(&errors), &[0.0], 1, 50);
        let inside =
            |margin: f64| errors.iter().flatten().filter(|e| **e <= margin).count() as f64 / 300.0;
        let (eighty, ninety_five) = (inside(margins[0].eighty), inside(margins[0].ninety_five));
        assert!((0.79..0.90).contains(&eighty), "{eighty}");
        assert!(ninety_five >= 0.95 && margins[0].ninety_five > margins[0].eighty);
    }

    #[test]
    fn one_value_is_as_unsure_as_it_is_large() {
        let margins = margins(&[], &[1.0], 7, 2);
        assert_eq!((margins[0].eighty, margins[1].ninety_five), (1.0, 2.0));
    }
}
