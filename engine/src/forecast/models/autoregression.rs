//! A regression of each value on those before it, a period before it and
//! beside that, kept small by a ridge.

/// The most values that are regressed on, newest first.
const MAX_ROWS: usize = 1_500;

/// What is regressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// The values, about their mean.
    Values,
    /// The steps between them.
    Steps,
}

/// The lags for the calendar periods of a series.
fn lags(periods: &[usize], n: usize) -> Vec<usize> {
    let shortest = periods.first().copied().unwrap_or(4);
    let mut lags: Vec<usize> = (1..=shortest.clamp(2, 12)).collect();
    for &p in periods {
        lags.extend([p.saturating_sub(1), p, p + 1, 2 * p]);
    }
    lags.sort_unstable();
    lags.dedup();
    lags.retain(|&l| l > 0 && l * 2 + 8 < n);
    lags
}

/// Forecasts step by step, each step from the values and steps before it.
pub(crate) fn autoregression(
    y: &[f64],
    periods: &[usize],
    horizon: usize,
    ridge: f64,
    basis: Basis,
) -> Option<Vec<f64>> {
    let base: Vec<f64> = if basis == Basis::Steps {
        y.windows(2).map(|w| w[1] - w[0]).collect()
    } else {
        y.to_vec()
    };
    let lags = lags(periods, base.len());
    let longest = *lags.last()?;
    let from = longest.max(base.len().saturating_sub(MAX_ROWS));
    let rows = base.len() - from;
    let k = lags.len();
    if rows < 2 * k {
        return None;
    }
    let mean = if basis == Basis::Steps {
        0.0
    } else {
        base.iter().sum::<f64>() / base.len() as f64
    };
    let spread = (base.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / base.len() as f64).sqrt();
    if spread <= 0.0 || !spread.is_finite() {
        return None;
    }
    let mut z: Vec<f64> = base.iter().map(|v| (v - mean) / spread).collect();
    let mut gram = vec![0.0; k * k];
    let mut right = vec![0.0; k];
    let mut x = vec![0.0; k];
    for t in from..z.len() {
        for (j, &lag) in lags.iter().enumerate() {
            x[j] = z[t - lag];
        }
        for i in 0..k {
            right[i] += x[i] * z[t];
            for j in 0..=i {
                gram[i * k + j] += x[i] * x[j];
            }
        }
    }
    for i in 0..k {
        gram[i * k + i] += ridge * rows as f64;
    }
    let weights = solve(&mut gram, right, k)?;
    let n = z.len();
    for step in 0..horizon {
        let next: f64 = lags
            .iter()
            .zip(&weights)
            .map(|(&lag, w)| w * z[n + step - lag])
            .sum();
        z.push(next.clamp(-20.0, 20.0));
    }
    let path = z[n..].iter().map(|v| v * spread + mean);
    if basis == Basis::Steps {
        let mut level = *y.last()?;
        Some(
            path.map(|d| {
                level += d;
                level
            })
            .collect(),
        )
    } else {
        Some(path.collect())
    }
}

/// Solves a symmetric positive system given by its lower half (Cholesky).
fn solve(a: &mut [f64], mut b: Vec<f64>, k: usize) -> Option<Vec<f64>> {
    for i in 0..k {
        for j in 0..=i {
            let mut s = a[i * k + j];
            for m in 0..j {
                s -= a[i * k + m] * a[j * k + m];
            }
            if i == j {
                if s <= 0.0 || !s.is_finite() {
                    return None;
                }
                a[i * k + i] = s.sqrt();
            } else {
                a[i * k + j] = s / a[j * k + j];
            }
        }
    }
    for i in 0..k {
        for m in 0..i {
            b[i] -= a[i * k + m] * b[m];
        }
        b[i] /= a[i * k + i];
    }
    for i in (0..k).rev() {
        for m in i + 1..k {
            b[i] -= a[m * k + i] * b[m];
        }
        b[i] /= a[i * k + i];
    }
    Some(b)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn a_wave_goes_on() {
        let wave = |t: usize| (t as f64 * std::f64::consts::TAU / 12.0).sin() * 5.0 + 20.0;
        let y: Vec<f64> = (0..144).map(wave).collect();
        for basis in [Basis::Values, Basis::Steps] {
            let path = autoregression(&y, &[12], 24, 1e-6, basis).unwrap();
            for (step, v) in path.iter().enumerate() {
                assert!((v - wave(144 + step)).abs() < 0.1, "{basis:?} {step}: {v}");
            }
        }
    }

    #[test]
    fn the_memory_of_one_step_is_found() {
        // y = 0.8 of the one before, and a push from outside that nothing tells.
        let mut random = StdRng::seed_from_u64(1);
        let mut last = 0.0;
        let y: Vec<f64> = (0..2_000)
            .map(|_| {
                last = 0.8 * last + random.random_range(-1.0..1.0);
                last
            })
            .collect();
        // From where it is far from its mean.
        let far = (1_000..2_000).find(|t| y[*t].abs() > 2.0).unwrap();
        let path = autoregression(&y[..=far], &[], 3, 1e-6, Basis::Values).unwrap();
        for (step, v) in path.iter().enumerate() {
            let decayed = y[far] * 0.8_f64.powi(step as i32 + 1);
            assert!((v - decayed).abs() < 0.3, "{step}: {v} for {decayed}");
        }
    }

    #[test]
    fn too_little_and_constants_have_no_regression() {
        assert!(autoregression(&[1.0, 2.0, 3.0], &[7], 5, 0.01, Basis::Values).is_none());
        assert!(autoregression(&[4.0; 100], &[7], 5, 0.01, Basis::Values).is_none());
    }

    #[test]
    fn equations_are_solved() {
        let x = solve(&mut [4.0, 0.0, 2.0, 3.0], vec![10.0, 8.0], 2).unwrap();
        assert!((x[0] - 1.75).abs() < 1e-12 && (x[1] - 1.5).abs() < 1e-12);
        assert!(solve(&mut [0.0], vec![1.0], 1).is_none());
    }
}
