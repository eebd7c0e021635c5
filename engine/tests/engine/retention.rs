//! Points go when they are older than their metric is kept, and no others.

use chrono::{DateTime, Days, Utc};
use engine::TenantId;
use engine::maintain::Removal;

use crate::fixture::{Fixture, point};

const ACTIVITY: &str = "coreldove/engagement/customer_activity";
const REVENUE: &str = "coreldove/revenue/order_revenue";

/// The points of a metric that are `from` to `to` days old, one a day.
fn days(metric: &str, now: DateTime<Utc>, ages: std::ops::Range<u64>) -> Vec<String> {
    let line = |age: u64| {
        let at = (now - Days::new(age)).to_rfc3339();
        point(metric, &age.to_string(), &at, r#"{"country":"GB"}"#)
    };
    ages.map(line).collect()
}

/// Rows and sum of a metric, from points and from roll-ups.
async fn totals(fixture: &Fixture, tenant: &TenantId, metric: &str) -> String {
    let name = metric.rsplit('/').next().unwrap();
    let points = format!(
        "SELECT count(*), coalesce(sum(metric_value), 0) FROM analytics_data_points WHERE metric_name = '{name}'"
    );
    let rollups = format!(
        "SELECT coalesce(sum(value_count), 0), coalesce(sum(value_sum), 0) FROM daily_metrics WHERE metric_name = '{name}'"
    );
    let points = fixture.row(tenant, &points).await;
    assert_eq!(points, fixture.row(tenant, &rollups).await, "{metric}");
    points
}

#[tokio::test]
async fn points_go_when_their_metric_is_not_kept_so_long() {
    let fixture = Fixture::start().await;
    let upkeep = fixture.engine.upkeep();
    let now = Utc::now();
    // The plan `free` keeps 400 days.
    let tenant = fixture.tenant_on("a", "free", "Asia/Kathmandu").await;
    let other = fixture.tenant("b", "UTC").await;
    for (metric, ages) in [
        (REVENUE, 0..20),
        (REVENUE, 395..405),
        (REVENUE, 900..910),
        (ACTIVITY, 0..60),
    ] {
        fixture.ingest(&tenant, &days(metric, now, ages)).await;
        fixture.engine.compact(&tenant).await.unwrap();
    }
    // One file stays inline.
    fixture
        .ingest(&tenant, &days(REVENUE, now, 3_000..3_003))
        .await;
    fixture.ingest(&other, &days(REVENUE, now, 0..1_000)).await;
    upkeep
        .keep_metric(&tenant, ACTIVITY, Some(30))
        .await
        .unwrap();
    let versions = (
        fixture.version(&tenant).await,
        fixture.version(&other).await,
    );

    // A day is kept whole: the one that began 400 days ago, and 30 days ago.
    let dry = upkeep.retain(&tenant, Removal::DryRun).await.unwrap();
    assert_eq!(dry.rows, 4 + 10 + 29 + 3);
    assert!(dry.files_dropped >= 2 && dry.files_rewritten >= 2);
    assert_eq!(
        fixture.version(&tenant).await,
        versions.0,
        "a dry run changes nothing"
    );
    let days_of = |metric: &str| {
        let cutoff = dry
            .cutoffs
            .iter()
            .find(|c| metric.ends_with(&c.metric_name));
        cutoff.unwrap().days
    };
    assert_eq!((days_of(REVENUE), days_of(ACTIVITY)), (Some(400), Some(30)));

    let done = upkeep.retain(&tenant, Removal::Apply).await.unwrap();
    assert_eq!((done.rows, done.files_dropped), (46, dry.files_dropped));
    assert!(done.bytes > 0);
    assert_eq!(done.version, versions.0 + 1, "all of it is one commit");
    let kept: u64 = (0..20).sum::<u64>() + (395..=400).sum::<u64>();
    assert_eq!(
        totals(&fixture, &tenant, REVENUE).await,
        format!("26 {kept}")
    );
    let kept: u64 = (0..=30).sum();
    assert_eq!(
        totals(&fixture, &tenant, ACTIVITY).await,
        format!("31 {kept}")
    );

    let again = upkeep.retain(&tenant, Removal::Apply).await.unwrap();
    assert_eq!((again.rows, again.version), (0, done.version));
    // `pro` keeps everything, and nobody else's version moves.
    let nothing = upkeep.retain(&other, Removal::Apply).await.unwrap();
    assert_eq!((nothing.rows, nothing.version), (0, versions.1));

    // A metric is kept no longer than the plan keeps points.
    upkeep
        .keep_metric(&tenant, REVENUE, Some(10_000))
        .await
        .unwrap();
    let longer = upkeep.retain(&tenant, Removal::DryRun).await.unwrap();
    let revenue = longer
        .cutoffs
        .iter()
        .find(|c| c.metric_name == "order_revenue");
    assert_eq!(revenue.unwrap().days, Some(400));
    upkeep.keep_metric(&tenant, ACTIVITY, None).await.unwrap();
    let back = upkeep.retain(&tenant, Removal::DryRun).await.unwrap();
    assert!(back.cutoffs.iter().all(|c| c.days == Some(400)));
    for (metric, days) in [("revenue", Some(1)), (REVENUE, Some(0))] {
        assert!(upkeep.keep_metric(&tenant, metric, days).await.is_err());
    }
    fixture.stop().await;
}
