//! A dashboard over the whole way, on points whose numbers are worked out by
//! hand. (Each panel's maths is tested beside the panels.)

use std::collections::BTreeMap;

use engine::dashboard::{Compare, Dashboard, DashboardRequest, RangeRequest, RawTop, dashboard};
use engine::metadata::platforms::{EventPoint, EventValue, Platform};
use engine::session::PartialsSource;
use engine::{Error, MetricKind, TenantId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use storage_layout::Combine;

use crate::fixture::{Fixture, order, point};

const ORDERS: &str = "order_revenue";

/// A platform with a gauge and a distinct count.
fn warehouse() -> Platform {
    let point = |metric_name: &str, kind| EventPoint {
        metric_type: "store".to_owned(),
        metric_name: metric_name.to_owned(),
        value: EventValue::Constant("1".to_owned()),
        dimensions: Vec::new(),
        kind,
    };
    let stock = MetricKind::Gauge {
        series: vec!["hall".to_owned()],
        combine: Combine::Sum,
    };
    let visitors = MetricKind::Distinct {
        dimension: "visitor".to_owned(),
    };
    Platform {
        name: "warehouse".to_owned(),
        title: "Warehouse".to_owned(),
        points: vec![point("stock", stock), point("visitors", visitors)],
    }
}

/// 7 to 9 June come before the range, 10 to 12 June are the range.
fn lines() -> Vec<String> {
    let conversion = |at: &str, leads: u32, clicks: u32| {
        let parts = format!(r#"{{"leads_generated":{leads},"clicks":{clicks}}}"#);
        point(
            "bizoholic/conversions/campaign_conversion",
            "0.5",
            at,
            &parts,
        )
    };
    let stock = |at: &str, hall: &str, value: &str| {
        point(
            "warehouse/store/stock",
            value,
            at,
            &format!(r#"{{"hall":"{hall}"}}"#),
        )
    };
    let visitor = |at: &str, who: &str| {
        point(
            "warehouse/store/visitors",
            "1",
            at,
            &format!(r#"{{"visitor":"{who}"}}"#),
        )
    };
    vec![
        order("1000", "2024-06-06T23:59:00Z", "{}"),
        order("100", "2024-06-09T23:59:59.999999Z", "{}"),
        order("10.5", "2024-06-10T00:00:00Z", r#"{"country":"GB"}"#),
        order("-5", "2024-06-11T12:00:00Z", "{}"),
        order("20.25", "2024-06-12T23:59:59Z", r#"{"country":"DE"}"#),
        order("2000", "2024-06-13T00:00:00Z", "{}"),
        conversion("2024-06-08T12:00:00Z", 1, 8),
        conversion("2024-06-10T12:00:00Z", 1, 10),
        conversion("2024-06-11T12:00:00Z", 9, 30),
        conversion("2024-06-11T13:00:00Z", 0, 0),
        stock("2024-06-08T12:00:00Z", "north", "2"),
        stock("2024-06-10T12:00:00Z", "north", "5"),
        stock("2024-06-11T12:00:00Z", "south", "3"),
        stock("2024-06-12T12:00:00Z", "north", "7"),
        visitor("2024-06-09T12:00:00Z", "v3"),
        visitor("2024-06-10T12:00:00Z", "v1"),
        visitor("2024-06-10T13:00:00Z", "v1"),
        visitor("2024-06-12T12:00:00Z", "v2"),
    ]
}

fn request(range: RangeRequest) -> DashboardRequest {
    DashboardRequest {
        range,
        platform: None,
        compare: Compare::Previous,
        zone: None,
        raw_top: RawTop::Always,
    }
}

async fn ask(
    fixture: &Fixture,
    tenant: &TenantId,
    request: &DashboardRequest,
    now: &str,
) -> engine::Result<Dashboard> {
    let session = fixture.engine.session(tenant).await?;
    dashboard(&session, request, now.parse().unwrap()).await
}

fn text(number: Option<impl ToString>) -> String {
    number.map_or("none".to_owned(), |number| number.to_string())
}

/// By metric: points, value, the period before, change, change in per cent.
fn totals(dashboard: &Dashboard) -> BTreeMap<String, String> {
    let total = |t: &engine::dashboard::Total| {
        let numbers = [t.value, t.previous, t.change, t.change_percent]
            .map(text)
            .join(" ");
        (
            t.metric.metric_name.to_string(),
            format!("{} | {numbers}", t.count),
        )
    };
    dashboard.totals.iter().map(total).collect()
}

/// A metric's days.
fn days(dashboard: &Dashboard, metric: &str) -> Vec<String> {
    let mut series = dashboard.series.iter();
    let series = series.find(|s| &*s.metric.metric_name == metric).unwrap();
    series
        .days
        .iter()
        .map(|d| format!("{} {}", d.day, text(d.value)))
        .collect()
}

fn expected(rows: [(&str, &str); 4]) -> BTreeMap<String, String> {
    let owned = |(metric, numbers): (&str, &str)| (metric.to_owned(), numbers.to_owned());
    rows.map(owned).into()
}

/// The numbers of 10 to 12 June in UTC.
fn in_utc() -> BTreeMap<String, String> {
    expected([
        // 10 leads of 40 clicks, not the average of two rates.
        ("campaign_conversion", "3 | 0.25 0.125 0.125 100"),
        (ORDERS, "3 | 25.75 100 -74.25 -74.25"),
        // The last of each hall: 7 and 3.
        ("stock", "3 | 10 2 8 400"),
        ("visitors", "3 | 2 1 1 100"),
    ])
}

fn check(dashboard: &Dashboard) {
    assert_eq!(totals(dashboard), in_utc());
    assert_eq!(
        days(dashboard, ORDERS),
        ["2024-06-10 10.5", "2024-06-11 -5", "2024-06-12 20.25"]
    );
    assert_eq!(
        days(dashboard, "campaign_conversion"),
        ["2024-06-10 0.1", "2024-06-11 0.3", "2024-06-12 none"]
    );
    assert_eq!(
        days(dashboard, "stock"),
        ["2024-06-10 5", "2024-06-11 3", "2024-06-12 7"]
    );
    assert_eq!(
        days(dashboard, "visitors"),
        ["2024-06-10 1", "2024-06-11 none", "2024-06-12 1"]
    );
    let mut panels = dashboard.top_values.iter();
    let countries = panels
        .find(|panel| panel.key == "country")
        .and_then(|panel| panel.ranking.as_ref())
        .unwrap();
    let top: Vec<String> = countries
        .top
        .iter()
        .map(|v| format!("{} {}", v.name, text(v.value)))
        .collect();
    assert_eq!(top, ["DE 20.25", "GB 10.5"]);
    assert_eq!(
        (countries.values, text(countries.without)),
        (2, "-5".to_owned())
    );
}

#[tokio::test]
async fn a_dashboards_numbers_are_those_worked_out_by_hand() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    fixture
        .engine
        .platforms()
        .register(&warehouse())
        .await
        .unwrap();
    fixture.ingest(&tenant, &lines()).await;

    let june = RangeRequest::parse(None, Some("2024-06-10"), Some("2024-06-12")).unwrap();
    let later = "2024-07-01T00:00:00Z";
    let inline = ask(&fixture, &tenant, &request(june), later).await.unwrap();
    assert_eq!((inline.version, inline.unfinished), (1, None));
    check(&inline);
    assert_ne!(fixture.engine.compact(&tenant).await.unwrap(), 0);
    let stored = ask(&fixture, &tenant, &request(june), later).await.unwrap();
    check(&stored);

    // The same days as the last three, of which one is not over.
    let last = RangeRequest::parse(Some("3d"), None, None).unwrap();
    let live = ask(&fixture, &tenant, &request(last), "2024-06-12T12:00:00Z")
        .await
        .unwrap();
    assert_eq!(totals(&live), in_utc());
    assert_eq!(live.unfinished, Some("2024-06-12".parse().unwrap()));

    kinds_have_their_number_in_sql(&fixture, &tenant).await;
    another_zone_moves_the_days(&fixture, &tenant, june).await;
    a_platform_and_a_comparison_can_be_chosen(&fixture, &tenant, june).await;
    fixture.stop().await;
}

async fn kinds_have_their_number_in_sql(fixture: &Fixture, tenant: &TenantId) {
    let rows = fixture
        .rows(
            tenant,
            "SELECT metric_name, metric_date, value FROM daily_metrics
             WHERE metric_date BETWEEN '2024-06-10' AND '2024-06-11' ORDER BY 1, 2",
        )
        .await;
    assert_eq!(
        rows,
        [
            ["campaign_conversion", "2024-06-10", "0.1"],
            ["campaign_conversion", "2024-06-11", "0.3"],
            [ORDERS, "2024-06-10", "10.5"],
            [ORDERS, "2024-06-11", "-5"],
            ["stock", "2024-06-10", "5"],
            ["stock", "2024-06-11", "3"],
            ["visitors", "2024-06-10", "1"],
        ]
    );
    let month = "SELECT metric_name, value FROM monthly_metrics ORDER BY 1";
    assert_eq!(
        fixture.rows(tenant, month).await,
        [
            // 11 leads of 48 clicks.
            ["campaign_conversion", "0.229166667"],
            [ORDERS, "3125.75"],
            ["stock", "10"],
            ["visitors", "3"],
        ]
    );
}

/// Kathmandu is 5:45 ahead: 10 June begins there on 9 June at 18:15 UTC.
async fn another_zone_moves_the_days(fixture: &Fixture, tenant: &TenantId, june: RangeRequest) {
    let there = DashboardRequest {
        zone: Some("Asia/Kathmandu".parse().unwrap()),
        ..request(june)
    };
    let dashboard = ask(fixture, tenant, &there, "2024-07-01T00:00:00Z")
        .await
        .unwrap();
    assert_eq!(dashboard.source, PartialsSource::Rollup);
    assert_eq!(
        totals(&dashboard)[ORDERS],
        "3 | 105.5 1000 -894.5 -89.45",
        "100, 10.5 and -5; before them 1000"
    );
    assert_eq!(
        days(&dashboard, ORDERS),
        ["2024-06-10 110.5", "2024-06-11 -5", "2024-06-12 none"]
    );
    assert_eq!(totals(&dashboard)["visitors"], "3 | 2 1 1 100");
}

async fn a_platform_and_a_comparison_can_be_chosen(
    fixture: &Fixture,
    tenant: &TenantId,
    june: RangeRequest,
) {
    let now = "2024-07-01T00:00:00Z";
    let of = |platform: &str| DashboardRequest {
        platform: Some(platform.to_owned()),
        compare: Compare::None,
        ..request(june)
    };
    let orders = ask(fixture, tenant, &of("coreldove"), now).await.unwrap();
    let only = [(ORDERS.to_owned(), "3 | 25.75 none none none".to_owned())];
    assert_eq!(totals(&orders), only.into());
    assert_eq!(
        (orders.previous, orders.totals[0].previous_count),
        (None, None)
    );
    match ask(fixture, tenant, &of("elsewhere"), now).await {
        Err(Error::Invalid { at, .. }) => assert_eq!(at.as_deref(), Some("platform")),
        other => panic!("{other:?}"),
    }
    // A platform of which the tenant has no points is empty, not an error.
    let empty = ask(fixture, tenant, &of("quanttrade"), now).await.unwrap();
    assert_eq!(empty.totals, []);
}

/// A metric of each kind that has top values.
fn kiosk() -> Platform {
    let point = |metric_name: &str, kind| EventPoint {
        metric_type: "till".to_owned(),
        metric_name: metric_name.to_owned(),
        value: EventValue::Constant("1".to_owned()),
        dimensions: Vec::new(),
        kind,
    };
    let level = MetricKind::Gauge {
        series: Vec::new(),
        combine: Combine::Sum,
    };
    let ratio = MetricKind::Ratio {
        numerator: "won".to_owned(),
        denominator: "asked".to_owned(),
    };
    Platform {
        name: "kiosk".to_owned(),
        title: "Kiosk".to_owned(),
        points: vec![
            point("sales", MetricKind::Sum),
            point("level", level),
            point("share", ratio),
        ],
    }
}

/// Points whose keys `item` and `shop` have too many values for roll-ups, and
/// `receipt` one for each point.
fn sales(seed: u64) -> Vec<String> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut lines = Vec::new();
    for number in 0..2_400 {
        let metric = ["sales", "level", "share"][number % 3];
        let value = f64::from(random.random_range(-500_000..500_000)) / 1_000.0;
        let at = format!(
            "2024-06-{:02}T{:02}:{:02}:00.{number:06}Z",
            random.random_range(9..14),
            random.random_range(0..24),
            random.random_range(0..60),
        );
        let item = match random.random_range(0..10) {
            0 => String::new(),
            1 => format!(r#""item":{},"#, random.random_range(0..40)),
            _ => format!(r#""item":"i{}","#, random.random_range(0..330)),
        };
        let parts = match random.random_range(0..10) {
            0 => String::new(),
            _ => format!(
                r#""won":{},"asked":{},"#,
                random.random_range(0..9),
                random.random_range(0..9)
            ),
        };
        let shop = random.random_range(0..320);
        let dimensions = format!(r#"{{{item}{parts}"shop":"s{shop}","receipt":"r{number}"}}"#);
        lines.push(point(
            &format!("kiosk/till/{metric}"),
            &value.to_string(),
            &at,
            &dimensions,
        ));
    }
    lines
}

/// What SQL says of a key's top values: name, points, number.
async fn tops_in_sql(fixture: &Fixture, tenant: &TenantId, metric: &str, key: &str) -> Vec<String> {
    let number = match metric {
        "sales" => "sum(metric_value)",
        "level" => "last_value(metric_value order by recorded_at, commit_version, metric_value)",
        _ => {
            "cast(sum(cast(dimensions->>'won' as decimal(25, 9))) as double) / nullif(\
             cast(sum(cast(dimensions->>'asked' as decimal(25, 9))) as double), 0)"
        }
    };
    let query = format!(
        "select name, points, round(cast(n as double), 6) as number from (\
         select dimensions->>'{key}' as name, count(*) as points, {number} as n \
         from analytics_data_points where metric_name = '{metric}' \
         and recorded_at >= '2024-06-10' and recorded_at < '2024-06-13' \
         and dimensions->>'{key}' is not null group by 1) as grouped \
         order by n desc nulls last, name limit 10"
    );
    let rows = fixture.rows(tenant, &query).await;
    rows.iter().map(|row| row.join(" ")).collect()
}

async fn raw_tops_are_those_of_sql(fixture: &Fixture, tenant: &TenantId) {
    let june = RangeRequest::parse(None, Some("2024-06-10"), Some("2024-06-12")).unwrap();
    let mut request = request(june);
    request.raw_top = RawTop::WhenCheap;
    let now = "2024-07-01T00:00:00Z";
    let asked = ask(fixture, tenant, &request, now).await.unwrap();
    // The second answer is the remembered one.
    assert_eq!(
        ask(fixture, tenant, &request, now)
            .await
            .unwrap()
            .top_values,
        asked.top_values
    );
    let mut seen = Vec::new();
    for panel in &asked.top_values {
        let metric = &*panel.metric.metric_name;
        let Some(ranking) = &panel.ranking else {
            panic!("{metric} by {} has no numbers", panel.key);
        };
        if panel.source != PartialsSource::Raw {
            continue;
        }
        let found: Vec<String> = ranking
            .top
            .iter()
            .map(|top| {
                let number: Option<f64> = top.value.map(|v| v.to_string().parse().unwrap());
                let number = number.map(|n| (n * 1e6).round() / 1e6);
                let number = number.map_or("null".to_owned(), |n| format!("{n:?}"));
                format!("{} {} {number}", top.name, top.count)
            })
            .collect();
        let expected = tops_in_sql(fixture, tenant, metric, &panel.key).await;
        assert_eq!(found, expected, "{metric} by {}", panel.key);
        let all = format!(
            "select count(distinct dimensions->>'{key}'), \
             sum(metric_value) filter (where dimensions->>'{key}' is null) \
             from analytics_data_points where metric_name = '{metric}' \
             and recorded_at >= '2024-06-10' and recorded_at < '2024-06-13'",
            key = panel.key
        );
        let all = &fixture.rows(tenant, &all).await[0];
        assert_eq!(ranking.values.to_string(), all[0]);
        if metric == "sales" && panel.key == "item" {
            assert_eq!(text(ranking.without), all[1]);
            let listed: f64 = ranking.top.iter().map(|t| number(t.value)).sum();
            let total = asked.totals.iter().find(|t| t.metric == panel.metric);
            let rest = number(total.unwrap().value) - number(ranking.without) - listed;
            assert!((rest - number(ranking.other)).abs() < 1e-6);
        }
        seen.push(format!("{metric} {}", panel.key));
    }
    for metric in ["level", "sales", "share"] {
        for key in ["item", "shop"] {
            assert!(seen.contains(&format!("{metric} {key}")), "{seen:?}");
        }
    }
    assert!(asked.top_values.iter().all(|panel| panel.key != "receipt"));
}

fn number(number: Option<impl ToString>) -> f64 {
    number.unwrap().to_string().parse().unwrap()
}

#[tokio::test]
async fn top_values_of_few_raw_points_are_those_that_sql_finds() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    fixture.engine.platforms().register(&kiosk()).await.unwrap();
    let seed: u64 = rand::random();
    println!("seed {seed}");
    let lines = sales(seed);
    fixture.ingest(&tenant, &lines).await;
    raw_tops_are_those_of_sql(&fixture, &tenant).await;
    assert_ne!(fixture.engine.compact(&tenant).await.unwrap(), 0);
    raw_tops_are_those_of_sql(&fixture, &tenant).await;
    // A late point, beside the stored ones and over what is remembered.
    let late = point(
        "kiosk/till/sales",
        "100000",
        "2024-06-11T12:00:00Z",
        r#"{"item":"late","shop":"late"}"#,
    );
    fixture.ingest(&tenant, &[late]).await;
    raw_tops_are_those_of_sql(&fixture, &tenant).await;
    fixture.stop().await;
}
