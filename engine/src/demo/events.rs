//! What the platforms' events look like: names, values and their spread.
//!
//! It does not decide when an event happens.

use chrono::{DateTime, Utc};
use rand::Rng;
use rand::rngs::StdRng;

use super::point::{DemoPoint, DemoValue};

/// One of the five platforms' streams of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// `bizoholic`: marketing campaigns.
    Campaigns,
    /// `coreldove`: orders of a shop.
    Orders,
    /// `business_directory`: views of listings.
    Listings,
    /// `thrillring`: game sessions.
    Sessions,
    /// `quanttrade`: trades.
    Trades,
}

const CAMPAIGN_TYPES: [&str; 6] = ["search", "social", "email", "display", "affiliate", "video"];
const CATEGORIES: [&str; 12] = [
    "restaurants",
    "plumbers",
    "dentists",
    "lawyers",
    "salons",
    "gyms",
    "hotels",
    "electricians",
    "florists",
    "garages",
    "tutors",
    "vets",
];
const LOCATIONS: [&str; 20] = [
    "London",
    "Manchester",
    "Birmingham",
    "Leeds",
    "Glasgow",
    "Bristol",
    "Liverpool",
    "Edinburgh",
    "Cardiff",
    "Belfast",
    "Dublin",
    "Paris",
    "Berlin",
    "Madrid",
    "Amsterdam",
    "New York",
    "Toronto",
    "Sydney",
    "Mumbai",
    "Singapore",
];
const GAMES: [&str; 8] = [
    "puzzle", "racing", "strategy", "arcade", "cards", "shooter", "sports", "quiz",
];
const INSTRUMENTS: [&str; 16] = [
    "EURUSD", "GBPUSD", "USDJPY", "AUDUSD", "USDCHF", "BTCUSD", "ETHUSD", "XAUUSD", "WTI", "SPX",
    "NDX", "DAX", "FTSE", "NIKKEI", "AAPL", "TSLA",
];
const STRATEGIES: [&str; 5] = [
    "momentum",
    "mean_reversion",
    "breakout",
    "carry",
    "arbitrage",
];

/// Numbers drawn so that number k is about 1/k as frequent as the first.
#[derive(Debug)]
struct Zipf {
    cumulated: Vec<f64>,
}

/// Makes events; remembers the shop's customers and the numbers given out.
#[derive(Debug)]
pub(super) struct Events {
    campaigns: Zipf,
    listings: Zipf,
    players: Zipf,
    returning: Zipf,
    customers: u64,
    orders: u64,
    trades: u64,
}

impl Events {
    /// Populations grow with the square root of the number of points.
    pub(super) fn new(points: u64) -> Self {
        let scale = (points as f64).sqrt();
        let population =
            |factor: f64, most: f64| Zipf::new((scale * factor).clamp(8.0, most) as usize);
        Self {
            campaigns: population(0.15, 120.0),
            listings: population(0.8, 5_000.0),
            players: population(4.0, 50_000.0),
            returning: population(4.0, 50_000.0),
            customers: 0,
            orders: 0,
            trades: 0,
        }
    }

    /// Adds one event's points to `out`; `level` scales what people spend.
    pub(super) fn make(
        &mut self,
        stream: Stream,
        at: DateTime<Utc>,
        level: f64,
        rng: &mut StdRng,
        out: &mut Vec<DemoPoint>,
    ) {
        match stream {
            Stream::Campaigns => self.campaign(at, level, rng, out),
            Stream::Orders => self.order(at, level, rng, out),
            Stream::Listings => out.push(self.listing(at, level, rng)),
            Stream::Sessions => out.push(self.session(at, rng)),
            Stream::Trades => out.push(self.trade(at, rng)),
        }
    }

    fn campaign(&self, at: DateTime<Utc>, level: f64, rng: &mut StdRng, out: &mut Vec<DemoPoint>) {
        let id = self.campaigns.draw(rng);
        // A campaign keeps its type.
        let kind = (id * 7 + 3) as usize % CAMPAIGN_TYPES.len();
        let named = vec![
            ("campaign_id", DemoValue::Id("camp-", id)),
            ("campaign_type", DemoValue::Name(CAMPAIGN_TYPES[kind])),
        ];
        let nothing_sold = rng.random_bool(0.04);
        let revenue = if nothing_sold {
            0.0
        } else {
            log_normal(5.2, 0.8, rng) * level * outlier(rng)
        };
        out.push(point(
            "bizoholic",
            "revenue",
            "campaign_revenue",
            revenue,
            at,
            named.clone(),
        ));
        let clicks = (log_normal(4.4, 0.6, rng) * level).round().max(1.0);
        let rate = 0.02 + 0.015 * kind as f64 + 0.01 * normal(rng).abs();
        let leads = (clicks * rate).round().min(clicks);
        let mut counted = named;
        counted.push(("leads_generated", DemoValue::Number(leads as i64)));
        counted.push(("clicks", DemoValue::Number(clicks as i64)));
        let percent = 100.0 * leads / clicks;
        out.push(point(
            "bizoholic",
            "conversions",
            "campaign_conversion",
            percent,
            at,
            counted,
        ));
    }

    fn order(&mut self, at: DateTime<Utc>, level: f64, rng: &mut StdRng, out: &mut Vec<DemoPoint>) {
        self.orders += 1;
        let returning = self.customers > 20 && rng.random_bool(0.7);
        let (customer, customer_type) = if returning {
            (self.returning.draw(rng).min(self.customers), "returning")
        } else {
            self.customers += 1;
            (self.customers, "new")
        };
        let items = 1 + (rng.random::<f64>().powi(3) * 9.0) as i64;
        let refund = if rng.random_bool(0.015) { -1.0 } else { 1.0 };
        let total = refund * items as f64 * log_normal(3.0, 0.6, rng) * level * outlier(rng);
        out.push(point(
            "coreldove",
            "revenue",
            "order_revenue",
            total,
            at,
            vec![
                ("order_id", DemoValue::Id("ord-", self.orders)),
                ("customer_id", DemoValue::Id("cust-", customer)),
                ("customer_type", DemoValue::Name(customer_type)),
                ("product_count", DemoValue::Number(items)),
            ],
        ));
        out.push(point(
            "coreldove",
            "engagement",
            "customer_activity",
            1.0,
            at,
            vec![
                (
                    "session_duration",
                    DemoValue::Number(log_normal(5.5, 0.7, rng) as i64),
                ),
                (
                    "pages_viewed",
                    DemoValue::Number(1 + log_normal(1.6, 0.6, rng) as i64),
                ),
            ],
        ));
    }

    fn listing(&self, at: DateTime<Utc>, level: f64, rng: &mut StdRng) -> DemoPoint {
        let id = self.listings.draw(rng);
        let views = (log_normal(2.4, 0.7, rng) * level * outlier(rng))
            .round()
            .max(1.0);
        point(
            "business_directory",
            "engagement",
            "listing_views",
            views,
            at,
            vec![
                ("listing_id", DemoValue::Id("list-", id)),
                (
                    "category",
                    DemoValue::Name(CATEGORIES[(id * 5 + 1) as usize % CATEGORIES.len()]),
                ),
                (
                    "location",
                    DemoValue::Name(LOCATIONS[(id * 11 + id / 7) as usize % LOCATIONS.len()]),
                ),
            ],
        )
    }

    fn session(&self, at: DateTime<Utc>, rng: &mut StdRng) -> DemoPoint {
        let player = self.players.draw(rng);
        let game = (player as usize + rng.random_range(0..3)) % GAMES.len();
        let minutes = log_normal(3.0, 0.6, rng).min(600.0);
        let score = (minutes * (40.0 + 10.0 * normal(rng))).max(0.0);
        point(
            "thrillring",
            "engagement",
            "gaming_session",
            minutes,
            at,
            vec![
                ("player_id", DemoValue::Id("player-", player)),
                ("game_type", DemoValue::Name(GAMES[game])),
                ("score", DemoValue::Number(score as i64)),
            ],
        )
    }

    fn trade(&mut self, at: DateTime<Utc>, rng: &mut StdRng) -> DemoPoint {
        self.trades += 1;
        let instrument = (rng.random::<f64>().powi(2) * INSTRUMENTS.len() as f64) as usize;
        let strategy = rng.random_range(0..STRATEGIES.len());
        let edge = 4.0 - 2.0 * strategy as f64;
        let profit = (edge + 110.0 * normal(rng)) * outlier(rng);
        point(
            "quanttrade",
            "performance",
            "trade_pnl",
            profit,
            at,
            vec![
                ("trade_id", DemoValue::Id("trade-", self.trades)),
                ("instrument", DemoValue::Name(INSTRUMENTS[instrument])),
                ("strategy", DemoValue::Name(STRATEGIES[strategy])),
            ],
        )
    }
}

impl Zipf {
    fn new(numbers: usize) -> Self {
        let mut sum = 0.0;
        let weights = (1..=numbers).map(|k| {
            sum += 1.0 / k as f64;
            sum
        });
        Self {
            cumulated: weights.collect(),
        }
    }

    /// A number from 1.
    fn draw(&self, rng: &mut StdRng) -> u64 {
        let all = self.cumulated.last().copied().unwrap_or(1.0);
        let at = rng.random::<f64>() * all;
        self.cumulated.partition_point(|&sum| sum < at) as u64 + 1
    }
}

fn point(
    platform: &'static str,
    metric_type: &'static str,
    metric_name: &'static str,
    value: f64,
    recorded_at: DateTime<Utc>,
    dimensions: Vec<(&'static str, DemoValue)>,
) -> DemoPoint {
    let value_cents = (value * 100.0).round() as i64;
    DemoPoint {
        platform,
        metric_type,
        metric_name,
        value_cents,
        recorded_at,
        event: None,
        dimensions,
    }
}

/// A standard normal number (Box and Muller, 1958).
pub(super) fn normal(rng: &mut StdRng) -> f64 {
    let (u, v) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

fn log_normal(mean: f64, deviation: f64, rng: &mut StdRng) -> f64 {
    (mean + deviation * normal(rng)).exp()
}

/// Two values in a thousand are ten times what they should be.
fn outlier(rng: &mut StdRng) -> f64 {
    if rng.random_bool(0.002) { 10.0 } else { 1.0 }
}
