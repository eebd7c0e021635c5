//! A random history in which points come, are flushed and merged, grow too old
//! and are erased: points and roll-ups are those of a simple model throughout.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveTime, Utc};
use engine::TenantId;
use engine::maintain::Removal;
use engine::metadata::erasures::Subject;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::fixture::{Fixture, point};

const ROUNDS: usize = 60;
const METRICS: [&str; 2] = [
    "coreldove/revenue/order_revenue",
    "coreldove/custom/made_up",
];
/// Days that the second metric is kept; the first is kept as the plan says.
const KEPT_DAYS: u64 = 45;
const PLAN_DAYS: u64 = 400;

struct Kept {
    metric: usize,
    recorded_at: DateTime<Utc>,
    value: i64,
    customer: Option<String>,
}

struct Model {
    tenant: TenantId,
    points: Vec<Kept>,
    today: DateTime<Utc>,
}

impl Model {
    fn body(&mut self, random: &mut StdRng, points: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..points {
            let metric = random.random_range(0..METRICS.len());
            let days = match random.random_range(0..10) {
                0 => random.random_range(390..410),
                1 => random.random_range(40..50),
                2 => random.random_range(0..3_000),
                _ => random.random_range(0..60),
            };
            let recorded_at = self.today - Days::new(days);
            let value = random.random_range(-50..1_000);
            // Texts, numbers and none; `1` and 1 are one value.
            let (written, customer) = match random.random_range(0..4) {
                0 => ("{}".to_owned(), None),
                1 => {
                    let n = random.random_range(0..4);
                    (format!(r#"{{"customer":{n}.0}}"#), Some(n.to_string()))
                }
                _ => {
                    let n = random.random_range(0..6);
                    (format!(r#"{{"customer":"{n}"}}"#), Some(n.to_string()))
                }
            };
            let at = recorded_at.to_rfc3339();
            lines.push(point(METRICS[metric], &value.to_string(), &at, &written));
            self.points.push(Kept {
                metric,
                recorded_at,
                value,
                customer,
            });
        }
        lines
    }

    /// Removes what is meant; answers how many points that are.
    fn remove(&mut self, meant: impl Fn(&Kept) -> bool) -> u64 {
        let before = self.points.len();
        self.points.retain(|point| !meant(point));
        (before - self.points.len()) as u64
    }

    fn age_out(&mut self) -> u64 {
        let cutoff = [PLAN_DAYS, KEPT_DAYS].map(|days| {
            let day = (self.today - Days::new(days)).date_naive();
            day.and_time(NaiveTime::MIN).and_utc()
        });
        self.remove(|point| point.recorded_at < cutoff[point.metric])
    }

    /// By metric and day: count, sum.
    fn days(&self) -> Vec<Vec<String>> {
        let mut days: BTreeMap<(String, String), (u64, i64)> = BTreeMap::new();
        for point in &self.points {
            let name = METRICS[point.metric].rsplit('/').next().unwrap();
            let day = point.recorded_at.date_naive().to_string();
            let cell = days.entry((name.to_owned(), day)).or_default();
            *cell = (cell.0 + 1, cell.1 + point.value);
        }
        let row = |((name, day), (count, sum)): ((String, String), (u64, i64))| {
            vec![name, day, count.to_string(), sum.to_string()]
        };
        days.into_iter().map(row).collect()
    }

    fn customers(&self) -> Vec<Vec<String>> {
        let mut customers: BTreeMap<String, u64> = BTreeMap::new();
        for customer in self.points.iter().filter_map(|p| p.customer.clone()) {
            *customers.entry(customer).or_default() += 1;
        }
        let row = |(customer, count): (String, u64)| vec![customer, count.to_string()];
        customers.into_iter().map(row).collect()
    }

    async fn check(&self, fixture: &Fixture, when: &str) {
        for query in [
            "SELECT metric_name, metric_date, value_count, value_sum FROM daily_metrics ORDER BY 1, 2",
            "SELECT metric_name, CAST(recorded_at AS DATE), count(*), sum(metric_value)
             FROM analytics_data_points GROUP BY 1, 2 ORDER BY 1, 2",
        ] {
            let rows = fixture.rows(&self.tenant, query).await;
            assert_eq!(rows, self.days(), "{} {when}: {query}", self.tenant);
        }
        let customers = "SELECT dimensions->>'customer' AS c, count(*) FROM analytics_data_points
                         WHERE dimensions->>'customer' IS NOT NULL GROUP BY 1 ORDER BY 1";
        let rows = fixture.rows(&self.tenant, customers).await;
        assert_eq!(rows, self.customers(), "{} {when}", self.tenant);
    }
}

#[tokio::test]
async fn answers_hold_while_points_come_grow_old_and_are_erased() {
    let seed = std::env::var("TESSERA_TEST_SEED").map_or(1_729, |seed| seed.parse().unwrap());
    eprintln!("TESSERA_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let fixture = Fixture::start().await;
    let upkeep = fixture.engine.upkeep();
    let mut models = Vec::new();
    for name in ["a", "b"] {
        let tenant = fixture.tenant_on(name, "free", "UTC").await;
        let kept = u32::try_from(KEPT_DAYS).unwrap();
        upkeep
            .keep_metric(&tenant, METRICS[1], Some(kept))
            .await
            .unwrap();
        models.push(Model {
            tenant,
            points: Vec::new(),
            today: Utc::now(),
        });
    }
    let (mut aged, mut erased) = (0, 0);
    for round in 0..ROUNDS {
        let at = random.random_range(0..models.len());
        let other = &models[1 - at];
        let others_version = fixture.version(&other.tenant).await;
        let model = &mut models[at];
        let tenant = model.tenant.clone();
        let what = match random.random_range(0..10) {
            0 => {
                let expected = model.age_out();
                let dry = upkeep.retain(&tenant, Removal::DryRun).await.unwrap();
                let report = upkeep.retain(&tenant, Removal::Apply).await.unwrap();
                assert_eq!((dry.rows, report.rows), (expected, expected));
                aged += expected;
                "retention"
            }
            1 => {
                let customer = random.random_range(0..6).to_string();
                let expected = model.remove(|p| p.customer.as_deref() == Some(&customer));
                let subject = Subject::new("customer", &customer).unwrap();
                let erasure = upkeep.erase(&tenant, Some(subject)).await.unwrap();
                assert_eq!(erasure.receipt.unwrap().rows, expected);
                erased += expected;
                "an erasure"
            }
            2..5 => {
                fixture.engine.compact(&tenant).await.unwrap();
                "a compaction"
            }
            _ => {
                let points = random.random_range(1..60);
                let lines = model.body(&mut random, points);
                fixture.ingest(&tenant, &lines).await;
                "new points"
            }
        };
        let when = format!("after {what} in round {round}");
        model.check(&fixture, &when).await;
        assert_eq!(
            fixture.version(&models[1 - at].tenant).await,
            others_version,
            "{when}"
        );
    }
    assert!(aged > 0 && erased > 0, "{aged} aged, {erased} erased");

    // Nothing is left for the erasures to be done again.
    for model in &models {
        let again = fixture.engine.replay_erasures(&model.tenant).await;
        assert_eq!(again.unwrap(), 0, "{}", model.tenant);
    }
    let everything = upkeep.erase(&models[0].tenant, None).await.unwrap();
    assert_eq!(
        everything.receipt.unwrap().rows,
        models[0].points.len() as u64
    );
    models[0].points.clear();
    for model in &models {
        model.check(&fixture, "at the end").await;
    }
    fixture.stop().await;
}
