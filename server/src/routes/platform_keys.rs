//! The operator's own keys.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::TenantId;
use engine::metadata::platform_keys::{PlatformKeyEntry, PlatformKeyRequest, PlatformScopes};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::keys::parsed;
use crate::app::App;
use crate::auth::Operator;
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json as Body;

/// A platform key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPlatformKey {
    /// What people call it.
    #[serde(default)]
    name: String,
    /// What it may do inside its tenants, as an API key's; and `operate`.
    #[schema(example = json!(["ingest", "read"]))]
    scopes: Vec<String>,
    /// The tenants it may act for; null: all.
    tenants: Option<Vec<String>>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
}

/// A platform key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadePlatformKey {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// What is sent as bearer token; it is not shown again.
    #[schema(example = "tpk_…")]
    key: String,
}

/// The operator's keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformKeyList {
    /// The keys, the newest first; those revoked for 90 days are left out.
    keys: Vec<PlatformKeyItem>,
}

/// A platform key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlatformKeyItem {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// What people call it.
    name: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// The tenants it may act for; null: all.
    tenants: Option<Vec<String>>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last used, within a minute.
    last_used_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

/// Lists the platform keys.
#[utoipa::path(
    get, path = "/api/admin/platform-keys", tag = "operate",
    responses(
        (status = 200, description = "the keys", body = PlatformKeyList),
        KeyRefused,
    ),
    security(("platform_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    _operator: Operator,
) -> Result<Json<PlatformKeyList>> {
    let keys = app.engine.platform_keys().list().await?;
    Ok(Json(PlatformKeyList {
        keys: keys.into_iter().map(PlatformKeyItem::from).collect(),
    }))
}

/// Makes a platform key.
///
/// Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/admin/platform-keys", tag = "operate",
    request_body = NewPlatformKey,
    responses(
        (status = 201, description = "the key", body = MadePlatformKey),
        BodyRefused,
        KeyRefused,
    ),
    security(("platform_key" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    operator: Operator,
    Body(body): Body<NewPlatformKey>,
) -> Result<(StatusCode, Json<MadePlatformKey>)> {
    let tenant = |id: &String| {
        TenantId::new(id)
            .map_err(|_| Problem::malformed(format!("{id:?} is no tenant's id")).at("tenants"))
    };
    let tenants = body.tenants.as_ref();
    let tenants = tenants.map(|ids| ids.iter().map(tenant).collect::<Result<_>>());
    let request = PlatformKeyRequest {
        name: body.name,
        scopes: PlatformScopes::of(&body.scopes)?,
        tenants: tenants.transpose()?,
        expires_at: body.expires_at,
    };
    if !operator.caller.covers(&request.scopes) {
        return Err(
            Problem::forbidden("a key makes none that may do more than itself")
                .at("scopes")
                .hint("make it with `tessera key create --platform` beside the server"),
        );
    }
    let made = app.engine.platform_keys().make(&request).await?;
    let key = made.secret.expose_secret().to_owned();
    Ok((
        StatusCode::CREATED,
        Json(MadePlatformKey { id: made.id, key }),
    ))
}

/// Revokes a platform key.
///
/// Every server refuses it within five seconds.
#[utoipa::path(
    delete, path = "/api/admin/platform-keys/{id}", tag = "operate",
    params(("id" = String, Path, description = "the key's id")),
    responses(
        (status = 204, description = "it is revoked"),
        (status = 404, description = "no such key", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("platform_key" = [])),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    _operator: Operator,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let id = parsed(&id, "the platform key")?;
    app.engine.platform_keys().revoke(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs embed tokens with a new secret from now on.
///
/// Tokens that were made before last for as long as they were meant to. The
/// server does so by itself every 30 days.
#[utoipa::path(
    post, path = "/api/admin/embed-secret", tag = "operate",
    responses(
        (status = 204, description = "the new secret signs"),
        KeyRefused,
    ),
    security(("platform_key" = [])),
)]
pub(crate) async fn rotate_embed_secret(
    State(app): State<App>,
    _operator: Operator,
) -> Result<StatusCode> {
    app.engine.embed_tokens().rotate().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<PlatformKeyEntry> for PlatformKeyItem {
    fn from(entry: PlatformKeyEntry) -> Self {
        Self {
            id: entry.caller.key,
            name: entry.name,
            scopes: entry.caller.scopes.names(),
            tenants: entry.caller.tenants,
            created_at: entry.created_at,
            last_used_at: entry.last_used_at,
            expires_at: entry.expires_at,
            revoked_at: entry.revoked_at,
        }
    }
}
