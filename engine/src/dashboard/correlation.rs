//! Which platforms move together: Pearson's correlation of daily revenue and
//! engagement between platforms, with the lag where it is strongest.
//!
//! The p-value takes days as independent. Days that share a season are not, so
//! it is a filter against chance and no proof of a cause; nothing is adjusted
//! for weekdays. Floats are right here: no sum of money leaves this module.

use super::history::History;
use super::student::p_value;

/// The largest shift between two series, days.
const MAX_LAG_DAYS: i32 = 7;
/// A shift of a week finds the same weekdays again, so it must beat no shift at
/// all by this much to be told instead.
const WEEK_MARGIN_R: f64 = 0.1;
/// Fewer days with both series say nothing.
const MIN_OVERLAP_DAYS: usize = 14;
/// Weaker correlations are not told.
const MIN_R: f64 = 0.3;
/// The chance (over all pairs and lags tried) that is still told.
const MAX_P: f64 = 0.05;
/// How many are told.
const LISTED: usize = 5;
/// At most this many series are compared, those with the most days first.
const MAX_SERIES: usize = 32;

/// One side of a correlation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// The platform.
    pub platform: String,
    /// `revenue` or `engagement`.
    pub metric_type: String,
}

/// Two series that move together.
#[derive(Debug, Clone, PartialEq)]
pub struct Correlation {
    /// The one that moves first (or at the same time).
    pub leader: Side,
    /// The one that follows.
    pub follower: Side,
    /// How many days later the follower moves, 0 to 7.
    pub lag_days: i32,
    /// Pearson's r, -1 to 1.
    pub r: f64,
    /// Days on which both were there.
    pub days: usize,
    /// Probability by chance, times the number of pairs and lags tried
    /// (Bonferroni), at most 1.
    pub p: f64,
    /// The finding in plain English.
    pub sentence: String,
}

/// The strongest correlations; with `platform`, only those it takes part in.
/// `finished_days` cuts off the day that is not over.
pub(super) fn correlations(
    history: &[History<'_>],
    platform: Option<&str>,
    finished_days: usize,
) -> Vec<Correlation> {
    let mut series: Vec<(&History<'_>, Vec<f64>)> = history
        .iter()
        .map(|h| (h, floats(h, finished_days)))
        .collect();
    series
        .sort_by_key(|(_, days)| std::cmp::Reverse(days.iter().filter(|v| v.is_finite()).count()));
    series.truncate(MAX_SERIES);

    let (mut found, mut tried) = (Vec::new(), 0);
    for (i, (a, a_days)) in series.iter().enumerate() {
        for (b, b_days) in &series[i + 1..] {
            let asked = platform.is_none_or(|p| a.platform == p || b.platform == p);
            if a.platform == b.platform || !asked {
                continue;
            }
            let (best, lags) = strongest_lag(a_days, b_days);
            tried += lags;
            found.extend(best.map(|(lag, r, n)| match lag {
                0.. => (*a, *b, lag, r, n),
                _ => (*b, *a, -lag, r, n),
            }));
        }
    }
    let told = found.into_iter().map(|(leader, follower, lag, r, n)| {
        let p = (p_value(r, n) * tried as f64).min(1.0);
        Correlation::new(leader, follower, lag, (r, n, p))
    });
    let mut told: Vec<Correlation> = told
        .filter(|c| c.r.abs() >= MIN_R && c.p <= MAX_P)
        .collect();
    told.sort_by(|x, y| {
        y.r.abs()
            .total_cmp(&x.r.abs())
            .then_with(|| x.sentence.cmp(&y.sentence))
    });
    told.truncate(LISTED);
    told
}

impl Correlation {
    fn new(
        leader: &History<'_>,
        follower: &History<'_>,
        lag_days: i32,
        (r, days, p): (f64, usize, f64),
    ) -> Self {
        let side = |h: &History<'_>| Side {
            platform: h.platform.to_owned(),
            metric_type: h.metric_type.to_owned(),
        };
        let direction = if r < 0.0 { "low" } else { "high" };
        let when = match lag_days {
            0 => " the same day".to_owned(),
            1 => " the day after".to_owned(),
            n => format!(" {} days later", in_words(n)),
        };
        let sentence = format!(
            "On days when {} {} was high, {} {} was {direction}{when} (r = {r:.2} over {days} days)",
            leader.platform, leader.metric_type, follower.platform, follower.metric_type,
        );
        Self {
            leader: side(leader),
            follower: side(follower),
            lag_days,
            r,
            days,
            p,
            sentence,
        }
    }
}

/// The lag (positive: `b` follows `a`) with the largest |r|, its r and the days
/// it rests on; and how many lags could be tried. Ties go to the smaller shift.
fn strongest_lag(a: &[f64], b: &[f64]) -> (Option<(i32, f64, usize)>, usize) {
    let (mut best, mut tried): (Option<(i32, f64, usize)>, usize) = (None, 0);
    let same_day = pearson(a, b, 0).map_or(0.0, |(r, _)| r.abs());
    for shift in 0..=MAX_LAG_DAYS {
        for lag in [shift, -shift] {
            if lag == 0 && tried > 0 {
                continue;
            }
            let Some((r, n)) = pearson(a, b, lag) else {
                continue;
            };
            tried += 1;
            let weekly_echo = shift == 7 && r.abs() < same_day + WEEK_MARGIN_R;
            if !weekly_echo && best.is_none_or(|(_, best_r, _)| r.abs() > best_r.abs()) {
                best = Some((lag, r, n));
            }
        }
    }
    (best, tried)
}

/// Pearson's r of `a[t]` and `b[t + lag]` over the days that have both; `None`
/// for too few days or a constant series.
fn pearson(a: &[f64], b: &[f64], lag: i32) -> Option<(f64, usize)> {
    let shift = lag.unsigned_abs() as usize;
    let (a, b) = match lag {
        0.. => (a, b.get(shift..)?),
        _ => (a.get(shift..)?, b),
    };
    let pairs = || {
        a.iter()
            .zip(b)
            .filter(|(x, y)| x.is_finite() && y.is_finite())
    };
    let n = pairs().count();
    if n < MIN_OVERLAP_DAYS {
        return None;
    }
    let first = pairs().next()?;
    if pairs().all(|(x, _)| x == first.0) || pairs().all(|(_, y)| y == first.1) {
        return None;
    }
    let (sum_x, sum_y) = pairs().fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
    let (mean_x, mean_y) = (sum_x / n as f64, sum_y / n as f64);
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for (x, y) in pairs() {
        let (dx, dy) = (x - mean_x, y - mean_y);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    r.is_finite().then(|| (r.clamp(-1.0, 1.0), n))
}

fn floats(history: &History<'_>, days: usize) -> Vec<f64> {
    let finished = history.days.iter().take(days);
    finished
        .map(|day| day.map_or(f64::NAN, |units| units as f64 / 1e9))
        .collect()
}

fn in_words(number: i32) -> &'static str {
    const WORDS: [&str; 8] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven",
    ];
    usize::try_from(number)
        .ok()
        .and_then(|n| WORDS.get(n))
        .copied()
        .unwrap_or("many")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pseudo-random but fixed (splitmix64), from -500 to 499.
    fn noise(seed: i64, day: i64) -> i64 {
        let mut z = (seed * 1_000_003 + day) as u64;
        z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % 1_000) as i64 - 500
    }

    fn history<'a>(
        platform: &'a str,
        metric_type: &'a str,
        day: impl Fn(i64) -> Option<i64>,
    ) -> History<'a> {
        let days = (0..90).map(|t| day(t).map(i128::from)).collect();
        History {
            platform,
            metric_type,
            days,
        }
    }

    #[test]
    fn a_planted_lag_is_found_and_told() {
        let listing = history("business_directory", "engagement", |t| {
            Some(1_000 + noise(1, t))
        });
        let shop = history("coreldove", "revenue", |t| {
            Some(5_000 + 3 * noise(1, t - 2) + noise(2, t) / 4)
        });
        for sides in [[&listing, &shop], [&shop, &listing]] {
            let sides = sides.map(|h| History {
                days: h.days.clone(),
                ..*h
            });
            let found = correlations(&sides, None, 90);
            assert_eq!(found.len(), 1);
            let c = &found[0];
            assert_eq!(
                (c.leader.platform.as_str(), c.lag_days, c.days),
                ("business_directory", 2, 88)
            );
            assert!(c.r > 0.95 && c.p < 1e-9, "{c:?}");
            assert!(c.sentence.starts_with("On days when business_directory engagement was high, coreldove revenue was high two days later (r = "), "{}", c.sentence);
        }
    }

    #[test]
    fn a_shared_week_is_told_for_the_same_day() {
        let weekly = |p, seed| {
            history(p, "revenue", move |t| {
                Some(5_000 * (t % 7) + noise(seed, t) * (100 - t) / 50)
            })
        };
        let found = correlations(&[weekly("a", 1), weekly("b", 2)], None, 90);
        assert_eq!((found.len(), found[0].lag_days), (1, 0));
    }

    #[test]
    fn chance_constants_gaps_and_one_platform_alone_say_nothing() {
        let a = || history("a", "revenue", |t| Some(noise(1, t)));
        let nothing = [
            history("b", "revenue", |t| Some(noise(9, t))),
            history("b", "revenue", |_| Some(7)),
            history("b", "revenue", |t| (t < 13).then(|| noise(1, t))),
            history("a", "engagement", |t| Some(noise(1, t))),
        ];
        for b in nothing {
            assert_eq!(correlations(&[a(), b], None, 90), []);
        }
    }

    #[test]
    fn a_platform_sees_the_correlations_it_takes_part_in() {
        let sides = ["a", "b", "c"].map(|p| history(p, "revenue", |t| Some(noise(1, t))));
        assert_eq!(correlations(&sides, None, 90).len(), 3);
        assert_eq!(correlations(&sides, Some("c"), 90).len(), 2);
    }

    #[test]
    fn the_unfinished_day_does_not_count() {
        let spoiled = |p| {
            history(p, "revenue", |t| {
                Some(if t == 89 {
                    1_000_000
                } else {
                    noise(p.len() as i64, t)
                })
            })
        };
        assert_eq!(
            correlations(&[spoiled("a"), spoiled("bb")], None, 90).len(),
            1
        );
        assert_eq!(correlations(&[spoiled("a"), spoiled("bb")], None, 89), []);
    }

    #[test]
    fn falling_together_apart_is_told_as_low() {
        let up = history("a", "revenue", |t| Some(noise(1, t)));
        let down = history("b", "engagement", |t| Some(-noise(1, t)));
        let found = correlations(&[up, down], None, 90);
        assert!(
            found[0]
                .sentence
                .contains("was low the same day (r = -1.00"),
            "{}",
            found[0].sentence
        );
    }
}
