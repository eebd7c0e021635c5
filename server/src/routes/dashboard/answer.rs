//! The engine's dashboard in the shape that is sent.

use engine::MetricKey;
use engine::dashboard::{self as of, Exact};
use engine::session::PartialsSource;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{
    Dashboard, DateRange, Day, DimensionTop, DimensionValue, Insight, InsightSide, MetricName,
    MetricSeries, MetricTotal,
};
use crate::encode::Decimals;
use crate::routes::metrics::Kind;

/// An exact number, written as the caller likes it.
#[derive(Debug)]
pub(crate) struct Decimal(pub(crate) Exact, pub(crate) Decimals);

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.1 {
            Decimals::String => to.collect_str(&self.0),
            Decimals::Number => RawValue::from_string(self.0.to_string())
                .map_err(serde::ser::Error::custom)?
                .serialize(to),
        }
    }
}

impl PartialSchema for Decimal {
    fn schema() -> RefOr<Schema> {
        let of = |kind| ObjectBuilder::new().schema_type(kind);
        let number = of(Type::Number);
        let text = of(Type::String).pattern(Some(r"^-?\d+(\.\d+)?$"));
        OneOfBuilder::new()
            .item(number)
            .item(text)
            .description(Some(
                "An exact decimal: a JSON number, or text with `decimals=string`",
            ))
            .into()
    }
}

impl ToSchema for Decimal {}

impl Dashboard {
    pub(super) fn new(dashboard: of::Dashboard, decimals: Decimals) -> Self {
        let number = |value: Option<Exact>| value.map(|exact| Decimal(exact, decimals));
        let totals = dashboard.totals.into_iter().map(|total| MetricTotal {
            kind: Kind::from(&total.kind),
            assumed: total.assumed,
            count: total.count,
            value: number(total.value),
            previous_count: total.previous_count,
            previous: number(total.previous),
            change: number(total.change),
            change_percent: number(total.change_percent),
            source: source_name(total.source),
            metric: MetricName::from(&total.metric),
        });
        let series = dashboard.series.into_iter().map(|series| MetricSeries {
            metric: MetricName::from(&series.metric),
            days: series
                .days
                .iter()
                .map(|day| Day::new(day, number(day.value)))
                .collect(),
        });
        let top_values = dashboard
            .top_values
            .into_iter()
            .map(|top| DimensionTop::new(top, decimals));
        Self {
            version: dashboard.version,
            as_of: dashboard.as_of,
            time_zone: dashboard.zone.name().to_owned(),
            range: DateRange::from(dashboard.range),
            previous_range: dashboard.previous.map(DateRange::from),
            unfinished_day: dashboard.unfinished,
            source: source_name(dashboard.source),
            totals: totals.collect(),
            series: series.collect(),
            top_values: top_values.collect(),
            insights: dashboard
                .correlations
                .into_iter()
                .map(Insight::from)
                .collect(),
        }
    }
}

impl Day {
    fn new(day: &of::SeriesDay, value: Option<Decimal>) -> Self {
        let finished = day.state == of::DayState::Finished;
        Self {
            date: day.day,
            count: day.count,
            value,
            finished,
        }
    }
}

impl DimensionTop {
    fn new(top: of::TopValues, decimals: Decimals) -> Self {
        let number = |value: Option<Exact>| value.map(|exact| Decimal(exact, decimals));
        let ranking = top.ranking.as_ref();
        let (other, without) = (
            ranking.and_then(|r| r.other),
            ranking.and_then(|r| r.without),
        );
        Self {
            metric: MetricName::from(&top.metric),
            source: source_name(top.source),
            value_count: ranking.map(|r| r.values),
            other: number(other),
            without: number(without),
            values: top.ranking.map(|ranking| {
                let values = ranking.top.into_iter();
                values
                    .map(|v| DimensionValue {
                        name: v.name,
                        count: v.count,
                        value: number(v.value),
                    })
                    .collect()
            }),
            key: top.key,
        }
    }
}

impl From<of::Days> for DateRange {
    fn from(days: of::Days) -> Self {
        Self {
            from: days.from,
            to: days.to,
            days: days.count(),
        }
    }
}

impl From<&MetricKey> for MetricName {
    fn from(key: &MetricKey) -> Self {
        Self {
            platform: key.platform.to_string(),
            metric_type: key.metric_type.to_string(),
            metric_name: key.metric_name.to_string(),
        }
    }
}

impl From<of::Correlation> for Insight {
    fn from(found: of::Correlation) -> Self {
        let side = |s: of::Side| InsightSide {
            platform: s.platform,
            metric_type: s.metric_type,
        };
        Self {
            kind: "correlation",
            leader: side(found.leader),
            follower: side(found.follower),
            lag_days: found.lag_days,
            r: found.r,
            days: found.days,
            p: found.p,
            sentence: found.sentence,
        }
    }
}

pub(crate) fn source_name(source: PartialsSource) -> &'static str {
    match source {
        PartialsSource::Rollup => "rollup",
        PartialsSource::Raw => "raw",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decimal_keeps_every_digit_as_number_and_as_text() {
        let exact = Exact::from_units(9_747_747_934_000_000);
        let json = |decimals| serde_json::to_string(&Decimal(exact, decimals)).expect("json");
        assert_eq!(json(Decimals::Number), "9747747.934");
        assert_eq!(json(Decimals::String), "\"9747747.934\"");
    }

    #[test]
    fn a_number_stays_one_beside_flattened_names() {
        let series = MetricSeries {
            metric: MetricName {
                platform: "p".into(),
                metric_type: "t".into(),
                metric_name: "n".into(),
            },
            days: vec![Day {
                date: chrono::NaiveDate::default(),
                count: 1,
                value: Some(Decimal(Exact::whole(2), Decimals::Number)),
                finished: true,
            }],
        };
        assert_eq!(
            serde_json::to_string(&series).expect("json"),
            concat!(
                r#"{"platform":"p","metric_type":"t","metric_name":"n","#,
                r#""days":[{"date":"1970-01-01","count":1,"value":2,"finished":true}]}"#
            )
        );
    }
}
