//! Platform events in: the registry makes points of them.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use engine::ingest::OnFault;
use utoipa::ToSchema;

use super::data_points::{Ingested, idempotency_key, ingested, unless_reused};
use crate::app::App;
use crate::auth::{Caller, ToIngest};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::JsonText;

/// An event of a platform.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the engine parses events; this documents them")]
pub(crate) struct Event {
    /// A registered platform.
    #[schema(example = "coreldove")]
    platform: String,
    /// What happened, 1 to 1024 bytes; kept as dimension `action`.
    #[schema(example = "order_placed")]
    action: String,
    /// The event's fields, as the platform's registration names them.
    #[schema(value_type = Object, example = json!({"id": "o-1", "total_amount": 99.5, "items": []}))]
    data: serde_json::Value,
}

/// Sends an event of a platform.
///
/// The platform's registration says which points it gives: an order, for
/// example, gives its revenue and the customer's activity. A point whose value
/// the event lacks is rejected by name, the others are kept; where the
/// registration says that events may lack it, it is left out silently.
#[utoipa::path(
    post, path = "/api/analytics/collect", tag = "ingest",
    params(
        ("Idempotency-Key" = Option<String>, Header,
            description = "the same key and body within 7 days give the first answer again"),
    ),
    request_body = Event,
    responses(
        (status = 200, description = "the event's points are durable", body = Ingested),
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
    headers: HeaderMap,
    JsonText(body): JsonText,
) -> Result<(StatusCode, Json<Ingested>)> {
    let key = idempotency_key(&headers)?;
    let answer = app.engine.ingest().collect(&caller.tenant, body, key).await;
    Ok(ingested(
        answer.map_err(unless_reused)?,
        OnFault::KeepOthers,
    ))
}
