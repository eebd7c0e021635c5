//! What each plan allows.

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use engine::metadata::plans::limit::{Changes, LIMITS, Span};
use engine::metadata::plans::{Numbers, PlanLimits};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::auth::Operator;
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json;

/// All plans, the smallest first, and what their limits are of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanList {
    /// The plans.
    plans: Vec<PlanView>,
    /// What each limit bounds.
    limits: Vec<LimitView>,
}

/// A plan and what it allows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlanView {
    /// Its name.
    plan: String,
    /// Each limit; null: no bound.
    #[schema(example = json!({"queries_per_second": 500, "retention_days": null}))]
    limits: BTreeMap<&'static str, Option<u64>>,
}

/// What a limit bounds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LimitView {
    /// Its name.
    name: &'static str,
    /// What it bounds, with its unit.
    of: &'static str,
    /// `held` at one time, used in a `day` (UTC), of `each` request, or by one
    /// `server` at one time.
    span: &'static str,
    /// The least that it may be.
    at_least: u64,
    /// The most that it may be.
    at_most: u64,
}

/// New numbers by limit; those that are not named stay.
#[derive(Debug, ToSchema)]
#[schema(
    value_type = std::collections::HashMap<String, Option<u64>>,
    example = json!({"queries_per_second": 200, "exports_per_day": 500})
)]
pub(crate) struct LimitChanges(());

impl From<PlanLimits> for PlanView {
    fn from(plan: PlanLimits) -> Self {
        let PlanLimits { plan, limits } = plan;
        Self { plan, limits }
    }
}

/// Lists plans and what they allow.
#[utoipa::path(
    get, path = "/api/admin/plans", tag = "operate",
    responses((status = 200, description = "the plans", body = PlanList), KeyRefused),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(State(app): State<App>, _: Operator) -> Result<axum::Json<PlanList>> {
    let plans = app.engine.plans().list().await?;
    let limits = LIMITS.iter().map(|limit| LimitView {
        name: limit.name,
        of: limit.of,
        span: span_name(limit.span),
        at_least: limit.at_least,
        at_most: limit.at_most,
    });
    Ok(axum::Json(PlanList {
        plans: plans.into_iter().map(PlanView::from).collect(),
        limits: limits.collect(),
    }))
}

/// Changes some of what a plan allows.
///
/// It holds on every server within five seconds, for all tenants of the plan
/// but those with a limit of their own.
#[utoipa::path(
    put, path = "/api/admin/plans/{plan}", tag = "operate",
    params(("plan" = String, Path, description = "the plan")),
    request_body = LimitChanges,
    responses(
        (status = 200, description = "the plan from now on", body = PlanView),
        (status = 404, description = "no such plan", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn change(
    State(app): State<App>,
    _: Operator,
    Path(plan): Path<String>,
    Json(changes): Json<Changes>,
) -> Result<axum::Json<PlanView>> {
    let plan = app.engine.plans().change(&plan, &changes).await?;
    tracing::info!(plan = ?plan.plan, limits = ?named(&changes), "a plan was changed");
    Ok(axum::Json(plan.into()))
}

/// The names of what was changed, for the log.
pub(super) fn named(changes: &Changes) -> Vec<&str> {
    changes.keys().map(String::as_str).collect()
}

/// How a limit is counted, as users read it.
pub(crate) fn span_name(span: Span) -> &'static str {
    match span {
        Span::Held => "held",
        Span::Day => "day",
        Span::Each => "each",
        Span::Server => "server",
    }
}

/// What holds: the overrides, and the plan's where there is none.
pub(crate) fn holding(plan: &Numbers, overrides: &Numbers) -> BTreeMap<&'static str, Option<u64>> {
    let of = |(name, number): (&&'static str, &Option<u64>)| {
        (*name, overrides.get(*name).copied().flatten().or(*number))
    };
    plan.iter().map(of).collect()
}
