//! A file that cannot be read is left out: the others of its tenant are flushed
//! and compacted, and it is not tried again at once.

use engine::Error;
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::fixture::{Fixture, order, run};

#[tokio::test]
async fn a_damaged_file_keeps_no_other_from_flush_or_compaction() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    let mut live = async || -> String {
        let sql = "SELECT format('%s inline %s objects %s rows',
                count(*) FILTER (WHERE object_key IS NULL),
                count(*) FILTER (WHERE object_key IS NOT NULL),
                sum(rows) FILTER (WHERE object_key IS NOT NULL))
             FROM analytics.data_file WHERE removed_version IS NULL";
        sqlx::query_scalar(sql).fetch_one(&mut owner).await.unwrap()
    };
    let line = |day: u32| order("1", &format!("2024-03-{day:02}T12:00:00Z"), "{}");
    for day in 1..=9 {
        fixture.ingest(&tenant, &[line(day)]).await;
    }
    run(
        postgres.owner_options(),
        "UPDATE analytics.data_file SET payload = set_byte(payload, 40, get_byte(payload, 40) # 1)
         WHERE file_id = (SELECT file_id FROM analytics.data_file ORDER BY added_version OFFSET 3 LIMIT 1)",
    )
    .await;
    let damaged = fixture.engine.compact(&tenant).await;
    assert!(matches!(damaged, Err(Error::Storage(_))), "{damaged:?}");
    let flushed = live().await;
    assert!(flushed.starts_with("1 inline"), "{flushed}");
    assert!(flushed.ends_with("8 rows"), "{flushed}");
    // It rests: neither an error nor work.
    assert_eq!(fixture.engine.compact(&tenant).await.unwrap(), 0);

    // Eight objects of one size, of which one is damaged.
    run(
        postgres.owner_options(),
        "UPDATE analytics.data_file SET removed_version = added_version, removed_at = now()",
    )
    .await;
    for day in 1..=7 {
        fixture.ingest(&tenant, &[line(day)]).await;
        fixture.engine.compact(&tenant).await.unwrap();
    }
    assert_eq!(live().await, "0 inline 7 objects 7 rows");
    let key: String = sqlx::query_scalar(
        "SELECT object_key FROM analytics.data_file WHERE removed_version IS NULL
         ORDER BY added_version LIMIT 1",
    )
    .fetch_one(&mut postgres.owner_options().connect().await.unwrap())
    .await
    .unwrap();
    let path = fixture.path(&format!("data/objects/{key}"));
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    fixture.ingest(&tenant, &[line(8)]).await;
    let damaged = fixture.engine.compact(&tenant).await;
    assert!(matches!(damaged, Err(Error::Storage(_))), "{damaged:?}");
    let of_damaged = format!(
        "SELECT count(*) FROM analytics.data_file WHERE removed_version IS NULL AND object_key = '{key}'"
    );
    let still: i64 = sqlx::query_scalar(AssertSqlSafe(of_damaged))
        .fetch_one(&mut postgres.owner_options().connect().await.unwrap())
        .await
        .unwrap();
    assert_eq!(still, 1, "the damaged file is not given up");
    assert_eq!(live().await, "0 inline 4 objects 8 rows");
    assert_eq!(fixture.engine.compact(&tenant).await.unwrap(), 0);
    drop(owner);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}
