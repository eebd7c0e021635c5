//! Late data, backfills and points of the future: few files, exact answers.

use std::collections::BTreeMap;

use engine::TenantId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::fixture::{Fixture, order};

const BODIES: usize = 30;
const POINTS: usize = 40;

async fn objects(fixture: &Fixture, tenant: &TenantId) -> usize {
    fixture
        .engine
        .session(tenant)
        .await
        .unwrap()
        .file_counts()
        .1
}

#[tokio::test]
async fn a_backfill_of_five_years_leaves_few_files_and_exact_answers() {
    let seed = std::env::var("TESSERA_TEST_SEED").map_or(5, |seed| seed.parse().unwrap());
    eprintln!("TESSERA_TEST_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("late", "UTC").await;
    let mut years: BTreeMap<i32, (u64, i64)> = BTreeMap::new();
    let mut add = |random: &mut StdRng| {
        // Five years back, and some points of a year that has not come.
        let year = match random.random_range(0..20) {
            0 => 2100,
            _ => random.random_range(2019..2024),
        };
        let (month, day) = (random.random_range(1..=12), random.random_range(1..=28));
        let value = random.random_range(-500..1_000);
        let total = years.entry(year).or_default();
        *total = (total.0 + 1, total.1 + value);
        let at = format!("{year}-{month:02}-{day:02}T12:00:00Z");
        order(&value.to_string(), &at, r#"{"country":"GB"}"#)
    };
    // At once so many that they go to objects of a month each, which is what
    // a new tenant begins with.
    let lines: Vec<String> = (0..50_000).map(|_| add(&mut random)).collect();
    fixture.ingest(&tenant, &lines).await;
    let months = objects(&fixture, &tenant).await;
    assert!(months > 60, "a backfill made {months} objects");
    fixture.engine.compact(&tenant).await.unwrap();
    let years_only = objects(&fixture, &tenant).await;
    assert_eq!(years_only, 6, "a small tenant has one object a year");

    let mut most = 0;
    for _ in 0..BODIES {
        let lines: Vec<String> = (0..POINTS).map(|_| add(&mut random)).collect();
        fixture.ingest(&tenant, &lines).await;
        fixture.engine.compact(&tenant).await.unwrap();
        most = most.max(objects(&fixture, &tenant).await);
    }
    // Six years, of each at most seven of a size, which have two sizes here.
    assert!(most <= 6 * 8, "{most} objects are left");

    let expected: Vec<Vec<String>> = years
        .iter()
        .map(|(year, (count, sum))| vec![year.to_string(), count.to_string(), sum.to_string()])
        .collect();
    for (table, count, sum, at) in [
        (
            "analytics_data_points",
            "count(*)",
            "sum(metric_value)",
            "recorded_at",
        ),
        (
            "monthly_metrics",
            "sum(value_count)",
            "sum(value_sum)",
            "metric_date",
        ),
    ] {
        let query = format!(
            "SELECT date_part('year', {at}) AS year, {count}, {sum} FROM {table} GROUP BY 1 ORDER BY 1"
        );
        assert_eq!(fixture.rows(&tenant, &query).await, expected, "{table}");
    }
    let versions = "SELECT count(DISTINCT commit_version) FROM analytics_data_points";
    let bodies = (BODIES + 1).to_string();
    assert_eq!(
        fixture.row(&tenant, versions).await,
        bodies,
        "rows keep their versions"
    );
    assert_eq!(fixture.engine.compact(&tenant).await.unwrap(), 0);
    fixture.stop().await;
}
