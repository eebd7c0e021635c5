//! Roll-ups equal raw sums at every version of a random history: batches, late
//! data, duplicates, new dimension keys, bulk, flush and compaction, changes of
//! the tenant's zone and of a metric's definition; in every zone.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use engine::maintain::VerifyRequest;
use engine::session::PartialsSource;
use engine::{Engine, MetricKey, MetricKind, TenantId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use storage_layout::Sketches;
use storage_layout::decimal::canonical;

use crate::fixture::{Fixture, ndjson, table};
use crate::history_points::{dimensions, moment};
use crate::zones::{self, Point, Question};

const ROUNDS: usize = 11;
/// Rounds in which so many points come at once that they go to objects.
const BULK_ROUND: usize = 3;
const BULK_POINTS: usize = 40_000;

const METRICS: [&str; 4] = [
    "bizoholic/revenue/campaign_revenue",
    "coreldove/custom/unheard_of",
    "coreldove/revenue/order_revenue",
    "thrillring/engagement/gaming_session",
];

/// A point that must be there.
struct Kept {
    metric: usize,
    recorded_at: DateTime<Utc>,
    units: i128,
    version: i64,
    country: Option<String>,
}

impl Kept {
    /// What tells first from last.
    fn order(&self) -> (DateTime<Utc>, i64, i128) {
        (self.recorded_at, self.version, self.units)
    }
}

/// What a tenant must hold, the simple way.
struct Model {
    tenant: TenantId,
    zone: Tz,
    points: Vec<Kept>,
    events: HashSet<String>,
    /// Metrics that are gauges of one series by now.
    gauges: HashSet<usize>,
    /// Whether roll-ups may not fit, so that rows are read.
    stale: bool,
}

#[derive(Clone, Copy)]
enum Period {
    Day,
    Week,
    Month,
}

impl Period {
    fn start(self, day: NaiveDate) -> NaiveDate {
        let back = match self {
            Self::Day => 0,
            Self::Week => day.weekday().num_days_from_monday(),
            Self::Month => day.day0(),
        };
        day - Days::new(u64::from(back))
    }
}

impl Model {
    fn new(tenant: TenantId, zone: &str) -> Self {
        Self {
            tenant,
            zone: zone.parse().unwrap(),
            points: Vec::new(),
            events: HashSet::new(),
            gauges: HashSet::new(),
            stale: false,
        }
    }

    /// A random body, and the points of it that must be kept.
    fn body(&mut self, random: &mut StdRng, round: usize, points: usize) -> (String, Vec<Kept>) {
        let (mut body, mut kept) = (String::new(), Vec::new());
        for i in 0..points {
            let metric = random.random_range(0..METRICS.len());
            let recorded_at = moment(random, round, i);
            let units = match random.random_range(0..4) {
                0 => i128::from(random.random_range(-5_i64..5)) * 1_000_000_000,
                1 => {
                    i128::from(random.random_range(-9_999_999_i64..9_999_999))
                        * 1_000_000_000_000_000_000
                }
                _ => i128::from(random.random_range(-2_000_000_000_000_i64..9_000_000_000_000)),
            };
            let event = (random.random_range(0..4) == 0)
                .then(|| format!("e{}", random.random_range(0..300)));
            let new = match &event {
                Some(id) => self.events.insert(id.clone()),
                None => true,
            };
            let (dimensions, country) = dimensions(random, round);
            if new {
                kept.push(Kept {
                    country,
                    metric,
                    recorded_at,
                    units,
                    version: 0,
                });
            }
            let names: Vec<&str> = METRICS[metric].split('/').collect();
            let id = event.map(|id| format!(r#""event_id":"{id}","#));
            writeln!(
                body,
                r#"{{{}"platform":"{}","metric_type":"{}","metric_name":"{}","value":{},"recorded_at":"{}","dimensions":{{{}}}}}"#,
                id.unwrap_or_default(),
                names[0],
                names[1],
                names[2],
                canonical(units, 9),
                recorded_at.to_rfc3339(),
                dimensions,
            )
            .unwrap();
        }
        (body, kept)
    }

    fn days(&self, period: Period) -> Vec<Vec<String>> {
        struct Cell<'a> {
            count: u64,
            sum: i128,
            min: i128,
            max: i128,
            first: &'a Kept,
            last: &'a Kept,
        }
        let mut cells: BTreeMap<(usize, NaiveDate), Cell<'_>> = BTreeMap::new();
        for point in &self.points {
            let day = point.recorded_at.with_timezone(&self.zone).date_naive();
            let cell = cells
                .entry((point.metric, period.start(day)))
                .or_insert(Cell {
                    count: 0,
                    sum: 0,
                    min: point.units,
                    max: point.units,
                    first: point,
                    last: point,
                });
            cell.count += 1;
            cell.sum += point.units;
            cell.min = cell.min.min(point.units);
            cell.max = cell.max.max(point.units);
            if point.order() < cell.first.order() {
                cell.first = point;
            }
            if point.order() > cell.last.order() {
                cell.last = point;
            }
        }
        let row = |((metric, day), cell): (&(usize, NaiveDate), &Cell<'_>)| {
            let mut row: Vec<String> = METRICS[*metric].split('/').map(str::to_owned).collect();
            row.extend([day.to_string(), cell.count.to_string()]);
            let numbers = [
                cell.sum,
                cell.min,
                cell.max,
                cell.first.units,
                cell.last.units,
            ];
            row.extend(numbers.map(|units| canonical(units, 9)));
            let gauge = self.gauges.contains(metric);
            let own = if gauge { cell.last.units } else { cell.sum };
            row.push(canonical(own, 9));
            row
        };
        let mut rows: Vec<Vec<String>> = cells.iter().map(row).collect();
        rows.sort();
        rows
    }

    fn total(&self) -> String {
        let sum = self.points.iter().map(|p| p.units).sum();
        format!("{} {}", self.points.len(), canonical(sum, 9))
    }

    fn versions(&self) -> Vec<Vec<String>> {
        let mut versions: BTreeMap<i64, (u64, i128)> = BTreeMap::new();
        for point in &self.points {
            let version = versions.entry(point.version).or_default();
            version.0 += 1;
            version.1 += point.units;
        }
        versions
            .iter()
            .map(|(v, (count, sum))| vec![v.to_string(), count.to_string(), canonical(*sum, 9)])
            .collect()
    }

    async fn check(&self, fixture: &Fixture, random: &mut StdRng, when: &str) {
        let tenant = &self.tenant;
        self.check_zone(fixture, random, when).await;
        assert_eq!(
            fixture.row(tenant, TOTAL).await,
            self.total(),
            "{tenant} {when}"
        );
        for (table, period) in [
            ("daily_metrics", Period::Day),
            ("weekly_metrics", Period::Week),
            ("monthly_metrics", Period::Month),
        ] {
            let mut rows = fixture.rows(tenant, &rollup(table)).await;
            rows.sort();
            assert_eq!(rows, self.days(period), "{table} of {tenant} {when}");
        }
        let versions =
            "SELECT commit_version, count(*), sum(metric_value) FROM analytics_data_points
                        GROUP BY commit_version ORDER BY commit_version";
        assert_eq!(
            fixture.rows(tenant, versions).await,
            self.versions(),
            "{tenant} {when}"
        );
    }
}

impl Model {
    /// A dashboard in a random zone over random days.
    async fn check_zone(&self, fixture: &Fixture, random: &mut StdRng, when: &str) {
        let zones = chrono_tz::TZ_VARIANTS;
        let first: NaiveDate = "2023-12-20".parse().unwrap();
        let around: NaiveDate = "2024-03-07".parse().unwrap();
        let question = Question {
            zone: match random.random_range(0..4) {
                0 => chrono_tz::Asia::Kathmandu,
                _ => zones[random.random_range(0..zones.len())],
            },
            from: match random.random_range(0..2) {
                0 => first + Days::new(random.random_range(0..320)),
                _ => around + Days::new(random.random_range(0..6)),
            },
            days: match random.random_range(0..3) {
                0 => 400,
                _ => random.random_range(1..40),
            },
        };
        let points: Vec<Point<'_>> = self
            .points
            .iter()
            .map(|kept| Point {
                metric: METRICS[kept.metric],
                recorded_at: kept.recorded_at,
                units: kept.units,
                version: kept.version,
                country: kept.country.as_deref(),
            })
            .collect();
        let gauges = self.gauges.iter().map(|metric| METRICS[*metric]).collect();
        let session = fixture.engine.session(&self.tenant).await.unwrap();
        let source = zones::check(&session, &points, &gauges, &question, when).await;
        assert!(
            source == PartialsSource::Rollup || self.stale,
            "{when} {question:?}"
        );
    }

    /// Moves the tenant to a random zone, or turns a metric into a gauge or back;
    /// sometimes the roll-ups are rewritten at once.
    async fn redefine(&mut self, fixture: &Fixture, random: &mut StdRng, round: usize) {
        let engine = &fixture.engine;
        let when = format!("redefined in round {round}");
        let before = fixture.version(&self.tenant).await;
        if random.random_range(0..2) == 0 {
            let zones = chrono_tz::TZ_VARIANTS;
            self.zone = zones[random.random_range(0..zones.len())];
            let tenants = engine.tenants();
            tenants
                .set_time_zone(&self.tenant, self.zone)
                .await
                .unwrap();
        } else {
            let metric = random.random_range(0..METRICS.len());
            let kind = match self.gauges.remove(&metric) {
                true => MetricKind::Sum,
                false => {
                    self.gauges.insert(metric);
                    MetricKind::Gauge {
                        series: Vec::new(),
                        combine: storage_layout::Combine::Sum,
                    }
                }
            };
            let names: Vec<&str> = METRICS[metric].split('/').collect();
            let key = MetricKey {
                platform: names[0].into(),
                metric_type: names[1].into(),
                metric_name: names[2].into(),
            };
            let sketches = Sketches {
                distinct: vec!["country".to_owned()],
                quantiles: round.is_multiple_of(2),
            };
            let metrics = engine.metrics();
            metrics
                .set(&self.tenant, &key, &kind, &sketches)
                .await
                .unwrap();
        }
        assert!(fixture.version(&self.tenant).await >= before);
        self.stale = true;
        self.check(fixture, random, &when).await;
        if random.random_range(0..3) > 0 {
            engine.rewrite_rollups(&self.tenant).await.unwrap();
            self.stale = false;
            self.check(fixture, random, &format!("{when}, rewritten"))
                .await;
        }
    }

    /// All stored roll-ups are those that the rows give.
    async fn verify(&self, fixture: &Fixture) {
        let engine = &fixture.engine;
        engine.rewrite_rollups(&self.tenant).await.unwrap();
        let all = VerifyRequest::default();
        let report = engine.verify_rollups(&self.tenant, &all).await.unwrap();
        assert_eq!(
            (report.mismatches, report.stale_files),
            (0, 0),
            "{report:?}"
        );
        let checked = &report.checked;
        assert!(checked.days > 0 && checked.dimension_values > 0 && checked.quarter_hours > 0);
    }
}

const TOTAL: &str = "SELECT count(*), sum(metric_value) FROM analytics_data_points";

fn rollup(table: &str) -> String {
    format!(
        "SELECT platform, metric_type, metric_name, metric_date, value_count, value_sum, value_min,
                value_max, value_first, value_last, value FROM {table}"
    )
}

#[tokio::test]
async fn roll_ups_equal_raw_sums_at_every_version_of_a_random_history() {
    let seed = std::env::var("TESSERA_TEST_SEED").map_or(20_240_310, |seed| seed.parse().unwrap());
    eprintln!("TESSERA_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let fixture = Fixture::start().await;
    let mut models = [
        Model::new(
            fixture.tenant("nepal", "Asia/Kathmandu").await,
            "Asia/Kathmandu",
        ),
        Model::new(
            fixture.tenant("york", "America/New_York").await,
            "America/New_York",
        ),
    ];
    let mut most_replaced = 0;
    for round in 0..ROUNDS {
        for (i, model) in models.iter_mut().enumerate() {
            let bodies = random.random_range(1..3);
            for body in 0..bodies {
                let points = match (round, i, body) {
                    (BULK_ROUND, 1, 0) => BULK_POINTS,
                    _ => random.random_range(1..60),
                };
                ingest(&fixture, model, &mut random, round, points).await;
                model
                    .check(
                        &fixture,
                        &mut random,
                        &format!("after body {body} of round {round}"),
                    )
                    .await;
            }
            let replaced = compact(&fixture, model).await;
            most_replaced = replaced.max(most_replaced);
            model
                .check(
                    &fixture,
                    &mut random,
                    &format!("compacted in round {round}"),
                )
                .await;
            if round >= BULK_ROUND {
                model.redefine(&fixture, &mut random, round).await;
            }
        }
    }
    assert!(most_replaced >= 8, "no window was ever compacted");

    for model in &models {
        model.verify(&fixture).await;
        model.check(&fixture, &mut random, "verified").await;
    }

    // Nothing of this depends on what a process remembers.
    let cold = Engine::start(fixture.options()).await.unwrap();
    for model in &models {
        let session = cold.session(&model.tenant).await.unwrap();
        let answer = session.sql(&rollup("daily_metrics"), &[]).await.unwrap();
        let mut rows = table(answer).await.unwrap().rows;
        rows.sort();
        assert_eq!(rows, model.days(Period::Day), "{}", model.tenant);
    }
    cold.shutdown().await.unwrap();
    fixture.stop().await;
}

async fn ingest(
    fixture: &Fixture,
    model: &mut Model,
    random: &mut StdRng,
    round: usize,
    points: usize,
) {
    let (body, kept) = model.body(random, round, points);
    let answer = fixture.send(&model.tenant, ndjson(&body)).await.unwrap();
    assert_eq!(answer.rejected, []);
    assert_eq!(
        (answer.accepted, answer.duplicates),
        (kept.len() as u64, (points - kept.len()) as u64)
    );
    model.points.extend(kept.into_iter().map(|point| Kept {
        version: answer.version,
        ..point
    }));
    if points == BULK_POINTS {
        let (_, objects) = fixture
            .engine
            .session(&model.tenant)
            .await
            .unwrap()
            .file_counts();
        assert_ne!(objects, 0, "bulk goes to objects at once");
    }
}

/// Compacts beside a session, which stays at its version.
async fn compact(fixture: &Fixture, model: &Model) -> u64 {
    let before = fixture.engine.session(&model.tenant).await.unwrap();
    let replaced = fixture.engine.compact(&model.tenant).await.unwrap();
    let after = fixture.engine.session(&model.tenant).await.unwrap();
    assert_eq!(after.file_counts().0, 0, "everything is flushed");
    if replaced > 0 {
        assert!(after.version() > before.version());
    }
    let answer = before.sql(TOTAL, &[]).await.unwrap();
    let total = table(answer).await.unwrap().rows.concat().join(" ");
    assert_eq!(total, model.total(), "a session from before the compaction");
    assert_eq!(fixture.engine.compact(&model.tenant).await.unwrap(), 0);
    replaced
}
