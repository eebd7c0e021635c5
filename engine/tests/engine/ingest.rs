//! What becomes of a body: which points are kept, what is answered, and what
//! the same body does when it comes again.

use std::collections::HashSet;

use engine::ingest::{IngestAnswer, IngestRequest, OnFault};
use engine::{Error, TenantId};
use futures::future::join_all;

use crate::fixture::{Fixture, json, ndjson, order, point, run};

const NOON: &str = "2024-03-10T12:00:00Z";

async fn count(fixture: &Fixture, tenant: &TenantId) -> String {
    fixture
        .row(tenant, "SELECT count(*) FROM analytics_data_points")
        .await
}

/// Points with one fault each, and the field that is at fault.
fn faulty() -> Vec<(String, &'static str)> {
    let metric = "coreldove/revenue/never_kept";
    let many: Vec<String> = (0..65).map(|i| format!(r#""k{i}":{i}"#)).collect();
    vec![
        (point("elsewhere/revenue/x", "1", NOON, "{}"), "platform"),
        (point(metric, "\"NaN\"", NOON, "{}"), "value"),
        (point(metric, "true", NOON, "{}"), "value"),
        (point(metric, "null", NOON, "{}"), "value"),
        (point(metric, "1e16", NOON, "{}"), "value"),
        (point(metric, "-10000000000000000", NOON, "{}"), "value"),
        (point(metric, "1", "yesterday", "{}"), "recorded_at"),
        (point(metric, "1", "2024-03-10", "{}"), "recorded_at"),
        (
            point(metric, "1", "2024-02-30T00:00:00Z", "{}"),
            "recorded_at",
        ),
        (
            point(metric, "1", "1066-10-14T09:00:00Z", "{}"),
            "recorded_at",
        ),
        (
            point(
                &format!("coreldove/revenue/{}", "n".repeat(129)),
                "1",
                NOON,
                "{}",
            ),
            "metric_name",
        ),
        (point("coreldove//x", "1", NOON, "{}"), "metric_type"),
        (point("coreldove/revenue/ ", "1", NOON, "{}"), "metric_name"),
        (
            point(
                metric,
                "1",
                NOON,
                &format!(r#"{{"note":"{}"}}"#, "t".repeat(1025)),
            ),
            "dimensions.note",
        ),
        (
            point(metric, "1", NOON, &format!("{{{}}}", many.join(","))),
            "dimensions",
        ),
        (point(metric, "1", NOON, r#"{"k":1,"k":2}"#), "dimensions.k"),
        (point(metric, "1", NOON, "[1]"), "dimensions"),
        (
            order("1", NOON, "{}").replacen('{', r#"{"colour":"red","#, 1),
            "colour",
        ),
        (
            order("1", NOON, "{}").replacen('{', r#"{"event_id":"","#, 1),
            "event_id",
        ),
        (order("1", NOON, "{}").replace(r#""value":1,"#, ""), "value"),
        (
            order("1", NOON, "{}").replacen('{', r#"{"event_id":"a\u0000b","#, 1),
            "event_id",
        ),
        (
            point("coreldove/rev\\u0000/x", "1", NOON, "{}"),
            "metric_type",
        ),
        (
            point(metric, "1", NOON, r#"{"k":"a\u0000b"}"#),
            "dimensions.k",
        ),
        (
            point(metric, "1", NOON, r#"{"k":{"deep":["\\\u0000"]}}"#),
            "dimensions.k",
        ),
        ("42".to_owned(), ""),
    ]
}

#[tokio::test]
async fn a_faulty_point_is_named_and_a_faulty_body_keeps_nothing() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;

    // Good, then each fault, then good.
    let faults = faulty();
    let mut lines = vec![order("4.07", NOON, "{}")];
    lines.extend(faults.iter().map(|(line, _)| line.clone()));
    lines.push(order("-4.07", NOON, "{}").replace("value", "metric_value"));
    let strict = IngestRequest {
        on_fault: OnFault::RejectAll,
        ..ndjson(&lines.join("\n"))
    };
    let refused = fixture.send(&tenant, strict).await.unwrap();
    assert_eq!(
        (refused.accepted, refused.rejected.len()),
        (0, faults.len())
    );
    assert_eq!(count(&fixture, &tenant).await, "0");
    assert_eq!(refused.version, fixture.version(&tenant).await);
    let usage = "SELECT points, rejected FROM usage";
    assert_eq!(
        fixture.row(&tenant, usage).await,
        format!("0 {}", faults.len()),
        "what is rejected with all of its body is counted, too"
    );

    let array = format!("[{}]", lines.join(","));
    let kept = fixture.send(&tenant, json(&array)).await.unwrap();
    assert_eq!((kept.accepted, kept.duplicates), (2, 0));
    assert_eq!(kept.version, fixture.version(&tenant).await);
    let named: Vec<(u64, &str)> = kept
        .rejected
        .iter()
        .map(|r| (r.index, r.field.as_str()))
        .collect();
    let expected: Vec<(u64, &str)> = faults
        .iter()
        .enumerate()
        .map(|(i, (_, field))| (i as u64 + 1, *field))
        .collect();
    assert_eq!(named, expected);
    assert!(kept.rejected.iter().all(|r| !r.reason.is_empty()));
    assert!(
        kept.rejected[0].reason.contains("quanttrade"),
        "the platforms there are: {}",
        kept.rejected[0].reason
    );
    assert_eq!(refused.rejected, kept.rejected, "in either format");
    let sum = "SELECT count(*), sum(metric_value) FROM analytics_data_points";
    assert_eq!(fixture.row(&tenant, sum).await, "2 0");
    let metrics = "SELECT metric_name FROM metrics";
    assert_eq!(
        fixture.rows(&tenant, metrics).await,
        [["order_revenue"]],
        "a rejected point registers no metric"
    );

    // An unheard-of metric is a sum, and marked so.
    let custom = point("coreldove/custom/unheard_of", "1", NOON, "{}");
    fixture.ingest(&tenant, &[custom]).await;
    let assumed = "SELECT kind, assumed FROM metrics WHERE metric_name = 'unheard_of'";
    assert_eq!(fixture.row(&tenant, assumed).await, "sum true");

    bodies_that_keep_nothing(&fixture, &tenant).await;
    long_decimals_are_rounded_and_counted(&fixture, &tenant).await;
    the_plans_points_of_a_day_are_a_limit(&fixture).await;
    fixture.stop().await;
}

async fn bodies_that_keep_nothing(fixture: &Fixture, tenant: &TenantId) {
    let version = fixture.version(tenant).await;
    let good = order("1", NOON, "{}");
    for (request, line) in [
        (json(&format!("[{good},]")), Some(1)),
        (json(&format!("[\n{good}\n")), Some(3)),
        (json(&format!("[{}]", order("NaN", NOON, "{}"))), Some(1)),
        (json(&format!(r#"{{"points":[{good}]}}"#)), Some(1)),
        (ndjson(&format!("{good}\n\n{{\"platform\": ")), Some(3)),
        (json("[]"), None),
        (ndjson(""), None),
        (
            IngestRequest {
                body: vec![b'[', b'\n', 0xff, b']'].into(),
                ..json("")
            },
            Some(2),
        ),
    ] {
        let shown = String::from_utf8_lossy(&request.body).into_owned();
        match fixture.send(tenant, request).await {
            Err(Error::Invalid {
                at: Some(at),
                location,
                hint: Some(_),
                ..
            }) => {
                let place = (at.as_str(), location.map(|l| l.line));
                assert_eq!(place, ("body", line), "{shown}");
            }
            other => panic!("{shown}: {other:?}"),
        }
    }
    let many = "{}\n".repeat(1_000_001);
    let many = fixture.send(tenant, ndjson(&many)).await;
    assert!(matches!(many, Err(Error::TooLarge { .. })), "{many:?}");
    let foreign = good.replacen('{', r#"{"tenant_id":"b","#, 1);
    let forbidden = fixture
        .send(tenant, ndjson(&format!("{good}\n{foreign}")))
        .await;
    match forbidden {
        Err(Error::Forbidden { at, hint, .. }) => {
            assert_eq!(at.as_deref(), Some("[1].tenant_id"));
            assert!(hint.is_some());
        }
        other => panic!("{other:?}"),
    }
    let unknown = TenantId::new("nobody").unwrap();
    let missing = fixture.send(&unknown, ndjson(&good)).await;
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
    assert_eq!(fixture.version(tenant).await, version);

    let own = good.replacen('{', r#"{"tenant_id":"a","#, 1);
    fixture.ingest(tenant, &[own]).await;
}

async fn long_decimals_are_rounded_and_counted(fixture: &Fixture, tenant: &TenantId) {
    let metric = "coreldove/custom/rounded";
    let values = [
        "0.1234567891",
        "0.0000000005",
        "0.0000000015",
        "0.1234567890",
        "2",
    ];
    let lines = values.map(|value| point(metric, value, NOON, "{}"));
    let answer = fixture.ingest(tenant, &lines).await;
    assert_eq!((answer.accepted, answer.rounded), (5, 3));
    let kept =
        "SELECT metric_value FROM analytics_data_points WHERE metric_name = 'rounded' ORDER BY 1";
    assert_eq!(
        fixture.rows(tenant, kept).await.concat(),
        ["0", "0.000000002", "0.123456789", "0.123456789", "2"]
    );
}

async fn the_plans_points_of_a_day_are_a_limit(fixture: &Fixture) {
    let postgres = fixture.postgres().await;
    run(
        postgres.owner_options(),
        "INSERT INTO analytics.plan SELECT 'ten', dimension_keys, 10, result_rows, query_memory_bytes,
             query_timeout_ms, export_rows, retention_days, 2 FROM analytics.plan WHERE plan = 'free'",
    )
    .await;
    postgres.stop().await.unwrap();
    let tenant = fixture.tenant_on("small", "ten", "UTC").await;
    let eight = vec![order("1", NOON, "{}"); 8];
    fixture.ingest(&tenant, &eight).await;
    match fixture.send(&tenant, ndjson(&eight.join("\n"))).await {
        Err(Error::LimitExceeded {
            used,
            allowed,
            plan,
            resets_at,
            allowed_by,
            ..
        }) => {
            assert_eq!((used, allowed, plan.as_str()), (8, 10, "ten"));
            assert_eq!(allowed_by.as_deref(), Some("free"));
            let left = resets_at.unwrap() - chrono::Utc::now();
            assert!((0..=86_400).contains(&left.num_seconds()), "{left}");
        }
        other => panic!("{other:?}"),
    }
    fixture.ingest(&tenant, &eight[..2]).await;
    assert_eq!(count(fixture, &tenant).await, "10");
    // Two metrics is what this plan has room for.
    let postgres = fixture.postgres().await;
    let more = "UPDATE analytics.plan SET ingest_points_per_day = 100 WHERE plan = 'ten'";
    run(postgres.owner_options(), more).await;
    postgres.stop().await.unwrap();
    let metric = |name: &str| point(&format!("coreldove/revenue/{name}"), "1", NOON, "{}");
    fixture.ingest(&tenant, &[metric("second")]).await;
    match fixture.send(&tenant, ndjson(&metric("third"))).await {
        Err(Error::LimitExceeded {
            limit: "metrics",
            used: 2,
            allowed: 2,
            ..
        }) => {}
        other => panic!("{other:?}"),
    }
    fixture.ingest(&tenant, &[metric("second")]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_body_or_an_event_that_comes_again_has_one_effect() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    one_key_has_one_effect(&fixture, &tenant).await;
    one_event_is_kept_once(&fixture, &tenant).await;
    fixture.stop().await;
}

async fn one_key_has_one_effect(fixture: &Fixture, tenant: &TenantId) {
    let body = [order("1", NOON, r#"{"new":"key"}"#), "42".to_owned()].join("\n");
    let request = IngestRequest {
        idempotency_key: Some("once".to_owned()),
        ..ndjson(&body)
    };
    let before = fixture.version(tenant).await;
    let senders = (0..50).map(|_| {
        let (engine, tenant, request) = (fixture.engine.clone(), tenant.clone(), request.clone());
        tokio::spawn(async move { engine.ingest().points(&tenant, request).await.unwrap() })
    });
    let answers: Vec<IngestAnswer> = join_all(senders)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!((answers[0].accepted, answers[0].rejected.len()), (1, 1));
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    assert_eq!(answers[0].version, before + 1);
    assert_eq!(fixture.version(tenant).await, before + 1);
    assert_eq!(count(fixture, tenant).await, "1");

    let other = IngestRequest {
        body: order("2", NOON, "{}").into(),
        ..request.clone()
    };
    let conflict = fixture.send(tenant, other).await;
    assert!(
        matches!(conflict, Err(Error::Conflict { .. })),
        "{conflict:?}"
    );
    assert_eq!(
        fixture.send(tenant, request.clone()).await.unwrap(),
        answers[0]
    );

    // The same body in another mode is another request.
    let strict = IngestRequest {
        on_fault: OnFault::RejectAll,
        ..request.clone()
    };
    let refused = fixture.send(tenant, strict).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );

    // A key is its tenant's own.
    let b = fixture.tenant("b", "UTC").await;
    assert_eq!(fixture.send(&b, request).await.unwrap().accepted, 1);
    assert_eq!(count(fixture, tenant).await, "1");
}

fn event(id: &str, value: &str) -> String {
    point(
        "coreldove/revenue/events",
        value,
        NOON,
        r#"{"from":"events"}"#,
    )
    .replacen('{', &format!(r#"{{"event_id":"{id}","#), 1)
}

async fn one_event_is_kept_once(fixture: &Fixture, tenant: &TenantId) {
    let answer = fixture
        .ingest(tenant, &[event("x", "1"), event("y", "2"), event("x", "3")])
        .await;
    assert_eq!((answer.accepted, answer.duplicates), (2, 1));
    let answer = fixture
        .ingest(tenant, &[event("z", "4"), event("y", "5")])
        .await;
    assert_eq!((answer.accepted, answer.duplicates), (1, 1));
    let known = fixture.ingest(tenant, &[event("x", "6")]).await;
    assert_eq!((known.accepted, known.duplicates), (0, 1));
    // The first that came is the one that is kept.
    let kept = "SELECT event_id, metric_value FROM analytics_data_points WHERE event_id IS NOT NULL ORDER BY 1";
    assert_eq!(
        fixture.rows(tenant, kept).await,
        [["x", "1"], ["y", "2"], ["z", "4"]]
    );
    // A value that is dropped is not rounded.
    let long = "0.1234567891";
    let lines = [event("r", long), event("r", long), event("x", long)];
    let answer = fixture.ingest(tenant, &lines).await;
    let counted = (answer.accepted, answer.duplicates, answer.rounded);
    assert_eq!(counted, (1, 2, 1));
    // An event is its tenant's own, too.
    let b = engine::TenantId::new("b").unwrap();
    assert_eq!(fixture.ingest(&b, &[event("x", "1")]).await.accepted, 1);

    let shared: Vec<String> = (0..30)
        .map(|i| event(&format!("shared-{i}"), "1"))
        .collect();
    let writers = (0..20).map(|writer| {
        let mut lines = shared.clone();
        // Each begins elsewhere, brings five of its own under a new dimension key.
        lines.rotate_left(writer);
        let own = format!(r#"{{"writer":"w{writer}"}}"#);
        lines.extend((0..5).map(|_| point("coreldove/revenue/own", "1", NOON, &own)));
        let (engine, tenant) = (fixture.engine.clone(), tenant.clone());
        let request = ndjson(&lines.join("\n"));
        tokio::spawn(async move { engine.ingest().points(&tenant, request).await })
    });
    let answers: Vec<IngestAnswer> = join_all(writers)
        .await
        .into_iter()
        .map(|done| done.unwrap().unwrap())
        .collect();
    let accepted: u64 = answers.iter().map(|a| a.accepted).sum();
    let duplicates: u64 = answers.iter().map(|a| a.duplicates).sum();
    assert_eq!((accepted, duplicates), (30 + 20 * 5, 19 * 30));
    let versions: HashSet<i64> = answers.iter().map(|a| a.version).collect();
    assert_eq!(versions.len(), 20, "each commit has a version of its own");
    let once = "SELECT count(*), count(DISTINCT event_id) FROM analytics_data_points WHERE event_id LIKE 'shared-%'";
    assert_eq!(fixture.row(tenant, once).await, "30 30");
    let own = "SELECT count(*), count(DISTINCT dimensions->>'writer') FROM analytics_data_points WHERE metric_name = 'own'";
    assert_eq!(fixture.row(tenant, own).await, "100 20");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_that_each_bring_a_new_dimension_key_all_succeed() {
    const WRITERS: usize = 40;
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    fixture.ingest(&tenant, &[order("1", NOON, "{}")]).await;
    let writers = (0..WRITERS).map(|writer| {
        let own = format!(r#"{{"of_{writer}":"x"}}"#);
        let request = ndjson(&order("1", NOON, &own));
        let (engine, tenant) = (fixture.engine.clone(), tenant.clone());
        tokio::spawn(async move { engine.ingest().points(&tenant, request).await })
    });
    for (writer, done) in join_all(writers).await.into_iter().enumerate() {
        let answer = done.unwrap();
        assert!(
            matches!(&answer, Ok(IngestAnswer { accepted: 1, .. })),
            "writer {writer}: {answer:?}"
        );
    }
    for writer in [0, WRITERS - 1] {
        let own = format!("SELECT count(*) FROM analytics_data_points WHERE dim_of_{writer} = 'x'");
        assert_eq!(fixture.row(&tenant, &own).await, "1");
    }
    assert_eq!(count(&fixture, &tenant).await, (WRITERS + 1).to_string());
    fixture.stop().await;
}
