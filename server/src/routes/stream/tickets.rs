//! Tickets to streams, for clients that cannot send a header.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use chrono::{DateTime, Utc};
use engine::metadata::live_tickets::LASTS;
use serde::Serialize;
use utoipa::ToSchema;

use super::subscription::{NewTicket, Subscription};
use crate::app::App;
use crate::auth::{CredentialIn, Kept, ToShow};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::JsonText;

/// A ticket to one stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// What opens the stream, once.
    #[schema(example = "tst_…")]
    ticket: String,
    /// When it opens none any more.
    expires_at: DateTime<Utc>,
}

/// Makes a ticket to one stream.
///
/// It opens `/api/analytics/stream` or `/ws/analytics/{tenant_id}` once, within
/// 30 seconds, with the rights of who asked for it.
#[utoipa::path(
    post, path = "/api/analytics/stream/tickets", tag = "live",
    request_body = NewTicket,
    responses(
        (status = 201, description = "the ticket", body = Ticket),
        (status = 404, description = "no such dashboard that the caller sees", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    parts: Parts,
    JsonText(body): JsonText,
) -> Result<(StatusCode, Json<Ticket>)> {
    let from = CredentialIn::HeadersOrCookie;
    let (caller, kept) = Kept::of::<ToShow>(&parts, from, &app).await?;
    // What cannot be watched is refused to who can still mend it.
    Subscription::parse(&body)?.resolve(&app, &caller).await?;
    let text = std::str::from_utf8(&body)
        .map_err(|_| Problem::malformed("the body is not UTF-8").at("body"))?;
    let sealed = kept.sealed(&app, text, Utc::now() + LASTS)?;
    let made = app
        .engine
        .live_tickets()
        .make(&caller.tenant, &sealed)
        .await?;
    let ticket = Ticket {
        ticket: made.ticket,
        expires_at: made.expires_at,
    };
    Ok((StatusCode::CREATED, Json(ticket)))
}
