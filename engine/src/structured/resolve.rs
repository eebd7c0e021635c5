//! A question against the tenant's definitions: which metrics are meant, and
//! whether the maths is right for their kinds.

use std::sync::Arc;

use storage_layout::{Combine, MetricDefinition, MetricKey, MetricKind};

use super::filter::{Filter, Operator};
use super::request::{Aggregate, Expression, MetricPattern, StructuredQuery, hinted};
use crate::error::{Error, Result};
use crate::session::Session;

/// The names that every point has beside its dimensions.
pub(super) const NAMES: [&str; 3] = ["platform", "metric_type", "metric_name"];

/// A resolved question.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) measures: Vec<Resolved>,
    /// What rows are grouped by.
    pub(super) dimensions: Vec<String>,
    /// Conditions on dimensions; those on names have chosen the metrics.
    pub(super) filters: Vec<Filter>,
}

/// A measure and the metrics that it is made of.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) name: String,
    pub(super) term: Term,
}

/// How a measure's points become a number.
#[derive(Debug, Clone)]
pub(super) enum Term {
    Count(Vec<MetricKey>),
    Sum(Vec<MetricKey>),
    Mean(Vec<MetricKey>),
    Min(Vec<MetricKey>),
    Max(Vec<MetricKey>),
    /// The sums of one metric's numerators and denominators.
    Ratio {
        metric: MetricKey,
        numerator: String,
        denominator: String,
    },
    /// The sum of some metrics by that of others.
    Quotient(Vec<MetricKey>, Vec<MetricKey>),
    /// The last value of each series, combined.
    Gauge {
        metric: MetricKey,
        series: Vec<String>,
        combine: Combine,
    },
    /// The different values of a dimension.
    Distinct {
        metric: MetricKey,
        dimension: String,
    },
}

impl Resolved {
    /// As the column is described.
    pub(super) fn kind_name(&self) -> &'static str {
        match self.term {
            Term::Count(_) => "count",
            Term::Sum(_) => "sum",
            Term::Mean(_) => "avg",
            Term::Min(_) => "min",
            Term::Max(_) => "max",
            Term::Ratio { .. } | Term::Quotient(..) => "ratio",
            Term::Gauge { .. } => "gauge",
            Term::Distinct { .. } => "distinct",
        }
    }

    /// Whether no points mean 0.
    pub(super) fn is_zero_without_points(&self) -> bool {
        matches!(
            self.term,
            Term::Count(_) | Term::Sum(_) | Term::Distinct { .. }
        )
    }

    /// How many metrics it is made of.
    pub(super) fn metrics(&self) -> usize {
        self.term.metrics().count()
    }
}

impl Term {
    /// The metrics whose points take part.
    pub(super) fn metrics(&self) -> impl Iterator<Item = &MetricKey> {
        let (first, second): (&[MetricKey], &[MetricKey]) = match self {
            Self::Count(metrics)
            | Self::Sum(metrics)
            | Self::Mean(metrics)
            | Self::Min(metrics)
            | Self::Max(metrics) => (metrics, &[]),
            Self::Quotient(above, below) => (above, below),
            Self::Ratio { metric, .. }
            | Self::Gauge { metric, .. }
            | Self::Distinct { metric, .. } => (std::slice::from_ref(metric), &[]),
        };
        first.iter().chain(second)
    }
}

impl Question {
    /// Errors: `Invalid` for unknown metrics and for wrong maths; the hint says
    /// what to ask instead.
    pub(super) fn resolve(session: &Session, query: &StructuredQuery) -> Result<Self> {
        query.check()?;
        let (on_names, filters): (Vec<&Filter>, Vec<&Filter>) = query
            .filters
            .iter()
            .partition(|filter| NAMES.contains(&filter.dimension.as_str()));
        if let Some(filter) = on_names.iter().find(|f| f.operator.sign().is_some()) {
            return Err(hinted(
                format!("{} is a text, and no number", filter.dimension),
                "filters",
                "use `in` or `not_in`",
            ));
        }
        let find = Finder {
            session,
            on_names: &on_names,
        };
        let measures = query.measures.iter().enumerate().map(|(i, measure)| {
            let term = find.term(&measure.expression, &format!("metrics[{i}]"))?;
            Ok(Resolved {
                name: measure.name.clone(),
                term,
            })
        });
        Ok(Self {
            measures: measures.collect::<Result<_>>()?,
            dimensions: query.dimensions.clone(),
            filters: filters.into_iter().cloned().collect(),
        })
    }

    /// The dimension keys that the answer depends on.
    pub(super) fn keys(&self) -> Vec<&str> {
        let grouped = self.dimensions.iter().map(String::as_str);
        let filtered = self.filters.iter().map(|f| f.dimension.as_str());
        let mut keys: Vec<&str> = grouped
            .chain(filtered)
            .filter(|key| !NAMES.contains(key))
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    }

    /// Whether some condition compares numbers.
    pub(super) fn compares_numbers(&self) -> bool {
        self.filters.iter().any(|f| f.operator.sign().is_some())
    }
}

/// The metrics that a pattern names, of whatever kind. Errors: `Invalid` at `at`
/// when there is none.
pub(super) fn metrics(
    session: &Session,
    pattern: &MetricPattern,
    at: &str,
) -> Result<Vec<MetricKey>> {
    let find = Finder {
        session,
        on_names: &[],
    };
    Ok(keys(&find.definitions(pattern, at)?))
}

/// The value of one of [`NAMES`].
pub(super) fn name_of<'a>(metric: &'a MetricKey, name: &str) -> Option<&'a Arc<str>> {
    match name {
        "platform" => Some(&metric.platform),
        "metric_type" => Some(&metric.metric_type),
        "metric_name" => Some(&metric.metric_name),
        _ => None,
    }
}

/// Finds the metrics that are meant.
struct Finder<'a> {
    session: &'a Session,
    on_names: &'a [&'a Filter],
}

impl Finder<'_> {
    fn term(&self, expression: &Expression, at: &str) -> Result<Term> {
        match expression {
            Expression::Ratio {
                numerator,
                denominator,
            } => Ok(Term::Quotient(
                self.summed(numerator, &format!("{at}.numerator"))?,
                self.summed(denominator, &format!("{at}.denominator"))?,
            )),
            Expression::Metric(pattern, aggregate) => {
                let found = self.definitions(pattern, at)?;
                match (found.as_slice(), aggregate) {
                    (_, Aggregate::Count) => Ok(Term::Count(keys(&found))),
                    ([one], aggregate) => one_metric(one, *aggregate, at),
                    (_, aggregate) => {
                        all_sums(pattern, &found, at)?;
                        Ok(of_sums(keys(&found), *aggregate))
                    }
                }
            }
        }
    }

    /// Metrics that a pattern names, all of which must add up.
    fn summed(&self, pattern: &MetricPattern, at: &str) -> Result<Vec<MetricKey>> {
        let found = self.definitions(pattern, at)?;
        all_sums(pattern, &found, at)?;
        Ok(keys(&found))
    }

    fn definitions(&self, pattern: &MetricPattern, at: &str) -> Result<Vec<&MetricDefinition>> {
        let fits =
            |part: &Option<Arc<str>>, name: &Arc<str>| part.as_ref().is_none_or(|p| p == name);
        let named = |d: &&MetricDefinition| {
            fits(&pattern.platform, &d.key.platform)
                && fits(&pattern.metric_type, &d.key.metric_type)
                && fits(&pattern.metric_name, &d.key.metric_name)
        };
        let found: Vec<_> = self.session.metrics().iter().filter(named).collect();
        if found.is_empty() {
            return Err(hinted(
                format!("there is no metric {pattern}"),
                at,
                &self.nearest(pattern),
            ));
        }
        // A condition on names may leave nothing: then there are no points.
        let passes = |d: &&MetricDefinition| {
            self.on_names.iter().all(|filter| {
                let name = name_of(&d.key, &filter.dimension).map(AsRef::as_ref);
                match filter.operator {
                    Operator::Missing => false,
                    _ => filter.passes(name),
                }
            })
        };
        Ok(found.into_iter().filter(passes).collect())
    }

    fn nearest(&self, pattern: &MetricPattern) -> String {
        let names = self.session.metrics().iter().map(|d| {
            let key = &d.key;
            format!("{}/{}/{}", key.platform, key.metric_type, key.metric_name)
        });
        let wanted = pattern.to_string();
        let shared = |name: &String| name.chars().filter(|c| wanted.contains(*c)).count();
        let mut names: Vec<String> = names.collect();
        names.sort_by_key(|name| {
            let same = name
                .split('/')
                .zip(wanted.split('/'))
                .filter(|(a, b)| a == b);
            (
                std::cmp::Reverse(same.count()),
                std::cmp::Reverse(shared(name)),
            )
        });
        names.truncate(3);
        match names.is_empty() {
            true => "no metric has any points yet".to_owned(),
            false => format!("there is {}", names.join(", ")),
        }
    }
}

fn keys(found: &[&MetricDefinition]) -> Vec<MetricKey> {
    found.iter().map(|d| d.key.clone()).collect()
}

fn of_sums(metrics: Vec<MetricKey>, aggregate: Aggregate) -> Term {
    match aggregate {
        Aggregate::ByKind => Term::Sum(metrics),
        Aggregate::Count => Term::Count(metrics),
        Aggregate::Avg => Term::Mean(metrics),
        Aggregate::Min => Term::Min(metrics),
        Aggregate::Max => Term::Max(metrics),
    }
}

fn one_metric(definition: &MetricDefinition, aggregate: Aggregate, at: &str) -> Result<Term> {
    let metric = definition.key.clone();
    let name = &metric.metric_name;
    let refuse = |message: String, hint: String| Err(hinted(message, at, &hint));
    match (&definition.kind, aggregate) {
        (MetricKind::Sum, _) => Ok(of_sums(vec![metric], aggregate)),
        (_, Aggregate::Count) => Ok(Term::Count(vec![metric])),
        (
            MetricKind::Ratio {
                numerator,
                denominator,
            },
            Aggregate::ByKind,
        ) => Ok(Term::Ratio {
            metric,
            numerator: numerator.clone(),
            denominator: denominator.clone(),
        }),
        (
            MetricKind::Ratio {
                numerator,
                denominator,
            },
            _,
        ) => refuse(
            format!("{name} is a ratio: an average or bound of rates is not the rate"),
            format!(
                "leave `aggregate` out: {name} is then the sum of {numerator} by the sum of \
                 {denominator}"
            ),
        ),
        (MetricKind::Gauge { series, combine }, Aggregate::ByKind) => Ok(Term::Gauge {
            metric,
            series: series.clone(),
            combine: *combine,
        }),
        (MetricKind::Gauge { .. }, Aggregate::Min) => Ok(Term::Min(vec![metric])),
        (MetricKind::Gauge { .. }, Aggregate::Max) => Ok(Term::Max(vec![metric])),
        (MetricKind::Gauge { .. }, Aggregate::Avg) => refuse(
            format!("{name} is a gauge: its mean would depend on how often it was read"),
            "leave `aggregate` out for its last value, or ask for min and max".to_owned(),
        ),
        (MetricKind::Distinct { dimension }, Aggregate::ByKind) => Ok(Term::Distinct {
            metric,
            dimension: dimension.clone(),
        }),
        (MetricKind::Distinct { dimension }, _) => refuse(
            format!("{name} counts different values of {dimension}: it has no mean or bound"),
            format!("leave `aggregate` out for the number of different {dimension}"),
        ),
    }
}

/// Several metrics are one number only when they add up.
fn all_sums(pattern: &MetricPattern, found: &[&MetricDefinition], at: &str) -> Result<()> {
    let other = found.iter().find(|d| d.kind != MetricKind::Sum);
    let Some(other) = other else { return Ok(()) };
    let (name, kind) = (&other.key.metric_name, other.kind.name());
    Err(Error::Invalid {
        message: format!("{pattern} holds {name}, a {kind}, which does not add up with others"),
        at: Some(at.to_owned()),
        location: None,
        hint: Some(format!(
            "ask for {}/{}/{name} by itself, or name metrics that are sums",
            other.key.platform, other.key.metric_type
        )),
    })
}
