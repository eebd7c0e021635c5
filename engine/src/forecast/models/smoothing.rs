//! Exponential smoothing without a season: simple, damped Holt and Theta.
//!
//! Sources: Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*
//! (2nd ed., 7.1 and 7.2), whose worked examples are the tests; Assimakopoulos
//! and Nikolopoulos, "The theta model", IJF 16 (2000), in the closed form of
//! Hyndman and Billah, IJF 19 (2003). Parameters are found by least squares of
//! the one-step errors on a grid that is refined around its best point: no
//! start point, no step that can diverge, the same answer each time.

/// The level after the last value, and what was lost on the way.
#[derive(Debug, Clone, Copy)]
struct Fit {
    level: f64,
    slope: f64,
    sum_of_squares: f64,
}

/// What damped Holt is run with.
#[derive(Debug, Clone, Copy)]
struct Parameters {
    /// Weight of a new value in the level, (0, 1].
    alpha: f64,
    /// Weight of a new step in the slope, [0, 1].
    beta: f64,
    /// What is left of the slope a step later, (0, 1].
    phi: f64,
}

/// Runs damped Holt from a level and a slope that stand for the time before
/// the first value.
fn run(y: &[f64], p: Parameters, level: f64, slope: f64) -> Fit {
    let (mut level, mut slope, mut sum_of_squares) = (level, slope, 0.0);
    for &value in y {
        let expected = level + p.phi * slope;
        let error = value - expected;
        sum_of_squares += error * error;
        let next = expected + p.alpha * error;
        slope = p.beta * (next - level) + (1.0 - p.beta) * p.phi * slope;
        level = next;
    }
    Fit {
        level,
        slope,
        sum_of_squares,
    }
}

/// The best weight of simple smoothing and the level that it leads to.
fn best_simple(y: &[f64]) -> (f64, Fit) {
    let head = &y[..y.len().min(8)];
    let start = head.iter().sum::<f64>() / head.len().max(1) as f64;
    let at = |alpha: f64| {
        run(
            y,
            Parameters {
                alpha,
                beta: 0.0,
                phi: 1.0,
            },
            start,
            0.0,
        )
    };
    let mut best = (0.5, at(0.5));
    let mut step = 0.1;
    for alpha in (1..=9).map(|i| f64::from(i) / 10.0) {
        let fit = at(alpha);
        if fit.sum_of_squares < best.1.sum_of_squares {
            best = (alpha, fit);
        }
    }
    for _ in 0..4 {
        step /= 2.0;
        for alpha in [best.0 - step, best.0 + step] {
            let alpha = alpha.clamp(0.005, 0.999);
            let fit = at(alpha);
            if fit.sum_of_squares < best.1.sum_of_squares {
                best = (alpha, fit);
            }
        }
    }
    best
}

/// Simple exponential smoothing: one level for all steps.
pub(crate) fn simple(y: &[f64], horizon: usize) -> Option<Vec<f64>> {
    (!y.is_empty()).then(|| vec![best_simple(y).1.level; horizon])
}

/// Theta: simple smoothing that drifts by half the slope of the straight line
/// through all values.
pub(crate) fn theta(y: &[f64], horizon: usize) -> Option<Vec<f64>> {
    if y.len() < 4 {
        return None;
    }
    let (alpha, fit) = best_simple(y);
    let half_slope = slope_of_line(y) / 2.0;
    let lead = (1.0 - (1.0 - alpha).powi(y.len() as i32)) / alpha;
    Some(
        (0..horizon)
            .map(|step| fit.level + half_slope * (step as f64 + lead))
            .collect(),
    )
}

/// Holt's linear trend that fades.
pub(crate) fn damped_holt(y: &[f64], horizon: usize) -> Option<Vec<f64>> {
    if y.len() < 5 {
        return None;
    }
    let head = &y[..y.len().min(10)];
    let slope = slope_of_line(head);
    let middle = head.iter().sum::<f64>() / head.len() as f64;
    let level = middle - slope * (head.len() as f64 + 1.0) / 2.0;
    let mut best: Option<(Parameters, Fit)> = None;
    let mut consider = |p: Parameters| {
        let fit = run(y, p, level, slope);
        if best.is_none_or(|(_, b)| fit.sum_of_squares < b.sum_of_squares) {
            best = Some((p, fit));
        }
        best
    };
    let mut found = None;
    for alpha in [0.05, 0.25, 0.5, 0.75, 0.95] {
        for beta in [0.0, 0.05, 0.2] {
            for phi in [0.88, 0.96] {
                found = consider(Parameters { alpha, beta, phi });
            }
        }
    }
    let mut step = 0.1;
    for _ in 0..3 {
        let around = found?.0;
        for (da, db) in [
            (-step, 0.0),
            (step, 0.0),
            (0.0, -step / 4.0),
            (0.0, step / 4.0),
        ] {
            found = consider(Parameters {
                alpha: (around.alpha + da).clamp(0.01, 0.999),
                beta: (around.beta + db).clamp(0.0, 0.5),
                phi: around.phi,
            });
        }
        step /= 2.0;
    }
    let (p, fit) = found?;
    Some(extend(fit, p.phi, horizon))
}

/// The path of a level whose slope is damped.
fn extend(fit: Fit, phi: f64, horizon: usize) -> Vec<f64> {
    let (mut level, mut slope) = (fit.level, fit.slope);
    (0..horizon)
        .map(|_| {
            slope *= phi;
            level += slope;
            level
        })
        .collect()
}

/// The slope of the least-squares line through values at 0, 1, 2, ….
pub(crate) fn slope_of_line(y: &[f64]) -> f64 {
    let n = y.len() as f64;
    if y.len() < 2 {
        return 0.0;
    }
    let middle = (n - 1.0) / 2.0;
    let mean = y.iter().sum::<f64>() / n;
    let above: f64 = y
        .iter()
        .enumerate()
        .map(|(i, v)| (i as f64 - middle) * (v - mean))
        .sum();
    above / (n * (n * n - 1.0) / 12.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Annual oil production in Saudi Arabia, 1996 to 2013 (FPP2, 7.1).
    const OIL: [f64; 18] = [
        445.36, 453.20, 454.41, 422.38, 456.04, 440.39, 425.19, 486.21, 500.43, 521.28, 508.95,
        488.89, 509.87, 456.72, 473.82, 525.95, 549.83, 542.34,
    ];
    /// Passengers of Australian airlines, 1990 to 2016 (FPP2, 7.2).
    const AIR: [f64; 27] = [
        17.55, 21.86, 23.89, 26.93, 26.89, 28.83, 30.08, 30.95, 30.19, 31.58, 32.58, 33.48, 39.02,
        41.39, 41.60, 44.66, 46.95, 48.73, 51.49, 50.03, 60.64, 63.36, 66.36, 68.20, 68.12, 69.78,
        72.60,
    ];

    #[test]
    fn simple_smoothing_gives_the_published_forecast_of_oil() {
        let p = Parameters {
            alpha: 0.8339,
            beta: 0.0,
            phi: 1.0,
        };
        let published = run(&OIL, p, 446.59, 0.0).level;
        assert!((published - 542.68).abs() < 0.01, "{published}");
        let own = simple(&OIL, 1).unwrap()[0];
        assert!((own - 542.68).abs() < 1.0, "{own}");
    }

    #[test]
    fn holt_gives_the_published_forecasts_of_passengers() {
        let p = Parameters {
            alpha: 0.8321,
            beta: 0.0001,
            phi: 1.0,
        };
        let path = extend(run(&AIR, p, 15.57, 2.102), 1.0, 5);
        for (ours, published) in path.iter().zip([74.60, 76.70, 78.80, 80.91, 83.01]) {
            assert!((ours - published).abs() < 0.02, "{ours} for {published}");
        }
    }

    #[test]
    fn theta_is_the_mean_of_its_two_lines() {
        // By the definition of 2000: the mean of the straight line and of the
        // smoothed line of twice the curvature.
        let n = AIR.len();
        let slope = slope_of_line(&AIR);
        let mean = AIR.iter().sum::<f64>() / n as f64;
        let line = |t: f64| mean + slope * (t - (n as f64 - 1.0) / 2.0);
        let (alpha, _) = best_simple(&AIR);
        let head = AIR[..8].iter().sum::<f64>() / 8.0;
        let curved: Vec<f64> = AIR
            .iter()
            .enumerate()
            .map(|(t, v)| 2.0 * v - line(t as f64))
            .collect();
        // Simple smoothing is linear: what it makes of the start of the line
        // and of the values is what Theta's closed form starts from.
        let p = Parameters {
            alpha,
            beta: 0.0,
            phi: 1.0,
        };
        let smoothed = run(&curved, p, 2.0 * head - line(-1.0), 0.0).level;
        let by_lines = (smoothed + line(n as f64)) / 2.0;
        let ours = theta(&AIR, 1).unwrap()[0];
        let settled = (1.0 - alpha).powi(n as i32);
        assert!(
            (ours - by_lines).abs() < 1e-6 + settled * 10.0,
            "{ours} for {by_lines}"
        );
    }

    #[test]
    fn a_damped_trend_goes_on_and_fades() {
        let y: Vec<f64> = (0..40).map(|i| f64::from(i) * 3.0).collect();
        let path = damped_holt(&y, 10).unwrap();
        let steps: Vec<f64> = path.windows(2).map(|w| w[1] - w[0]).collect();
        assert!(path[0] > 118.0 && steps.iter().all(|s| *s > 0.0));
        assert!(steps.windows(2).all(|w| w[1] < w[0]));
    }
}
