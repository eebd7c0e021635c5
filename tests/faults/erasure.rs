//! The process ends at each step of an erasure, of retention and of a restore
//! that owes erasures; another one goes on.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::ConnectOptions;

use super::requests::{SMALL, held, kept, send};
use crate::fixture::{Client, Server, body, order};

const ERASURES: &str = "/api/analytics/erasures";
const QUARANTINE: &str = "/api/analytics/quarantine";

/// Steps of a rewrite, from the first look at the files to the answer.
const REWRITE: [&str; 6] = [
    "rewrite-read",
    "before-upload",
    "upload-noted",
    "uploaded",
    "before-commit",
    "committed",
];

/// Who ended holds leases and a claim for a while; nobody wants to wait for
/// their end.
async fn release(server: &Server) {
    let mut connection = server.superuser().connect().await.unwrap();
    for release in [
        "UPDATE analytics.lease SET lease_until = now()",
        "UPDATE analytics.job SET lease_until = now() WHERE state = 'running'",
    ] {
        sqlx::query(release).execute(&mut connection).await.unwrap();
    }
}

/// The receipts of a tenant, once there are so many.
async fn receipts(admin: &Client, count: usize) -> Vec<Value> {
    for _ in 0..600 {
        let list = body(admin.get(ERASURES).send().await.unwrap(), 200).await;
        let receipts = list["erasures"].as_array().unwrap().iter();
        let receipts = receipts.map(|erasure| erasure["receipt"].clone());
        let receipts: Vec<Value> = receipts.filter(|receipt| !receipt.is_null()).collect();
        if receipts.len() == count {
            return receipts;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{count} erasures are not all done");
}

#[tokio::test]
async fn an_erasure_is_carried_out_and_counted_wherever_it_ends() {
    let server = Server::start();
    let (client, other) = (server.tenant("acme"), server.tenant("other"));
    let admin = server.key("acme", "admin");
    let mut expected = BTreeMap::new();
    for request in 0..4 {
        kept(send(&other, request, SMALL).send().await.unwrap(), SMALL).await;
    }
    server.say(&["compact", "--tenant", "other"]);
    let others = held(&other).await;

    let steps = [&["erasure-noted"][..], &REWRITE, &["objects-swept"]].concat();
    for (number, at) in steps.into_iter().enumerate() {
        // One that goes and one that stays, in one object and in replaced files.
        let (goes, stays) = (2 * number as u64, 2 * number as u64 + 1);
        for request in [goes, stays] {
            kept(send(&client, request, SMALL).send().await.unwrap(), SMALL).await;
        }
        expected.insert(stays, SMALL);
        server.say(&["compact", "--tenant", "acme"]);
        let value = format!("r{goes}");
        let erase = [
            "erase",
            "--tenant",
            "acme",
            "--dimension",
            "request",
            "--value",
            &value,
        ];
        let ended = server.run_with(&erase, &[("TESSERA_FAILPOINT", at)]);
        assert!(!ended.status.success(), "the erasure went past {at}");
        release(&server).await;
        let receipts = receipts(&admin, number + 1).await;
        let receipt = &receipts[number];
        assert_eq!(receipt["rows"], SMALL, "{at}: {receipt}");
        assert_eq!(receipt["files_replaced"], 1, "{at}: {receipt}");
        assert_eq!(held(&client).await, expected, "{at}");
        assert_eq!(held(&other).await, others, "{at}");
    }
    let checked = server.run(&["check", "--deep", "--tenant", "acme"]);
    assert!(checked.status.success(), "{checked:?}");
}

#[tokio::test]
async fn retention_removes_old_points_alone_wherever_it_ends() {
    let server = Server::start();
    let (client, other) = (server.tenant("acme"), server.tenant("other"));
    let now = chrono::Utc::now();
    let pair = |number: usize| {
        let old = order(json!(number), json!({"age": "old"}));
        let mut new = order(json!(number), json!({"age": "new"}));
        new["recorded_at"] = json!(now.to_rfc3339());
        json!([old, new])
    };
    body(other.points(&pair(0)).send().await.unwrap(), 200).await;
    let metric = "coreldove/revenue/order_revenue";
    let keep = ["--metric", metric, "--days", "30"];
    server.say(&[&["retention", "--tenant", "acme"], &keep[..]].concat());
    let ages = "select cast(count(*) filter (where dimensions->>'age' = 'old') as bigint),
                       cast(count(*) filter (where dimensions->>'age' = 'new') as bigint)
                from analytics_data_points";
    let rolled = "select cast(sum(value_count) as bigint) from daily_metrics";
    for (number, at) in REWRITE.into_iter().enumerate() {
        body(client.points(&pair(number)).send().await.unwrap(), 200).await;
        let retain = ["retention", "--tenant", "acme"];
        let ended = server.run_with(&retain, &[("TESSERA_FAILPOINT", at)]);
        assert!(!ended.status.success(), "retention went past {at}");
        release(&server).await;
        // All of it or nothing, and the new points whatever happens.
        let old = u64::from(at != "committed");
        let new = number as u64 + 1;
        assert_eq!(client.rows(ages).await, json!([[old, new]]), "{at}");
        assert_eq!(client.rows(rolled).await, json!([[old + new]]), "{at}");
        let said: Value = serde_json::from_str(&server.say(&[&retain[..], &["--json"]].concat()))
            .expect("a report");
        assert_eq!(said["tenants"][0]["report"]["rows"], old, "{at}: {said}");
        assert_eq!(client.rows(ages).await, json!([[0, new]]), "{at}");
        assert_eq!(client.rows(rolled).await, json!([[new]]), "{at}");
        assert_eq!(other.rows(ages).await, json!([[1, 1]]), "{at}");
    }
}

/// The customers of all points in their order; `None` while they are withheld.
async fn customers(client: &Client) -> Option<Value> {
    let query = "select dimensions->>'customer_id' from analytics_data_points order by 1";
    let answer = client.sql(query).send().await.unwrap();
    match answer.status().as_u16() {
        503 => None,
        _ => Some(body(answer, 200).await["rows"].clone()),
    }
}

#[tokio::test]
async fn what_was_erased_is_never_shown_though_the_restore_ends_before_it_erases_again() {
    let server = Server::start();
    let client = server.tenant("acme");
    let points = json!([
        order(json!(1), json!({"customer_id": "x"})),
        order(json!(2), json!({"customer_id": "y"})),
        order(json!("nothing"), json!({"customer_id": "x"})),
        order(json!("nothing"), json!({"customer_id": "y"})),
    ]);
    let answer = body(client.points(&points).send().await.unwrap(), 200).await;
    assert_eq!(answer["rejected_count"], 2, "{answer}");
    let backups = server.file("backups");
    server.say(&["backup", "--to", &backups]);
    let subject = ["--dimension", "customer_id", "--value", "x"];
    let said = server.say(&[&["erase", "--tenant", "acme"], &subject[..]].concat());
    assert!(said.starts_with("erased 1 points"), "{said}");
    let later = json!([order(json!(4), json!({"customer_id": "x"}))]);
    body(client.points(&later).send().await.unwrap(), 200).await;
    assert_eq!(customers(&client).await, Some(json!([["x"], ["y"]])));

    let restore = [
        "restore",
        "--from",
        &backups,
        "--tenant",
        "acme",
        "--replace",
    ];
    let ended = server.run_with(&restore, &[("TESSERA_FAILPOINT", "tenant-restored")]);
    assert!(!ended.status.success(), "{ended:?}");
    // The server beside it finds what is owed.
    let mut shown = None;
    for _ in 0..600 {
        shown = customers(&client).await;
        if shown.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(shown, Some(json!([["y"]])));
    let left = async || {
        let list = body(client.get(QUARANTINE).send().await.unwrap(), 200).await;
        let entries = list["entries"].as_array().unwrap().iter();
        let of = |entry: &Value| entry["point"]["dimensions"]["customer_id"].clone();
        assert_eq!(entries.map(of).collect::<Vec<_>>(), ["y"], "{list}");
    };
    left().await;

    // And the same by a restore that is let be.
    body(client.points(&later).send().await.unwrap(), 200).await;
    let said = server.say(&restore);
    assert!(said.contains("1 erasures of tenant acme"), "{said}");
    assert_eq!(customers(&client).await, Some(json!([["y"]])));
    left().await;
    let rolled = "select cast(sum(value_count) as bigint) from daily_metrics";
    assert_eq!(client.rows(rolled).await, json!([[1]]));
    let checked = server.run(&["check", "--deep"]);
    assert!(checked.status.success(), "{checked:?}");
}
