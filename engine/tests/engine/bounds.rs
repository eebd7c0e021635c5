//! What a body may take of memory and of the store, whatever becomes of it.

use std::io;

use bytes::Bytes;
use engine::ingest::bulk::{Encoding, Format};
use engine::ingest::{BodyFormat, IngestRequest, OnFault};
use engine::maintain::check::{CheckOptions, Depth, Repair};
use futures::SinkExt;
use futures::channel::mpsc;

use crate::bulk::{POINTS, count, lines, request, send};
use crate::fixture::{Fixture, ndjson, order};

const NOON: &str = "2024-03-10T12:00:00Z";
const POINTS_HELD: &str = "SELECT count(*) FROM analytics_data_points";

#[tokio::test]
async fn a_body_made_to_fill_memory_is_taken_or_refused_in_little() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    // As many different keys as a body may name, and more: 64 in each point.
    let lines: Vec<String> = (0..200)
        .map(|point| {
            let keys: Vec<String> = (0..64)
                .map(|key| format!(r#""k{}":"v""#, 64 * point + key))
                .collect();
            order("1", NOON, &format!("{{{}}}", keys.join(",")))
        })
        .collect();
    let before = resident_mib();
    let sent = fixture.send(&tenant, ndjson(&lines.join("\n"))).await;
    let answer = sent.unwrap();
    assert_eq!((answer.accepted, answer.rejected.len()), (64, 136));
    let refused = &answer.rejected[0];
    assert!(
        refused.field.starts_with("dimensions.k4096") && refused.reason.contains("4096"),
        "{refused:?}"
    );
    let grown = resident_mib() - before;
    assert!(grown < 200, "{grown} MiB for 200 points");
    assert_eq!(fixture.row(&tenant, POINTS_HELD).await, "64");

    // One good point among very many that are none.
    let mut body = String::from("[");
    body.push_str(&order("1", NOON, "{}"));
    body.push_str(&",1".repeat(500_000));
    body.push(']');
    let request = IngestRequest {
        body: body.into(),
        format: BodyFormat::Json,
        on_fault: OnFault::KeepOthers,
        idempotency_key: Some("many".into()),
    };
    let answer = fixture.send(&tenant, request.clone()).await.unwrap();
    assert_eq!((answer.accepted, answer.rejected.len()), (1, 1_000));
    assert_eq!(answer.unlisted, 499_000);
    let again = fixture.send(&tenant, request).await.unwrap();
    assert_eq!(again, answer);
    fixture.stop().await;
}

/// Memory of this process, which runs this test alone.
fn resident_mib() -> i64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    let kib: i64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}

/// Points all over three months, with so many quarter hours that they are objects,
/// and so many points in each that they are kept.
fn spread(points: u64) -> String {
    let start = chrono::DateTime::from_timestamp(1_704_067_200, 0).unwrap();
    let line = |i: u64| {
        let at = start + chrono::Duration::seconds(105 * i as i64);
        // Numbers that no compression foresees.
        let value = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let dimensions = format!(r#"{{"k":"v{}"}}"#, i % 50);
        order(&value.to_string(), &at.to_rfc3339(), &dimensions) + "\n"
    };
    (0..points).map(line).collect()
}

#[tokio::test]
async fn a_body_of_months_leaves_every_object_that_its_commit_names() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let text = spread(75_000);
    let sent = send(
        &fixture,
        &tenant,
        request(Format::NdJson, Encoding::Identity),
        text.into_bytes(),
    );
    assert_eq!(sent.await.unwrap().accepted, 75_000);
    let named = "select count(*) from analytics.data_file where detail_key is not null";
    assert!(
        count(&fixture, named).await > 0,
        "quarter hours are objects"
    );
    let waiting = "select count(*) from analytics.pending_upload";
    assert_eq!(count(&fixture, waiting).await, 0);
    let options = CheckOptions {
        tenant: None,
        depth: Depth::Bytes,
        repair: Repair::Nothing,
    };
    let checked = fixture.engine.check(&options, &()).await.unwrap();
    assert_eq!(checked.findings, [], "{checked:?}");
    fixture.stop().await;
}

#[tokio::test]
async fn a_body_whose_sender_leaves_leaves_nothing() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let text = Bytes::from(lines(POINTS, "e").into_bytes());
    // Two chunks come, and then nothing.
    let (mut sender, mut body) = mpsc::channel::<io::Result<Bytes>>(1);
    let ingest = fixture.engine.ingest().clone();
    let sent = tokio::spawn({
        let tenant = tenant.clone();
        async move {
            let request = request(Format::NdJson, Encoding::Identity);
            ingest.bulk(&tenant, request, &mut body).await
        }
    });
    for at in (0..text.len() - 100_000).step_by(100_000) {
        sender.send(Ok(text.slice(at..at + 100_000))).await.unwrap();
    }
    let notes = "select count(*) from analytics.pending_upload";
    while count(&fixture, notes).await == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    sent.abort();
    drop(sender);
    for _ in 0..100 {
        if count(&fixture, notes).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(count(&fixture, notes).await, 0, "uploads are taken back");
    assert_eq!(fixture.version(&tenant).await, 0);
    fixture.stop().await;
}
