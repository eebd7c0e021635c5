//! Which calendar periods a series has, and their profiles.
//!
//! A season is looked for at the periods of the calendar only (a day and a
//! week of hours, a week and a year of days, …): tests that search for any
//! period miss the week beside the day. A profile is the decayed mean of what
//! each phase differs from the trend by, shrunk toward zero by how little of
//! that is more than noise (James and Stein): 52 weeks seen twice are mostly
//! noise, 24 hours seen forty times are not.

/// How many steps the profile of a period is remembered for, in cycles: each
/// older cycle weighs this much less.
const DECAY: f64 = 0.92;

/// Profiles this long are smoothed: a year of days has few days of each date.
const SMOOTH_FROM: usize = 300;
/// Over so many steps on each side.
const SMOOTH_STEPS: usize = 7;

/// The sum of the profiles of one or more periods.
#[derive(Debug, Clone)]
pub(crate) struct Seasons {
    profiles: Vec<Vec<f64>>,
}

impl Seasons {
    /// Fits the profiles of `periods` (ascending) to `y`, as differences from
    /// the trend. Periods that `y` does not hold twice are left out.
    pub(crate) fn fit(y: &[f64], periods: &[usize]) -> Self {
        let periods: Vec<usize> = periods
            .iter()
            .copied()
            .filter(|&p| p > 1 && y.len() >= 2 * p)
            .collect();
        let mut profiles: Vec<Vec<f64>> = periods.iter().map(|&p| vec![0.0; p]).collect();
        let Some(&longest) = periods.last() else {
            return Self { profiles };
        };
        let trend = moving_average(y, longest);
        let mut rest: Vec<f64> = y.iter().zip(&trend).map(|(v, t)| v - t).collect();
        let mut seasons = Self {
            profiles: Vec::new(),
        };
        for _ in 0..2 {
            for (index, &period) in periods.iter().enumerate() {
                let old = std::mem::take(&mut profiles[index]);
                for (t, r) in rest.iter_mut().enumerate() {
                    *r += old[t % period];
                }
                let new = profile(&rest, period);
                for (t, r) in rest.iter_mut().enumerate() {
                    *r -= new[t % period];
                }
                profiles[index] = new;
            }
        }
        seasons.profiles = profiles;
        seasons
    }

    /// The seasonal part at step `t`, counted from the start of the series.
    pub(crate) fn at(&self, t: usize) -> f64 {
        self.profiles.iter().map(|p| p[t % p.len()]).sum()
    }

    /// `y` without its seasons.
    pub(crate) fn remove(&self, y: &[f64]) -> Vec<f64> {
        y.iter().enumerate().map(|(t, v)| v - self.at(t)).collect()
    }

    /// Adds the seasons to a forecast that starts at step `from`.
    pub(crate) fn restore(&self, path: &mut [f64], from: usize) {
        for (step, v) in path.iter_mut().enumerate() {
            *v += self.at(from + step);
        }
    }
}

/// The decayed and shrunk profile of one period, with mean zero.
fn profile(rest: &[f64], period: usize) -> Vec<f64> {
    let n = rest.len();
    let mut sums = vec![0.0; period];
    let mut weights = vec![0.0; period];
    let mut squares_of_weights = vec![0.0; period];
    for (t, r) in rest.iter().enumerate() {
        let age = ((n - 1 - t) / period) as i32;
        let w = DECAY.powi(age);
        sums[t % period] += w * r;
        weights[t % period] += w;
        squares_of_weights[t % period] += w * w;
    }
    let mut means: Vec<f64> = sums.iter().zip(&weights).map(|(s, w)| s / w).collect();
    if period >= SMOOTH_FROM {
        means = around(&means, SMOOTH_STEPS);
    }
    let centre = means.iter().sum::<f64>() / period as f64;
    for m in &mut means {
        *m -= centre;
    }
    let noise = rest
        .iter()
        .enumerate()
        .map(|(t, r)| (r - centre - means[t % period]).powi(2))
        .sum::<f64>()
        / (n.saturating_sub(period)).max(1) as f64;
    let per_mean = squares_of_weights
        .iter()
        .zip(&weights)
        .map(|(s, w)| s / (w * w))
        .sum::<f64>()
        / period as f64;
    let between = means.iter().map(|m| m * m).sum::<f64>() / (period - 1).max(1) as f64;
    let keep = if between > 0.0 {
        (1.0 - noise * per_mean / between).max(0.0)
    } else {
        0.0
    };
    means.iter().map(|m| m * keep).collect()
}

/// The mean of each phase and its neighbours on both sides, around the cycle.
fn around(means: &[f64], steps: usize) -> Vec<f64> {
    let n = means.len();
    (0..n)
        .map(|t| {
            let near = (0..=2 * steps).map(|k| means[(t + n - steps + k) % n]);
            near.sum::<f64>() / (2 * steps + 1) as f64
        })
        .collect()
}

/// The centred moving average over `period`, its ends continued level.
pub(crate) fn moving_average(y: &[f64], period: usize) -> Vec<f64> {
    let n = y.len();
    let mut sums = Vec::with_capacity(n + 1);
    sums.push(0.0);
    for v in y {
        sums.push(sums[sums.len() - 1] + v);
    }
    let half = period / 2;
    if n < period + 1 {
        return vec![sums[n] / n.max(1) as f64; n];
    }
    let at = |t: usize| {
        if period % 2 == 1 {
            (sums[t + half + 1] - sums[t - half]) / period as f64
        } else {
            let inner = sums[t + half] - sums[t + 1 - half];
            (inner + (y[t - half] + y[t + half]) / 2.0) / period as f64
        }
    };
    let last = n - 1 - half;
    (0..n).map(|t| at(t.clamp(half, last))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_and_a_week_are_told_apart_and_taken_out() {
        let y: Vec<f64> = (0..168 * 6)
            .map(|t| {
                let hour = if t % 24 < 8 { -4.0 } else { 2.0 };
                let weekend = if t % 168 >= 120 { -7.0 } else { 2.8 };
                100.0 + hour + weekend
            })
            .collect();
        let seasons = Seasons::fit(&y, &[24, 168]);
        let left = seasons.remove(&y);
        assert!(
            left.iter().all(|v| (v - 100.0).abs() < 0.2),
            "{:?}",
            &left[..5]
        );
        let mut path = vec![100.0; 3];
        seasons.restore(&mut path, 168 * 6 + 120);
        assert!((path[0] - 89.0).abs() < 0.3, "{}", path[0]);
    }

    #[test]
    fn noise_has_no_season() {
        let y: Vec<f64> = (0..104_u64)
            .map(|t| ((t * 2_654_435_761) % 1_000) as f64)
            .collect();
        let seasons = Seasons::fit(&y, &[52]);
        let kept = (0..52).map(|t| seasons.at(t).powi(2)).sum::<f64>() / 52.0;
        // The spread of the values is about 289.
        assert!(kept.sqrt() < 150.0, "{}", kept.sqrt());
    }

    #[test]
    fn periods_that_are_not_held_twice_are_left_out() {
        let seasons = Seasons::fit(&[1.0, 2.0, 3.0], &[7, 365]);
        assert_eq!(seasons.remove(&[1.0, 2.0, 3.0]), [1.0, 2.0, 3.0]);
    }

    #[test]
    fn an_even_period_is_averaged_over_both_ends() {
        // 2 × 4 moving average of FPP2, 6.2: weights 1/8, 1/4, 1/4, 1/4, 1/8.
        let average = moving_average(&[443.0, 410.0, 420.0, 532.0, 433.0, 421.0], 4);
        assert!((average[2] - 450.0).abs() < 1e-9, "{}", average[2]);
    }
}
