//! Roles of a tenant's own: what somebody may do, and what they see.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::Access;
use engine::metadata::roles::{Base, RoleEntry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::{Caller, ToAdmin};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json as Body;

/// What of the tenant's data is seen.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Seen {
    /// The platforms whose points are seen; null: all.
    #[schema(example = json!(["coreldove"]))]
    platforms: Option<BTreeSet<String>>,
    /// For a dimension the values, as text, of the points that are seen; a
    /// point without the dimension is not.
    #[schema(example = json!({"shop": ["berlin"]}))]
    filters: BTreeMap<String, BTreeSet<String>>,
    /// Dimensions that read as null and are left out of the JSON text.
    #[schema(example = json!(["customer_id"]))]
    masks: BTreeSet<String>,
}

/// A role.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    /// What it may do: as a `viewer` or as an `analyst`.
    base: RoleBase,
    /// What of the tenant's data is seen.
    #[serde(default)]
    sees: Seen,
}

/// What a role of a tenant's own may do.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RoleBase {
    /// Dashboards and lists.
    Viewer,
    /// What a viewer may, SQL and exports.
    Analyst,
}

/// The tenant's own roles.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Roles {
    /// The roles, by name.
    roles: Vec<RoleItem>,
}

/// A role of the tenant's own.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleItem {
    /// Its name.
    name: String,
    /// `viewer` or `analyst`.
    base: &'static str,
    /// What of the tenant's data is seen.
    sees: Seen,
    /// When it was last changed.
    changed_at: DateTime<Utc>,
}

/// Lists the tenant's own roles.
#[utoipa::path(
    get, path = "/api/analytics/roles", tag = "callers",
    responses(
        (status = 200, description = "the roles", body = Roles),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller<ToAdmin>) -> Result<Json<Roles>> {
    let roles = app.engine.roles().list(&caller.tenant).await?;
    Ok(Json(Roles {
        roles: roles.into_iter().map(RoleItem::from).collect(),
    }))
}

/// Makes or changes a role.
///
/// Whoever has it sees by it within five seconds.
#[utoipa::path(
    put, path = "/api/analytics/roles/{role}", tag = "callers",
    params(("role" = String, Path, description = "its name: a-z, 0-9, - and _")),
    request_body = NewRole,
    responses(
        (status = 204, description = "it is in force"),
        (status = 409, description = "the tenant has too many roles", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Path(role): Path<String>,
    Body(body): Body<NewRole>,
) -> Result<StatusCode> {
    let base = match body.base {
        RoleBase::Viewer => Base::Viewer,
        RoleBase::Analyst => Base::Analyst,
    };
    let access = Access::from(body.sees);
    let roles = app.engine.roles();
    roles.set(&caller.tenant, &role, base, &access).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a role that no key has.
#[utoipa::path(
    delete, path = "/api/analytics/roles/{role}", tag = "callers",
    params(("role" = String, Path, description = "its name")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "no such role", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "keys have it", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Path(role): Path<String>,
) -> Result<StatusCode> {
    app.engine.roles().remove(&caller.tenant, &role).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<Seen> for Access {
    fn from(seen: Seen) -> Self {
        Self {
            platforms: seen.platforms,
            filters: seen.filters,
            masks: seen.masks,
        }
    }
}

impl From<RoleEntry> for RoleItem {
    fn from(entry: RoleEntry) -> Self {
        Self {
            name: entry.name,
            base: entry.base.name(),
            sees: Seen {
                platforms: entry.access.platforms,
                filters: entry.access.filters,
                masks: entry.access.masks,
            },
            changed_at: entry.changed_at,
        }
    }
}
