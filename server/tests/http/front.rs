//! What is open to everybody, and what every answer carries.

use serde_json::{Value, json};

use crate::fixture::{Server, body, problem};

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
    for (path, method) in [
        ("/api/analytics/data-points", "post"),
        ("/api/analytics/collect", "post"),
        ("/api/analytics/quarantine", "get"),
        ("/api/analytics/quarantine/replay", "post"),
        ("/api/analytics/quarantine/{id}/replay", "post"),
        ("/api/analytics/sql", "post"),
        ("/api/analytics/exports", "post"),
        ("/api/analytics/dashboard", "get"),
        ("/api/analytics/platforms/{platform}/dashboard", "get"),
        ("/api/analytics/metrics", "get"),
        (
            "/api/analytics/metrics/{platform}/{metric_type}/{metric_name}",
            "put",
        ),
        ("/api/analytics/rollups/verify", "post"),
        ("/api/analytics/platforms", "get"),
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
