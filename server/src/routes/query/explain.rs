//! What a number is, over HTTP.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use engine::structured as of;
use serde::Serialize;
use utoipa::ToSchema;

use super::request::QueryRequest;
use crate::app::App;
use crate::auth::{Caller, ToView};
use crate::encode::Decimals;
use crate::error::{BodyRefused, KeyRefused, Result};
use crate::extract::Json as Body;
use crate::routes::dashboard::{DateRange, Decimal, MetricName, source_name};
use crate::routes::metrics::Kind;

/// What the numbers of a question are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryExplained {
    /// The tenant's version that all of it is of.
    version: i64,
    /// When that version was seen.
    as_of: DateTime<Utc>,
    /// The zone that days begin in.
    time_zone: String,
    /// The days that are shown.
    range: DateRange,
    /// One for each measure, in the question's order.
    measures: Vec<MeasureExplained>,
    /// Rows in the files that the numbers took; 0 when roll-ups answered.
    rows_scanned: u64,
}

/// What one measure is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeasureExplained {
    /// Its column's name.
    name: String,
    /// How its number is made: `sum`, `ratio`, `gauge`, `distinct`, `count`,
    /// `avg`, `min` or `max`.
    kind: &'static str,
    /// The same in plain English, with days and conditions.
    sentence: String,
    /// Where the number over the whole range comes from: `rollup` or `raw`.
    source: &'static str,
    /// The number over the whole range and all groups.
    value: Option<Decimal>,
    /// The metrics that it is made of.
    metrics: Vec<MetricExplained>,
}

/// A metric that takes part.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MetricExplained {
    #[serde(flatten)]
    metric: MetricName,
    /// Which roll-up is right for it.
    #[serde(flatten)]
    kind: Kind,
    /// Whether the kind was assumed because nobody had registered the metric.
    assumed: bool,
    /// The definition's version.
    definition_version: i32,
    /// Its points in the range, before any condition.
    points: i64,
    /// When the first of them was recorded.
    first_at: Option<DateTime<Utc>>,
    /// When the last of them was recorded.
    last_at: Option<DateTime<Utc>>,
}

/// Says what the numbers of a question are.
///
/// By which definitions and kinds they are made, of which points, how fresh
/// those are, and whether roll-ups or raw points answer.
#[utoipa::path(
    post, path = "/api/analytics/query/explain", tag = "read",
    request_body = QueryRequest,
    responses(
        (status = 200, description = "what the numbers are", body = QueryExplained),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller<ToView>,
    Body(body): Body<QueryRequest>,
) -> Result<Json<QueryExplained>> {
    let decimals = body.decimals;
    let query = body.query()?;
    let session = caller.session(&app).await?;
    let explained = of::explain(&session, &query, Utc::now()).await?;
    Ok(Json(QueryExplained::new(explained, decimals)))
}

impl QueryExplained {
    fn new(explained: of::Explanation, decimals: Decimals) -> Self {
        let measures = explained.measures.into_iter();
        let measures = measures.map(|measure| MeasureExplained {
            name: measure.name,
            kind: measure.kind,
            sentence: measure.sentence,
            source: source_name(measure.source),
            value: measure.value.map(|value| Decimal(value, decimals)),
            metrics: measure.metrics.iter().map(MetricExplained::from).collect(),
        });
        Self {
            version: explained.version,
            as_of: explained.as_of,
            time_zone: explained.zone.name().to_owned(),
            range: DateRange::from(explained.range),
            measures: measures.collect(),
            rows_scanned: explained.rows_scanned,
        }
    }
}

impl From<&of::ExplainedMetric> for MetricExplained {
    fn from(metric: &of::ExplainedMetric) -> Self {
        Self {
            metric: MetricName::from(&metric.definition.key),
            kind: Kind::from(&metric.definition.kind),
            assumed: metric.definition.assumed,
            definition_version: metric.definition.version,
            points: metric.points,
            first_at: metric.first_at,
            last_at: metric.last_at,
        }
    }
}
