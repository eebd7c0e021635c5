//! Are the stored roll-ups right? Compared with the points.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use engine::maintain as of;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, ToReadAll};
use crate::error::{KeyRefused, Problem, Result};
use crate::extract::Params;

/// What is compared; everything when nothing is said.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VerifyParams {
    /// The first local day.
    #[param(example = "2025-01-01")]
    from: Option<NaiveDate>,
    /// The last local day, included.
    to: Option<NaiveDate>,
    /// Only metrics of this platform.
    platform: Option<String>,
}

/// How stored roll-ups compare with the points.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verified {
    /// Whether nothing differs.
    ok: bool,
    /// The tenant's version that was checked.
    version: i64,
    /// Files whose stored roll-ups were compared with their rows.
    files: u64,
    /// Files whose stored roll-up awaits its rewrite: answers are made from rows.
    stale_files: u64,
    /// Files that are inline, or too small for a roll-up: answers are made from rows.
    inline_files: u64,
    /// How many cells were compared.
    checked: Checked,
    /// How many measures differ.
    mismatches: u64,
    /// The first thousand of them.
    found: Vec<Mismatch>,
}

/// How many cells were compared.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// Metrics on days.
    days: u64,
    /// Metrics by dimension value on days.
    dimension_values: u64,
    /// Metrics in quarters of an hour.
    quarter_hours: u64,
    /// Sketches of metrics on days.
    sketches: u64,
}

/// A measure that differs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Mismatch {
    /// The metric's platform.
    platform: String,
    /// Its family.
    metric_type: String,
    /// Its name.
    metric_name: String,
    /// The local day.
    day: NaiveDate,
    /// The quarter of an hour, where it is one that differs.
    quarter_hour: Option<DateTime<Utc>>,
    /// The dimension, where it is one value's cell or a sketch that differs.
    dimension: Option<String>,
    /// The dimension's value.
    value: Option<String>,
    /// `count`, `sum`, `min`, `max`, `first`, `last`, `numerator`, `denominator`,
    /// `sketch`, or `cell` where all of it is missing or too many.
    measure: &'static str,
    /// What the points say; null: nothing.
    expected: Option<String>,
    /// What is stored; null: nothing.
    stored: Option<String>,
}

/// Compares the stored roll-ups with the points, cell by cell.
///
/// It reads every point of the days asked for.
#[utoipa::path(
    post, path = "/api/analytics/rollups/verify", tag = "read",
    params(VerifyParams),
    responses(
        (status = 200, description = "what was found", body = Verified),
        (status = 400, description = "a parameter that cannot be", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Caller<ToReadAll>,
    Params(params): Params<VerifyParams>,
) -> Result<Json<Verified>> {
    let request = of::VerifyRequest {
        from: params.from,
        to: params.to,
        platform: params.platform,
    };
    let report = app.engine.verify_rollups(&caller.tenant, &request).await?;
    Ok(Json(Verified::from(report)))
}

impl From<of::VerifyReport> for Verified {
    fn from(report: of::VerifyReport) -> Self {
        let checked = report.checked;
        Self {
            ok: report.mismatches == 0,
            version: report.version,
            files: report.files,
            stale_files: report.stale_files,
            inline_files: report.inline_files,
            checked: Checked {
                days: checked.days,
                dimension_values: checked.dimension_values,
                quarter_hours: checked.quarter_hours,
                sketches: checked.sketches,
            },
            mismatches: report.mismatches,
            found: report.found.into_iter().map(Mismatch::from).collect(),
        }
    }
}

impl From<of::Mismatch> for Mismatch {
    fn from(found: of::Mismatch) -> Self {
        Self {
            platform: found.platform,
            metric_type: found.metric_type,
            metric_name: found.metric_name,
            day: found.day,
            quarter_hour: found.quarter_hour,
            dimension: found.dimension,
            value: found.value,
            measure: found.measure,
            expected: found.expected,
            stored: found.stored,
        }
    }
}
