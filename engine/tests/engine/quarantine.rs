//! Rejected points: kept, bounded, replayed once, gone in time.

use engine::ingest::quarantine::{Dropped, Filter, Replayed};
use engine::ingest::{IngestRequest, OnFault};
use engine::{Error, TenantId};
use uuid::Uuid;

use crate::fixture::{Fixture, json, ndjson, order, run};

const NOON: &str = "2024-03-10T12:00:00Z";

async fn entries(fixture: &Fixture, tenant: &TenantId) -> Vec<engine::ingest::quarantine::Entry> {
    let all = Filter::default();
    let listed = fixture
        .engine
        .ingest()
        .quarantined(tenant, &all, None, 1_000)
        .await;
    listed.unwrap()
}

async fn points(fixture: &Fixture, tenant: &TenantId) -> String {
    let sums = "select count(*), coalesce(sum(metric_value), 0) from analytics_data_points";
    fixture.row(tenant, sums).await
}

#[tokio::test]
async fn a_rejected_point_counts_once_when_it_is_mended() {
    let fixture = Fixture::start().await;
    let (a, b) = (
        fixture.tenant("a", "UTC").await,
        fixture.tenant("b", "UTC").await,
    );
    let ingest = fixture.engine.ingest();

    // Kept as sent, with digits, order and nonsense.
    let faulty = r#" {"platform":"coreldove", "value": 1.10,"surprise":"\u0000"}"#;
    let good = order("1", NOON, "{}");
    let body = format!("[{good},{faulty},\n{}, 17]", order("\"NaN\"", NOON, "{}"));
    let keyed = || IngestRequest {
        idempotency_key: Some("k".into()),
        ..json(&body)
    };
    let answer = fixture.send(&a, keyed()).await.unwrap();
    assert_eq!((answer.accepted, answer.rejected.len()), (1, 3));
    let kept = entries(&fixture, &a).await;
    let mut listed: Vec<_> = kept
        .iter()
        .map(|e| (e.index, e.field.as_str(), e.point.as_deref().unwrap()))
        .collect();
    listed.sort_unstable();
    assert_eq!(listed[0], (1, "surprise", faulty.trim()));
    assert_eq!((listed[1].0, listed[1].1), (2, "value"));
    assert_eq!(listed[2], (3, "", "17"));
    // The same body under its key brings nothing new; strict keeps nothing.
    fixture.send(&a, keyed()).await.unwrap();
    let strict = IngestRequest {
        on_fault: OnFault::RejectAll,
        ..json(&body)
    };
    fixture.send(&a, strict).await.unwrap();
    assert_eq!(entries(&fixture, &a).await.len(), 3);
    // A body of which nothing was kept has its points here, too, once.
    let nothing = || IngestRequest {
        idempotency_key: Some("all".into()),
        ..ndjson(r#"{"platform":"nowhere"}"#)
    };
    fixture.send(&a, nothing()).await.unwrap();
    fixture.send(&a, nothing()).await.unwrap();
    assert_eq!(entries(&fixture, &a).await.len(), 4);
    let by = Filter {
        platform: Some("nowhere".into()),
        field: None,
    };
    let nowhere = ingest.quarantined(&a, &by, None, 10).await.unwrap();
    assert_eq!(nowhere.len(), 1);

    // Another tenant neither sees nor reaches them.
    let id = kept.iter().find(|e| e.index == 2).unwrap().id;
    assert_eq!(entries(&fixture, &b).await, []);
    for missing in [id, Uuid::now_v7()] {
        let replayed = ingest.replay(&b, missing, None).await;
        let dropped = ingest.drop_quarantined(&b, missing).await.unwrap();
        assert_eq!(dropped, Dropped::Missing);
        let Err(Error::NotFound { what }) = replayed else {
            panic!("{replayed:?}");
        };
        assert_eq!(what, format!("rejected point {missing}"));
    }

    // As it was it is rejected again; mended it counts once of twenty times.
    let again = ingest.replay(&a, id, None).await.unwrap();
    assert!(matches!(again, Replayed::Rejected(_)), "{again:?}");
    let mended = order("2.5", NOON, "{}");
    let replays = (0..20).map(|_| ingest.replay(&a, id, Some(&mended)));
    for replayed in futures::future::join_all(replays).await {
        assert_eq!(replayed.unwrap(), Replayed::Accepted(2));
    }
    assert_eq!(points(&fixture, &a).await, "2 3.5");
    assert_eq!(entries(&fixture, &a).await.len(), 3);
    assert_eq!(
        ingest.drop_quarantined(&a, id).await.unwrap(),
        Dropped::Missing
    );

    // A replay that was cut off behind its commit is found out by the next.
    let id = kept.iter().find(|e| e.index == 3).unwrap().id;
    let postgres = fixture.postgres().await;
    let owner = postgres.owner_options();
    run(
        owner.clone(),
        "CREATE TABLE analytics.aside AS SELECT * FROM analytics.quarantine",
    )
    .await;
    assert_eq!(
        ingest.replay(&a, id, Some(&mended)).await.unwrap(),
        Replayed::Accepted(3)
    );
    run(owner.clone(), "INSERT INTO analytics.quarantine SELECT * FROM analytics.aside ON CONFLICT DO NOTHING; DROP TABLE analytics.aside").await;
    assert_eq!(
        ingest.replay(&a, id, Some(&mended)).await.unwrap(),
        Replayed::Accepted(3)
    );
    assert_eq!(points(&fixture, &a).await, "3 6");

    // One whose event is known is no point any more.
    let id = nowhere[0].id;
    let event = mended.replacen('{', r#"{"event_id":"e","#, 1);
    fixture.ingest(&a, std::slice::from_ref(&event)).await;
    assert_eq!(
        ingest.replay(&a, id, Some(&event)).await.unwrap(),
        Replayed::Duplicate
    );
    // While a replay is under way nothing is dropped; then it is.
    let left = entries(&fixture, &a).await;
    assert_eq!(left.len(), 1);
    let under_way = "UPDATE analytics.quarantine SET replaying_until = now() + interval '1 minute'";
    run(owner.clone(), under_way).await;
    assert_eq!(
        ingest.drop_quarantined(&a, left[0].id).await.unwrap(),
        Dropped::Replaying
    );
    run(
        owner.clone(),
        "UPDATE analytics.quarantine SET replaying_until = NULL",
    )
    .await;
    assert_eq!(
        ingest.drop_quarantined(&a, left[0].id).await.unwrap(),
        Dropped::Done
    );
    assert_eq!(entries(&fixture, &a).await, []);

    it_is_bounded_and_expires(&fixture, &a, owner).await;
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

async fn it_is_bounded_and_expires(
    fixture: &Fixture,
    tenant: &TenantId,
    owner: sqlx::postgres::PgConnectOptions,
) {
    // The oldest make room, by number; one too long to keep has no text.
    let long = format!(r#"{{"x":"{}"}}"#, "x".repeat(40_000));
    fixture.send(tenant, ndjson(&long)).await.unwrap();
    assert_eq!(entries(fixture, tenant).await[0].point, None);
    let many: String = (0..9_999).map(|i| format!("{{\"n\":{i}}}\n")).collect();
    fixture.send(tenant, ndjson(&many)).await.unwrap();
    fixture.send(tenant, ndjson("1\n2")).await.unwrap();
    let newest = entries(fixture, tenant).await;
    assert_eq!(newest[0].point.as_deref(), Some("2"));
    let last = format!(
        "DO $$ BEGIN ASSERT (SELECT count(*) = 10000 AND bool_and(point IS NOT NULL)
             AND count(*) FILTER (WHERE point = '{}') = 0 FROM analytics.quarantine); END $$",
        r#"{"n":0}"#
    );
    run(owner.clone(), &last).await;
    // And by size.
    let heavy: String = (0..1_000)
        .map(|_| format!("{{\"x\":\"{}\"}}\n", "x".repeat(30_000)))
        .collect();
    fixture.send(tenant, ndjson(&heavy)).await.unwrap();
    run(
        owner.clone(),
        "DO $$ BEGIN ASSERT (SELECT sum(octet_length(point)) BETWEEN 15 << 20 AND 16 << 20
             FROM analytics.quarantine); END $$",
    )
    .await;
    // What has expired is not there any more, whether swept or not.
    run(
        owner,
        "UPDATE analytics.quarantine SET expires_at = now() - interval '1 second'",
    )
    .await;
    assert_eq!(entries(fixture, tenant).await, []);
    let ids = fixture
        .engine
        .ingest()
        .quarantined_ids(tenant, &Filter::default())
        .await;
    assert_eq!(ids.unwrap().len(), 0);
}
