//! A total and its parts that agree.
//!
//! Forecast apart, the total is seldom the sum of its parts. The gap is shared
//! by variance: minimum-trace reconciliation with a diagonal covariance
//! (Wickramasuriya, Athanasopoulos and Hyndman, JASA 114, 2019), which for one
//! total has a closed form: each part takes vᵢ/(v₀+Σv) of the gap.

use super::Step;

/// Makes `total` the sum of `parts`, step by step over the steps that all have.
/// Variances are those of the 80 % intervals; intervals move with their means.
/// Parts that were not below zero stay so.
pub fn reconcile(total: &mut [Step], parts: &mut [&mut [Step]]) {
    let steps = parts
        .iter()
        .map(|p| p.len())
        .min()
        .unwrap_or(0)
        .min(total.len());
    if parts.is_empty() {
        return;
    }
    for (step, total) in total.iter_mut().enumerate().take(steps) {
        let gap = total.mean - parts.iter().map(|p| p[step].mean).sum::<f64>();
        let variances: Vec<f64> = parts.iter().map(|p| variance(&p[step])).collect();
        let all = variance(total) + variances.iter().sum::<f64>();
        for (part, v) in parts.iter_mut().zip(&variances) {
            // Nobody is less sure than another: the gap is the total's.
            let share = if all > 0.0 && all.is_finite() {
                v / all
            } else {
                0.0
            };
            shift(&mut part[step], gap * share);
        }
        let sum = parts.iter().map(|p| p[step].mean).sum::<f64>();
        if sum.is_finite() {
            let by = sum - total.mean;
            shift(total, by);
            total.mean = sum;
        }
    }
}

fn variance(step: &Step) -> f64 {
    ((step.high80 - step.low80) / 2.0).powi(2)
}

/// Moves a step, not below zero if none of it was.
fn shift(step: &mut Step, by: f64) {
    let floor = if step.low95 >= 0.0 { 0.0 } else { f64::MIN };
    for v in [
        &mut step.mean,
        &mut step.low80,
        &mut step.high80,
        &mut step.low95,
        &mut step.high95,
    ] {
        *v = (*v + by).max(floor);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(mean: f64, half: f64) -> Step {
        Step {
            mean,
            low80: mean - half,
            high80: mean + half,
            low95: mean - 2.0 * half,
            high95: mean + 2.0 * half,
        }
    }

    #[test]
    fn the_total_is_the_sum_and_the_less_sure_moves_more() {
        let mut total = [step(110.0, 1.0)];
        let (mut sure, mut unsure) = ([step(60.0, 1.0)], [step(40.0, 2.0)]);
        reconcile(&mut total, &mut [&mut sure, &mut unsure]);
        // The gap of 10 is shared 1 : 1 : 4 among total and parts.
        assert!((sure[0].mean - (60.0 + 10.0 / 6.0)).abs() < 1e-9);
        assert!((unsure[0].mean - (40.0 + 40.0 / 6.0)).abs() < 1e-9);
        assert!((total[0].mean - (110.0 - 10.0 / 6.0)).abs() < 1e-9);
        assert!((total[0].mean - sure[0].mean - unsure[0].mean).abs() < 1e-12);
    }

    #[test]
    fn counts_stay_above_zero_and_still_add_up() {
        let mut total = [step(10.0, 0.1)];
        let (mut small, mut large) = ([step(0.5, 0.2)], [step(39.0, 9.0)]);
        reconcile(&mut total, &mut [&mut small, &mut large]);
        assert!(small[0].mean >= 0.0 && large[0].low95 >= 0.0);
        assert!((total[0].mean - small[0].mean - large[0].mean).abs() < 1e-12);
    }

    #[test]
    fn nothing_to_share_among_changes_nothing() {
        let mut total = [step(3.0, 0.0)];
        reconcile(&mut total, &mut []);
        assert_eq!(total[0].mean, 3.0);
    }
}
