//! Rejected points over HTTP and by command.

use serde_json::{Value, json};

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

const PATH: &str = "/api/analytics/quarantine";

async fn list(client: &Client, query: &str) -> Vec<Value> {
    let answer = client.get(&format!("{PATH}{query}")).send().await.unwrap();
    let answer = body(answer, 200).await;
    answer["entries"].as_array().unwrap().clone()
}

async fn replay(client: &Client, id: &str, corrected: Option<&Value>) -> reqwest::Response {
    let request = client.post(&format!("{PATH}/{id}/replay"));
    let request = match corrected {
        Some(point) => request.json(point),
        None => request,
    };
    request.send().await.unwrap()
}

async fn sum(client: &Client) -> Value {
    let sums = "select count(*), sum(metric_value) from analytics_data_points";
    client.rows(sums).await[0].clone()
}

#[tokio::test]
async fn a_rejected_point_is_listed_mended_and_counted_once() {
    let server = Server::start();
    let (a, b) = (server.tenant("a"), server.tenant("b"));
    let with = |field: &str, value: Value| {
        let mut point = order(json!(1.25), json!({"secret": "of a"}));
        point[field] = value;
        point
    };
    let faulty = json!([
        with("value", json!("NaN")),
        order(json!(1), json!({})),
        with("platform", json!("nowhere")),
        with("value", json!("many")),
        with("recorded_at", json!("yesterday")),
    ]);
    let sent = body(a.points(&faulty).send().await.unwrap(), 200).await;
    assert_eq!(
        (&sent["accepted"], &sent["rejected_count"]),
        (&json!(1), &json!(4))
    );
    let strict = a
        .post("/api/analytics/data-points?strict=true")
        .json(&faulty);
    body(strict.send().await.unwrap(), 422).await;

    // Pages, the newest first, and filters.
    let all = list(&a, "").await;
    assert_eq!(all.len(), 4, "a strict body keeps nothing");
    let indexes: Vec<_> = all.iter().map(|e| e["index"].as_i64().unwrap()).collect();
    assert_eq!(indexes, [4, 3, 2, 0]);
    assert_eq!(all[2]["point"], faulty[2]);
    let named = [
        ("source", json!("json")),
        ("field", json!("platform")),
        ("attempts", json!(0)),
    ];
    for (name, value) in named {
        assert_eq!(all[2][name], value);
    }
    assert_eq!(
        list(&a, "?field=value").await,
        [all[1].clone(), all[3].clone()]
    );
    assert_eq!(list(&a, "?platform=nowhere").await, [all[2].clone()]);
    let page = a.get(&format!("{PATH}?limit=3")).send().await.unwrap();
    let page = body(page, 200).await;
    let next = format!("?limit=3&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(list(&a, &next).await, [all[3].clone()]);
    for wrong in ["?limit=0", "?limit=1001", "?cursor=x", "?fields=value"] {
        problem(a.get(&format!("{PATH}{wrong}")).send().await.unwrap(), 400).await;
    }

    // Another tenant finds nothing, and cannot tell that there is something.
    let id = |at: usize| all[at]["id"].as_str().unwrap();
    assert_eq!(list(&b, "").await, [] as [Value; 0]);
    let never = "00000000-0000-7000-8000-000000000000";
    let mut answers = Vec::new();
    for (client, id) in [(&b, id(3)), (&a, never)] {
        let replayed = problem(replay(client, id, None).await, 404).await;
        let dropped = client.request(reqwest::Method::DELETE, &format!("{PATH}/{id}"));
        let dropped = problem(dropped.send().await.unwrap(), 404).await;
        let without_id = |problem: Value| problem.to_string().replace(id, "");
        answers.push((without_id(replayed), without_id(dropped)));
    }
    assert_eq!(answers[0], answers[1]);
    problem(replay(&a, "../x", None).await, 404).await;
    let reader = server.key("a", "read");
    problem(replay(&reader, id(3), None).await, 403).await;

    // As it was it is rejected again; mended it counts once of twenty times.
    let again = body(replay(&a, id(3), None).await, 422).await;
    assert_eq!(again["rejected"][0]["field"], "value");
    let mended = order(json!(2.5), json!({}));
    let replays = (0..20).map(|_| replay(&a, id(3), Some(&mended)));
    for replayed in futures::future::join_all(replays).await {
        let answer = body(replayed, 200).await;
        assert_eq!(
            (&answer["accepted"], &answer["version"]),
            (&json!(1), &json!(2))
        );
    }
    assert_eq!(sum(&a).await, json!([2, 3.5]));
    let no_point = body(replay(&a, id(1), Some(&json!("["))).await, 422).await;
    assert_eq!(
        no_point["rejected"][0]["reason"],
        "a point must be a JSON object"
    );
    let malformed = a.post(&format!("{PATH}/{}/replay", id(1)));
    let malformed = malformed
        .header("content-type", "application/json")
        .body("{");
    problem(malformed.send().await.unwrap(), 400).await;
    let foreign = {
        let mut point = mended.clone();
        point["tenant_id"] = json!("b");
        point
    };
    problem(replay(&a, id(1), Some(&foreign)).await, 403).await;

    // Many at once: those named and those that match.
    let many = |what: Value| a.post(&format!("{PATH}/replay")).json(&what).send();
    let named = body(
        many(json!({"ids": [id(3), id(2), never]})).await.unwrap(),
        200,
    )
    .await;
    assert_eq!(
        (&named["accepted"], &named["missing"]),
        (&json!(1), &json!([never]))
    );
    assert_eq!(named["rejected"][0]["id"], id(2));
    let all_left = body(
        many(json!({"filter": {"field": "recorded_at"}}))
            .await
            .unwrap(),
        200,
    )
    .await;
    assert_eq!(all_left["rejected"].as_array().unwrap().len(), 1);
    problem(many(json!({})).await.unwrap(), 400).await;
    assert_eq!(sum(&a).await, json!([2, 3.5]));

    // By command.
    let listed = server.say(&["quarantine", "list", "--tenant", "a", "--json"]);
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["entries"].as_array().unwrap().len(), 3);
    let text = server.say(&["quarantine", "list", "--tenant", "a", "--field", "platform"]);
    assert!(text.contains(id(2)) && text.lines().count() == 1, "{text}");
    let said = server.say(&["quarantine", "replay", "--tenant", "a", id(2)]);
    assert!(said.contains("1 rejected again"), "{said}");
    assert!(
        !server
            .run(&["quarantine", "drop", "--tenant", "b", id(2)])
            .status
            .success()
    );
    server.say(&["quarantine", "drop", "--tenant", "a", id(2)]);
    let gone = a.request(reqwest::Method::DELETE, &format!("{PATH}/{}", id(1)));
    assert_eq!(gone.send().await.unwrap().status(), 204);
    assert_eq!(list(&a, "").await.len(), 1);

    // Expired ones are removed, and no others.
    body(b.points(&json!([1])).send().await.unwrap(), 422).await;
    let expire = "set app.current_tenant_id = 'a';
        update analytics.quarantine set expires_at = now() - interval '1 hour'";
    server.say(&["psql", "--", "-qc", expire]);
    let left = "set app.current_tenant_id = 'a'; select count(*) from analytics.quarantine";
    while server.say(&["psql", "--", "-qtAc", left]).trim() != "0" {}
    assert_eq!(list(&b, "").await.len(), 1);
}
