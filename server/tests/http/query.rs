//! Structured questions over HTTP.

use serde_json::json;

use crate::fixture::{JsonBody as _, Server, body, problem};

const PATH: &str = "/api/analytics/query";

#[tokio::test]
async fn a_structured_question_is_answered_in_typed_columns() {
    let server = Server::start();
    let client = server.tenant("a");
    let order = |value: &str, at: &str, country: &str| {
        json!({
            "platform": "coreldove", "metric_type": "revenue", "metric_name": "order_revenue",
            "value": value, "recorded_at": at, "dimensions": {"country": country},
        })
    };
    let points = json!([
        order("10.000000001", "2025-03-10T12:00:00Z", "GB"),
        order("20", "2025-03-11T12:00:00Z", "DE"),
        order("1", "2025-03-11T13:00:00Z", "FR"),
        order("4", "2025-03-08T12:00:00Z", "GB"),
    ]);
    body(client.points(&points).send().await.unwrap(), 200).await;
    let query = json!({
        "metrics": ["coreldove/revenue/order_revenue",
            {"metric": "coreldove/revenue/order_revenue", "aggregate": "count", "as": "orders"}],
        "dimensions": ["country"],
        "time_range": {"from": "2025-03-10", "to": "2025-03-11"},
        "granularity": "day", "compare": "previous", "fill": "none", "totals": true,
        "top": {"limit": 2, "other": true}, "decimals": "string",
    });
    let asked = client.post(PATH).json(&query).send().await.unwrap();
    let answer = body(asked, 200).await;
    let names: Vec<&str> = answer["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "time",
            "country",
            "order_revenue",
            "orders",
            "order_revenue_previous",
            "orders_previous",
            "other"
        ]
    );
    assert_eq!(
        answer["rows"],
        json!([
            ["2025-03-10", "GB", "10.000000001", "1", "4", "1", false],
            ["2025-03-11", "DE", "20", "1", null, null, false],
            ["2025-03-11", null, "1", "1", null, null, true],
        ])
    );
    assert_eq!(answer["columns"][2]["kind"], "sum");
    assert_eq!(answer["columns"][2]["source"], "rollup");
    assert_eq!(answer["totals"][0]["value"], "31.000000001");
    assert_eq!(answer["totals"][0]["previous"], "4");
    assert_eq!(
        (&answer["groups"], &answer["complete"]),
        (&json!(3), &json!(true))
    );

    let other = server.tenant("b");
    let asked = other.post(PATH).json(&query).send().await.unwrap();
    let refused = problem(asked, 400).await;
    assert_eq!(refused["at"], "metrics[0]");
    let said = refused.to_string();
    assert!(!said.contains("coreldove/revenue/order_revenue,"), "{said}");
}

#[tokio::test]
async fn a_structured_question_that_cannot_be_is_refused_at_its_place() {
    let server = Server::start();
    let client = server.tenant("a");
    for (query, at) in [
        (json!({"metrics": []}), "metrics"),
        (json!({"metrics": ["x"]}), "metrics[0]"),
        (
            json!({"metrics": ["a/b/c"], "time_range": "0d"}),
            "time_range",
        ),
        (
            json!({"metrics": ["a/b/c"], "granularity": "fortnight"}),
            "body",
        ),
        (json!({"metrics": ["a/b/c"], "surprise": 1}), "body"),
        (json!({"metrics": ["a/b/c"], "top": {"limit": 3}}), "top"),
        (
            json!({"metrics": ["a/b/c"], "filters": [
                {"dimension": "k", "operator": "gt", "values": ["x"]}]}),
            "filters[0]",
        ),
    ] {
        let asked = client.post(PATH).json(&query).send().await.unwrap();
        assert_eq!(problem(asked, 400).await["at"], at, "{query}");
    }
}
