//! What a series did not tell by itself before: the residuals of an
//! autoregression (Yule and Walker, solved by Levinson and Durbin) whose order
//! Akaike's criterion chooses.

use super::numbers::mean;

/// The longest memory that is looked for, steps: a week of days and one more.
const MAX_ORDER: usize = 8;
/// Fewer values have no memory that could be told from chance.
const LEAST: usize = 20;

/// The residuals; none where a value or one that it depends on is not known.
pub(super) fn surprises(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let known: Vec<f64> = values.iter().flatten().copied().collect();
    if known.len() < LEAST {
        return values.to_vec();
    }
    let middle = mean(&known);
    let centred: Vec<Option<f64>> = values.iter().map(|v| v.map(|v| v - middle)).collect();
    let memory = memory(&centred, known.len());
    (0..centred.len())
        .map(|t| {
            let expected = memory.iter().enumerate().map(|(back, weight)| {
                let before = t.checked_sub(back + 1)?;
                Some(weight * centred[before]?)
            });
            Some(centred[t]? - expected.sum::<Option<f64>>()?)
        })
        .collect()
}

/// The weight of each step back.
fn memory(centred: &[Option<f64>], known: usize) -> Vec<f64> {
    let n = known as f64;
    let covariance = |lag: usize| -> f64 {
        let both = centred.iter().zip(centred.iter().skip(lag));
        let products = both.filter_map(|(u, v)| Some((*u)? * (*v)?));
        products.sum::<f64>() / n
    };
    let mut weights: Vec<f64> = Vec::new();
    let mut error = covariance(0);
    let mut best = Vec::new();
    let mut least = n * error.ln();
    for order in 1..=MAX_ORDER {
        let told: f64 = (0..order - 1)
            .map(|back| weights[back] * covariance(order - 1 - back))
            .sum();
        let reflected = (covariance(order) - told) / error;
        // Also what is constant, or too full of gaps to be a series.
        if reflected.is_nan() || reflected.abs() >= 1.0 {
            break;
        }
        let turned: Vec<f64> = weights.iter().rev().map(|w| reflected * w).collect();
        weights.iter_mut().zip(turned).for_each(|(w, t)| *w -= t);
        weights.push(reflected);
        error *= 1.0 - reflected * reflected;
        let score = n * error.ln() + 2.0 * order as f64;
        if score < least {
            (least, best) = (score, weights.clone());
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn what_a_series_remembers_is_no_surprise() {
        let mut random = StdRng::seed_from_u64(1);
        let (mut last, mut pushes) = (0.0, Vec::new());
        let values: Vec<Option<f64>> = (0..2_000)
            .map(|_| {
                pushes.push(random.random_range(-1.0..1.0));
                last = 0.8 * last + pushes[pushes.len() - 1];
                Some(last)
            })
            .collect();
        let found = surprises(&values);
        for (found, push) in found.iter().zip(&pushes).skip(100) {
            assert!((found.unwrap_or(f64::NAN) - push).abs() < 0.4);
        }
    }

    #[test]
    fn gaps_and_constants_end_nothing() {
        let mut values = vec![Some(1.0); 50];
        values[20] = None;
        let found = surprises(&values);
        assert_eq!((found[20], found[30]), (None, Some(0.0)));
        assert_eq!(surprises(&[None, Some(2.0)]), [None, Some(2.0)]);
    }
}
