//! A catalog that names another tenant's object as one's own: nothing of it is
//! answered, by SQL or by a dashboard, though size and checksums fit.

use engine::dashboard::{Compare, DashboardRequest, RangeRequest, RawTop, dashboard};
use engine::{Engine, Error, TenantId};

use crate::fixture::{Fixture, point, run, table};

const NOON: &str = "2024-03-10T12:00:00Z";
/// What is only `b`'s.
const SECRETS: [&str; 4] = ["666.125", "666125", "of_b", "not for a"];

/// An error that says nothing to its caller of what is stored.
fn refused<T: std::fmt::Debug>(answer: engine::Result<T>, question: &str) {
    let shown = format!("{answer:?}");
    for secret in SECRETS {
        assert!(!shown.contains(secret), "{question} shows {shown}");
    }
    match answer {
        Err(Error::Storage(_)) => {}
        other => panic!("{question}: {other:?}"),
    }
}

async fn ask(engine: &Engine, tenant: &TenantId, query: &str) -> engine::Result<Vec<Vec<String>>> {
    let session = engine.session(tenant).await?;
    Ok(table(session.sql(query, &[]).await?).await?.rows)
}

#[tokio::test]
async fn a_query_refuses_a_file_of_another_tenant() {
    let fixture = Fixture::start().await;
    let (a, b) = (
        fixture.tenant("a", "UTC").await,
        fixture.tenant("b", "UTC").await,
    );
    let own = point("coreldove/custom/of_a", "5", NOON, r#"{"mine":"a"}"#);
    let secret = r#"{"mine":"not for a"}"#;
    let theirs = point("coreldove/custom/of_b", "666.125", NOON, secret);
    for (tenant, line) in [(&a, own), (&b, theirs)] {
        fixture.ingest(tenant, &[line]).await;
        fixture.engine.compact(tenant).await.unwrap();
    }
    let postgres = fixture.postgres().await;
    // Without a stored roll-up, so that a dashboard reads the rows.
    run(
        postgres.owner_options(),
        "UPDATE analytics.data_file f
         SET object_key = t.object_key, bytes = t.bytes, sha256 = t.sha256, footer_bytes = t.footer_bytes,
             statistics = t.statistics, min_recorded_at = t.min_recorded_at,
             max_recorded_at = t.max_recorded_at, rollup = NULL, rollup_zone = NULL
         FROM analytics.data_file t
         WHERE f.tenant_id = 'a' AND t.tenant_id = 'b'
             AND f.removed_version IS NULL AND t.removed_version IS NULL",
    )
    .await;
    // Nothing of this depends on what a process remembers.
    let cold = Engine::start(fixture.options()).await.unwrap();
    for known in ["nothing", "the other's footer"] {
        for query in [
            "SELECT * FROM analytics_data_points",
            "SELECT sum(metric_value) FROM analytics_data_points",
            "SELECT metric_name FROM analytics_data_points WHERE metric_value > 600",
            "SELECT CAST(dimensions->>'mine' AS int) FROM analytics_data_points",
            "SELECT * FROM daily_metrics",
            "SELECT metric_name, value FROM monthly_metrics",
        ] {
            refused(ask(&cold, &a, query).await, &format!("{query}, {known}"));
        }
        let request = DashboardRequest {
            range: RangeRequest::parse(None, Some("2024-03-01"), Some("2024-03-31")).unwrap(),
            platform: None,
            compare: Compare::Previous,
            zone: None,
            raw_top: RawTop::Always,
        };
        for zone in [None, Some(chrono_tz::Asia::Kathmandu)] {
            let request = DashboardRequest {
                zone,
                ..request.clone()
            };
            let session = cold.session(&a).await.unwrap();
            let shown = dashboard(&session, &request, "2024-04-01T00:00:00Z".parse().unwrap());
            refused(shown.await, &format!("a dashboard in {zone:?}, {known}"));
        }
        // Then with what a cache knows after `b` itself has read the file.
        let all = "SELECT metric_value, dimensions->>'mine' FROM analytics_data_points";
        let rows = ask(&cold, &b, all).await.unwrap();
        assert_eq!(rows, [["666.125", "not for a"]]);
    }
    cold.shutdown().await.unwrap();
    postgres.stop().await.unwrap();
    fixture.stop().await;
}
