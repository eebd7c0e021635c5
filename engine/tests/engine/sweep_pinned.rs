//! The sweep, as a server's background work does it.

use engine::{Engine, EngineOptions, Maintenance};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::backup::{files, orders};
use crate::fixture::Fixture;

#[tokio::test]
async fn the_sweep_deletes_nothing_while_a_backup_copies() {
    let fixture = Fixture::start().await;
    let a = fixture.tenant("a", "UTC").await;
    fixture.ingest(&a, &orders(1, 50)).await;
    fixture.engine.compact(&a).await.unwrap();
    let objects = files(&fixture.path("data/objects"));
    fixture.engine.clone().shutdown().await.unwrap();
    let server = Engine::start(EngineOptions {
        maintenance: Maintenance::Background,
        ..fixture.options()
    })
    .await
    .unwrap();
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    let tell = async |sql: &str, owner: &mut sqlx::PgConnection| {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(owner).await.unwrap();
    };
    let lock = i64::from_be_bytes(*b"\0tessera");
    tell(
        &format!("SELECT pg_advisory_lock_shared({lock})"),
        &mut owner,
    )
    .await;
    tell(
        "UPDATE analytics.data_file SET removed_version = 99, removed_at = now() - interval '3 h'
         WHERE object_key IS NOT NULL;
         INSERT INTO analytics.idempotency VALUES ('a', 'k', '\\x00', '{}', now() - interval '1 h')",
        &mut owner,
    )
    .await;
    let count = async |sql: &'static str, owner: &mut sqlx::PgConnection| -> i64 {
        sqlx::query_scalar(sql).fetch_one(owner).await.unwrap()
    };
    // The key goes at the end of a round: what is left then was left on purpose.
    while count("SELECT count(*) FROM analytics.idempotency", &mut owner).await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(objects[0].exists());
    tell(
        &format!("SELECT pg_advisory_unlock_shared({lock})"),
        &mut owner,
    )
    .await;
    while count(
        "SELECT count(*) FROM analytics.data_file WHERE object_key IS NOT NULL",
        &mut owner,
    )
    .await
        > 0
    {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(!objects[0].exists());
    drop(owner);
    drop(postgres);
    server.shutdown().await.unwrap();
}
