//! A structured question as it is asked, and its bounds.

use std::sync::Arc;

use chrono::{Months, NaiveDate};
use chrono_tz::Tz;

use super::filter::Filter;
use super::grid::Granularity;
use crate::dashboard::{Days, RangeRequest};
use crate::error::{Error, Result};

/// Measures of one question.
pub const MAX_MEASURES: usize = 16;
/// Dimensions of one question.
pub(super) const MAX_DIMENSIONS: usize = 4;
/// Conditions of one question.
pub(super) const MAX_FILTERS: usize = 16;
/// Groups that a ranking lists.
pub(super) const MAX_TOP: usize = 1_000;

/// A structured question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StructuredQuery {
    /// What is measured.
    pub measures: Vec<Measure>,
    /// What it is grouped by: dimension keys, or `platform`, `metric_type`,
    /// `metric_name`.
    pub dimensions: Vec<String>,
    /// Which points take part.
    pub filters: Vec<Filter>,
    /// Which days.
    pub range: RangeRequest,
    /// How long a bucket of time is.
    pub granularity: Granularity,
    /// The zone that days begin in; `None`: the tenant's own.
    pub zone: Option<Tz>,
    /// What the numbers are compared with.
    pub compare: Compared,
    /// Which groups are listed; `None`: all.
    pub top: Option<Top>,
    /// In which order; empty: by time, then the largest first.
    pub order: Vec<Order>,
    /// What stands where a group has no points in a bucket.
    pub fill: Fill,
    /// Whether the numbers over the whole range are wanted too.
    pub totals: bool,
}

/// One number of each row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Measure {
    /// Its column's name; unique in the question.
    pub name: String,
    /// How it is made.
    pub expression: Expression,
}

/// How a measure is made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expression {
    /// A metric, or several that add up.
    Metric(MetricPattern, Aggregate),
    /// One metric's sum by another's.
    Ratio {
        /// Above the line.
        numerator: MetricPattern,
        /// Below it.
        denominator: MetricPattern,
    },
}

/// How a metric's points become a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// As the metric's kind has it.
    ByKind,
    /// The number of points.
    Count,
    /// The mean of the values.
    Avg,
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
}

/// A metric's three names; `None` is any.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MetricPattern {
    /// The platform.
    pub platform: Option<Arc<str>>,
    /// The family.
    pub metric_type: Option<Arc<str>>,
    /// The name.
    pub metric_name: Option<Arc<str>>,
}

/// What the numbers are compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compared {
    /// Nothing.
    None,
    /// As many days, directly before.
    Previous,
    /// The same dates a year before.
    Year,
}

/// Which groups are listed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Top {
    /// The measure that ranks them; `None`: the first.
    pub by: Option<String>,
    /// How many.
    pub limit: usize,
    /// Whether the others are added up in a row of their own.
    pub other: bool,
}

/// One key of the order of rows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// What is compared.
    pub by: OrderBy,
    /// The largest first.
    pub descending: bool,
}

/// What rows are ordered by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OrderBy {
    /// The bucket of time.
    Time,
    /// A measure or a dimension, by its name.
    Column(String),
}

/// What stands where a group has no points in a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fill {
    /// A row without a number.
    Null,
    /// A row with 0 where no points mean 0: sums and counts.
    Zero,
    /// The number before.
    Previous,
    /// No row.
    None,
}

impl Compared {
    /// The days to compare these with. Errors: `Invalid` beyond the calendar.
    pub(super) fn days(self, range: Days) -> Result<Option<Days>> {
        let year_before = |day: NaiveDate| {
            day.checked_sub_months(Months::new(12))
                .ok_or_else(|| Error::invalid("there is no year before", "compare"))
        };
        match self {
            Self::None => Ok(None),
            Self::Previous => Ok(Some(range.before())),
            Self::Year => Days::new(year_before(range.from)?, year_before(range.to)?).map(Some),
        }
    }
}

impl MetricPattern {
    /// Reads `platform/metric_type/metric_name`, each part a name or `*`.
    /// Errors: `Invalid` at `at`.
    pub fn parse(text: &str, at: &str) -> Result<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        let [platform, metric_type, metric_name] = parts[..] else {
            return Err(Error::Invalid {
                message: format!("{text:?} names no metric"),
                at: Some(at.to_owned()),
                location: None,
                hint: Some(
                    "write platform/metric_type/metric_name, with * for any, such as \
                     coreldove/revenue/order_revenue or */revenue/*; GET /api/analytics/metrics \
                     lists the metrics"
                        .to_owned(),
                ),
            });
        };
        let part = |text: &str| (text != "*").then(|| Arc::from(text));
        Ok(Self {
            platform: part(platform),
            metric_type: part(metric_type),
            metric_name: part(metric_name),
        })
    }
}

impl std::fmt::Display for MetricPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let part = |part: &Option<Arc<str>>| part.clone().unwrap_or_else(|| "*".into());
        let (platform, metric_type) = (part(&self.platform), part(&self.metric_type));
        write!(f, "{platform}/{metric_type}/{}", part(&self.metric_name))
    }
}

impl StructuredQuery {
    /// Checks what can be checked without the tenant's definitions.
    pub(super) fn check(&self) -> Result<()> {
        bounded("metrics", self.measures.len(), 1, MAX_MEASURES)?;
        bounded("dimensions", self.dimensions.len(), 0, MAX_DIMENSIONS)?;
        bounded("filters", self.filters.len(), 0, MAX_FILTERS)?;
        let mut names: Vec<&str> = self.dimensions.iter().map(String::as_str).collect();
        for (i, measure) in self.measures.iter().enumerate() {
            let at = format!("metrics[{i}]");
            if names.contains(&measure.name.as_str()) || measure.name == "time" {
                let message = format!("two columns are called {:?}", measure.name);
                return Err(hinted(
                    message,
                    &at,
                    "give one of them another name with `as`",
                ));
            }
            names.push(&measure.name);
        }
        for (i, key) in self.dimensions.iter().enumerate() {
            if self.dimensions[..i].contains(key) {
                let message = format!("{key:?} is named twice");
                return Err(hinted(message, "dimensions", "name each dimension once"));
            }
        }
        for (i, filter) in self.filters.iter().enumerate() {
            filter.check(i)?;
        }
        if let Some(top) = &self.top {
            bounded("top.limit", top.limit, 1, MAX_TOP)?;
            if self.dimensions.is_empty() {
                let hint = "name what to rank in `dimensions`, or leave `top` out";
                return Err(hinted("there is nothing to rank".into(), "top", hint));
            }
            if let Some(by) = &top.by {
                self.measure(by, "top.by")?;
            }
        }
        for (i, order) in self.order.iter().enumerate() {
            if let OrderBy::Column(name) = &order.by
                && !self.dimensions.contains(name)
            {
                self.measure(name, &format!("order[{i}].by"))?;
            }
        }
        Ok(())
    }

    /// The number of the measure with this name.
    pub(super) fn measure(&self, name: &str, at: &str) -> Result<usize> {
        let found = self.measures.iter().position(|m| m.name == name);
        found.ok_or_else(|| {
            let names: Vec<&str> = self.measures.iter().map(|m| m.name.as_str()).collect();
            hinted(
                format!("there is no column {name:?}"),
                at,
                &format!("use one of {}", names.join(", ")),
            )
        })
    }
}

fn bounded(at: &str, number: usize, least: usize, most: usize) -> Result<()> {
    if (least..=most).contains(&number) {
        return Ok(());
    }
    let message = format!("{number} are given, of {least} to {most}");
    Err(hinted(message, at, "ask several questions"))
}

pub(super) fn hinted(message: String, at: &str, hint: &str) -> Error {
    Error::Invalid {
        message,
        at: Some(at.to_owned()),
        location: None,
        hint: Some(hint.to_owned()),
    }
}
