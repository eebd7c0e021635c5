//! The pages and their sessions: what a browser gets, and what it may.

use reqwest::{Method, RequestBuilder, Response};
use serde_json::json;
use sqlx::Connection as _;

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

/// Sent as the pages send it.
fn from_pages(request: RequestBuilder) -> RequestBuilder {
    request
        .header("X-Tessera-Page", "1")
        .header("Sec-Fetch-Site", "same-origin")
}

fn sign_in(anyone: &Client, key: &str) -> RequestBuilder {
    from_pages(anyone.post("/api/session")).json(&json!({ "key": key }))
}

/// The cookie that an answer sets, as a request carries it.
fn cookie(response: &Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    assert!(set.contains("; HttpOnly; SameSite=Strict"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_session_stands_for_its_key_and_changes_nothing_for_other_sites() {
    let server = Server::start();
    let (anyone, client) = (server.anonymous(), server.tenant("a"));
    let key = client.key.clone().unwrap();

    // Nobody, and a wrong key.
    problem(anyone.get("/api/session").send().await.unwrap(), 401).await;
    problem(sign_in(&anyone, "tsk_0").send().await.unwrap(), 401).await;
    // Another site's form cannot sign a browser in.
    let foreign = anyone.post("/api/session").json(&json!({ "key": key }));
    problem(foreign.send().await.unwrap(), 403).await;

    let answer = sign_in(&anyone, &format!(" {key}\n")).send().await.unwrap();
    let session = cookie(&answer);
    assert!(!session.contains(&key), "the key is sealed");
    let who = body(answer, 200).await;
    assert_eq!(
        (&who["tenant"], &who["plan"]),
        (&json!("a"), &json!("pro")),
        "{who}"
    );
    let as_session = |method: Method, path: &str| {
        anyone
            .request(method, path)
            .header("Cookie", format!("other=1; {session}"))
    };

    // It reads, and writes for the pages alone.
    let asked = as_session(Method::GET, "/api/session").send().await;
    assert_eq!(body(asked.unwrap(), 200).await["tenant"], "a");
    let listed = as_session(Method::GET, "/api/analytics/metrics")
        .send()
        .await;
    body(listed.unwrap(), 200).await;
    let points = json!([order(json!(5), json!({}))]);
    let send = || as_session(Method::POST, "/api/analytics/data-points").json(&points);
    problem(send().send().await.unwrap(), 403).await;
    let cross = send()
        .header("X-Tessera-Page", "1")
        .header("Sec-Fetch-Site", "cross-site");
    problem(cross.send().await.unwrap(), 403).await;
    body(from_pages(send()).send().await.unwrap(), 200).await;
    // A key in a header needs nothing of the kind, and comes first.
    let both = send().bearer_auth("tsk_0");
    problem(both.send().await.unwrap(), 401).await;

    // Altered, it is nobody's.
    let altered = anyone
        .get("/api/analytics/metrics")
        .header("Cookie", format!("{session}x"));
    problem(altered.send().await.unwrap(), 401).await;

    // It ends on the browser's side, and with its key.
    let out = from_pages(as_session(Method::DELETE, "/api/session"));
    let out = out.send().await.unwrap();
    assert_eq!(out.status(), 204);
    let gone = out.headers()["set-cookie"].to_str().unwrap();
    assert!(gone.starts_with("tessera_session=; ") && gone.contains("Max-Age=0"));
    let mut database = sqlx::PgConnection::connect_with(&server.superuser())
        .await
        .unwrap();
    sqlx::query("UPDATE analytics.api_key SET revoked_at = now()")
        .execute(&mut database)
        .await
        .unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let late = as_session(Method::GET, "/api/analytics/metrics");
    problem(late.send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn every_page_is_one_document_under_a_strict_policy() {
    let server = Server::start();
    let anyone = server.anonymous();
    let mut documents = Vec::new();
    for path in ["/", "/app/sql", "/app/platforms/coreldove"] {
        let answer = anyone.get(path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.headers()["cache-control"], "no-cache");
        let text = answer.text().await.unwrap();
        assert!(
            !text.contains("<script>") && !text.contains("http"),
            "{text}"
        );
        documents.push(text);
    }
    assert!(documents.iter().all(|document| document == &documents[0]));
    let Some((_, rest)) = documents[0].split_once("src=\"/assets/") else {
        assert!(documents[0].contains("npm run build"), "it says how");
        return;
    };
    let script = format!("/assets/{}", rest.split('"').next().unwrap());
    for (accepted, coding) in [("br, gzip", Some("br")), ("gzip", Some("gzip")), ("", None)] {
        let answer = anyone.get(&script).header("Accept-Encoding", accepted);
        let answer = answer.send().await.unwrap();
        let said = answer.headers().get("content-encoding");
        assert_eq!(said.map(|value| value.to_str().unwrap()), coding);
        let kept = answer.headers()["cache-control"].to_str().unwrap();
        assert!(kept.contains("immutable"), "{kept}");
    }
    problem(anyone.get("/assets/none.js").send().await.unwrap(), 404).await;
}
