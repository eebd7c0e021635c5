//! What `dimensions->>'key'` gives for everything a key may hold, whether the
//! points are still inline or in an object, and beyond the plan's cap of keys.

use crate::fixture::{Fixture, order};
use engine::{Engine, TenantId};

const NOON: &str = "2024-03-10T12:00:00Z";

/// Dimensions of one point, and what `k`, `K`, `k-1` and `k_1` give.
const HELD: [(&str, [&str; 4]); 17] = [
    (r#"{"k":"text"}"#, ["text", "null", "null", "null"]),
    (r#"{"k":true}"#, ["true", "null", "null", "null"]),
    (r#"{"k":false}"#, ["false", "null", "null", "null"]),
    (r#"{"k":1.0}"#, ["1", "null", "null", "null"]),
    (r#"{"k":1}"#, ["1", "null", "null", "null"]),
    (r#"{"k":-0.50}"#, ["-0.5", "null", "null", "null"]),
    (r#"{"k":1e2}"#, ["100", "null", "null", "null"]),
    (r#"{"k":0}"#, ["0", "null", "null", "null"]),
    (r#"{"k":"1.0"}"#, ["1.0", "null", "null", "null"]),
    (r#"{"k":""}"#, ["", "null", "null", "null"]),
    (
        r#"{"k":"a \"b\"\n\u00e9"}"#,
        ["a \"b\"\né", "null", "null", "null"],
    ),
    (r#"{}"#, ["null", "null", "null", "null"]),
    (r#"{"k":null}"#, ["null", "null", "null", "null"]),
    (r#"{"k":{"a":[1]}}"#, ["null", "null", "null", "null"]),
    (
        r#"{"K":"upper","k":"lower"}"#,
        ["lower", "upper", "null", "null"],
    ),
    (r#"{"k-1":"dash"}"#, ["null", "null", "dash", "null"]),
    (r#"{"k_1":"line","k-1":2}"#, ["null", "null", "2", "line"]),
];

/// The text of each of those points, in the order of its keys.
const TEXTS: [&str; 17] = [
    r#"{"k":"text"}"#,
    r#"{"k":true}"#,
    r#"{"k":false}"#,
    r#"{"k":1}"#,
    r#"{"k":1}"#,
    r#"{"k":-0.5}"#,
    r#"{"k":100}"#,
    r#"{"k":0}"#,
    r#"{"k":"1.0"}"#,
    r#"{"k":""}"#,
    r#"{"k":"a \"b\"\u000aé"}"#,
    "null",
    r#"{"k":null}"#,
    r#"{"k":{"a":[1]}}"#,
    r#"{"K":"upper","k":"lower"}"#,
    r#"{"k-1":"dash"}"#,
    r#"{"k_1":"line","k-1":2}"#,
];

async fn check(fixture: &Fixture, tenant: &TenantId) {
    let rows = fixture
        .rows(
            tenant,
            "SELECT metric_value, dimensions->>'k', dimensions->>'K', dimensions->>'k-1', dimensions->>'k_1',
                    dimensions->>'never_sent'
             FROM analytics_data_points WHERE metric_value < 100 ORDER BY metric_value",
        )
        .await;
    assert_eq!(rows.len(), HELD.len());
    for (number, (row, (dimensions, expected))) in rows.iter().zip(HELD).enumerate() {
        assert_eq!(row[0], number.to_string());
        assert_eq!(row[1..5], expected, "{dimensions}");
        assert_eq!(row[5], "null", "{dimensions}");
    }
    // With a filter that the scan applies, with columns beside, and alone.
    for query in [
        "SELECT dimensions FROM analytics_data_points WHERE metric_value < 100 ORDER BY metric_value",
        "SELECT dimensions, dimensions->>'k', commit_version, platform FROM analytics_data_points
             WHERE recorded_at > '2020-01-01T00:00:00Z' AND metric_value < 100 ORDER BY metric_value",
        "SELECT p.dimensions FROM (SELECT dimensions, metric_value FROM analytics_data_points) p
             WHERE metric_value < 100 ORDER BY metric_value",
    ] {
        let rows = fixture.rows(tenant, query).await;
        let texts: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(texts, TEXTS, "{query}");
    }
    for (query, expected) in [
        ("SELECT metric_value FROM analytics_data_points WHERE dimensions LIKE '%upper%'", "14"),
        ("SELECT count(*) FROM analytics_data_points WHERE dimensions = '{\"k\":1}' AND metric_value < 100", "2"),
        ("SELECT count(*) FROM analytics_data_points WHERE dimensions IS NULL", "1"),
        ("SELECT count(*) FROM analytics_data_points WHERE dimensions->>'k' = '1'", "2"),
        ("SELECT count(DISTINCT dimensions->>'K') FROM analytics_data_points", "1"),
        ("SELECT sum(metric_value) FROM analytics_data_points p WHERE p.dimensions->>'k-1' IS NOT NULL", "31"),
        // Where only the JSON text is left, it says the same.
        (
            "SELECT string_agg(j->>'k', ';' ORDER BY metric_value) FROM
                 (SELECT dimensions AS j, metric_value FROM analytics_data_points WHERE metric_value < 9)",
            "text;true;false;1;1;-0.5;100;0;1.0",
        ),
        (
            "SELECT string_agg(dimensions->>'k', ';') FROM
                 (SELECT dimensions FROM analytics_data_points WHERE metric_value = 3)",
            "1",
        ),
        // Nested values stay in the text.
        ("SELECT dimensions FROM analytics_data_points WHERE metric_value = 13", r#"{"k":{"a":[1]}}"#),
    ] {
        assert_eq!(fixture.row(tenant, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_dimension_reads_back_as_canonical_text_wherever_its_points_are() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let lines: Vec<String> = HELD
        .iter()
        .enumerate()
        .map(|(i, (dimensions, _))| order(&i.to_string(), NOON, dimensions))
        .collect();
    // One body a point first, so that keys come one after the other.
    for line in &lines[..6] {
        fixture.ingest(&tenant, std::slice::from_ref(line)).await;
    }
    fixture.ingest(&tenant, &lines[6..]).await;
    check(&fixture, &tenant).await;
    assert_ne!(fixture.engine.compact(&tenant).await.unwrap(), 0);
    let (inline, objects) = fixture.engine.session(&tenant).await.unwrap().file_counts();
    assert_eq!((inline, objects), (0, 1));
    check(&fixture, &tenant).await;

    numbers_that_fit_no_column_stay_readable(&fixture, &tenant).await;
    check(&fixture, &tenant).await;
    keys_beyond_the_cap_stay_readable(&fixture).await;

    let cold = Engine::start(fixture.options()).await.unwrap();
    let kept = cold.session(&tenant).await.unwrap();
    assert_eq!(kept.dimensions().get("k").map(|c| c.partial), Some(false));
    assert_eq!(
        kept.dimensions().get("exact").map(|c| c.partial),
        Some(true)
    );
    drop(kept);
    cold.shutdown().await.unwrap();
    fixture.stop().await;
}

async fn numbers_that_fit_no_column_stay_readable(fixture: &Fixture, tenant: &TenantId) {
    // The key comes first among new ones, and again when it is known.
    let first = r#"{"exact":1.0000000001,"beside":"x","huge":1e30,"last":"y"}"#;
    fixture.ingest(tenant, &[order("100", NOON, first)]).await;
    fixture
        .ingest(
            tenant,
            &[order("101", NOON, r#"{"exact":2.50,"beside":1e40}"#)],
        )
        .await;
    let query = "SELECT metric_value, dimensions->>'exact', dimensions->>'beside', dimensions->>'huge', dimensions->>'last'
                 FROM analytics_data_points WHERE metric_value >= 100 ORDER BY 1";
    let expected = [
        ["100", "1.0000000001", "x", "1e30", "y"],
        ["101", "2.5", "1e40", "null", "null"],
    ];
    assert_eq!(fixture.rows(tenant, query).await, expected);
    fixture.engine.compact(tenant).await.unwrap();
    assert_eq!(fixture.rows(tenant, query).await, expected);
}

async fn keys_beyond_the_cap_stay_readable(fixture: &Fixture) {
    let tenant = fixture.tenant_on("capped", "free", "UTC").await;
    let keys: Vec<String> = (0..40).map(|i| format!(r#""key{i}":"v{i}""#)).collect();
    let line = order("1", NOON, &format!("{{{}}}", keys.join(",")));
    fixture.ingest(&tenant, &[line]).await;
    fixture
        .ingest(&tenant, &[order("2", NOON, r#"{"later":7}"#)])
        .await;
    let query =
        "SELECT metric_value, dimensions->>'key0', dimensions->>'key31', dimensions->>'key32',
                        dimensions->>'key39', dimensions->>'later'
                 FROM analytics_data_points ORDER BY 1";
    let expected = [
        ["1", "v0", "v31", "v32", "v39", "null"],
        ["2", "null", "null", "null", "null", "7"],
    ];
    assert_eq!(fixture.rows(&tenant, query).await, expected);
    fixture.engine.compact(&tenant).await.unwrap();
    assert_eq!(fixture.rows(&tenant, query).await, expected);
    let session = fixture.engine.session(&tenant).await.unwrap();
    assert_eq!(session.dimensions().len(), 32);
    assert!(session.dimensions().overflowed);
}
