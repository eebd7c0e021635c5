//! Answers that partials alone would get wrong, or must not read rows for.

use std::sync::Arc;

use engine::dashboard::{Compare, Dashboard, DashboardRequest, RangeRequest, RawTop, dashboard};
use engine::metadata::platforms::{EventPoint, EventValue, Platform};
use engine::session::PartialsSource;
use engine::{MetricKind, TenantId};
use object_store::memory::InMemory;
use storage_layout::Combine;

use crate::fault_store::{Fault, FaultStore};
use crate::fixture::{Fixture, order, point, run};

const NOON: &str = "2024-03-10T12:00:00Z";

fn gauge(series: &[&str]) -> MetricKind {
    MetricKind::Gauge {
        series: series.iter().map(|key| (*key).to_owned()).collect(),
        combine: Combine::Sum,
    }
}

/// A platform `depot` with these metrics of the type `store`.
async fn depot(fixture: &Fixture, metrics: Vec<(String, MetricKind)>) {
    let point = |(metric_name, kind)| EventPoint {
        metric_type: "store".to_owned(),
        metric_name,
        value: EventValue::Constant("1".to_owned()),
        dimensions: Vec::new(),
        kind,
    };
    let platform = Platform {
        name: "depot".to_owned(),
        title: "Depot".to_owned(),
        points: metrics.into_iter().map(point).collect(),
    };
    fixture
        .engine
        .platforms()
        .register(&platform)
        .await
        .unwrap();
}

async fn shown(
    fixture: &Fixture,
    tenant: &TenantId,
    zone: Option<&str>,
    days: [&str; 2],
) -> engine::Result<Dashboard> {
    let request = DashboardRequest {
        range: RangeRequest::parse(None, Some(days[0]), Some(days[1])).unwrap(),
        platform: None,
        compare: Compare::Previous,
        zone: zone.map(|zone| zone.parse().unwrap()),
        raw_top: RawTop::Always,
    };
    let session = fixture.engine.session(tenant).await?;
    dashboard(&session, &request, "2025-01-01T00:00:00Z".parse().unwrap()).await
}

/// What a dashboard lists for a key: names, numbers, and how many there are.
async fn top(fixture: &Fixture, tenant: &TenantId, key: &str) -> Vec<String> {
    let days = ["2024-03-01", "2024-03-31"];
    let shown = shown(fixture, tenant, None, days).await.unwrap();
    let mut panels = shown.top_values.iter().filter(|panel| panel.key == key);
    let Some(ranking) = panels.next().and_then(|panel| panel.ranking.as_ref()) else {
        panic!("{key} is not shown: {:?}", shown.top_values);
    };
    let mut found: Vec<String> = ranking
        .top
        .iter()
        .map(|top| format!("{} {}", top.name, top.value.unwrap()))
        .collect();
    found.push(format!("of {}", ranking.values));
    let rest = [ranking.other, ranking.without].map(|number| number.unwrap().to_string());
    found.push(rest.join(" "));
    found
}

#[tokio::test]
async fn top_values_are_all_of_a_keys_texts_and_numbers() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let text = order("5", NOON, r#"{"code":"C1"}"#);
    let number = order("7", NOON, r#"{"code":17}"#);
    let none = order("1", NOON, "{}");
    fixture
        .ingest(&tenant, &[text.clone(), none, number.clone()])
        .await;
    let both = ["17 7", "C1 5", "of 2", "0 1"];
    assert_eq!(top(&fixture, &tenant, "code").await, both);
    fixture.engine.compact(&tenant).await.unwrap();
    assert_eq!(top(&fixture, &tenant, "code").await, both, "stored");

    // Texts in one file and numbers in another one.
    let b = fixture.tenant("b", "UTC").await;
    for line in [text, number] {
        fixture.ingest(&b, &[line]).await;
        fixture.engine.compact(&b).await.unwrap();
    }
    assert_eq!(
        fixture.engine.session(&b).await.unwrap().file_counts(),
        (0, 2)
    );
    assert_eq!(
        top(&fixture, &b, "code").await,
        ["17 7", "C1 5", "of 2", "0 0"]
    );
    fixture.stop().await;
}

#[tokio::test]
async fn top_values_are_also_those_of_before_a_key_had_a_column() {
    let fixture = Fixture::start().await;
    let postgres = fixture.postgres().await;
    let owner = postgres.owner_options();
    let set = |keys: u32| {
        format!("UPDATE analytics.plan SET dimension_keys = {keys} WHERE plan = 'free'")
    };
    run(owner.clone(), &set(1)).await;
    let tenant = fixture.tenant_on("a", "free", "UTC").await;
    let line = |value: &str, text: &str| {
        order(value, NOON, &format!(r#"{{"first":"x","late":"{text}"}}"#))
    };
    fixture.ingest(&tenant, &[line("7", "hidden")]).await;
    fixture.engine.compact(&tenant).await.unwrap();
    run(owner, &set(10)).await;
    postgres.stop().await.unwrap();
    let fixture = fixture.restart().await;
    fixture.ingest(&tenant, &[line("5", "seen")]).await;
    let both = ["hidden 7", "seen 5", "of 2", "0 0"];
    assert_eq!(top(&fixture, &tenant, "late").await, both);
    fixture.engine.compact(&tenant).await.unwrap();
    assert_eq!(top(&fixture, &tenant, "late").await, both, "stored");
    assert_eq!(
        top(&fixture, &tenant, "first").await,
        ["x 12", "of 1", "0 0"]
    );
    fixture.stop().await;
}

#[tokio::test]
async fn a_day_on_which_midnight_comes_twice_has_one_number() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let visitors = MetricKind::Distinct {
        dimension: "visitor".to_owned(),
    };
    let metrics = vec![
        ("visitors".to_owned(), visitors),
        ("stock".to_owned(), gauge(&["hall"])),
    ];
    depot(&fixture, metrics).await;
    for (zone, day, times) in [
        (
            "Atlantic/Azores",
            "2024-10-27",
            // Half past midnight by either clock, and noon.
            [
                "2024-10-27T00:30:00Z",
                "2024-10-27T01:30:00Z",
                "2024-10-27T13:00:00Z",
            ],
        ),
        (
            "America/Havana",
            "2024-11-03",
            [
                "2024-11-03T04:30:00Z",
                "2024-11-03T05:30:00Z",
                "2024-11-03T17:00:00Z",
            ],
        ),
    ] {
        let name = zone.split('/').next_back().unwrap();
        let lines: Vec<String> = times
            .iter()
            .enumerate()
            .flat_map(|(i, at)| {
                let visitor = format!(r#"{{"visitor":"{name} {i}"}}"#);
                let hall = format!(r#"{{"hall":"{name} {i}"}}"#);
                [
                    point("depot/store/visitors", "1", at, &visitor),
                    point("depot/store/stock", "2", at, &hall),
                ]
            })
            .collect();
        fixture.ingest(&tenant, &lines).await;
        let shown = shown(&fixture, &tenant, Some(zone), [day, day])
            .await
            .unwrap();
        for (metric, number) in [("visitors", "3"), ("stock", "6")] {
            let mut series = shown.series.iter();
            let series = series.find(|s| &*s.metric.metric_name == metric).unwrap();
            assert_eq!(
                series.days[0].value.unwrap().to_string(),
                number,
                "{metric} in {zone}"
            );
        }
        let days = format!(
            "SELECT count(*) FROM (SELECT DISTINCT date_trunc('day', recorded_at AT TIME ZONE '{zone}') \
             FROM analytics_data_points WHERE dimensions->>'hall' LIKE '{name}%')"
        );
        assert_eq!(fixture.row(&tenant, &days).await, "1", "{zone}");
    }
    fixture.stop().await;
}

#[tokio::test]
async fn many_gauges_of_many_series_have_their_numbers() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let names: Vec<String> = (10..29).map(|number| format!("stock_{number}")).collect();
    let metrics = names.iter().map(|name| (name.clone(), gauge(&keys)));
    depot(&fixture, metrics.collect()).await;
    let mut lines = Vec::new();
    for (number, name) in names.iter().enumerate() {
        for series in 0..3 {
            let texts = keys.map(|key| format!(r#""{key}":"{}""#, series % 2));
            let dimensions = format!("{{{}}}", texts.join(","));
            let at = format!("2024-03-10T12:00:0{series}Z");
            let metric = format!("depot/store/{name}");
            let value = (100 * number + series).to_string();
            lines.push(point(&metric, &value, &at, &dimensions));
        }
    }
    fixture.ingest(&tenant, &lines).await;
    let days = ["2024-03-10", "2024-03-11"];
    let shown = shown(&fixture, &tenant, None, days).await.unwrap();
    assert_eq!(shown.totals.len(), names.len());
    for (number, (total, series)) in shown.totals.iter().zip(&shown.series).enumerate() {
        assert_eq!(*total.metric.metric_name, names[number]);
        assert_eq!(total.source, PartialsSource::Raw);
        // The last of either series: the points 2 and 1.
        let expected = (200 * number + 3).to_string();
        assert_eq!(total.value.unwrap().to_string(), expected);
        assert_eq!(series.days[0].value.unwrap().to_string(), expected);
        assert_eq!((series.days[1].value, total.previous), (None, None));
    }
    fixture.stop().await;
}

#[tokio::test]
async fn a_roll_up_table_reads_points_only_for_numbers_that_need_them() {
    let store = FaultStore::new(Arc::new(InMemory::new()), 1);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    let tenant = fixture.tenant("a", "UTC").await;
    let visitors = MetricKind::Distinct {
        dimension: "visitor".to_owned(),
    };
    let metrics = vec![
        ("visitors".to_owned(), visitors),
        ("stock".to_owned(), gauge(&["hall"])),
        ("shelf".to_owned(), gauge(&["hall", "row"])),
    ];
    depot(&fixture, metrics).await;
    let line = |metric: &str, value: &str, day: u32, dimensions: &str| {
        let at = format!("2024-{:02}-{:02}T12:00:00Z", 3 + day / 31, day % 31 + 1);
        point(&format!("depot/store/{metric}"), value, &at, dimensions)
    };
    fixture
        .ingest(
            &tenant,
            &[
                line("visitors", "1", 3, r#"{"visitor":"v1"}"#),
                line("visitors", "1", 4, r#"{"visitor":"v1"}"#),
                line("visitors", "1", 4, r#"{"visitor":"v2"}"#),
                line("stock", "5", 3, r#"{"hall":"north"}"#),
                line("stock", "7", 4, r#"{"hall":"north"}"#),
                line("stock", "2", 4, r#"{"hall":"south"}"#),
                // In April, numbers that slices do not give.
                line("shelf", "3", 33, r#"{"hall":"north","row":"1"}"#),
                line("shelf", "4", 33, r#"{"hall":"north","row":"2"}"#),
                line("visitors", "1", 33, r#"{"visitor":"v1"}"#),
                line("visitors", "1", 33, r#"{"visitor":7}"#),
                line("visitors", "1", 33, "{}"),
            ],
        )
        .await;
    let questions = [
        (
            "SELECT metric_name, metric_date, value_sum, value_last FROM daily_metrics ORDER BY 1, 2",
            6,
        ),
        (
            "SELECT metric_name, metric_date, value FROM daily_metrics
             WHERE metric_date BETWEEN '2024-03-01' AND '2024-03-31' ORDER BY 1, 2",
            4,
        ),
        (
            "SELECT metric_name, value FROM monthly_metrics WHERE metric_date = '2024-03-01' ORDER BY 1",
            2,
        ),
        (
            "SELECT metric_name, value FROM weekly_metrics
             WHERE metric_date >= '2024-03-04' AND metric_date < '2024-04-01' ORDER BY 1",
            2,
        ),
        (
            "SELECT value FROM daily_metrics WHERE metric_date = '2024-05-05'",
            0,
        ),
        (
            "SELECT value FROM daily_metrics WHERE metric_date > '2024-05-05' AND metric_date < '2024-05-01'",
            0,
        ),
    ];
    let all = "SELECT metric_name, metric_date, value FROM daily_metrics ORDER BY 1, 2";
    let (mut inline, everything) = (Vec::new(), fixture.rows(&tenant, all).await);
    for (query, _) in questions {
        inline.push(fixture.rows(&tenant, query).await);
    }
    assert_eq!(
        everything,
        [
            ["shelf", "2024-04-03", "7"],
            ["stock", "2024-03-04", "5"],
            ["stock", "2024-03-05", "9"],
            ["visitors", "2024-03-04", "1"],
            ["visitors", "2024-03-05", "2"],
            ["visitors", "2024-04-03", "2"],
        ]
    );
    fixture.engine.compact(&tenant).await.unwrap();
    store.fail(1_000, &[Fault::Before]);
    for ((query, rows), inline) in questions.into_iter().zip(inline) {
        let stored = fixture.rows(&tenant, query).await;
        assert_eq!(stored, inline, "{query}");
        assert_eq!(stored.len(), rows, "{query}");
    }
    assert_eq!(store.happened(), 0);
    assert!(fixture.ask(&tenant, all, &[]).await.is_err());
    store.fail(0, &[]);
    assert_eq!(fixture.rows(&tenant, all).await, everything);
    fixture.stop().await;
}

#[tokio::test]
async fn an_answer_says_raw_while_roll_ups_do_not_fit() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let line = order("5", NOON, r#"{"country":"GB"}"#);
    fixture.ingest(&tenant, &[line]).await;
    let source = async |zone: Option<&str>| {
        let days = ["2024-03-10", "2024-03-10"];
        let shown = shown(&fixture, &tenant, zone, days).await.unwrap();
        assert_eq!(shown.totals[0].value.unwrap().to_string(), "5");
        assert_eq!(shown.top_values[0].key, "country");
        (
            shown.source,
            shown.totals[0].source,
            shown.top_values[0].source,
        )
    };
    use PartialsSource::{Raw, Rollup};
    // An inline file's rows stand for the roll-up that they will have.
    assert_eq!(source(None).await, (Rollup, Rollup, Rollup));
    fixture.engine.compact(&tenant).await.unwrap();
    assert_eq!(source(None).await, (Rollup, Rollup, Rollup));
    let there = Some("Asia/Kathmandu");
    fixture
        .engine
        .tenants()
        .set_time_zone(&tenant, "Asia/Kathmandu".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(source(None).await, (Raw, Raw, Raw));
    assert_eq!(source(there).await, (Raw, Raw, Raw));
    // Quarter hours know no zone.
    let (days, totals, _) = source(Some("America/New_York")).await;
    assert_eq!((days, totals), (Rollup, Rollup));
    assert_eq!(fixture.engine.rewrite_rollups(&tenant).await.unwrap(), 1);
    assert_eq!(source(None).await, (Rollup, Rollup, Rollup));
    fixture.stop().await;
}

#[tokio::test]
async fn steps_that_look_alike_are_each_taken() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let one = order("1", "2024-06-10T12:00:00Z", r#"{"country":"GB"}"#);
    fixture.ingest(&tenant, &[one]).await;
    let base = "SELECT metric_value AS a, 'x' AS b FROM analytics_data_points";
    for (step, taken, expected) in [
        ("SELECT a + a AS a, b FROM", 3, "8 x"),
        ("SELECT a + a AS a, b || 'y' AS b FROM", 3, "8 xyyy"),
        ("SELECT -a AS a, b FROM", 3, "-1 x"),
        ("SELECT a, b FROM", 3, "1 x"),
        ("SELECT a, concat(b, b) AS b FROM", 4, "1 xxxxxxxxxxxxxxxx"),
    ] {
        let query = (0..taken).fold(base.to_owned(), |query, _| format!("{step} ({query})"));
        assert_eq!(fixture.row(&tenant, &query).await, expected, "{query}");
    }
    fixture.stop().await;
}
