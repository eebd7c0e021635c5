//! Dashboards: what is shown, to whom, and what is refused.

use serde_json::{Value, json};

use crate::fixture::{Client, Server, body, problem};

const PATH: &str = "/api/analytics/dashboard";
const THREE_DAYS: &str = "from=2025-03-10&to=2025-03-12";

/// A point of `platform/metric_type/metric_name`; without a time it is now's.
fn point(metric: &str, value: &str, at: Option<&str>) -> Value {
    let names: Vec<&str> = metric.split('/').collect();
    json!({
        "platform": names[0], "metric_type": names[1], "metric_name": names[2],
        "value": value, "recorded_at": at, "dimensions": {"country": "France"},
    })
}

/// Sends orders of which the day, the sum and the sum's last digits are known.
async fn seeded(server: &Server) -> Client {
    let client = server.tenant("a");
    let order = |value, at| point("coreldove/revenue/order_revenue", value, at);
    let points = json!([
        order("100", Some("2025-03-08T12:00:00Z")),
        order("1234567890123456.123456789", Some("2025-03-10T12:00:00Z")),
        order("0.000000001", Some("2025-03-10T23:30:00Z")),
        order("-0.1", Some("2025-03-12T12:00:00Z")),
        order("4.07", None),
        point(
            "thrillring/engagement/gaming_session",
            "42.5",
            Some("2025-03-11T12:00:00Z")
        ),
    ]);
    let sent = client.points(&points).send().await.unwrap();
    assert_eq!(body(sent, 200).await["accepted"], 6);
    client
}

async fn shown(client: &Client, path: &str, parameters: &str) -> Value {
    let asked = client.get(&format!("{path}?decimals=string&{parameters}"));
    body(asked.send().await.unwrap(), 200).await
}

/// The metrics of a dashboard's totals.
fn metrics(dashboard: &Value) -> Vec<&str> {
    let totals = dashboard["totals"].as_array().unwrap().iter();
    totals
        .map(|total| total["metric_name"].as_str().unwrap())
        .collect()
}

/// The first metric's days: points and value.
fn days(dashboard: &Value) -> Vec<(i64, Value)> {
    let days = dashboard["series"][0]["days"].as_array().unwrap().iter();
    days.map(|day| (day["count"].as_i64().unwrap(), day["value"].clone()))
        .collect()
}

#[tokio::test]
async fn a_dashboard_shows_the_points_that_were_sent_to_the_last_digit() {
    let server = Server::start();
    let client = seeded(&server).await;

    // Two dates, both included, against the three days before.
    let compared = shown(&client, PATH, &format!("{THREE_DAYS}&compare=previous")).await;
    assert_eq!(
        compared["range"],
        json!({"from": "2025-03-10", "to": "2025-03-12", "days": 3})
    );
    assert_eq!(
        compared["previous_range"],
        json!({"from": "2025-03-07", "to": "2025-03-09", "days": 3})
    );
    assert_eq!(metrics(&compared), ["order_revenue", "gaming_session"]);
    let orders = &compared["totals"][0];
    for (field, expected) in [
        ("kind", json!("sum")),
        ("count", json!(3)),
        ("value", json!("1234567890123456.02345679")),
        ("previous_count", json!(1)),
        ("previous", json!("100")),
        ("change", json!("1234567890123356.02345679")),
    ] {
        assert_eq!(orders[field], expected, "{field}: {orders}");
    }
    assert_eq!(compared["totals"][1]["value"], "42.5");
    assert_eq!(compared["unfinished_day"], json!(null));
    assert_eq!(
        days(&compared),
        [
            (2, json!("1234567890123456.12345679")),
            (0, json!(null)),
            (1, json!("-0.1"))
        ]
    );
    let top = &compared["top_values"][0];
    assert_eq!(
        (&top["key"], &top["value_count"]),
        (&json!("country"), &json!(1))
    );
    assert_eq!(top["values"][0]["name"], "France");
    assert_eq!(top["values"][0]["value"], "1234567890123456.02345679");

    // The same as numbers; their digits stand in the text.
    let numbers = client.get(&format!("{PATH}?{THREE_DAYS}"));
    let numbers = numbers.send().await.unwrap().text().await.unwrap();
    assert!(
        numbers.contains("\"value\":1234567890123456.02345679,"),
        "{numbers}"
    );
    assert!(numbers.contains("\"previous_range\":null"), "{numbers}");

    // A day begins where the zone says: half an hour before midnight in UTC is
    // the next day in Berlin.
    let berlin = shown(&client, PATH, &format!("{THREE_DAYS}&tz=Europe/Berlin")).await;
    assert_eq!(berlin["time_zone"], "Europe/Berlin");
    assert_eq!(
        days(&berlin)[..2],
        [
            (1, json!("1234567890123456.123456789")),
            (1, json!("0.000000001"))
        ]
    );

    // Thirty days unless something else is said; today can still grow.
    for parameters in ["", "time_range=30d"] {
        let recent = shown(&client, PATH, parameters).await;
        assert_eq!(recent["range"]["days"], 30, "{recent}");
        assert_eq!(recent["unfinished_day"], recent["range"]["to"]);
        assert_eq!(recent["totals"][0]["value"], "4.07");
        assert_eq!(recent["totals"][0]["count"], 1);
    }

    // One platform, by parameter and by path.
    let by_parameter = shown(&client, PATH, &format!("{THREE_DAYS}&platform=thrillring")).await;
    assert_eq!(metrics(&by_parameter), ["gaming_session"]);
    let path = "/api/analytics/platforms/thrillring/dashboard";
    for parameters in [THREE_DAYS, &format!("{THREE_DAYS}&platform=thrillring")] {
        let by_path = shown(&client, path, parameters).await;
        for field in ["range", "totals", "series", "top_values", "version"] {
            assert_eq!(by_path[field], by_parameter[field], "{field}");
        }
    }
}

#[tokio::test]
async fn a_dashboard_is_the_keys_tenants_and_faulty_parameters_are_named() {
    let server = Server::start();
    let client = seeded(&server).await;
    let platform = "/api/analytics/platforms/thrillring/dashboard";

    // The tenant is the key's, whatever else is said.
    let other = server.tenant("b");
    for path in [PATH, platform] {
        let empty = shown(&other, path, THREE_DAYS).await;
        for field in ["totals", "series", "top_values"] {
            assert_eq!(empty[field], json!([]), "{path}: {field}");
        }
        let named = other.get(&format!("{path}?tenant_id=a")).send();
        assert_eq!(problem(named.await.unwrap(), 400).await["at"], "tenant_id");
        let named = other.get(path).header("X-Tenant-ID", "a").send();
        problem(named.await.unwrap(), 403).await;
    }

    for (parameters, at) in [
        ("time_range=30x", "time_range"),
        ("time_range=0d", "time_range"),
        ("time_range=", "time_range"),
        ("time_range=99999d", "time_range"),
        ("time_range=30d&from=2025-03-10&to=2025-03-12", "time_range"),
        ("from=2025-03-10", "to"),
        ("to=2025-03-10", "from"),
        ("from=yesterday&to=2025-03-10", "from"),
        ("from=2025-03-10&to=2025-02-30", "to"),
        ("from=2025-03-12&to=2025-03-10", "from"),
        ("tz=Mars/Base", "tz"),
        ("compare=next", "compare"),
        ("top=some", "top"),
        ("decimals=float", "decimals"),
        ("compare=none&compare=previous", "compare"),
        ("days=30", "days"),
    ] {
        for path in [PATH, platform] {
            let asked = client.get(&format!("{path}?{parameters}")).send();
            let refused = problem(asked.await.unwrap(), 400).await;
            assert_eq!(refused["at"], at, "{parameters}: {refused}");
            let said = refused["detail"].as_str().unwrap();
            for foreign in ["serde", "deserialize", "variant", "struct"] {
                assert!(!said.contains(foreign), "{parameters}: {said}");
            }
        }
    }
    let asked = |path: String| client.get(&path).send();
    let unknown = asked(format!("{PATH}?platform=nowhere")).await.unwrap();
    assert_eq!(problem(unknown, 400).await["at"], "platform");
    let unknown = asked(platform.replace("thrillring", "nowhere"));
    problem(unknown.await.unwrap(), 404).await;
    let two = asked(format!("{platform}?platform=coreldove"));
    assert_eq!(problem(two.await.unwrap(), 400).await["at"], "platform");
}
