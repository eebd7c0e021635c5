//! What a number is: by which definition and kind it is made, of which points,
//! how fresh they are, and where it comes from.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use storage_layout::rollup::{Measures, Partials};
use storage_layout::{Combine, MetricDefinition, MetricKey};

use super::filter::{Filter, Operator};
use super::grid::Granularity;
use super::request::{Compared, StructuredQuery};
use super::resolve::{Question, Term};
use super::structured;
use crate::dashboard::{Days, Exact};
use crate::error::Result;
use crate::session::{PartialsSource, Session};

/// What the numbers of a question are.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The tenant's version that all of it is of.
    pub version: i64,
    /// When that version was seen.
    pub as_of: DateTime<Utc>,
    /// The zone that days begin in.
    pub zone: Tz,
    /// The days that are shown.
    pub range: Days,
    /// One for each measure, in the question's order.
    pub measures: Vec<ExplainedMeasure>,
    /// Rows in the files that the numbers took.
    pub rows_scanned: u64,
}

/// What one measure is.
#[derive(Debug, Clone)]
pub struct ExplainedMeasure {
    /// Its column's name.
    pub name: String,
    /// As the column has it.
    pub kind: &'static str,
    /// How it is made, in plain English.
    pub sentence: String,
    /// Where the number over the whole range comes from.
    pub source: PartialsSource,
    /// The number over the whole range and all groups.
    pub value: Option<Exact>,
    /// The metrics that it is made of.
    pub metrics: Vec<ExplainedMetric>,
}

/// A metric that takes part.
#[derive(Debug, Clone)]
pub struct ExplainedMetric {
    /// Its definition in force.
    pub definition: MetricDefinition,
    /// Its points in the range, before any condition.
    pub points: i64,
    /// When the first of them was recorded.
    pub first_at: Option<DateTime<Utc>>,
    /// When the last of them was recorded.
    pub last_at: Option<DateTime<Utc>>,
}

/// Says what the numbers of a question are as of `now`. Errors: as
/// [`structured`].
pub async fn explain(
    session: &Session,
    query: &StructuredQuery,
    now: DateTime<Utc>,
) -> Result<Explanation> {
    let question = Question::resolve(session, query)?;
    let whole = StructuredQuery {
        dimensions: Vec::new(),
        granularity: Granularity::All,
        compare: Compared::None,
        top: None,
        order: Vec::new(),
        totals: false,
        ..query.clone()
    };
    let answer = structured(session, &whole, now).await?;
    let days = answer.range.numbers();
    let partials = session.partials(days.start, days.end, answer.zone).await?;
    let (days, partials) = (answer.range, partials.0);
    let mut measures = Vec::new();
    for (number, measure) in question.measures.iter().enumerate() {
        let mut keys: Vec<&MetricKey> = measure.term.metrics().collect();
        keys.sort_unstable();
        keys.dedup();
        let of = |key: &&MetricKey| {
            let definition = session.metrics().iter().find(|d| d.key == **key)?;
            Some(ExplainedMetric::of(definition, &partials, days))
        };
        measures.push(ExplainedMeasure {
            name: measure.name.clone(),
            kind: measure.kind_name(),
            sentence: sentence(&measure.term, query, days, answer.zone),
            source: answer.measures[number].source,
            value: answer.rows.first().and_then(|row| row.values[number]),
            metrics: keys.iter().filter_map(of).collect(),
        });
    }
    Ok(Explanation {
        version: answer.version,
        as_of: answer.as_of,
        zone: answer.zone,
        range: answer.range,
        measures,
        rows_scanned: answer.rows_scanned,
    })
}

impl ExplainedMetric {
    fn of(definition: &MetricDefinition, partials: &Partials, days: Days) -> Self {
        let cells = partials.days(days.numbers()).iter();
        let own =
            cells.filter(|cell| cell.slice == 0 && *partials.metric(cell.metric) == definition.key);
        let own: Vec<&Measures> = own.map(|cell| &cell.measures).collect();
        let at = |us: i64| DateTime::from_timestamp_micros(us);
        let firsts = own.iter().map(|m| m.first.recorded_at_us);
        let lasts = own.iter().map(|m| m.last.recorded_at_us);
        Self {
            definition: definition.clone(),
            points: own.iter().map(|m| m.count).sum(),
            first_at: firsts.min().and_then(at),
            last_at: lasts.max().and_then(at),
        }
    }
}

fn sentence(term: &Term, query: &StructuredQuery, days: Days, zone: Tz) -> String {
    let number = match term {
        Term::Count(metrics) => format!("the number of points of {}", listed(metrics)),
        Term::Sum(metrics) => format!("the sum of {}", listed(metrics)),
        Term::Mean(metrics) => format!("the sum of {0} by its number of points", listed(metrics)),
        Term::Min(metrics) => format!("the smallest value of {}", listed(metrics)),
        Term::Max(metrics) => format!("the largest value of {}", listed(metrics)),
        Term::Ratio {
            metric,
            numerator,
            denominator,
        } => format!(
            "the sum of {numerator} by the sum of {denominator}, of the points of {}",
            name(metric)
        ),
        Term::Quotient(above, below) => {
            format!(
                "the sum of {} by the sum of {}",
                listed(above),
                listed(below)
            )
        }
        Term::Gauge { metric, series, .. } if series.is_empty() => {
            format!("the last value of {}", name(metric))
        }
        Term::Gauge {
            metric,
            series,
            combine,
        } => {
            let how = match combine {
                Combine::Sum => "sum",
                Combine::Avg => "mean",
                Combine::Min => "smallest",
                Combine::Max => "largest",
            };
            format!(
                "the {how} of the last values of {} for each {}",
                name(metric),
                series.join(" and ")
            )
        }
        Term::Distinct { metric, dimension } => {
            format!("the number of different {dimension} of {}", name(metric))
        }
    };
    let when = format!("from {} to {}, days in {}", days.from, days.to, zone.name());
    let conditions: Vec<String> = query.filters.iter().map(condition).collect();
    match conditions.is_empty() {
        true => format!("{number}, {when}"),
        false => format!("{number}, {when}, where {}", conditions.join(" and ")),
    }
}

fn condition(filter: &Filter) -> String {
    let values = filter.values.join(" or ");
    let dimension = &filter.dimension;
    match filter.operator {
        Operator::In => format!("{dimension} is {values}"),
        Operator::NotIn => format!("{dimension} is not {values}"),
        Operator::Exists => format!("{dimension} is there"),
        Operator::Missing => format!("{dimension} is missing"),
        Operator::Gt => format!("{dimension} is above {values}"),
        Operator::Gte => format!("{dimension} is {values} or above"),
        Operator::Lt => format!("{dimension} is below {values}"),
        Operator::Lte => format!("{dimension} is {values} or below"),
    }
}

fn listed(metrics: &[MetricKey]) -> String {
    const SHOWN: usize = 3;
    let names: Vec<String> = metrics.iter().take(SHOWN).map(name).collect();
    match metrics.len() {
        0 => "no metric".to_owned(),
        n if n > SHOWN => format!("{} and {} more", names.join(", "), n - SHOWN),
        _ => names.join(", "),
    }
}

fn name(metric: &MetricKey) -> String {
    format!("{} ({})", metric.metric_name, metric.platform)
}
