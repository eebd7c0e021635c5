//! Stored roll-ups that are wrong, old or stale; sketches; zones that quarter
//! hours do not serve.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use engine::maintain::{VerifyReport, VerifyRequest};
use engine::session::PartialsSource;
use engine::{MetricKey, MetricKind, TenantId};
use storage_layout::Sketches;
use storage_layout::rollup::{DISTINCT_ERROR, QUANTILE_ERROR};

use crate::fixture::{Fixture, order, point, run, superuser};
use crate::zones::{self, Point, Question};

const ORDERS: &str = "coreldove/revenue/order_revenue";

async fn verify(fixture: &Fixture, tenant: &TenantId, request: &VerifyRequest) -> VerifyReport {
    fixture
        .engine
        .verify_rollups(tenant, request)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_wrong_roll_up_is_reported_and_an_old_one_is_made_again() {
    let fixture = Fixture::start().await;
    let (a, b) = (
        fixture.tenant("right", "Asia/Kathmandu").await,
        fixture.tenant("wrong", "Asia/Kathmandu").await,
    );
    // The same moments, dimension and definition; one value differs.
    for (tenant, value) in [(&a, "10"), (&b, "11")] {
        let lines = [
            order(value, "2024-03-10T18:20:00Z", r#"{"country":"GB"}"#),
            order("7", "2024-03-10T18:10:00Z", r#"{"country":"GB"}"#),
        ];
        fixture.ingest(tenant, &lines).await;
        fixture.engine.compact(tenant).await.unwrap();
    }
    let all = VerifyRequest::default();
    let report = verify(&fixture, &b, &all).await;
    assert_eq!(
        (report.mismatches, report.files, report.stale_files),
        (0, 1, 0)
    );
    let checked = &report.checked;
    assert_eq!(
        (
            checked.days,
            checked.dimension_values,
            checked.quarter_hours
        ),
        (2, 2, 2)
    );

    let postgres = fixture.postgres().await;
    let root = superuser(&fixture, &postgres);
    run(
        root.clone(),
        "UPDATE analytics.data_file w SET rollup = r.rollup FROM analytics.data_file r
         WHERE r.tenant_id = 'right' AND w.tenant_id = 'wrong'
             AND r.removed_version IS NULL AND w.removed_version IS NULL",
    )
    .await;
    let report = verify(&fixture, &b, &all).await;
    let found: BTreeSet<(String, &str)> = report
        .found
        .iter()
        .map(|m| {
            let what = match (&m.dimension, m.quarter_hour) {
                (Some(key), _) => format!("{key}={}", m.value.as_deref().unwrap_or_default()),
                (None, Some(quarter)) => quarter.to_rfc3339(),
                (None, None) => "day".to_owned(),
            };
            assert_eq!(m.day.to_string(), "2024-03-11", "the other day is right");
            assert_eq!(
                (&*m.platform, &*m.metric_name),
                ("coreldove", "order_revenue")
            );
            (what, m.measure)
        })
        .collect();
    let places = ["country=GB", "day", "2024-03-10T18:15:00+00:00"];
    let measures = ["sum", "min", "max", "first", "last"];
    let expected = places
        .iter()
        .flat_map(|place| measures.map(|m| ((*place).to_owned(), m)));
    assert_eq!(found, expected.collect());
    assert_eq!(report.mismatches, 15);
    let sum = report.found.iter().find(|m| m.measure == "sum").unwrap();
    assert_eq!(
        (sum.expected.as_deref(), sum.stored.as_deref()),
        (Some("11"), Some("10"))
    );
    for (from, platform, mismatches) in [
        (Some("2024-03-12"), None, 0),
        (Some("2024-03-11"), None, 15),
        (None, Some("thrillring"), 0),
    ] {
        let request = VerifyRequest {
            from: from.map(|day| day.parse().unwrap()),
            to: None,
            platform: platform.map(str::to_owned),
        };
        assert_eq!(verify(&fixture, &b, &request).await.mismatches, mismatches);
    }

    // A roll-up of an older format is not used, and made again in the background.
    run(
        root.clone(),
        r"UPDATE analytics.data_file SET rollup = '\xffffffff00' WHERE tenant_id = 'wrong';
          UPDATE analytics.tenant_version SET rollups_stale_at = now() WHERE tenant_id = 'wrong'",
    )
    .await;
    let report = verify(&fixture, &b, &all).await;
    assert_eq!(
        (report.files, report.stale_files, report.mismatches),
        (0, 1, 0)
    );
    let cold = engine::Engine::start(fixture.options()).await.unwrap();
    let session = cold.session(&b).await.unwrap();
    let days = session
        .partials(0, 40_000, session.time_zone())
        .await
        .unwrap()
        .0;
    let sums: i128 = days
        .cells()
        .iter()
        .filter(|c| c.slice == 0)
        .map(|c| c.measures.sum)
        .sum();
    assert_eq!(sums, 18_000_000_000);
    cold.shutdown().await.unwrap();
    assert_eq!(fixture.engine.rewrite_rollups(&b).await.unwrap(), 1);
    assert_eq!(fixture.engine.rewrite_rollups(&b).await.unwrap(), 0);
    let report = verify(&fixture, &b, &all).await;
    assert_eq!(
        (report.files, report.stale_files, report.mismatches),
        (1, 0, 0)
    );

    // Another zone: stale until it is rewritten, the same zone again is nothing.
    let zone = "America/St_Johns".parse().unwrap();
    let version = fixture
        .engine
        .tenants()
        .set_time_zone(&b, zone)
        .await
        .unwrap();
    assert_eq!(
        fixture
            .engine
            .tenants()
            .set_time_zone(&b, zone)
            .await
            .unwrap(),
        version
    );
    assert_eq!(verify(&fixture, &b, &all).await.stale_files, 1);
    let days = "SELECT metric_date, value_sum FROM daily_metrics ORDER BY 1";
    let moved = vec![vec!["2024-03-10".to_owned(), "18".to_owned()]];
    assert_eq!(fixture.rows(&b, days).await, moved);
    assert_eq!(fixture.engine.rewrite_rollups(&b).await.unwrap(), 1);
    assert!(fixture.version(&b).await > version);
    assert_eq!(fixture.rows(&b, days).await, moved);
    assert_eq!(verify(&fixture, &b, &all).await.files, 1);

    // Zones are not known to be changed for a tenant that is not there.
    let nobody = TenantId::new("nobody").unwrap();
    assert!(
        fixture
            .engine
            .tenants()
            .set_time_zone(&nobody, zone)
            .await
            .is_err()
    );
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

#[tokio::test]
async fn sketches_are_near_and_do_not_depend_on_files() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("shop", "Europe/London").await;
    let key = MetricKey {
        platform: "coreldove".into(),
        metric_type: "revenue".into(),
        metric_name: "order_revenue".into(),
    };
    let sketches = "SELECT metric_date, dimension, distinct_count, p50, p99, error, approximate
                    FROM daily_sketches ORDER BY 1, 2 NULLS LAST";
    let send = async |from: usize, count: usize| {
        let lines: Vec<String> = (from..from + count)
            .map(|i| {
                let customer = i % 1_500;
                let day = 1 + i % 3;
                order(
                    &format!("{}.25", i % 1_000),
                    &format!("2024-07-0{day}T12:00:00Z"),
                    &format!(r#"{{"customer_id":{customer}}}"#),
                )
            })
            .collect();
        fixture.ingest(&tenant, &lines).await;
    };
    send(0, 3_000).await;
    assert_eq!(
        fixture.rows(&tenant, sketches).await,
        Vec::<Vec<String>>::new()
    );

    // Points from before the definition are in.
    let wanted = Sketches {
        distinct: vec!["customer_id".to_owned()],
        quantiles: true,
    };
    let metrics = fixture.engine.metrics();
    let set = metrics
        .set(&tenant, &key, &MetricKind::Sum, &wanted)
        .await
        .unwrap();
    assert_eq!(set.version, fixture.version(&tenant).await);
    let again = metrics
        .set(&tenant, &key, &MetricKind::Sum, &wanted)
        .await
        .unwrap();
    assert_eq!(set, again, "the same again changes nothing");
    send(3_000, 3_000).await;
    let inline = fixture.rows(&tenant, sketches).await;
    assert_eq!(inline.len(), 6);
    let near = |text: &str, exact: f64, error: f64| {
        let value: f64 = text.parse().unwrap();
        assert!(
            (value - exact).abs() <= exact * error,
            "{value} for {exact}"
        );
    };
    let mut values: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for i in 0..6_000 {
        values
            .entry(1 + i % 3)
            .or_default()
            .push((i % 1_000) as f64 + 0.25);
    }
    for (row, (day, mut values)) in inline.chunks(2).zip(values) {
        values.sort_by(f64::total_cmp);
        let [distinct, quantiles] = row else {
            panic!("{row:?}")
        };
        assert_eq!(
            distinct[..2],
            [format!("2024-07-0{day}"), "customer_id".to_owned()]
        );
        // Customers are told apart by their day: 1,500 is a multiple of 3.
        near(&distinct[2], 500.0, 3.0 * DISTINCT_ERROR);
        near(
            &quantiles[3],
            values[(values.len() - 1) / 2],
            QUANTILE_ERROR,
        );
        near(
            &quantiles[4],
            values[(values.len() - 1) * 99 / 100],
            QUANTILE_ERROR,
        );
        assert_eq!((&*quantiles[1], &*quantiles[2]), ("null", "null"));
        assert_eq!((&*distinct[5], &*distinct[6]), ("0.0082", "true"));
        assert_eq!((&*quantiles[5], &*quantiles[6]), ("0.01", "true"));
    }
    let month = "SELECT distinct_count FROM monthly_sketches WHERE dimension = 'customer_id'";
    near(
        &fixture.row(&tenant, month).await,
        1_500.0,
        3.0 * DISTINCT_ERROR,
    );

    fixture.engine.compact(&tenant).await.unwrap();
    assert_eq!(fixture.rows(&tenant, sketches).await, inline, "flushed");
    let report = verify(&fixture, &tenant, &VerifyRequest::default()).await;
    assert_eq!((report.checked.sketches, report.mismatches), (6, 0));

    // A writer that has not heard of a definition yet does no harm.
    let conversion = MetricKey {
        metric_type: "funnel".into(),
        metric_name: "conversion".into(),
        ..key.clone()
    };
    let ratio = MetricKind::Ratio {
        numerator: "leads".to_owned(),
        denominator: "clicks".to_owned(),
    };
    let plain = Sketches::default();
    metrics
        .set(&tenant, &conversion, &ratio, &plain)
        .await
        .unwrap();
    let dimensions = r#"{"leads":1,"clicks":4}"#;
    let line = point(
        "coreldove/funnel/conversion",
        "0",
        "2024-07-01T12:00:00Z",
        dimensions,
    );
    fixture.ingest(&tenant, &vec![line; 200_000]).await;
    let files = fixture.engine.session(&tenant).await.unwrap().file_counts();
    assert!(
        files.1 > 1,
        "so many points go to an object at once: {files:?}"
    );
    let value = "SELECT value FROM daily_metrics WHERE metric_name = 'conversion'";
    assert_eq!(fixture.row(&tenant, value).await, "0.25");

    // Nothing is kept that is not named, and wrong maths is refused.
    let ratio = MetricKind::Ratio {
        numerator: "a".to_owned(),
        denominator: "b".to_owned(),
    };
    assert!(metrics.set(&tenant, &key, &ratio, &wanted).await.is_err());
    let none = Sketches::default();
    metrics
        .set(&tenant, &key, &MetricKind::Sum, &none)
        .await
        .unwrap();
    assert_eq!(
        fixture.rows(&tenant, sketches).await,
        Vec::<Vec<String>>::new()
    );
    fixture.stop().await;
}

#[tokio::test]
async fn a_zone_of_odd_minutes_is_answered_exactly_from_rows() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("liberia", "UTC").await;
    // Midnight of Monrovia was at 00:44:30 UTC until 1972.
    let moments = [
        "1938-01-11T00:44:29.999999Z",
        "1938-01-11T00:44:30Z",
        "1938-01-11T00:45:00Z",
        "1938-01-11T12:00:00Z",
        "2024-01-10T23:00:00Z",
    ];
    let lines: Vec<String> = moments
        .iter()
        .enumerate()
        .map(|(i, at)| {
            order(
                &format!("{}", 10_i32.pow(i as u32)),
                at,
                r#"{"country":"NL"}"#,
            )
        })
        .collect();
    fixture.ingest(&tenant, &lines).await;
    let points: Vec<Point<'_>> = moments
        .iter()
        .enumerate()
        .map(|(i, at)| Point {
            metric: ORDERS,
            recorded_at: at.parse().unwrap(),
            units: 10_i128.pow(i as u32) * 1_000_000_000,
            version: 1,
            country: Some("NL"),
        })
        .collect();
    for (when, odd) in [
        ("inline", PartialsSource::Rollup),
        ("stored", PartialsSource::Raw),
    ] {
        let session = fixture.engine.session(&tenant).await.unwrap();
        for (zone, from, source) in [
            (chrono_tz::Africa::Monrovia, "1938-01-10", odd),
            (
                chrono_tz::Africa::Monrovia,
                "2024-01-10",
                PartialsSource::Rollup,
            ),
            (
                chrono_tz::Asia::Kolkata,
                "1938-01-10",
                PartialsSource::Rollup,
            ),
        ] {
            let question = Question {
                zone,
                from: from.parse().unwrap(),
                days: 2,
            };
            let found = zones::check(&session, &points, &HashSet::new(), &question, when).await;
            assert_eq!(found, source, "{when} {question:?}");
        }
        fixture.engine.compact(&tenant).await.unwrap();
    }
    fixture.stop().await;
}
