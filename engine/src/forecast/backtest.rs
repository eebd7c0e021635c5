//! Rolling origins: each candidate forecasts what is known by now.

use std::time::{Duration, Instant};

use super::guard;
use super::models::{CANDIDATES, Candidate, NAIVE, Task};

/// The most origins.
pub(crate) const MAX_ORIGINS: usize = 6;
/// Origins, newest first, that slow candidates are tried at.
const SLOW_ORIGINS: usize = 2;

/// What happened after one origin, and what each candidate said.
#[derive(Debug)]
pub(crate) struct Origin {
    /// What happened, up to the horizon.
    pub(crate) actual: Vec<f64>,
    /// Whether each was measured, not filled in.
    pub(crate) known: Vec<bool>,
    /// By candidate, as in [`Backtest::candidates`].
    pub(crate) paths: Vec<Option<Vec<f64>>>,
}

/// The backtest of a series.
#[derive(Debug)]
pub(crate) struct Backtest {
    /// Who took part, the seasonal naive first.
    pub(crate) candidates: Vec<Candidate>,
    /// The origins, newest first.
    pub(crate) origins: Vec<Origin>,
}

/// Where the origins lie: lengths of the known part, newest first.
pub(crate) fn origins(n: usize, naive_period: usize, horizon: usize) -> Vec<(usize, usize)> {
    // A series too short for the whole horizon is tested on a part of it.
    let least = (2 * naive_period + 2).max(6).min((n * 2 / 3).max(4));
    if n <= least {
        return Vec::new();
    }
    let tested = horizon.min((n - least).max(1)).min((n / 3).max(1));
    let room = n - tested - least;
    let stride = (room / (MAX_ORIGINS - 1)).clamp(1, tested.max(naive_period.min(7)).max(1));
    (0..MAX_ORIGINS)
        .map(|i| (i * stride, tested))
        .take_while(|(back, tested)| least + back + tested <= n)
        .map(|(back, tested)| (n - back - tested, tested))
        .collect()
}

/// Runs the backtest. A candidate that fails at an origin has no path there;
/// one that takes longer than `deadline` for one path is not asked again.
pub(crate) fn run(
    y: &[f64],
    known: &[bool],
    periods: &[usize],
    naive_period: usize,
    horizon: usize,
    deadline: Duration,
) -> Backtest {
    let mut alive: Vec<bool> = vec![true; CANDIDATES.len()];
    let mut tested: Vec<Origin> = Vec::new();
    for (index, (cut, length)) in origins(y.len(), naive_period, horizon)
        .into_iter()
        .enumerate()
    {
        let task = Task::new(&y[..cut], periods, naive_period, length);
        let paths = CANDIDATES
            .iter()
            .zip(&mut alive)
            .map(|(candidate, alive)| {
                if !*alive || (candidate.slow && index >= SLOW_ORIGINS) {
                    return None;
                }
                let begun = Instant::now();
                let path = guard::path(candidate, &task);
                // The naive is what others are measured against, and stays.
                *alive = candidate.name == NAIVE.name || begun.elapsed() <= deadline;
                path
            })
            .collect();
        tested.push(Origin {
            actual: y[cut..cut + length].to_vec(),
            known: known[cut..cut + length].to_vec(),
            paths,
        });
    }
    let stays = |index: &usize| alive[*index];
    for origin in &mut tested {
        let paths = std::mem::take(&mut origin.paths);
        origin.paths = (0..)
            .zip(paths)
            .filter(|(i, _)| stays(i))
            .map(|(_, p)| p)
            .collect();
    }
    let candidates = (0..)
        .zip(CANDIDATES)
        .filter(|(i, _)| stays(i))
        .map(|(_, c)| *c)
        .collect();
    Backtest {
        candidates,
        origins: tested,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_leave_enough_to_fit_and_no_more_than_six() {
        for n in 0..900 {
            for (period, horizon) in [(1, 1), (7, 14), (24, 48), (52, 13), (12, 18)] {
                let origins = origins(n, period, horizon);
                assert!(origins.len() <= MAX_ORIGINS);
                for (cut, tested) in origins {
                    assert!(cut >= 4 && cut + tested <= n && (1..=horizon).contains(&tested));
                }
            }
        }
        assert_eq!(origins(365, 7, 14).len(), MAX_ORIGINS);
    }

    #[test]
    fn an_origin_knows_nothing_of_what_came_after() {
        let mut y: Vec<f64> = (0..120).map(|t| f64::from(t % 7)).collect();
        let known = vec![true; y.len()];
        let deadline = Duration::from_secs(60);
        let before = run(&y, &known, &[7], 7, 14, deadline);
        for v in &mut y[106..] {
            *v = 1e6;
        }
        let after = run(&y, &known, &[7], 7, 14, deadline);
        assert_eq!(before.origins[0].paths, after.origins[0].paths);
        assert_ne!(before.origins[0].actual, after.origins[0].actual);
    }

    #[test]
    fn who_is_too_slow_leaves_the_pool() {
        let y: Vec<f64> = (0..120).map(|t| f64::from(t * 13 % 29)).collect();
        let test = run(&y, &vec![true; y.len()], &[7], 7, 14, Duration::ZERO);
        assert!(test.candidates.iter().all(|c| c.name != "mstl_ets"));
        assert!(
            test.origins
                .iter()
                .all(|o| o.paths.len() == test.candidates.len())
        );
        assert_eq!(
            test.candidates.first().map(|c| c.name),
            Some("seasonal_naive")
        );
    }
}
