//! Data points in.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use engine::Error;
use engine::ingest::bulk::decoder::DecoderProgram;
use engine::ingest::bulk::{BulkRequest, Encoding, Format, Limits, MAX_LISTED};
use engine::ingest::{BodyFormat, IngestAnswer, IngestRequest, OnFault};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, ToIngest};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{self, Frames, Params};

/// The largest body that is held whole. JSON always is; NDJSON that announces
/// no more is, too, because that is the fastest way for it.
const WHOLE_BYTES: usize = 32 * 1024 * 1024;

/// How much larger than the limit of bodies as sent one may be unpacked.
const UNPACKED_FACTOR: u64 = 4;

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
    /// Points that were not kept; the first 1,000 are listed.
    rejected: Vec<Rejected>,
    /// How many were not kept.
    rejected_count: u64,
    /// The tenant's version that holds the points; when nothing was kept, its
    /// version by then.
    version: i64,
}

/// A point that was not kept.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Rejected {
    /// Its position in the body, from 0; of an event, its position among the
    /// points that the platform's registration makes of it.
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
/// is 422. Unless `strict` is set, rejected points go into quarantine for 7
/// days.
///
/// CSV has a header line. The columns `platform`, `metric_type`, `metric_name`,
/// `value` (or `metric_value`), `recorded_at`, `event_id`, `tenant_id` and
/// `dimensions` (a JSON object) are the point's; `dim.<key>` and any other
/// column is the dimension of that name as text, `num.<key>` as a number; an
/// empty cell says nothing. In Arrow streams and Parquet files columns have the
/// same names, and dimensions the type of their column. `ingested_at`,
/// `commit_version` and, beside `dimensions`, `dim_…` and `num_…` are passed
/// over, so that an export can be sent as it is.
///
/// One JSON text has at most 32 MiB. Other bodies may have as much as the
/// server takes (256 MiB unless set otherwise) and four times that unpacked,
/// at most 200 times as much as sent, and at most 5,000,000 points. All of a
/// body is committed at once.
#[utoipa::path(
    post, path = "/api/analytics/data-points", tag = "ingest",
    params(
        SendParams,
        ("Idempotency-Key" = Option<String>, Header,
            description = "the same key, body and `strict` within 7 days give the first answer again"),
        ("Content-Encoding" = Option<String>, Header,
            description = "`gzip` or `zstd` (with a window of at most 8 MiB)"),
    ),
    request_body(content(
        (DataPoints = "application/json"),
        (DataPoint = "application/x-ndjson"),
        (String = "text/csv"),
        (Vec<u8> = "application/vnd.apache.arrow.stream"),
        (Vec<u8> = "application/vnd.apache.parquet"),
    )),
    responses(
        (status = 200, description = "the points are durable", body = Ingested),
        (status = 422, description = "nothing was kept, or the key stands for another body", content(
            (Ingested = "application/json"),
            (Problem = "application/problem+json"),
        )),
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
    let headers = request.headers();
    let format = body_format(headers)?;
    let encoding = body_encoding(headers)?;
    let idempotency_key = idempotency_key(headers)?;
    let announced = extract::content_length(headers);
    let limit = usize::try_from(app.body_limit_bytes).unwrap_or(usize::MAX);
    let short = announced.is_some_and(|length| length <= WHOLE_BYTES as u64);
    let whole = match (format, encoding) {
        (Format::Json, Encoding::Identity) => Some(BodyFormat::Json),
        (Format::NdJson, Encoding::Identity) if short => Some(BodyFormat::NdJson),
        _ => None,
    };
    let answer = match whole {
        Some(format) => {
            // Held until the answer.
            let mut admitted = app.engine.ingest().admission().body(&caller.tenant);
            let read = extract::read_admitted(request, WHOLE_BYTES.min(limit), Some(&mut admitted));
            let request = IngestRequest {
                body: read.await?,
                format,
                on_fault,
                idempotency_key,
            };
            let taken = app.engine.ingest().points(&caller.tenant, request).await;
            taken.map_err(unless_reused)?
        }
        None => {
            let mut body = Frames::of(request, app.body_limit_bytes).await?;
            let request = BulkRequest {
                format,
                encoding,
                on_fault,
                idempotency_key,
                limits: Limits {
                    sent_bytes: app.body_limit_bytes,
                    decoded_bytes: app.body_limit_bytes.saturating_mul(UNPACKED_FACTOR),
                },
                decoder: decoder(),
            };
            let ingest = app.engine.ingest();
            let taken = ingest.bulk(&caller.tenant, request, &mut body).await;
            body.settle(taken.map_err(unless_reused)).await?
        }
    };
    Ok(ingested(answer, on_fault))
}

/// This program, under the verb that decodes.
fn decoder() -> DecoderProgram {
    DecoderProgram {
        // Also right when the file has been replaced by a newer one.
        path: "/proc/self/exe".into(),
        arguments: vec!["decode-body".into()],
        // The allocator would else begin by reserving as many addresses as
        // the child may have in all.
        environment: vec![("MIMALLOC_ARENA_RESERVE".into(), "0".into())],
    }
}

fn body_format(headers: &HeaderMap) -> Result<Format> {
    match extract::content_type(headers)?.as_str() {
        "application/json" => Ok(Format::Json),
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Ok(Format::NdJson),
        "text/csv" => Ok(Format::Csv),
        "application/vnd.apache.arrow.stream" => Ok(Format::Arrow),
        "application/vnd.apache.parquet" => Ok(Format::Parquet),
        _ => Err(Problem::unsupported_type(
            "points are read as JSON, NDJSON, CSV, Arrow stream or Parquet",
        )
        .at("Content-Type")
        .hint(
            "send `application/json`, `application/x-ndjson`, `text/csv`, \
             `application/vnd.apache.arrow.stream` or `application/vnd.apache.parquet`",
        )),
    }
}

fn body_encoding(headers: &HeaderMap) -> Result<Encoding> {
    let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
    let name = named.next().map(|value| value.to_str().unwrap_or("?"));
    let name = name.unwrap_or("identity").trim().to_ascii_lowercase();
    match (name.as_str(), named.next()) {
        ("identity" | "", None) => Ok(Encoding::Identity),
        ("gzip" | "x-gzip", None) => Ok(Encoding::Gzip),
        ("zstd", None) => Ok(Encoding::Zstd),
        _ => Err(
            Problem::unsupported_type("bodies are unpacked from gzip or zstd, one of them")
                .at("Content-Encoding")
                .hint("send `gzip`, `zstd`, or the body uncompressed"),
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
                .at("Idempotency-Key")
                .hint("send a key of your own for each body, such as a UUID, or none"),
        );
    }
    Ok(Some(text.to_owned()))
}

/// A key used with another body is 422, not 409: sending again cannot help.
pub(super) fn unless_reused(error: Error) -> Problem {
    match error {
        Error::Conflict { message } => Problem::unprocessable(message)
            .at("Idempotency-Key")
            .hint("a key stands for one body, sent with one value of `strict`"),
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
        let rejected_count = answer.rejected.len() as u64 + answer.unlisted;
        let rejected = answer.rejected.into_iter().take(MAX_LISTED);
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
            rejected_count,
            version: answer.version,
        }
    }
}
