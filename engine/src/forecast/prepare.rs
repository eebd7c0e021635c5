//! From measured values to what can be fitted: gaps filled, scale taken out.
//!
//! Gaps are filled for fitting only. What was filled is marked, and counts
//! neither in a backtest nor in an interval.

/// At most this many of the newest values are fitted: three years of days,
/// fifteen weeks of hours.
const MAX_VALUES: usize = 2_520;

/// Values ready to be fitted.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// The values divided by [`Prepared::scale`], without gaps; not empty.
    pub(crate) values: Vec<f64>,
    /// Whether each was measured.
    pub(crate) known: Vec<bool>,
    /// What the values were divided by: the largest magnitude.
    pub(crate) scale: f64,
    /// Whether no measured value is below zero.
    pub(crate) never_negative: bool,
}

/// Prepares a series; none if nothing was measured. Gaps before the first
/// value are left out; those after the last are filled, so that a forecast
/// goes on from the grid's end.
pub(crate) fn prepare(values: &[Option<f64>], period: usize) -> Option<Prepared> {
    let measured = |v: &Option<f64>| v.filter(|v| v.is_finite());
    let newest = &values[values.len().saturating_sub(MAX_VALUES)..];
    let newest = if newest.iter().any(|v| measured(v).is_some()) {
        newest
    } else {
        values
    };
    let first = newest.iter().position(|v| measured(v).is_some())?;
    let values: Vec<Option<f64>> = newest[first..].iter().map(measured).collect();
    let values = &values[values.len().saturating_sub(MAX_VALUES.max(1))..];
    let largest = values.iter().flatten().fold(0.0_f64, |m, v| m.max(v.abs()));
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let scaled: Vec<Option<f64>> = values.iter().map(|v| v.map(|v| v / scale)).collect();
    Some(Prepared {
        known: values.iter().map(Option::is_some).collect(),
        never_negative: values.iter().flatten().all(|v| *v >= 0.0),
        values: fill(&scaled, period),
        scale,
    })
}

/// Fills each gap with the mean of the nearest values of its phase before and
/// after it, and what has none of its phase by the line between neighbours.
fn fill(values: &[Option<f64>], period: usize) -> Vec<f64> {
    let period = period.max(1);
    (0..values.len())
        .map(|t| {
            if let Some(v) = values[t] {
                return v;
            }
            let before = (1..=t / period).find_map(|k| values[t - k * period]);
            let after = (t + period..values.len())
                .step_by(period)
                .find_map(|u| values[u]);
            match (before, after) {
                (Some(a), Some(b)) => (a + b) / 2.0,
                (Some(v), None) | (None, Some(v)) => v,
                (None, None) => between(values, t),
            }
        })
        .collect()
}

/// The line between the nearest values on both sides, level beyond the ends.
fn between(values: &[Option<f64>], t: usize) -> f64 {
    let before = (0..t).rev().find_map(|u| values[u].map(|v| (u, v)));
    let after = (t + 1..values.len()).find_map(|u| values[u].map(|v| (u, v)));
    match (before, after) {
        (Some((u, a)), Some((w, b))) => a + (b - a) * (t - u) as f64 / (w - u) as f64,
        (Some((_, v)), None) | (None, Some((_, v))) => v,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_takes_the_values_of_its_phase() {
        let mut values: Vec<Option<f64>> = (0..21)
            .map(|t| Some(if t % 7 == 6 { 10.0 } else { 1.0 }))
            .collect();
        values[13] = None;
        values[14] = Some(f64::NAN);
        let prepared = prepare(&values, 7).unwrap();
        assert_eq!(prepared.values[13], 1.0);
        assert_eq!(prepared.values[14], 0.1);
        assert_eq!(prepared.known.iter().filter(|k| !**k).count(), 2);
        assert_eq!(prepared.scale, 10.0);
    }

    #[test]
    fn what_was_never_measured_is_not_prepared() {
        assert!(prepare(&[], 7).is_none());
        assert!(prepare(&[None, Some(f64::INFINITY)], 7).is_none());
        assert_eq!(
            prepare(&[None, None, Some(-4.0), None], 7).unwrap().values,
            [-1.0, -1.0]
        );
    }
}
