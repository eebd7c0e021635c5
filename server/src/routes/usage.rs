//! What the tenant uses of what it is allowed.

use axum::extract::State;
use chrono::{DateTime, NaiveTime, Utc};
use engine::Standing;
use engine::metadata::plans::limit::{LIMITS, Span};
use serde::Serialize;
use utoipa::ToSchema;

use super::admin::plans::{holding, span_name};
use crate::app::App;
use crate::auth::{Caller, ToReadAll};
use crate::error::{KeyRefused, Result};

/// Every limit and how much of it is used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Usage {
    /// The tenant's plan.
    plan: String,
    /// The limits.
    limits: Vec<UsedLimit>,
}

/// A limit and how much of it is used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsedLimit {
    /// Its name.
    name: &'static str,
    /// What it bounds, with its unit.
    of: &'static str,
    /// `held` at one time, used in a `day` (UTC), of `each` request, or by one
    /// `server` at one time.
    span: &'static str,
    /// What is used; null where each request has all of it.
    used: Option<u64>,
    /// What is allowed; null: no bound.
    allowed: Option<u64>,
    /// When what is used counts no more.
    resets_at: Option<DateTime<Utc>>,
}

/// Shows what the tenant uses of each limit of its plan.
///
/// Bytes that a server has set aside for the tenant's next questions count as
/// used until they are given back.
#[utoipa::path(
    get, path = "/api/analytics/usage", tag = "read",
    responses((status = 200, description = "the limits", body = Usage), KeyRefused),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller<ToReadAll>,
) -> Result<axum::Json<Usage>> {
    let standing = app.engine.standing(&caller.tenant).await?;
    Ok(axum::Json(Usage::of(&standing, Utc::now())))
}

impl Usage {
    fn of(standing: &Standing, now: DateTime<Utc>) -> Self {
        let allowed = &standing.allowed;
        let holds = holding(&allowed.plan.limits, &allowed.overrides);
        let tomorrow = now.date_naive().succ_opt();
        let midnight = tomorrow.map(|day| day.and_time(NaiveTime::MIN).and_utc());
        let limits = LIMITS.iter().map(|limit| {
            let counted = limit.span != Span::Each && limit.name != "queries_per_second";
            let used = standing.used.get(limit.name).copied().unwrap_or_default();
            UsedLimit {
                name: limit.name,
                of: limit.of,
                span: span_name(limit.span),
                used: counted.then_some(used),
                allowed: holds.get(limit.name).copied().flatten(),
                resets_at: midnight.filter(|_| limit.span == Span::Day),
            }
        });
        Self {
            plan: allowed.plan.plan.clone(),
            limits: limits.collect(),
        }
    }
}
