//! Structured questions over HTTP.

use serde_json::json;

use crate::fixture::{JsonBody as _, Server, body, problem};

const PATH: &str = "/api/analytics/query";

#[tokio::test]
async fn a_structured_question_is_answered_in_typed_columns() {
    let server = Server::start();
    let client = server.tenant("a");
    let order = |value: &str, at: &str, country: &str| {
        json!({
            "platform": "coreldove", "metric_type": "revenue", "metric_name": "order_revenue",
            "value": value, "recorded_at": at, "dimensions": {"country": country},
        })
    };
    let points = json!([
        order("10.000000001", "2025-03-10T12:00:00Z", "GB"),
        order("20", "2025-03-11T12:00:00Z", "DE"),
        order("1", "2025-03-11T13:00:00Z", "FR"),
        order("4", "2025-03-08T12:00:00Z", "GB"),
    ]);
    body(client.points(&points).send().await.unwrap(), 200).await;
    let query = json!({
        "metrics": ["coreldove/revenue/order_revenue",
            {"metric": "coreldove/revenue/order_revenue", "aggregate": "count", "as": "orders"}],
        "dimensions": ["country"],
        "time_range": {"from": "2025-03-10", "to": "2025-03-11"},
        "granularity": "day", "compare": "previous", "fill": "none", "totals": true,
        "top": {"limit": 2, "other": true}, "decimals": "string",
    });
    let asked = client.post(PATH).json(&query).send().await.unwrap();
    let answer = body(asked, 200).await;
    let names: Vec<&str> = answer["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| column["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "time",
            "country",
            "order_revenue",
            "orders",
            "order_revenue_previous",
            "orders_previous",
            "other"
        ]
    );
    assert_eq!(
        answer["rows"],
        json!([
            ["2025-03-10", "GB", "10.000000001", "1", "4", "1", false],
            ["2025-03-11", "DE", "20", "1", null, null, false],
            ["2025-03-11", null, "1", "1", null, null, true],
        ])
    );
    assert_eq!(answer["columns"][2]["kind"], "sum");
    assert_eq!(answer["columns"][2]["source"], "rollup");
    assert_eq!(answer["totals"][0]["value"], "31.000000001");
    assert_eq!(answer["totals"][0]["previous"], "4");
    assert_eq!(
        (&answer["groups"], &answer["complete"]),
        (&json!(3), &json!(true))
    );

    let other = server.tenant("b");
    let asked = other.post(PATH).json(&query).send().await.unwrap();
    let refused = problem(asked, 400).await;
    assert_eq!(refused["at"], "metrics[0]");
    let said = refused.to_string();
    assert!(!said.contains("coreldove/revenue/order_revenue,"), "{said}");
}

#[tokio::test]
async fn a_structured_question_that_cannot_be_is_refused_at_its_place() {
    let server = Server::start();
    let client = server.tenant("a");
    for (query, at) in [
        (json!({"metrics": []}), "metrics"),
        (json!({"metrics": ["x"]}), "metrics[0]"),
        (
            json!({"metrics": ["a/b/c"], "time_range": "0d"}),
            "time_range",
        ),
        (
            json!({"metrics": ["a/b/c"], "granularity": "fortnight"}),
            "body",
        ),
        (json!({"metrics": ["a/b/c"], "surprise": 1}), "body"),
        (json!({"metrics": ["a/b/c"], "top": {"limit": 3}}), "top"),
        (
            json!({"metrics": ["a/b/c"], "filters": [
                {"dimension": "k", "operator": "gt", "values": ["x"]}]}),
            "filters[0]",
        ),
    ] {
        let asked = client.post(PATH).json(&query).send().await.unwrap();
        assert_eq!(problem(asked, 400).await["at"], at, "{query}");
    }
}

/// A point of a metric, of a day of March 2025.
fn of_march(metric: &str, day: &str, dimensions: serde_json::Value) -> serde_json::Value {
    let names: Vec<&str> = metric.split('/').collect();
    json!({"platform": names[0], "metric_type": names[1], "metric_name": names[2], "value": 1,
        "recorded_at": format!("2025-03-{day}:00:00Z"), "dimensions": dimensions})
}

const VISIT: &str = "coreldove/engagement/customer_activity";
const ORDER: &str = "coreldove/revenue/order_revenue";

#[tokio::test]
async fn a_funnel_counts_who_took_each_step_after_the_one_before() {
    let server = Server::start();
    let client = server.tenant("a");
    let of = |metric, day, who: &str, country: serde_json::Value| {
        let mut dimensions = json!({"customer_id": who});
        if !country.is_null() {
            dimensions["country"] = country;
        }
        of_march(metric, day, dimensions)
    };
    let nothing = json!(null);
    let points = json!([
        of(VISIT, "01T10", "before and after", json!("GB")),
        of(ORDER, "02T10", "before and after", json!("FR")),
        of(ORDER, "05T10", "before and after", json!("GB")),
        of(ORDER, "01T10", "the wrong way round", json!("DE")),
        of(VISIT, "02T10", "the wrong way round", json!("DE")),
        of(VISIT, "01T10", "late", json!("GB")),
        of(ORDER, "10T10", "late", json!("GB")),
        of(VISIT, "03T10", "at once", nothing.clone()),
        of(ORDER, "03T10", "at once", nothing.clone()),
        of(ORDER, "04T10", "without a visit", json!("GB")),
        of_march(VISIT, "04T10", json!({"country": "GB"})),
        of(VISIT, "30T10", "beyond the range", json!("GB")),
    ]);
    body(client.points(&points).send().await.unwrap(), 200).await;
    let ask = async |change: serde_json::Value| {
        let mut query = json!({"entity": "customer_id", "decimals": "string",
            "steps": [{"name": "visit", "metric": VISIT}, {"metric": ORDER}],
            "time_range": {"from": "2025-03-01", "to": "2025-03-20"}, "time_zone": "UTC"});
        for (key, value) in change.as_object().unwrap() {
            query[key] = value.clone();
        }
        let path = format!("{PATH}/funnel");
        client.post(&path).json(&query).send().await.unwrap()
    };
    let entities = |steps: &serde_json::Value| -> Vec<u64> {
        let steps = steps.as_array().unwrap().iter();
        steps
            .map(|step| step["entities"].as_u64().unwrap())
            .collect()
    };

    let answer = body(ask(json!({})).await, 200).await;
    assert_eq!(entities(&answer["steps"]), [4, 3]);
    assert_eq!(answer["steps"][1]["name"], "order_revenue");
    assert_eq!(answer["steps"][1]["of_first_percent"], "75");
    let soon = body(ask(json!({"within_days": 7})).await, 200).await;
    assert_eq!(entities(&soon["steps"]), [4, 2]);
    let again = json!({"steps": [{"metric": ORDER}, {"metric": ORDER}]});
    assert_eq!(
        entities(&body(ask(again).await, 200).await["steps"]),
        [5, 1]
    );
    let only = json!({"filters": [{"dimension": "country", "operator": "in", "values": ["GB"]}]});
    assert_eq!(entities(&body(ask(only).await, 200).await["steps"]), [2, 2]);

    // By what it was at the first step.
    let by = body(ask(json!({"by": "country"})).await, 200).await;
    let groups = by["groups"].as_array().unwrap().iter();
    let groups: Vec<_> = groups
        .map(|g| (g["value"].clone(), entities(&g["steps"])))
        .collect();
    assert_eq!(
        groups,
        [
            (json!("GB"), vec![2, 2]),
            (nothing, vec![1, 1]),
            (json!("DE"), vec![1, 0])
        ]
    );
    assert_eq!(by["groups_left_out"], 0);

    for (change, at) in [
        (json!({"steps": []}), "steps"),
        (json!({"steps": [{"metric": "a/b/c"}]}), "steps[0].metric"),
        (json!({"entity": "platform"}), "entity"),
        (json!({"within_days": 0}), "within_days"),
    ] {
        assert_eq!(problem(ask(change).await, 400).await["at"], at);
    }
}

#[tokio::test]
async fn retention_counts_who_came_again_in_each_week_after() {
    let server = Server::start();
    let client = server.tenant("a");
    let session = "thrillring/engagement/gaming_session";
    let of = |day, who: &str| of_march(session, day, json!({"player_id": who}));
    let points = json!([
        of("03T00", "a"),
        of("05T10", "a"),
        of("16T23", "a"),
        of("09T23", "b"),
        of("17T00", "b"),
        of("10T00", "c"),
        of_march(session, "03T10", json!({})),
        of("30T10", "beyond"),
    ]);
    body(client.points(&points).send().await.unwrap(), 200).await;
    let query = json!({"entity": "player_id", "start": session, "time_zone": "UTC",
        "time_range": {"from": "2025-03-03", "to": "2025-03-23"}});
    let path = format!("{PATH}/retention");
    let answer = body(client.post(&path).json(&query).send().await.unwrap(), 200).await;
    assert_eq!(
        answer["cohorts"],
        json!([
            {"start": "2025-03-03", "entities": 2, "returned": [2, 1, 1]},
            {"start": "2025-03-10", "entities": 1, "returned": [1, 0]},
            {"start": "2025-03-17", "entities": 0, "returned": [0]},
        ])
    );
    assert_eq!(answer["unfinished"], json!(null));
    // Where the day begins elsewhere the same points lie in other weeks.
    let mut elsewhere = query.clone();
    elsewhere["time_zone"] = json!("Asia/Kathmandu");
    let answer = body(
        client.post(&path).json(&elsewhere).send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(answer["cohorts"][0]["entities"], 1);
    let mut by_hour = query.clone();
    by_hour["granularity"] = json!("hour");
    let refused = client.post(&path).json(&by_hour).send().await.unwrap();
    assert_eq!(problem(refused, 400).await["at"], "granularity");
}

#[tokio::test]
async fn a_cell_shows_its_points_and_what_it_is() {
    let server = Server::start();
    let client = server.tenant("a");
    let of = |day, country: &str| of_march(ORDER, day, json!({"country": country}));
    let points = json!([
        of("02T01", "GB"),
        of("02T02", "GB"),
        of("02T03", "GB"),
        of("02T04", "it's"),
        of("03T01", "GB"),
        of_march(ORDER, "02T05", json!({})),
    ]);
    body(client.points(&points).send().await.unwrap(), 200).await;
    let question = json!({"metrics": ["*/revenue/*"], "dimensions": ["country"],
        "granularity": "day", "time_zone": "UTC",
        "time_range": {"from": "2025-03-01", "to": "2025-03-04"}});
    let path = format!("{PATH}/points");
    let ask = async |change: serde_json::Value| {
        let mut query = json!({"question": question});
        for (key, value) in change.as_object().unwrap() {
            query[key] = value.clone();
        }
        client.post(&path).json(&query).send().await.unwrap()
    };
    let cell = json!({"time": "2025-03-02", "group": {"country": "GB"}, "limit": 2});
    let first = body(ask(cell.clone()).await, 200).await;
    let times = |page: &serde_json::Value| -> Vec<String> {
        let rows = page["rows"].as_array().unwrap().iter();
        rows.map(|row| row[0].as_str().unwrap()[..13].to_owned())
            .collect()
    };
    assert_eq!(first["columns"][0]["name"], "recorded_at");
    assert_eq!(times(&first), ["2025-03-02T03", "2025-03-02T02"]);
    // What comes in between moves no page.
    body(
        client
            .points(&json!([of("02T09", "GB")]))
            .send()
            .await
            .unwrap(),
        200,
    )
    .await;
    let mut second = cell.clone();
    second["after"] = first["next"].clone();
    let second = body(ask(second).await, 200).await;
    assert_eq!(times(&second), ["2025-03-02T01"]);
    assert_eq!(
        (&second["next"], &second["version"]),
        (&json!(null), &first["version"])
    );
    // The same by SQL, which is of now.
    let rows = client.rows(first["sql"].as_str().unwrap()).await;
    assert_eq!(rows.as_array().unwrap().len(), 4, "{}", first["sql"]);
    for (change, rows) in [
        (json!({"time": "2025-03-02", "group": {"country": null}}), 1),
        (
            json!({"time": "2025-03-02", "group": {"country": "it's"}}),
            1,
        ),
        (json!({"time": "2025-03-01"}), 0),
        (json!({"group": {"country": "GB"}}), 5),
        (json!({}), 7),
    ] {
        let page = body(ask(change.clone()).await, 200).await;
        assert_eq!(page["rows"].as_array().unwrap().len(), rows, "{change}");
        let of_sql = client.rows(page["sql"].as_str().unwrap()).await;
        assert_eq!(of_sql.as_array().unwrap().len(), rows, "{change}");
    }
    for (change, at) in [
        (json!({"time": "2025-03-09"}), "time"),
        (json!({"group": {"city": "x"}}), "group"),
        (json!({"measure": "x"}), "measure"),
        (json!({"limit": 0}), "limit"),
        (json!({"after": "x"}), "after"),
        (json!({"question": {"metrics": []}}), "question.metrics"),
    ] {
        assert_eq!(problem(ask(change).await, 400).await["at"], at);
    }
    let csv = client.post(&path).header("accept", "text/csv");
    let csv = csv
        .json(&json!({"question": question, "limit": 1}))
        .send()
        .await
        .unwrap();
    assert!(
        csv.headers()["tessera-next"]
            .to_str()
            .unwrap()
            .ends_with(".1")
    );
    assert_eq!(csv.text().await.unwrap().lines().count(), 2);

    // What it is.
    let asked = json!({"metrics": ["*/revenue/*"], "time_zone": "UTC",
        "filters": [{"dimension": "country", "operator": "in", "values": ["GB"]}],
        "time_range": {"from": "2025-03-01", "to": "2025-03-04"}});
    let explained = client.post(&format!("{PATH}/explain")).json(&asked);
    let explained = body(explained.send().await.unwrap(), 200).await;
    let measure = &explained["measures"][0];
    assert_eq!(
        measure["sentence"],
        "the sum of order_revenue (coreldove), from 2025-03-01 to 2025-03-04, days in UTC, \
         where country is GB"
    );
    assert_eq!(
        (&measure["value"], &measure["source"]),
        (&json!(5), &json!("rollup"))
    );
    let metric = &measure["metrics"][0];
    assert_eq!(
        (&metric["kind"], &metric["points"]),
        (&json!("sum"), &json!(7))
    );
    assert_eq!(metric["first_at"], "2025-03-02T01:00:00Z");
    assert_eq!(metric["last_at"], "2025-03-03T01:00:00Z");

    // Another tenant has neither metric nor points.
    let stranger = server.tenant("b");
    for path in ["points", "explain"] {
        let query = match path {
            "points" => json!({"question": question}),
            _ => asked.clone(),
        };
        let refused = stranger.post(&format!("{PATH}/{path}")).json(&query);
        problem(refused.send().await.unwrap(), 400).await;
    }
}
