//! Pieces of the SQL by which raw points are asked: values become parameters,
//! or stand in the text where it is to be shown.

use std::sync::Arc;

use storage_layout::MetricKey;

use super::filter::{Filter, Operator};
use super::resolve::NAMES;
use crate::session::Param;

/// A query's text and its parameters, written together.
#[derive(Debug, Default)]
pub(super) struct Sql {
    pub(super) params: Vec<Param>,
    values: Values,
}

/// Where values stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Values {
    /// In parameters.
    #[default]
    Bound,
    /// In the text, for people who read and run it.
    Shown,
}

impl Sql {
    pub(super) fn with(values: Values) -> Self {
        Self {
            params: Vec::new(),
            values,
        }
    }

    /// A text.
    pub(super) fn param(&mut self, text: &str) -> String {
        match self.values {
            Values::Shown => literal(text),
            Values::Bound => {
                self.params.push(Param::Text(text.to_owned()));
                format!("${}", self.params.len())
            }
        }
    }

    /// An instant, microseconds since 1970 UTC.
    pub(super) fn instant(&self, us: i64) -> String {
        let shown = chrono::DateTime::from_timestamp_micros(us);
        match (self.values, shown) {
            (Values::Shown, Some(at)) => literal(&at.to_rfc3339()),
            _ => instant(us),
        }
    }

    /// Whether a point is of one of these metrics; few signs for many of them.
    pub(super) fn is_one_of(&mut self, metrics: &[MetricKey]) -> String {
        let mut sorted: Vec<&MetricKey> = metrics.iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let family = |a: &&MetricKey, b: &&MetricKey| {
            (&a.platform, &a.metric_type) == (&b.platform, &b.metric_type)
        };
        let families = sorted.chunk_by(family).map(|of| {
            let (platform, metric_type) =
                (self.param(&of[0].platform), self.param(&of[0].metric_type));
            let names: Vec<String> = of.iter().map(|m| self.param(&m.metric_name)).collect();
            format!(
                "platform = {platform} and metric_type = {metric_type} and metric_name in ({})",
                names.join(", ")
            )
        });
        let families: Vec<String> = families.collect();
        match families.is_empty() {
            true => "false".to_owned(),
            false => format!("(({}))", families.join(") or (")),
        }
    }

    /// Whether a point passes.
    pub(super) fn condition(&mut self, filter: &Filter) -> String {
        let of = column(&filter.dimension);
        let mut values = || {
            let values: Vec<String> = filter.values.iter().map(|v| self.param(v)).collect();
            values.join(", ")
        };
        match filter.operator {
            Operator::In => format!("{of} in ({})", values()),
            Operator::NotIn => format!("({of} is null or {of} not in ({}))", values()),
            Operator::Exists => format!("{of} is not null"),
            Operator::Missing => format!("{of} is null"),
            compared => {
                let sign = compared.sign().unwrap_or("=");
                let value = values();
                format!(
                    "{} {sign} cast({value} as decimal(25, 9))",
                    number(&filter.dimension)
                )
            }
        }
    }

    /// Whether a point has this value, or lacks the dimension.
    pub(super) fn equals(&mut self, dimension: &str, value: Option<&Arc<str>>) -> String {
        match value {
            Some(value) => format!("{} = {}", column(dimension), self.param(value)),
            None => format!("{} is null", column(dimension)),
        }
    }
}

/// A dimension's text, or one of the names.
pub(super) fn column(key: &str) -> String {
    match NAMES.contains(&key) {
        true => key.to_owned(),
        false => format!("dimensions->>{}", literal(key)),
    }
}

/// A dimension's number.
pub(super) fn number(key: &str) -> String {
    format!("try_cast({} as decimal(25, 9))", column(key))
}

fn instant(us: i64) -> String {
    format!("arrow_cast(cast({us} as bigint), 'Timestamp(Microsecond, Some(\"UTC\"))')")
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_holds_no_more_than_a_text() {
        let mut sql = Sql::with(Values::Shown);
        assert_eq!(sql.param("a' or 'a' = 'a"), "'a'' or ''a'' = ''a'");
        assert_eq!(column("it's"), "dimensions->>'it''s'");
        assert_eq!(sql.instant(0), "'1970-01-01T00:00:00+00:00'");
    }
}
