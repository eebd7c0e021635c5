//! Anomalies as points arrive: state that is fed a point and says at once.
//!
//! A value is unusual if it is farther from what was expected than any of the
//! last thousands were: by conformal prediction the chance of that is one in
//! their number, whatever their distribution (Laxhammar and Falkman 2011). The
//! same is asked of the mean error over an eighth of a day, which finds shifts
//! too small for one value. After an alarm the detector is quiet for as long,
//! so that one event is told once.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::Kind;
use super::expectation::Expectation;
use super::record::Record;
use crate::forecast::Granularity;

/// Errors are remembered for 60 days, but 400 of them at least and this many
/// at most: 17 days of five minutes.
const MOST_REMEMBERED: f64 = 5_000.0;
const LEAST_REMEMBERED: f64 = 400.0;
const DAYS_REMEMBERED: f64 = 60.0;
/// The mean error is over a day by this.
const PARTS_OF_DAY: f64 = 8.0;
/// No alarm before a week of values, held to these ends.
const LEAST_WARM_UP: f64 = 14.0;
const MOST_WARM_UP: f64 = 750.0;
/// A record over few values is beaten by chance often: over n of them it must
/// be beaten by this over n.
const MARGIN: f64 = 20.0;
/// Farther from zero than this is taken for this.
const REACH: f64 = 1e150;

/// How often values come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cadence {
    step_seconds: u32,
}

impl Cadence {
    /// Values `step_seconds` apart, at least a second.
    pub fn every(step_seconds: u32) -> Self {
        Self {
            step_seconds: step_seconds.max(1),
        }
    }

    /// Values of a grid; months are taken for 30 days.
    pub fn of(granularity: Granularity) -> Self {
        Self::every(match granularity {
            Granularity::Hour => 3_600,
            Granularity::Day => 86_400,
            Granularity::Week => 7 * 86_400,
            Granularity::Month => 30 * 86_400,
        })
    }

    /// Seconds between values.
    pub fn step_seconds(self) -> i64 {
        i64::from(self.step_seconds)
    }

    fn per_day(self) -> f64 {
        (86_400.0 / f64::from(self.step_seconds)).max(1.0)
    }
}

/// What the detector says of a value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// What was expected.
    pub expected: f64,
    /// The lower end of the usual: below it lies nothing that was remembered.
    pub low: f64,
    /// The upper end of the usual.
    pub high: f64,
    /// 0 to 1; an alarm from 0.5.
    pub score: f64,
    /// What is unusual: a point, a level, or nothing.
    pub kind: Option<Kind>,
}

/// The state of one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    expectation: Expectation,
    errors: Record,
    means: Record,
    recent: VecDeque<f64>,
    window: usize,
    warm_up: u64,
    seen: u64,
    quiet_until: u64,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(cadence: Cadence) -> Self {
        let per_day = cadence.per_day();
        let remembered =
            (DAYS_REMEMBERED * per_day).clamp(LEAST_REMEMBERED, MOST_REMEMBERED) as u64;
        Self {
            expectation: Expectation::new(per_day),
            errors: Record::over(remembered),
            means: Record::over(remembered),
            recent: VecDeque::new(),
            window: ((per_day / PARTS_OF_DAY).round() as usize).max(2),
            warm_up: (7.0 * per_day).clamp(LEAST_WARM_UP, MOST_WARM_UP) as u64,
            seen: 0,
            quiet_until: 0,
        }
    }

    /// Takes a value at a time on the metric's wall clock, seconds since any
    /// midnight. A value that is not finite changes nothing.
    pub fn observe(&mut self, wall_seconds: i64, value: f64) -> Observation {
        if !value.is_finite() {
            return Observation {
                expected: 0.0,
                low: 0.0,
                high: 0.0,
                score: 0.0,
                kind: None,
            };
        }
        let value = value.clamp(-REACH, REACH);
        let expected = self.expectation.take(value, wall_seconds);
        let error = value - expected;
        self.recent.push_back(error);
        if self.recent.len() > self.window {
            self.recent.pop_front();
        }
        let mean = (self.recent.iter().sum::<f64>() / self.window as f64).abs();
        let remembered = self.errors.held().max(1) as f64;
        let margin = 1.0 + MARGIN / remembered;
        let usual = self.errors.largest().unwrap_or(0.0) * margin;
        let by_point = ratio(error.abs(), usual);
        let by_level = ratio(mean, self.means.largest().unwrap_or(0.0) * margin);
        self.seen += 1;
        // The first errors are those of knowing nothing.
        if self.seen > self.warm_up / 2 {
            self.errors.push(error.abs());
            self.means.push(mean);
        }
        let worst = by_point.max(by_level);
        // A hair more than the last record is rounding.
        let alarm = worst > 1.0 + 1e-9
            && self.seen > self.warm_up
            && self.seen > self.quiet_until
            && error.abs().max(mean) > 1e-9 * value.abs().max(expected.abs());
        if alarm {
            let quiet = self.window as u64;
            self.quiet_until = self.seen + quiet;
        }
        let raw = worst / (1.0 + worst);
        Observation {
            expected,
            low: expected - usual,
            high: expected + usual,
            score: if alarm { raw.max(0.5) } else { raw.min(0.49) },
            kind: alarm.then_some(if by_point >= by_level || by_point > 1.0 {
                Kind::Point
            } else {
                Kind::LevelShift
            }),
        }
    }
}

/// How many times the record; far more than one over a record of nothing.
fn ratio(now: f64, record: f64) -> f64 {
    if record > 0.0 {
        (now / record).min(1e6)
    } else if now > 0.0 {
        1e6
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(t: i64) -> f64 {
        let hour = t % 24;
        50.0 + if (8..20).contains(&hour) { 40.0 } else { 0.0 } + (t * 7919 % 11) as f64
    }

    #[test]
    fn a_usual_value_at_the_wrong_hour_is_unusual() {
        let mut detector = Detector::new(Cadence::of(Granularity::Hour));
        for t in 0..24 * 40 {
            detector.observe(t * 3_600, usual(t));
        }
        let night = 24 * 40 + 2;
        let seen = detector.clone().observe(night * 3_600, 95.0);
        assert_eq!(seen.kind, Some(Kind::Point));
        assert!(seen.score >= 0.5 && seen.high < 95.0 && seen.low < seen.expected);
        let noon = detector.observe((24 * 40 + 12) * 3_600, 95.0);
        assert_eq!(noon.kind, None);
    }

    #[test]
    fn one_event_is_told_once() {
        let mut detector = Detector::new(Cadence::every(300));
        let mut alarms = 0;
        for t in 0..288 * 10_i64 {
            let value = 10.0 + (t * 7919 % 7) as f64 + if t >= 2_500 { 40.0 } else { 0.0 };
            alarms += usize::from(detector.observe(t * 300, value).kind.is_some());
        }
        assert!((1..=2).contains(&alarms), "{alarms}");
    }

    #[test]
    fn state_is_kept_over_a_round_trip() {
        let mut detector = Detector::new(Cadence::of(Granularity::Hour));
        for t in 0..400 {
            detector.observe(t * 3_600, usual(t));
        }
        let text = serde_json::to_string(&detector).unwrap();
        assert!(text.len() < 20_000, "{}", text.len());
        let mut again: Detector = serde_json::from_str(&text).unwrap();
        for t in 400..500 {
            let (one, other) = (
                detector.observe(t * 3_600, 70.0),
                again.observe(t * 3_600, 70.0),
            );
            assert!((one.score - other.score).abs() < 1e-9);
        }
    }

    #[test]
    fn constants_and_what_is_not_finite_raise_nothing() {
        let mut detector = Detector::new(Cadence::of(Granularity::Day));
        for t in 0..400 {
            assert_eq!(detector.observe(t * 86_400, 0.1).kind, None);
            assert_eq!(detector.observe(t * 86_400, f64::NAN).score, 0.0);
        }
        for value in [f64::MAX, -f64::MAX, 1e-320] {
            let seen = detector.observe(401 * 86_400, value);
            assert!(seen.score.is_finite() && seen.expected.is_finite());
        }
    }
}
