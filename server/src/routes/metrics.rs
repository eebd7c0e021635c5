//! The tenant's metrics and their kinds: listed and set.

use axum::Json;
use axum::extract::{Path, State};
use engine::{MetricDefinition, MetricKey, MetricKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, ToAdmin, ToView};
use crate::error::{KeyRefused, Problem, Result};
use crate::extract::Json as Body;

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
    /// Which sketches are kept of it, by day.
    sketches: Sketches,
    /// Whether the kind was assumed because nobody had registered the metric.
    assumed: bool,
    /// The definition's version; a change makes it grow.
    definition_version: i32,
}

/// Which roll-up is right for a metric.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Values add up.
    Sum,
    /// The last value of each series counts.
    Gauge {
        /// Dimensions that tell series apart.
        #[serde(default)]
        series: Vec<String>,
        /// How series combine: `sum`, `avg`, `min` or `max`.
        #[serde(default = "sum")]
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

/// Approximate numbers that are kept by day, with their error stated beside
/// them; see the table `daily_sketches`.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Sketches {
    /// Dimensions whose different values are counted, four at most.
    distinct: Vec<String>,
    /// Whether quantiles of the values are kept.
    quantiles: bool,
}

/// What a metric is to be.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewDefinition {
    /// Which roll-up is right.
    #[serde(flatten)]
    kind: Kind,
    /// Which sketches are kept of it, by day; none when left out.
    #[serde(default)]
    sketches: Sketches,
}

/// A definition in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DefinitionSet {
    /// The tenant's version from which on it is.
    version: i64,
    /// The definition's own version.
    definition_version: i32,
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
pub(crate) async fn list(State(app): State<App>, caller: Caller<ToView>) -> Result<Json<Metrics>> {
    let session = caller.session(&app).await?;
    let metrics = session.metrics().iter().map(Metric::from).collect();
    Ok(Json(Metrics {
        metrics,
        version: session.version(),
    }))
}

/// Says what a metric is, whether or not points of it came already.
///
/// Every answer follows the new definition at once, over all points. The same
/// definition again changes nothing.
#[utoipa::path(
    put, path = "/api/analytics/metrics/{platform}/{metric_type}/{metric_name}", tag = "read",
    params(
        ("platform" = String, Path, description = "the platform that sends it"),
        ("metric_type" = String, Path, description = "its family"),
        ("metric_name" = String, Path, description = "its name"),
    ),
    request_body = NewDefinition,
    responses(
        (status = 200, description = "the definition is in force", body = DefinitionSet),
        (status = 400, description = "a definition whose numbers would be wrong", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Path((platform, metric_type, metric_name)): Path<(String, String, String)>,
    Body(definition): Body<NewDefinition>,
) -> Result<Json<DefinitionSet>> {
    let key = MetricKey {
        platform: platform.into(),
        metric_type: metric_type.into(),
        metric_name: metric_name.into(),
    };
    let kind = MetricKind::try_from(definition.kind)?;
    let sketches = storage_layout::Sketches {
        distinct: definition.sketches.distinct,
        quantiles: definition.sketches.quantiles,
    };
    let metrics = app.engine.metrics();
    let set = metrics.set(&caller.tenant, &key, &kind, &sketches).await?;
    Ok(Json(DefinitionSet {
        version: set.version,
        definition_version: set.definition_version,
    }))
}

impl From<&MetricDefinition> for Metric {
    fn from(definition: &MetricDefinition) -> Self {
        Self {
            platform: definition.key.platform.to_string(),
            metric_type: definition.key.metric_type.to_string(),
            metric_name: definition.key.metric_name.to_string(),
            kind: Kind::from(&definition.kind),
            sketches: Sketches {
                distinct: definition.sketches.distinct.clone(),
                quantiles: definition.sketches.quantiles,
            },
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

fn sum() -> String {
    "sum".to_owned()
}

impl TryFrom<Kind> for MetricKind {
    type Error = Problem;

    fn try_from(kind: Kind) -> Result<Self> {
        use storage_layout::Combine;
        Ok(match kind {
            Kind::Sum => Self::Sum,
            Kind::Gauge { series, combine } => {
                let combine = match combine.as_str() {
                    "sum" => Combine::Sum,
                    "avg" => Combine::Avg,
                    "min" => Combine::Min,
                    "max" => Combine::Max,
                    other => {
                        let message = format!("series cannot be combined by {other:?}");
                        return Err(Problem::malformed(message)
                            .at("combine")
                            .hint("use sum, avg, min or max"));
                    }
                };
                Self::Gauge { series, combine }
            }
            Kind::Ratio {
                numerator,
                denominator,
            } => Self::Ratio {
                numerator,
                denominator,
            },
            Kind::Distinct { dimension } => Self::Distinct { dimension },
        })
    }
}
