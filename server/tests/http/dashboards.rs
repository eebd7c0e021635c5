//! Dashboards that people make: whose they are, what they answer, and what an
//! embed token shows of them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, JsonBody as _, Server, body, order, problem};
use crate::watcher::{ask_socket, events, get};

const PATH: &str = "/api/analytics/dashboards";

fn panel(id: &str, question: Value) -> Value {
    json!({"id": id, "title": "T", "chart": "line", "question": question,
        "place": {"x": 0, "y": 0, "width": 6, "height": 4}})
}

fn revenue() -> Value {
    json!({"metrics": ["*/revenue/*"], "dimensions": ["country"],
        "time_range": {"from": "2025-03-01", "to": "2025-03-01"}, "decimals": "string"})
}

async fn put(client: &Client, id: &str, of: &Value) -> reqwest::Response {
    let request = client
        .request(Method::PUT, &format!("{PATH}/{id}"))
        .json(of);
    request.send().await.unwrap()
}

async fn show(client: &Client, path: &str) -> reqwest::Response {
    client.get(&format!("{PATH}/{path}")).send().await.unwrap()
}

#[tokio::test]
async fn a_dashboard_is_its_makers_until_it_is_shared() {
    let server = Server::start();
    let owner = server.tenant("a");
    let (colleague, admin) = (server.key("a", "view"), server.key("a", "admin"));
    let stranger = server.tenant("b");
    let draft = json!({"name": "Mornings", "panels": [panel("revenue", revenue())]});

    let made = owner.post(PATH).json(&draft).send().await.unwrap();
    let location = made.headers()["location"].to_str().unwrap().to_owned();
    let made = body(made, 201).await;
    let id = made["id"].as_str().unwrap();
    assert_eq!(location, format!("{PATH}/{id}"));
    assert_eq!((&made["version"], &made["mine"]), (&json!(1), &json!(true)));
    assert_eq!(made["panels"][0]["question"], revenue());
    assert_eq!(made["panels"][0]["options"], json!({}));

    // A private one: its maker's, and the admin's.
    for (client, seen) in [(&owner, 1), (&colleague, 0), (&admin, 1), (&stranger, 0)] {
        let list = body(client.get(PATH).send().await.unwrap(), 200).await;
        assert_eq!(list["dashboards"].as_array().unwrap().len(), seen);
        let status = if seen == 1 { 200 } else { 404 };
        body(show(client, id).await, status).await;
    }
    let mut change = draft.clone();
    (change["version"], change["shared"]) = (json!(1), json!(true));
    problem(put(&colleague, id, &change).await, 404).await;
    problem(put(&stranger, id, &change).await, 404).await;

    // Shared: seen by all of the tenant, changed by its maker and the admin.
    let shared = body(put(&owner, id, &change).await, 200).await;
    assert_eq!(shared["version"], 2);
    let seen = body(show(&colleague, id).await, 200).await;
    assert_eq!(
        (&seen["mine"], &seen["may_change"]),
        (&json!(false), &json!(false))
    );
    body(show(&stranger, id).await, 404).await;
    change["version"] = json!(2);
    problem(put(&colleague, id, &change).await, 403).await;
    change["name"] = json!("Evenings");
    let changed = body(put(&admin, id, &change).await, 200).await;
    assert_eq!(
        (&changed["name"], &changed["owner"]),
        (&json!("Evenings"), &made["owner"])
    );

    // Two that change it at once: the second hears of it.
    let collided = problem(put(&owner, id, &change).await, 409).await;
    assert!(collided["detail"].as_str().unwrap().contains("version 2"));
    change.as_object_mut().unwrap().remove("version");
    assert_eq!(
        problem(put(&owner, id, &change).await, 400).await["at"],
        "version"
    );

    // What cannot stand is refused at its place.
    for (change, at) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "x", "surprise": 1}), "body"),
        (json!({"name": "x", "version": 1}), "version"),
        (
            json!({"name": "x", "panels": [panel("a", json!({"metrics": ["x"]}))]}),
            "panels[0].question.metrics[0]",
        ),
        (
            json!({"name": "x", "panels": [panel("a b", revenue())]}),
            "panels[0].id",
        ),
        (
            json!({"name": "x", "panels": [panel("a", revenue()), panel("a", revenue())]}),
            "panels[1].id",
        ),
        (json!({"name": "nul\u{0}"}), "name"),
    ] {
        let refused = owner.post(PATH).json(&change).send().await.unwrap();
        assert_eq!(problem(refused, 400).await["at"], at, "{change}");
    }
    problem(
        server.key("a", "ingest").get(PATH).send().await.unwrap(),
        403,
    )
    .await;
    problem(server.anonymous().get(PATH).send().await.unwrap(), 401).await;

    let gone = |client: &Client| client.request(Method::DELETE, &location).send();
    problem(gone(&stranger).await.unwrap(), 404).await;
    problem(gone(&colleague).await.unwrap(), 403).await;
    assert_eq!(gone(&owner).await.unwrap().status(), 204);
    problem(show(&owner, id).await, 404).await;
}

#[tokio::test]
async fn a_panel_answers_with_the_rights_of_who_looks() {
    let server = Server::start();
    let owner = server.tenant("a");
    let points = json!([
        order(json!(10.000000001), json!({"country": "GB"})),
        order(json!(20), json!({"country": "DE"})),
    ]);
    body(owner.points(&points).send().await.unwrap(), 200).await;
    let draft = json!({"name": "M", "shared": true,
        "panels": [panel("a", revenue()), panel("b", revenue())]});
    let made = body(owner.post(PATH).json(&draft).send().await.unwrap(), 201).await;
    let id = made["id"].as_str().unwrap();
    let at = format!("{id}/panels/a");

    let answer = body(show(&owner, &at).await, 200).await;
    let asked = owner.post("/api/analytics/query").json(&revenue());
    let asked = body(asked.send().await.unwrap(), 200).await;
    assert_eq!(answer["rows"], asked["rows"]);
    assert_eq!(
        answer["rows"],
        json!([["DE", "20"], ["GB", "10.000000001"]])
    );

    // As the address says.
    let one_day = "?from=2025-02-28&to=2025-02-28&compare=year&platform=coreldove&decimals=number";
    let other = body(show(&owner, &format!("{at}{one_day}")).await, 200).await;
    assert_eq!(other["range"]["from"], "2025-02-28");
    assert_eq!(other["previous_range"]["from"], "2024-02-28");
    for (query, status) in [
        ("?compare=week", 400),
        ("?surprise=1", 400),
        ("?platform=x", 200),
    ] {
        assert_eq!(
            show(&owner, &format!("{at}{query}")).await.status(),
            status,
            "{query}"
        );
    }
    problem(show(&owner, &format!("{id}/panels/c")).await, 404).await;

    // As Accept says.
    let csv = owner
        .get(&format!("{PATH}/{at}"))
        .header("accept", "text/csv");
    let csv = csv.send().await.unwrap();
    assert_eq!(
        csv.headers()["tessera-version"],
        answer["version"].to_string().as_str()
    );
    assert_eq!(
        csv.text().await.unwrap(),
        "country,revenue\r\nDE,20\r\nGB,10.000000001\r\n"
    );
    let arrow = owner.post("/api/analytics/query").json(&revenue());
    let arrow = arrow.header("accept", "application/vnd.apache.arrow.stream");
    let arrow = arrow.send().await.unwrap().bytes().await.unwrap();
    let mut reader = arrow::ipc::reader::StreamReader::try_new(&*arrow, None).unwrap();
    let batch = reader.next().unwrap().unwrap();
    assert_eq!(
        (batch.num_rows(), batch.schema().field(0).name().as_str()),
        (2, "country")
    );
    let refused = owner.post("/api/analytics/query").json(&revenue());
    problem(
        refused.header("accept", "image/png").send().await.unwrap(),
        406,
    )
    .await;

    // Somebody who sees a part sees a part of the same panel.
    let admin = server.key("a", "admin");
    let role = admin.request(Method::PUT, "/api/analytics/roles/germans");
    let role = role.json(&json!({"base": "viewer", "sees": {"filters": {"country": ["DE"]}}}));
    assert_eq!(role.send().await.unwrap().status(), 204);
    let key = admin.post("/api/analytics/keys");
    let key = key
        .json(&json!({"name": "g", "role": "germans"}))
        .send()
        .await
        .unwrap();
    let key = body(key, 201).await;
    let german = server.anonymous().with_key(key["key"].as_str().unwrap());
    let answer = body(show(&german, &at).await, 200).await;
    assert_eq!(answer["rows"], json!([["DE", "20"]]));

    // An embed token: one panel, as it was saved, of what its filters leave.
    let embed = owner.post("/api/analytics/embed-tokens");
    let of = json!({"dashboard": {"id": id, "panels": ["a"]},
        "filters": {"filters": {"country": ["GB"]}}});
    let token = body(embed.json(&of).send().await.unwrap(), 201).await;
    let embedded = server
        .anonymous()
        .with_key(token["token"].as_str().unwrap());
    let shown = body(show(&embedded, id).await, 200).await;
    assert_eq!(shown["panels"].as_array().unwrap().len(), 1);
    let answer = body(show(&embedded, &at).await, 200).await;
    assert_eq!(answer["rows"], json!([["GB", "10.000000001"]]));
    body(show(&embedded, &format!("{at}?decimals=number")).await, 200).await;
    problem(show(&embedded, &format!("{at}?time_range=1y")).await, 403).await;
    problem(show(&embedded, &format!("{id}/panels/b")).await, 404).await;
    problem(
        embedded
            .get("/api/analytics/dashboard")
            .send()
            .await
            .unwrap(),
        403,
    )
    .await;
    problem(embedded.get(PATH).send().await.unwrap(), 403).await;
    problem(
        embedded
            .post("/api/analytics/query")
            .json(&revenue())
            .send()
            .await
            .unwrap(),
        403,
    )
    .await;

    // The same live.
    let header = format!("Bearer {}", token["token"].as_str().unwrap());
    let authorization = [("Authorization", &*header)];
    let stream = "/api/analytics/stream";
    let mut live = events(&server, &format!("{stream}?dashboard={id}"), &authorization).await;
    let state = live.news().await;
    assert_eq!(state.data["panel"], "a");
    assert_eq!(
        state.data["answer"]["rows"],
        json!([["GB", "10.000000001"]])
    );
    for (path, status) in [
        (format!("{stream}?dashboard={id}&time_range=1y"), 403),
        (stream.to_owned(), 403),
        (format!("{stream}?dashboard={}", uuid()), 404),
    ] {
        assert_eq!(
            get(&server, &path, &authorization).await.status,
            status,
            "{path}"
        );
    }
    let tickets = "/api/analytics/stream/tickets";
    let own = json!({"panels": [{"id": "x", "question": revenue()}]});
    problem(embedded.post(tickets).json(&own).send().await.unwrap(), 403).await;
    let fine = json!({"dashboard": id, "decimals": "number"});
    let ticket = body(
        embedded.post(tickets).json(&fine).send().await.unwrap(),
        201,
    )
    .await;
    let path = format!(
        "/ws/analytics/a?ticket={}",
        ticket["ticket"].as_str().unwrap()
    );
    assert_eq!(ask_socket(&server, &path, &[]).await.status, 101);

    // Only what the key sees is put into a token.
    let of = json!({"dashboard": {"id": id, "panels": ["nothing"]}});
    let refused = owner
        .post("/api/analytics/embed-tokens")
        .json(&of)
        .send()
        .await
        .unwrap();
    assert_eq!(problem(refused, 400).await["at"], "dashboard.panels");
    let of = json!({"dashboard": {"id": id}});
    let other = server.tenant("b");
    let refused = other
        .post("/api/analytics/embed-tokens")
        .json(&of)
        .send()
        .await
        .unwrap();
    problem(refused, 404).await;

    // With the dashboard ends what it showed.
    let gone = owner.request(Method::DELETE, &format!("{PATH}/{id}"));
    assert_eq!(gone.send().await.unwrap().status(), 204);
    assert_eq!(live.end().await.0, "changed");
    problem(show(&embedded, id).await, 404).await;
}

fn uuid() -> &'static str {
    "0199a000-0000-7000-8000-000000000000"
}

#[tokio::test]
async fn a_framed_page_names_who_may_frame_it() {
    let server = Server::start_with(&["--embed-origins", "https://a.example,https://b.example"]);
    let anyone = server.anonymous();
    for path in [
        "/embed/overview",
        "/embed/platforms/coreldove",
        "/embed/dashboards/x",
    ] {
        let page = anyone.get(path).send().await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        let ancestors = "frame-ancestors https://a.example https://b.example";
        assert!(policy.ends_with(ancestors), "{policy}");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'"),
            "{policy}"
        );
        assert!(!page.headers().contains_key("x-frame-options"), "{path}");
    }
    for path in ["/", "/app/overview", "/docs/", "/health", "/embed/else"] {
        let page = anyone.get(path).send().await.unwrap();
        assert_eq!(page.headers()["x-frame-options"], "DENY", "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
    }
    let closed = Server::start();
    let page = closed
        .anonymous()
        .get("/embed/overview")
        .send()
        .await
        .unwrap();
    assert_eq!(page.headers()["x-frame-options"], "DENY");
}
