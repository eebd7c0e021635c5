//! Keys, roles, platform keys and embed tokens, over HTTP and by the command line.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, JsonBody as _, Server, body, order, problem};

const KEYS: &str = "/api/analytics/keys";
const METRICS: &str = "/api/analytics/metrics";
const DASHBOARD: &str = "/api/analytics/dashboard?from=2025-03-01&to=2025-03-02";
const COUNT: &str = "select count(*) from analytics_data_points";

async fn made(client: &Client, path: &str, request: &Value) -> Value {
    body(client.post(path).json(request).send().await.unwrap(), 201).await
}

async fn ends(client: &Client, path: &str) {
    let since = Instant::now();
    while client.get(path).send().await.unwrap().status() != 401 {
        assert!(since.elapsed() < Duration::from_secs(5), "it goes on");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn with(client: &Client, made: &Value, field: &str) -> Client {
    client.clone().with_key(made[field].as_str().unwrap())
}

/// An order and a campaign, of two shops.
async fn fill(client: &Client) {
    let mut campaign = order(json!(100), json!({"shop": "berlin"}));
    for (name, value) in [
        ("platform", "bizoholic"),
        ("metric_name", "campaign_revenue"),
    ] {
        campaign[name] = json!(value);
    }
    let points = json!([
        order(
            json!(1),
            json!({"shop": "berlin", "customer_id": "hidden-1"})
        ),
        order(json!(2), json!({"shop": "pune", "customer_id": "hidden-2"})),
        campaign,
    ]);
    body(client.points(&points).send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn a_key_is_made_listed_and_revoked_and_shows_what_its_role_says() {
    let server = Server::start();
    let a = server.tenant("a");
    let b_admin = {
        server.tenant("b");
        server.key("b", "admin")
    };
    let admin = server.key("a", "admin");
    fill(&a).await;

    // Only an admin, and nothing by half.
    for request in [a.get(KEYS), a.post(KEYS).json(&json!({"scopes": ["read"]}))] {
        problem(request.send().await.unwrap(), 403).await;
    }
    for wrong in [
        json!({}),
        json!({"scopes": []}),
        json!({"scopes": ["operate"]}),
        json!({"scopes": ["read"], "role": "viewer"}),
        json!({"role": "nobody's"}),
        json!({"scopes": ["read"], "name": "a\nb"}),
        json!({"scopes": ["read"], "tenant_id": "b"}),
    ] {
        problem(admin.post(KEYS).json(&wrong).send().await.unwrap(), 400).await;
    }

    let role = json!({"base": "analyst", "sees": {"platforms": ["coreldove"],
        "filters": {"shop": ["berlin"]}, "masks": ["customer_id"]}});
    let put = |name: &str, role: &Value| {
        let path = format!("/api/analytics/roles/{name}");
        admin.request(Method::PUT, &path).json(role).send()
    };
    assert_eq!(put("berlin", &role).await.unwrap().status(), 204);
    for wrong in ["admin", "Upper", "ingest"] {
        problem(put(wrong, &role).await.unwrap(), 400).await;
    }
    let made_key = made(
        &admin,
        KEYS,
        &json!({"name": "of Berlin", "role": "berlin"}),
    )
    .await;
    let analyst = with(&a, &made_key, "key");
    let viewer = with(
        &a,
        &made(&admin, KEYS, &json!({"role": "viewer"})).await,
        "key",
    );

    // Points, roll-ups, dashboards, lists and exports alike.
    let rows = "select metric_value, dimensions->>'customer_id' as c from analytics_data_points";
    assert_eq!(analyst.rows(rows).await, json!([[1, null]]));
    let daily = "select platform, value_sum from daily_metrics";
    assert_eq!(analyst.rows(daily).await, json!([["coreldove", 1]]));
    let shown = body(analyst.get(DASHBOARD).send().await.unwrap(), 200).await;
    assert_eq!(shown["totals"].as_array().unwrap().len(), 1);
    assert_eq!(shown["totals"][0]["value"], 1);
    assert!(!shown.to_string().contains("hidden"), "{shown}");
    for list in ["/api/analytics/platforms", METRICS] {
        let text = body(analyst.get(list).send().await.unwrap(), 200)
            .await
            .to_string();
        assert!(
            text.contains("coreldove") && !text.contains("bizoholic"),
            "{text}"
        );
    }
    let export = json!({"source": {"table": "analytics_data_points"}, "format": "csv"});
    let exported = |client: &Client| client.post("/api/analytics/exports").json(&export).send();
    let text = exported(&analyst).await.unwrap().text().await.unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(!text.contains("hidden") && !text.contains("pune"), "{text}");
    // What cannot be shown in part is not shown, and a viewer writes no SQL.
    problem(
        analyst
            .get("/api/analytics/quarantine")
            .send()
            .await
            .unwrap(),
        403,
    )
    .await;
    problem(
        analyst.get("/api/analytics/erasures").send().await.unwrap(),
        403,
    )
    .await;
    problem(viewer.sql(COUNT).send().await.unwrap(), 403).await;
    problem(exported(&viewer).await.unwrap(), 403).await;
    let all = body(viewer.get(DASHBOARD).send().await.unwrap(), 200).await;
    assert_eq!(all["totals"].as_array().unwrap().len(), 2);
    assert_eq!(a.rows(COUNT).await, json!([[3]]));

    // The list knows no secret, and another tenant's key is a missing one.
    let secret = made_key["key"].as_str().unwrap();
    let listed = body(admin.get(KEYS).send().await.unwrap(), 200).await;
    assert!(!listed.to_string().contains(&secret[4..]), "{listed}");
    let keys = listed["keys"].as_array().unwrap();
    let entry = keys.iter().find(|key| key["name"] == "of Berlin").unwrap();
    assert_eq!(entry["role"], "berlin");
    assert!(entry["last_used_at"].is_string() && entry["revoked_at"].is_null());
    let of_key = format!("{KEYS}/{}", made_key["id"].as_str().unwrap());
    let missing = format!("{KEYS}/00000000-0000-7000-8000-000000000000");
    let delete = |client: &Client, path: &str| client.request(Method::DELETE, path).send();
    let mut refusals = Vec::new();
    for path in [&of_key, &missing] {
        let mut refusal = problem(delete(&b_admin, path).await.unwrap(), 404).await;
        refusal.as_object_mut().unwrap().remove("instance");
        refusals.push(refusal);
    }
    assert_eq!(refusals[0], refusals[1]);
    problem(delete(&admin, &format!("{KEYS}/x")).await.unwrap(), 404).await;

    // A role goes when nobody has it; a key goes within five seconds.
    let of_role = "/api/analytics/roles/berlin";
    problem(delete(&admin, of_role).await.unwrap(), 409).await;
    assert_eq!(delete(&admin, &of_key).await.unwrap().status(), 204);
    ends(&analyst, METRICS).await;
    assert_eq!(delete(&admin, of_role).await.unwrap().status(), 204);

    // The same by the command line.
    let listed = server.say(&["key", "list", "--tenant", "a", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let id = |name: &str| {
        let keys = listed["keys"].as_array().unwrap();
        let own = keys.iter().find(|key| key["scopes"] == json!([name]));
        own.unwrap()["id"].as_str().unwrap().to_owned()
    };
    server.say(&["key", "revoke", &id("view"), "--tenant", "a"]);
    ends(&viewer, METRICS).await;
    let foreign = server.run(&["key", "revoke", &id("admin"), "--tenant", "b"]);
    assert!(!foreign.status.success());
    assert_eq!(admin.get(METRICS).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_platform_key_acts_for_its_tenants_and_operates_only_when_it_may() {
    let server = Server::start();
    let a = server.tenant("a");
    server.tenant("b");
    fill(&a).await;
    let make = |arguments: &[&str]| {
        let whole = [&["key", "create", "--platform"], arguments].concat();
        let key = server.say(&whole);
        server.anonymous().with_key(key.trim())
    };
    let suite = make(&[
        "--scopes",
        "ingest,read",
        "--tenants",
        "a",
        "--name",
        "suite",
    ]);
    let operator = make(&["--scopes", "operate"]);
    let everywhere = make(&["--scopes", "view"]);

    let at = |client: &Client, tenant: &str| client.get(METRICS).header("X-Tenant-ID", tenant);
    assert_eq!(at(&suite, "a").send().await.unwrap().status(), 200);
    problem(suite.get(METRICS).send().await.unwrap(), 400).await;
    let twice = at(&suite, "a")
        .header("X-Tenant-ID", "b")
        .send()
        .await
        .unwrap();
    problem(twice, 400).await;
    // One that exists, one that does not and one that cannot: the same answer.
    let mut refusals = Vec::new();
    for tenant in ["b", "missing", "no id"] {
        refusals.push(problem(at(&suite, tenant).send().await.unwrap(), 403).await);
    }
    assert!(
        refusals.iter().all(|refusal| *refusal == refusals[0]),
        "{refusals:?}"
    );
    problem(
        suite
            .get(KEYS)
            .header("X-Tenant-ID", "a")
            .send()
            .await
            .unwrap(),
        403,
    )
    .await;
    for tenant in ["a", "b"] {
        assert_eq!(at(&everywhere, tenant).send().await.unwrap().status(), 200);
    }
    // A tenant in a body is not believed here either.
    let mut foreign = order(json!(1), json!({}));
    foreign["tenant_id"] = json!("b");
    let sent = suite
        .points(&json!([foreign]))
        .header("X-Tenant-ID", "a")
        .send();
    problem(sent.await.unwrap(), 403).await;

    // The operator's routes are the operator's alone.
    let path = "/api/admin/platform-keys";
    for (client, refused) in [(&a, 403), (&suite, 403), (&server.anonymous(), 401)] {
        problem(client.get(path).send().await.unwrap(), refused).await;
    }
    problem(at(&operator, "a").send().await.unwrap(), 403).await;
    let listed = body(operator.get(path).send().await.unwrap(), 200).await;
    let keys = listed["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 3);
    let of_suite = keys.iter().find(|key| key["name"] == "suite").unwrap();
    assert_eq!(of_suite["tenants"], json!(["a"]));
    let maker = make(&["--scopes", "operate,read"]);
    let key = made(&maker, path, &json!({"scopes": ["read"], "tenants": ["b"]})).await;
    let of_b = with(&suite, &key, "key");
    assert_eq!(at(&of_b, "b").send().await.unwrap().status(), 200);

    // Tenants, a page at a time.
    let tenants = "/api/admin/tenants";
    problem(suite.get(tenants).send().await.unwrap(), 403).await;
    let new = |id: &str| {
        let body = json!({"tenant_id": id, "plan": "pro"});
        operator.post(tenants).json(&body).send()
    };
    assert_eq!(new("c").await.unwrap().status(), 201);
    problem(new("c").await.unwrap(), 409).await;
    problem(new("No Id").await.unwrap(), 400).await;
    let (mut seen, mut next) = (Vec::new(), Some(String::new()));
    while let Some(after) = next {
        let page = format!("{tenants}?limit=2&after={after}");
        let page = body(operator.get(&page).send().await.unwrap(), 200).await;
        let ids = page["tenants"].as_array().unwrap().iter();
        seen.extend(ids.map(|t| t["tenant_id"].as_str().unwrap().to_owned()));
        next = page["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["a", "b", "c"]);
    let change = |id: &str, body: Value| {
        let path = format!("{tenants}/{id}");
        operator.request(Method::PATCH, &path).json(&body).send()
    };
    let moved = json!({"plan": "starter", "time_zone": "Asia/Kathmandu"});
    assert_eq!(change("c", moved).await.unwrap().status(), 204);
    problem(
        change("missing", json!({"plan": "pro"})).await.unwrap(),
        404,
    )
    .await;
    problem(change("c", json!({"plan": "none"})).await.unwrap(), 400).await;

    let revoke = format!("{path}/{}", of_suite["id"].as_str().unwrap());
    let revoked = operator
        .request(Method::DELETE, &revoke)
        .send()
        .await
        .unwrap();
    assert_eq!(revoked.status(), 204);
    ends(&suite, METRICS).await;
}

#[tokio::test]
async fn an_embed_token_shows_its_panels_and_ends_with_its_key() {
    let server = Server::start();
    let a = server.tenant("a");
    fill(&a).await;
    let admin = server.key("a", "admin");
    let role = json!({"base": "viewer", "sees": {"platforms": ["coreldove"]}});
    let set = admin
        .request(Method::PUT, "/api/analytics/roles/shop")
        .json(&role);
    assert_eq!(set.send().await.unwrap().status(), 204);
    let key = made(&admin, KEYS, &json!({"role": "shop"})).await;
    let maker = with(&a, &key, "key");

    let path = "/api/analytics/embed-tokens";
    for wrong in [
        json!({"panels": []}),
        json!({"panels": ["sql"]}),
        json!({"panels": ["totals"], "expires_in": 0}),
        json!({"panels": ["totals"], "expires_in": 86_401}),
    ] {
        problem(maker.post(path).json(&wrong).send().await.unwrap(), 400).await;
    }
    let request = json!({"panels": ["totals"], "filters": {"filters": {"shop": ["berlin"]}}});
    let token = made(&maker, path, &request).await;
    let embedded = with(&a, &token, "token");
    let shown = body(embedded.get(DASHBOARD).send().await.unwrap(), 200).await;
    // Its own filter, and its maker's platform.
    assert_eq!(shown["totals"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(shown["totals"][0]["value"], 1);
    for panel in ["series", "top_values", "insights"] {
        assert_eq!(shown[panel], json!([]), "{panel}");
    }

    // Nothing else opens, and nothing is widened.
    for request in [
        embedded.get(METRICS),
        embedded.sql(COUNT),
        embedded.get(KEYS),
        embedded.post(path).json(&request),
        embedded.get(DASHBOARD).header("X-Tenant-ID", "b"),
    ] {
        problem(request.send().await.unwrap(), 403).await;
    }
    let text = token["token"].as_str().unwrap();
    let flipped = match text.ends_with('A') {
        true => format!("{}B", &text[..text.len() - 1]),
        false => format!("{}A", &text[..text.len() - 1]),
    };
    let cut = &text[..text.len() - 8];
    for wrong in [
        flipped.as_str(),
        cut,
        "tse_",
        "tse_a.b",
        &text.replace('.', ""),
    ] {
        let wrong = a.clone().with_key(wrong);
        problem(wrong.get(DASHBOARD).send().await.unwrap(), 401).await;
    }
    let brief = made(
        &maker,
        path,
        &json!({"panels": ["totals"], "expires_in": 1}),
    )
    .await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let brief = with(&a, &brief, "token");
    problem(brief.get(DASHBOARD).send().await.unwrap(), 401).await;

    let of_key = format!("{KEYS}/{}", key["id"].as_str().unwrap());
    let revoked = admin.request(Method::DELETE, &of_key).send().await.unwrap();
    assert_eq!(revoked.status(), 204);
    ends(&embedded, DASHBOARD).await;
}

#[tokio::test]
async fn a_platform_key_makes_no_stronger_one_and_operates_for_all_or_not_at_all() {
    let server = Server::start();
    let operator = server.operator();
    let path = "/api/admin/platform-keys";
    for (scopes, tenants, status) in [
        (json!(["operate", "read"]), json!(null), 403),
        (json!(["admin"]), json!(["a"]), 403),
        (json!(["operate"]), json!(["a"]), 400),
        (json!(["operate"]), json!(null), 201),
    ] {
        let key = json!({"name": "k", "scopes": scopes, "tenants": tenants});
        let made = operator.post(path).json(&key).send().await.unwrap();
        assert_eq!(made.status(), status, "{key}");
    }
    let some = [
        "key",
        "create",
        "--platform",
        "--scopes",
        "operate",
        "--tenants",
        "a",
    ];
    assert!(!server.run(&some).status.success());
}

#[tokio::test]
async fn a_result_is_withheld_from_who_sees_less_than_its_query_did() {
    let server = Server::start();
    let user = server.tenant("a");
    fill(&user).await;
    let admin = server.key("a", "admin");
    let put = |platforms: Value| {
        let role = json!({"base": "analyst", "sees": {"platforms": platforms}});
        let put = admin.request(Method::PUT, "/api/analytics/roles/wide");
        put.json(&role).send()
    };
    let wide = put(json!(["coreldove", "bizoholic"])).await.unwrap();
    assert_eq!(wide.status(), 204);
    let caller = with(
        &user,
        &made(&admin, KEYS, &json!({"role": "wide"})).await,
        "key",
    );
    let jobs = "/api/analytics/sql/jobs";
    let asked = json!({"query": "select platform, metric_value from analytics_data_points"});
    let job = body(caller.post(jobs).json(&asked).send().await.unwrap(), 202).await;
    let job = format!("{jobs}/{}", job["id"].as_str().unwrap());
    let result = format!("{job}/result?page=1");
    let status = async || caller.get(&result).send().await.unwrap().status().as_u16();
    let until = async |wanted: u16| {
        for _ in 0..100 {
            if status().await == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("never {wanted}");
    };
    until(200).await;
    assert_eq!(put(json!(["coreldove"])).await.unwrap().status(), 204);
    until(409).await;
    // Whoever sees everything sees it still.
    let whole = admin.get(&result).send().await.unwrap();
    assert_eq!(whole.status(), 200);
}

#[tokio::test]
async fn who_sees_a_part_is_not_told_how_much_was_read() {
    let server = Server::start();
    let user = server.tenant("a");
    fill(&user).await;
    let admin = server.key("a", "admin");
    let role = json!({"base": "analyst", "sees": {"platforms": ["coreldove"]}});
    let put = admin.request(Method::PUT, "/api/analytics/roles/shop");
    assert_eq!(put.json(&role).send().await.unwrap().status(), 204);
    let made = made(&admin, KEYS, &json!({"role": "shop"})).await;
    let caller = with(&user, &made, "key");
    let whole = server.key("a", "read");
    let sql = "/api/analytics/sql";
    // The catalog's names and times alone decide which of these reads a file.
    for filter in ["metric_name < '0'", "metric_name > 'zzz'", "true"] {
        let query = format!("select count(*) from analytics_data_points where {filter}");
        let told = async |client: &Client| {
            let plan = json!({"query": query, "dry_run": true});
            let plan = body(client.post(sql).json(&plan).send().await.unwrap(), 200).await;
            let answer = body(client.sql(&query).send().await.unwrap(), 200).await;
            let of_plan = [&plan["files"], &plan["rows"], &plan["bytes"]];
            let stats = &answer["stats"];
            let of_answer = [
                &stats["files"],
                &stats["rows_scanned"],
                &stats["bytes_scanned"],
            ];
            let all = of_plan.into_iter().chain(of_answer);
            all.map(|n| n.as_u64().unwrap()).collect::<Vec<u64>>()
        };
        assert_eq!(told(&caller).await, [0; 6], "{filter}");
        if filter == "true" {
            assert!(told(&whole).await[0] > 0);
        }
    }
}
