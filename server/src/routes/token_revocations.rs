//! Tokens of other issuers that end before they expire.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::metadata::token_revocations::{Revoked, TokenRevocation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::keys::parsed;
use crate::app::App;
use crate::auth::{Caller, ToAdmin};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json as Body;

/// Which tokens are to end: `token_id`, or `subject`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRevocation {
    /// The issuer's name in the server's configuration.
    issuer: String,
    /// The one with this `jti`.
    token_id: Option<String>,
    /// All with this `sub`.
    subject: Option<String>,
    /// Beside `subject`: those issued before this; now when left out.
    issued_before: Option<DateTime<Utc>>,
}

/// A revocation that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeRevocation {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
}

/// The revocations in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Revocations {
    /// The revocations, the newest first.
    revocations: Vec<RevocationItem>,
}

/// A revocation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RevocationItem {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// The issuer's name in the server's configuration.
    issuer: String,
    /// The token with this `jti`.
    token_id: Option<String>,
    /// The tokens with this `sub`.
    subject: Option<String>,
    /// Those issued before this.
    issued_before: Option<DateTime<Utc>>,
    /// When it was said.
    revoked_at: DateTime<Utc>,
}

/// Lists the revocations in force.
#[utoipa::path(
    get, path = "/api/analytics/token-revocations", tag = "callers",
    responses(
        (status = 200, description = "the revocations", body = Revocations),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
) -> Result<Json<Revocations>> {
    let list = app.engine.token_revocations().list(&caller.tenant).await?;
    Ok(Json(Revocations {
        revocations: list.into_iter().map(RevocationItem::from).collect(),
    }))
}

/// Revokes a token, or all of a subject.
///
/// Every server refuses them within five seconds.
#[utoipa::path(
    post, path = "/api/analytics/token-revocations", tag = "callers",
    request_body = NewRevocation,
    responses(
        (status = 201, description = "they are revoked", body = MadeRevocation),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Body(body): Body<NewRevocation>,
) -> Result<(StatusCode, Json<MadeRevocation>)> {
    let revoked = match (body.token_id, body.subject, body.issued_before) {
        (Some(id), None, None) => Revoked::Token(id),
        (None, Some(subject), before) => Revoked::Subject(subject, before.unwrap_or_else(Utc::now)),
        _ => {
            return Err(
                Problem::malformed("a revocation is of a token or of a subject")
                    .at("token_id")
                    .hint("send `token_id`, or `subject` with or without `issued_before`"),
            );
        }
    };
    let revocations = app.engine.token_revocations();
    let id = revocations
        .revoke(&caller.tenant, &body.issuer, &revoked)
        .await?;
    Ok((StatusCode::CREATED, Json(MadeRevocation { id })))
}

/// Takes a revocation back.
#[utoipa::path(
    delete, path = "/api/analytics/token-revocations/{id}", tag = "callers",
    params(("id" = String, Path, description = "the revocation's id")),
    responses(
        (status = 204, description = "it is taken back"),
        (status = 404, description = "no such revocation", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let id = parsed(&id, "the revocation")?;
    app.engine
        .token_revocations()
        .remove(&caller.tenant, id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<TokenRevocation> for RevocationItem {
    fn from(of: TokenRevocation) -> Self {
        let (token_id, subject, issued_before) = match of.revoked {
            Revoked::Token(id) => (Some(id), None, None),
            Revoked::Subject(subject, before) => (None, Some(subject), Some(before)),
        };
        Self {
            id: of.id,
            issuer: of.issuer,
            token_id,
            subject,
            issued_before,
            revoked_at: of.revoked_at,
        }
    }
}
