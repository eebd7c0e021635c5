//! The server's clock is days away from the database's: keys, event ids and
//! grace periods go by the database's clock. The server runs under libfaketime;
//! its private Postgres gets no such environment and keeps the right time.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sqlx::ConnectOptions;

use super::requests::{LARGE, SMALL, held, kept, send};
use crate::fixture::{Server, body, order};

fn library() -> String {
    let known = [
        "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
        "/usr/lib/faketime/libfaketimeMT.so.1",
    ];
    let found = known.iter().find(|path| Path::new(path).exists());
    let missing = "libfaketime is missing: run .ci/set-up-tests, or apt-get install faketime";
    (*found.expect(missing)).to_owned()
}

#[tokio::test]
async fn keys_and_grace_periods_hold_when_the_servers_clock_is_days_away() {
    let library = library();
    let mut server = Server::start_among(&[]);
    let client = server.tenant("acme");
    kept(send(&client, 1, LARGE).send().await.unwrap(), LARGE).await;
    let mut event = order(json!(1), json!({"request": "r2"}));
    event["event_id"] = json!("order-1");
    event["value"] = json!(0.25);
    let sent = client.points(&json!([event])).send().await.unwrap();
    assert_eq!(body(sent, 200).await["accepted"], 1);
    // A replaced file that is not due for two hours.
    server.say(&["compact", "--tenant", "acme"]);
    let expected = BTreeMap::from([(1, LARGE), (2, 1)]);

    for (number, days) in (50..).zip(["-1d", "+1d", "+10d"]) {
        server.stop();
        server = server.restart(&[
            ("LD_PRELOAD", &library),
            ("FAKETIME", days),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ]);
        let client = client.clone().at(&server);
        // The server does live in another time: it stamps points that bring none.
        let mut point = order(json!(0.25), json!({"request": format!("r{number}")}));
        point.as_object_mut().unwrap().remove("recorded_at");
        let sent = client.points(&json!([point])).send().await.unwrap();
        body(sent, 200).await;
        let mut connection = server.superuser().connect().await.unwrap();
        let hours: f64 = sqlx::query_scalar(
            "SELECT (extract(epoch FROM max(max_recorded_at) - now()) / 3600)::float8
             FROM analytics.data_file WHERE added_version = (SELECT max(version) FROM analytics.tenant_version)",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        let wanted = days.trim_end_matches('d').parse::<f64>().unwrap() * 24.0;
        assert!((hours - wanted).abs() < 1.0, "{days}: {hours} hours away");

        // Key and event are known still.
        kept(send(&client, 1, LARGE).send().await.unwrap(), LARGE).await;
        let sent = client.points(&json!([event])).send().await.unwrap();
        assert_eq!(body(sent, 200).await["duplicates"], 1, "{days}");
        // Two rounds of background work take nothing.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let replaced: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM analytics.data_file WHERE removed_version IS NOT NULL",
        )
        .fetch_one(&mut connection)
        .await
        .unwrap();
        assert!(replaced > 0, "{days}: swept too early");
        let mut held_now = held(&client).await;
        held_now.retain(|request, _| *request < 50);
        assert_eq!(held_now, expected, "{days}");
    }

    // And they end when the database's clock says so.
    let mut connection = server.superuser().connect().await.unwrap();
    for table in ["idempotency", "event_seen"] {
        let expire =
            format!("UPDATE analytics.{table} SET expires_at = now() - interval '1 second'");
        sqlx::query(sqlx::AssertSqlSafe(expire))
            .execute(&mut connection)
            .await
            .unwrap();
    }
    let client = client.at(&server);
    let sent = client.points(&json!([event])).send().await.unwrap();
    assert_eq!(body(sent, 200).await["accepted"], 1);
    kept(send(&client, 1, SMALL).send().await.unwrap(), SMALL).await;
    server.stop();
}
