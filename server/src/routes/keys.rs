//! A tenant's API keys.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::metadata::keys::{KeyEntry, KeyRequest, Scope};
use engine::{Error, Result as EngineResult};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, ToAdmin};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json as Body;

/// A key to be made: `role`, or `scopes`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What people call it.
    #[serde(default)]
    #[schema(example = "nightly import")]
    name: String,
    /// What it may do: `ingest`, `view`, `read`, `export`, `admin`.
    #[schema(example = json!(["ingest"]))]
    scopes: Option<Vec<String>>,
    /// `viewer`, `analyst`, `admin`, or a role of the tenant's own.
    role: Option<String>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
}

/// A key that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeKey {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// What is sent as bearer token; it is not shown again.
    #[schema(example = "tsk_…")]
    key: String,
}

/// A tenant's keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApiKeys {
    /// The keys, the newest first; those revoked for 90 days are left out.
    keys: Vec<KeyItem>,
}

/// A key, without its secret, which nobody has but its holder.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyItem {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// What people call it.
    name: String,
    /// What it may do.
    scopes: Vec<&'static str>,
    /// Its role, if it has one of the tenant's own.
    role: Option<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was last used, within a minute.
    last_used_at: Option<DateTime<Utc>>,
    /// When it ends by itself.
    expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    revoked_at: Option<DateTime<Utc>>,
}

/// Lists the tenant's keys.
#[utoipa::path(
    get, path = "/api/analytics/keys", tag = "callers",
    responses(
        (status = 200, description = "the keys", body = ApiKeys),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller<ToAdmin>) -> Result<Json<ApiKeys>> {
    let keys = app.engine.keys().list(&caller.tenant).await?;
    Ok(Json(ApiKeys {
        keys: keys.into_iter().map(KeyItem::from).collect(),
    }))
}

/// Makes a key.
///
/// Its secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/api/analytics/keys", tag = "callers",
    request_body = NewKey,
    responses(
        (status = 201, description = "the key", body = MadeKey),
        (status = 409, description = "the tenant has too many keys", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Body(body): Body<NewKey>,
) -> Result<(StatusCode, Json<MadeKey>)> {
    let request = body.request()?;
    // Whoever is here carries `admin`, which is all there is; should that
    // change, a key still grants no more than its maker has.
    let more = |scope: &&Scope| !scope.is_among(&caller.scopes);
    if let Some(scope) = request.scopes.iter().find(more) {
        let scope = scope.name();
        return Err(Problem::forbidden(format!(
            "a key cannot carry the scope `{scope}`, which its maker lacks"
        )));
    }
    let made = app.engine.keys().make(&caller.tenant, &request).await?;
    let key = made.secret.expose_secret().to_owned();
    Ok((StatusCode::CREATED, Json(MadeKey { id: made.id, key })))
}

/// Revokes a key.
///
/// Every server refuses it within five seconds. A key that is revoked already
/// stays so.
#[utoipa::path(
    delete, path = "/api/analytics/keys/{id}", tag = "callers",
    params(("id" = String, Path, description = "the key's id")),
    responses(
        (status = 204, description = "it is revoked"),
        (status = 404, description = "no such key", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    app.engine
        .keys()
        .revoke(&caller.tenant, parsed(&id, "the key")?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An id of a path; what is none belongs to nothing.
pub(crate) fn parsed(id: &str, what: &'static str) -> EngineResult<Uuid> {
    id.parse()
        .map_err(|_| Error::NotFound { what: what.into() })
}

impl NewKey {
    fn request(self) -> Result<KeyRequest> {
        let scopes = match (&self.role, self.scopes) {
            (Some(_), None) => Vec::new(),
            (None, Some(names)) if !names.is_empty() => scopes(&names)?,
            _ => {
                return Err(
                    Problem::malformed("a key has a role, or at least one scope")
                        .at("role")
                        .hint("send one of `role` and `scopes`"),
                );
            }
        };
        Ok(KeyRequest {
            name: self.name,
            scopes,
            role: self.role,
            expires_at: self.expires_at,
        })
    }
}

fn scopes(names: &[String]) -> Result<Vec<Scope>> {
    let scope = |name: &String| {
        let found = Scope::ALL.into_iter().find(|scope| scope.name() == name);
        found.ok_or_else(|| {
            let known = Scope::ALL.map(Scope::name).join(", ");
            Problem::malformed(format!("{name:?} is no scope"))
                .at("scopes")
                .hint(format!("use some of {known}"))
        })
    };
    names.iter().map(scope).collect()
}

impl From<KeyEntry> for KeyItem {
    fn from(entry: KeyEntry) -> Self {
        Self {
            id: entry.id,
            name: entry.name,
            scopes: entry.scopes.iter().map(|scope| scope.name()).collect(),
            role: entry.role,
            created_at: entry.created_at,
            last_used_at: entry.last_used_at,
            expires_at: entry.expires_at,
            revoked_at: entry.revoked_at,
        }
    }
}
