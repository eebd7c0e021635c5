//! Commits of many tenants share a transaction and nothing else.

use std::time::Duration;

use engine::ingest::{IngestAnswer, IngestRequest};
use engine::{Error, TenantId};
use futures::future::join_all;
use sqlx::{ConnectOptions, Connection};

use super::fixture::{Fixture, ndjson, order, point, run, superuser};

const NOON: &str = "2024-05-01T12:00:00Z";

type Sent = tokio::task::JoinHandle<engine::Result<IngestAnswer>>;

fn send(fixture: &Fixture, tenant: &TenantId, request: IngestRequest) -> Sent {
    let (engine, tenant) = (fixture.engine.clone(), tenant.clone());
    tokio::spawn(async move { engine.ingest().points(&tenant, request).await })
}

async fn count(fixture: &Fixture, tenant: &TenantId) -> String {
    let query = "SELECT count(*) FROM analytics_data_points";
    fixture.row(tenant, query).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_tenants_fault_or_lock_never_touches_anothers_commit() {
    let fixture = Fixture::start().await;
    every_request_of_many_tenants_is_kept_once(&fixture).await;
    a_fault_of_one_request_is_its_own(&fixture).await;
    a_locked_tenant_waits_alone(&fixture).await;
    an_error_inside_postgres_is_its_tenants_own(&fixture).await;
    writers_that_each_bring_a_new_key_all_succeed(&fixture).await;
    requests_that_go_as_one_are_kept_as_far_as_the_day_allows(&fixture).await;
    fixture.stop().await;
}

async fn every_request_of_many_tenants_is_kept_once(fixture: &Fixture) {
    let mut tenants = Vec::new();
    for number in 0..70 {
        tenants.push(fixture.tenant(&format!("many-{number}"), "UTC").await);
    }
    let requests = (0..4).flat_map(|round| tenants.iter().map(move |tenant| (round, tenant)));
    let sent: Vec<Sent> = requests
        .map(|(round, tenant)| {
            let body = order(&format!("{}.25", round + 1), NOON, r#"{"round":"r"}"#);
            send(fixture, tenant, ndjson(&body))
        })
        .collect();
    for done in join_all(sent).await {
        assert_eq!(done.unwrap().unwrap().accepted, 1);
    }
    for tenant in &tenants {
        let all = "SELECT count(*), sum(metric_value), min(tenant_id), max(tenant_id) FROM analytics_data_points";
        assert_eq!(
            fixture.row(tenant, all).await,
            format!("4 11 {tenant} {tenant}")
        );
        // Those of one group are one version.
        let version = fixture.version(tenant).await;
        assert!((1..=4).contains(&version), "{version}");
    }
}

async fn a_fault_of_one_request_is_its_own(fixture: &Fixture) {
    let good: Vec<TenantId> = join_all((0..8).map(async |number| {
        let tenant = format!("good-{number}");
        fixture.tenant(&tenant, "UTC").await
    }))
    .await;
    let taken = fixture.tenant("taken", "UTC").await;
    let keyed = |value: &str| IngestRequest {
        idempotency_key: Some("k".to_owned()),
        ..ndjson(&order(value, NOON, "{}"))
    };
    fixture.send(&taken, keyed("1")).await.unwrap();
    let nobody = TenantId::new("nobody").unwrap();
    for _ in 0..5 {
        let conflict = send(fixture, &taken, keyed("2"));
        let missing = send(fixture, &nobody, ndjson(&order("1", NOON, "{}")));
        let others = good
            .iter()
            .map(|tenant| send(fixture, tenant, ndjson(&order("3", NOON, "{}"))));
        for done in join_all(others.collect::<Vec<_>>()).await {
            assert_eq!(done.unwrap().unwrap().accepted, 1);
        }
        let conflict = conflict.await.unwrap();
        assert!(
            matches!(conflict, Err(Error::Conflict { .. })),
            "{conflict:?}"
        );
        let missing = missing.await.unwrap();
        assert!(
            matches!(missing, Err(Error::NotFound { .. })),
            "{missing:?}"
        );
    }
    assert_eq!(count(fixture, &taken).await, "1");
    for tenant in &good {
        assert_eq!(count(fixture, tenant).await, "5");
    }
}

/// Another process holds a tenant's version row: nobody else waits for it.
async fn a_locked_tenant_waits_alone(fixture: &Fixture) {
    let locked = fixture.tenant("locked", "UTC").await;
    let mut others = Vec::new();
    for number in 0..12 {
        others.push(fixture.tenant(&format!("free-{number}"), "UTC").await);
    }
    let postgres = fixture.postgres().await;
    let mut holder = superuser(fixture, &postgres).connect().await.unwrap();
    let mut held = holder.begin().await.unwrap();
    let lock = "SELECT version FROM analytics.tenant_version WHERE tenant_id = 'locked' FOR UPDATE";
    sqlx::raw_sql(lock).execute(&mut *held).await.unwrap();

    let waiting = send(fixture, &locked, ndjson(&order("1", NOON, "{}")));
    let sent = others
        .iter()
        .map(|tenant| send(fixture, tenant, ndjson(&order("1", NOON, "{}"))));
    for done in join_all(sent.collect::<Vec<_>>()).await {
        assert_eq!(done.unwrap().unwrap().accepted, 1);
    }
    assert!(!waiting.is_finished(), "it must wait for the lock");
    held.rollback().await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap().accepted, 1);
    assert_eq!(count(fixture, &locked).await, "1");
    holder.close().await.unwrap();
    postgres.stop().await.unwrap();
}

/// A constraint that only one tenant's rows hurt stands for any error that
/// Postgres raises inside one request.
async fn an_error_inside_postgres_is_its_tenants_own(fixture: &Fixture) {
    let broken = fixture.tenant("broken", "UTC").await;
    let whole = fixture.tenant("whole", "UTC").await;
    let postgres = fixture.postgres().await;
    let owner = postgres.owner_options();
    let add = "ALTER TABLE analytics.data_file ADD CONSTRAINT hurts CHECK (tenant_id <> 'broken')";
    run(owner.clone(), add).await;
    for _ in 0..5 {
        let hurt = send(fixture, &broken, ndjson(&order("1", NOON, "{}")));
        let kept = send(fixture, &whole, ndjson(&order("1", NOON, "{}")));
        assert_eq!(kept.await.unwrap().unwrap().accepted, 1);
        let hurt = hurt.await.unwrap();
        assert!(matches!(hurt, Err(Error::Internal { .. })), "{hurt:?}");
    }
    assert_eq!(fixture.version(&broken).await, 0, "nothing of it was kept");
    run(
        owner,
        "ALTER TABLE analytics.data_file DROP CONSTRAINT hurts",
    )
    .await;
    postgres.stop().await.unwrap();
    fixture.ingest(&broken, &[order("1", NOON, "{}")]).await;
}

async fn writers_that_each_bring_a_new_key_all_succeed(fixture: &Fixture) {
    let tenant = fixture.tenant_on("keys", "enterprise", "UTC").await;
    let sent = (0..40).map(|writer| {
        let own = format!(r#"{{"key_{writer}":"v","Key_{writer}":{writer}}}"#);
        let body = point("coreldove/revenue/own", "1", NOON, &own);
        send(fixture, &tenant, ndjson(&body))
    });
    for done in join_all(sent.collect::<Vec<_>>()).await {
        assert_eq!(done.unwrap().unwrap().accepted, 1);
    }
    assert_eq!(count(fixture, &tenant).await, "40");
    for writer in [0, 17, 39] {
        let both = format!(
            "SELECT count(dimensions->>'key_{writer}'), max(dimensions->>'Key_{writer}') FROM analytics_data_points"
        );
        assert_eq!(fixture.row(&tenant, &both).await, format!("1 {writer}"));
    }
}

async fn requests_that_go_as_one_are_kept_as_far_as_the_day_allows(fixture: &Fixture) {
    let tenant = fixture.tenant("joined", "UTC").await;
    let write = async |count: usize| {
        let sent = (0..count).map(|n| {
            let body = order(&format!("{n}.5"), NOON, r#"{"round":"r"}"#);
            send(fixture, &tenant, ndjson(&body))
        });
        let done = join_all(sent.collect::<Vec<_>>()).await;
        done.into_iter().map(Result::unwrap).collect::<Vec<_>>()
    };
    // The first brings the column and the metric; the others bring nothing new.
    write(1).await.remove(0).unwrap();
    let answers = write(100).await;
    let mut versions: Vec<i64> = answers
        .iter()
        .map(|a| a.as_ref().unwrap().version)
        .collect();
    versions.sort_unstable();
    versions.dedup();
    assert!(versions.len() < 60, "{} commits of 100", versions.len());
    assert_eq!(count(fixture, &tenant).await, "101");

    let limit = serde_json::json!({"ingest_points_per_day": 121});
    let plans = fixture.engine.plans();
    let limit = serde_json::from_value(limit).unwrap();
    plans.override_limits(&tenant, &limit).await.unwrap();
    let answers = write(50).await;
    let kept = answers.iter().filter(|answer| answer.is_ok()).count();
    assert_eq!(kept, 20);
    for refused in answers.into_iter().filter_map(Result::err) {
        let of_day = matches!(
            refused,
            Error::LimitExceeded {
                limit: "ingest_points_per_day",
                used: 121,
                allowed: 121,
                ..
            }
        );
        assert!(of_day, "{refused:?}");
    }
    assert_eq!(count(fixture, &tenant).await, "121");
}

/// Groups are bounded, so no caller waits behind a heap of another's.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_one_tenant_lets_others_through() {
    let fixture = Fixture::start().await;
    let flood = fixture.tenant_on("flood", "enterprise", "UTC").await;
    // So many that some of them share the flood's lane.
    let mut quiet = Vec::new();
    for number in 0..8 {
        quiet.push(fixture.tenant(&format!("quiet-{number}"), "UTC").await);
    }
    let flooding: Vec<Sent> = (0..3_000)
        .map(|_| send(&fixture, &flood, ndjson(&order("1", NOON, "{}"))))
        .collect();
    tokio::time::sleep(Duration::from_millis(20)).await;
    let sent = quiet
        .iter()
        .map(|tenant| send(&fixture, tenant, ndjson(&order("1", NOON, "{}"))));
    for kept in join_all(sent.collect::<Vec<_>>()).await {
        assert_eq!(kept.unwrap().unwrap().accepted, 1);
    }
    let waiting = flooding.iter().filter(|sent| !sent.is_finished()).count();
    assert!(waiting > 0, "the quiet tenants came before the flood's end");
    // A tenant has so many waiting; the rest is told to come back.
    let (mut kept, mut turned_away) = (0, 0);
    for done in join_all(flooding).await {
        match done.unwrap() {
            Ok(answer) => kept += answer.accepted,
            Err(Error::Unavailable { .. }) => turned_away += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(turned_away > 0 && kept >= 256, "{kept} {turned_away}");
    assert_eq!(count(&fixture, &flood).await, kept.to_string());
    fixture.stop().await;
}
