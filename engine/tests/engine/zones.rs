//! A dashboard in any zone against the same numbers worked out from the points,
//! the simple way.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use engine::dashboard::{Compare, DashboardRequest, RangeRequest, RawTop, dashboard};
use engine::session::PartialsSource;
use engine::{Session, TenantId};
use storage_layout::decimal::canonical;

/// A point.
pub(crate) struct Point<'a> {
    pub(crate) metric: &'a str,
    pub(crate) recorded_at: DateTime<Utc>,
    pub(crate) units: i128,
    pub(crate) version: i64,
    pub(crate) country: Option<&'a str>,
}

/// What is asked.
#[derive(Debug, Clone)]
pub(crate) struct Question {
    pub(crate) zone: Tz,
    pub(crate) from: NaiveDate,
    pub(crate) days: u64,
}

/// A gauge's last value, or a sum.
fn number<'a>(points: impl Iterator<Item = &'a Point<'a>>, gauge: bool) -> i128 {
    let (mut sum, mut last) = (0, None::<&Point<'_>>);
    for point in points {
        sum += point.units;
        let order = |point: &Point<'_>| (point.recorded_at, point.version, point.units);
        if last.is_none_or(|seen| order(point) > order(seen)) {
            last = Some(point);
        }
    }
    match gauge {
        true => last.map_or(0, |point| point.units),
        false => sum,
    }
}

/// Compares a dashboard's totals, days and top countries with the points';
/// answers where its totals came from.
pub(crate) async fn check(
    session: &Session,
    points: &[Point<'_>],
    gauges: &HashSet<&str>,
    question: &Question,
    when: &str,
) -> PartialsSource {
    let tenant: &TenantId = session.tenant();
    let when = format!("{tenant} {when}, {question:?}");
    let to = question.from + Days::new(question.days - 1);
    let request = DashboardRequest {
        range: RangeRequest::Between {
            from: question.from,
            to,
        },
        platform: None,
        compare: Compare::None,
        zone: Some(question.zone),
        raw_top: RawTop::Always,
    };
    let now = "2025-06-01T00:00:00Z".parse().unwrap();
    let shown = dashboard(session, &request, now).await;
    let shown = shown.unwrap_or_else(|error| panic!("{when}: {error} {error:?}"));

    let day = |point: &Point<'_>| point.recorded_at.with_timezone(&question.zone).date_naive();
    let mut by_metric: BTreeMap<&str, Vec<&Point<'_>>> = BTreeMap::new();
    for point in points {
        if (question.from..=to).contains(&day(point)) {
            by_metric.entry(point.metric).or_default().push(point);
        }
    }
    let name = |metric: &engine::MetricKey| {
        format!(
            "{}/{}/{}",
            metric.platform, metric.metric_type, metric.metric_name
        )
    };
    let text = |units: i128| canonical(units, 9);
    let totals: Vec<(String, usize, String)> = shown
        .totals
        .iter()
        .map(|t| {
            let value = t.value.map_or("none".into(), |v| v.to_string());
            (name(&t.metric), t.count as usize, value)
        })
        .collect();
    let expected: Vec<(String, usize, String)> = by_metric
        .iter()
        .map(|(metric, points)| {
            let value = number(points.iter().copied(), gauges.contains(metric));
            ((*metric).to_owned(), points.len(), text(value))
        })
        .collect();
    assert_eq!(totals, expected, "totals of {when}");

    for series in &shown.series {
        let metric = name(&series.metric);
        for shown in &series.days {
            let points = &by_metric[metric.as_str()];
            let of_day = || points.iter().copied().filter(|p| day(p) == shown.day);
            let count = of_day().count();
            let value =
                (count > 0).then(|| text(number(of_day(), gauges.contains(metric.as_str()))));
            assert_eq!(
                (shown.count as usize, shown.value.map(|v| v.to_string())),
                (count, value),
                "{metric} on {} of {when}",
                shown.day
            );
        }
    }

    for (metric, points) in &by_metric {
        let gauge = gauges.contains(metric);
        let mut countries: BTreeMap<&str, Vec<&Point<'_>>> = BTreeMap::new();
        for point in points {
            if let Some(country) = point.country {
                countries.entry(country).or_default().push(point);
            }
        }
        let all: usize = countries.values().map(Vec::len).sum();
        let like_an_id = countries.len() > 20 && countries.len() * 10 >= all * 9;
        let panel = shown
            .top_values
            .iter()
            .find(|top| name(&top.metric) == *metric && top.key == "country");
        if countries.is_empty() || like_an_id {
            assert!(
                panel.is_none_or(|p| p.ranking.as_ref().is_none_or(|r| r.values == 0)),
                "{metric} by country of {when}"
            );
            continue;
        }
        let panel = panel.unwrap_or_else(|| panic!("{metric} has no countries: {when}"));
        let mut ranked: Vec<(i128, &str, usize)> = countries
            .iter()
            .map(|(country, points)| {
                (
                    number(points.iter().copied(), gauge),
                    *country,
                    points.len(),
                )
            })
            .collect();
        ranked.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
        let top: Vec<(String, String, usize)> = ranked
            .iter()
            .take(10)
            .map(|(units, country, count)| (text(*units), (*country).to_owned(), *count))
            .collect();
        let ranking = panel.ranking.as_ref().unwrap();
        let shown: Vec<(String, String, usize)> = ranking
            .top
            .iter()
            .map(|v| {
                let value = v.value.map_or("none".into(), |v| v.to_string());
                (value, v.name.clone(), v.count as usize)
            })
            .collect();
        assert_eq!(shown, top, "{metric} by country of {when}");
        assert_eq!(ranking.values as usize, countries.len(), "{metric} {when}");
    }
    shown.source
}
