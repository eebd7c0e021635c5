//! Platform events in.

use serde_json::{Value, json};

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, problem};

async fn send(client: &Client, platform: &str, action: &str, data: Value) -> reqwest::Response {
    let event = json!({"platform": platform, "action": action, "data": data});
    client
        .post("/api/analytics/collect")
        .json(&event)
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn each_platforms_event_gives_its_points() {
    let server = Server::start();
    let client = server.tenant("a");
    let events = [
        (
            "bizoholic",
            "campaign_created",
            2,
            json!({"id": "c", "type": "email", "revenue": 0,
            "conversion_rate": 0.1, "leads": 3, "clicks": 30}),
        ),
        (
            "coreldove",
            "order_placed",
            2,
            json!({"id": "o", "customer_id": "u",
            "total_amount": 99.5, "items": [1, 2], "session_duration": 60, "pages_viewed": 5}),
        ),
        (
            "business_directory",
            "listing_viewed",
            1,
            json!({"id": "l", "view_count": 7,
            "category": "food", "location": "Lyon"}),
        ),
        (
            "thrillring",
            "session_ended",
            1,
            json!({"player_id": "p", "duration_minutes": 12.5,
            "game_type": "race", "final_score": 900}),
        ),
        (
            "quanttrade",
            "something_new",
            1,
            json!({"id": "t", "profit_loss": -1.25,
            "instrument": "EURUSD", "strategy": "trend"}),
        ),
    ];
    for (platform, action, points, data) in events {
        let answer = body(send(&client, platform, action, data).await, 200).await;
        assert_eq!(answer["accepted"], points, "{platform}: {answer}");
    }
    let revenue = client
        .rows(
            "select metric_name, metric_value, dimensions->>'action' from analytics_data_points \
            where metric_type = 'revenue' order by metric_name",
        )
        .await;
    assert_eq!(
        revenue,
        json!([
            ["campaign_revenue", 0, "campaign_created"],
            ["order_revenue", 99.5, "order_placed"]
        ])
    );

    // A point whose value is missing is named, the others are kept.
    let partial = send(&client, "coreldove", "order_placed", json!({})).await;
    let partial = body(partial, 200).await;
    assert_eq!(partial["accepted"], 1, "the customer's activity");
    let rejected = &partial["rejected"];
    assert_eq!(rejected.as_array().unwrap().len(), 1, "{partial}");
    assert_eq!(rejected[0]["index"], 0);
    assert_eq!(rejected[0]["field"], "data.total_amount");
    assert!(rejected[0]["reason"].as_str().unwrap().contains("number"));
    let nothing = send(&client, "quanttrade", "trade_closed", json!({"id": "t"})).await;
    let nothing = body(nothing, 422).await;
    assert_eq!(nothing["rejected"][0]["field"], "data.profit_loss");
    assert_eq!(nothing["version"], partial["version"], "the tenant's");

    // What is no event is told in words of the sender's.
    for (event, at) in [
        (json!([]), "body"),
        (json!("order"), "body"),
        (json!({"action": "x", "data": {}}), "platform"),
        (json!({"platform": "coreldove", "data": {}}), "action"),
        (json!({"platform": "coreldove", "action": "x"}), "data"),
        (
            json!({"platform": 1, "action": "x", "data": {}}),
            "platform",
        ),
        (
            json!({"platform": "coreldove", "action": "", "data": {}}),
            "action",
        ),
        (
            json!({"platform": "coreldove", "action": "a\u{0}b", "data": {}}),
            "action",
        ),
        (
            json!({"platform": "coreldove", "action": "x", "data": []}),
            "data",
        ),
        (
            json!({"platform": "coreldove", "action": "x", "data": {}, "sum": 1}),
            "sum",
        ),
    ] {
        let sent = client.post("/api/analytics/collect").json(&event);
        let refused = problem(sent.send().await.unwrap(), 400).await;
        assert_eq!(refused["at"], at, "{event}: {refused}");
        let said = refused.to_string();
        for foreign in ["struct", "Event", "sequence", "expected"] {
            assert!(!said.contains(foreign), "{event}: {said}");
        }
    }

    assert!(
        send(&client, "nowhere", "x", json!({}))
            .await
            .status()
            .is_client_error()
    );
    let malformed = client
        .post("/api/analytics/collect")
        .header("content-type", "application/json");
    problem(malformed.body("{\"platform\": ").send().await.unwrap(), 400).await;
    let untyped = client.post("/api/analytics/collect").body("{}");
    problem(untyped.send().await.unwrap(), 415).await;
}
