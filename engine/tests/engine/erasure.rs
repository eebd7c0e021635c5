//! What is erased is nowhere any more, with a receipt, and nothing else is
//! touched.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use engine::TenantId;
use engine::ingest::IngestRequest;
use engine::metadata::erasures::{Erasure, Receipt, Subject};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use crate::fixture::{Fixture, ndjson, order, run, table};

const TOTAL: &str = "SELECT count(*), coalesce(sum(metric_value), 0) FROM analytics_data_points";
const ROLLED: &str =
    "SELECT coalesce(sum(value_count), 0), coalesce(sum(value_sum), 0) FROM daily_metrics";

async fn erase(fixture: &Fixture, tenant: &TenantId, dimension: &str, value: &str) -> Receipt {
    let subject = Subject::new(dimension, value).unwrap();
    let erasure = fixture.engine.upkeep().erase(tenant, Some(subject)).await;
    erasure.unwrap().receipt.unwrap()
}

async fn total(fixture: &Fixture, tenant: &TenantId) -> String {
    let points = fixture.row(tenant, TOTAL).await;
    assert_eq!(points, fixture.row(tenant, ROLLED).await);
    points
}

async fn text(options: PgConnectOptions, query: &str) -> String {
    let mut connection = options.connect().await.unwrap();
    let text: Option<String> = sqlx::query_scalar(AssertSqlSafe(query.to_owned()))
        .fetch_one(&mut connection)
        .await
        .unwrap();
    text.unwrap_or_default()
}

/// All objects below a folder of the store.
pub(crate) fn objects(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let Ok(entries) = std::fs::read_dir(folder) else {
        return found;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(objects(&path)),
            false => drop(found.insert(path.to_str().unwrap().to_owned())),
        }
    }
    found
}

fn of_customer(customer: &str, value: u32) -> String {
    let dimensions = format!(r#"{{"customer_id":{customer},"country":"GB"}}"#);
    order(&value.to_string(), "2024-03-10T12:00:00Z", &dimensions)
}

#[tokio::test]
async fn an_erased_value_is_nowhere_and_the_receipt_says_so() {
    let fixture = Fixture::start().await;
    let a = fixture.tenant("a", "UTC").await;
    let b = fixture.tenant("b", "UTC").await;
    let postgres = fixture.postgres().await;
    run(
        postgres.owner_options(),
        r#"INSERT INTO analytics.quarantine
             (tenant_id, id, received_at, expires_at, source, index, field, reason, point)
         SELECT tenant_id, gen_random_uuid(), now(), now() + interval '1 day', 'json', 0, 'value', 'r', point
         FROM (VALUES ('a', '{"dimensions": {"customer_id": "Mallory-77"}}'),
             ('a', '{"dimensions": {"customer_id": "other"}}'),
             ('a', '{"dimensions": {"customer_id": "Mal'),
             ('a', '[1]'), ('b', '{"dimensions": {"customer_id": "Mallory-77"}}')) AS kept (tenant_id, point)"#,
    )
    .await;

    // Replaced files and objects, an object, and an inline file, all with it.
    for tenant in [&a, &b] {
        fixture
            .ingest(
                tenant,
                &[of_customer(r#""Mallory-77""#, 1), of_customer(r#""x""#, 10)],
            )
            .await;
        fixture.engine.compact(tenant).await.unwrap();
        fixture
            .ingest(tenant, &[of_customer(r#""Mallory-77""#, 2)])
            .await;
        fixture.engine.compact(tenant).await.unwrap();
        fixture
            .ingest(
                tenant,
                &[of_customer(r#""Mallory-77""#, 4), of_customer("77", 100)],
            )
            .await;
    }
    let b_version = fixture.version(&b).await;
    let b_objects = objects(&fixture.path("data/objects/tenant_id=b"));
    assert_eq!(total(&fixture, &a).await, "5 117");
    let before = fixture.engine.session(&a).await.unwrap();

    let receipt = erase(&fixture, &a, "customer_id", "Mallory-77").await;
    assert_eq!(
        (receipt.rows, receipt.files_replaced, receipt.files_added),
        (3, 3, 2)
    );
    assert_eq!(receipt.version_before, before.version());
    assert_eq!(receipt.version_after, before.version() + 1, "one commit");
    assert_eq!(receipt.quarantined, 2, "with it, and unreadable");
    // Two inline files had been flushed before, three files were replaced now.
    assert_eq!(
        (receipt.readers_cancelled_files, receipt.objects_deleted),
        (5, 2)
    );
    assert_eq!(total(&fixture, &a).await, "2 110");
    let values = "SELECT dimensions->>'customer_id' FROM analytics_data_points ORDER BY 1";
    assert_eq!(fixture.rows(&a, values).await, [["77"], ["x"]]);

    // A session from before does not pass off a part as the whole.
    let late = match before.sql(TOTAL, &[]).await {
        Ok(answer) => table(answer).await.err(),
        Err(error) => Some(error),
    };
    assert!(late.is_some(), "a deleted file was read");

    // The store holds what is live and nothing else; the catalog as well.
    let live = fixture.engine.session(&a).await.unwrap().file_counts();
    assert_eq!(live, (0, 2));
    let folder = fixture.path("data/objects/tenant_id=a");
    assert_eq!(objects(&folder).len(), 2);
    let left = "SELECT count(*)::text FROM analytics.data_file WHERE tenant_id = 'a'";
    assert_eq!(text(postgres.owner_options(), left).await, "2");
    let words = "SELECT string_agg(to_jsonb(e)::text || to_jsonb(j)::text, '')
                 FROM analytics.erasure e JOIN analytics.job j ON j.job_id = e.erasure_id";
    let words = text(postgres.owner_options(), words).await;
    assert!(
        words.contains("customer_id") && !words.contains("Mallory"),
        "{words}"
    );

    // Nobody else is touched.
    assert_eq!(fixture.version(&b).await, b_version);
    assert_eq!(total(&fixture, &b).await, "5 117");
    assert_eq!(
        objects(&fixture.path("data/objects/tenant_id=b")),
        b_objects
    );
    let kept = "SELECT string_agg(tenant_id, '' ORDER BY tenant_id) FROM analytics.quarantine";
    assert_eq!(text(postgres.owner_options(), kept).await, "aab");

    // A number is told by its canonical text, in whatever form it is named;
    // what is not there is no error.
    fixture.ingest(&a, &[of_customer(r#""77.00""#, 1)]).await;
    fixture.ingest(&a, &[of_customer(r#""77.0""#, 1)]).await;
    assert_eq!(erase(&fixture, &a, "customer_id", "77.00").await.rows, 2);
    assert_eq!(fixture.rows(&a, values).await, [["77.0"], ["x"]]);
    assert_eq!(erase(&fixture, &a, "customer_id", "77.0").await.rows, 1);
    let nothing = erase(&fixture, &a, "nowhere", "77").await;
    assert_eq!((nothing.rows, nothing.files_replaced), (0, 0));
    assert_eq!(nothing.version_before, nothing.version_after);

    values_in_the_json_text_only(&fixture).await;
    replay(&fixture, &a, &postgres.owner_options()).await;
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

/// A key beyond the plan's number of columns is found too.
async fn values_in_the_json_text_only(fixture: &Fixture) {
    let tenant = fixture.tenant_on("narrow", "free", "UTC").await;
    let many: Vec<String> = (0..40).map(|k| format!(r#""k{k:02}":{k}"#)).collect();
    let many = format!("{{{}}}", many.join(","));
    fixture
        .ingest(&tenant, &[order("1", "2024-03-10T12:00:00Z", &many)])
        .await;
    for (value, dimensions) in [
        ("2", r#"{"k39":"who"}"#),
        ("4", r#"{"k39":{"who":1}}"#),
        ("8", r#"{"k38":"who"}"#),
    ] {
        fixture
            .ingest(&tenant, &[order(value, "2024-03-10T12:00:00Z", dimensions)])
            .await;
    }
    assert_eq!(erase(fixture, &tenant, "k39", "who").await.rows, 1);
    assert_eq!(total(fixture, &tenant).await, "3 13");
    assert_eq!(erase(fixture, &tenant, "k39", "39.0").await.rows, 1);
    assert_eq!(total(fixture, &tenant).await, "2 12");
}

/// What came back by a restore is erased again, and later points stay.
async fn replay(fixture: &Fixture, tenant: &TenantId, owner: &PgConnectOptions) {
    fixture
        .ingest(tenant, &[of_customer(r#""Mallory-77""#, 1_000)])
        .await;
    assert_eq!(fixture.engine.replay_erasures(tenant).await.unwrap(), 0);
    assert_eq!(
        total(fixture, tenant).await,
        "2 1010",
        "it came after the erasure"
    );

    // As in a catalog from before: its receipts are known from elsewhere only.
    let known = fixture.engine.upkeep().erasures(tenant).await.unwrap();
    assert_eq!(known.len(), 4);
    let text = serde_json::to_string(&known).unwrap();
    run(owner.clone(), "DELETE FROM analytics.erasure").await;
    assert_eq!(fixture.engine.replay_erasures(tenant).await.unwrap(), 0);
    let known: Vec<Erasure> = serde_json::from_str(&text).unwrap();
    let upkeep = fixture.engine.upkeep();
    upkeep.restore_erasures(tenant, &known).await.unwrap();
    assert_eq!(upkeep.erasures(tenant).await.unwrap(), known);
    assert_eq!(fixture.engine.replay_erasures(tenant).await.unwrap(), 0);
    run(
        owner.clone(),
        "UPDATE analytics.erasure SET receipt = jsonb_set(receipt, '{version_after}',
             to_jsonb((receipt->>'version_after')::bigint + 1000))",
    )
    .await;
    assert_eq!(fixture.engine.replay_erasures(tenant).await.unwrap(), 1);
    assert_eq!(total(fixture, tenant).await, "1 10");
    assert_eq!(fixture.engine.replay_erasures(tenant).await.unwrap(), 0);
}

/// What is committed between an erasure's look and its commit is found by its
/// next look.
#[tokio::test]
async fn points_that_come_while_an_erasure_rewrites_are_erased_too() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let points = [of_customer(r#""m""#, 1), of_customer(r#""x""#, 10)];
    fixture.ingest(&tenant, &points).await;
    let postgres = fixture.postgres().await;
    // A rewrite notes its upload, and waits there; a small body notes none.
    run(
        postgres.owner_options(),
        "CREATE FUNCTION analytics.wait_here() RETURNS trigger LANGUAGE plpgsql AS
             $$ BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NULL; END $$;
         CREATE TRIGGER wait_here AFTER INSERT ON analytics.pending_upload
             EXECUTE FUNCTION analytics.wait_here()",
    )
    .await;
    let mut gate = postgres.owner_options().connect().await.unwrap();
    let lock = "SELECT pg_advisory_lock(4711)";
    sqlx::query(lock).execute(&mut gate).await.unwrap();
    let meanwhile = async {
        let waits =
            "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        while text(postgres.owner_options(), waits).await == "0" {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let points = [of_customer(r#""m""#, 2), of_customer(r#""y""#, 20)];
        fixture.ingest(&tenant, &points).await;
        let open = "SELECT pg_advisory_unlock(4711)";
        sqlx::query(open).execute(&mut gate).await.unwrap();
    };
    let (receipt, ()) = tokio::join!(erase(&fixture, &tenant, "customer_id", "m"), meanwhile);
    assert_eq!(total(&fixture, &tenant).await, "2 30");
    // Rows in two commits, with the points' own between them.
    assert_eq!((receipt.rows, receipt.files_replaced), (2, 2));
    assert_eq!(receipt.version_after, receipt.version_before + 3);
    assert_eq!(fixture.version(&tenant).await, receipt.version_after);
    // Later points are later ones, also to a replay.
    fixture.ingest(&tenant, &[of_customer(r#""m""#, 4)]).await;
    assert_eq!(fixture.engine.replay_erasures(&tenant).await.unwrap(), 0);
    assert_eq!(total(&fixture, &tenant).await, "3 34");
    gate.close().await.unwrap();
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn erasing_a_tenant_leaves_nothing_of_its_points_or_its_senders() {
    let fixture = Fixture::start().await;
    let a = fixture.tenant("a", "UTC").await;
    let b = fixture.tenant("b", "UTC").await;
    let line = of_customer(r#""x""#, 3).replacen('{', r#"{"event_id":"e1","#, 1);
    let request = IngestRequest {
        idempotency_key: Some("key".to_owned()),
        ..ndjson(&line)
    };
    for tenant in [&a, &b] {
        fixture.send(tenant, request.clone()).await.unwrap();
        fixture.engine.compact(tenant).await.unwrap();
        fixture.ingest(tenant, &[of_customer(r#""y""#, 4)]).await;
    }
    let b_version = fixture.version(&b).await;
    let erasure = fixture.engine.upkeep().erase(&a, None).await.unwrap();
    let receipt = erasure.receipt.unwrap();
    assert_eq!(
        (receipt.rows, receipt.files_replaced, receipt.files_added),
        (2, 2, 0)
    );
    assert_eq!((receipt.event_ids, receipt.stored_answers), (1, 1));
    assert_eq!(total(&fixture, &a).await, "0 0");
    assert_eq!(
        objects(&fixture.path("data/objects/tenant_id=a")),
        BTreeSet::new()
    );

    assert_eq!(fixture.version(&b).await, b_version);
    assert_eq!(total(&fixture, &b).await, "2 7");
    // The tenant may go on, as if it had never sent this.
    assert_eq!(fixture.send(&a, request).await.unwrap().accepted, 1);
    assert_eq!(total(&fixture, &a).await, "1 3");
    let nobody = TenantId::new("nobody").unwrap();
    assert!(fixture.engine.upkeep().erase(&nobody, None).await.is_err());
    fixture.stop().await;
}

#[tokio::test]
async fn an_erasure_that_takes_long_goes_on_without_its_caller() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let lines = [of_customer("\"c-1\"", 1), of_customer("\"c-2\"", 2)];
    fixture.ingest(&tenant, &lines).await;

    // Somebody holds the tenant's version: no commit goes through.
    let postgres = fixture.postgres().await;
    let mut holder = postgres.owner_options().connect().await.unwrap();
    let hold = "BEGIN; SET LOCAL app.current_tenant_id = 'a';
        SELECT FROM analytics.tenant_version WHERE tenant_id = 'a' FOR UPDATE";
    sqlx::raw_sql(hold).execute(&mut holder).await.unwrap();

    let upkeep = fixture.engine.upkeep();
    let subject = Subject::new("customer_id", "c-1").unwrap();
    let patience = Duration::from_millis(500);
    let asked = upkeep.erase_within(&tenant, Some(subject), patience).await;
    let asked = asked.unwrap();
    assert_eq!((asked.finished_at, &asked.receipt), (None, &None));
    let listed = upkeep.erasures(&tenant).await.unwrap();
    assert_eq!((listed.len(), listed[0].id), (1, asked.id));

    sqlx::raw_sql("COMMIT").execute(&mut holder).await.unwrap();
    let receipt = loop {
        let listed = upkeep.erasures(&tenant).await.unwrap();
        if let Some(receipt) = &listed[0].receipt {
            break receipt.clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(receipt.rows, 1);
    assert_eq!(total(&fixture, &tenant).await, "1 2");
    drop(holder);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}
