//! The plain candidates: last cycle repeated, and a decayed mean of the last
//! cycles.

/// The last cycle of `period` repeated; the last value for a period of 1.
pub(crate) fn seasonal_naive(y: &[f64], period: usize, horizon: usize) -> Option<Vec<f64>> {
    let n = y.len();
    if n == 0 {
        return None;
    }
    let period = if n >= period { period.max(1) } else { 1 };
    Some(
        (0..horizon)
            .map(|step| y[n - period + step % period])
            .collect(),
    )
}

/// For each phase of `period` the mean of its values in the last `cycles`
/// cycles, each older one weighing `decay` times the one after it.
pub(crate) fn decayed_mean(
    y: &[f64],
    period: usize,
    cycles: usize,
    decay: f64,
    horizon: usize,
) -> Option<Vec<f64>> {
    let n = y.len();
    if n < period.max(1) {
        return None;
    }
    Some(
        (0..horizon)
            .map(|step| {
                let phase = step % period;
                let (mut sum, mut weights, mut w) = (0.0, 0.0, 1.0);
                for cycle in 1..=cycles {
                    let back = cycle * period;
                    if back > n {
                        break;
                    }
                    sum += w * y[n - back + phase];
                    weights += w;
                    w *= decay;
                }
                sum / weights
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cycle_is_repeated() {
        let y = [9.0, 1.0, 2.0, 3.0];
        assert_eq!(seasonal_naive(&y, 3, 5).unwrap(), [1.0, 2.0, 3.0, 1.0, 2.0]);
        assert_eq!(seasonal_naive(&y, 7, 2).unwrap(), [3.0, 3.0]);
        assert_eq!(seasonal_naive(&[], 7, 2), None);
    }

    #[test]
    fn older_cycles_weigh_less() {
        let path = decayed_mean(&[0.0, 3.0, 3.0, 9.0], 2, 12, 0.5, 3).unwrap();
        assert_eq!(path, [2.0, 7.0, 2.0]);
        assert_eq!(decayed_mean(&[1.0], 2, 12, 0.5, 3), None);
    }
}
