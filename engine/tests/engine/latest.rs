//! A question for the latest points begins with the newest files.

use crate::fixture::{Fixture, order, point, table};

/// Months with points.
const MONTHS: u32 = 96;

#[tokio::test(flavor = "multi_thread")]
async fn a_question_for_the_latest_points_skips_old_files() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("latest", "UTC").await;
    let line = |n: u32| {
        let (year, month, day) = (2016 + n % MONTHS / 12, n % 12 + 1, n / MONTHS + 1);
        let at = format!("{year}-{month:02}-{day:02}T12:00:00Z");
        order(&n.to_string(), &at, "{}")
    };
    let lines: Vec<String> = (0..MONTHS * 20).map(line).collect();
    fixture.ingest(&tenant, &lines).await;
    assert_ne!(fixture.engine.compact(&tenant).await.unwrap(), 0);

    let session = fixture.engine.session(&tenant).await.unwrap();
    // A file a year, which is more than there are threads.
    assert_eq!(session.file_counts(), (0, MONTHS as usize / 12));
    let mut bytes = Vec::new();
    for limit in ["", "", "limit 3"] {
        let query = format!(
            "select recorded_at, metric_value from analytics_data_points
             order by recorded_at desc {limit}"
        );
        let answer = session.sql(&query, &[]).await.unwrap();
        let stats = answer.stats.clone();
        let days: Vec<String> = table(answer)
            .await
            .unwrap()
            .rows
            .into_iter()
            .map(|row| row[0].clone())
            .collect();
        assert_eq!(
            days[..3],
            [
                "2023-12-20T12:00:00Z",
                "2023-12-19T12:00:00Z",
                "2023-12-18T12:00:00Z"
            ]
        );
        bytes.push(stats.bytes_scanned());
    }
    // Footers are read by the first question alone.
    assert!(bytes[2] * 2 < bytes[1], "{bytes:?}");
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_points_are_the_same_read_from_few_days_or_from_all() {
    let fixture = Fixture::start().await;
    // Azores: in October a day begins twice.
    let tenant = fixture.tenant("latest", "Atlantic/Azores").await;
    let start = chrono::DateTime::from_timestamp(1_698_000_000, 0).unwrap();
    let line = |n: i64| {
        // Bursts: hours with many points, days with none.
        let at = start + chrono::Duration::seconds(n * 37 % 5_000_000 / 7_000 * 7_000);
        let name = ["order_revenue", "refund", "tip"][(n % 3) as usize];
        point(
            &format!("coreldove/revenue/{name}"),
            &n.to_string(),
            &at.to_rfc3339(),
            "{}",
        )
    };
    let lines: Vec<String> = (0..60_000).map(line).collect();
    for part in lines.chunks(20_000) {
        fixture.ingest(&tenant, part).await;
    }
    fixture.engine.compact(&tenant).await.unwrap();
    fixture.ingest(&tenant, &lines[..100]).await;
    for (narrowed, whole) in [
        (
            "select recorded_at, metric_value from analytics_data_points",
            "select recorded_at, metric_value from analytics_data_points where metric_value >= 0",
        ),
        (
            "select recorded_at, metric_value from analytics_data_points where true",
            "select recorded_at, metric_value from analytics_data_points where metric_value >= 0",
        ),
        (
            "select t as recorded_at, v as metric_value from
             (select recorded_at as t, metric_value as v from analytics_data_points) as p",
            "select recorded_at, metric_value from analytics_data_points where metric_value >= 0",
        ),
    ] {
        for limit in ["1", "7 offset 3", "2500", "20000 offset 20000", "70000"] {
            let rest = format!("order by 1 desc, 2 limit {limit}");
            let narrowed = fixture.rows(&tenant, &format!("{narrowed} {rest}")).await;
            let whole = fixture.rows(&tenant, &format!("{whole} {rest}")).await;
            assert_eq!(narrowed, whole, "{rest}");
        }
    }
    // What only looks like it: the sort is by another column of that name.
    let session = fixture.engine.session(&tenant).await.unwrap();
    let other = "select metric_value as recorded_at from analytics_data_points
                 order by recorded_at desc limit 1";
    let found = table(session.sql(other, &[]).await.unwrap()).await.unwrap();
    assert_eq!(found.rows, [["59999"]]);
    fixture.stop().await;
}
