//! The tenant's metrics and their kinds.

use axum::Json;
use axum::extract::State;
use engine::{MetricDefinition, MetricKind};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, ToRead};
use crate::error::{KeyRefused, Result};

/// All metrics of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Metrics {
    /// The metrics.
    metrics: Vec<Metric>,
    /// The tenant's version that the list is of.
    version: i64,
}

/// A metric and the roll-up that is right for it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Metric {
    /// The platform that sends it.
    platform: String,
    /// Its family.
    metric_type: String,
    /// Its name.
    metric_name: String,
    /// Which roll-up is right.
    #[serde(flatten)]
    kind: Kind,
    /// Whether the kind was assumed because nobody had registered the metric.
    assumed: bool,
    /// The definition's version; a change makes it grow.
    definition_version: i32,
}

/// Which roll-up is right for a metric.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Values add up.
    Sum,
    /// The last value of each series counts.
    Gauge {
        /// Dimensions that tell series apart.
        series: Vec<String>,
        /// How series combine: `sum`, `avg`, `min` or `max`.
        combine: String,
    },
    /// A ratio of two sums.
    Ratio {
        /// The numeric dimension summed on top.
        numerator: String,
        /// The numeric dimension summed below.
        denominator: String,
    },
    /// The number of different values of a dimension.
    Distinct {
        /// The dimension that is counted.
        dimension: String,
    },
}

/// Lists the tenant's metrics.
#[utoipa::path(
    get, path = "/api/analytics/metrics", tag = "read",
    responses(
        (status = 200, description = "the metrics", body = Metrics),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller<ToRead>) -> Result<Json<Metrics>> {
    let session = app.engine.session(&caller.tenant).await?;
    let metrics = session.metrics().iter().map(Metric::from).collect();
    Ok(Json(Metrics {
        metrics,
        version: session.version(),
    }))
}

impl From<&MetricDefinition> for Metric {
    fn from(definition: &MetricDefinition) -> Self {
        Self {
            platform: definition.key.platform.to_string(),
            metric_type: definition.key.metric_type.to_string(),
            metric_name: definition.key.metric_name.to_string(),
            kind: Kind::from(&definition.kind),
            assumed: definition.assumed,
            definition_version: definition.version,
        }
    }
}

impl From<&MetricKind> for Kind {
    fn from(kind: &MetricKind) -> Self {
        use storage_layout::Combine;
        match kind.clone() {
            MetricKind::Sum => Self::Sum,
            MetricKind::Gauge { series, combine } => {
                let combine = match combine {
                    Combine::Sum => "sum",
                    Combine::Avg => "avg",
                    Combine::Min => "min",
                    Combine::Max => "max",
                };
                Self::Gauge {
                    series,
                    combine: combine.to_owned(),
                }
            }
            MetricKind::Ratio {
                numerator,
                denominator,
            } => Self::Ratio {
                numerator,
                denominator,
            },
            MetricKind::Distinct { dimension } => Self::Distinct { dimension },
        }
    }
}
