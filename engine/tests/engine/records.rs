//! Records of queries and changes, and the registry of running queries.

use engine::metadata::actor::acting;
use engine::metadata::keys::Scope;
use engine::metadata::records::Filter;
use engine::query::running::watched::Terms;
use engine::query::running::{Asked, Class, RunningQuery};
use engine::{Engine, Error, TenantId};
use futures::{Stream, StreamExt, stream};

use crate::fixture::{Fixture, order, run, superuser};

fn begin(engine: &Engine, tenant: &TenantId, text: &str) -> RunningQuery {
    engine.running().begin(&Asked {
        tenant,
        who: "a test",
        class: Class::Sql,
        text,
    })
}

/// What a query's reader gets: three pieces of five bytes.
fn watched(query: RunningQuery) -> impl Stream<Item = Result<Vec<u8>, Error>> {
    let pieces = (0..3).map(|_| Ok(b"bytes".to_vec()));
    let terms = Terms {
        bytes: |piece: &Vec<u8>| piece.len() as u64,
        kind: |error: &Error| error.kind().to_owned(),
        cancelled: || Error::Cancelled,
    };
    query.watch(stream::iter(pieces), terms)
}

fn of(tenant: &TenantId) -> Filter {
    Filter {
        tenant: Some(tenant.clone()),
        limit: 100,
        ..Filter::default()
    }
}

#[tokio::test]
async fn however_a_stream_ends_its_query_is_recorded_even_when_the_engine_ends() {
    let fixture = Fixture::start().await;
    let a = fixture.tenant("a", "UTC").await;
    let b = fixture.tenant("b", "UTC").await;
    let engine = &fixture.engine;

    let read: Vec<_> = watched(begin(engine, &a, "select 1")).collect().await;
    assert_eq!(read.len(), 3);

    let query = begin(engine, &a, "select 2");
    let id = query.id();
    let mut cancelled = watched(query);
    assert!(matches!(cancelled.next().await, Some(Ok(_))));
    assert!(!engine.running().cancel(Some(&b), None, id));
    assert!(!engine.running().cancel(Some(&a), Some("somebody"), id));
    assert_eq!(engine.running().list(Some(&a), None).len(), 1);
    assert!(engine.running().cancel(Some(&a), Some("a test"), id));
    assert!(matches!(
        cancelled.next().await,
        Some(Err(Error::Cancelled))
    ));
    assert!(cancelled.next().await.is_none());

    drop(watched(begin(engine, &a, "select 3")));
    begin(engine, &a, "select 4").fail("query");
    assert_eq!(engine.running().list(None, None).len(), 0);

    // Nothing has waited for these to be written.
    let fixture = fixture.restart().await;
    let records = fixture.engine.records();
    let mut written = records.queries(&of(&a)).await.unwrap();
    written.reverse();
    let ends: Vec<_> = written
        .iter()
        .map(|r| (r.verdict.as_str(), r.problem.as_deref(), r.bytes_sent))
        .collect();
    assert_eq!(
        ends,
        [
            ("finished", None, 15),
            ("cancelled", Some("cancelled"), 5),
            ("cancelled", Some("client-gone"), 0),
            ("failed", Some("query"), 0),
        ]
    );
    assert!(written.iter().all(|r| r.text == "select ?"));
    assert_eq!(records.queries(&of(&b)).await.unwrap(), []);
    assert_eq!(records.dropped(), 0);

    // Kept for 30 days, and no longer.
    let postgres = fixture.postgres().await;
    run(
        superuser(&fixture, &postgres),
        "UPDATE analytics.query_log SET started_at = now() - interval '31 days' WHERE bytes_sent = 15;
         UPDATE analytics.query_log SET started_at = now() - interval '29 days' WHERE bytes_sent = 5;",
    )
    .await;
    fixture.engine.upkeep().sweep().await.unwrap();
    assert_eq!(records.queries(&of(&a)).await.unwrap().len(), 3);
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn a_change_is_recorded_with_who_made_it_and_what_was_undone_is_not() {
    let fixture = Fixture::start().await;
    let a = fixture.tenant("a", "UTC").await;
    fixture
        .ingest(&a, &[order("1", "2024-03-10T12:00:00Z", "{}")])
        .await;
    let keys = fixture.engine.keys();
    let key = acting("somebody", keys.create(&a, &[Scope::Read], None)).await;
    let key = key.unwrap().id;
    acting("somebody else", keys.revoke(&a, key)).await.unwrap();
    // Again changes nothing.
    keys.revoke(&a, key).await.unwrap();
    let tenants = fixture.engine.tenants();
    let zone = "Asia/Kathmandu".parse().unwrap();
    tenants.set_time_zone(&a, zone).await.unwrap();
    assert!(tenants.create(&a, "pro", chrono_tz::UTC).await.is_err());

    let records = fixture.engine.records();
    let mut changes = records.changes(&of(&a)).await.unwrap();
    changes.reverse();
    let told: Vec<_> = changes
        .iter()
        .map(|c| (c.action.as_str(), c.who.as_str(), c.target.clone()))
        .collect();
    let (tenant, id) = ("a".to_owned(), key.to_string());
    assert_eq!(
        told,
        [
            ("tenant.created", "system", tenant.clone()),
            // The registry's definition, which came with the first point.
            (
                "metric.created",
                "system",
                "coreldove/revenue/order_revenue".to_owned()
            ),
            ("key.created", "somebody", id.clone()),
            ("key.changed", "somebody else", id),
            ("tenant.changed", "system", tenant),
        ]
    );
    assert_eq!(
        changes[4].detail,
        serde_json::json!({"time_zone": "Asia/Kathmandu"})
    );
    assert!(changes[3].detail["revoked_at"].is_string());
    // All tenants', and what is no tenant's.
    let everything = Filter {
        limit: 1_000,
        ..Filter::default()
    };
    let all = records.changes(&everything).await.unwrap();
    assert_eq!(all.len(), 5, "{all:?}");
    fixture.stop().await;
}
