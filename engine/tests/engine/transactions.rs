//! What becomes of a transaction whose caller leaves.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use engine::metadata::tenant_tx::TenantTx;
use sqlx::postgres::PgPoolOptions;

use crate::fixture::Fixture;

#[tokio::test]
async fn a_caller_that_leaves_while_it_begins_leaves_nothing_open() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let postgres = fixture.postgres().await;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(postgres.app_options())
        .await
        .unwrap();
    // Leaves after one, two, three … steps.
    for steps in 1..12 {
        let mut begin = pin!(TenantTx::begin(&pool, &tenant));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..steps {
            if begin.as_mut().poll(&mut context).is_ready() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let open: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE state LIKE 'idle in transaction%' AND usename = current_user",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!(open, 0);
    // This statement is a transaction of its own, not a part of somebody's.
    let in_one: bool = sqlx::query_scalar("SELECT now() <> statement_timestamp()")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert!(!in_one);
    pool.close().await;
    fixture.stop().await;
}
