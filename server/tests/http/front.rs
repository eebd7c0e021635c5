//! What is open to everybody, and what every answer carries.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

#[tokio::test]
async fn the_front_describes_itself_and_works_offline() {
    let server = Server::start();
    let anyone = server.anonymous();

    for path in ["/health", "/health/live", "/health/ready"] {
        let answer = anyone.get(path).send().await.unwrap();
        assert_eq!(body(answer, 200).await["status"], "ok", "{path}");
    }

    // Every route is described, with what it may answer.
    let document = body(anyone.get("/api/openapi.json").send().await.unwrap(), 200).await;
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            assert!(
                ids.insert(id),
                "{method} {path} is called {id} as another is"
            );
        }
    }
    // A decimal is a number or, where text was asked for, text.
    let of = document["components"]["schemas"]["Decimal"]["oneOf"]
        .as_array()
        .unwrap();
    let types: Vec<_> = of.iter().map(|of| of["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["number", "string"]);
    for schema in ["MetricTotal", "QueryTotal", "Day"] {
        let schema = &document["components"]["schemas"][schema];
        assert!(schema.to_string().contains("schemas/Decimal"), "{schema}");
    }
    for (path, method) in [
        ("/api/analytics/data-points", "post"),
        ("/api/analytics/collect", "post"),
        ("/api/analytics/quarantine", "get"),
        ("/api/analytics/quarantine/replay", "post"),
        ("/api/analytics/quarantine/{id}/replay", "post"),
        ("/api/analytics/sql", "post"),
        ("/api/analytics/query", "post"),
        ("/api/analytics/exports", "post"),
        ("/api/analytics/dashboard", "get"),
        ("/api/analytics/dashboards", "get"),
        ("/api/analytics/dashboards/{id}", "put"),
        ("/api/analytics/dashboards/{id}/panels/{panel}", "get"),
        ("/api/analytics/stream", "get"),
        ("/api/analytics/platforms/{platform}/dashboard", "get"),
        ("/api/analytics/metrics", "get"),
        (
            "/api/analytics/metrics/{platform}/{metric_type}/{metric_name}",
            "put",
        ),
        ("/api/analytics/rollups/verify", "post"),
        ("/api/analytics/platforms", "get"),
        ("/api/analytics/queries", "get"),
        ("/api/analytics/sql/jobs", "get"),
        ("/api/analytics/sql/jobs/{id}/result", "get"),
        ("/api/analytics/saved-queries/{name}", "put"),
        ("/api/analytics/endpoints/{name}", "get"),
        ("/api/admin/queries", "get"),
        ("/api/admin/audit", "get"),
        ("/health", "get"),
        ("/health/live", "get"),
        ("/health/ready", "get"),
    ] {
        let operation = &document["paths"][path][method];
        assert!(operation["summary"].is_string(), "{path}");
        assert!(operation["responses"]["200"].is_object(), "{path}");
        if path.starts_with("/api/") {
            assert!(operation["security"].is_array(), "{path}");
            let refused = &operation["responses"]["401"]["content"]["application/problem+json"];
            assert_eq!(
                refused["schema"]["$ref"], "#/components/schemas/Problem",
                "{path}"
            );
        }
    }
    for reference in references(&document) {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }

    // The pages load nothing from elsewhere, and may not.
    let page = anyone.get("/docs/").send().await.unwrap();
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self';"));
    let page = page.text().await.unwrap();
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "{page}"
    );
    assert!(!page.contains("<script>"), "scripts stand in files: {page}");
    let sources = page
        .split("src=\"")
        .skip(1)
        .chain(page.split("href=\"").skip(1));
    for source in sources.map(|rest| rest.split('"').next().unwrap()) {
        let path = format!("/docs/{}", source.trim_start_matches("./"));
        assert_eq!(
            anyone.get(&path).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }

    // Problems, and what every answer carries.
    problem(anyone.get("/nowhere").send().await.unwrap(), 404).await;
    problem(anyone.post("/health").send().await.unwrap(), 405).await;
    let sql = anyone.get("/api/analytics/sql").send().await.unwrap();
    assert_eq!(sql.headers()["allow"], "POST");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(sql.headers()[name], value);
    }
    assert!(sql.headers().contains_key("x-request-id"));

    // The lists that need a key only.
    let client = server.tenant("a");
    let platforms = body(
        client.get("/api/analytics/platforms").send().await.unwrap(),
        200,
    )
    .await;
    let mut names: Vec<_> = platforms["platforms"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["name"].clone())
        .collect();
    names.sort_by_key(Value::to_string);
    assert_eq!(
        names,
        [
            "bizoholic",
            "business_directory",
            "coreldove",
            "quanttrade",
            "thrillring"
        ]
    );
    let point =
        json!([{"platform": "coreldove", "metric_type": "x", "metric_name": "y", "value": 1}]);
    body(client.points(&point).send().await.unwrap(), 200).await;
    let metrics = body(
        client.get("/api/analytics/metrics").send().await.unwrap(),
        200,
    )
    .await;
    let mine = metrics["metrics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["metric_name"] == "y")
        .unwrap();
    assert_eq!(
        (&mine["kind"], &mine["assumed"]),
        (&json!("sum"), &json!(true))
    );
}

fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match member.as_str() {
                Some(text) if name == "$ref" => vec![text],
                _ => references(member),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// A request that is refused: its status, where it is at fault (`-`: no single
/// place), and whether line and column are named.
struct Refusal {
    request: RequestBuilder,
    status: u16,
    at: &'static str,
    located: bool,
}

const POINTS: &str = "/api/analytics/data-points";
const SQL: &str = "/api/analytics/sql";

fn refusals(user: &Client, sender: &Client, admin: &Client) -> Vec<Refusal> {
    let point = order(json!(1), json!({}));
    let foreign = |point: &Value| {
        let mut point = point.clone();
        point["tenant_id"] = json!("b");
        point
    };
    let sent = |kind: &str, body: &str| {
        let request = user.post(POINTS).header("content-type", kind);
        request.body(body.to_owned())
    };
    let raw = |kind: &str, body: &[u8]| {
        let request = user.post(POINTS).header("content-type", kind);
        request.body(body.to_vec())
    };
    let (json_type, lines) = ("application/json", "application/x-ndjson");
    let case = |request, status, at, located| Refusal {
        request,
        status,
        at,
        located,
    };
    let id = "0195a1b2-0000-7000-8000-000000000000";
    let key = |text: &str| {
        let request = user.points(&json!([point]));
        request.header("Idempotency-Key", text.to_owned())
    };
    vec![
        // Bodies of points.
        case(sent(json_type, "[{]"), 400, "body", true),
        case(sent(json_type, ""), 400, "body", true),
        case(sent(json_type, "[]"), 400, "body", false),
        case(sent(lines, "\n"), 400, "body", false),
        case(sent(lines, "{}\n{]"), 400, "body", true),
        case(raw(json_type, b"[\"\xff\"]"), 400, "body", true),
        case(raw(lines, b"{}\n{\"\xff\"}\n"), 400, "body", true),
        case(sent("text/csv", "platform,value\n"), 400, "header", false),
        case(
            sent(
                "text/csv",
                "platform,metric_type,metric_name,value\na,b,c,\"1\n",
            ),
            400,
            "body",
            true,
        ),
        case(
            sent("application/vnd.apache.parquet", "PAR1"),
            400,
            "body",
            false,
        ),
        case(sent("text/plain", "[]"), 415, "Content-Type", false),
        case(
            sent("application/json; charset=latin1", "[]"),
            415,
            "Content-Type",
            false,
        ),
        case(
            sent(json_type, "[]").header("content-encoding", "br"),
            415,
            "Content-Encoding",
            false,
        ),
        case(
            sent(json_type, &" ".repeat((32 << 20) + 1)),
            413,
            "body",
            false,
        ),
        case(sent(lines, &"{}\n".repeat(1_000_001)), 413, "body", false),
        case(key(""), 400, "Idempotency-Key", false),
        case(key(&"k".repeat(256)), 400, "Idempotency-Key", false),
        case(key("k"), 422, "Idempotency-Key", false),
        case(
            user.points(&json!([point, foreign(&point)])),
            403,
            "[1].tenant_id",
            false,
        ),
        // Events.
        case(
            user.post("/api/analytics/collect")
                .header("content-type", json_type)
                .body("{\"platform\": "),
            400,
            "body",
            true,
        ),
        case(
            user.post("/api/analytics/collect")
                .json(&json!({"platform": "x", "action": "x", "data": {}})),
            400,
            "platform",
            false,
        ),
        // Questions.
        case(
            user.post(SQL).header("content-type", json_type).body("{\n"),
            400,
            "body",
            true,
        ),
        case(user.post(SQL).json(&json!({"sql": "x"})), 400, "body", true),
        case(user.sql("select 1 from nowhere"), 400, "-", true),
        case(user.sql("selec 1"), 400, "-", true),
        // Who may.
        case(user.get(POINTS), 405, "-", false),
        case(
            user.get("/api/analytics/metrics")
                .header("x-tenant-id", "b"),
            403,
            "X-Tenant-ID",
            false,
        ),
        case(sender.sql("select 1"), 403, "-", false),
        case(
            sender.clone().with_key("tsk_no").sql("select 1"),
            401,
            "-",
            false,
        ),
        // What is not there, or not done.
        case(user.get("/nowhere"), 404, "-", false),
        case(
            user.request(Method::DELETE, &format!("/api/analytics/quarantine/{id}")),
            404,
            "-",
            false,
        ),
        case(
            user.request(Method::DELETE, "/api/analytics/quarantine/x"),
            404,
            "-",
            false,
        ),
        case(
            user.get("/api/analytics/platforms/nowhere/dashboard"),
            404,
            "-",
            false,
        ),
        case(
            admin
                .post("/api/analytics/erasures")
                .json(&json!({"tenant": true})),
            400,
            "confirm",
            false,
        ),
    ]
}

#[tokio::test]
async fn a_refusal_says_what_is_wrong_where_and_what_to_do() {
    let server = Server::start();
    let user = server.tenant("a");
    let (sender, admin) = (server.key("a", "ingest"), server.key("a", "admin"));
    let first = user.points(&json!([order(json!(7), json!({}))]));
    let first = first.header("Idempotency-Key", "k").send().await;
    body(first.unwrap(), 200).await;
    for (number, case) in refusals(&user, &sender, &admin).into_iter().enumerate() {
        let Refusal {
            request,
            status,
            at,
            located,
        } = case;
        let shown = format!("{number}: {request:?}");
        let problem = problem(request.send().await.unwrap(), status).await;
        let shown = format!("{shown}: {problem}");
        let hint = problem["hint"].as_str();
        assert!(hint.is_some_and(|hint| !hint.is_empty()), "{shown}");
        assert_eq!(problem["at"].as_str().unwrap_or("-"), at, "{shown}");
        for place in ["line", "column"] {
            assert_eq!(problem[place].is_u64(), located, "{shown}");
        }
    }
    let count = user
        .rows("select count(*) from analytics_data_points")
        .await;
    assert_eq!(count, json!([[1]]), "nothing of it was kept");
}

#[tokio::test]
async fn a_limit_of_the_day_names_its_reset_and_the_plan_that_would_do() {
    let server = Server::start();
    server.say(&["tenant", "create", "a", "--plan", "free"]);
    let user = server.key("a", "ingest,read,export");
    let lines = |count: usize| {
        let line = format!("{}\n", order(json!(1), json!({})));
        let request = user
            .post(POINTS)
            .header("content-type", "application/x-ndjson");
        request.body(line.repeat(count))
    };
    body(lines(60_000).send().await.unwrap(), 200).await;
    for (count, waits) in [(60_000, true), (100_001, false)] {
        let refused = lines(count).send().await.unwrap();
        let retry = refused.headers().get("retry-after").cloned();
        let refused = problem(refused, 429).await;
        let limit = &refused["limit"];
        assert_eq!(limit["name"], "ingest_points_per_day");
        assert_eq!(limit["allowed_by"], "starter");
        let resets_at: chrono::DateTime<chrono::Utc> =
            limit["resets_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(resets_at.timestamp() % 86_400, 0, "midnight UTC");
        let hint = refused["hint"].as_str().unwrap();
        assert!(hint.contains("starter"), "{hint}");
        assert_eq!(retry.is_some(), waits, "{refused}");
        if let Some(retry) = retry {
            let seconds: i64 = retry.to_str().unwrap().parse().unwrap();
            let left = resets_at.timestamp() - chrono::Utc::now().timestamp();
            assert!((seconds - left).abs() <= 5, "{seconds} {left}");
        }
    }
    let export = user.post("/api/analytics/exports").json(&json!({
        "source": {"sql": "select 1 as n from analytics_data_points \
            union all select 2 from analytics_data_points"},
        "format": "csv",
    }));
    let refused = problem(export.send().await.unwrap(), 429).await;
    assert_eq!(refused["limit"]["name"], "export_rows");
    assert_eq!(refused["limit"]["allowed_by"], "starter");
    assert!(refused["hint"].as_str().unwrap().contains("starter"));
}
