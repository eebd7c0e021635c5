//! Structured questions: measures by time and dimensions.

mod answer;
pub(crate) mod explain;
pub(crate) mod funnel;
pub(crate) mod points;
mod request;
pub(crate) mod retention;
mod table;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::Utc;
use engine::structured;

pub(crate) use self::answer::QueryAnswer;
pub(crate) use self::request::{CompareWith, QueryRequest, zone};
pub(crate) use self::table::respond;
use crate::app::App;
use crate::auth::{Caller, ToView};
use crate::encode::Format;
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json;

/// Asks a structured question.
///
/// Each metric is rolled up by its kind: sums add up, a ratio is a ratio of
/// sums, a gauge its last value, a distinct count counts once. What would be
/// wrong maths is refused with what to ask instead. Stored roll-ups answer
/// where they are exact (`source` of each column), raw points the rest. The
/// rows are never cut: a question with too many is refused. They are written as
/// `Accept` asks; totals are in JSON alone.
#[utoipa::path(
    post, path = "/api/analytics/query", tag = "read",
    request_body = QueryRequest,
    responses(
        (status = 200, description = "the answer", content(
            (QueryAnswer = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 406, description = "no format that Accept names", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller<ToView>,
    headers: HeaderMap,
    Json(body): Json<QueryRequest>,
) -> Result<Response> {
    let format = Format::accepted(&headers)?;
    let decimals = body.decimals;
    let query = body.query()?;
    let session = caller.session(&app).await?;
    let answer = structured::structured(&session, &query, Utc::now()).await?;
    respond(answer, session.stamp(), format, decimals)
}
