//! Metric definitions and the check of roll-ups.

use reqwest::Method;
use serde_json::json;

use crate::fixture::{JsonBody, Server, body, order, problem};

#[tokio::test]
async fn an_admin_says_what_a_metric_is_and_roll_ups_are_checked() {
    let server = Server::start();
    let user = server.tenant("acme");
    let admin = server.key("acme", "admin");
    let points = json!([
        order(
            json!(10),
            json!({"leads_generated": 1, "clicks": 4, "customer_id": "a"})
        ),
        order(
            json!(20),
            json!({"leads_generated": 2, "clicks": 2, "customer_id": "b"})
        ),
    ]);
    body(user.points(&points).send().await.unwrap(), 200).await;

    let path = "/api/analytics/metrics/coreldove/revenue/order_revenue";
    let ratio = json!({
        "kind": "ratio", "numerator": "leads_generated", "denominator": "clicks",
        "sketches": {"distinct": ["customer_id"]},
    });
    let put = |client: &crate::fixture::Client, definition: &serde_json::Value| {
        client.request(Method::PUT, path).json(definition).send()
    };
    problem(put(&user, &ratio).await.unwrap(), 403).await;
    let set = body(put(&admin, &ratio).await.unwrap(), 200).await;
    assert_eq!(set["definition_version"], 2);
    assert_eq!(body(put(&admin, &ratio).await.unwrap(), 200).await, set);
    for (definition, at) in [
        (
            json!({"kind": "ratio", "numerator": "a", "denominator": "a"}),
            "denominator",
        ),
        (
            json!({"kind": "gauge", "series": ["a"], "combine": "median"}),
            "combine",
        ),
        (
            json!({"kind": "distinct", "dimension": "a", "sketches": {"quantiles": true}}),
            "sketches.quantiles",
        ),
    ] {
        let refused = problem(put(&admin, &definition).await.unwrap(), 400).await;
        assert_eq!(refused["at"], at, "{refused}");
        assert!(refused["hint"].is_string(), "{refused}");
    }
    let unknown = put(&admin, &json!({"kind": "average"})).await.unwrap();
    problem(unknown, 400).await;

    let listed = user.get("/api/analytics/metrics").send().await.unwrap();
    let listed = body(listed, 200).await;
    let metric = &listed["metrics"][0];
    assert_eq!(
        (
            &metric["kind"],
            &metric["assumed"],
            &metric["definition_version"]
        ),
        (&json!("ratio"), &json!(false), &json!(2))
    );
    assert_eq!(metric["sketches"]["distinct"], json!(["customer_id"]));
    let rows = user.rows("SELECT value FROM daily_metrics").await;
    assert_eq!(rows, json!([[0.5]]));
    let rows = user
        .rows("SELECT dimension, distinct_count FROM daily_sketches")
        .await;
    assert_eq!(rows, json!([["customer_id", 2]]));

    let rows = user.rows("SELECT definition FROM metrics").await;
    let definition = rows[0][0].as_str().unwrap();
    let definition: serde_json::Value = serde_json::from_str(definition).unwrap();
    assert_eq!(definition["sketches"]["distinct"], json!(["customer_id"]));

    server.say(&["compact", "--tenant", "acme"]);
    let path = "/api/analytics/rollups/verify?from=2025-03-01&to=2025-03-31";
    let checked = body(user.post(path).send().await.unwrap(), 200).await;
    assert_eq!(
        (&checked["ok"], &checked["files"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(checked["checked"]["days"], 1);
    let wrong = user.post("/api/analytics/rollups/verify?since=x").send();
    problem(wrong.await.unwrap(), 400).await;
    problem(server.anonymous().post(path).send().await.unwrap(), 401).await;

    let said = server.say(&["rollups", "verify", "--tenant", "acme", "--json"]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["mismatches"], 0);
    assert!(
        !server
            .run(&["rollups", "verify", "--tenant", "nobody"])
            .status
            .success()
    );
    server.say(&["tenant", "set", "acme", "--time-zone", "Asia/Kathmandu"]);
    server.say(&[
        "metric",
        "set",
        "coreldove/revenue/order_revenue",
        "--tenant",
        "acme",
        "--kind",
        "sum",
    ]);
    let rows = user.rows("SELECT value FROM daily_metrics").await;
    assert_eq!(rows, json!([[30]]));
}
