//! Queries that are recorded, seen, cancelled, run alone and kept by name.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions;

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

const QUERIES: &str = "/api/analytics/queries";
const JOBS: &str = "/api/analytics/sql/jobs";

/// Computes for longer than any test waits, and ends by itself some time.
fn long() -> String {
    let values: Vec<String> = (1..=60).map(|n| format!("({n})")).collect();
    format!(
        "with t(n) as (values {}) \
         select sum(sqrt(a.n * b.n + c.n * d.n + e.n) * ln(a.n + e.n) * cos(b.n + c.n)) \
         from t a cross join t b cross join t c cross join t d cross join t e where a.n + e.n > 1",
        values.join(",")
    )
}

async fn started() -> (Server, Client, Client) {
    let server = Server::start_among(&[]);
    let user = server.tenant("a");
    let admin = server.key("a", "admin");
    let points = json!([
        order(json!(1.5), json!({"note": "secret-note"})),
        order(json!(4.25), json!({"note": "other"})),
        order(json!(9.75), json!({})),
    ]);
    body(user.points(&points).send().await.unwrap(), 200).await;
    (server, user, admin)
}

/// What `ask` gives, once it is what is waited for.
async fn until(what: &str, mut ask: impl AsyncFnMut() -> Option<Value>) -> Value {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if let Some(found) = ask().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what} does not happen");
}

/// The record of a query, once it is written.
async fn record(client: &Client, path: &str, id: &str) -> Value {
    until(&format!("a record of {id}"), async || {
        let list = body(client.get(path).send().await.unwrap(), 200).await;
        let found = list["queries"].as_array().unwrap().iter();
        found.clone().find(|query| query["id"] == id).cloned()
    })
    .await
}

fn id(response: &reqwest::Response) -> String {
    let id = &response.headers()["tessera-query-id"];
    id.to_str().unwrap().to_owned()
}

async fn dump(server: &Server, sql: &'static str) -> String {
    let mut connection = server.superuser().connect().await.unwrap();
    let text: Option<String> = sqlx::query_scalar(sql)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    text.unwrap_or_default()
}

#[tokio::test]
async fn a_query_is_recorded_with_its_figures_and_without_its_values() {
    let (server, user, admin) = started().await;
    server.tenant("b");
    let stranger = server.key("b", "admin");
    let operator = server.operator();

    let asked = user.post("/api/analytics/sql").json(&json!({
        "query": "select metric_value from analytics_data_points \
            where dimensions->>'note' = 'secret-note' or metric_value > $1 -- secret-note",
        "params": [9.123],
    }));
    let answer = asked.send().await.unwrap();
    let good = id(&answer);
    let sent = answer.bytes().await.unwrap();
    let rows: Value = serde_json::from_slice(&sent).unwrap();
    assert_eq!(rows["row_count"], 2, "{rows}");

    let found = record(&admin, QUERIES, &good).await;
    assert_eq!(
        found["text"],
        "select metric_value from analytics_data_points where dimensions->>? = ? or metric_value > $1"
    );
    for (name, value) in [
        ("state", json!("finished")),
        ("class", json!("sql")),
        ("tenant_id", json!("a")),
        ("rows", json!(2)),
        ("files", rows["stats"]["files"].clone()),
        ("rows_scanned", rows["stats"]["rows_scanned"].clone()),
        ("bytes_sent", json!(sent.len())),
        ("version", rows["version"].clone()),
        ("problem", Value::Null),
    ] {
        assert_eq!(found[name], value, "{name} of {found}");
    }
    assert!(
        found["who"].as_str().unwrap().starts_with("key "),
        "{found}"
    );

    // What fails, what takes too long, a dashboard and an export.
    let failed = user.sql("select nothing_here").send().await.unwrap();
    let failed_id = id(&failed);
    problem(failed, 400).await;
    let late = user
        .post("/api/analytics/sql")
        .json(&json!({"query": long(), "timeout_ms": 300}));
    let late = late.send().await.unwrap();
    let late_id = id(&late);
    let late = problem(late, 400).await;
    assert_eq!(late["type"], "urn:tessera:problem:timeout", "{late}");
    assert!(
        late["detail"].as_str().unwrap().contains("300 ms"),
        "{late}"
    );
    let board = user.get("/api/analytics/dashboard").send().await.unwrap();
    let board_id = id(&board);
    body(board, 200).await;
    let export = user
        .post("/api/analytics/exports")
        .json(&json!({"source": {"table": "analytics_data_points"}, "format": "csv"}));
    let export = export.send().await.unwrap();
    let export_id = id(&export);
    let exported = export.bytes().await.unwrap();
    for (id, class, state, problem, bytes) in [
        (&failed_id, "sql", "failed", json!("query"), None),
        (&late_id, "sql", "timed_out", json!("timeout"), None),
        (&board_id, "dashboard", "finished", Value::Null, None),
        (
            &export_id,
            "export",
            "finished",
            Value::Null,
            Some(exported.len()),
        ),
    ] {
        let found = record(&admin, QUERIES, id).await;
        assert_eq!(found["class"], class, "{found}");
        assert_eq!(found["state"], state, "{found}");
        assert_eq!(found["problem"], problem, "{found}");
        if let Some(bytes) = bytes {
            assert_eq!(found["bytes_sent"], bytes, "{found}");
        }
    }

    // As a table, for the admin alone.
    let verdicts = admin
        .rows("select verdict, count(*) from query_log where class = 'sql' and problem is not null group by 1 order by 1")
        .await;
    assert_eq!(verdicts, json!([["failed", 1], ["timed_out", 1]]));
    for table in ["query_log", "audit_log"] {
        let refused = user.sql(&format!("select * from {table}"));
        let refused = problem(refused.send().await.unwrap(), 400).await;
        assert!(
            refused["detail"].as_str().unwrap().contains(table),
            "{refused}"
        );
    }

    // Somebody else sees nothing of it, the operator all.
    let theirs = body(stranger.get(QUERIES).send().await.unwrap(), 200).await;
    assert_eq!(theirs["queries"], json!([]));
    let counted = stranger
        .rows("select count(*) from query_log where tenant_id <> 'b'")
        .await;
    assert_eq!(counted, json!([[0]]));
    let counted = stranger
        .rows("select count(*) from audit_log where tenant_id <> 'b'")
        .await;
    assert_eq!(counted, json!([[0]]));
    record(&operator, "/api/admin/queries?tenant=a", &good).await;
    for (client, status) in [(&admin, 403), (&server.anonymous(), 401)] {
        for path in ["/api/admin/queries", "/api/admin/audit"] {
            problem(client.get(path).send().await.unwrap(), status).await;
        }
    }
    pages_follow_each_other(&operator).await;

    let written = dump(
        &server,
        "SELECT jsonb_agg(to_jsonb(q))::text FROM analytics.query_log q",
    )
    .await;
    assert!(written.contains(&good), "{written}");
    for value in ["secret-note", "9.123", "(60)"] {
        assert!(!written.contains(value), "{value}: {written}");
    }
}

async fn pages_follow_each_other(operator: &Client) {
    let whole = body(
        operator
            .get("/api/admin/queries?tenant=a")
            .send()
            .await
            .unwrap(),
        200,
    )
    .await;
    let ids = |list: &Value| -> Vec<Value> {
        let queries = list["queries"].as_array().unwrap().iter();
        queries.map(|query| query["id"].clone()).collect()
    };
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/admin/queries?tenant=a&limit=2{next}");
        let page = body(operator.get(&path).send().await.unwrap(), 200).await;
        found.extend(ids(&page));
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert!(
        found.len() > 2 && found.ends_with(&ids(&whole)),
        "{found:?}"
    );
}

#[tokio::test]
async fn changes_and_refusals_are_recorded_with_who_made_them_and_no_secret() {
    let (server, user, admin) = started().await;
    let operator = server.operator();
    server.say(&["tenant", "set", "a", "--plan", "enterprise"]);
    let metric = "/api/analytics/metrics/coreldove/revenue/order_revenue";
    let set = admin.request(Method::PUT, metric);
    let set = set.json(&json!({"kind": "gauge", "combine": "sum"}));
    body(set.send().await.unwrap(), 200).await;
    let erase = admin
        .post("/api/analytics/erasures")
        .json(&json!({"dimension": "note", "value": "secret-note"}));
    body(erase.send().await.unwrap(), 200).await;
    for _ in 0..3 {
        let refused = user.post("/api/analytics/erasures").json(&json!({}));
        problem(refused.send().await.unwrap(), 403).await;
    }
    let export = user
        .post("/api/analytics/exports")
        .json(&json!({"source": {"table": "metrics"}, "format": "csv"}));
    assert_eq!(export.send().await.unwrap().status(), 200);

    let entries = until("all records", async || {
        let rows = admin
            .rows("select action, who, target, detail, times from audit_log order by at")
            .await;
        let has = |action: &str| rows.as_array().unwrap().iter().any(|r| r[0] == action);
        (has("export.begun") && has("access.refused")).then_some(rows)
    })
    .await;
    let of = |action: &str| -> Vec<&Value> {
        let entries = entries.as_array().unwrap().iter();
        entries.filter(|entry| entry[0] == action).collect()
    };
    assert_eq!(of("tenant.created")[0][1], "command line");
    let moved = of("tenant.changed");
    assert_eq!(moved[0][3], r#"{"plan":"enterprise"}"#);
    assert_eq!(of("key.created").len(), 2);
    assert!(of("key.created")[0][3].as_str().unwrap().contains("ingest"));
    let defined = of("metric.changed");
    assert_eq!(defined[0][2], "coreldove/revenue/order_revenue");
    assert!(
        defined[0][1].as_str().unwrap().starts_with("key "),
        "{entries}"
    );
    assert_eq!(of("erasure.created")[0][1], defined[0][1]);
    assert_eq!(of("export.begun")[0][2], "metrics");
    let refused = of("access.refused");
    assert_eq!(refused[0][2], "POST /api/analytics/erasures");
    let times: i64 = refused.iter().map(|r| r[4].as_i64().unwrap()).sum();
    assert_eq!(times, 3);
    assert_ne!(refused[0][1], defined[0][1]);

    callers_and_limits_are_recorded(&server, &admin, &operator).await;

    let path = "/api/admin/audit?tenant=a&action=key.created";
    let keys = body(operator.get(path).send().await.unwrap(), 200).await;
    assert_eq!(keys["entries"].as_array().unwrap().len(), 2, "{keys}");

    let written = dump(
        &server,
        "SELECT jsonb_agg(to_jsonb(q))::text FROM analytics.audit_log q",
    )
    .await;
    let secret = user.key.clone().unwrap();
    let hash = dump(
        &server,
        "SELECT encode(key_hash, 'hex') FROM analytics.api_key LIMIT 1",
    )
    .await;
    for hidden in [secret.as_str(), &hash, "secret-note"] {
        assert!(!written.contains(hidden), "{hidden}: {written}");
    }
}

/// Who may see what, whose tokens hold no more, what a tenant is allowed, and the
/// operator's own keys.
async fn callers_and_limits_are_recorded(server: &Server, admin: &Client, operator: &Client) {
    let role = json!({"base": "viewer", "sees": {"platforms": ["coreldove"]}});
    let role = admin
        .request(Method::PUT, "/api/analytics/roles/shop")
        .json(&role);
    assert_eq!(role.send().await.unwrap().status(), 204);
    let removed = admin.request(Method::DELETE, "/api/analytics/roles/shop");
    assert_eq!(removed.send().await.unwrap().status(), 204);
    let own = operator.request(Method::PUT, "/api/admin/tenants/a/limits");
    let own = own.json(&json!({"result_rows": 77}));
    body(own.send().await.unwrap(), 200).await;
    let made = operator
        .post("/api/admin/platform-keys")
        .json(&json!({"name": "suite", "scopes": ["operate"]}));
    let made = made.send().await.unwrap();
    assert!(made.status().is_success(), "{made:?}");
    let rotated = operator
        .post("/api/admin/embed-secret")
        .send()
        .await
        .unwrap();
    assert!(rotated.status().is_success(), "{rotated:?}");

    let rows = admin
        .rows("select action, who, target, detail from audit_log order by at")
        .await;
    let of = |action: &str| -> Value {
        let mut rows = rows.as_array().unwrap().iter();
        let found = rows.find(|row| row[0] == action);
        found
            .cloned()
            .unwrap_or_else(|| panic!("{action}: {rows:?}"))
    };
    let (made, gone, limits) = (
        of("role.created"),
        of("role.removed"),
        of("tenant_limits.changed"),
    );
    assert!(made[1].as_str().unwrap().starts_with("key "), "{made}");
    assert!(made[3].as_str().unwrap().contains("coreldove"), "{made}");
    assert_eq!((&gone[2], &gone[1]), (&json!("shop"), &made[1]));
    assert!(
        limits[1].as_str().unwrap().starts_with("platform key "),
        "{limits}"
    );
    assert_eq!(limits[3], r#"{"result_rows":77}"#);
    let operators = dump(
        server,
        "SELECT string_agg(action || ' by ' || split_part(who, ' ', 1), ', ' ORDER BY at)
         FROM analytics.operator_audit WHERE who <> 'command line'",
    )
    .await;
    for action in ["platform_key.created", "embed_secret.created"] {
        assert!(
            operators.contains(&format!("{action} by platform")),
            "{operators}"
        );
    }
}

#[tokio::test]
async fn a_running_query_is_seen_and_cancelled_by_its_own_tenant_only() {
    let (server, user, admin) = started().await;
    let stranger = server.tenant("b");
    let colleague = server.key("a", "read");
    let asking = {
        let user = user.clone();
        tokio::spawn(async move { user.sql(&long()).send().await.unwrap() })
    };
    let running = format!("{QUERIES}?state=running");
    let list = async |client: &Client| {
        let list = body(client.get(&running).send().await.unwrap(), 200).await;
        list["queries"].as_array().unwrap().clone()
    };
    let seen = until("the query runs", async || {
        list(&user).await.first().cloned()
    })
    .await;
    let path = format!("{QUERIES}/{}", seen["id"].as_str().unwrap());
    assert_eq!(list(&admin).await[0]["id"], seen["id"]);
    for outsider in [&stranger, &colleague] {
        assert_eq!(list(outsider).await, Vec::<Value>::new());
        let foreign = outsider.request(Method::DELETE, &path).send().await;
        let foreign = problem(foreign.unwrap(), 404).await;
        let nowhere = format!("{QUERIES}/00000000-0000-7000-8000-000000000000");
        let missing = outsider.request(Method::DELETE, &nowhere).send().await;
        assert_eq!(foreign, problem(missing.unwrap(), 404).await);
    }
    let begun = Instant::now();
    let cancelled = user.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(cancelled.status(), 204);
    let answer = asking.await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(1),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(id(&answer), seen["id"].as_str().unwrap());
    let answer = problem(answer, 409).await;
    assert_eq!(answer["type"], "urn:tessera:problem:cancelled");
    let found = record(&admin, QUERIES, seen["id"].as_str().unwrap()).await;
    assert_eq!(
        (&found["state"], &found["problem"]),
        (&json!("cancelled"), &json!("cancelled"))
    );

    // A client that leaves ends its query, too.
    let left = user.sql(&long()).send();
    let left = tokio::time::timeout(Duration::from_millis(500), left).await;
    assert!(left.is_err());
    until("the query ends", async || {
        let path = format!("{QUERIES}?verdict=cancelled");
        let ended = body(admin.get(&path).send().await.unwrap(), 200).await;
        let mut ended = ended["queries"].as_array().unwrap().clone();
        ended.retain(|query| query["problem"] == "client-gone");
        let one = ended.len() == 1 && list(&admin).await.is_empty();
        one.then(|| ended.remove(0))
    })
    .await;
}

async fn submit(client: &Client, new: &Value) -> String {
    let job = client.post(JOBS).json(new).send().await.unwrap();
    let job = body(job, 202).await;
    format!("{JOBS}/{}", job["id"].as_str().unwrap())
}

async fn state(client: &Client, path: &str, states: &[&str]) -> Value {
    until(&format!("{states:?}"), async || {
        let job = body(client.get(path).send().await.unwrap(), 200).await;
        states
            .contains(&job["state"].as_str().unwrap())
            .then_some(job)
    })
    .await
}

/// The objects of results of the tenant a.
fn stored(server: &Server) -> usize {
    let folder = server.file("data/objects/tenant_id=a/query_results");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn a_query_runs_without_its_client_and_its_pages_are_the_direct_answer() {
    let (server, user, _) = started().await;
    let stranger = server.key("a", "read");
    let other = server.tenant("b");
    let tens = "with t(n) as (values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";
    let query = format!(
        "{tens} select a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n as n \
         from t a cross join t b cross join t c cross join t d \
         cross join (values (0), (1), (2)) e(n) where a.n >= $1 order by 1"
    );
    let asked = json!({"query": query, "params": [1]});
    let direct = user.post("/api/analytics/sql").json(&asked);
    let direct = body(direct.send().await.unwrap(), 200).await;
    assert_eq!(direct["row_count"], 27_000);

    let path = submit(&user, &asked).await;
    let job = state(&user, &path, &["done", "failed"]).await;
    assert_eq!(
        (&job["rows"], &job["pages"]),
        (&json!(27_000), &json!(3)),
        "{job}"
    );
    assert_eq!(job["complete"], true);
    let (mut rows, mut page) = (Vec::new(), json!(1));
    while let Some(number) = page.as_u64() {
        let path = format!("{path}/result?page={number}");
        let found = body(user.get(&path).send().await.unwrap(), 200).await;
        assert_eq!(found["columns"], direct["columns"]);
        assert_eq!(found["total_rows"], 27_000);
        rows.extend(found["rows"].as_array().unwrap().clone());
        page = found["next_page"].clone();
    }
    assert_eq!(Value::from(rows), direct["rows"]);
    let csv = async |request: reqwest::RequestBuilder| {
        let answer = request.header("accept", "text/csv").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    };
    let whole = csv(user.get(&format!("{path}/result"))).await;
    assert_eq!(
        whole,
        csv(user.post("/api/analytics/sql").json(&asked)).await
    );

    // It is nobody else's.
    for outsider in [&other, &stranger] {
        for path in [path.clone(), format!("{path}/result?page=1")] {
            problem(outsider.get(&path).send().await.unwrap(), 404).await;
        }
        let removed = outsider.request(Method::DELETE, &path).send().await;
        problem(removed.unwrap(), 404).await;
    }
    problem(
        user.get(&format!("{path}/result?page=4"))
            .send()
            .await
            .unwrap(),
        404,
    )
    .await;

    // What fails says why, as it would have been said at once.
    let faulty = submit(&user, &json!({"query": "select\n nothing_here"})).await;
    let failed = state(&user, &faulty, &["done", "failed"]).await;
    assert_eq!(failed["problem"]["line"], 2, "{failed}");
    assert_eq!(failed["problem"]["type"], "urn:tessera:problem:query");
    problem(
        user.get(&format!("{faulty}/result")).send().await.unwrap(),
        409,
    )
    .await;

    // Cancelled, it ends.
    let endless = submit(&user, &json!({"query": long()})).await;
    state(&user, &endless, &["running"]).await;
    let cancelled = user.request(Method::DELETE, &endless).send().await.unwrap();
    assert_eq!(cancelled.status(), 204);
    state(&user, &endless, &["cancelled"]).await;
    let running = format!("{QUERIES}?state=running");
    until("it runs no more", async || {
        let list = body(user.get(&running).send().await.unwrap(), 200).await;
        (list["queries"] == json!([])).then_some(list)
    })
    .await;

    // Its text and values are kept no longer than they are needed.
    let kept = dump(
        &server,
        "SELECT jsonb_agg(to_jsonb(q))::text FROM analytics.query_job q",
    )
    .await;
    assert!(!kept.contains("cross join"), "{kept}");
}

#[tokio::test]
async fn a_result_is_gone_after_its_day_and_with_an_erasure() {
    let (server, user, admin) = started().await;
    let query = json!({"query": "select dimensions from analytics_data_points"});
    let path = submit(&user, &query).await;
    state(&user, &path, &["done"]).await;
    assert_eq!(stored(&server), 1);
    let mut connection = server.superuser().connect().await.unwrap();
    sqlx::query("UPDATE analytics.query_job SET expires_at = now() - interval '1 second'")
        .execute(&mut connection)
        .await
        .unwrap();
    problem(user.get(&path).send().await.unwrap(), 404).await;
    problem(
        user.get(&format!("{path}/result")).send().await.unwrap(),
        404,
    )
    .await;
    until("the sweep", async || {
        (stored(&server) == 0).then_some(Value::Null)
    })
    .await;

    for erasure in [
        json!({"dimension": "note", "value": "secret-note"}),
        json!({"tenant": true, "confirm": "a"}),
    ] {
        let path = submit(&user, &query).await;
        state(&user, &path, &["done"]).await;
        let endless = submit(&user, &json!({"query": long()})).await;
        state(&user, &endless, &["running"]).await;
        assert_eq!(stored(&server), 1);
        let erase = admin.post("/api/analytics/erasures").json(&erasure);
        body(erase.send().await.unwrap(), 200).await;
        assert_eq!(stored(&server), 0);
        for path in [&path, &endless] {
            let job = state(&user, path, &["cancelled"]).await;
            assert!(
                job["problem"]["detail"]
                    .as_str()
                    .unwrap()
                    .contains("erasure"),
                "{job}"
            );
            problem(
                user.get(&format!("{path}/result")).send().await.unwrap(),
                409,
            )
            .await;
        }
    }
}

#[tokio::test]
async fn a_query_outlives_the_server_that_ran_it() {
    let (mut server, user, _) = started().await;
    let path = submit(&user, &json!({"query": long(), "timeout_ms": 4000})).await;
    state(&user, &path, &["running"]).await;
    server.kill();
    let again = server.restart(&[]);
    let user = user.at(&again);
    let job = state(&user, &path, &["done", "failed"]).await;
    assert_eq!(
        job["problem"]["type"], "urn:tessera:problem:timeout",
        "{job}"
    );
    let mut connection = again.superuser().connect().await.unwrap();
    let runs: i64 = sqlx::query_scalar("SELECT fence FROM analytics.query_job")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(runs, 2);
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_read_and_runs_nothing() {
    let (_server, user, _) = started().await;
    let dry = async |query: &str| {
        let asked = json!({"query": query, "dry_run": true});
        let asked = user.post("/api/analytics/sql").json(&asked);
        body(asked.send().await.unwrap(), 200).await
    };
    let query = "select platform, sum(metric_value) as total from analytics_data_points group by 1";
    let plan = dry(query).await;
    assert_eq!(plan["verdict"], "runs", "{plan}");
    let real = body(user.sql(query).send().await.unwrap(), 200).await;
    assert_eq!(plan["files"], real["stats"]["files"]);
    assert_eq!(plan["rows"], real["stats"]["rows_scanned"]);
    assert_eq!(plan["columns"], real["columns"]);
    assert!(plan["bytes"].as_u64() > Some(0), "{plan}");
    let text = plan["plan"].as_str().unwrap();
    assert!(
        text.contains("analytics_data_points") && !text.contains(".parquet"),
        "{text}"
    );

    // Nothing is read where nothing would be.
    let none = dry("select 1 from analytics_data_points where recorded_at > '2030-01-01'").await;
    assert_eq!(
        (&none["files"], &none["rows"]),
        (&json!(0), &json!(0)),
        "{none}"
    );
    // What runs for ever is planned at once.
    let begun = Instant::now();
    assert_eq!(dry(&long()).await["verdict"], "runs");
    assert!(begun.elapsed() < Duration::from_secs(5));
    let refused = dry("select\n  nothing_here\nfrom analytics_data_points").await;
    assert_eq!(refused["verdict"], "refused");
    assert_eq!(refused["problem"]["line"], 2, "{refused}");
    assert_eq!(
        dry("delete from analytics_data_points").await["verdict"],
        "refused"
    );
}

#[tokio::test]
async fn a_saved_query_is_called_by_its_address_with_values_of_its_types() {
    let (server, user, admin) = started().await;
    let stranger = server.tenant("b");
    let saved = "/api/analytics/saved-queries/large-orders";
    let called = "/api/analytics/endpoints/large-orders";
    let put = async |client: &Client, definition: &Value| {
        let put = client.request(Method::PUT, saved).json(definition);
        put.send().await.unwrap()
    };
    let definition = json!({
        "query": "select metric_value from analytics_data_points where metric_value >= {{least}} \
            and platform = $platform and recorded_at >= $since order by 1",
        "description": "orders from an amount on",
        "parameters": [
            {"name": "least", "type": "decimal", "default": 4.25},
            {"name": "platform", "type": "text", "enum": ["coreldove", "thrillring"]},
            {"name": "since", "type": "timestamp", "default": "2025-01-01T00:00:00Z"},
        ],
    });
    problem(put(&user, &definition).await, 403).await;
    let first = body(put(&admin, &definition).await, 200).await;
    assert_eq!(
        (&first["version"], &first["parameters"][0]["required"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(
        body(put(&admin, &definition).await, 200).await["version"],
        1
    );

    let call = async |parameters: &str| {
        let path = format!("{called}?{parameters}");
        user.get(&path).send().await.unwrap()
    };
    let rows = async |parameters: &str| {
        let answer = call(parameters).await;
        assert!(answer.headers().contains_key("tessera-query-id"));
        body(answer, 200).await["rows"].clone()
    };
    assert_eq!(rows("platform=coreldove").await, json!([[4.25], [9.75]]));
    assert_eq!(rows("platform=coreldove&least=9").await, json!([[9.75]]));
    assert_eq!(rows("platform=thrillring").await, json!([]));
    assert_eq!(
        rows("platform=coreldove&since=2026-01-01T00:00:00Z").await,
        json!([])
    );
    let csv = user.get(&format!("{called}?platform=coreldove"));
    let csv = csv.header("accept", "text/csv").send().await.unwrap();
    assert_eq!(
        csv.text().await.unwrap(),
        "metric_value\r\n4.25\r\n9.75\r\n"
    );
    for (parameters, at) in [
        ("", "platform"),
        ("platform=elsewhere", "platform"),
        ("platform=coreldove'%20or%201=1%20--", "platform"),
        ("platform=coreldove&least=1%20or%201=1", "least"),
        ("platform=coreldove&least=", "least"),
        ("platform=coreldove&since=yesterday", "since"),
        ("platform=coreldove&most=1", "most"),
        ("platform=coreldove&platform=coreldove", "platform"),
        ("platform=coreldove&version=x", "version"),
    ] {
        let refused = problem(call(parameters).await, 400).await;
        assert_eq!(refused["at"], at, "{parameters}: {refused}");
    }

    // A change is a version; the old one goes on.
    let mut changed = definition.clone();
    changed["query"] = json!(
        "select count(*) as n from analytics_data_points where metric_value >= $least \
        and platform = $platform and recorded_at >= $since"
    );
    assert_eq!(body(put(&admin, &changed).await, 200).await["version"], 2);
    assert_eq!(rows("platform=coreldove").await, json!([[2]]));
    assert_eq!(
        rows("platform=coreldove&version=1").await,
        json!([[4.25], [9.75]])
    );
    let old = user
        .get(&format!("{saved}?version=1"))
        .send()
        .await
        .unwrap();
    let old = body(old, 200).await;
    assert_eq!(old["query"], definition["query"]);
    assert_eq!(old["versions"], json!([1, 2]));
    problem(call("platform=coreldove&version=3").await, 404).await;

    // What could not run is not kept.
    for (faulty, at) in [
        (json!({"query": "select nothing_here"}), None),
        (json!({"query": "select $x"}), Some("query")),
        (
            json!({"query": "select 1", "parameters": [{"name": "x", "type": "text"}]}),
            Some("parameters"),
        ),
        (json!({"query": "drop table x"}), None),
    ] {
        let refused = problem(put(&admin, &faulty).await, 400).await;
        if let Some(at) = at {
            assert_eq!(refused["at"], at, "{refused}");
        }
    }
    let list = user
        .get("/api/analytics/saved-queries")
        .send()
        .await
        .unwrap();
    let list = body(list, 200).await;
    assert_eq!(list["saved_queries"][0]["version"], 2, "{list}");

    // It is nobody else's, and when it is removed its numbers mean nothing new.
    problem(
        stranger
            .get(&format!("{called}?platform=coreldove"))
            .send()
            .await
            .unwrap(),
        404,
    )
    .await;
    let removed = admin.request(Method::DELETE, saved).send().await.unwrap();
    assert_eq!(removed.status(), 204);
    problem(call("platform=coreldove").await, 404).await;
    assert_eq!(
        body(put(&admin, &definition).await, 200).await["version"],
        3
    );
    problem(call("platform=coreldove&version=1").await, 404).await;
}
