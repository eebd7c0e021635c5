//! Of the sweep and a commit one gets an upload, and never both; and what cannot
//! be deleted holds up nobody.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::metadata::commit::{
    self, Commit, Ingested, NewDataFile, NewRollup, NewStorage, Outcome,
};
use engine::{Error, FileId, TenantId};
use futures::StreamExt;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sqlx::postgres::{PgConnection, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions};
use storage_layout::data_file::FileStatistics;
use storage_layout::key::{ObjectKey, ObjectKind};

use crate::fault_store::{Fault, FaultStore};
use crate::fixture::{Fixture, ndjson, order};

async fn tell(owner: &mut PgConnection, sql: &str) {
    let sql = AssertSqlSafe(sql.to_owned());
    sqlx::raw_sql(sql).execute(owner).await.unwrap();
}

async fn count(owner: &mut PgConnection, from: &str) -> i64 {
    let sql = AssertSqlSafe(format!("SELECT count(*) FROM analytics.{from}"));
    sqlx::query_scalar(sql).fetch_one(owner).await.unwrap()
}

/// A commit of one object with its detail in another, both noted and uploaded.
struct Uploaded {
    commit: Commit,
    keys: [String; 2],
}

impl Uploaded {
    async fn new(pool: &PgPool, store: &dyn ObjectStore, tenant: &TenantId) -> Self {
        let mut key = ObjectKey {
            tenant: tenant.clone(),
            window: "2024-03".parse().unwrap(),
            file: FileId::new(),
            kind: ObjectKind::Data,
        };
        let data = key.path().to_string();
        key.kind = ObjectKind::Detail;
        let keys = [data, key.path().to_string()];
        commit::begin_upload(pool, tenant, &keys).await.unwrap();
        for key in &keys {
            let path = Path::from(key.as_str());
            store.put(&path, "bytes".into()).await.unwrap();
        }
        let names = |name: &str| BTreeSet::from([name.to_owned()]);
        let file = NewDataFile {
            id: key.file,
            storage: NewStorage::Object {
                key: keys[0].clone(),
                window: key.window,
                footer_bytes: 0,
            },
            bytes: 5,
            sha256: [0; 32],
            statistics: FileStatistics {
                rows: 1,
                min_recorded_at_us: 1_710_000_000_000_000,
                max_recorded_at_us: 1_710_000_000_000_000,
                platforms: names("coreldove"),
                metric_types: names("revenue"),
                metric_names: names("order_revenue"),
                footer_crc32: None,
            },
            rollup: NewRollup::None,
            detail_key: Some(keys[1].clone()),
        };
        let commit = Commit {
            tenant: tenant.clone(),
            remove: Vec::new(),
            add: vec![file],
            rollup_zone: chrono_tz::UTC,
            registry_version: 0,
            dimensions: Vec::new(),
            overflowed: false,
            metrics: Vec::new(),
            ingested: Ingested::default(),
        };
        Self { commit, keys }
    }

    /// Lets three hours go by over these.
    async fn grow_old(&self, owner: &mut PgConnection, keys: &[String]) {
        for key in keys {
            let sql = format!(
                "UPDATE analytics.pending_upload SET started_at = started_at - interval '3 hours'
                 WHERE object_key = '{key}'"
            );
            tell(owner, &sql).await;
        }
    }
}

async fn there(store: &dyn ObjectStore, key: &str) -> bool {
    store.head(&Path::from(key)).await.is_ok()
}

#[tokio::test]
async fn a_commit_names_no_object_that_the_sweep_has_deleted() {
    let store = Arc::new(InMemory::new());
    let fixture = Fixture::start_on(store.clone()).await;
    let tenant = fixture.tenant("a", "UTC").await;
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    let pool = PgPoolOptions::new()
        .connect_with(postgres.app_options())
        .await
        .unwrap();
    let upkeep = fixture.engine.upkeep();
    let version = fixture.version(&tenant).await;

    // The sweep comes first: to both objects, to the rows alone, to the detail alone.
    for old in [0..2, 0..1, 1..2] {
        let late = Uploaded::new(&pool, store.as_ref(), &tenant).await;
        late.grow_old(&mut owner, &late.keys[old.clone()]).await;
        upkeep.sweep().await.unwrap();
        for (at, key) in late.keys.iter().enumerate() {
            assert_eq!(
                there(store.as_ref(), key).await,
                !old.contains(&at),
                "{old:?}"
            );
        }
        let outcome = commit::commit(&pool, &late.commit).await.unwrap();
        assert_eq!(outcome, Outcome::UploadSwept, "{old:?}");
        assert_eq!(count(&mut owner, "data_file").await, 0);
        let left = 2 - old.len() as i64;
        assert_eq!(count(&mut owner, "pending_upload").await, left, "as it was");
        assert_eq!(fixture.version(&tenant).await, version);
        tell(&mut owner, "DELETE FROM analytics.pending_upload").await;
    }
    // It has been cut before it deleted anything, and goes on later.
    let late = Uploaded::new(&pool, store.as_ref(), &tenant).await;
    tell(
        &mut owner,
        "UPDATE analytics.pending_upload SET swept_at = now()",
    )
    .await;
    let outcome = commit::commit(&pool, &late.commit).await.unwrap();
    assert_eq!(outcome, Outcome::UploadSwept);
    late.grow_old(&mut owner, &late.keys).await;
    upkeep.sweep().await.unwrap();
    assert!(!there(store.as_ref(), &late.keys[0]).await);
    assert_eq!(count(&mut owner, "pending_upload").await, 0);

    // The commit comes first.
    let first = Uploaded::new(&pool, store.as_ref(), &tenant).await;
    first.grow_old(&mut owner, &first.keys).await;
    let outcome = commit::commit(&pool, &first.commit).await.unwrap();
    assert_eq!(outcome, Outcome::Committed(version + 1));
    assert_eq!(count(&mut owner, "pending_upload").await, 0);
    upkeep.sweep().await.unwrap();
    assert!(
        there(store.as_ref(), &first.keys[0]).await && there(store.as_ref(), &first.keys[1]).await
    );

    drop((owner, pool));
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sender_whose_upload_was_swept_is_told_and_sends_it_again() {
    let store = FaultStore::new(Arc::new(InMemory::new()), 0);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    let tenant = fixture.tenant("a", "UTC").await;
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    // Too much for the catalog.
    let mut random = StdRng::seed_from_u64(7);
    let mut text = || {
        format!(
            "{:032x}{:032x}",
            random.random::<u128>(),
            random.random::<u128>()
        )
    };
    let lines: Vec<String> = (0..40_000)
        .map(|_| {
            let dimensions = format!(r#"{{"text":"{}"}}"#, text());
            order("1", "2024-03-10T12:00:00Z", &dimensions)
        })
        .collect();
    let request = || engine::ingest::IngestRequest {
        idempotency_key: Some("k".into()),
        ..ndjson(&lines.join("\n"))
    };
    store.fail(1_000, &[Fault::Delay]);
    let mut sent = Box::pin(fixture.send(&tenant, request()));
    let refused = loop {
        tokio::select! {
            answer = &mut sent => break answer,
            () = tell(&mut owner, "UPDATE analytics.pending_upload SET swept_at = now()") => {}
        }
    };
    drop(sent);
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the upload took too long; nothing was kept"
    );
    assert_eq!(count(&mut owner, "data_file").await, 0);
    store.fail(0, &[]);
    let answer = fixture.send(&tenant, request()).await.unwrap();
    assert_eq!(answer.accepted, 40_000);
    let total = "SELECT count(*) FROM analytics_data_points";
    assert_eq!(fixture.row(&tenant, total).await, "40000");
    drop(owner);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_goes_on_keeps_its_uploads() {
    let store = FaultStore::new(Arc::new(InMemory::new()), 0);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    let tenant = fixture.tenant("a", "UTC").await;
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    fixture
        .ingest(&tenant, &[order("1", "2024-03-10T12:00:00Z", "{}")])
        .await;
    let closed = store.close().await;
    let (engine, whose) = (fixture.engine.clone(), tenant.clone());
    let work = tokio::spawn(async move { engine.compact(&whose).await });
    while count(&mut owner, "pending_upload").await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Nearly two hours go by; within its next sign of life it is young again.
    tell(
        &mut owner,
        "UPDATE analytics.pending_upload SET started_at = started_at - interval '119 minutes'",
    )
    .await;
    let old = "pending_upload WHERE started_at < now() - interval '1 hour'";
    let begun = std::time::Instant::now();
    while count(&mut owner, old).await > 0 {
        assert!(begun.elapsed() < Duration::from_secs(40), "no sign of life");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    drop(closed);
    assert_eq!(work.await.unwrap().unwrap(), 1);
    drop(owner);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_deleted_holds_up_nobody() {
    let store = FaultStore::new(Arc::new(InMemory::new()), 0);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    let a = fixture.tenant("a", "UTC").await;
    let b = fixture.tenant("b", "UTC").await;
    for tenant in [&a, &b] {
        fixture
            .ingest(tenant, &[order("1", "2024-03-10T12:00:00Z", "{}")])
            .await;
    }
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    for (tenant, files, hours) in [("a", 300, 4), ("b", 1, 3)] {
        for i in 0..files {
            for kind in ["file", "upload"] {
                let key = Path::from(format!("tenant_id={tenant}/{kind}-{i}"));
                store.put(&key, "bytes".into()).await.unwrap();
            }
        }
        tell(
            &mut owner,
            &format!(
                "INSERT INTO analytics.data_file (tenant_id, file_id, object_key, window_name, rows,
                     bytes, sha256, min_recorded_at, max_recorded_at, statistics, added_version,
                     removed_version, removed_at)
                 SELECT tenant_id, gen_random_uuid(), 'tenant_id={tenant}/file-' || i, '2024', rows,
                     bytes, sha256, min_recorded_at, max_recorded_at, statistics, added_version,
                     added_version, now() - interval '{hours} hours'
                 FROM analytics.data_file, generate_series(0, {files} - 1) AS i
                 WHERE tenant_id = '{tenant}' AND object_key IS NULL;
                 INSERT INTO analytics.pending_upload (tenant_id, object_key, started_at)
                 SELECT '{tenant}', 'tenant_id={tenant}/upload-' || i, now() - interval '{hours} hours'
                 FROM generate_series(0, {files} - 1) AS i"
            ),
        )
        .await;
    }
    store.keep("tenant_id=a");
    let upkeep = fixture.engine.upkeep();
    for _ in 0..2 {
        upkeep.sweep().await.unwrap();
    }
    let objects = async || -> BTreeSet<String> {
        let listed = store.inner().list(None);
        let listed = listed.map(|object| object.unwrap().location.to_string());
        listed.collect().await
    };
    let of_b: Vec<String> = objects()
        .await
        .into_iter()
        .filter(|key| key.starts_with("tenant_id=b"))
        .collect();
    assert_eq!(of_b, [""; 0], "others' files wait for those that stay");
    assert_eq!(
        count(&mut owner, "pending_upload WHERE tenant_id = 'b'").await,
        0
    );
    let replaced = "data_file WHERE removed_version IS NOT NULL AND tenant_id =";
    assert_eq!(count(&mut owner, &format!("{replaced} 'b'")).await, 0);
    // They are tried again, but not at once.
    assert_eq!(count(&mut owner, &format!("{replaced} 'a'")).await, 300);
    assert_eq!(
        count(&mut owner, "pending_upload WHERE swept_at IS NOT NULL").await,
        300
    );
    let due = format!("{replaced} 'a' AND removed_at < now() - interval '2 hours'");
    assert_eq!(count(&mut owner, &due).await, 0);
    store.keep("nowhere");
    tell(
        &mut owner,
        "UPDATE analytics.data_file SET removed_at = removed_at - interval '10 minutes';
         UPDATE analytics.pending_upload SET started_at = started_at - interval '10 minutes'",
    )
    .await;
    for _ in 0..2 {
        upkeep.sweep().await.unwrap();
    }
    assert_eq!(objects().await, BTreeSet::new());
    assert_eq!(count(&mut owner, "pending_upload").await, 0);
    assert_eq!(count(&mut owner, &format!("{replaced} 'a'")).await, 0);
    drop(owner);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}
