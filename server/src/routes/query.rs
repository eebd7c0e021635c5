//! Structured questions: measures by time and dimensions.

mod answer;
mod request;

use axum::Json as Answered;
use axum::extract::State;
use chrono::Utc;
use engine::structured;

pub(crate) use self::answer::QueryAnswer;
pub(crate) use self::request::QueryRequest;
use crate::app::App;
use crate::auth::{Caller, ToView};
use crate::error::{BodyRefused, KeyRefused, Result};
use crate::extract::Json;

/// Asks a structured question.
///
/// Each metric is rolled up by its kind: sums add up, a ratio is a ratio of
/// sums, a gauge its last value, a distinct count counts once. What would be
/// wrong maths is refused with what to ask instead. Stored roll-ups answer
/// where they are exact (`source` of each column), raw points the rest. The
/// rows are never cut: a question with too many is refused.
#[utoipa::path(
    post, path = "/api/analytics/query", tag = "read",
    request_body = QueryRequest,
    responses(
        (status = 200, description = "the answer", body = QueryAnswer),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller<ToView>,
    Json(body): Json<QueryRequest>,
) -> Result<Answered<QueryAnswer>> {
    let decimals = body.decimals;
    let query = body.query()?;
    let session = caller.session(&app).await?;
    let answer = structured::structured(&session, &query, Utc::now()).await?;
    Ok(Answered(QueryAnswer::new(answer, decimals)))
}
