//! A structured question as it is sent.

use std::fmt;

use chrono_tz::Tz;
use engine::dashboard::{DEFAULT_RANGE, RangeRequest};
use engine::structured::{self as of, MetricPattern};
use serde::de::{Error as _, MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::encode::Decimals;
use crate::error::{Problem, Result};

/// A structured question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QueryRequest {
    /// What is measured, 1 to 16: `platform/metric_type/metric_name` with `*`
    /// for any, or an object.
    #[schema(value_type = Vec<MetricObject>, example = json!(["*/revenue/*",
        {"metric": "coreldove/revenue/order_revenue", "aggregate": "count", "as": "orders"}]))]
    metrics: Vec<MetricRequest>,
    /// What it is grouped by: dimension keys, or `platform`, `metric_type`,
    /// `metric_name`; at most 4.
    #[serde(default)]
    #[schema(example = json!(["platform"]))]
    dimensions: Vec<String>,
    /// Which points take part; all conditions hold together.
    #[serde(default)]
    #[schema(example = json!([]))]
    filters: Vec<FilterRequest>,
    /// Which days: `30d` (default), `12w`, `12m`, `1y`, or `from` and `to`, both
    /// included.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "30d")]
    time_range: Option<TimeRange>,
    /// How long a bucket of time is.
    #[serde(default)]
    granularity: Granularity,
    /// The zone that days begin in; the tenant's own when left out.
    #[schema(example = "Europe/London")]
    time_zone: Option<String>,
    /// What the numbers are compared with.
    #[serde(default)]
    compare: CompareWith,
    /// Which groups are listed; all when left out.
    top: Option<TopRequest>,
    /// In which order; by time, then the largest first when left out.
    #[serde(default)]
    #[schema(example = json!([]))]
    order: Vec<OrderRequest>,
    /// What stands where a group has no points in a bucket.
    #[serde(default)]
    fill: FillWith,
    /// Whether the numbers over the whole range are wanted too.
    #[serde(default)]
    totals: bool,
    /// Decimals as numbers (default) or as text.
    #[serde(default)]
    pub(crate) decimals: Decimals,
}

/// One number of each row: a metric by its kind or by an aggregate, or one
/// metric's sum by another's.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricObject {
    /// `platform/metric_type/metric_name`, with `*` for any.
    metric: Option<String>,
    /// How its points become a number; its kind decides when left out.
    aggregate: Option<Aggregate>,
    /// Instead of `metric`: the metric above the line.
    numerator: Option<String>,
    /// The metric below it.
    denominator: Option<String>,
    /// The column's name.
    #[serde(rename = "as")]
    name: Option<String>,
}

/// A metric as text or as an object.
#[derive(Debug)]
pub(crate) struct MetricRequest(MetricObject);

/// How a metric's points become a number.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Aggregate {
    /// The number of points.
    Count,
    /// The mean of the values; only of sums.
    Avg,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
}

/// A condition on a dimension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FilterRequest {
    /// A dimension key, or `platform`, `metric_type`, `metric_name`.
    #[schema(example = "country")]
    dimension: String,
    /// How its value is compared.
    operator: FilterOperator,
    /// With what: texts, numbers or booleans.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Value>, example = json!(["France"]))]
    values: Vec<Box<RawValue>>,
}

/// How a dimension's value is compared. `not_in` keeps points that lack it.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FilterOperator {
    In,
    NotIn,
    Exists,
    Missing,
    Gt,
    Gte,
    Lt,
    Lte,
}

/// Days, as text or as two dates.
#[derive(Debug)]
pub(crate) enum TimeRange {
    Length(String),
    Dates(DateBounds),
}

/// Two dates, both included.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DateBounds {
    from: String,
    to: String,
}

/// How long a bucket of time is. Weeks begin on Monday.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Granularity {
    #[default]
    All,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// What the numbers are compared with.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum CompareWith {
    /// Nothing.
    #[default]
    None,
    /// As many days, directly before.
    Previous,
    /// The same dates a year before.
    Year,
}

/// Which groups are listed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TopRequest {
    /// The metric's column that ranks them; the first when left out.
    by: Option<String>,
    /// How many, at most 1,000.
    #[schema(example = 10)]
    limit: usize,
    /// Whether the others are added up in rows of their own.
    #[serde(default)]
    other: bool,
}

/// One key of the order of rows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderRequest {
    /// `time`, a dimension, or a metric's column.
    #[schema(example = "time")]
    by: String,
    /// The largest first.
    #[serde(default)]
    descending: bool,
}

/// What stands where a group has no points in a bucket.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FillWith {
    /// A row without a number.
    #[default]
    Null,
    /// A row with 0 where no points mean 0: sums and counts.
    Zero,
    /// The number before.
    Previous,
    /// No row.
    None,
}

impl QueryRequest {
    /// Reads a question that was kept as JSON.
    pub(crate) fn saved(text: &RawValue) -> Result<(of::StructuredQuery, Decimals)> {
        let request: Self = serde_json::from_str(text.get()).map_err(|error| {
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            Problem::malformed(format!("the question cannot be read: {reason}"))
                .hint("it has the shape of the body of POST /api/analytics/query")
        })?;
        let decimals = request.decimals;
        Ok((request.query()?, decimals))
    }

    pub(crate) fn query(self) -> Result<of::StructuredQuery> {
        let measures = self.metrics.into_iter().enumerate();
        let measures = measures.map(|(i, metric)| metric.0.measure(&format!("metrics[{i}]")));
        let zone = self.time_zone.as_deref().map(zone).transpose()?;
        Ok(of::StructuredQuery {
            measures: measures.collect::<Result<_>>()?,
            dimensions: self.dimensions,
            filters: filters(self.filters)?,
            range: range(self.time_range)?,
            granularity: self.granularity.into(),
            zone,
            compare: self.compare.into(),
            top: self.top.map(|top| of::Top {
                by: top.by,
                limit: top.limit,
                other: top.other,
            }),
            order: self.order.into_iter().map(OrderRequest::order).collect(),
            fill: match self.fill {
                FillWith::Null => of::Fill::Null,
                FillWith::Zero => of::Fill::Zero,
                FillWith::Previous => of::Fill::Previous,
                FillWith::None => of::Fill::None,
            },
            totals: self.totals,
        })
    }
}

impl From<Granularity> for of::Granularity {
    fn from(granularity: Granularity) -> Self {
        match granularity {
            Granularity::All => Self::All,
            Granularity::Hour => Self::Hour,
            Granularity::Day => Self::Day,
            Granularity::Week => Self::Week,
            Granularity::Month => Self::Month,
            Granularity::Quarter => Self::Quarter,
            Granularity::Year => Self::Year,
        }
    }
}

/// The days that are meant; the last 30 when nothing is said.
pub(super) fn range(said: Option<TimeRange>) -> Result<RangeRequest> {
    Ok(match said {
        None => DEFAULT_RANGE,
        Some(TimeRange::Length(text)) => RangeRequest::parse(Some(&text), None, None)?,
        Some(TimeRange::Dates(DateBounds { from, to })) => {
            RangeRequest::parse(None, Some(&from), Some(&to))?
        }
    })
}

/// Conditions as they are asked.
pub(super) fn filters(said: Vec<FilterRequest>) -> Result<Vec<of::Filter>> {
    let filters = said.into_iter().enumerate();
    filters.map(|(i, filter)| filter.filter(i)).collect()
}

impl From<CompareWith> for of::Compared {
    fn from(with: CompareWith) -> Self {
        match with {
            CompareWith::None => Self::None,
            CompareWith::Previous => Self::Previous,
            CompareWith::Year => Self::Year,
        }
    }
}

pub(crate) fn zone(name: &str) -> Result<Tz> {
    name.parse().map_err(|_| {
        Problem::malformed(format!("{name:?} is not a time zone"))
            .at("time_zone")
            .hint("use a name of the IANA database, such as Europe/London or UTC")
    })
}

impl MetricObject {
    fn measure(self, at: &str) -> Result<of::Measure> {
        let unclear = |what: &str| {
            Err(Problem::malformed(what.to_owned())
                .at(at)
                .hint("give either `metric`, or `numerator` and `denominator`"))
        };
        match (self.metric, self.numerator, self.denominator) {
            (Some(metric), None, None) => {
                let pattern = MetricPattern::parse(&metric, at)?;
                let (aggregate, suffix) = match self.aggregate {
                    None => (of::Aggregate::ByKind, ""),
                    Some(Aggregate::Count) => (of::Aggregate::Count, "_count"),
                    Some(Aggregate::Avg) => (of::Aggregate::Avg, "_avg"),
                    Some(Aggregate::Min) => (of::Aggregate::Min, "_min"),
                    Some(Aggregate::Max) => (of::Aggregate::Max, "_max"),
                };
                let short = pattern.metric_name.as_deref();
                let short = short.or(pattern.metric_type.as_deref()).unwrap_or("value");
                Ok(of::Measure {
                    name: self.name.unwrap_or_else(|| format!("{short}{suffix}")),
                    expression: of::Expression::Metric(pattern, aggregate),
                })
            }
            (None, Some(numerator), Some(denominator)) => match self.aggregate {
                None => Ok(of::Measure {
                    name: self.name.unwrap_or_else(|| "ratio".to_owned()),
                    expression: of::Expression::Ratio {
                        numerator: MetricPattern::parse(&numerator, at)?,
                        denominator: MetricPattern::parse(&denominator, at)?,
                    },
                }),
                Some(_) => unclear("a ratio of two metrics has no aggregate"),
            },
            _ => unclear("it is not clear what is measured"),
        }
    }
}

impl FilterRequest {
    fn filter(self, index: usize) -> Result<of::Filter> {
        let text = |raw: &RawValue| match raw.get().as_bytes() {
            [b'"', ..] => serde_json::from_str::<String>(raw.get()).ok(),
            b"null" | [b'[' | b'{', ..] => None,
            // Numbers as dimensions have them: without trailing zeros.
            _ => Some(match engine::Value::parse(raw.get()) {
                Ok(parsed) => parsed.value.to_string(),
                Err(_) => raw.get().to_owned(),
            }),
        };
        let values = self.values.iter().map(|raw| {
            let value = text(raw).ok_or_else(|| {
                Problem::malformed("a value must be a text, a number or a boolean")
                    .at(format!("filters[{index}].values"))
                    .hint("for points without the dimension use the operator `missing`")
            });
            value.map(Into::into)
        });
        Ok(of::Filter {
            dimension: self.dimension,
            operator: match self.operator {
                FilterOperator::In => of::Operator::In,
                FilterOperator::NotIn => of::Operator::NotIn,
                FilterOperator::Exists => of::Operator::Exists,
                FilterOperator::Missing => of::Operator::Missing,
                FilterOperator::Gt => of::Operator::Gt,
                FilterOperator::Gte => of::Operator::Gte,
                FilterOperator::Lt => of::Operator::Lt,
                FilterOperator::Lte => of::Operator::Lte,
            },
            values: values.collect::<Result<_>>()?,
        })
    }
}

impl OrderRequest {
    fn order(self) -> of::Order {
        of::Order {
            by: match self.by.as_str() {
                "time" => of::OrderBy::Time,
                _ => of::OrderBy::Column(self.by),
            },
            descending: self.descending,
        }
    }
}

impl<'de> Deserialize<'de> for MetricRequest {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = MetricRequest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a metric as text or as an object")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(MetricRequest(MetricObject {
                    metric: Some(text.to_owned()),
                    ..MetricObject::default()
                }))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                MetricObject::deserialize(MapAccessDeserializer::new(map)).map(MetricRequest)
            }
        }
        from.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for TimeRange {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = TimeRange;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length such as 30d, or an object with from and to")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text.is_empty() {
                    true => Err(E::custom("the time range is empty")),
                    false => Ok(TimeRange::Length(text.to_owned())),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let bounds = DateBounds::deserialize(MapAccessDeserializer::new(map));
                bounds.map(TimeRange::Dates).map_err(A::Error::custom)
            }
        }
        from.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Result<of::StructuredQuery> {
        let request: QueryRequest = serde_json::from_str(text).expect(text);
        request.query()
    }

    #[test]
    fn a_metric_is_a_text_or_an_object() {
        let query = query(
            r#"{"metrics": ["*/revenue/*", {"metric": "a/b/c", "aggregate": "avg"},
                {"numerator": "a/b/c", "denominator": "a/b/d", "as": "r"}],
                "time_range": {"from": "2025-01-01", "to": "2025-01-31"}}"#,
        )
        .expect("a query");
        let names: Vec<&str> = query.measures.iter().map(|m| m.name.as_str()).collect();
        assert_eq!(names, ["revenue", "c_avg", "r"]);
    }

    #[test]
    fn what_is_not_clear_is_refused_where_it_stands() {
        for text in [
            r#"{"metrics": ["a/b"]}"#,
            r#"{"metrics": [{"metric": "a/b/c", "numerator": "a/b/c"}]}"#,
            r#"{"metrics": [{"numerator": "a/b/c"}]}"#,
            r#"{"metrics": ["a/b/c"], "time_zone": "Mars"}"#,
            r#"{"metrics": ["a/b/c"], "time_range": "30"}"#,
            r#"{"metrics": ["a/b/c"], "filters": [{"dimension": "k", "operator": "in", "values": [null]}]}"#,
        ] {
            assert_eq!(query(text).expect_err(text).status(), 400);
        }
    }

    #[test]
    fn numbers_in_conditions_are_written_as_dimensions_are() {
        let text = r#"{"metrics": ["a/b/c"], "filters": [{"dimension": "k", "operator": "in",
            "values": [1.0, "1.0", true]}]}"#;
        let query = query(text).expect("a query");
        let values: Vec<&str> = query.filters[0].values.iter().map(AsRef::as_ref).collect();
        assert_eq!(values, ["1", "1.0", "true"]);
    }
}
