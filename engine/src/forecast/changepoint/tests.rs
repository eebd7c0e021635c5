use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

/// Noise that remembers `rho` of itself, standard deviation 1 and made of
/// uniform sums.
fn noise(n: usize, rho: f64, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut last = 0.0;
    (0..n)
        .map(|_| {
            let fresh: f64 = (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
            last = rho * last + (1.0 - rho * rho).sqrt() * fresh;
            last
        })
        .collect()
}

/// F1 as for TCPD: the start counts as a change, and a change within five
/// values of a true one is found.
fn f1(found: &[usize], truth: &[usize]) -> f64 {
    let mut left: Vec<usize> = truth.to_vec();
    let hits = found
        .iter()
        .filter(|f| match left.iter().position(|t| t.abs_diff(**f) <= 5) {
            Some(at) => {
                left.remove(at);
                true
            }
            None => false,
        })
        .count()
        + 1;
    2.0 * hits as f64 / (found.len() + truth.len() + 2) as f64
}

fn indexes(y: &[f64], periods: &[usize]) -> Vec<usize> {
    let values: Vec<Option<f64>> = y.iter().copied().map(Some).collect();
    changes(&values, periods).iter().map(|c| c.index).collect()
}

#[test]
fn shifts_are_found_in_noise_that_remembers_itself() {
    let truth = [60, 110, 170];
    let mut total = 0.0;
    for seed in 0..20 {
        let rho = 0.5 * f64::from(u8::from(seed % 2 == 0));
        let mut y = noise(240, rho, seed);
        for (t, v) in y.iter_mut().enumerate() {
            *v += [0.0, 5.0, -2.0, 4.0][truth.iter().filter(|c| t >= **c).count()];
            *v += 6.0 * f64::from(u8::from(t % 7 == 5));
        }
        total += f1(&indexes(&y, &[7]), &truth);
    }
    assert!(total / 20.0 >= 0.9, "{}", total / 20.0);
}

#[test]
fn noise_that_remembers_itself_seldom_changes() {
    let false_changes: usize = (0..20)
        .map(|seed| indexes(&noise(300, 0.5, 100 + seed), &[]).len())
        .sum();
    assert!(false_changes <= 4, "{false_changes}");
}

#[test]
fn a_trend_is_no_change_and_its_break_is_one() {
    let y: Vec<f64> = noise(200, 0.0, 7)
        .iter()
        .enumerate()
        .map(|(t, e)| e + 0.5 * t as f64)
        .collect();
    assert_eq!(indexes(&y, &[]), Vec::<usize>::new());
    let broken: Vec<Option<f64>> = noise(200, 0.0, 8)
        .iter()
        .enumerate()
        .map(|(t, e)| Some(e + 0.5 * (t.min(120) as f64)))
        .collect();
    let found = changes(&broken, &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].index.abs_diff(120) <= 6);
    assert!((found[0].slope_before - 0.5).abs() < 0.05 && found[0].slope_after.abs() < 0.05);
}

#[test]
fn one_outlier_is_no_change() {
    let mut y = noise(120, 0.0, 9);
    y[50] = 400.0;
    assert_eq!(indexes(&y, &[]), Vec::<usize>::new());
}

#[test]
fn nothing_is_found_in_constant_short_or_empty_series() {
    for values in [
        vec![],
        vec![Some(1.0); 3],
        vec![Some(5.0); 400],
        vec![None; 50],
    ] {
        assert_eq!(changes(&values, &[7]), []);
    }
}

#[test]
fn indexes_count_the_gaps_before_the_first_value() {
    let mut values = vec![None; 10];
    values.extend(
        noise(80, 0.0, 3)
            .iter()
            .enumerate()
            .map(|(t, e)| Some(e + if t < 40 { 0.0 } else { 12.0 })),
    );
    let found = changes(&values, &[]);
    assert_eq!(found.len(), 1);
    assert!(found[0].index.abs_diff(50) <= 2 && found[0].after > found[0].before + 10.0);
}
