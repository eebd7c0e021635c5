//! A question for the latest points begins with the newest files.

use crate::fixture::{Fixture, order, table};

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
