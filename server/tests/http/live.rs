//! Live panels: who may watch, what is told when, and what it costs.

use std::time::{Duration, Instant};

use chrono::Utc;
use reqwest::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, JsonBody as _, Server, body, problem};
use crate::watcher::{Closed, Event, Watcher, apply, ask_socket, events, get, socket};

const STREAM: &str = "/api/analytics/stream";
const TICKETS: &str = "/api/analytics/stream/tickets";

/// An order of now.
fn order(value: &str, country: &str) -> Value {
    json!([{
        "platform": "coreldove", "metric_type": "revenue", "metric_name": "order_revenue",
        "value": value, "dimensions": {"country": country},
        "recorded_at": Utc::now().to_rfc3339(),
    }])
}

async fn accepted(client: &Client, points: &Value) {
    let sent = body(client.points(points).send().await.unwrap(), 200).await;
    assert_eq!(sent["rejected_count"], 0, "{sent}");
}

/// Revenue by country over a week, exact, largest first; rows enough that a
/// changed cell is shorter than the whole.
fn by_country() -> Value {
    json!({"panels": [{"id": "countries", "question": {
        "metrics": ["*/revenue/*"], "dimensions": ["country"], "time_range": "7d",
        "granularity": "day", "decimals": "string", "order": [{"by": "time"}, {"by": "country"}],
    }}]})
}

async fn ticket(client: &Client, of: &Value) -> String {
    let made = body(client.post(TICKETS).json(of).send().await.unwrap(), 201).await;
    made["ticket"].as_str().unwrap().to_owned()
}

fn bearer(client: &Client) -> String {
    format!("Bearer {}", client.key.as_deref().unwrap())
}

/// How an imported file's columns become points.
const MAPPING: &str = "platform = \"'coreldove'\"\nmetric_type = \"'revenue'\"\n\
    metric_name = \"'order_revenue'\"\nvalue = \"v\"\nrecorded_at = \"t\"\n\
    [dimensions]\ncountry = \"country\"\n[columns]\nv = \"decimal(18,2)\"\n";

/// A server, a tenant with one order in each of two countries, and its client.
async fn watched() -> (Server, Client) {
    let server = Server::start();
    let client = server.tenant("a");
    accepted(&client, &order("10", "GB")).await;
    accepted(&client, &order("2.5", "DE")).await;
    (server, client)
}

/// The number of the last day of a country.
fn today(answer: &Value, country: &str) -> Value {
    let rows = answer["rows"].as_array().unwrap();
    let of = rows.iter().rev().find(|row| row[1] == country).unwrap();
    of[2].clone()
}

async fn by_ticket(server: &Server, client: &Client, of: &Value, resume: &str) -> Watcher {
    let ticket = ticket(client, of).await;
    events(server, &format!("{STREAM}?ticket={ticket}{resume}"), &[]).await
}

#[tokio::test]
async fn a_number_moves_and_only_its_cell_is_told() {
    let (server, client) = watched().await;
    let wanted = by_country();
    let mut page = by_ticket(&server, &client, &wanted, "").await;
    let socket_ticket = ticket(&client, &wanted).await;
    let mut other = socket(
        &server,
        &format!("/ws/analytics/a?ticket={socket_ticket}"),
        &[],
    )
    .await;

    // First the state: what the same question answers.
    let state = page.news().await;
    assert_eq!(
        (&*state.name, &state.data["panel"]),
        ("state", &json!("countries"))
    );
    let asked = client
        .post("/api/analytics/query")
        .json(&wanted["panels"][0]["question"]);
    let asked = body(asked.send().await.unwrap(), 200).await;
    assert_eq!(state.data["answer"]["rows"], asked["rows"]);
    assert_eq!(state.data["version"], asked["version"]);
    let mut shown = state.data["answer"].clone();
    let first = other.news().await;
    assert_eq!(first.data["answer"]["rows"], asked["rows"]);

    // Then the cells that changed, soon.
    for (i, value) in ["1", "0.000000001", "3"].iter().enumerate() {
        accepted(&client, &order(value, "GB")).await;
        let change = page.news().await;
        assert_eq!(change.name, "change");
        let changes = change.data["changes"].as_array().unwrap();
        assert_eq!(changes.len(), 1, "{changes:?}");
        apply(&mut shown, &change.data["changes"]);
        let expected = ["11", "11.000000001", "14.000000001"][i];
        assert_eq!(today(&shown, "GB"), expected);
        assert_eq!(other.news().await.data["changes"], change.data["changes"]);
    }

    // A group that is new; what another process commits moves numbers here too.
    let file = server.file("points.ndjson");
    let point = json!({"v": "7", "t": Utc::now().to_rfc3339(), "country": "FR"});
    std::fs::write(&file, format!("{point}\n")).unwrap();
    let map = server.file("map.toml");
    std::fs::write(&map, MAPPING).unwrap();
    server.say(&["import", &file, "--tenant", "a", "--map", &map]);
    while today_of(&shown, "FR").is_none() {
        let event = page.news().await;
        follow(&mut shown, &event);
    }
    assert_eq!(today(&shown, "FR"), "7");
    let asked = client
        .post("/api/analytics/query")
        .json(&wanted["panels"][0]["question"]);
    let asked = body(asked.send().await.unwrap(), 200).await;
    assert_eq!(shown["rows"], asked["rows"]);

    // Nothing happens: it is said that all is of this version.
    loop {
        let event = page.next().await.unwrap();
        if event.name == "fresh" {
            assert_eq!(event.data["version"], asked["version"]);
            let as_of: chrono::DateTime<Utc> =
                event.data["as_of"].as_str().unwrap().parse().unwrap();
            let age = Utc::now() - as_of;
            assert!(age < chrono::TimeDelta::seconds(2), "{age}");
            break;
        }
    }
}

fn today_of(answer: &Value, country: &str) -> Option<Value> {
    let rows = answer["rows"].as_array().unwrap();
    let of = rows.iter().rev().find(|row| row[1] == country)?;
    Some(of[2].clone()).filter(|value| !value.is_null())
}

fn follow(shown: &mut Value, event: &Event) {
    match &*event.name {
        "state" => *shown = event.data["answer"].clone(),
        "change" => apply(shown, &event.data["changes"]),
        other => panic!("{other}: {}", event.data),
    }
}

#[tokio::test]
async fn a_socket_opens_for_its_tenants_credential_alone_and_a_ticket_once() {
    let server = Server::start_with(&["--cors-origins", "https://app.example"]);
    let client = server.tenant("a");
    let stranger = server.tenant("b");
    accepted(&client, &order("10", "GB")).await;
    let (own, foreign) = (bearer(&client), bearer(&stranger));
    let authorization = ("Authorization", &*own);
    let path = "/ws/analytics/a";

    let refused = [
        ("without a credential", path, vec![], 401),
        (
            "of another tenant",
            path,
            vec![("Authorization", &*foreign)],
            403,
        ),
        (
            "for another tenant",
            "/ws/analytics/b",
            vec![authorization],
            403,
        ),
        (
            "for no tenant",
            "/ws/analytics/nobody",
            vec![authorization],
            403,
        ),
        (
            "a page of a stranger's",
            path,
            vec![authorization, ("Origin", "https://evil.example")],
            403,
        ),
        (
            "a sandboxed page",
            path,
            vec![authorization, ("Origin", "null")],
            403,
        ),
        (
            "a ticket that is none",
            "/ws/analytics/a?ticket=tst_a.x",
            vec![],
            401,
        ),
        (
            "a ticket that is no ticket",
            "/ws/analytics/a?ticket=x",
            vec![],
            401,
        ),
    ];
    for (what, path, headers, status) in refused {
        let answer = ask_socket(&server, path, &headers).await;
        assert_eq!(answer.status, status, "{what}");
        let stream = path.replace("/ws/analytics/a", STREAM);
        if status == 401 || what.contains("page") {
            let answer = get(&server, &stream, &headers).await;
            assert_eq!(answer.status, status, "{what}");
        }
    }
    // The key of an embed token's, or of who may only send, watches nothing else.
    let sender = bearer(&server.key("a", "ingest"));
    let answer = ask_socket(&server, path, &[("Authorization", &sender)]).await;
    assert_eq!(answer.status, 403);

    // A session of the pages': good for a ticket, not for a socket.
    let signed = server.anonymous().post("/api/session");
    let signed = signed
        .header("x-tessera-page", "1")
        .header("sec-fetch-site", "same-origin")
        .json(&json!({"key": client.key}));
    let signed = signed.send().await.unwrap();
    let cookie = signed.headers()["set-cookie"].to_str().unwrap().to_owned();
    let cookie = cookie.split(';').next().unwrap();
    let answer = ask_socket(&server, path, &[("Cookie", cookie)]).await;
    assert_eq!(answer.status, 401);
    let mut page = events(&server, STREAM, &[("Cookie", cookie)]).await;
    assert_eq!(page.news().await.data["panel"], "dashboard");
    let asked = server.anonymous().post(TICKETS).header("cookie", cookie);
    let asked = asked.json(&json!({"overview": {}})).send().await.unwrap();
    problem(asked, 403).await;

    // Own and named origins, a header, a ticket.
    for origin in [server.url.as_str(), "https://app.example"] {
        let mut open = socket(&server, path, &[authorization, ("Origin", origin)]).await;
        assert_eq!(open.news().await.name, "state", "{origin}");
    }
    let once = ticket(&client, &json!({"overview": {"time_range": "7d"}})).await;
    let by_ticket = format!("{path}?ticket={once}");
    let strangers = format!(
        "/ws/analytics/b?ticket={}",
        ticket(&client, &by_country()).await
    );
    assert_eq!(ask_socket(&server, &strangers, &[]).await.status, 403);
    let mut open = socket(&server, &by_ticket, &[]).await;
    assert_eq!(open.news().await.data["answer"]["range"]["days"], 7);
    let again = ask_socket(&server, &by_ticket, &[]).await;
    assert_eq!(again.status, 401);
    assert!(
        again.json().await["detail"]
            .as_str()
            .unwrap()
            .contains("used before")
    );
    let again = get(&server, &format!("{STREAM}?ticket={once}"), &[]).await;
    assert_eq!(again.status, 401, "nor anywhere else");

    // What a client sends is bounded.
    open.send_text(5_000).await;
    let (_, closed) = open.end().await;
    assert!(
        matches!(closed, Closed::End | Closed::Code(1009)),
        "{closed:?}"
    );
}

#[tokio::test]
async fn what_a_credential_opened_ends_with_it() {
    let (server, client) = watched().await;
    let admin = server.key("a", "admin");
    let make = async |of: Value| {
        let made = admin
            .post("/api/analytics/keys")
            .json(&of)
            .send()
            .await
            .unwrap();
        let made = body(made, 201).await;
        let client = server.anonymous().with_key(made["key"].as_str().unwrap());
        (client, made["id"].as_str().unwrap().to_owned())
    };
    let (revoked, id) = make(json!({"name": "r", "scopes": ["view"]})).await;
    let ends = Utc::now() + chrono::TimeDelta::seconds(6);
    let (expiring, _) = make(json!({"name": "e", "scopes": ["view"], "expires_at": ends})).await;

    let open = async |client: &Client| {
        let header = bearer(client);
        let authorization = [("Authorization", &*header)];
        let mut page = events(&server, STREAM, &authorization).await;
        let mut other = socket(&server, "/ws/analytics/a", &authorization).await;
        let mut third = by_ticket(&server, client, &by_country(), "").await;
        for watcher in [&mut page, &mut other, &mut third] {
            assert_eq!(watcher.news().await.name, "state");
        }
        (page, other, third)
    };
    let (mut page, mut other, mut third) = open(&revoked).await;
    let mut stays = by_ticket(&server, &client, &by_country(), "").await;
    let of_expiring = open(&expiring).await;
    // A ticket from before, used after.
    let late = ticket(&revoked, &by_country()).await;

    let path = format!("/api/analytics/keys/{id}");
    let gone = admin.request(Method::DELETE, &path).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let since = Instant::now();
    let reason = json!("credential");
    assert_eq!(page.end().await, (reason.clone(), Closed::End));
    assert_eq!(other.end().await, (reason.clone(), Closed::Code(4401)));
    assert_eq!(third.end().await, (reason.clone(), Closed::End));
    assert!(
        since.elapsed() < Duration::from_secs(5),
        "{:?}",
        since.elapsed()
    );
    let late = get(&server, &format!("{STREAM}?ticket={late}"), &[]).await;
    assert_eq!(late.status, 401);

    let (mut page, mut other, _third) = of_expiring;
    assert_eq!(page.end().await, (reason.clone(), Closed::End));
    assert_eq!(other.end().await, (reason, Closed::Code(4401)));
    let late = (Utc::now() - ends).num_milliseconds();
    assert!((-100..5_000).contains(&late), "{late} ms after its end");

    // Others watch on.
    assert_eq!(stays.news().await.name, "state");
    accepted(&client, &order("1", "GB")).await;
    assert_eq!(stays.news().await.name, "change");
}

#[tokio::test]
async fn a_stream_goes_on_where_it_was_left() {
    let (server, client) = watched().await;
    let wanted = by_country();
    let mut page = by_ticket(&server, &client, &wanted, "").await;
    let state = page.news().await;
    let mut shown = state.data["answer"].clone();
    drop(page);

    // Missed: two changes of one cell, one of another.
    for (value, country) in [("1", "GB"), ("2", "GB"), ("4", "DE")] {
        accepted(&client, &order(value, country)).await;
    }
    let resume = format!("&last_event_id={}", state.id);
    let mut page = by_ticket(&server, &client, &wanted, &resume).await;
    // The first may come before the panel was looked at again.
    while today(&shown, "DE") != "6.5" {
        let event = page.news().await;
        assert_eq!(event.name, "change", "no state again");
        apply(&mut shown, &event.data["changes"]);
    }
    assert_eq!(today(&shown, "GB"), "13");
    drop(page);

    // The header that browsers send; nothing was missed.
    let event_id = {
        let mut page = by_ticket(&server, &client, &wanted, "").await;
        page.news().await.id
    };
    let once = ticket(&client, &wanted).await;
    let path = format!("{STREAM}?ticket={once}");
    let mut page = events(&server, &path, &[("Last-Event-ID", &event_id)]).await;
    let first = page.next().await.unwrap();
    assert_eq!(first.name, "fresh", "{first:?}");

    // What this server does not know is told whole.
    for foreign in ["1.1", "x", "999999.20000", "1.1_1.1"] {
        let resume = format!("&last_event_id={foreign}");
        let mut page = by_ticket(&server, &client, &wanted, &resume).await;
        let event = page.news().await;
        assert_eq!(event.name, "state", "{foreign}");
        assert_eq!(today(&event.data["answer"], "GB"), "13");
    }
}

#[tokio::test]
async fn who_reads_slowly_hears_the_newest_and_holds_nobody_up() {
    let (server, client) = watched().await;
    // An answer that does not fit what the system holds for a sleeping reader.
    let many: Vec<Value> = (0..1_000)
        .map(|i| order("1", &format!("{:0>200}", i))[0].clone())
        .collect();
    accepted(&client, &json!(many)).await;
    let wanted = by_country();
    let mut fast = by_ticket(&server, &client, &wanted, "").await;
    let mut sleepers = Vec::new();
    for _ in 0..8 {
        sleepers.push(by_ticket(&server, &client, &wanted, "").await);
    }
    let first = fast.news().await;
    let state_bytes = first.data.to_string().len();
    assert!(state_bytes > 1_000_000, "{state_bytes}");
    let mut shown = first.data["answer"].clone();
    let before = server.memory_bytes();
    const ROUNDS: usize = 30;
    for round in 0..ROUNDS {
        // Rows that are new move all others: the whole is told again.
        accepted(&client, &order("1", &format!("!{round:0>3}"))).await;
        let sent = Instant::now();
        while today_of(&shown, &format!("!{round:0>3}")).is_none() {
            let event = fast.news().await;
            follow(&mut shown, &event);
        }
        assert!(
            sent.elapsed() < Duration::from_secs(5),
            "{:?}",
            sent.elapsed()
        );
    }
    let grown = server.memory_bytes().saturating_sub(before);
    let queued = (8 * ROUNDS * state_bytes) as u64;
    assert!(
        // What the system holds for sleeping readers, and the answers that are
        // made meanwhile, are a quarter of it.
        grown < queued / 2,
        "{grown} bytes of {queued} that were not read"
    );
    for sleeper in &mut sleepers {
        let mut seen = json!(null);
        let mut heard = 0;
        let last = format!("!{:0>3}", ROUNDS - 1);
        while seen.is_null() || today_of(&seen, &last).is_none() {
            let event = sleeper.news().await;
            follow(&mut seen, &event);
            heard += 1;
        }
        assert!(heard <= 12, "{heard} events for what was missed");
        assert_eq!(seen["rows"], shown["rows"]);
    }
}

#[tokio::test]
async fn a_thousand_watch_in_little_memory_and_one_computes() {
    const WATCHERS: usize = 1_000;
    let server = Server::start();
    let operator = server.operator();
    let client = server.tenant("a");
    let limits = json!({"live_connections": WATCHERS});
    let put = operator
        .request(Method::PUT, "/api/admin/tenants/a/limits")
        .json(&limits);
    body(put.send().await.unwrap(), 200).await;
    accepted(&client, &order("10", "GB")).await;
    let header = bearer(&client);
    let authorization = [("Authorization", &*header)];
    let dashboards = async || {
        // What was used is added each second.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let day = Utc::now().date_naive();
        let path = format!("/api/admin/usage?from={day}&to={day}");
        let usage = body(operator.get(&path).send().await.unwrap(), 200).await;
        let of = usage["usage"].as_array().unwrap().iter();
        of.map(|row| row["dashboards"].as_u64().unwrap_or_default())
            .sum::<u64>()
    };

    // One is there before, so that what all of them need is not counted.
    let mut watchers = vec![events(&server, STREAM, &authorization).await];
    watchers[0].news().await;
    let (computed, before) = (dashboards().await, server.memory_bytes());
    for i in 1..WATCHERS {
        watchers.push(match i % 2 {
            0 => events(&server, STREAM, &authorization).await,
            _ => socket(&server, "/ws/analytics/a", &authorization).await,
        });
    }
    for watcher in &mut watchers[1..] {
        assert_eq!(watcher.news().await.name, "state");
    }
    let usage = body(
        client.get("/api/analytics/usage").send().await.unwrap(),
        200,
    )
    .await;
    let limits = usage["limits"].as_array().unwrap();
    let live = limits
        .iter()
        .find(|l| l["name"] == "live_connections")
        .unwrap();
    assert_eq!(live["used"], WATCHERS);
    let one_more = get(&server, STREAM, &authorization).await;
    assert_eq!(one_more.status, 429);
    let one_more = one_more.json().await;
    assert_eq!(one_more["limit"]["name"], "live_connections", "{one_more}");

    accepted(&client, &order("5", "GB")).await;
    let sent = Instant::now();
    for watcher in &mut watchers {
        let event = watcher.news().await;
        assert!(
            event.data["changes"].to_string().contains("15"),
            "{:?}",
            event.data
        );
    }
    let all_told = sent.elapsed();
    let grown = server.memory_bytes().saturating_sub(before);
    eprintln!("{WATCHERS} watchers: {grown} bytes more, all told after {all_told:?}");
    assert!(grown < 150 << 20, "{grown} bytes");
    assert!(all_told < Duration::from_secs(10), "{all_told:?}");
    let now = dashboards().await;
    assert!(
        now - computed <= 2,
        "{} computations for one change",
        now - computed
    );

    // Who leaves makes room.
    drop(watchers);
    for _ in 0..200 {
        let again = get(&server, STREAM, &authorization).await;
        if again.status == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("places are not given back");
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_is_not_held_up() {
    let (mut server, client) = watched().await;
    let header = bearer(&client);
    let authorization = [("Authorization", &*header)];
    let mut page = events(&server, STREAM, &authorization).await;
    let mut other = socket(&server, "/ws/analytics/a", &authorization).await;
    page.news().await;
    other.news().await;
    let begun = Instant::now();
    let stopped = tokio::task::spawn_blocking(move || {
        server.stop();
        begun.elapsed()
    });
    assert_eq!(page.end().await, (json!("stopping"), Closed::End));
    assert_eq!(other.end().await, (json!("stopping"), Closed::Code(1001)));
    let took = stopped.await.unwrap();
    assert!(took < Duration::from_secs(15), "{took:?}");
}
