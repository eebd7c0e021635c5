//! A store that fails before and after its effect, is slow, full, throttled or
//! torn: nothing is lost, nothing is there twice, no answer is partial.

use std::collections::BTreeMap;
use std::sync::Arc;

use engine::Error;
use engine::ingest::{IngestAnswer, IngestRequest};
use object_store::memory::InMemory;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::fault_store::{Fault, FaultStore};
use crate::fixture::{Fixture, ndjson, order};

/// Points of a request: so many of these go to the store as a file.
const LARGE: u64 = 40_000;
const SMALL: u64 = 2;

fn request(number: u64, count: u64) -> IngestRequest {
    let mut random = StdRng::seed_from_u64(number);
    let lines = (0..count).map(|i| {
        let text: String = (0..4)
            .map(|_| format!("{:016x}", random.random::<u64>()))
            .collect();
        let dimensions = format!(r#"{{"request":"{number}","text":"{text}"}}"#);
        let day = format!("2025-03-{:02}T12:00:00Z", i % 28 + 1);
        order("1.25", &day, &dimensions)
    });
    IngestRequest {
        idempotency_key: Some(format!("request-{number}")),
        ..ndjson(&lines.collect::<Vec<_>>().join("\n"))
    }
}

const COUNTS: &str = "select dimensions->>'request', count(*), count(distinct dimensions->>'text')
    from analytics_data_points group by 1";

/// Points by request, or the error of a query that could not be answered.
async fn held(fixture: &Fixture, tenant: &engine::TenantId) -> Result<BTreeMap<u64, u64>, Error> {
    let table = fixture.ask(tenant, COUNTS, &[]).await?;
    assert!(!table.truncated);
    let number = |text: &String| text.parse::<u64>().unwrap();
    let row = |row: &Vec<String>| {
        assert_eq!(row[1], row[2], "a point is there twice: {row:?}");
        (number(&row[0]), number(&row[1]))
    };
    Ok(table.rows.iter().map(row).collect())
}

fn away(error: &Error, at: &str) {
    assert!(
        matches!(error, Error::Unavailable { .. }),
        "{at}: {error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_store_does_points_are_kept_once_and_answers_are_whole() {
    let seed = std::env::var("TESSERA_FAULT_SEED")
        .map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    eprintln!("store faults: TESSERA_FAULT_SEED={seed}");
    let steps =
        std::env::var("TESSERA_FAULT_ROUNDS").map_or(40, |n| 20 * n.parse::<u64>().unwrap());
    let store = FaultStore::new(Arc::new(InMemory::new()), seed);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    let tenant = fixture.tenant("acme", "UTC").await;
    let mut random = StdRng::seed_from_u64(seed);
    let faults = [
        Fault::Before,
        Fault::After,
        Fault::Delay,
        Fault::Throttled,
        Fault::Full,
        Fault::Torn,
    ];
    store.fail(300, &faults);
    let mut kept: BTreeMap<u64, u64> = BTreeMap::new();
    let mut open: BTreeMap<u64, u64> = BTreeMap::new();
    for step in 0..steps {
        match random.random_range(0..10) {
            0..3 => {
                let count = if random.random_range(0..3) == 0 {
                    LARGE
                } else {
                    SMALL
                };
                open.insert(step, count);
            }
            3..5 => {
                if let Err(error) = fixture.engine.compact(&tenant).await {
                    away(&error, "compaction");
                }
            }
            5..7 => match held(&fixture, &tenant).await {
                Ok(held) => assert_eq!(held, kept, "step {step}"),
                Err(error) => away(&error, "query"),
            },
            7 => {
                let query = "select coalesce(sum(value_count), 0) from daily_metrics";
                match fixture.ask(&tenant, query, &[]).await {
                    Ok(table) => {
                        assert_eq!(table.rows[0][0], kept.values().sum::<u64>().to_string())
                    }
                    Err(error) => away(&error, "roll-up"),
                }
            }
            _ => {}
        }
        // What was not acknowledged is sent again, sooner or later.
        let tries: Vec<(u64, u64)> = open.iter().map(|(n, c)| (*n, *c)).collect();
        for (number, count) in tries {
            match fixture.send(&tenant, request(number, count)).await {
                Ok(IngestAnswer { accepted, .. }) => {
                    assert_eq!(accepted, count);
                    open.remove(&number);
                    kept.insert(number, count);
                }
                Err(error) => away(&error, "ingest"),
            }
        }
    }
    eprintln!("{} faults", store.happened());
    store.fail(0, &[]);
    for (number, count) in open {
        fixture.send(&tenant, request(number, count)).await.unwrap();
        kept.insert(number, count);
    }
    assert_eq!(held(&fixture, &tenant).await.unwrap(), kept);
    fixture.engine.compact(&tenant).await.unwrap();
    assert_eq!(held(&fixture, &tenant).await.unwrap(), kept);
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_room_takes_nothing_and_goes_on_when_there_is_some() {
    let store = FaultStore::new(Arc::new(InMemory::new()), 0);
    let fixture = Fixture::start_on(Arc::new(store.clone())).await;
    let tenant = fixture.tenant("acme", "UTC").await;
    store.fail(1_000, &[Fault::Full]);
    // What fits into the catalog needs no store, until it is flushed.
    fixture.send(&tenant, request(1, SMALL)).await.unwrap();
    let refused = fixture.send(&tenant, request(2, LARGE)).await;
    away(&refused.unwrap_err(), "ingest");
    away(&fixture.engine.compact(&tenant).await.unwrap_err(), "flush");
    let expected = BTreeMap::from([(1, SMALL)]);
    assert_eq!(held(&fixture, &tenant).await.unwrap(), expected);
    store.fail(0, &[]);
    fixture.send(&tenant, request(2, LARGE)).await.unwrap();
    assert_eq!(fixture.engine.compact(&tenant).await.unwrap(), 1);
    let expected = BTreeMap::from([(1, SMALL), (2, LARGE)]);
    assert_eq!(held(&fixture, &tenant).await.unwrap(), expected);
    fixture.stop().await;
}
