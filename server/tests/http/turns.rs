//! Whose query runs, waits or is turned away, and what the waiting are told.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

const JOBS: &str = "/api/analytics/sql/jobs";
const RUNNING: &str = "/api/analytics/queries?state=running";

/// Runs for as long as it may.
const ENDLESS: &str = "with recursive t as (select 1 n union all select n + 1 from t \
    where n < 1000000000) select count(*) from t";

async fn limit(operator: &Client, tenant: &str, limits: Value) {
    let path = format!("/api/admin/tenants/{tenant}/limits");
    let put = operator.request(Method::PUT, &path).json(&limits);
    body(put.send().await.unwrap(), 200).await;
    // A server remembers a plan for three seconds.
    tokio::time::sleep(Duration::from_secs(3)).await;
}

async fn submit(client: &Client, query: &str) -> String {
    let job = json!({"query": query, "timeout_ms": 3_600_000});
    let job = client.post(JOBS).json(&job).send().await.unwrap();
    let job = body(job, 202).await;
    format!("{JOBS}/{}", job["id"].as_str().unwrap())
}

async fn state(client: &Client, job: &str) -> String {
    let job = body(client.get(job).send().await.unwrap(), 200).await;
    job["state"].as_str().unwrap().to_owned()
}

async fn until(client: &Client, job: &str, wanted: &str) {
    let begun = Instant::now();
    while state(client, job).await != wanted {
        assert!(begun.elapsed() < Duration::from_secs(60), "never {wanted}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_tenant_with_many_long_jobs_leaves_a_runner_to_others() {
    let server = Server::start();
    let (hog, other) = (server.tenant("a"), server.tenant("b"));
    let first = submit(&hog, ENDLESS).await;
    until(&hog, &first, "running").await;
    let mut more = Vec::new();
    for _ in 0..3 {
        more.push(submit(&hog, ENDLESS).await);
    }
    let quick = submit(&other, "select 1 as one").await;
    until(&other, &quick, "done").await;
    for job in &more {
        assert_eq!(state(&hog, job).await, "queued");
    }
    // The next one's turn comes when the first has ended.
    let cancelled = hog.request(Method::DELETE, &first).send().await.unwrap();
    assert_eq!(cancelled.status(), 204);
    until(&hog, &more[0], "running").await;
}

#[tokio::test]
async fn a_job_within_its_second_waits_for_its_turn_and_one_beyond_it_is_not_put_in() {
    let server = Server::start();
    let (user, operator) = (server.tenant("a"), server.operator());
    let own = json!({"queries_per_second": 1, "concurrent_queries": 1});
    limit(&operator, "a", own).await;
    let running = {
        let user = user.clone();
        tokio::spawn(async move { user.sql(ENDLESS).send().await })
    };
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let job = submit(&user, "select 1 as one").await;
    let beyond = user.post(JOBS).json(&json!({"query": "select 2 as two"}));
    let beyond = problem(beyond.send().await.unwrap(), 429).await;
    assert_eq!(beyond["limit"]["name"], "queries_per_second");
    assert_eq!(
        beyond["limit"]["allowed_by"],
        Value::Null,
        "its own limit holds under every plan"
    );
    // The one that runs leaves no turn; what was put in is not lost by that.
    running.abort();
    until(&user, &job, "done").await;
}

#[tokio::test]
async fn a_requests_own_deadline_holds_while_it_waits() {
    let server = Server::start();
    let (user, operator) = (server.tenant("a"), server.operator());
    limit(&operator, "a", json!({"concurrent_queries": 1})).await;
    let running = {
        let user = user.clone();
        tokio::spawn(async move { user.sql(ENDLESS).send().await })
    };
    let listed = async || {
        let list = body(user.get(RUNNING).send().await.unwrap(), 200).await;
        list["queries"].as_array().unwrap().clone()
    };
    while listed()
        .await
        .first()
        .is_none_or(|q| q["state"] != "running")
    {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let waiting = {
        let user = user.clone();
        let asked = json!({"query": "select 1 as one", "timeout_ms": 2_000});
        tokio::spawn(async move {
            let asked = user.post("/api/analytics/sql").json(&asked);
            asked.send().await.unwrap()
        })
    };
    let begun = Instant::now();
    while listed().await.len() < 2 {
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "it is not listed"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(listed().await[1]["state"], "waiting");
    let refused = problem(waiting.await.unwrap(), 400).await;
    assert!(
        refused["type"].as_str().unwrap().ends_with(":timeout"),
        "{refused}"
    );
    running.abort();
}

#[tokio::test]
async fn bytes_used_up_for_the_day_are_a_limit_also_for_a_worker() {
    let server = Server::start();
    let (user, operator) = (server.tenant("a"), server.operator());
    let points: Vec<Value> = (0..2_000)
        .map(|n| {
            order(
                json!(n),
                json!({"note": format!("{n}-{}", n * 7_919 % 1_000)}),
            )
        })
        .collect();
    body(user.points(&json!(points)).send().await.unwrap(), 200).await;
    server.say(&["compact", "--tenant", "a"]);
    limit(&operator, "a", json!({"scan_bytes_per_day": 1})).await;
    let asked =
        user.sql("select count(distinct dim_note), sum(metric_value) from analytics_data_points");
    let refused = problem(asked.send().await.unwrap(), 429).await;
    assert_eq!(refused["limit"]["name"], "scan_bytes_per_day");
    assert_eq!(refused["limit"]["allowed"], 1);
    assert!(!refused["limit"]["resets_at"].is_null(), "{refused}");
}

#[tokio::test]
async fn saved_queries_are_as_many_as_the_plan_allows() {
    let server = Server::start();
    let operator = server.operator();
    server.tenant("a");
    let admin = server.key("a", "admin");
    limit(&operator, "a", json!({"saved_queries": 1})).await;
    let put = async |name: &str, query: &str| {
        let path = format!("/api/analytics/saved-queries/{name}");
        let put = admin.request(Method::PUT, &path);
        put.json(&json!({"query": query})).send().await.unwrap()
    };
    body(put("one", "select 1 as one").await, 200).await;
    let refused = problem(put("two", "select 2 as two").await, 429).await;
    assert_eq!(refused["limit"]["name"], "saved_queries");
    // A new version is no new name, and a removed name makes room.
    body(put("one", "select 11 as one").await, 200).await;
    let removed = admin.request(Method::DELETE, "/api/analytics/saved-queries/one");
    assert_eq!(removed.send().await.unwrap().status(), 204);
    body(put("two", "select 2 as two").await, 200).await;
}
