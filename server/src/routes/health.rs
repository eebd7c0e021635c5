//! Whether the server lives and can serve. Open to everybody, so it names no
//! path, address or tenant.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::error::{Problem, Result};

/// The server's state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`; anything else is a problem.
    #[schema(example = "ok")]
    status: &'static str,
    /// The server's version.
    version: &'static str,
}

impl Health {
    const OK: Self = Self {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    };
}

/// Says whether the server can serve, and its version.
#[utoipa::path(
    get, path = "/health", tag = "server",
    responses(
        (status = 200, description = "it can", body = Health),
        (status = 503, description = "a part it needs is away", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn health(State(app): State<App>) -> Result<Json<Health>> {
    app.engine.ready().await?;
    Ok(Json(Health::OK))
}

/// Says that the process answers.
#[utoipa::path(
    get, path = "/health/live", tag = "server",
    responses((status = 200, description = "it does", body = Health)),
)]
pub(crate) async fn live() -> Json<Health> {
    Json(Health::OK)
}

/// Says whether requests should be sent here.
#[utoipa::path(
    get, path = "/health/ready", tag = "server",
    responses(
        (status = 200, description = "they should", body = Health),
        (status = 503, description = "a part it needs is away", body = Problem,
            content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn ready(State(app): State<App>) -> Result<Json<Health>> {
    app.engine.ready().await?;
    Ok(Json(Health::OK))
}
