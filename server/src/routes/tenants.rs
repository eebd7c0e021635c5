//! The operator's tenants.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::metadata::tenants::TenantEntry;
use engine::{Error, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Operator;
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{Json as Body, Params};

/// Which tenants are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TenantParams {
    /// Those behind this one: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 1,000; 100 when left out.
    limit: Option<u32>,
}

/// Some tenants, by id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tenants {
    /// The tenants.
    tenants: Vec<TenantItem>,
    /// What to send as `after` for the next page; null: there is none.
    next: Option<String>,
}

/// A tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantItem {
    /// Its id.
    tenant_id: String,
    /// The plan it is on.
    plan: String,
    /// When it was made.
    created_at: DateTime<Utc>,
}

/// A tenant to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// 1 to 63 of a-z, 0-9, - and _, starting with a letter or digit.
    #[schema(example = "shop")]
    tenant_id: String,
    /// The plan it is on; `free` when left out.
    plan: Option<String>,
    /// Where its days begin; `UTC` when left out.
    #[schema(example = "Europe/London")]
    time_zone: Option<String>,
}

/// What changes of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantChange {
    /// The plan it moves to; servers see it within 30 seconds.
    plan: Option<String>,
    /// Where its days begin from now on, also those of older points.
    time_zone: Option<String>,
}

/// Lists tenants, some at a time.
#[utoipa::path(
    get, path = "/api/admin/tenants", tag = "operate",
    params(TenantParams),
    responses(
        (status = 200, description = "the tenants", body = Tenants),
        KeyRefused,
    ),
    security(("platform_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    _operator: Operator,
    Params(params): Params<TenantParams>,
) -> Result<Json<Tenants>> {
    let limit = params.limit.unwrap_or(100);
    if !(1..=1_000).contains(&limit) {
        return Err(Problem::malformed("must be 1 to 1,000").at("limit"));
    }
    let after = params.after.as_deref();
    let tenants = app.engine.tenants().list(after, limit).await?;
    let next = match tenants.len() == limit as usize {
        true => tenants.last().map(|last| last.id.to_string()),
        false => None,
    };
    Ok(Json(Tenants {
        tenants: tenants.into_iter().map(TenantItem::from).collect(),
        next,
    }))
}

/// Makes a tenant.
#[utoipa::path(
    post, path = "/api/admin/tenants", tag = "operate",
    request_body = NewTenant,
    responses(
        (status = 201, description = "the tenant is there"),
        (status = 409, description = "it was there before", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("platform_key" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    _operator: Operator,
    Body(body): Body<NewTenant>,
) -> Result<StatusCode> {
    let id = TenantId::new(&body.tenant_id).map_err(|error| {
        Problem::malformed(error.to_string())
            .at("tenant_id")
            .hint("use 1 to 63 of a-z, 0-9, - and _, beginning with a letter or digit")
    })?;
    let plan = body.plan.as_deref().unwrap_or("free");
    let zone = zone(body.time_zone.as_deref().unwrap_or("UTC"))?;
    app.engine.tenants().create(&id, plan, zone).await?;
    Ok(StatusCode::CREATED)
}

/// Moves a tenant to another plan, or its days to another zone.
#[utoipa::path(
    patch, path = "/api/admin/tenants/{tenant}", tag = "operate",
    params(("tenant" = String, Path, description = "the tenant's id")),
    request_body = TenantChange,
    responses(
        (status = 204, description = "it is changed"),
        (status = 404, description = "no such tenant", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("platform_key" = [])),
)]
pub(crate) async fn change(
    State(app): State<App>,
    _operator: Operator,
    Path(tenant): Path<String>,
    Body(body): Body<TenantChange>,
) -> Result<StatusCode> {
    let id = TenantId::new(&tenant).map_err(|_| Error::NotFound {
        what: "the tenant".into(),
    })?;
    let zone = body.time_zone.as_deref().map(zone).transpose()?;
    let tenants = app.engine.tenants();
    // A plan that does not exist changes nothing, so it comes first.
    if let Some(plan) = &body.plan {
        tenants.set_plan(&id, plan).await?;
    }
    if let Some(zone) = zone {
        tenants.set_time_zone(&id, zone).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn zone(name: &str) -> Result<chrono_tz::Tz> {
    name.parse().map_err(|_| {
        Problem::malformed(format!("{name:?} is not a time zone"))
            .at("time_zone")
            .hint("use a name of the IANA database, such as Europe/London or UTC")
    })
}

impl From<TenantEntry> for TenantItem {
    fn from(entry: TenantEntry) -> Self {
        Self {
            tenant_id: entry.id.to_string(),
            plan: entry.plan,
            created_at: entry.created_at,
        }
    }
}
