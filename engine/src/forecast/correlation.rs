//! Which series move together, and how many steps apart.
//!
//! Series lose their seasons and their trend first: two that share a weekday or
//! both grow would correlate without a word to each other. What is left still
//! remembers itself, and two that remember meet by chance more often than two
//! that do not: what counts is whether their surprises meet, each against an
//! autoregression of its own (Haugh, JASA 71, 1976). Each pair's chance is that
//! of its best lag times the lags tried (Bonferroni); the pairs together are
//! held to a false-discovery rate (Benjamini and Hochberg 1995).

use serde::{Deserialize, Serialize};

use super::numbers::{mean, normal_tail};
use super::prepare::prepare;
use super::season::Seasons;
use super::surprise::surprises;

/// Fewer values that both have say nothing.
const LEAST_OVERLAP: usize = 20;

/// How to look.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The largest shift in both directions, steps.
    pub max_lag: usize,
    /// The false-discovery rate: the share of findings that may be chance.
    pub false_discovery_rate: f64,
}

impl Default for Search {
    fn default() -> Self {
        Self {
            max_lag: 7,
            false_discovery_rate: 0.05,
        }
    }
}

/// Two series that move together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// The index of the one that moves first, or at the same time.
    pub leader: usize,
    /// The index of the one that follows.
    pub follower: usize,
    /// How many steps later it follows.
    pub lag: usize,
    /// Pearson's r of what is left without season and trend.
    pub r: f64,
    /// How many pairs of surprises were compared.
    pub values: usize,
    /// The chance of the pair alone, all its lags counted.
    pub p: f64,
    /// The chance among all pairs tried: the least false-discovery rate at
    /// which the pair is still found.
    pub q: f64,
}

/// The pairs found among aligned series with seasons of `periods`, the surest
/// first.
pub fn pairs(series: &[Vec<Option<f64>>], periods: &[usize], search: Search) -> Vec<Pair> {
    let left: Vec<Vec<Option<f64>>> = series.iter().map(|s| without_shape(s, periods)).collect();
    let told: Vec<Told<'_>> = left.iter().map(|values| Told::of(values)).collect();
    let mut tried = Vec::new();
    for a in 0..told.len() {
        for b in a + 1..told.len() {
            tried.extend(best_lag(a, b, &told[a], &told[b], search.max_lag));
        }
    }
    tried.sort_by(|x, y| x.p.total_cmp(&y.p));
    let count = tried.len() as f64;
    let mut least: f64 = 1.0;
    for (rank, pair) in tried.iter_mut().enumerate().rev() {
        least = least.min(pair.p * count / (rank as f64 + 1.0));
        pair.q = least;
    }
    tried.retain(|p| p.q <= search.false_discovery_rate);
    tried
}

/// The series without season and trend; gaps stay gaps.
fn without_shape(values: &[Option<f64>], periods: &[usize]) -> Vec<Option<f64>> {
    let mut left = vec![None; values.len()];
    let shortest = periods.first().copied().unwrap_or(1);
    let Some(prepared) = prepare(values, shortest) else {
        return left;
    };
    let adjusted = Seasons::fit(&prepared.values, periods).remove(&prepared.values);
    // A trend is what lasts longer than four of the shortest cycles.
    let trend = trend(&adjusted, (4 * shortest).max(28) / 2);
    let offset = values.len() - adjusted.len();
    for (t, (v, m)) in adjusted.iter().zip(&trend).enumerate() {
        left[offset + t] = prepared.known[t].then_some(v - m);
    }
    left
}

/// The mean of as many values before as after each, `reach` at most: a straight
/// line is its own trend, also at its ends.
fn trend(values: &[f64], reach: usize) -> Vec<f64> {
    let last = values.len().saturating_sub(1);
    (0..values.len())
        .map(|t| {
            let reach = reach.min(t).min(last - t);
            mean(&values[t - reach..=t + reach])
        })
        .collect()
}

/// A series without its shape, and what it did not tell by itself before.
struct Told<'v> {
    values: &'v [Option<f64>],
    surprises: Vec<Option<f64>>,
}

impl<'v> Told<'v> {
    fn of(values: &'v [Option<f64>]) -> Self {
        Self {
            values,
            surprises: surprises(values),
        }
    }
}

/// The pair at the lag where it is strongest.
fn best_lag(a: usize, b: usize, x: &Told<'_>, y: &Told<'_>, max_lag: usize) -> Option<Pair> {
    let lags = (0..=max_lag)
        .flat_map(|lag| [(a, b, x, y, lag), (b, a, y, x, lag)])
        .skip(1);
    let mut tried = 0.0;
    let mut best: Option<Pair> = None;
    for (leader, follower, first, second, lag) in lags {
        let met = correlation(&overlap(&first.surprises, &second.surprises, lag));
        let seen = correlation(&overlap(first.values, second.values, lag));
        let (Some((met, values)), Some((r, _))) = (met, seen) else {
            continue;
        };
        tried += 1.0;
        let p = chance(met, values as f64);
        if best.is_none_or(|held| p < held.p) {
            best = Some(Pair {
                leader,
                follower,
                lag,
                r,
                values,
                p,
                q: 1.0,
            });
        }
    }
    best.map(|pair| Pair {
        p: (pair.p * tried).min(1.0),
        ..pair
    })
}

/// Pearson's r, and how many pairs of values it is of.
fn correlation(both: &[(f64, f64)]) -> Option<(f64, usize)> {
    if both.len() < LEAST_OVERLAP {
        return None;
    }
    let x: Vec<f64> = centred(both.iter().map(|b| b.0));
    let y: Vec<f64> = centred(both.iter().map(|b| b.1));
    let product = |u: &[f64], v: &[f64]| u.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
    let r = product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt();
    r.is_finite().then_some((r, both.len()))
}

/// The values that both have, the second series `lag` steps later.
fn overlap(first: &[Option<f64>], second: &[Option<f64>], lag: usize) -> Vec<(f64, f64)> {
    let both = first.iter().zip(second.iter().skip(lag));
    both.filter_map(|(u, v)| Some(((*u)?, (*v)?))).collect()
}

fn centred(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let values: Vec<f64> = values.collect();
    let middle = mean(&values);
    values.iter().map(|v| v - middle).collect()
}

/// The two-sided chance of `r` by Fisher's transformation.
fn chance(r: f64, n: f64) -> f64 {
    if n <= 4.0 {
        return 1.0;
    }
    let z = r.clamp(-0.999_999_999, 0.999_999_999).atanh().abs() * (n - 3.0).sqrt();
    (2.0 * normal_tail(z)).min(1.0)
}

#[cfg(test)]
mod tests {
    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    fn memory(n: usize, rho: f64, random: &mut StdRng) -> Vec<f64> {
        let mut last = 0.0;
        (0..n)
            .map(|_| {
                last = rho * last + random.random::<f64>() - 0.5;
                last
            })
            .collect()
    }

    fn measured(y: impl IntoIterator<Item = f64>) -> Vec<Option<f64>> {
        y.into_iter().map(Some).collect()
    }

    #[test]
    fn a_follower_is_found_with_its_lag() {
        let mut random = StdRng::seed_from_u64(1);
        let x = memory(200, 0.3, &mut random);
        let noise = memory(200, 0.0, &mut random);
        let y = (0..200).map(|t| if t < 3 { 0.0 } else { 2.0 * x[t - 3] } + noise[t]);
        let week = |t: usize| f64::from(u8::from(t % 7 < 2)) * 9.0;
        let series = [
            measured(y.enumerate().map(|(t, v)| v + week(t))),
            measured(
                x.iter()
                    .enumerate()
                    .map(|(t, v)| v + week(t) + 0.1 * t as f64),
            ),
        ];
        let found = pairs(&series, &[7], Search::default());
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].leader, found[0].follower, found[0].lag),
            (1, 0, 3)
        );
        assert!(found[0].r > 0.6 && found[0].q < 1e-6);
    }

    #[test]
    fn strangers_that_share_weekdays_growth_and_memory_are_seldom_found() {
        let mut random = StdRng::seed_from_u64(2);
        let mut found = 0;
        for _ in 0..10 {
            let series: Vec<Vec<Option<f64>>> = (0..6)
                .map(|_| {
                    let y = memory(180, 0.7, &mut random);
                    measured(
                        y.iter()
                            .enumerate()
                            .map(|(t, v)| v + (t % 7) as f64 + 0.05 * t as f64),
                    )
                })
                .collect();
            found += usize::from(!pairs(&series, &[7], Search::default()).is_empty());
        }
        assert!(found <= 1, "{found} of 10");
    }

    #[test]
    fn constants_gaps_and_short_series_have_no_pairs() {
        let series = [
            vec![Some(1.0); 60],
            vec![None; 60],
            measured((0..60).map(f64::from)),
        ];
        assert_eq!(pairs(&series, &[7], Search::default()), []);
        assert_eq!(
            pairs(&[measured([1.0, 2.0]), vec![]], &[7], Search::default()),
            []
        );
    }
}
