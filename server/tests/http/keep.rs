//! What is kept and what is erased, over HTTP and by the command line.

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions;

use crate::fixture::JsonBody as _;
use crate::fixture::{Server, body, order, problem};

const RETENTION: &str = "/api/analytics/retention";
const ERASURES: &str = "/api/analytics/erasures";

#[tokio::test]
async fn a_tenant_admin_removes_old_points_and_erases_customers() {
    let server = Server::start();
    let user = server.tenant("a");
    let admin = server.key("a", "admin");
    let other = server.tenant("b");
    let points = json!([
        order(json!(1), json!({"customer_id": "c-1"})),
        order(json!(2), json!({"customer_id": "c-2"})),
        order(json!(4), json!({"customer_id": 7})),
    ]);
    for client in [&user, &other] {
        body(client.points(&points).send().await.unwrap(), 200).await;
    }
    let count = "select count(*), cast(coalesce(sum(metric_value), 0) as bigint) from analytics_data_points";

    for (method, path) in [
        (Method::POST, RETENTION),
        (Method::PUT, RETENTION),
        (Method::POST, ERASURES),
        (Method::GET, ERASURES),
    ] {
        let refused = user.request(method, path).json(&json!({})).send().await;
        problem(refused.unwrap(), 403).await;
    }

    // The points are of March 2025; the plan keeps them, a day would not.
    let retain = async |dry_run: bool| {
        let asked = admin.post(RETENTION).json(&json!({"dry_run": dry_run}));
        body(asked.send().await.unwrap(), 200).await
    };
    let kept = retain(false).await;
    assert_eq!(
        (&kept["rows"], &kept["cutoffs"][0]["days"]),
        (&json!(0), &Value::Null)
    );
    let metric = "coreldove/revenue/order_revenue";
    let set = admin.request(Method::PUT, RETENTION);
    let set = set.json(&json!({"metric": metric, "days": 36_500}));
    body(set.send().await.unwrap(), 200).await;
    assert_eq!(retain(true).await["cutoffs"][0]["days"], 36_500);
    for faulty in [
        json!({"metric": "x", "days": 1}),
        json!({"metric": metric, "days": 0}),
        json!({"metric": metric, "days": -1}),
    ] {
        let set = admin.request(Method::PUT, RETENTION).json(&faulty);
        problem(set.send().await.unwrap(), 400).await;
    }

    let erase = |what: Value| admin.post(ERASURES).json(&what).send();
    for faulty in [
        json!({}),
        json!({"dimension": "customer_id"}),
        json!({"dimension": "customer_id", "value": ["c-1"]}),
        json!({"dimension": "customer_id", "value": "c-1", "tenant": true, "confirm": "a"}),
        json!({"tenant": true}),
        json!({"tenant": true, "confirm": "b"}),
    ] {
        problem(erase(faulty).await.unwrap(), 400).await;
    }
    for (value, rows, left) in [
        (json!("c-1"), 1, [2, 6]),
        (json!(7), 1, [1, 2]),
        (json!("c-9"), 0, [1, 2]),
    ] {
        let what = json!({"dimension": "customer_id", "value": value});
        let done = body(erase(what).await.unwrap(), 200).await;
        assert_eq!(done["receipt"]["rows"], rows, "{done}");
        assert_eq!(done["state"], "done");
        assert_eq!(user.rows(count).await, json!([left]));
    }
    let list = admin
        .get(ERASURES)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(!list.contains("c-1"), "{list}");
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["erasures"].as_array().unwrap().len(), 3);

    // The same by the command line, beside the server.
    let said = server.say(&[
        "retention",
        "--tenant",
        "a",
        "--metric",
        metric,
        "--days",
        "30",
        "--json",
    ]);
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap()["days"], 30);
    let said = server.say(&["retention", "--dry-run", "--json"]);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["tenants"][0]["report"]["rows"], 1, "{said}");
    assert_eq!(said["tenants"][1]["report"]["rows"], 0, "{said}");
    assert_eq!(user.rows(count).await, json!([[1, 2]]));
    server.say(&["retention", "--tenant", "a"]);
    assert_eq!(user.rows(count).await, json!([[0, 0]]));
    let said = server.say(&[
        "erase",
        "--tenant",
        "b",
        "--dimension",
        "customer_id",
        "--value",
        "c-2",
    ]);
    assert!(said.starts_with("erased 1 points of tenant b"), "{said}");
    assert_eq!(other.rows(count).await, json!([[2, 5]]));
    // A number in another form than its own.
    let erase = ["erase", "--tenant", "b", "--dimension", "customer_id"];
    let said = server.say(&[&erase[..], &["--value", "7.00"]].concat());
    assert!(said.starts_with("erased 1 points of tenant b"), "{said}");
    assert_eq!(other.rows(count).await, json!([[1, 1]]));

    // All of it, said twice.
    let done = body(
        server
            .key("b", "admin")
            .post(ERASURES)
            .json(&json!({"tenant": true, "confirm": "b"}))
            .send()
            .await
            .unwrap(),
        200,
    );
    let done = done.await;
    assert_eq!(
        (&done["dimension"], &done["receipt"]["rows"]),
        (&Value::Null, &json!(1))
    );
    assert_eq!(other.rows(count).await, json!([[0, 0]]));
}

#[tokio::test]
async fn retention_of_all_goes_on_after_a_tenant_that_fails() {
    let server = Server::start();
    let now = chrono::Utc::now().to_rfc3339();
    for name in ["a", "b", "c"] {
        let client = server.tenant(name);
        let mut new = order(json!(2), json!({}));
        new["recorded_at"] = json!(now);
        let points = json!([order(json!(1), json!({})), new]);
        body(client.points(&points).send().await.unwrap(), 200).await;
        let metric = "coreldove/revenue/order_revenue";
        let keep = ["retention", "--tenant", name, "--metric", metric];
        server.say(&[&keep[..], &["--days", "30"]].concat());
    }
    let mut connection = server.superuser().connect().await.unwrap();
    sqlx::query("UPDATE analytics.data_file SET sha256 = sha256('x') WHERE tenant_id = 'b'")
        .execute(&mut connection)
        .await
        .unwrap();
    for arguments in [
        &["retention", "--dry-run", "--json"][..],
        &["retention", "--json"],
    ] {
        let output = server.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let tenants = said["tenants"].as_array().unwrap();
        assert_eq!(tenants.len(), 3, "{said}");
        for tenant in tenants {
            match tenant["tenant"].as_str() {
                Some("b") => assert!(tenant["error"].is_string(), "{said}"),
                _ => assert_eq!(tenant["report"]["rows"], 1, "{said}"),
            }
        }
    }
    let output = server.run(&["retention"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("failed for tenant b: "), "{text}");
    assert!(text.contains("removed 0 points of tenant c"), "{text}");
    assert!(!output.status.success());
}
