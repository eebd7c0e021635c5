//! The panels of made-up partials: each kind's maths, period by period.

use std::sync::Arc;

use chrono::{Duration, NaiveDate};
use storage_layout::decimal::ONE;
use storage_layout::rollup::{Cell, Measures, Partials, Slice, Stamped};
use storage_layout::{Combine, MetricDefinition, MetricKey, MetricKind};

use super::range::Spans;
use super::series::DayState;
use super::totals::Total;
use super::{Compare, MetricPanel, Panels, RangeRequest, Series, TopValues};
use crate::session::PartialsSource;

const TODAY: &str = "2025-06-30";

/// Partials under construction; values are whole numbers.
struct Builder {
    slices: Vec<Slice>,
    metrics: Vec<MetricKey>,
    definitions: Vec<MetricDefinition>,
    cells: Vec<Cell>,
}

/// The points of one cell.
#[derive(Default, Clone, Copy)]
struct Points {
    count: i64,
    sum: i64,
    last: i64,
    numerator: i64,
    denominator: i64,
}

impl Builder {
    fn new() -> Self {
        Self {
            slices: vec![Slice::Total],
            metrics: vec![],
            definitions: vec![],
            cells: vec![],
        }
    }

    fn metric(&mut self, platform: &str, metric_type: &str, kind: MetricKind) -> u32 {
        let metric_name = format!("{metric_type}_{}", self.metrics.len());
        let key = MetricKey {
            platform: platform.into(),
            metric_type: metric_type.into(),
            metric_name: metric_name.as_str().into(),
        };
        self.metrics.push(key.clone());
        self.definitions.push(MetricDefinition {
            sketches: Default::default(),
            key,
            kind,
            assumed: false,
            version: 1,
        });
        self.metrics.len() as u32 - 1
    }

    /// `days_ago` counts from [`TODAY`]; an empty dimension is the total.
    fn cell(&mut self, metric: u32, days_ago: i64, (key, value): (&str, &str), p: Points) {
        let slice = match key {
            "" => Slice::Total,
            _ => Slice::Dimension {
                key: Arc::from(key),
                value: Arc::from(value),
            },
        };
        let number = self
            .slices
            .iter()
            .position(|s| *s == slice)
            .unwrap_or_else(|| {
                self.slices.push(slice);
                self.slices.len() - 1
            });
        let day = super::day_number(today() - Duration::days(days_ago));
        let units = |n: i64| i128::from(n) * ONE;
        let at = Stamped {
            recorded_at_us: i64::from(day),
            commit_version: 1,
            value: units(p.last),
        };
        let mut measures = Measures::of(at, units(p.numerator), units(p.denominator));
        (measures.count, measures.sum) = (p.count, units(p.sum));
        self.cells.push(Cell {
            day,
            metric,
            slice: number as u32,
            measures,
        });
    }

    fn sum(&mut self, metric: u32, days_ago: i64, dimension: (&str, &str), sum: i64) {
        self.cell(
            metric,
            days_ago,
            dimension,
            Points {
                count: 1,
                sum,
                ..Points::default()
            },
        );
    }

    fn last(&mut self, metric: u32, days_ago: i64, dimension: (&str, &str), last: i64, count: i64) {
        self.cell(
            metric,
            days_ago,
            dimension,
            Points {
                count,
                last,
                ..Points::default()
            },
        );
    }

    /// What is shown of three days that end today, compared with the three before.
    fn shown(self, platform: Option<&str>) -> Shown {
        let partials =
            Partials::from_cells(self.metrics, self.slices, self.cells).expect("partials");
        let spans =
            Spans::resolve(&RangeRequest::LastDays(3), Compare::Previous, today()).expect("spans");
        let panels = Panels::of(
            &partials,
            Some(PartialsSource::Rollup),
            &self.definitions,
            platform,
            &spans,
        )
        .expect("panels");
        let total = |p: &MetricPanel<'_>| p.total(&spans, PartialsSource::Rollup).expect("a total");
        Shown {
            totals: panels.metrics.iter().map(total).collect(),
            series: panels
                .metrics
                .iter()
                .map(|p| Series::of(&p.tally, &p.numbers, &spans))
                .collect(),
            top_values: panels
                .metrics
                .into_iter()
                .flat_map(|p| p.top_values)
                .collect(),
        }
    }
}

struct Shown {
    totals: Vec<Total>,
    series: Vec<Series>,
    top_values: Vec<TopValues>,
}

impl Shown {
    fn days(&self, metric: usize) -> Vec<String> {
        self.series[metric]
            .days
            .iter()
            .map(|day| text(day.value))
            .collect()
    }

    fn top(&self, panel: usize) -> Vec<(String, String)> {
        let ranking = self.top_values[panel].ranking.as_ref().expect("numbers");
        ranking
            .top
            .iter()
            .map(|v| (v.name.clone(), text(v.value)))
            .collect()
    }
}

fn today() -> NaiveDate {
    TODAY.parse().expect("a date")
}

fn text(number: Option<super::Exact>) -> String {
    number.map_or("none".to_owned(), |n| n.to_string())
}

fn gauge(series: &[&str], combine: Combine) -> MetricKind {
    MetricKind::Gauge {
        series: series.iter().map(|s| (*s).to_owned()).collect(),
        combine,
    }
}

const TOTAL: (&str, &str) = ("", "");

#[test]
fn a_sum_adds_up_and_changes_against_the_period_before() {
    let mut b = Builder::new();
    let m = b.metric("coreldove", "revenue", MetricKind::Sum);
    for (days_ago, sum) in [(7, 1_000), (5, 40), (3, 60), (2, 90), (0, 35)] {
        b.sum(m, days_ago, TOTAL, sum);
    }
    let shown = b.shown(None);
    let total = &shown.totals[0];
    assert_eq!(
        (text(total.value), text(total.previous)),
        ("125".into(), "100".into())
    );
    assert_eq!(
        (text(total.change), text(total.change_percent)),
        ("25".into(), "25".into())
    );
    assert_eq!((total.count, total.previous_count), (2, Some(2)));
    assert_eq!(shown.days(0), ["90", "none", "35"]);
    let states: Vec<DayState> = shown.series[0].days.iter().map(|d| d.state).collect();
    assert_eq!(
        states,
        [DayState::Finished, DayState::Finished, DayState::Unfinished]
    );
}

#[test]
fn a_real_zero_is_no_gap_and_gives_no_per_cent() {
    let mut b = Builder::new();
    let m = b.metric("coreldove", "revenue", MetricKind::Sum);
    b.sum(m, 4, TOTAL, 0);
    b.sum(m, 1, TOTAL, 0);
    b.sum(m, 0, TOTAL, 5);
    let shown = b.shown(None);
    assert_eq!(shown.days(0), ["none", "0", "5"]);
    assert_eq!(
        (text(shown.totals[0].change), shown.totals[0].change_percent),
        ("5".into(), None)
    );
}

#[test]
fn a_metric_that_fell_silent_has_no_value_and_no_change() {
    let mut b = Builder::new();
    let m = b.metric("coreldove", "revenue", MetricKind::Sum);
    b.sum(m, 4, TOTAL, 9);
    let total = &b.shown(None).totals[0];
    assert_eq!(
        (total.count, total.value, text(total.previous)),
        (0, None, "9".into())
    );
    assert_eq!((total.change, total.change_percent), (None, None));
}

#[test]
fn a_ratio_is_a_ratio_of_sums() {
    let mut b = Builder::new();
    let kind = MetricKind::Ratio {
        numerator: "leads".into(),
        denominator: "clicks".into(),
    };
    let m = b.metric("bizoholic", "conversions", kind);
    for (days_ago, numerator, denominator) in [(2, 1, 2), (1, 0, 0), (0, 1, 4)] {
        b.cell(
            m,
            days_ago,
            TOTAL,
            Points {
                count: 1,
                numerator,
                denominator,
                ..Points::default()
            },
        );
    }
    let shown = b.shown(None);
    assert_eq!(text(shown.totals[0].value), "0.333333333");
    assert_eq!(shown.days(0), ["0.5", "none", "0.25"]);
}

#[test]
fn a_gauge_without_series_shows_its_last_value() {
    let mut b = Builder::new();
    let m = b.metric("coreldove", "stock", gauge(&[], Combine::Sum));
    b.last(m, 2, TOTAL, 7, 3);
    b.last(m, 1, TOTAL, 4, 2);
    let shown = b.shown(None);
    assert_eq!(
        (text(shown.totals[0].value), shown.days(0)),
        ("4".into(), vec!["7".into(), "4".into(), "none".into()])
    );
}

#[test]
fn a_gauges_series_combine_by_their_last_values() {
    for (combine, all, days) in [
        (Combine::Sum, "13", ["10", "5", "none"]),
        (Combine::Avg, "6.5", ["5", "5", "none"]),
        (Combine::Min, "5", ["2", "5", "none"]),
        (Combine::Max, "8", ["8", "5", "none"]),
    ] {
        let mut b = Builder::new();
        let m = b.metric("coreldove", "stock", gauge(&["warehouse"], combine));
        b.last(m, 2, TOTAL, 8, 2);
        b.last(m, 2, ("warehouse", "north"), 2, 1);
        b.last(m, 2, ("warehouse", "south"), 8, 1);
        b.last(m, 1, TOTAL, 5, 1);
        b.last(m, 1, ("warehouse", "north"), 5, 1);
        let shown = b.shown(None);
        assert_eq!(
            (text(shown.totals[0].value), shown.days(0)),
            (all.into(), days.map(String::from).to_vec())
        );
    }
}

#[test]
fn distinct_counts_values_and_not_points() {
    let mut b = Builder::new();
    let m = b.metric(
        "coreldove",
        "customers",
        MetricKind::Distinct {
            dimension: "customer".into(),
        },
    );
    for (days_ago, customers) in [(4, vec!["a"]), (2, vec!["a", "b"]), (0, vec!["b", "c"])] {
        b.last(m, days_ago, TOTAL, 1, customers.len() as i64);
        for customer in customers {
            b.last(m, days_ago, ("customer", customer), 1, 1);
        }
    }
    let shown = b.shown(None);
    let total = &shown.totals[0];
    assert_eq!(
        (text(total.value), text(total.previous), total.source),
        ("3".into(), "1".into(), PartialsSource::Rollup)
    );
    assert_eq!(shown.days(0), ["2", "none", "2"]);
    assert_eq!(shown.top_values, []);
}

#[test]
fn slices_that_miss_points_leave_the_answer_to_raw_points() {
    let mut b = Builder::new();
    let m = b.metric(
        "coreldove",
        "customers",
        MetricKind::Distinct {
            dimension: "customer".into(),
        },
    );
    b.last(m, 1, TOTAL, 1, 5);
    b.last(m, 1, ("customer", "a"), 1, 4);
    let several = b.metric(
        "coreldove",
        "stock",
        gauge(&["warehouse", "shelf"], Combine::Sum),
    );
    b.last(several, 1, TOTAL, 1, 5);
    let sources: Vec<PartialsSource> = b.shown(None).totals.iter().map(|t| t.source).collect();
    assert_eq!(sources, [PartialsSource::Raw, PartialsSource::Raw]);
}

#[test]
fn the_top_ten_the_others_and_the_rest_add_up_to_the_total() {
    let mut b = Builder::new();
    let m = b.metric("coreldove", "revenue", MetricKind::Sum);
    b.cell(
        m,
        0,
        TOTAL,
        Points {
            count: 200,
            sum: 1_000,
            ..Points::default()
        },
    );
    for i in 0..13 {
        b.cell(
            m,
            0,
            ("country", &format!("c{i:02}")),
            Points {
                count: 10,
                sum: 10 + i / 2,
                ..Points::default()
            },
        );
    }
    b.sum(m, 5, ("country", "long ago"), 999);
    let shown = b.shown(None);
    assert_eq!(
        (shown.top_values.len(), shown.top_values[0].key.as_str()),
        (1, "country")
    );
    let top = shown.top(0);
    assert_eq!(
        top[..3],
        [
            ("c12".into(), "16".into()),
            ("c10".into(), "15".into()),
            ("c11".into(), "15".into())
        ]
    );
    assert_eq!(top.len(), 10);
    let ranking = shown.top_values[0].ranking.as_ref().expect("numbers");
    // Left out: 10 and 10 (c00, c01) and, of two with 11, the later name.
    assert_eq!((ranking.values, text(ranking.other)), (13, "31".into()));
    let sums = 13 * 10 + (0..13).map(|i| i / 2).sum::<i64>();
    assert_eq!(text(ranking.without), (1_000 - sums).to_string());
}

#[test]
fn ratios_are_ranked_as_ratios_and_have_no_other() {
    let mut b = Builder::new();
    let kind = MetricKind::Ratio {
        numerator: "leads".into(),
        denominator: "clicks".into(),
    };
    let m = b.metric("bizoholic", "conversions", kind);
    b.cell(
        m,
        0,
        TOTAL,
        Points {
            count: 9,
            numerator: 9,
            denominator: 20,
            ..Points::default()
        },
    );
    for (value, numerator, denominator) in [("mail", 1, 10), ("ads", 3, 10), ("none", 1, 0)] {
        b.cell(
            m,
            0,
            ("type", value),
            Points {
                count: 3,
                numerator,
                denominator,
                ..Points::default()
            },
        );
    }
    let shown = b.shown(None);
    let expected = [("ads", "0.3"), ("mail", "0.1"), ("none", "none")];
    assert_eq!(
        shown.top(0),
        expected.map(|(v, n)| (v.to_owned(), n.to_owned()))
    );
    assert_eq!(
        shown.top_values[0].ranking.as_ref().expect("numbers").other,
        None
    );
}

#[test]
fn a_key_that_names_single_points_has_no_panel() {
    let mut b = Builder::new();
    let m = b.metric("coreldove", "revenue", MetricKind::Sum);
    b.cell(
        m,
        0,
        TOTAL,
        Points {
            count: 30,
            sum: 30,
            ..Points::default()
        },
    );
    for i in 0..30 {
        b.sum(m, 0, ("order", &format!("o-{i}")), 1);
    }
    assert_eq!(b.shown(None).top_values, []);
}

#[test]
fn one_platforms_dashboard_shows_its_metrics_only() {
    let mut b = Builder::new();
    for platform in ["coreldove", "bizoholic"] {
        let m = b.metric(platform, "revenue", MetricKind::Sum);
        b.sum(m, 1, TOTAL, 1);
    }
    let shown = b.shown(Some("bizoholic"));
    assert_eq!(shown.totals.len(), 1);
    assert_eq!(&*shown.totals[0].metric.platform, "bizoholic");
}

#[test]
fn a_sum_that_leaves_128_bits_errs() {
    let mut b = Builder::new();
    let m = b.metric("coreldove", "revenue", MetricKind::Sum);
    b.sum(m, 1, TOTAL, 1);
    b.sum(m, 0, TOTAL, 1);
    for cell in &mut b.cells {
        cell.measures.sum = i128::MAX;
    }
    let partials = Partials::from_cells(b.metrics, b.slices, b.cells).expect("partials");
    let spans = Spans::resolve(&RangeRequest::LastDays(3), Compare::None, today()).expect("spans");
    assert!(
        Panels::of(
            &partials,
            Some(PartialsSource::Rollup),
            &b.definitions,
            None,
            &spans
        )
        .is_err()
    );
}
