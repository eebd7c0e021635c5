//! What the sweep deletes, and what it leaves alone.

use engine::metadata::commit::{self, Commit, Ingested, Outcome};
use engine::{FileId, TenantId};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::erasure::objects;
use crate::fixture::{Fixture, order, run};

async fn rows(owner: &PgConnectOptions, query: &str) -> Vec<String> {
    let mut connection = owner.connect().await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_all(&mut connection)
        .await
        .unwrap()
}

/// The commit that removes exactly this file.
fn removing(tenant: &TenantId, file: FileId) -> Commit {
    Commit {
        tenant: tenant.clone(),
        remove: vec![file],
        add: Vec::new(),
        rollup_zone: chrono_tz::UTC,
        registry_version: 0,
        dimensions: Vec::new(),
        overflowed: false,
        metrics: Vec::new(),
        ingested: Ingested::default(),
    }
}

#[tokio::test]
async fn the_sweep_deletes_what_is_due_and_nothing_else() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let postgres = fixture.postgres().await;
    let owner = postgres.owner_options();
    // Eight objects become one, and two more follow.
    for i in 0..10 {
        let line = order("1", &format!("2024-03-{:02}T12:00:00Z", i + 1), "{}");
        fixture.ingest(&tenant, &[line]).await;
        fixture.engine.compact(&tenant).await.unwrap();
    }
    let folder = fixture.path("data/objects/tenant_id=a");
    assert_eq!(objects(&folder).len(), 8 + 1 + 2);
    let upkeep = fixture.engine.upkeep();
    upkeep.sweep().await.unwrap();
    assert_eq!(objects(&folder).len(), 11, "their grace is not over");

    // The grace of one is over.
    run(
        owner.clone(),
        "UPDATE analytics.data_file SET removed_at = now() - interval '3 hours' WHERE file_id =
             (SELECT file_id FROM analytics.data_file WHERE removed_version IS NOT NULL
              AND object_key IS NOT NULL ORDER BY file_id LIMIT 1)",
    )
    .await;
    // Three uploads: an old one of nobody, a young one, and an old one that a
    // commit has named. A stray object that was never noted is not looked for.
    let live =
        "SELECT object_key FROM analytics.data_file WHERE removed_version IS NULL ORDER BY 1";
    let live = rows(&owner, live).await;
    assert_eq!(live.len(), 3);
    for name in ["old", "young", "stray"] {
        std::fs::write(folder.join(name), name).unwrap();
    }
    run(
        owner.clone(),
        &format!(
            "INSERT INTO analytics.pending_upload VALUES
                 ('a', 'tenant_id=a/old', now() - interval '3 hours'), ('a', 'tenant_id=a/young', now()),
                 ('a', 'tenant_id=a/gone', now() - interval '3 hours'),
                 ('a', '{}', now() - interval '3 hours')",
            live[0]
        ),
    )
    .await;
    upkeep.sweep().await.unwrap();
    let left = objects(&folder);
    assert_eq!(left.len(), 10 + 2, "{left:?}");
    let there = |name: &str| left.iter().any(|path| path.ends_with(name));
    assert!(there("/young") && there("/stray") && !there("/old"));
    assert!(live.iter().all(|key| there(key)), "a live object is gone");
    let pending = "SELECT object_key FROM analytics.pending_upload";
    assert_eq!(rows(&owner, pending).await, ["tenant_id=a/young"]);
    let total = "SELECT count(*) FROM analytics_data_points";
    assert_eq!(fixture.row(&tenant, total).await, "10");
    let replaced =
        "SELECT count(*)::text FROM analytics.data_file WHERE removed_version IS NOT NULL
                    AND object_key IS NOT NULL";
    assert_eq!(rows(&owner, replaced).await, ["7"]);

    what_expired_is_removed(&fixture, &owner).await;
    of_two_that_replace_a_file_one_fails(&fixture, &tenant, &postgres.app_options(), &owner).await;
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

async fn what_expired_is_removed(fixture: &Fixture, owner: &PgConnectOptions) {
    run(
        owner.clone(),
        "INSERT INTO analytics.event_seen VALUES ('a', gen_random_uuid(), now() - interval '1 second'),
             ('a', gen_random_uuid(), now() + interval '1 hour');
         INSERT INTO analytics.idempotency VALUES ('a', 'old', '', '{}', now() - interval '1 second'),
             ('a', 'new', '', '{}', now() + interval '1 hour');
         INSERT INTO analytics.job (tenant_id, job_id, kind, due_at, state, finished_at) VALUES
             ('a', gen_random_uuid(), 'old', '2001-01-01', 'done', now() - interval '31 days'),
             ('a', gen_random_uuid(), 'new', '2001-01-02', 'done', now() - interval '29 days'),
             ('a', gen_random_uuid(), 'open', '2001-01-03', 'waiting', NULL)",
    )
    .await;
    fixture.engine.upkeep().sweep().await.unwrap();
    for (left, expected) in [
        (
            "SELECT (expires_at > now())::text FROM analytics.event_seen",
            &["true"][..],
        ),
        ("SELECT key FROM analytics.idempotency", &["new"]),
        (
            "SELECT kind FROM analytics.job ORDER BY kind",
            &["new", "open"],
        ),
    ] {
        assert_eq!(rows(owner, left).await, expected, "{left}");
    }
}

async fn of_two_that_replace_a_file_one_fails(
    fixture: &Fixture,
    tenant: &TenantId,
    app: &PgConnectOptions,
    owner: &PgConnectOptions,
) {
    let pool = PgPoolOptions::new()
        .connect_with(app.clone())
        .await
        .unwrap();
    let file =
        "SELECT file_id::text FROM analytics.data_file WHERE removed_version IS NULL LIMIT 1";
    let file = FileId(rows(owner, file).await[0].parse().unwrap());
    let version = fixture.version(tenant).await;
    let commit = removing(tenant, file);
    let (one, two) = tokio::join!(
        commit::commit(&pool, &commit),
        commit::commit(&pool, &commit)
    );
    let outcomes = [one.unwrap(), two.unwrap()];
    assert!(
        outcomes.contains(&Outcome::Committed(version + 1)),
        "{outcomes:?}"
    );
    assert!(outcomes.contains(&Outcome::FilesGone), "{outcomes:?}");
    assert_eq!(fixture.version(tenant).await, version + 1);
    pool.close().await;
}
