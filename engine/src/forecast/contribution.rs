//! Which parts moved a number, and how much each.
//!
//! A total moves by the sum of its parts' changes. A ratio of sums moves by
//! rate (a part's own ratio changed) and by mix (parts of another ratio weigh
//! more or less now); the split at the mean of before and after leaves nothing
//! over (Marshall 1890, Edgeworth 1925; "structural decomposition", Dietzenbacher
//! and Los 1998). Dimensions are ranked by how much their best value explains
//! and how surprising its share is (Adtributor; Bhagwan et al., NSDI 2014).

mod sentence;

use serde::{Deserialize, Serialize};

pub use sentence::{Said, sentence};

/// One value of a dimension, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The value's name, as it is said: `search`.
    pub name: String,
    /// The number before, or a ratio's numerator.
    pub before: f64,
    /// The number after, or a ratio's numerator.
    pub after: f64,
    /// A ratio's denominators, before and after; none for totals.
    pub over: Option<(f64, f64)>,
}

/// A dimension and all of its values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Dimension {
    /// The dimension's name: `campaign_type`.
    pub name: String,
    /// Its values; those that are gone or new with zeros.
    pub parts: Vec<Part>,
}

/// What a part moved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contribution {
    /// The part's name.
    pub name: String,
    /// How much of the number's change it made, in the number's unit.
    pub change: f64,
    /// Its share of the whole change: above 1 where others moved against it,
    /// below 0 where it moved against the rest; 0 if nothing moved.
    pub share: f64,
    /// Of `change`, what the part's own ratio made; all of it for totals.
    pub rate: f64,
    /// Of `change`, what its weight made; 0 for totals.
    pub mix: f64,
}

/// The movement of a number and who made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Movement {
    /// The number before.
    pub before: f64,
    /// The number after.
    pub after: f64,
    /// By part, the largest change first.
    pub contributions: Vec<Contribution>,
}

impl Movement {
    /// The change relative to before; none if that was zero.
    pub fn relative(&self) -> Option<f64> {
        let by = (self.after - self.before) / self.before.abs();
        by.is_finite().then_some(by)
    }
}

/// Takes a movement apart. Ratios if every part has denominators, else totals.
pub fn decompose(parts: &[Part]) -> Movement {
    let ratio = !parts.is_empty() && parts.iter().all(|p| p.over.is_some());
    let (before, after, mut contributions) = if ratio {
        of_ratio(parts)
    } else {
        of_total(parts)
    };
    let change = after - before;
    for c in &mut contributions {
        c.share = if change == 0.0 {
            0.0
        } else {
            c.change / change
        };
    }
    contributions.sort_by(|a, b| {
        b.change
            .abs()
            .total_cmp(&a.change.abs())
            .then_with(|| a.name.cmp(&b.name))
    });
    Movement {
        before,
        after,
        contributions,
    }
}

fn of_total(parts: &[Part]) -> (f64, f64, Vec<Contribution>) {
    let contributions = parts
        .iter()
        .map(|p| {
            let change = p.after - p.before;
            Contribution {
                name: p.name.clone(),
                change,
                share: 0.0,
                rate: change,
                mix: 0.0,
            }
        })
        .collect();
    (
        parts.iter().map(|p| p.before).sum(),
        parts.iter().map(|p| p.after).sum(),
        contributions,
    )
}

fn of_ratio(parts: &[Part]) -> (f64, f64, Vec<Contribution>) {
    let over = |p: &Part| p.over.unwrap_or((0.0, 0.0));
    let all_before: f64 = parts.iter().map(|p| over(p).0).sum();
    let all_after: f64 = parts.iter().map(|p| over(p).1).sum();
    let ratio = |above: f64, below: f64| {
        if below == 0.0 {
            None
        } else {
            Some(above / below)
        }
    };
    let before = ratio(parts.iter().map(|p| p.before).sum(), all_before).unwrap_or(0.0);
    let after = ratio(parts.iter().map(|p| p.after).sum(), all_after).unwrap_or(0.0);
    let middle = (before + after) / 2.0;
    let contributions = parts
        .iter()
        .map(|p| {
            let (below_before, below_after) = over(p);
            let weight_before = ratio(below_before, all_before).unwrap_or(0.0);
            let weight_after = ratio(below_after, all_after).unwrap_or(0.0);
            // A part that is new or gone has one ratio: all it moves is mix.
            let own_before = ratio(p.before, below_before);
            let own_after = ratio(p.after, below_after);
            let first = own_before.or(own_after).unwrap_or(middle);
            let second = own_after.or(own_before).unwrap_or(middle);
            let rate = (weight_before + weight_after) / 2.0 * (second - first);
            let mix = (weight_after - weight_before) * ((first + second) / 2.0 - middle);
            Contribution {
                name: p.name.clone(),
                change: rate + mix,
                share: 0.0,
                rate,
                mix,
            }
        })
        .collect();
    (before, after, contributions)
}

/// The dimensions by how well their first contribution tells what happened,
/// the best first: its share, held to one, times how much more that is than
/// its share of the number before.
pub fn rank(dimensions: &[Dimension]) -> Vec<(&Dimension, Movement)> {
    let mut ranked: Vec<(f64, &Dimension, Movement)> = dimensions
        .iter()
        .map(|d| {
            let movement = decompose(&d.parts);
            (telling(d, &movement), d, movement)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.name.cmp(&b.1.name)));
    ranked.into_iter().map(|(_, d, m)| (d, m)).collect()
}

fn telling(dimension: &Dimension, movement: &Movement) -> f64 {
    let Some(first) = movement.contributions.first() else {
        return 0.0;
    };
    let weight = |p: &Part| p.over.map_or(p.before, |o| o.0).abs();
    let all: f64 = dimension.parts.iter().map(weight).sum();
    let own = dimension
        .parts
        .iter()
        .find(|p| p.name == first.name)
        .map_or(0.0, weight);
    let expected = if all > 0.0 { own / all } else { 0.0 };
    let explained = first.share.clamp(0.0, 1.0);
    explained * (explained - expected).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, before: f64, after: f64, over: Option<(f64, f64)>) -> Part {
        Part {
            name: name.to_owned(),
            before,
            after,
            over,
        }
    }

    #[test]
    fn parts_of_a_total_add_up_to_its_change() {
        let m = decompose(&[
            part("search", 600.0, 472.0, None),
            part("social", 300.0, 248.0, None),
            part("mail", 100.0, 100.0, None),
        ]);
        assert_eq!((m.before, m.after), (1000.0, 820.0));
        assert_eq!(m.contributions[0].name, "search");
        assert!((m.contributions[0].share - 128.0 / 180.0).abs() < 1e-12);
        assert!((m.contributions.iter().map(|c| c.change).sum::<f64>() + 180.0).abs() < 1e-9);
    }

    #[test]
    fn a_ratio_that_falls_though_every_part_rises_is_mix() {
        // Simpson's paradox: both convert better, the weaker one grew.
        let m = decompose(&[
            part("desktop", 80.0, 41.0, Some((1000.0, 500.0))),
            part("mobile", 10.0, 55.0, Some((500.0, 2500.0))),
        ]);
        assert!(m.after < m.before);
        assert!(m.contributions.iter().all(|c| c.rate > 0.0));
        let mix: f64 = m.contributions.iter().map(|c| c.mix).sum();
        let rate: f64 = m.contributions.iter().map(|c| c.rate).sum();
        assert!(mix < 0.0 && (mix + rate - (m.after - m.before)).abs() < 1e-12);
    }

    #[test]
    fn new_and_gone_parts_of_a_ratio_are_mix_alone() {
        let m = decompose(&[
            part("old", 10.0, 0.0, Some((100.0, 0.0))),
            part("new", 0.0, 30.0, Some((0.0, 100.0))),
        ]);
        assert!((m.after - m.before - 0.2).abs() < 1e-12);
        assert!(m.contributions.iter().all(|c| c.rate == 0.0));
        assert!((m.contributions.iter().map(|c| c.change).sum::<f64>() - 0.2).abs() < 1e-12);
    }

    #[test]
    fn the_dimension_that_surprises_comes_first() {
        let flat = Dimension {
            name: "device".to_owned(),
            parts: vec![
                part("phone", 900.0, 810.0, None),
                part("desktop", 100.0, 90.0, None),
            ],
        };
        let sharp = Dimension {
            name: "campaign".to_owned(),
            parts: vec![part("a", 500.0, 410.0, None), part("b", 500.0, 490.0, None)],
        };
        let dimensions = [flat, sharp];
        assert_eq!(rank(&dimensions)[0].0.name, "campaign");
    }

    #[test]
    fn nothing_moves_in_nothing() {
        for parts in [vec![], vec![part("a", 0.0, 0.0, Some((0.0, 0.0)))]] {
            let m = decompose(&parts);
            assert_eq!((m.before, m.after, m.relative()), (0.0, 0.0, None));
            assert!(
                m.contributions
                    .iter()
                    .all(|c| c.change == 0.0 && c.share == 0.0)
            );
        }
    }
}
