//! What one tenant is allowed, by its plan or by itself.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use engine::metadata::plans::TenantLimits;
use engine::metadata::plans::limit::Changes;
use engine::{Error, TenantId};
use serde::Serialize;
use utoipa::ToSchema;

use super::plans::{LimitChanges, holding, named};
use crate::app::App;
use crate::auth::Operator;
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json;

/// What holds for a tenant, and where it comes from.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantLimitsView {
    /// The tenant.
    tenant: String,
    /// Its plan.
    plan: String,
    /// What holds; null: no bound.
    limits: BTreeMap<&'static str, Option<u64>>,
    /// Those that are the tenant's own and not the plan's.
    overrides: BTreeMap<&'static str, u64>,
}

impl TenantLimitsView {
    fn new(tenant: &TenantId, limits: &TenantLimits) -> Self {
        let own = limits.overrides.iter();
        Self {
            tenant: tenant.to_string(),
            plan: limits.plan.plan.clone(),
            limits: holding(&limits.plan.limits, &limits.overrides),
            overrides: own.filter_map(|(n, v)| Some((*n, (*v)?))).collect(),
        }
    }
}

/// A path names a tenant that cannot be: it is not there.
fn tenant(text: String) -> Result<TenantId> {
    let unknown = || Error::NotFound {
        what: format!("tenant {text:?}"),
    };
    Ok(TenantId::new(&text).map_err(|_| unknown())?)
}

/// Shows what holds for a tenant.
#[utoipa::path(
    get, path = "/api/admin/tenants/{tenant}/limits", tag = "operate",
    params(("tenant" = String, Path, description = "the tenant")),
    responses(
        (status = 200, description = "what holds", body = TenantLimitsView),
        (status = 404, description = "no such tenant", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn show(
    State(app): State<App>,
    _: Operator,
    Path(id): Path<String>,
) -> Result<axum::Json<TenantLimitsView>> {
    let tenant = tenant(id)?;
    let limits = app.engine.plans().of_tenant(&tenant).await?;
    Ok(axum::Json(TenantLimitsView::new(&tenant, &limits)))
}

/// Gives a tenant limits of its own; null makes one the plan's again.
///
/// It holds on every server within five seconds.
#[utoipa::path(
    put, path = "/api/admin/tenants/{tenant}/limits", tag = "operate",
    params(("tenant" = String, Path, description = "the tenant")),
    request_body = LimitChanges,
    responses(
        (status = 200, description = "what holds from now on", body = TenantLimitsView),
        (status = 404, description = "no such tenant", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn change(
    State(app): State<App>,
    _: Operator,
    Path(id): Path<String>,
    Json(changes): Json<Changes>,
) -> Result<axum::Json<TenantLimitsView>> {
    let tenant = tenant(id)?;
    let plans = app.engine.plans();
    let limits = plans.override_limits(&tenant, &changes).await?;
    tracing::info!(%tenant, limits = ?named(&changes), "a tenant's limits were changed");
    Ok(axum::Json(TenantLimitsView::new(&tenant, &limits)))
}
