//! Plans: held to by many at once and on several servers, changed while they
//! run, and what was used added up.

use std::time::{Duration, Instant};

use chrono::{NaiveTime, Utc};
use engine::dashboard::{self, DashboardRequest, RangeRequest};
use engine::metadata::keys::Scope;
use engine::metadata::plans::limit::Changes;
use engine::{Engine, Error, TenantId};
use futures::StreamExt;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection};

use crate::fixture::{Fixture, ndjson, order, superuser};

const NOON: &str = "2024-03-10T12:00:00Z";

fn changes(of: Value) -> Changes {
    serde_json::from_value(of).unwrap()
}

async fn allow(fixture: &Fixture, tenant: &TenantId, of: Value) {
    let plans = fixture.engine.plans();
    plans.override_limits(tenant, &changes(of)).await.unwrap();
}

/// Waits until it is so, for the five seconds in which a change takes hold.
async fn within_five_seconds(what: &str, so: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !so().await {
        assert!(start.elapsed() < Duration::from_secs(5), "{what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Reads an answer to its end; what it scanned, and whether it came whole.
async fn scanned(engine: &Engine, tenant: &TenantId, query: &str) -> (u64, Option<Error>) {
    let session = engine.session(tenant).await.unwrap();
    let mut answer = match session.sql(query, &[]).await {
        Ok(answer) => answer,
        Err(error) => return (0, Some(error)),
    };
    let mut fault = None;
    while let Some(batch) = answer.stream.next().await {
        fault = fault.or(batch.err());
    }
    (answer.stats.bytes_scanned(), fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_day_allows_is_never_exceeded_by_many_on_two_servers() {
    let fixture = Fixture::start().await;
    let other = Engine::start(fixture.options()).await.unwrap();
    let tenant = fixture.tenant("a", "UTC").await;
    let lines: Vec<String> = (0..3_000)
        .map(|n| order(&format!("{n}.5"), NOON, &format!(r#"{{"k":"v{n}"}}"#)))
        .collect();
    fixture.ingest(&tenant, &lines).await;
    fixture.engine.compact(&tenant).await.unwrap();

    // Exports: one more than allowed is one too many, whichever it is.
    allow(&fixture, &tenant, json!({"exports_per_day": 5})).await;
    let export = async |engine: &Engine| {
        let session = engine.session(&tenant).await.unwrap();
        let mut answer = session.export("SELECT count(*) FROM metrics", &[]).await?;
        while let Some(batch) = answer.stream.next().await {
            batch?;
        }
        Ok::<(), Error>(())
    };
    let engines = [&fixture.engine, &other];
    let exports = (0..12).map(|n| export(engines[n % 2]));
    let outcomes = join_all(exports).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 5);
    for refused in outcomes.into_iter().filter_map(Result::err) {
        let Error::LimitExceeded {
            limit,
            used,
            allowed,
            plan,
            resets_at,
            allowed_by,
            ..
        } = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!((limit, used, allowed), ("exports_per_day", 5, 5));
        // A number of its own holds under every plan.
        assert_eq!((plan.as_str(), allowed_by), ("pro", None));
        assert_eq!(resets_at.unwrap().time(), NaiveTime::MIN);
    }
    // One that does not begin is given back.
    allow(&fixture, &tenant, json!({"exports_per_day": 6})).await;
    let session = fixture.engine.session(&tenant).await.unwrap();
    assert!(session.export("SELECT nothing", &[]).await.is_err());
    export(&other).await.unwrap();

    // Bytes: taken before they are fetched.
    let query = "SELECT count(DISTINCT dim_k), sum(metric_value) FROM analytics_data_points";
    let (one, fault) = scanned(&fixture.engine, &tenant, query).await;
    assert!(one > 1_000 && fault.is_none(), "{one} {fault:?}");
    let used = async || {
        let standing = fixture.engine.standing(&tenant).await.unwrap();
        standing.used["scan_bytes_per_day"]
    };
    let limit = used().await + 5 * one;
    allow(&fixture, &tenant, json!({"scan_bytes_per_day": limit})).await;
    let questions = (0..24).map(|n| scanned(engines[n % 2], &tenant, query));
    let outcomes = join_all(questions).await;
    // The first server has set aside enough for all that it is asked; for the
    // other, five questions are left.
    let asked_of_other = || outcomes.iter().skip(1).step_by(2);
    let whole = asked_of_other()
        .filter(|(_, fault)| fault.is_none())
        .count();
    let bytes: u64 = asked_of_other().map(|(bytes, _)| bytes).sum();
    assert!((1..=5).contains(&whole), "{whole}");
    assert!(bytes <= 5 * one, "{bytes} of {}", 5 * one);
    assert!(used().await <= limit);
    for fault in outcomes.into_iter().filter_map(|(_, fault)| fault) {
        assert!(
            matches!(&fault, Error::LimitExceeded { limit: "scan_bytes_per_day", allowed, .. } if *allowed == limit),
            "{fault:?}"
        );
    }

    // While the counters do not answer, nothing is let through.
    let postgres = fixture.postgres().await;
    let mut lock = superuser(&fixture, &postgres).connect().await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE analytics.spent")
        .execute(&mut lock)
        .await
        .unwrap();
    allow(&fixture, &tenant, json!({"exports_per_day": 100})).await;
    let denied = export(&other).await;
    assert!(
        matches!(denied, Err(Error::Unavailable { .. })),
        "{denied:?}"
    );
    lock.close().await.unwrap();
    export(&other).await.unwrap();

    // A server that stops gives back what it had set aside.
    let before = used().await;
    other.shutdown().await.unwrap();
    assert!(used().await <= before);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_limit_holds_on_another_server_within_five_seconds() {
    let fixture = Fixture::start().await;
    let other = Engine::start(fixture.options()).await.unwrap();
    let tenant = fixture.tenant("a", "UTC").await;
    let rows = async || {
        let session = other.session(&tenant).await.unwrap();
        session.plan().result_rows
    };
    assert_eq!(rows().await, 100_000);
    let plans = fixture.engine.plans();
    let changed = plans
        .change("pro", &changes(json!({"result_rows": 7})))
        .await;
    let changed = changed.unwrap();
    assert_eq!(changed.limits["result_rows"], Some(7));
    assert_eq!(
        changed.limits["export_rows"],
        Some(50_000_000),
        "what is not named stays"
    );
    within_five_seconds("the plan", async || rows().await == 7).await;
    allow(&fixture, &tenant, json!({"result_rows": 9})).await;
    within_five_seconds("its own", async || rows().await == 9).await;
    allow(&fixture, &tenant, json!({"result_rows": null})).await;
    within_five_seconds("the plan again", async || rows().await == 7).await;
    fixture
        .engine
        .tenants()
        .set_plan(&tenant, "free")
        .await
        .unwrap();
    within_five_seconds("another plan", async || rows().await == 10_000).await;

    let nowhere = plans
        .change("gold", &changes(json!({"result_rows": 7})))
        .await;
    assert!(
        matches!(nowhere, Err(Error::NotFound { .. })),
        "{nowhere:?}"
    );
    let nobody = TenantId::new("nobody").unwrap();
    let nobody = plans
        .override_limits(&nobody, &changes(json!({"result_rows": 7})))
        .await;
    assert!(matches!(nobody, Err(Error::NotFound { .. })), "{nobody:?}");

    // Points are held against the tenant's own limit, in the commit.
    allow(&fixture, &tenant, json!({"ingest_points_per_day": 3})).await;
    let send = async |count: usize| {
        let body = vec![order("1", NOON, "{}"); count].join("\n");
        fixture.send(&tenant, ndjson(&body)).await
    };
    assert_eq!(send(2).await.unwrap().accepted, 2);
    let over = send(2).await.unwrap_err();
    assert!(
        matches!(
            &over,
            Error::LimitExceeded {
                limit: "ingest_points_per_day",
                used: 2,
                allowed: 3,
                ..
            }
        ),
        "{over:?}"
    );
    send(1).await.unwrap();

    // What is stored, and keys.
    let many = json!({"ingest_points_per_day": 1_000_000, "stored_bytes": 1, "api_keys": 3});
    allow(&fixture, &tenant, many).await;
    within_five_seconds("stored", async || {
        matches!(
            send(1).await,
            Err(Error::LimitExceeded {
                limit: "stored_bytes",
                ..
            })
        )
    })
    .await;
    let keys = fixture.engine.keys();
    let made = join_all((0..8).map(|_| keys.create(&tenant, &[Scope::Read], None))).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 3);
    for refused in made.into_iter().filter_map(Result::err) {
        assert!(
            matches!(
                &refused,
                Error::LimitExceeded {
                    limit: "api_keys",
                    used: 3,
                    allowed_by: None,
                    ..
                }
            ),
            "{refused:?}"
        );
    }
    other.shutdown().await.unwrap();
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn usage_adds_up_what_was_asked_and_a_stop_loses_nothing() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    fixture.tenant("b", "UTC").await;
    let lines: Vec<String> = (0..2_000)
        .map(|n| order(&n.to_string(), NOON, "{}"))
        .collect();
    fixture.ingest(&tenant, &lines).await;
    let largest =
        "SELECT metric_value FROM analytics_data_points ORDER BY metric_value DESC LIMIT 2";
    for _ in 0..3 {
        fixture.rows(&tenant, largest).await;
    }
    let session = fixture.engine.session(&tenant).await.unwrap();
    let mut export = session.export("SELECT 1 AS one", &[]).await.unwrap();
    while let Some(batch) = export.stream.next().await {
        batch.unwrap();
    }
    drop(export);
    let request = DashboardRequest {
        range: RangeRequest::parse(Some("30d"), None, None).unwrap(),
        platform: None,
        compare: dashboard::Compare::None,
        zone: None,
        raw_top: dashboard::RawTop::WhenCheap,
    };
    dashboard::dashboard(&session, &request, Utc::now())
        .await
        .unwrap();
    drop(session);

    let fixture = fixture.restart().await;
    // The question itself may be counted already.
    let asked = "SELECT points, sql_queries BETWEEN 3 AND 4, exports, dashboards, result_rows,
        cpu_us > 0 FROM usage";
    assert_eq!(fixture.row(&tenant, asked).await, "2000 true 1 1 7 true");
    let today = Utc::now().date_naive();
    let billed = fixture.engine.usage(today, today).await.unwrap();
    assert_eq!(billed.len(), 1, "{billed:?}");
    assert_eq!(billed[0].tenant, tenant);
    assert_eq!((billed[0].points, billed[0].used.exports), (2_000, 1));
    assert!(billed[0].used.sql_queries >= 3);
    fixture.stop().await;
}
