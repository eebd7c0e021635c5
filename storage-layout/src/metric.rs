//! What a metric is: its key and its kind, which says which roll-up is right.
//!
//! It does not know how definitions are stored, nor who may change them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Which metric: the three names every data point carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MetricKey {
    /// The platform that sent it, such as `coreldove`.
    pub platform: Arc<str>,
    /// The family, such as `revenue`.
    pub metric_type: Arc<str>,
    /// The name, such as `order_revenue`.
    pub metric_name: Arc<str>,
}

/// How the series of a gauge combine into one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// Series add up, like stock over warehouses.
    Sum,
    /// Series average, like temperature over rooms.
    Avg,
    /// The smallest series counts.
    Min,
    /// The largest series counts.
    Max,
}

/// Which roll-up is right for a metric.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum MetricKind {
    /// Values add up over time and dimensions.
    Sum,
    /// The last value of each series counts; series are told apart by dimensions.
    Gauge {
        /// Dimension keys that name a series; empty means one series.
        series: Vec<String>,
        /// How series combine.
        combine: Combine,
    },
    /// A ratio of two sums, never an average of rates.
    Ratio {
        /// Numeric dimension that is summed on top.
        numerator: String,
        /// Numeric dimension that is summed below.
        denominator: String,
    },
    /// The number of different values of a dimension.
    Distinct {
        /// The dimension key that is counted.
        dimension: String,
    },
}

impl MetricKind {
    /// The kind's name as users write it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Gauge { .. } => "gauge",
            Self::Ratio { .. } => "ratio",
            Self::Distinct { .. } => "distinct",
        }
    }
}

/// Which sketches are kept of a metric, by day; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Sketches {
    /// Dimension keys whose different values are counted, approximately.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub distinct: Vec<String>,
    /// Whether quantiles of the values are kept, approximately.
    pub quantiles: bool,
}

impl Sketches {
    /// Whether no sketch is kept.
    pub fn is_empty(&self) -> bool {
        self.distinct.is_empty() && !self.quantiles
    }
}

/// A metric's definition at one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricDefinition {
    /// Which metric.
    pub key: MetricKey,
    /// Which roll-up is right.
    pub kind: MetricKind,
    /// Which sketches are kept.
    pub sketches: Sketches,
    /// Whether the kind was assumed because nobody had registered the metric.
    pub assumed: bool,
    /// Grows by one with each change; partials remember theirs.
    pub version: i32,
}
