//! The front against those who mean harm: what holds for every request.

use std::io::Write as _;
use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::fixture::JsonBody as _;
use crate::fixture::{Server, body, order, problem};

const POINTS: &str = "/api/analytics/data-points";

async fn connect(server: &Server) -> TcpStream {
    let address = server.url.strip_prefix("http://").unwrap();
    TcpStream::connect(address).await.unwrap()
}

/// Everything that is answered until the connection ends.
async fn answered(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let read = stream.read_to_end(&mut bytes);
    let read = tokio::time::timeout(Duration::from_secs(60), read).await;
    read.expect("an end").unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_headers_and_slow_bodies_are_let_go_with_408() {
    let server = Server::start();
    let user = server.tenant("a");
    let key = user.key.clone().unwrap();
    let mut headers = connect(&server).await;
    headers
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await
        .unwrap();
    let mut in_body = connect(&server).await;
    let head = format!(
        "POST {POINTS} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
         Content-Type: application/json\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n[{{"
    );
    in_body.write_all(head.as_bytes()).await.unwrap();
    let (headers, in_body) = tokio::join!(answered(&mut headers), answered(&mut in_body));
    for answer in [headers, in_body] {
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    body(user.get("/health").send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn connections_have_a_cap_in_all_and_for_an_address() {
    for cap in ["--max-connections", "--max-connections-per-address"] {
        let server = Server::start_with(&[cap, "3"]);
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(connect(&server).await);
        }
        let mut refused = connect(&server).await;
        let answer = answered(&mut refused).await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{cap}: {answer}");
        assert!(answer.contains("retry-after: "), "{cap}: {answer}");
        held.clear();
        let mut answer = String::new();
        for _ in 0..100 {
            let mut again = connect(&server).await;
            let request = b"GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            again.write_all(request).await.unwrap();
            answer = answered(&mut again).await;
            if answer.starts_with("HTTP/1.1 200 ") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(answer.starts_with("HTTP/1.1 200 "), "{cap}: {answer}");
    }
}

#[tokio::test]
async fn bombs_oversized_requests_and_deep_json_are_refused_in_little_memory() {
    let server = Server::start_with(&["--body-limit-mib", "1"]);
    let user = server.tenant("a");
    let before = server.peak_memory_bytes();

    // 256 MiB of empty lines in 256 KiB.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..256 {
        packed.write_all(&vec![b'\n'; 1 << 20]).unwrap();
    }
    let bomb = user
        .post(POINTS)
        .header("content-type", "application/x-ndjson")
        .header("content-encoding", "gzip")
        .body(packed.finish().unwrap());
    problem(bomb.send().await.unwrap(), 413).await;
    let large = user
        .post(POINTS)
        .header("content-type", "application/x-ndjson");
    problem(large.body(vec![b' '; 3 << 20]).send().await.unwrap(), 413).await;
    let large = json!({"query": " ".repeat(2 << 20)});
    let large = user.post("/api/analytics/sql").json(&large);
    problem(large.send().await.unwrap(), 413).await;

    let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for (path, text) in [
        ("/api/analytics/sql", deep(100_000)),
        (
            "/api/analytics/sql",
            format!(r#"{{"query": {}}}"#, deep(100_000)),
        ),
        (
            "/api/analytics/sql",
            format!(r#"{{"query": "", "params": {}}}"#, deep(100_000)),
        ),
        (
            "/api/analytics/exports",
            format!(r#"{{"source": {}}}"#, deep(100_000)),
        ),
        (
            "/api/analytics/collect",
            format!(r#"{{"data": {}}}"#, deep(100_000)),
        ),
    ] {
        let sent = user.post(path).header("content-type", "application/json");
        problem(sent.body(text).send().await.unwrap(), 400).await;
    }
    let nested = format!(r#"{{"dimensions": {}}}"#, r#"{"a":"#.repeat(100_000));
    let sent = user.post(POINTS).header("content-type", "application/json");
    problem(sent.body(nested).send().await.unwrap(), 400).await;
    let grown = server.peak_memory_bytes() - before;
    assert!(grown < 128 << 20, "{grown} bytes");

    let wide = user.get("/health").header("x-wide", "w".repeat(80 << 10));
    assert_eq!(wide.send().await.unwrap().status(), 431);
    let mut many = user.get("/health");
    for n in 0..200 {
        many = many.header(format!("x-{n}"), "v");
    }
    assert_eq!(many.send().await.unwrap().status(), 431);
    body(user.get("/health").send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn only_pages_of_listed_origins_may_ask() {
    let preflight = |server: &Server, origin: &str| {
        let asked = server
            .anonymous()
            .request(Method::OPTIONS, "/api/analytics/sql");
        asked
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
            .send()
    };
    let none = Server::start();
    let answer = preflight(&none, "https://app.example.com").await.unwrap();
    assert!(!answer.headers().contains_key("access-control-allow-origin"));

    let server = Server::start_with(&[
        "--cors-origins",
        "https://app.example.com,http://localhost:5173",
    ]);
    for (origin, listed) in [
        ("https://app.example.com", true),
        ("http://localhost:5173", true),
        ("https://app.example.com.evil.example", false),
        ("http://app.example.com", false),
        ("null", false),
    ] {
        let answer = preflight(&server, origin).await.unwrap();
        let allowed = answer.headers().get("access-control-allow-origin");
        assert_eq!(
            allowed.is_some_and(|value| value == origin),
            listed,
            "{origin}"
        );
        assert_eq!(allowed.is_some(), listed, "{origin}");
        assert!(
            !answer
                .headers()
                .contains_key("access-control-allow-credentials")
        );
        let asked = server.anonymous().get("/health").header("origin", origin);
        let asked = asked.send().await.unwrap();
        let allowed = asked.headers().contains_key("access-control-allow-origin");
        assert_eq!(allowed, listed, "{origin}");
    }
    for bad in ["*", "app.example.com", "https://a.example/path"] {
        let refused = server.run(&["serve", "--listen", "127.0.0.1:0", "--cors-origins", bad]);
        assert_eq!(refused.status.code(), Some(2), "{bad}");
    }
}

#[tokio::test]
async fn every_answer_has_a_harmless_id_and_the_headers_that_browsers_need() {
    let server = Server::start();
    let anyone = server.anonymous();
    let id = async |given: &str| {
        let request = anyone
            .get("/nowhere")
            .header("x-request-id", given.to_owned());
        let answer = request.send().await.unwrap();
        for header in [
            "x-content-type-options",
            "x-frame-options",
            "content-security-policy",
        ] {
            assert!(answer.headers().contains_key(header), "{header}");
        }
        answer.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(id("order-7.a_b:c").await, "order-7.a_b:c");
    for harmful in ["", "a b", "<script>", "a\tb", &"x".repeat(129)] {
        let given = id(harmful).await;
        assert!(
            given.len() == 36 && given != harmful,
            "{harmful:?}: {given}"
        );
    }
}

#[tokio::test]
async fn secrets_are_never_logged_and_line_ends_in_input_give_no_lines() {
    let server = Server::start_among(&[("TESSERA_LOG", "debug")]);
    let user = server.tenant("a");
    let forged = "FORGED\r\n2026-01-01T00:00:00Z ERROR forged\nforged";
    let mut point = order(json!(1), json!({"k": forged}));
    point["platform"] = json!(forged);
    let sent = user.points(&json!([point])).header("x-tenant-id", "a");
    assert!(sent.send().await.unwrap().status().as_u16() < 500);
    let asked = user.sql(&format!("select '{forged}' from nowhere"));
    problem(asked.send().await.unwrap(), 400).await;
    for path in [
        "/x%0d%0aforged",
        "/api/analytics/platforms/a%0d%0aforged/dashboard",
        "/x?q=%0d%0aforged",
    ] {
        assert_eq!(user.get(path).send().await.unwrap().status(), 404);
    }
    let unknown = server.anonymous().with_key("tsk_secret_of_nobody");
    problem(
        unknown.get("/api/analytics/metrics").send().await.unwrap(),
        401,
    )
    .await;
    let by_header = server.anonymous().get("/api/analytics/metrics");
    let key = user.key.clone().unwrap();
    body(
        by_header.header("x-api-key", &key).send().await.unwrap(),
        200,
    )
    .await;

    let log = server.log();
    assert!(log.contains("answered"), "it does log: {log}");
    assert!(
        !log.contains(&key) && !log.contains("secret_of_nobody"),
        "{log}"
    );
    for line in log.lines() {
        let bare = line.trim_start();
        assert!(!bare.starts_with("forged"), "{line}");
        assert!(
            !bare.contains("ERROR forged") || bare.contains("\\n"),
            "{line}"
        );
    }
}

#[tokio::test]
async fn anothers_id_is_answered_as_one_that_is_not_there() {
    let server = Server::start();
    let (a, b) = (server.tenant("a"), server.tenant("b"));
    body(
        b.points(&json!([{"platform": "coreldove"}]))
            .send()
            .await
            .unwrap(),
        422,
    )
    .await;
    let listed = body(
        b.get("/api/analytics/quarantine").send().await.unwrap(),
        200,
    )
    .await;
    let text = listed.to_string();
    let at = text.find("\"id\":\"").expect("an id") + 6;
    let (foreign, missing) = (&text[at..at + 36], "0195a1b2-0000-7000-8000-000000000000");
    for (method, tail) in [(Method::DELETE, ""), (Method::POST, "/replay")] {
        let ask = async |id: &str| {
            let path = format!("/api/analytics/quarantine/{id}{tail}");
            let answer = problem(a.request(method.clone(), &path).send().await.unwrap(), 404);
            answer.await.to_string().replace(id, "ID")
        };
        assert_eq!(ask(foreign).await, ask(missing).await, "{method}");
    }
    let still = body(
        b.get("/api/analytics/quarantine").send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(still.to_string(), text);
}

#[tokio::test]
async fn a_nul_in_a_name_is_the_callers_fault() {
    let server = Server::start();
    server.tenant("a");
    let admin = server.key("a", "admin,read");
    let nul = "a\u{0}b";
    for path in [
        "/api/analytics/endpoints/%00",
        "/api/analytics/saved-queries/a%00",
        "/api/analytics/quarantine?platform=%00",
    ] {
        let answer = admin.get(path).send().await.unwrap();
        let status = answer.status().as_u16();
        assert!(status == 400 || status == 404, "{path}: {status}");
        problem(answer, status).await;
    }
    let erasure = json!({"dimension": nul, "value": "x"});
    let role = json!({"base": "viewer", "sees": {"platforms": [nul]}});
    for (method, path, of) in [
        (Method::POST, "/api/analytics/erasures", erasure),
        (Method::PUT, "/api/analytics/roles/shop", role),
        (
            Method::POST,
            "/api/analytics/sql/jobs",
            json!({"query": "select $1", "params": [nul]}),
        ),
        (
            Method::POST,
            "/api/analytics/sql/jobs",
            json!({"query": format!("select '{nul}'")}),
        ),
    ] {
        let sent = admin.request(method, path).json(&of).send().await.unwrap();
        problem(sent, 400).await;
    }
}
