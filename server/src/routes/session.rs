//! Signing in to the pages with a key, and out again.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::AppendHeaders;
use chrono::{DateTime, Utc};
use engine::metadata::keys;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::session;
use crate::error::{BodyRefused, Challenge, KeyRefused, Problem, Result};
use crate::extract;

/// The key to sign in with.
// No `Debug`: the key is in it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    /// A key of `tessera key create`.
    #[schema(example = "tsk_…")]
    key: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    /// The key's tenant.
    tenant: String,
    /// The tenant's plan.
    plan: String,
    /// The zone that the tenant's days begin in.
    time_zone: String,
    /// What the key may do.
    scopes: Vec<&'static str>,
    /// When the browser is asked for a key again; absent when it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    ends_at: Option<DateTime<Utc>>,
}

type SetCookie = AppendHeaders<[(header::HeaderName, HeaderValue); 1]>;

/// Signs a browser in.
///
/// Answers with a cookie that no script can read. Only the pages of this
/// server may ask: with the header `X-Tessera-Page`, from their own origin.
#[utoipa::path(
    post, path = "/api/session", tag = "session",
    request_body = SignIn,
    responses(
        (status = 200, description = "signed in; the cookie is set", body = SignedIn),
        BodyRefused,
        KeyRefused,
    ),
    security(()),
)]
pub(crate) async fn sign_in(
    State(app): State<App>,
    headers: HeaderMap,
    extract::Json(body): extract::Json<SignIn>,
) -> Result<(SetCookie, Json<SignedIn>)> {
    session::from_pages(&Method::POST, &headers)?;
    let key = body.key.trim();
    let caller = app.engine.keys().authenticate(key).await?;
    let caller = caller.ok_or_else(|| {
        Problem::unauthorized("the key is unknown, expired or revoked", Challenge::Unknown)
            .at("key")
            .hint("paste a key of `tessera key create`, from tsk_ to its end")
    })?;
    let opened = session::open(&app, &headers, key)?;
    let who = SignedIn::of(&app, caller, Some(opened.ends)).await?;
    Ok((set_cookie(&opened.cookie)?, Json(who)))
}

/// Says who is signed in.
#[utoipa::path(
    get, path = "/api/session", tag = "session",
    responses(
        (status = 200, description = "somebody is", body = SignedIn),
        KeyRefused,
    ),
    security(("session" = [])),
)]
pub(crate) async fn show(State(app): State<App>, parts: Parts) -> Result<Json<SignedIn>> {
    let key = session::credential(&parts, &app)?.ok_or_else(|| {
        Problem::unauthorized("nobody is signed in", Challenge::Missing).hint("sign in with a key")
    })?;
    let caller = app.engine.keys().authenticate(key.expose_secret()).await?;
    let caller = caller.ok_or_else(|| {
        Problem::unauthorized("the key has expired or was revoked", Challenge::Unknown)
            .hint("sign in with another key")
    })?;
    SignedIn::of(&app, caller, None).await.map(Json)
}

/// Signs a browser out.
#[utoipa::path(
    delete, path = "/api/session", tag = "session",
    responses(
        (status = 204, description = "signed out; the cookie is gone"),
        KeyRefused,
    ),
    security(("session" = [])),
)]
pub(crate) async fn sign_out(headers: HeaderMap) -> Result<(StatusCode, SetCookie)> {
    session::from_pages(&Method::DELETE, &headers)?;
    Ok((StatusCode::NO_CONTENT, set_cookie(&session::end(&headers))?))
}

impl SignedIn {
    async fn of(app: &App, caller: keys::Caller, ends_at: Option<DateTime<Utc>>) -> Result<Self> {
        let tenant = app.engine.tenants().get(&caller.tenant).await?;
        Ok(Self {
            tenant: tenant.id.to_string(),
            plan: tenant.plan,
            time_zone: tenant.time_zone.name().to_owned(),
            scopes: caller.scopes.iter().map(|scope| scope.name()).collect(),
            ends_at,
        })
    }
}

fn set_cookie(text: &str) -> Result<SetCookie> {
    let value = HeaderValue::try_from(text).map_err(engine::Error::internal)?;
    Ok(AppendHeaders([(header::SET_COOKIE, value)]))
}
