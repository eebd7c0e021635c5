//! Structured questions: numbers worked out by hand, and roll-ups against raw
//! points over random questions.

use engine::dashboard::{Exact, RangeRequest};
use engine::metadata::platforms::{EventPoint, EventValue, Platform};
use engine::session::PartialsSource;
use engine::structured::{
    Aggregate, Compared, Expression, Fill, Filter, Granularity, Measure, MetricPattern, Operator,
    Order, OrderBy, Row, RowKind, StructuredAnswer, StructuredQuery, Top, structured,
};
use engine::{Error, MetricKind, TenantId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use storage_layout::Combine;

use crate::fixture::{Fixture, order, point};

const NOW: &str = "2025-07-01T12:00:00Z";
const ORDERS: &str = "coreldove/revenue/order_revenue";

/// A platform with two gauges and a distinct count.
fn warehouse() -> Platform {
    let point = |metric_name: &str, kind| EventPoint {
        metric_type: "store".to_owned(),
        metric_name: metric_name.to_owned(),
        value: EventValue::Constant("1".to_owned()),
        dimensions: Vec::new(),
        kind,
    };
    let gauge = |series: &[&str]| MetricKind::Gauge {
        series: series.iter().map(|key| (*key).to_owned()).collect(),
        combine: Combine::Sum,
    };
    let visitors = MetricKind::Distinct {
        dimension: "visitor".to_owned(),
    };
    Platform {
        name: "warehouse".to_owned(),
        title: "Warehouse".to_owned(),
        points: vec![
            point("stock", gauge(&["hall"])),
            point("level", gauge(&[])),
            point("visitors", visitors),
        ],
    }
}

async fn start() -> (Fixture, TenantId) {
    let fixture = Fixture::start().await;
    fixture
        .engine
        .platforms()
        .register(&warehouse())
        .await
        .unwrap();
    let tenant = fixture.tenant("a", "Europe/London").await;
    (fixture, tenant)
}

fn measure(metric: &str) -> Measure {
    aggregated(metric, Aggregate::ByKind, metric)
}

fn aggregated(metric: &str, aggregate: Aggregate, name: &str) -> Measure {
    let pattern = MetricPattern::parse(metric, "metrics").unwrap();
    Measure {
        name: name.to_owned(),
        expression: Expression::Metric(pattern, aggregate),
    }
}

fn question(measures: Vec<Measure>, from: &str, to: &str) -> StructuredQuery {
    StructuredQuery {
        measures,
        dimensions: Vec::new(),
        filters: Vec::new(),
        range: RangeRequest::Between {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
        },
        granularity: Granularity::All,
        zone: None,
        compare: Compared::None,
        top: None,
        order: Vec::new(),
        fill: Fill::Null,
        totals: false,
    }
}

fn is_one_of(dimension: &str, values: &[&str]) -> Filter {
    Filter {
        dimension: dimension.to_owned(),
        operator: Operator::In,
        values: values.iter().map(|v| (*v).into()).collect(),
    }
}

async fn ask(
    fixture: &Fixture,
    tenant: &TenantId,
    query: &StructuredQuery,
) -> engine::Result<StructuredAnswer> {
    let session = fixture.engine.session(tenant).await?;
    structured(&session, query, NOW.parse().unwrap()).await
}

fn text(number: &Option<Exact>) -> String {
    number.map_or_else(|| "-".to_owned(), |n| n.to_string())
}

/// A row as text: day, group, numbers, numbers of the period before.
fn shown(row: &Row) -> String {
    let mut cells = Vec::new();
    let zone = chrono_tz::Europe::London;
    cells.extend(
        row.start
            .map(|t| t.with_timezone(&zone).format("%m-%d %H").to_string()),
    );
    cells.extend(
        row.group
            .iter()
            .map(|v| v.as_deref().unwrap_or("none").to_owned()),
    );
    if row.kind == RowKind::Other {
        cells.push("(other)".to_owned());
    }
    cells.extend(row.values.iter().map(text));
    if let Some(previous) = &row.previous {
        cells.push("before".to_owned());
        cells.extend(previous.iter().map(text));
    }
    cells.join(" ")
}

async fn rows(fixture: &Fixture, tenant: &TenantId, query: &StructuredQuery) -> Vec<String> {
    let answer = ask(fixture, tenant, query).await.unwrap();
    answer.rows.iter().map(shown).collect()
}

fn orders() -> Vec<String> {
    vec![
        order("10", "2025-06-02T10:00:00Z", r#"{"country":"GB"}"#),
        order("20", "2025-06-02T11:00:00Z", r#"{"country":"DE"}"#),
        // The third of June in London.
        order("5", "2025-06-02T23:30:00Z", r#"{"country":"GB"}"#),
        order("1", "2025-06-04T12:00:00Z", r#"{"country":"FR"}"#),
        order("2", "2025-06-04T12:00:00Z", "{}"),
        order("7", "2025-05-31T12:00:00Z", r#"{"country":"GB"}"#),
        order("100", "2024-06-03T12:00:00Z", r#"{"country":"GB"}"#),
        point(
            "thrillring/engagement/gaming_session",
            "30",
            "2025-06-03T12:00:00Z",
            r#"{"player_id":"p"}"#,
        ),
    ]
}

#[tokio::test]
async fn measures_are_bucketed_grouped_ranked_compared_and_filled() {
    let (fixture, tenant) = start().await;
    fixture.ingest(&tenant, &orders()).await;
    let base = question(vec![measure(ORDERS)], "2025-06-02", "2025-06-04");

    let by_day = StructuredQuery {
        granularity: Granularity::Day,
        compare: Compared::Previous,
        totals: true,
        ..base.clone()
    };
    let answer = ask(&fixture, &tenant, &by_day).await.unwrap();
    let found: Vec<String> = answer.rows.iter().map(shown).collect();
    assert_eq!(
        found,
        [
            "06-02 00 30 before -",
            "06-03 00 5 before 7",
            "06-04 00 3 before -"
        ]
    );
    assert_eq!(text(&answer.totals.unwrap()[0]), "38");
    assert_eq!(text(&answer.previous_totals.unwrap()[0]), "7");
    assert_eq!(answer.measures[0].source, PartialsSource::Rollup);

    let year = StructuredQuery {
        compare: Compared::Year,
        ..base.clone()
    };
    assert_eq!(rows(&fixture, &tenant, &year).await, ["38 before 100"]);

    let ranked = StructuredQuery {
        dimensions: vec!["country".to_owned()],
        top: Some(Top {
            by: None,
            limit: 2,
            other: true,
        }),
        ..base.clone()
    };
    assert_eq!(
        rows(&fixture, &tenant, &ranked).await,
        ["DE 20", "GB 15", "none (other) 3"],
        "France's 1 and the 2 without a country"
    );

    let filled = |fill| StructuredQuery {
        granularity: Granularity::Day,
        filters: vec![is_one_of("country", &["DE"])],
        fill,
        ..base.clone()
    };
    for (fill, expected) in [
        (Fill::Null, &["06-02 00 20", "06-03 00 -", "06-04 00 -"][..]),
        (Fill::Zero, &["06-02 00 20", "06-03 00 0", "06-04 00 0"]),
        (
            Fill::Previous,
            &["06-02 00 20", "06-03 00 20", "06-04 00 20"],
        ),
        (Fill::None, &["06-02 00 20"]),
    ] {
        assert_eq!(
            rows(&fixture, &tenant, &filled(fill)).await,
            expected,
            "{fill:?}"
        );
    }

    let by_hour = StructuredQuery {
        granularity: Granularity::Hour,
        fill: Fill::None,
        order: vec![Order {
            by: OrderBy::Column(ORDERS.to_owned()),
            descending: true,
        }],
        ..question(vec![measure(ORDERS)], "2025-06-02", "2025-06-03")
    };
    assert_eq!(
        rows(&fixture, &tenant, &by_hour).await,
        ["06-02 12 20", "06-02 11 10", "06-03 00 5"],
        "London is an hour ahead of UTC"
    );

    let every = StructuredQuery {
        dimensions: vec!["platform".to_owned()],
        order: vec![Order {
            by: OrderBy::Column("platform".to_owned()),
            descending: false,
        }],
        ..question(
            vec![
                measure("*/*/*"),
                aggregated("*/*/*", Aggregate::Count, "points"),
                aggregated("*/*/*", Aggregate::Avg, "mean"),
            ],
            "2025-06-02",
            "2025-06-04",
        )
    };
    assert_eq!(
        rows(&fixture, &tenant, &every).await,
        ["coreldove 38 5 7.6", "thrillring 30 1 30"]
    );

    let ratio = Measure {
        name: "per minute".to_owned(),
        expression: Expression::Ratio {
            numerator: MetricPattern::parse(ORDERS, "").unwrap(),
            denominator: MetricPattern::parse("thrillring/*/*", "").unwrap(),
        },
    };
    let ratio = question(vec![ratio], "2025-06-02", "2025-06-04");
    assert_eq!(rows(&fixture, &tenant, &ratio).await, ["1.266666667"]);
    fixture.stop().await;
}

#[tokio::test]
async fn wrong_maths_is_refused_with_the_right_question() {
    let (fixture, tenant) = start().await;
    let conversion = "bizoholic/conversions/campaign_conversion";
    let lines = [
        order("10", "2025-06-02T10:00:00Z", "{}"),
        point(
            conversion,
            "0.5",
            "2025-06-02T10:00:00Z",
            r#"{"leads_generated":1,"clicks":2}"#,
        ),
        point(
            "warehouse/store/stock",
            "1",
            "2025-06-02T10:00:00Z",
            r#"{"hall":"n"}"#,
        ),
        point(
            "warehouse/store/visitors",
            "1",
            "2025-06-02T10:00:00Z",
            r#"{"visitor":"v"}"#,
        ),
    ];
    fixture.ingest(&tenant, &lines).await;
    for (measure, hint) in [
        (
            aggregated(conversion, Aggregate::Avg, "x"),
            "the sum of leads_generated by the sum of clicks",
        ),
        (
            aggregated("warehouse/store/stock", Aggregate::Avg, "x"),
            "last value",
        ),
        (
            aggregated("warehouse/store/visitors", Aggregate::Max, "x"),
            "number of different visitor",
        ),
        (measure("*/*/*"), "by itself"),
        (measure("coreldove/revenue/order_revenu"), ORDERS),
    ] {
        let query = question(vec![measure.clone()], "2025-06-02", "2025-06-04");
        match ask(&fixture, &tenant, &query).await {
            Err(Error::Invalid {
                at: Some(at),
                hint: Some(said),
                ..
            }) => {
                assert_eq!(at, "metrics[0]");
                assert!(said.contains(hint), "{said}");
            }
            other => panic!("{measure:?}: {other:?}"),
        }
    }
    fixture.stop().await;
}

/// Points of all kinds over three weeks, some without a country.
fn random_lines(dice: &mut StdRng) -> Vec<String> {
    let mut lines = Vec::new();
    for _ in 0..600 {
        let at = format!(
            "2025-06-{:02}T{:02}:{:02}:00Z",
            dice.random_range(1..22),
            dice.random_range(0..24),
            dice.random_range(0..60)
        );
        let country = ["GB", "DE", "FR", ""][dice.random_range(0..4)];
        let country = match country {
            "" => String::new(),
            country => format!(r#""country":"{country}","#),
        };
        let value = dice.random_range(-500..5_000);
        let value = format!("{}.{:02}", value / 100, dice.random_range(0..100));
        let number = dice.random_range(0..5);
        let dimensions = |more: String| format!("{{{country}{more}}}");
        lines.push(match dice.random_range(0..6) {
            0 => order(&value, &at, &dimensions(format!(r#""rank":{number}"#))),
            1 => point(
                "bizoholic/revenue/campaign_revenue",
                &value,
                &at,
                &dimensions(format!(r#""campaign":"c{number}""#)),
            ),
            2 => point(
                "bizoholic/conversions/campaign_conversion",
                "0",
                &at,
                &dimensions(format!(
                    r#""leads_generated":{number},"clicks":{}"#,
                    number * 3
                )),
            ),
            3 => point(
                "warehouse/store/stock",
                &value,
                &at,
                &dimensions(format!(r#""hall":"h{number}""#)),
            ),
            4 => point(
                "warehouse/store/level",
                &value,
                &at,
                &dimensions(r#""x":"y""#.to_owned()),
            ),
            _ => point(
                "warehouse/store/visitors",
                "1",
                &at,
                &dimensions(format!(r#""visitor":"v{number}""#)),
            ),
        });
    }
    lines
}

fn random_question(dice: &mut StdRng) -> StructuredQuery {
    let mut one_of = |of: &[Measure]| of[dice.random_range(0..of.len())].clone();
    let measure = one_of(&[
        measure(ORDERS),
        measure("*/revenue/*"),
        aggregated("*/*/*", Aggregate::Count, "n"),
        aggregated("*/revenue/*", Aggregate::Avg, "mean"),
        aggregated(ORDERS, Aggregate::Min, "low"),
        measure("bizoholic/conversions/campaign_conversion"),
        measure("warehouse/store/level"),
        measure("warehouse/store/stock"),
        measure("warehouse/store/visitors"),
    ]);
    let from = dice.random_range(1..15);
    let to = dice.random_range(from..22);
    let mut query = question(
        vec![measure],
        &format!("2025-06-{from:02}"),
        &format!("2025-06-{to:02}"),
    );
    query.granularity = [
        Granularity::All,
        Granularity::Day,
        Granularity::Week,
        Granularity::Month,
    ][dice.random_range(0..4)];
    query.dimensions = [
        &[][..],
        &["country"],
        &["platform"],
        &["platform", "country"],
    ][dice.random_range(0..4)]
    .iter()
    .map(|key| (*key).to_owned())
    .collect();
    query.filters = match dice.random_range(0..5) {
        0 => vec![is_one_of("country", &["GB", "FR"])],
        1 => vec![Filter {
            operator: Operator::NotIn,
            ..is_one_of("country", &["GB"])
        }],
        2 => vec![Filter {
            operator: Operator::Missing,
            ..is_one_of("country", &[])
        }],
        3 => vec![is_one_of("platform", &["bizoholic", "warehouse"])],
        _ => Vec::new(),
    };
    query.totals = true;
    query
}

#[tokio::test]
async fn roll_ups_and_raw_points_answer_alike() {
    let seed = std::env::var("TESSERA_TEST_SEED").map_or(77, |seed| seed.parse().unwrap());
    eprintln!("TESSERA_TEST_SEED={seed}");
    let dice = &mut StdRng::seed_from_u64(seed);
    let (fixture, tenant) = start().await;
    let lines = random_lines(dice);
    fixture.ingest(&tenant, &lines[..400]).await;
    fixture.engine.compact(&tenant).await.unwrap();
    fixture.ingest(&tenant, &lines[400..]).await;

    let mut from_rollups = 0;
    for round in 0..120 {
        let query = random_question(dice);
        let answer = ask(&fixture, &tenant, &query).await.unwrap();
        // A condition that all points meet, on a key that no roll-up knows.
        let mut raw = query.clone();
        raw.filters.push(Filter {
            dimension: "nobody".to_owned(),
            operator: Operator::Missing,
            values: Vec::new(),
        });
        let raw = ask(&fixture, &tenant, &raw).await.unwrap();
        assert_eq!(answer.rows, raw.rows, "{round}: {query:?}");
        assert_eq!(answer.totals, raw.totals, "{round}: {query:?}");
        from_rollups += usize::from(answer.measures[0].source == PartialsSource::Rollup);
        assert_eq!(raw.measures[0].source, PartialsSource::Raw);
    }
    assert!(from_rollups > 40, "only {from_rollups} came from roll-ups");
    fixture.stop().await;
}
