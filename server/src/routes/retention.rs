//! For how long points are kept, and the removal of older ones.

use axum::extract::State;
use chrono::{DateTime, Utc};
use engine::maintain::{self, Removal, RetentionReport};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, ToAdmin};
use crate::error::{BodyRefused, KeyRefused, Result};
use crate::extract::Json;

/// Whether points go or are only counted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetentionRequest {
    /// Only count what would go.
    #[serde(default)]
    dry_run: bool,
}

/// What went, or would go.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RetentionAnswer {
    /// Whether nothing was changed.
    dry_run: bool,
    /// Files that go as a whole.
    files_dropped: u64,
    /// Files that are written again without their old points.
    files_rewritten: u64,
    /// Points that go.
    rows: u64,
    /// Bytes by which the files get smaller; of a dry run an estimate.
    bytes: u64,
    /// From when on each metric is kept.
    cutoffs: Vec<Cutoff>,
    /// The tenant's version that this is of.
    version: i64,
}

/// From when on a metric is kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cutoff {
    /// The platform.
    platform: String,
    /// The metric's family.
    metric_type: String,
    /// The metric's name.
    metric_name: String,
    /// Days that it is kept; null: all of it is.
    days: Option<u32>,
    /// Points recorded before this go.
    before: Option<DateTime<Utc>>,
}

/// Removes, or counts, points that are older than they are kept.
///
/// The server does this by itself once a week.
#[utoipa::path(
    post, path = "/api/analytics/retention", tag = "keep",
    request_body = RetentionRequest,
    responses(
        (status = 200, description = "what went", body = RetentionAnswer),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn apply(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Json(body): Json<RetentionRequest>,
) -> Result<axum::Json<RetentionAnswer>> {
    let removal = match body.dry_run {
        true => Removal::DryRun,
        false => Removal::Apply,
    };
    let report = app.engine.upkeep().retain(&caller.tenant, removal).await?;
    Ok(axum::Json(RetentionAnswer::of(report, body.dry_run)))
}

/// For how long a metric is kept.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricRetention {
    /// The metric, as `platform/metric_type/metric_name`.
    #[schema(example = "coreldove/engagement/customer_activity")]
    metric: String,
    /// Days, at most those of the plan; null: as long as the plan does.
    days: Option<u32>,
}

/// Sets for how long a metric is kept.
#[utoipa::path(
    put, path = "/api/analytics/retention", tag = "keep",
    request_body = MetricRetention,
    responses(
        (status = 200, description = "what holds from now on", body = MetricRetention),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Json(body): Json<MetricRetention>,
) -> Result<axum::Json<MetricRetention>> {
    let upkeep = app.engine.upkeep();
    upkeep
        .keep_metric(&caller.tenant, &body.metric, body.days)
        .await?;
    Ok(axum::Json(body))
}

impl RetentionAnswer {
    fn of(report: RetentionReport, dry_run: bool) -> Self {
        Self {
            dry_run,
            files_dropped: report.files_dropped,
            files_rewritten: report.files_rewritten,
            rows: report.rows,
            bytes: report.bytes,
            cutoffs: report.cutoffs.into_iter().map(Cutoff::from).collect(),
            version: report.version,
        }
    }
}

impl From<maintain::Cutoff> for Cutoff {
    fn from(cutoff: maintain::Cutoff) -> Self {
        Self {
            platform: cutoff.platform,
            metric_type: cutoff.metric_type,
            metric_name: cutoff.metric_name,
            days: cutoff.days,
            before: cutoff.before,
        }
    }
}
