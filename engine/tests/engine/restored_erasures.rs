//! What was erased before a restore is erased again, whatever clocks say and
//! wherever the restore ends; until then the tenant is withheld.

use engine::ingest::quarantine::Filter;
use engine::metadata::erasures::Subject;
use engine::{Error, ExistingTenants, RestoreOptions, TenantId};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::fixture::{Fixture, ndjson, order, run};

const POINTS: &str =
    "SELECT dimensions->>'customer_id', metric_value FROM analytics_data_points ORDER BY 2";

fn of(customer: &str, value: &str) -> String {
    let dimensions = format!(r#"{{"customer_id":"{customer}"}}"#);
    order(value, "2024-03-10T12:00:00Z", &dimensions)
}

/// A point that is rejected, and kept in quarantine.
async fn reject(fixture: &Fixture, tenant: &TenantId, line: &str) {
    let line = line.replace(r#""value":0"#, r#""value":"nothing""#);
    let answer = fixture.send(tenant, ndjson(&line)).await.unwrap();
    assert_eq!(answer.rejected.len(), 1, "{line}");
}

/// The texts of rejected points.
async fn rejected(fixture: &Fixture, tenant: &TenantId) -> Vec<String> {
    let (ingest, all) = (fixture.engine.ingest(), Filter::default());
    let found = ingest.quarantined(tenant, &all, None, 100).await;
    let mut points: Vec<String> = found
        .unwrap()
        .into_iter()
        .map(|entry| entry.point.unwrap())
        .collect();
    points.sort();
    points
}

async fn erase(fixture: &Fixture, tenant: &TenantId, customer: &str) -> u64 {
    let subject = Subject::new("customer_id", customer).unwrap();
    let erasure = fixture.engine.upkeep().erase(tenant, Some(subject)).await;
    erasure.unwrap().receipt.unwrap().rows
}

async fn number(fixture: &Fixture, query: &str) -> i64 {
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&mut owner)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_restore_erases_again_by_versions_and_leaves_nothing_beside_the_files() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    // Erased and sent again before the backup: that is a later point.
    fixture.ingest(&tenant, &[of("z", "1")]).await;
    assert_eq!(erase(&fixture, &tenant, "z").await, 1);
    fixture.ingest(&tenant, &[of("z", "2")]).await;
    reject(&fixture, &tenant, &of("z", "0")).await;

    fixture.ingest(&tenant, &[of("x", "4"), of("y", "8")]).await;
    fixture.engine.compact(&tenant).await.unwrap();
    fixture
        .ingest(&tenant, &[of("x", "16"), of("y", "32")])
        .await;
    reject(&fixture, &tenant, &of("x", "0")).await;
    reject(&fixture, &tenant, &of("y", "0")).await;
    // The server's clock was a day ahead of Postgres'.
    let postgres = fixture.postgres().await;
    let ahead = "UPDATE analytics.quarantine SET received_at = received_at + interval '1 day'";
    run(postgres.owner_options(), ahead).await;
    let place = fixture.path("backups").to_str().unwrap().to_owned();
    fixture.engine.backup(&place, None, &()).await.unwrap();

    assert_eq!(erase(&fixture, &tenant, "x").await, 2);
    let left = rejected(&fixture, &tenant).await;
    assert_eq!(left.len(), 2, "{left:?}");
    fixture.ingest(&tenant, &[of("x", "64")]).await;
    let options = RestoreOptions {
        from: place,
        tenant: Some(tenant.clone()),
        existing: ExistingTenants::Replace,
        ..RestoreOptions::default()
    };
    let done = fixture.engine.restore(&options, &()).await.unwrap();
    assert_eq!(done.erasures_replayed[&tenant], 2);
    let points = [["z", "2"], ["y", "8"], ["y", "32"]];
    assert_eq!(fixture.rows(&tenant, POINTS).await, points);
    let rolled = "SELECT sum(value_count), sum(value_sum) FROM daily_metrics";
    assert_eq!(fixture.row(&tenant, rolled).await, "3 42");

    assert_eq!(rejected(&fixture, &tenant).await, left);

    // What the erasure's clock says is nothing to a point.
    let behind = "UPDATE analytics.erasure SET finished_at = finished_at - interval '1 day'";
    run(postgres.owner_options(), behind).await;
    let done = fixture.engine.restore(&options, &()).await.unwrap();
    assert_eq!(done.tenants, std::slice::from_ref(&tenant));
    assert_eq!(fixture.rows(&tenant, POINTS).await, points);
    let later = fixture.ingest(&tenant, &[of("x", "128")]).await;
    assert_eq!(fixture.engine.replay_erasures(&tenant).await.unwrap(), 0);
    assert_eq!(fixture.version(&tenant).await, later.version);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn a_tenant_is_withheld_while_its_erasures_are_owed() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let other = fixture.tenant("b", "UTC").await;
    for tenant in [&tenant, &other] {
        fixture.ingest(tenant, &[of("x", "1"), of("y", "2")]).await;
    }
    assert_eq!(erase(&fixture, &tenant, "x").await, 1);
    fixture.ingest(&tenant, &[of("x", "4")]).await;

    // As an embedder restores: the list is put in, with more than was here.
    let upkeep = fixture.engine.upkeep();
    let mut known = upkeep.erasures(&tenant).await.unwrap();
    for erasure in &mut known {
        if let Some(receipt) = &mut erasure.receipt {
            receipt.version_after = 90;
        }
    }
    let postgres = fixture.postgres().await;
    run(postgres.owner_options(), "DELETE FROM analytics.erasure").await;
    upkeep.restore_erasures(&tenant, &known).await.unwrap();
    let refused = fixture.engine.session(&tenant).await;
    assert!(
        matches!(refused, Err(Error::Unavailable { .. })),
        "{refused:?}"
    );
    let (ingest, all) = (fixture.engine.ingest(), Filter::default());
    let refused = ingest.quarantined(&tenant, &all, None, 1).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
    assert_eq!(fixture.rows(&other, POINTS).await.len(), 2);
    // Points go on coming, and are later ones: versions go on behind the list's.
    let later = fixture.ingest(&tenant, &[of("x", "8")]).await;
    assert_eq!(later.version, 91);

    assert_eq!(fixture.engine.replay_erasures(&tenant).await.unwrap(), 1);
    assert_eq!(
        fixture.rows(&tenant, POINTS).await,
        [["y", "2"], ["x", "8"]]
    );
    let open = "SELECT count(*) FROM analytics.job WHERE state <> 'done'";
    assert_eq!(number(&fixture, open).await, 0);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn a_whole_tenants_erasure_is_done_again_with_its_senders() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let event = |value: &str, event: &str| {
        let mut request =
            ndjson(&of("x", value).replacen('{', &format!(r#"{{"event_id":"{event}","#), 1));
        request.idempotency_key = Some(event.to_owned());
        request
    };
    fixture.send(&tenant, event("1", "e1")).await.unwrap();
    reject(&fixture, &tenant, &of("x", "0")).await;
    let place = fixture.path("backups").to_str().unwrap().to_owned();
    fixture.engine.backup(&place, None, &()).await.unwrap();
    let erased = fixture.engine.upkeep().erase(&tenant, None).await.unwrap();
    assert_eq!(erased.receipt.unwrap().rows, 1);
    let options = RestoreOptions {
        from: place,
        existing: ExistingTenants::Replace,
        ..RestoreOptions::default()
    };
    fixture.engine.restore(&options, &()).await.unwrap();
    let none: [[&str; 2]; 0] = [];
    assert_eq!(fixture.rows(&tenant, POINTS).await, none);
    assert_eq!(rejected(&fixture, &tenant).await, [""; 0]);
    for table in ["event_seen", "idempotency", "import_chunk"] {
        let query = format!("SELECT count(*) FROM analytics.{table}");
        assert_eq!(number(&fixture, &query).await, 0, "{table}");
    }
    // It may be sent again, and what was sent after the erasure stays known.
    for (value, name, accepted) in [("1", "e1", 1), ("2", "e2", 1)] {
        let answer = fixture.send(&tenant, event(value, name)).await.unwrap();
        assert_eq!(answer.accepted, accepted);
    }
    assert_eq!(fixture.engine.replay_erasures(&tenant).await.unwrap(), 0);
    let query = "SELECT count(*) FROM analytics.event_seen";
    assert_eq!(number(&fixture, query).await, 2);
    fixture.stop().await;
}
