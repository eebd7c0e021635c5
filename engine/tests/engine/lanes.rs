//! Work in the background that does not wait for other work: an erasure for a
//! retention; and a rewrite that meets a change begins again.

use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, Utc};
use engine::metadata::{erasures, jobs, retention};
use engine::{Engine, EngineOptions, Maintenance};
use object_store::memory::InMemory;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::fault_store::FaultStore;
use crate::fixture::{Fixture, order, run, table};

const TOTAL: &str = "SELECT count(*) FROM analytics_data_points";

#[tokio::test(flavor = "multi_thread")]
async fn retention_is_scheduled_for_those_with_old_points_and_keeps_no_erasure_waiting() {
    let store = FaultStore::new(Arc::new(InMemory::new()), 0);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    // `free` keeps 400 days, `pro` all; only `old` and `short` have older points.
    let now = Utc::now();
    let aged = |days: u64| order("1", &(now - Days::new(days)).to_rfc3339(), "{}");
    let mut tenants = Vec::new();
    for (name, plan, days) in [
        ("old", "free", 500),
        ("young", "free", 300),
        ("all", "pro", 500),
        ("short", "pro", 500),
        ("empty", "free", 0),
    ] {
        let tenant = fixture.tenant_on(name, plan, "UTC").await;
        if days > 0 {
            // Of an inline file a part goes: the rest is written to the store.
            fixture.ingest(&tenant, &[aged(days), aged(1)]).await;
        }
        tenants.push(tenant);
    }
    let metric = "coreldove/revenue/order_revenue";
    let upkeep = fixture.engine.upkeep();
    upkeep
        .keep_metric(&tenants[3], metric, Some(2_147_483_647))
        .await
        .unwrap();
    upkeep
        .keep_metric(&tenants[3], "coreldove/revenue/x", Some(450))
        .await
        .unwrap();
    let postgres = fixture.postgres().await;
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect_with(postgres.app_options())
        .await
        .unwrap();
    let due = now + chrono::TimeDelta::seconds(60);
    assert_eq!(retention::schedule(&pool, due).await.unwrap(), 2);
    assert_eq!(retention::schedule(&pool, due).await.unwrap(), 0);
    upkeep
        .keep_metric(&tenants[1], metric, Some(100))
        .await
        .unwrap();
    assert_eq!(retention::schedule(&pool, due).await.unwrap(), 1);
    let mut owner = postgres.owner_options().connect().await.unwrap();
    let scheduled: Vec<String> = sqlx::query_scalar(
        "SELECT tenant_id FROM analytics.job WHERE kind = 'retention' ORDER BY 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(scheduled, ["old", "short", "young"]);

    run(
        postgres.owner_options(),
        "UPDATE analytics.job SET due_at = now() - interval '1 minute'",
    )
    .await;
    drop((owner, pool));
    postgres.stop().await.unwrap();
    fixture.engine.clone().shutdown().await.unwrap();

    // A server whose first retention takes long.
    let closed = store.close().await;
    let options = EngineOptions {
        maintenance: Maintenance::Background,
        ..fixture.options()
    };
    let server = Engine::start_on(options, Arc::new(store.clone()))
        .await
        .unwrap();
    let postgres = fixture.postgres().await;
    let pool = PgPoolOptions::new()
        .max_connections(2)
        .connect_with(postgres.app_options())
        .await
        .unwrap();
    let mut owner = postgres.owner_options().connect().await.unwrap();
    let mut jobs_that = async |are: &str| -> i64 {
        let sql = format!("SELECT count(*) FROM analytics.job WHERE {are}");
        sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut owner)
            .await
            .unwrap()
    };
    let running = "kind = 'retention' AND state = 'running'";
    while jobs_that(running).await == 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = erasures::request(&pool, &tenants[4], None).await.unwrap();
    let begun = std::time::Instant::now();
    while jobs::state(&pool, &tenants[4], asked.id).await.unwrap().0 != "done" {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "the erasure waits"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(jobs_that(running).await, 1, "the retention is still at it");
    drop(closed);
    while jobs_that("state <> 'done'").await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(120), "jobs are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (tenant, left) in tenants.iter().zip(["1", "1", "2", "2", "0"]) {
        let session = server.session(tenant).await.unwrap();
        let total = table(session.sql(TOTAL, &[]).await.unwrap()).await.unwrap();
        assert_eq!(total.rows[0][0], left, "{tenant}");
    }
    drop((owner, pool, postgres));
    server.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rewrite_of_roll_ups_that_meets_a_change_begins_again() {
    let store = FaultStore::new(Arc::new(InMemory::new()), 0);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    let tenant = fixture.tenant("a", "UTC").await;
    fixture
        .ingest(&tenant, &[order("1", "2024-03-10T12:00:00Z", "{}")])
        .await;
    fixture.engine.compact(&tenant).await.unwrap();
    let tenants = fixture.engine.tenants();
    let zone = |name: &str| name.parse().unwrap();
    tenants
        .set_time_zone(&tenant, zone("Asia/Kathmandu"))
        .await
        .unwrap();
    let closed = store.close().await;
    let (engine, whose) = (fixture.engine.clone(), tenant.clone());
    let rewrite = tokio::spawn(async move { engine.rewrite_rollups(&whose).await });
    // It knows of one change, and waits for the rows.
    tokio::time::sleep(Duration::from_millis(500)).await;
    tenants
        .set_time_zone(&tenant, zone("America/New_York"))
        .await
        .unwrap();
    drop(closed);
    assert_eq!(rewrite.await.unwrap().unwrap(), 1);
    let request = engine::maintain::VerifyRequest::default();
    let report = fixture
        .engine
        .verify_rollups(&tenant, &request)
        .await
        .unwrap();
    assert_eq!(
        (report.files, report.stale_files, report.mismatches),
        (1, 0, 0)
    );
    fixture.stop().await;
}
