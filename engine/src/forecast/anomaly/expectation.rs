//! What is expected next: the level, the time of day, or the time of week,
//! whichever was the least wrong of late.

use serde::{Deserialize, Serialize};

/// Weight of a new value in the level.
const LEVEL_WEIGHT: f64 = 0.03;
/// Weight of a whole slot's values in the profile of the day.
const DAY_WEIGHT: f64 = 0.1;
/// The profile of the week has a seventh of the values, and learns faster.
const WEEK_FASTER: f64 = 2.5;
/// Weight of a new error in what is held against an expectation.
const BLAME_WEIGHT: f64 = 0.003;
/// A profile is moved by at most this many usual errors at once.
const MOST_SCALES: f64 = 5.0;
const SECONDS_OF_DAY: i64 = 86_400;

/// Three expectations and how wrong each was of late.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Expectation {
    slots: usize,
    slot_share: f64,
    level: Option<f64>,
    day: Vec<Option<f64>>,
    week: Vec<Option<f64>>,
    blame: [f64; 3],
    /// The usual error.
    scale: f64,
    seen: u64,
}

impl Expectation {
    /// For values that come `per_day` times a day.
    pub(super) fn new(per_day: f64) -> Self {
        let slots = (per_day.round() as usize).clamp(1, 24);
        Self {
            slots,
            slot_share: (slots as f64 / per_day).clamp(0.01, 1.0),
            level: None,
            day: vec![None; slots],
            week: vec![None; slots * 7],
            blame: [0.0; 3],
            scale: 0.0,
            seen: 0,
        }
    }

    fn places(&self, wall_seconds: i64) -> (usize, usize) {
        let slot_seconds = SECONDS_OF_DAY / self.slots as i64;
        let slot = (wall_seconds.rem_euclid(SECONDS_OF_DAY) / slot_seconds) as usize;
        let slot = slot.min(self.slots - 1);
        let day = wall_seconds.div_euclid(SECONDS_OF_DAY).rem_euclid(7) as usize;
        (slot, slot + self.slots * day)
    }

    /// All three, the level first.
    fn all(&self, value: f64, wall_seconds: i64) -> [f64; 3] {
        let (slot, slot_of_week) = self.places(wall_seconds);
        let level = self.level.unwrap_or(value);
        let day = self.day[slot].unwrap_or(level);
        [level, day, self.week[slot_of_week].unwrap_or(day)]
    }

    /// What was expected of a value, which it then learns from.
    pub(super) fn take(&mut self, value: f64, wall_seconds: i64) -> f64 {
        let all = self.all(value, wall_seconds);
        let best = (1..3).fold(0, |b, k| if self.blame[k] < self.blame[b] { k } else { b });
        let expected = all[best];
        let most = if self.seen > 0 {
            8.0 * self.scale
        } else {
            f64::MAX
        };
        for (blame, said) in self.blame.iter_mut().zip(all) {
            *blame += BLAME_WEIGHT * ((value - said).abs().min(most) - *blame);
        }
        self.learn(value, wall_seconds, (value - expected).abs());
        expected
    }

    fn learn(&mut self, value: f64, wall_seconds: i64, error: f64) {
        self.seen += 1;
        self.scale += if self.seen < 50 {
            (error - self.scale) / self.seen as f64
        } else {
            0.002 * (error.min(6.0 * self.scale.max(1e-9)) - self.scale)
        };
        let level = self.level.unwrap_or(value);
        self.level = Some(level + LEVEL_WEIGHT * (value - level));
        let most = MOST_SCALES * self.scale.max(1e-9);
        let weight = self.slot_share * DAY_WEIGHT;
        let (slot, slot_of_week) = self.places(wall_seconds);
        let move_to = |old: Option<f64>, weight: f64| match old {
            None => Some(value),
            Some(old) => Some(old + weight * (value - old).clamp(-most, most)),
        };
        self.day[slot] = move_to(self.day[slot], weight);
        let faster = (weight * WEEK_FASTER).min(0.6);
        self.week[slot_of_week] = move_to(self.week[slot_of_week], faster);
    }
}
