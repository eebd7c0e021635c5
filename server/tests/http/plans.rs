//! Plans over HTTP and by the command line, and fairness between tenants.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

/// A server with an operator, and the operator.
fn operated() -> (Server, Client) {
    let server = Server::start();
    let operator = server.operator();
    (server, operator)
}

async fn put(operator: &Client, path: &str, of: Value) -> reqwest::Response {
    let request = operator.request(Method::PUT, path).json(&of);
    request.send().await.unwrap()
}

#[tokio::test]
async fn an_operator_changes_plans_while_the_server_runs() {
    let (server, operator) = operated();
    let user = server.tenant("a");
    let pro = "/api/admin/plans/pro";

    // Who may.
    problem(
        server
            .anonymous()
            .get("/api/admin/plans")
            .send()
            .await
            .unwrap(),
        401,
    )
    .await;
    problem(
        server
            .key("a", "admin")
            .get("/api/admin/plans")
            .send()
            .await
            .unwrap(),
        403,
    )
    .await;
    let plans = body(operator.get("/api/admin/plans").send().await.unwrap(), 200).await;
    let names: Vec<&str> = plans["plans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| plan["plan"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["free", "starter", "pro", "enterprise"]);

    // What cannot be.
    let refused = problem(
        put(&operator, pro, json!({"query_per_second": 1})).await,
        400,
    )
    .await;
    assert_eq!(refused["at"], "query_per_second");
    assert!(
        refused["hint"]
            .as_str()
            .unwrap()
            .contains("queries_per_second")
    );
    let refused = problem(put(&operator, pro, json!({"result_rows": -1})).await, 400).await;
    assert_eq!(refused["at"], "result_rows");
    problem(
        put(
            &operator,
            "/api/admin/plans/gold",
            json!({"result_rows": 1}),
        )
        .await,
        404,
    )
    .await;
    for nobody in ["nobody", "%2e%2e"] {
        let path = format!("/api/admin/tenants/{nobody}/limits");
        problem(put(&operator, &path, json!({"result_rows": 1})).await, 404).await;
        problem(operator.get(&path).send().await.unwrap(), 404).await;
    }

    // What is changed holds within five seconds, and says what to do.
    let changed = body(
        put(&operator, pro, json!({"queries_per_second": 1})).await,
        200,
    )
    .await;
    assert_eq!(changed["limits"]["queries_per_second"], 1);
    let start = Instant::now();
    let refused = loop {
        let answer = user.sql("select 1 as one").send().await.unwrap();
        if answer.status() == 429 {
            break answer;
        }
        assert!(start.elapsed() < Duration::from_secs(5), "it never held");
    };
    assert_eq!(refused.headers()["retry-after"], "1");
    let refused = problem(refused, 429).await;
    assert_eq!(refused["limit"]["name"], "queries_per_second");
    assert_eq!(
        refused["limit"]["allowed_by"], "free",
        "the smallest that does"
    );

    // One tenant's own.
    let own = "/api/admin/tenants/a/limits";
    let given = json!({"queries_per_second": 500, "exports_per_day": 1});
    let limits = body(put(&operator, own, given).await, 200).await;
    assert_eq!(
        limits["overrides"],
        json!({"queries_per_second": 500, "exports_per_day": 1})
    );
    assert_eq!(limits["limits"]["queries_per_second"], 500);
    tokio::time::sleep(Duration::from_secs(3)).await;
    for _ in 0..3 {
        user.rows("select 1 as one").await;
    }
    let export = || {
        user.post("/api/analytics/exports")
            .json(&json!({"source": {"sql": "select 1 as one"}, "format": "csv"}))
            .send()
    };
    assert_eq!(export().await.unwrap().status(), 200);
    let refused = export().await.unwrap();
    assert!(refused.headers().contains_key("retry-after"));
    let refused = problem(refused, 429).await;
    assert_eq!(refused["limit"]["name"], "exports_per_day");
    assert_eq!(
        (&refused["limit"]["used"], &refused["limit"]["allowed"]),
        (&json!(1), &json!(1))
    );

    // What is used.
    let usage = body(user.get("/api/analytics/usage").send().await.unwrap(), 200).await;
    let limit = |name: &str| {
        usage["limits"]
            .as_array()
            .unwrap()
            .iter()
            .find(|limit| limit["name"] == name)
            .unwrap()
            .clone()
    };
    let exports = limit("exports_per_day");
    assert_eq!(
        (&exports["used"], &exports["allowed"]),
        (&json!(1), &json!(1))
    );
    assert!(exports["resets_at"].is_string());
    assert_eq!(limit("api_keys")["used"], 2);
    assert_eq!(limit("result_rows")["used"], Value::Null);

    // The bill, as JSON and CSV.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let bill = body(operator.get("/api/admin/usage").send().await.unwrap(), 200).await;
    let row = &bill["usage"][0];
    assert_eq!((&row["tenant"], &row["exports"]), (&json!("a"), &json!(1)));
    assert!(row["sql_queries"].as_u64().unwrap() >= 4, "{row}");
    let csv = operator
        .get("/api/admin/usage")
        .header("accept", "text/csv");
    let csv = csv.send().await.unwrap().text().await.unwrap();
    assert!(
        csv.starts_with("day,tenant,points,") && csv.contains(",a,0,0,"),
        "{csv}"
    );
    for bad in [
        "from=x",
        "from=2025-01-02&to=2025-01-01",
        "from=2000-01-01&to=2025-01-01",
    ] {
        let bad = operator.get(&format!("/api/admin/usage?{bad}"));
        problem(bad.send().await.unwrap(), 400).await;
    }

    // The same by the command line.
    let set = [
        "plan",
        "set",
        "--tenant",
        "a",
        "--limit",
        "exports_per_day=default",
        "--json",
    ];
    let said: Value = serde_json::from_str(&server.say(&set)).unwrap();
    assert_eq!(said["overrides"], json!({"queries_per_second": 500}));
    assert!(server.say(&["plan", "list"]).contains("scan_bytes_per_day"));
    let shown = server.say(&["plan", "show", "pro"]);
    assert!(
        shown.contains("queries_per_second") && shown.contains(" 1 "),
        "{shown}"
    );
    let wrong = server.run(&["plan", "set", "pro", "--limit", "export_per_day=1"]);
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("exports_per_day"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_heavy_sql_leaves_another_tenants_dashboard_and_sql_answering() {
    const FLOOD: usize = 48;
    let server = Server::start();
    let hostile = server.tenant("hostile");
    let quiet = server.tenant("quiet");
    let points: Vec<_> = (0..4_000).map(|n| order(json!(n), json!({}))).collect();
    for client in [&hostile, &quiet] {
        body(client.points(&json!(points)).send().await.unwrap(), 200).await;
    }
    // 16 million pairs.
    let heavy = "select count(*) as n from analytics_data_points a join analytics_data_points b \
        on a.metric_value < b.metric_value + 1";
    let done = Arc::new(AtomicUsize::new(0));
    let flood: Vec<_> = (0..FLOOD)
        .map(|_| {
            let (request, done) = (hostile.sql(heavy), done.clone());
            tokio::spawn(async move {
                let status = request.send().await.unwrap().status().as_u16();
                done.fetch_add(1, Ordering::Relaxed);
                status
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..8 {
        let board = quiet.get("/api/analytics/dashboard?from=2025-02-01&to=2025-03-31&top=all");
        body(board.send().await.unwrap(), 200).await;
        assert_eq!(
            quiet
                .rows("select count(*) from analytics_data_points")
                .await,
            json!([[4_000]])
        );
    }
    // Turns, not times: sixteen of the one went while others of the flood
    // still wait, which had all asked before.
    let done = done.load(Ordering::Relaxed);
    assert!(done < FLOOD, "the flood was over before the quiet tenant");
    for of_flood in flood {
        let status = of_flood.await.unwrap();
        assert!([200, 400, 429, 503].contains(&status), "{status}");
    }
    quiet.rows("select 1 as one").await;
}
