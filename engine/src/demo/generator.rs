//! When events happen: seasons, trend, noise, and the order of time.

use std::f64::consts::TAU;

use chrono::{DateTime, Datelike, Duration, Timelike, Utc};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::events::{Events, Stream, normal};
use super::point::DemoPoint;

/// How a stream's volume moves.
struct Rhythm {
    stream: Stream,
    /// Share of all events.
    share: f64,
    /// Factors from Monday to Sunday.
    week: [f64; 7],
    /// How strong the year's season is, and the day of the year it peaks.
    year: (f64, f64),
    /// Growth over the whole time.
    growth: f64,
    /// After how many days it follows what people are interested in.
    follows_days: Option<usize>,
}

const RHYTHMS: [Rhythm; 5] = [
    Rhythm {
        stream: Stream::Campaigns,
        share: 0.13,
        week: [1.1, 1.2, 1.2, 1.15, 1.0, 0.6, 0.55],
        year: (0.15, 330.0),
        growth: 0.3,
        follows_days: None,
    },
    Rhythm {
        stream: Stream::Orders,
        share: 0.20,
        week: [0.95, 0.9, 0.9, 1.0, 1.1, 1.2, 1.15],
        year: (0.35, 345.0),
        growth: 0.5,
        follows_days: Some(2),
    },
    Rhythm {
        stream: Stream::Listings,
        share: 0.30,
        week: [1.1, 1.05, 1.05, 1.05, 1.0, 0.9, 0.85],
        year: (0.10, 150.0),
        growth: 0.2,
        follows_days: Some(0),
    },
    Rhythm {
        stream: Stream::Sessions,
        share: 0.22,
        week: [0.8, 0.8, 0.85, 0.9, 1.15, 1.4, 1.3],
        year: (0.20, 15.0),
        growth: 0.4,
        follows_days: None,
    },
    Rhythm {
        stream: Stream::Trades,
        share: 0.15,
        week: [1.2, 1.25, 1.25, 1.25, 1.2, 0.15, 0.1],
        year: (0.05, 60.0),
        growth: 0.1,
        follows_days: None,
    },
];

/// Points of a made-up business in the order of time; the same seed, end, days
/// and number give the same points.
#[derive(Debug)]
pub struct Generator {
    rng: StdRng,
    events: Events,
    start: DateTime<Utc>,
    /// For each day the weight of each stream.
    weights: Vec<[f64; RHYTHMS.len()]>,
    /// For each day how many points come before its end.
    until: Vec<u64>,
    day: usize,
    made: u64,
    numbered: Numbered,
    next_event: u64,
    /// The rest of the current day, latest first.
    ready: Vec<DemoPoint>,
}

/// Whether points carry event ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbered {
    Yes,
    No,
}

impl Generator {
    /// Exactly `points` points over `days` times 24 hours that end at `end`,
    /// without event ids.
    pub fn new(seed: u64, end: DateTime<Utc>, days: u32, points: u64) -> Self {
        let days = days.max(1);
        let mut rng = StdRng::seed_from_u64(seed);
        let start = end - Duration::days(i64::from(days));
        let weights = day_weights(start, days as usize, &mut rng);
        let all: f64 = weights.iter().flatten().sum();
        let mut sum = 0.0;
        let mut until: Vec<u64> = weights
            .iter()
            .map(|day| {
                sum += day.iter().sum::<f64>();
                (points as f64 * sum / all).round() as u64
            })
            .collect();
        if let Some(last) = until.last_mut() {
            *last = points;
        }
        Self {
            rng,
            events: Events::new(points),
            start,
            weights,
            until,
            day: 0,
            made: 0,
            numbered: Numbered::No,
            next_event: 0,
            ready: Vec::new(),
        }
    }

    /// The same points with event ids.
    #[must_use]
    pub fn with_event_ids(mut self) -> Self {
        self.numbered = Numbered::Yes;
        self
    }

    fn fill(&mut self) {
        let (weights, until) = (self.weights[self.day], self.until[self.day]);
        let midnight = self.start + Duration::days(self.day as i64);
        let all: f64 = weights.iter().sum();
        let mut points: Vec<DemoPoint> = Vec::new();
        let wanted = until.saturating_sub(self.made) as usize;
        while points.len() < wanted {
            let mut at = self.rng.random::<f64>() * all;
            let chosen = weights.iter().position(|weight| {
                at -= weight;
                at < 0.0
            });
            let chosen = chosen.unwrap_or(0);
            let level =
                1.0 + 0.1 * RHYTHMS[chosen].growth * self.day as f64 / self.weights.len() as f64;
            let time = moment(midnight, &mut self.rng);
            let first = points.len();
            self.events.make(
                RHYTHMS[chosen].stream,
                time,
                level,
                &mut self.rng,
                &mut points,
            );
            self.next_event += 1;
            if self.numbered == Numbered::Yes {
                points[first..]
                    .iter_mut()
                    .for_each(|p| p.event = Some(self.next_event));
            }
        }
        points.truncate(wanted);
        points.sort_by_key(|p| std::cmp::Reverse(p.recorded_at));
        self.made = until;
        self.ready = points;
        self.day += 1;
    }
}

impl Iterator for Generator {
    type Item = DemoPoint;

    fn next(&mut self) -> Option<DemoPoint> {
        while self.ready.is_empty() && self.day < self.until.len() {
            self.fill();
        }
        self.ready.pop()
    }
}

/// A slow random wave is what people are interested in; listings follow it at
/// once and orders two days later, which an analysis should find.
fn day_weights(start: DateTime<Utc>, days: usize, rng: &mut StdRng) -> Vec<[f64; RHYTHMS.len()]> {
    let mut interest = vec![0.0; days + 7];
    for day in 1..interest.len() {
        interest[day] = 0.6 * interest[day - 1] + 0.8 * normal(rng);
    }
    let of_day = |day: usize, rng: &mut StdRng| {
        let date = start + Duration::days(day as i64) + Duration::hours(12);
        let weekday = date.weekday().num_days_from_monday() as usize;
        RHYTHMS.each_ref().map(|rhythm| {
            let (strength, peak) = rhythm.year;
            let season = 1.0 + strength * (TAU * (f64::from(date.ordinal()) - peak) / 365.25).cos();
            let trend = 1.0 + rhythm.growth * day as f64 / days as f64;
            let wave = rhythm
                .follows_days
                .map_or(0.0, |lag| 0.35 * interest[day + 7 - lag]);
            let noise = 0.06 * normal(rng);
            rhythm.share * rhythm.week[weekday] * season * trend * (wave + noise).exp()
        })
    };
    (0..days).map(|day| of_day(day, rng)).collect()
}

/// A moment of the 24 hours, most in the afternoon and few at night.
fn moment(midnight: DateTime<Utc>, rng: &mut StdRng) -> DateTime<Utc> {
    loop {
        let at = midnight + Duration::milliseconds(rng.random_range(0..86_400_000));
        let hour = f64::from(at.hour()) + f64::from(at.minute()) / 60.0;
        let liveliness = 0.55 - 0.45 * (TAU * (hour - 3.0) / 24.0).cos();
        if rng.random::<f64>() < liveliness {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn end() -> DateTime<Utc> {
        "2025-06-30T15:00:00Z".parse().expect("a time")
    }

    #[test]
    fn a_seed_gives_exactly_so_many_points_in_order_and_again() {
        let points: Vec<DemoPoint> = Generator::new(7, end(), 365, 10_007).collect();
        assert_eq!(points.len(), 10_007);
        assert!(
            points
                .windows(2)
                .all(|p| p[0].recorded_at <= p[1].recorded_at)
        );
        assert!(points.iter().all(|p| p.recorded_at < end()));
        assert!(points[0].recorded_at >= end() - Duration::days(365));
        assert!(Generator::new(7, end(), 365, 10_007).eq(points.iter().cloned()));
        assert!(!Generator::new(8, end(), 365, 10_007).eq(points));
    }

    #[test]
    fn all_metrics_of_all_platforms_occur() {
        let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for point in Generator::new(1, end(), 365, 20_000) {
            *counts
                .entry((point.platform, point.metric_name))
                .or_default() += 1;
        }
        let names: Vec<&str> = counts.keys().map(|(_, name)| *name).collect();
        assert_eq!(
            names,
            [
                "campaign_conversion",
                "campaign_revenue",
                "listing_views",
                "customer_activity",
                "order_revenue",
                "trade_pnl",
                "gaming_session",
            ]
        );
        assert!(counts.values().all(|&count| count > 1_000), "{counts:?}");
    }

    #[test]
    fn trades_rest_at_weekends() {
        let (mut weekdays, mut weekends) = (0, 0);
        for point in Generator::new(3, end(), 364, 30_000).filter(|p| p.metric_name == "trade_pnl")
        {
            match point.recorded_at.weekday().num_days_from_monday() {
                0..5 => weekdays += 1,
                _ => weekends += 1,
            }
        }
        assert!(weekdays > 5 * weekends, "{weekdays} and {weekends}");
    }

    #[test]
    fn event_ids_name_the_metrics_of_one_event_apart() {
        let mut seen = std::collections::HashSet::new();
        for point in Generator::new(3, end(), 30, 3_000).with_event_ids() {
            assert!(seen.insert((point.event, point.metric_name)));
        }
    }
}
