//! `tessera metric`: what metrics are.

use clap::{Subcommand, ValueEnum};
use engine::{Error, MetricKey, MetricKind, Result, TenantId};
use serde_json::json;
use storage_layout::{Combine, Sketches};

use super::{Output, Place};

#[derive(Subcommand)]
pub(super) enum Metric {
    /// Say what a metric is, before or after its first point.
    Set(Set),
}

#[derive(clap::Args)]
pub(super) struct Set {
    /// Whose metric.
    #[arg(long)]
    tenant: TenantId,
    /// The metric, as platform/metric_type/metric_name.
    metric: String,
    /// Which roll-up is right.
    #[arg(long)]
    kind: Kind,
    /// Of a gauge: the dimensions that tell series apart.
    #[arg(long, value_delimiter = ',', value_name = "DIMENSION")]
    series: Vec<String>,
    /// Of a gauge: how series combine.
    #[arg(long)]
    combine: Option<Combined>,
    /// Of a ratio: the numeric dimension summed on top.
    #[arg(long, value_name = "DIMENSION")]
    numerator: Option<String>,
    /// Of a ratio: the numeric dimension summed below.
    #[arg(long, value_name = "DIMENSION")]
    denominator: Option<String>,
    /// Of a distinct metric: the dimension that is counted.
    #[arg(long, value_name = "DIMENSION")]
    dimension: Option<String>,
    /// Dimensions whose different values are counted by day, approximately.
    #[arg(long, value_delimiter = ',', value_name = "DIMENSION")]
    sketch_distinct: Vec<String>,
    /// Keep quantiles of the values by day, approximately.
    #[arg(long)]
    sketch_quantiles: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// Values add up.
    Sum,
    /// The last value of each series counts.
    Gauge,
    /// A ratio of two sums.
    Ratio,
    /// The number of different values of a dimension.
    Distinct,
}

#[derive(Clone, Copy, ValueEnum)]
enum Combined {
    Sum,
    Avg,
    Min,
    Max,
}

impl Metric {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let Self::Set(set) = self;
        let (key, kind, sketches) = (set.key()?, set.kind()?, set.sketches());
        let engine = place.open().await?;
        let metrics = engine.metrics();
        let done = metrics.set(&set.tenant, &key, &kind, &sketches).await;
        engine.shutdown().await?;
        let done = done?;
        output.say(
            format!("{} is a {} now", set.metric, kind.name()),
            &json!({
                "tenant": set.tenant.as_str(), "metric": set.metric, "kind": kind.name(),
                "version": done.version, "definition_version": done.definition_version,
            }),
        );
        Ok(())
    }
}

impl Set {
    fn key(&self) -> Result<MetricKey> {
        match self.metric.split('/').collect::<Vec<_>>()[..] {
            [platform, metric_type, metric_name] => Ok(MetricKey {
                platform: platform.into(),
                metric_type: metric_type.into(),
                metric_name: metric_name.into(),
            }),
            _ => Err(Error::invalid(
                "must be platform/metric_type/metric_name",
                "metric",
            )),
        }
    }

    fn kind(&self) -> Result<MetricKind> {
        let needed = |given: &Option<String>, name: &str, kind: &str| {
            let missing = || Error::invalid(format!("a {kind} needs it"), format!("--{name}"));
            given.clone().ok_or_else(missing)
        };
        let out_of_place = match self.kind {
            Kind::Gauge => None,
            _ if !self.series.is_empty() => Some("--series"),
            _ => self.combine.map(|_| "--combine"),
        };
        let out_of_place = out_of_place.or(match self.kind {
            Kind::Ratio => None,
            _ if self.numerator.is_some() => Some("--numerator"),
            _ => self.denominator.as_ref().map(|_| "--denominator"),
        });
        let out_of_place = out_of_place.or(match self.kind {
            Kind::Distinct => None,
            _ => self.dimension.as_ref().map(|_| "--dimension"),
        });
        if let Some(option) = out_of_place {
            return Err(Error::invalid("has no meaning for this kind", option));
        }
        Ok(match self.kind {
            Kind::Sum => MetricKind::Sum,
            Kind::Gauge => MetricKind::Gauge {
                series: self.series.clone(),
                combine: match self.combine {
                    None | Some(Combined::Sum) => Combine::Sum,
                    Some(Combined::Avg) => Combine::Avg,
                    Some(Combined::Min) => Combine::Min,
                    Some(Combined::Max) => Combine::Max,
                },
            },
            Kind::Ratio => MetricKind::Ratio {
                numerator: needed(&self.numerator, "numerator", "ratio")?,
                denominator: needed(&self.denominator, "denominator", "ratio")?,
            },
            Kind::Distinct => MetricKind::Distinct {
                dimension: needed(&self.dimension, "dimension", "distinct metric")?,
            },
        })
    }

    fn sketches(&self) -> Sketches {
        Sketches {
            distinct: self.sketch_distinct.clone(),
            quantiles: self.sketch_quantiles,
        }
    }
}
