//! Data points in.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use engine::ingest::{BodyFormat, IngestAnswer, IngestRequest, OnFault};
use engine::{Error, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, ToIngest};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{self, Params};

/// The largest body of points.
const BODY_BYTES: usize = 32 * 1024 * 1024;

/// A data point, as sent.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the engine parses points; this documents them")]
pub(crate) struct DataPoint {
    /// A registered platform.
    #[schema(example = "coreldove")]
    platform: String,
    /// The metric's family.
    #[schema(example = "revenue")]
    metric_type: String,
    /// The metric's name.
    #[schema(example = "order_revenue")]
    metric_name: String,
    /// An exact decimal below 10^16 in magnitude; `metric_value` is the same.
    #[schema(value_type = f64, example = 4.07)]
    value: serde_json::Number,
    /// Strings, numbers, booleans; nested values are kept as JSON text.
    #[schema(value_type = Option<Object>, example = json!({"country": "France"}))]
    dimensions: Option<serde_json::Value>,
    /// When it happened; the time of arrival when left out.
    recorded_at: Option<chrono::DateTime<chrono::Utc>>,
    /// Points with an id that was seen in the last 7 days are dropped.
    event_id: Option<String>,
    /// Only the caller's own.
    tenant_id: Option<String>,
}

/// A body of points.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the engine parses points; this documents them")]
pub(crate) enum DataPoints {
    /// An array of points.
    Array(Vec<DataPoint>),
    /// An object with `data_points`.
    Object {
        /// The points.
        data_points: Vec<DataPoint>,
    },
}

/// What became of a body of points.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ingested {
    /// Points that are durable now.
    accepted: u64,
    /// Points dropped because their `event_id` was seen before.
    duplicates: u64,
    /// Values with more than nine decimals, rounded half to even.
    rounded: u64,
    /// Points that were not kept.
    rejected: Vec<Rejected>,
    /// The tenant's version that holds the points.
    version: i64,
}

/// A point that was not kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rejected {
    /// Its position in the body, from 0.
    index: u64,
    /// The field at fault.
    field: String,
    /// What is wrong with it.
    reason: String,
}

/// How points are taken.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SendParams {
    /// One faulty point and nothing is kept.
    #[serde(default)]
    strict: bool,
}

/// Sends data points.
///
/// A faulty point is rejected and named, the others are kept. When all are
/// rejected, or one is and `strict` is set, nothing is kept and the status
/// is 422.
#[utoipa::path(
    post, path = "/api/analytics/data-points", tag = "ingest",
    params(
        SendParams,
        ("Idempotency-Key" = Option<String>, Header,
            description = "the same key and body within 7 days give the first answer again"),
    ),
    request_body(content(
        (DataPoints = "application/json"),
        (DataPoint = "application/x-ndjson"),
    )),
    responses(
        (status = 200, description = "the points are durable", body = Ingested),
        (status = 422, description = "nothing was kept", body = Ingested),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn send(
    State(app): State<App>,
    caller: Caller<ToIngest>,
    Params(params): Params<SendParams>,
    request: Request,
) -> Result<(StatusCode, Json<Ingested>)> {
    let on_fault = if params.strict {
        OnFault::RejectAll
    } else {
        OnFault::KeepOthers
    };
    let format = body_format(request.headers())?;
    let idempotency_key = idempotency_key(request.headers())?;
    let body = extract::read(request, BODY_BYTES).await?;
    let request = IngestRequest {
        body,
        format,
        on_fault,
        idempotency_key,
    };
    let answer = ingest(&app, &caller.tenant, request).await?;
    Ok(ingested(answer, on_fault))
}

async fn ingest(app: &App, tenant: &TenantId, request: IngestRequest) -> Result<IngestAnswer> {
    app.engine
        .ingest()
        .points(tenant, request)
        .await
        .map_err(unless_reused)
}

fn body_format(headers: &HeaderMap) -> Result<BodyFormat> {
    match extract::content_type(headers)?.as_str() {
        "application/json" => Ok(BodyFormat::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            Ok(BodyFormat::NdJson)
        }
        _ => Err(
            Problem::unsupported_type("points are read as JSON or NDJSON")
                .at("Content-Type")
                .hint("send `application/json` or `application/x-ndjson`"),
        ),
    }
}

/// The request's `Idempotency-Key`: 1 to 255 visible ASCII characters.
pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > 255 {
        return Err(
            Problem::malformed("the key must be 1 to 255 visible ASCII characters")
                .at("Idempotency-Key"),
        );
    }
    Ok(Some(text.to_owned()))
}

/// A key used with another body is 422, not 409: sending again cannot help.
pub(super) fn unless_reused(error: Error) -> Problem {
    match error {
        Error::Conflict { message } => Problem::unprocessable(message).at("Idempotency-Key"),
        other => other.into(),
    }
}

/// The answer, and 422 when nothing was kept for a fault.
pub(super) fn ingested(answer: IngestAnswer, on_fault: OnFault) -> (StatusCode, Json<Ingested>) {
    let faulty = !answer.rejected.is_empty();
    let none_kept = answer.accepted == 0 && answer.duplicates == 0;
    let refused = faulty && (none_kept || on_fault == OnFault::RejectAll);
    let status = if refused {
        StatusCode::UNPROCESSABLE_ENTITY
    } else {
        StatusCode::OK
    };
    (status, Json(answer.into()))
}

impl From<IngestAnswer> for Ingested {
    fn from(answer: IngestAnswer) -> Self {
        let rejected = answer.rejected.into_iter();
        Self {
            accepted: answer.accepted,
            duplicates: answer.duplicates,
            rounded: answer.rounded,
            rejected: rejected
                .map(|r| Rejected {
                    index: r.index,
                    field: r.field,
                    reason: r.reason,
                })
                .collect(),
            version: answer.version,
        }
    }
}
