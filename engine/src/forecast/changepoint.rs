//! Change points: where a level, or a level and its slope, became another.
//!
//! PELT (Killick, Fearnhead and Eckley, JASA 107, 2012) over two costs, a level
//! or a straight line a segment; the one with the smaller penalised sum is
//! told. Values lose their season first, and single outliers are drawn in.
//!
//! Neighbouring values that go together look like changes of level to a penalty
//! made for independent ones. So the penalty is that of the long-run variance,
//! σ²(1+ρ)/(1−ρ), with σ and ρ from medians of differences, which shifts of
//! level hardly touch (Chakar, Lebarbier, Lévy-Leduc and Robin, Bernoulli 23,
//! 2017).

use serde::{Deserialize, Serialize};

use super::models::slope_of_line;
use super::numbers::{mean, median};
use super::prepare::prepare;
use super::season::Seasons;

/// The fewest values of a segment.
const LEAST_SEGMENT: usize = 5;
/// The penalty of one parameter, in long-run variances times ln n; BIC has 1
/// (Yao 1988), and one and a half keeps what heavy tails invent away.
const PER_PARAMETER: f64 = 1.5;
/// What is farther from its neighbours' median, in scales, is drawn in to it.
const OUTLIER_SCALES: f64 = 4.0;

/// A change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The first value after it, counted from the series' start.
    pub index: usize,
    /// The level before it: that of the segment's line at its end.
    pub before: f64,
    /// The level after it: that of the segment's line at its start.
    pub after: f64,
    /// The slope a step before it; 0 where segments are level.
    pub slope_before: f64,
    /// The slope a step after it.
    pub slope_after: f64,
}

/// What a segment is taken for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Shape {
    Level,
    Line,
}

impl Shape {
    /// Its parameters and its place.
    fn parameters(self) -> f64 {
        match self {
            Self::Level => 2.0,
            Self::Line => 3.0,
        }
    }
}

/// The changes of a series with seasons of the given periods, oldest first.
pub fn changes(values: &[Option<f64>], periods: &[usize]) -> Vec<Change> {
    let leading = values
        .iter()
        .take_while(|v| !v.is_some_and(f64::is_finite))
        .count();
    let shortest = periods.first().copied().unwrap_or(1);
    let Some(prepared) = prepare(values, shortest) else {
        return Vec::new();
    };
    let offset = leading.max(values.len() - prepared.values.len());
    let seasons = Seasons::fit(&prepared.values, periods);
    let y = drawn_in(&seasons.remove(&prepared.values));
    if y.len() < 2 * LEAST_SEGMENT {
        return Vec::new();
    }
    let Some(unit) = long_run_variance(&y) else {
        return Vec::new();
    };
    let sums = Sums::of(&y);
    let unit = unit * PER_PARAMETER * (y.len() as f64).ln();
    let (level_cost, level) = pelt(&sums, Shape::Level, unit);
    let (line_cost, line) = pelt(&sums, Shape::Line, unit);
    let (shape, cuts) = if line_cost < level_cost {
        (Shape::Line, line)
    } else {
        (Shape::Level, level)
    };
    told(&y, &cuts, shape, prepared.scale, offset)
}

/// Changes from the first values of segments.
fn told(y: &[f64], cuts: &[usize], shape: Shape, scale: f64, offset: usize) -> Vec<Change> {
    let mut edges = vec![0];
    edges.extend(cuts);
    edges.push(y.len());
    let line = |from: usize, to: usize| {
        let part = &y[from..to];
        let slope = if shape == Shape::Line {
            slope_of_line(part)
        } else {
            0.0
        };
        let half = slope * (part.len() as f64 - 1.0) / 2.0;
        (mean(part) - half, mean(part) + half, slope)
    };
    edges
        .windows(3)
        .map(|e| {
            let (_, before, slope_before) = line(e[0], e[1]);
            let (after, _, slope_after) = line(e[1], e[2]);
            Change {
                index: e[1] + offset,
                before: before * scale,
                after: after * scale,
                slope_before: slope_before * scale,
                slope_after: slope_after * scale,
            }
        })
        .collect()
}

/// `y` with values far from the median of their five neighbours drawn in to it.
fn drawn_in(y: &[f64]) -> Vec<f64> {
    let around = |t: usize| {
        let from = t.saturating_sub(2).min(y.len().saturating_sub(5));
        median(&mut y[from..(from + 5).min(y.len())].to_vec()).unwrap_or(y[t])
    };
    let middles: Vec<f64> = (0..y.len()).map(around).collect();
    let mut off: Vec<f64> = y.iter().zip(&middles).map(|(v, m)| (v - m).abs()).collect();
    let limit = OUTLIER_SCALES * 1.4826 * median(&mut off).unwrap_or(0.0);
    let limit = if limit > 0.0 { limit } else { f64::MAX };
    y.iter()
        .zip(&middles)
        .map(|(v, m)| if (v - m).abs() > limit { *m } else { *v })
        .collect()
}

/// The long-run variance of what lies about the level; none of a constant.
fn long_run_variance(y: &[f64]) -> Option<f64> {
    let spread = |lag: usize| {
        let mut d: Vec<f64> = (lag..y.len()).map(|t| (y[t] - y[t - lag]).abs()).collect();
        (1.4826 * median(&mut d).unwrap_or(0.0)).powi(2)
    };
    let (one, two) = (spread(1), spread(2));
    if one <= 0.0 {
        // Mostly constant: what steps there are are changes.
        let steps: Vec<f64> = y.windows(2).map(|w| (w[1] - w[0]).powi(2)).collect();
        let all = mean(&steps);
        return (all > 0.0).then_some(all / 50.0);
    }
    let rho = (two / one - 1.0).clamp(0.0, 0.8);
    let variance = one / (2.0 * (1.0 - rho));
    Some(variance * (1.0 + rho) / (1.0 - rho))
}

/// Sums from the start, from which a segment's cost is read.
struct Sums {
    y: Vec<f64>,
    yy: Vec<f64>,
    ty: Vec<f64>,
}

impl Sums {
    fn of(y: &[f64]) -> Self {
        let centre = mean(y);
        let middle = y.len() as f64 / 2.0;
        let mut sums = Self {
            y: vec![0.0],
            yy: vec![0.0],
            ty: vec![0.0],
        };
        let (mut a, mut b, mut c) = (0.0, 0.0, 0.0);
        for (t, v) in y.iter().enumerate() {
            let v = v - centre;
            a += v;
            b += v * v;
            c += (t as f64 - middle) * v;
            sums.y.push(a);
            sums.yy.push(b);
            sums.ty.push(c);
        }
        sums
    }

    fn values(&self) -> usize {
        self.y.len() - 1
    }

    /// The sum of squares about the segment's own level or line.
    fn cost(&self, from: usize, to: usize, shape: Shape) -> f64 {
        let n = (to - from) as f64;
        let sum = self.y[to] - self.y[from];
        let about_level = self.yy[to] - self.yy[from] - sum * sum / n;
        let cost = match shape {
            Shape::Level => about_level,
            Shape::Line => {
                let middle = (from + to - 1) as f64 / 2.0 - self.values() as f64 / 2.0;
                let across = self.ty[to] - self.ty[from] - middle * sum;
                about_level - across * across * 12.0 / (n * (n * n - 1.0))
            }
        };
        cost.max(0.0)
    }
}

/// The least penalised cost and the first values of its segments.
fn pelt(sums: &Sums, shape: Shape, unit: f64) -> (f64, Vec<usize>) {
    let n = sums.values();
    let penalty = shape.parameters() * unit;
    let mut best = vec![f64::INFINITY; n + 1];
    let mut from = vec![0; n + 1];
    best[0] = 0.0;
    let mut starts = vec![0];
    for end in LEAST_SEGMENT..=n {
        let open = |s: usize| end - s >= LEAST_SEGMENT;
        let costs: Vec<(usize, f64)> = starts
            .iter()
            .filter(|s| open(**s))
            .map(|&s| (s, best[s] + sums.cost(s, end, shape)))
            .collect();
        for &(s, cost) in &costs {
            if cost + penalty < best[end] {
                best[end] = cost + penalty;
                from[end] = s;
            }
        }
        // A start that is worse by now than the best end is never the best again.
        starts.retain(|s| !open(*s) || best[*s] + sums.cost(*s, end, shape) <= best[end]);
        starts.push(end + 1 - LEAST_SEGMENT);
        starts.retain(|s| *s == 0 || best[*s].is_finite());
    }
    let mut cuts = Vec::new();
    let mut end = n;
    while from[end] > 0 {
        end = from[end];
        cuts.push(end);
    }
    cuts.reverse();
    (best[n], cuts)
}

#[cfg(test)]
mod tests;
