//! Who may ask what: every route against every kind of caller.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

/// A well-formed request of every route behind a key, and the scope it needs.
fn routes(client: &Client) -> Vec<(&'static str, RequestBuilder)> {
    let point = order(json!(1), json!({}));
    let event = json!({"platform": "coreldove", "action": "order_placed",
        "data": {"id": "o", "total_amount": 1, "items": []}});
    vec![
        ("ingest", client.points(&json!([point]))),
        ("ingest", client.post("/api/analytics/collect").json(&event)),
        ("read", client.sql("select 1")),
        ("view", client.get("/api/analytics/dashboard")),
        (
            "view",
            client.get("/api/analytics/platforms/coreldove/dashboard"),
        ),
        (
            "view",
            client
                .post("/api/analytics/query")
                .json(&json!({"metrics": ["coreldove/revenue/order_revenue"]})),
        ),
        ("view", client.get("/api/analytics/metrics")),
        ("view", client.get("/api/analytics/platforms")),
        (
            "export",
            client
                .post("/api/analytics/exports")
                .json(&json!({"source": {"sql": "select 1 as one"}, "format": "csv"})),
        ),
    ]
}

#[tokio::test]
async fn a_caller_sees_its_keys_tenant_and_nothing_else() {
    let server = Server::start();
    let a = server.tenant("a");
    let b = server.tenant("b");

    // Nobody, and nobody known.
    let unknown = server
        .anonymous()
        .with_key(&format!("tsk_{}", "0".repeat(43)));
    for client in [server.anonymous(), unknown] {
        for (_, request) in routes(&client) {
            let response = request.send().await.unwrap();
            let challenge = response.headers().get("www-authenticate").cloned();
            problem(response, 401).await;
            assert!(challenge.unwrap().to_str().unwrap().starts_with("Bearer"));
        }
    }
    let basic = server
        .anonymous()
        .get("/api/analytics/metrics")
        .basic_auth("u", Some("p"));
    problem(basic.send().await.unwrap(), 401).await;

    // A key opens exactly what its scopes say.
    for scope in ["ingest", "view", "read", "export", "admin"] {
        for (needed, request) in routes(&server.key("a", scope)) {
            let response = request.send().await.unwrap();
            let opens = needed == scope || scope == "admin" || (scope, needed) == ("read", "view");
            if opens {
                assert_eq!(response.status(), 200, "{scope} on a route of {needed}");
            } else {
                let problem = problem(response, 403).await;
                assert!(problem["detail"].as_str().unwrap().contains(needed));
            }
        }
    }

    // The other header for the same key.
    let key = a.key.clone().unwrap();
    let request = server
        .anonymous()
        .get("/api/analytics/metrics")
        .header("X-API-Key", &key);
    body(request.send().await.unwrap(), 200).await;

    // X-Tenant-ID may repeat the tenant and nothing else.
    for (_, request) in routes(&a) {
        assert_eq!(
            request
                .header("X-Tenant-ID", "a")
                .send()
                .await
                .unwrap()
                .status(),
            200
        );
    }
    for named in ["b", "missing", "", "A", "a, b"] {
        for (_, request) in routes(&a) {
            problem(
                request.header("X-Tenant-ID", named).send().await.unwrap(),
                403,
            )
            .await;
        }
    }

    // A tenant in a point or in the address is not believed.
    let mut foreign = order(json!(666), json!({}));
    foreign["tenant_id"] = json!("b");
    problem(a.points(&json!([foreign])).send().await.unwrap(), 403).await;
    let asked = a
        .get("/api/analytics/metrics?tenant_id=b")
        .send()
        .await
        .unwrap();
    assert!(!asked.text().await.unwrap().contains("666"));

    assert_eq!(
        b.rows("select count(*) from analytics_data_points").await,
        json!([[0]])
    );
    assert_eq!(
        a.rows("select count(*) from analytics_data_points where metric_value = 666")
            .await,
        json!([[0]])
    );
    let deleted = a
        .request(Method::DELETE, "/api/analytics/metrics")
        .send()
        .await
        .unwrap();
    problem(deleted, 405).await;
}
