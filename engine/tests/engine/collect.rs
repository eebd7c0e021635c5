//! The five platforms' events and the points that each gives.

use engine::metadata::platforms::{EventPoint, EventValue, Platform};
use engine::{Error, MetricKind};
use serde_json::{Value, json};

use crate::fixture::Fixture;

/// Metric, value and dimensions of every point, in order of the metric.
async fn points(fixture: &Fixture, tenant: &engine::TenantId) -> Vec<(String, String, Value)> {
    let rows = fixture
        .rows(
            tenant,
            "SELECT platform, metric_type, metric_name, metric_value, dimensions
             FROM analytics_data_points ORDER BY platform, metric_name, commit_version",
        )
        .await;
    rows.into_iter()
        .map(|row| {
            let dimensions = serde_json::from_str(&row[4]).unwrap();
            (row[..3].join("/"), row[3].clone(), dimensions)
        })
        .collect()
}

#[tokio::test]
async fn each_platforms_event_gives_its_points_with_values_and_dimensions() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    for (event, accepted) in [
        (
            r#"{"platform":"bizoholic","action":"campaign_created","data":{"id":"c-1","type":"email",
               "revenue":0,"conversion_rate":0.25,"leads":5,"clicks":20,"subject":"not asked for"}}"#,
            2,
        ),
        (
            r#"{"platform":"coreldove","action":"order_placed","data":{"id":"o-1","customer_id":17850,
               "total_amount":19.990,"items":[{"sku":"x"},{"sku":"y"}],"session_duration":310.5,"pages_viewed":7}}"#,
            2,
        ),
        (
            r#"{"platform":"business_directory","action":"listing_viewed","data":{"id":"l-1","view_count":12,
               "category":"caf\u00e9 \"x\"","location":"Kathmandu"}}"#,
            1,
        ),
        (
            r#"{"platform":"thrillring","action":"session_ended","data":{"player_id":"p-1",
               "duration_minutes":42.5,"game_type":"puzzle","final_score":9001}}"#,
            1,
        ),
        (
            r#"{"platform":"quanttrade","action":"trade_closed","data":{"id":"t-1","profit_loss":-12.345678901,
               "instrument":"EURUSD","strategy":"mean_reversion"}}"#,
            1,
        ),
    ] {
        let answer = fixture.collect(&tenant, event).await.unwrap();
        assert_eq!(
            (answer.accepted, answer.rejected),
            (accepted, vec![]),
            "{event}"
        );
    }
    let point = |metric: &str, value: &str, dimensions: Value| {
        (metric.to_owned(), value.to_owned(), dimensions)
    };
    assert_eq!(
        points(&fixture, &tenant).await,
        [
            point(
                "bizoholic/conversions/campaign_conversion",
                "0.25",
                json!({"leads_generated": 5, "clicks": 20, "action": "campaign_created"}),
            ),
            point(
                "bizoholic/revenue/campaign_revenue",
                "0",
                json!({"campaign_id": "c-1", "campaign_type": "email", "action": "campaign_created"}),
            ),
            point(
                "business_directory/engagement/listing_views",
                "12",
                json!({"listing_id": "l-1", "category": "café \"x\"", "location": "Kathmandu",
                       "action": "listing_viewed"}),
            ),
            point(
                "coreldove/engagement/customer_activity",
                "1",
                json!({"session_duration": 310.5, "pages_viewed": 7, "action": "order_placed"}),
            ),
            point(
                "coreldove/revenue/order_revenue",
                "19.99",
                json!({"order_id": "o-1", "customer_id": 17850, "product_count": 2,
                       "action": "order_placed"}),
            ),
            point(
                "quanttrade/performance/trade_pnl",
                "-12.345678901",
                json!({"trade_id": "t-1", "instrument": "EURUSD", "strategy": "mean_reversion",
                       "action": "trade_closed"}),
            ),
            point(
                "thrillring/engagement/gaming_session",
                "42.5",
                json!({"player_id": "p-1", "game_type": "puzzle", "score": 9001,
                       "action": "session_ended"}),
            ),
        ]
    );
    // The platforms' metrics are registered by their kind, none is assumed.
    let kinds = "SELECT metric_name FROM metrics WHERE assumed OR (kind = 'ratio') <> (metric_name = 'campaign_conversion')";
    assert_eq!(fixture.rows(&tenant, kinds).await, [[""; 0]; 0]);
    fixture.stop().await;
}

#[tokio::test]
async fn a_missing_dimension_is_absent_and_a_missing_value_is_named() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;

    // No revenue, no type: one point, without what was not said, and the other
    // named by its position among the points of a campaign.
    let partial = r#"{"platform":"bizoholic","action":"Something Else!","data":{"id":"c-2","conversion_rate":0.5,"leads":null}}"#;
    let answer = fixture.collect(&tenant, partial).await.unwrap();
    assert_eq!((answer.accepted, answer.rejected.len()), (1, 1));
    let missing = &answer.rejected[0];
    assert_eq!((missing.index, missing.field.as_str()), (0, "data.revenue"));
    assert!(missing.reason.contains("campaign_revenue needs a number"));
    assert_eq!(
        points(&fixture, &tenant).await,
        [(
            "bizoholic/conversions/campaign_conversion".to_owned(),
            "0.5".to_owned(),
            json!({"action": "Something Else!"})
        )]
    );
    let action =
        "SELECT dimensions->>'action', dimensions->>'leads_generated' FROM analytics_data_points";
    assert_eq!(fixture.row(&tenant, action).await, "Something Else! null");

    // What gives no point at all is told.
    let nothing = r#"{"platform":"quanttrade","action":"trade_closed","data":{"id":"t-2"}}"#;
    let answer = fixture.collect(&tenant, nothing).await.unwrap();
    assert_eq!((answer.accepted, answer.rejected.len()), (0, 1));
    assert_eq!(answer.rejected[0].field, "data.profit_loss");

    for (event, at) in [
        (
            r#"{"platform":"elsewhere","action":"x","data":{}}"#,
            "platform",
        ),
        (r#"{"platform":"coreldove","data":{}}"#, "action"),
        (
            r#"{"platform":"coreldove","action":"","data":{}}"#,
            "action",
        ),
        (
            r#"{"platform":"coreldove","action":"a\u0000b","data":{}}"#,
            "action",
        ),
        (r#"[]"#, "body"),
        (
            r#"{"platform":"coreldove","action":"x","data":{}"#,
            "body, line 1",
        ),
    ] {
        match fixture.collect(&tenant, event).await {
            Err(Error::Invalid {
                at: Some(place),
                location,
                hint: Some(_),
                ..
            }) => {
                let shown = match location {
                    Some(location) => format!("{place}, line {}", location.line),
                    None => place,
                };
                assert_eq!(shown, at, "{event}");
            }
            other => panic!("{event}: {other:?}"),
        }
    }
    // What cannot be counted is named: an order without its count is none.
    for items in ["7", r#"{"a":1}"#, r#""a""#, "true"] {
        let event = format!(
            r#"{{"platform":"coreldove","action":"x","data":{{"total_amount":1,"items":{items}}}}}"#
        );
        let answer = fixture.collect(&tenant, &event).await.unwrap();
        assert_eq!((answer.accepted, answer.rejected.len()), (1, 1), "{items}");
        let fault = &answer.rejected[0];
        assert_eq!((fault.index, fault.field.as_str()), (0, "data.items"));
        assert!(fault.reason.contains("product_count"), "{}", fault.reason);
    }
    // A value that is there and no number is named by its field in the event.
    for value in [r#""NaN""#, "1e17", "true", "[]"] {
        let event =
            format!(r#"{{"platform":"quanttrade","action":"x","data":{{"profit_loss":{value}}}}}"#);
        let answer = fixture.collect(&tenant, &event).await.unwrap();
        assert_eq!((answer.accepted, answer.rejected.len()), (0, 1), "{value}");
        assert_eq!(answer.rejected[0].field, "data.profit_loss", "{value}");
    }
    let nul = r#"{"platform":"quanttrade","action":"x","data":{"profit_loss":1,"id":"a\u0000b"}}"#;
    let answer = fixture.collect(&tenant, nul).await.unwrap();
    assert_eq!(answer.rejected[0].field, "dimensions.trade_id");
    // The campaign, and the activity of each order that was not counted.
    assert_eq!(points(&fixture, &tenant).await.len(), 1 + 4);

    legitimate_events_lack_dimensions_only(&fixture, &tenant).await;
    a_field_that_may_be_missing_is_missed_silently(&fixture, &tenant).await;
    fixture.stop().await;
}

async fn legitimate_events_lack_dimensions_only(fixture: &Fixture, tenant: &engine::TenantId) {
    for (platform, points, data) in [
        (
            "bizoholic",
            2,
            r#"{"id":"c","revenue":0,"conversion_rate":0}"#,
        ),
        ("coreldove", 2, r#"{"id":"o","total_amount":0}"#),
        (
            "business_directory",
            1,
            r#"{"id":"l","view_count":3,"category":"food"}"#,
        ),
        (
            "thrillring",
            1,
            r#"{"player_id":"p","duration_minutes":1,"final_score":null}"#,
        ),
        ("quanttrade", 1, r#"{"id":"t","profit_loss":0}"#),
    ] {
        let event = format!(r#"{{"platform":"{platform}","action":"x","data":{data}}}"#);
        let answer = fixture.collect(tenant, &event).await.unwrap();
        assert_eq!(
            (answer.accepted, answer.rejected),
            (points, vec![]),
            "{event}"
        );
    }
}

async fn a_field_that_may_be_missing_is_missed_silently(
    fixture: &Fixture,
    tenant: &engine::TenantId,
) {
    let point = |metric_name: &str, value| EventPoint {
        metric_type: "stay".to_owned(),
        metric_name: metric_name.to_owned(),
        value,
        dimensions: Vec::new(),
        kind: MetricKind::Sum,
    };
    let hotel = Platform {
        name: "hotel".to_owned(),
        title: "Hotel".to_owned(),
        points: vec![
            point("nights", EventValue::Field("nights".to_owned())),
            point("tip", EventValue::OptionalField("tip".to_owned())),
        ],
    };
    fixture.engine.platforms().register(&hotel).await.unwrap();
    let stay = |data: &str| format!(r#"{{"platform":"hotel","action":"left","data":{data}}}"#);
    for (data, accepted, rejected) in [
        (r#"{"nights":2,"tip":5}"#, 2, None),
        (r#"{"nights":2}"#, 1, None),
        (r#"{"tip":5}"#, 1, Some((0, "data.nights"))),
        (r#"{"nights":2,"tip":"much"}"#, 1, Some((1, "data.tip"))),
    ] {
        let answer = fixture.collect(tenant, &stay(data)).await.unwrap();
        assert_eq!(answer.accepted, accepted, "{data}");
        let first = answer.rejected.first();
        assert_eq!(
            first.map(|r| (r.index, r.field.as_str())),
            rejected,
            "{data}"
        );
    }
}
