//! Data points in: what is kept, what is rejected, what is refused.

use serde_json::{Value, json};

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

const PATH: &str = "/api/analytics/data-points";

async fn raw(
    client: &Client,
    content_type: &str,
    text: impl Into<reqwest::Body>,
) -> reqwest::Response {
    client
        .post(PATH)
        .header("content-type", content_type)
        .body(text)
        .send()
        .await
        .unwrap()
}

async fn count(client: &Client) -> Value {
    client
        .rows("select count(*) from analytics_data_points")
        .await[0][0]
        .clone()
}

#[tokio::test]
async fn good_points_are_kept_and_faulty_ones_are_named() {
    let server = Server::start();
    let client = server.tenant("a");

    // Three ways to write a body.
    let point = order(json!(4.07), json!({"country": "France", "n": 1}));
    let array = body(client.points(&json!([point])).send().await.unwrap(), 200).await;
    assert_eq!(
        (&array["accepted"], &array["rejected"]),
        (&json!(1), &json!([]))
    );
    let object = client
        .points(&json!({"data_points": [point, point]}))
        .send()
        .await
        .unwrap();
    assert_eq!(body(object, 200).await["accepted"], 2);
    let lines = format!("{point}\n{point}\n\n");
    let lines = body(raw(&client, "application/x-ndjson", lines).await, 200).await;
    assert_eq!(lines["accepted"], 2);
    assert!(lines["version"].as_i64() > array["version"].as_i64());
    assert_eq!(count(&client).await, 5);

    // Faults are named by index, field and reason; the others are kept.
    let with = |field: &str, value: Value| {
        let mut point = point.clone();
        point[field] = value;
        point
    };
    let faulty = json!([
        with("platform", json!("nowhere")),
        point,
        with("value", json!("NaN")),
        with("recorded_at", json!("yesterday")),
        with("surprise", json!(1)),
        with("value", json!(0.12345678949)),
        with("value", json!(1e17)),
        with("value", json!(0)),
    ]);
    let mixed = body(client.points(&faulty).send().await.unwrap(), 200).await;
    assert_eq!(
        (&mixed["accepted"], &mixed["rounded"]),
        (&json!(3), &json!(1))
    );
    let rejected = mixed["rejected"].as_array().unwrap();
    let named: Vec<_> = rejected
        .iter()
        .map(|r| (r["index"].clone(), r["field"].clone()))
        .collect();
    let expected = [
        (0, "platform"),
        (2, "value"),
        (3, "recorded_at"),
        (4, "surprise"),
        (6, "value"),
    ];
    assert_eq!(
        named,
        expected.map(|(index, field)| (json!(index), json!(field)))
    );
    assert!(
        rejected
            .iter()
            .all(|r| !r["reason"].as_str().unwrap().is_empty())
    );
    assert_eq!(count(&client).await, 8);

    // All rejected, or strict with one fault: nothing is kept.
    let none = client
        .points(&json!([faulty[0], faulty[2]]))
        .send()
        .await
        .unwrap();
    let none = body(none, 422).await;
    assert_eq!(none["accepted"], 0);
    assert_eq!(none["version"], mixed["version"], "the tenant's, as it is");
    let strict = client
        .post(&format!("{PATH}?strict=true"))
        .json(&faulty)
        .send()
        .await
        .unwrap();
    let strict = body(strict, 422).await;
    assert_eq!(
        (
            &strict["accepted"],
            strict["rejected"].as_array().unwrap().len()
        ),
        (&json!(0), 5)
    );
    assert_eq!(strict["version"], mixed["version"]);
    let fresh = server.tenant("fresh").points(&json!([faulty[0]])).send();
    assert_eq!(body(fresh.await.unwrap(), 422).await["version"], 0);
    assert_eq!(count(&client).await, 8);
}

#[tokio::test]
async fn a_faulty_body_keeps_nothing() {
    let server = Server::start();
    let client = server.tenant("a");
    let point = order(json!(1), json!({}));

    let cut = format!("[{point},\n{point}");
    let malformed = problem(raw(&client, "application/json", cut).await, 400).await;
    let place = malformed.to_string();
    assert!(place.contains("line"), "{place}");
    problem(raw(&client, "application/json", "").await, 400).await;
    problem(raw(&client, "application/json", "17").await, 400).await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = raw(&client, "application/json", deep).await;
    assert_eq!(deep.status().as_u16(), 422, "no point is an array");

    problem(raw(&client, "text/plain", format!("[{point}]")).await, 415).await;
    problem(
        raw(
            &client,
            "application/json; charset=latin1",
            format!("[{point}]"),
        )
        .await,
        415,
    )
    .await;
    let packed = client
        .points(&json!([point]))
        .header("content-encoding", "br");
    problem(packed.send().await.unwrap(), 415).await;

    let large = " ".repeat(32 * 1024 * 1024 + 1);
    problem(raw(&client, "application/json", large).await, 413).await;

    let unknown = client
        .post(&format!("{PATH}?stirct=true"))
        .json(&json!([point]));
    problem(unknown.send().await.unwrap(), 400).await;
    for (parameters, at) in [
        ("strict=1", "strict"),
        ("strict", "strict"),
        ("stirct=true", "stirct"),
        ("strict=true&strict=false", "strict"),
    ] {
        let sent = client
            .post(&format!("{PATH}?{parameters}"))
            .json(&json!([point]));
        let refused = problem(sent.send().await.unwrap(), 400).await;
        assert_eq!(refused["at"], at, "{refused}");
        assert!(refused["detail"].as_str().unwrap().contains("parameter"));
    }
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn a_point_sent_twice_counts_once() {
    let server = Server::start();
    let client = server.tenant("a");
    let point = order(json!(1), json!({}));

    // By the request's key.
    let send = |points: Value| {
        client
            .points(&points)
            .header("Idempotency-Key", "k-1")
            .send()
    };
    let first = body(send(json!([point])).await.unwrap(), 200).await;
    let again = body(send(json!([point])).await.unwrap(), 200).await;
    assert_eq!(first, again);
    problem(send(json!([point, point])).await.unwrap(), 422).await;
    assert_eq!(count(&client).await, 1);
    // Another mode is another request, though the body is the same.
    let strict = client
        .post(&format!("{PATH}?strict=true"))
        .json(&json!([point]))
        .header("Idempotency-Key", "k-1");
    let refused = problem(strict.send().await.unwrap(), 422).await;
    assert_eq!(refused["at"], "Idempotency-Key");
    assert!(refused["hint"].as_str().unwrap().contains("strict"));
    assert_eq!(count(&client).await, 1);
    let keyless = client.points(&json!([point])).header("Idempotency-Key", "");
    problem(keyless.send().await.unwrap(), 400).await;

    // By the points' own ids, within one body and across bodies.
    let mut event = point.clone();
    event["event_id"] = json!("e-1");
    let twice = body(
        client.points(&json!([event, event])).send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(
        (&twice["accepted"], &twice["duplicates"]),
        (&json!(1), &json!(1))
    );
    let later = body(client.points(&json!([event])).send().await.unwrap(), 200).await;
    assert_eq!(
        (&later["accepted"], &later["duplicates"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(count(&client).await, 2);

    // Another tenant's keys and ids are its own.
    let other = server.tenant("b");
    let sent = other
        .points(&json!([event, point]))
        .header("Idempotency-Key", "k-1");
    assert_eq!(body(sent.send().await.unwrap(), 200).await["accepted"], 2);
}
