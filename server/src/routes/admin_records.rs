//! The records of all tenants, for the operator.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::TenantId;
use engine::metadata::records::{AuditRecord, Cursor, Filter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::queries::{Queries, QueriesParams, after, missing, moment, page};
use crate::app::App;
use crate::auth::Operator;
use crate::error::{KeyRefused, Problem, Result};
use crate::extract::{Pairs, Params, shaped};

/// Which changes are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditParams {
    /// Only this tenant's.
    tenant: Option<String>,
    /// Only by this caller.
    who: Option<String>,
    /// Only of this sort, such as `key.created` or `access.refused`.
    action: Option<String>,
    /// At or after this moment.
    since: Option<String>,
    /// Before this moment.
    until: Option<String>,
    /// At most so many, 100 when left out, 1,000 at most.
    limit: Option<u32>,
    /// Behind the last of an earlier answer: its `next_cursor`.
    cursor: Option<String>,
}

/// Changes and refusals, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditLog {
    /// The entries.
    entries: Vec<AuditEntry>,
    /// Where the next answer goes on; null: these are the last.
    next_cursor: Option<String>,
}

/// Who did what to what.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// Whose; null: no tenant's, such as a plan.
    tenant_id: Option<String>,
    /// When.
    at: DateTime<Utc>,
    /// By whom.
    who: String,
    /// What, such as `key.created` or `access.refused`.
    action: String,
    /// To what: an id, a name or a route.
    target: String,
    /// How often, where the same came again within a moment.
    times: i64,
    /// What is new of it, never a secret.
    #[schema(value_type = Object)]
    detail: Value,
}

/// Lists queries of all tenants; `tenant=` names one.
#[utoipa::path(
    get, path = "/api/admin/queries", tag = "operator",
    params(("tenant" = Option<String>, Query, description = "only this tenant's"), QueriesParams),
    responses(
        (status = 200, description = "the queries", body = Queries),
        (status = 400, description = "a parameter that cannot be", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn queries(
    State(app): State<App>,
    _operator: Operator,
    Pairs(mut pairs): Pairs,
) -> Result<Json<Queries>> {
    let named = pairs.iter().position(|(name, _)| name == "tenant");
    let tenant = named.map(|at| pairs.remove(at).1);
    let tenant = tenant.as_deref().map(tenant_id).transpose()?;
    let params: QueriesParams = shaped(pairs)?;
    if params.is_running() {
        let list = app.engine.running().list(tenant.as_ref(), None);
        return Ok(Json(Queries::running(list)));
    }
    let filter = Filter {
        tenant,
        ..params.filter()?
    };
    let records = app.engine.records().queries(&filter).await?;
    Ok(Json(Queries::ended(records, filter.limit)))
}

/// Cancels a query of any tenant that runs on the server that answers.
#[utoipa::path(
    delete, path = "/api/admin/queries/{id}", tag = "operator",
    params(("id" = String, Path, description = "the query's id")),
    responses(
        (status = 204, description = "it is cancelled"),
        (status = 404, description = "no such query runs", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn cancel(
    State(app): State<App>,
    _operator: Operator,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let id = Uuid::try_parse(&id).ok();
    match id.is_some_and(|id| app.engine.running().cancel(None, None, id)) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing()),
    }
}

/// Lists changes of keys, plans, definitions and data, and refusals.
#[utoipa::path(
    get, path = "/api/admin/audit", tag = "operator",
    params(AuditParams),
    responses(
        (status = 200, description = "the entries", body = AuditLog),
        (status = 400, description = "a parameter that cannot be", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn audit(
    State(app): State<App>,
    _operator: Operator,
    Params(params): Params<AuditParams>,
) -> Result<Json<AuditLog>> {
    let filter = Filter {
        tenant: params.tenant.as_deref().map(tenant_id).transpose()?,
        who: params.who,
        outcome: params.action,
        since: moment(params.since.as_deref(), "since")?,
        until: moment(params.until.as_deref(), "until")?,
        after: after(params.cursor.as_deref())?,
        limit: page(params.limit),
    };
    let records = app.engine.records().changes(&filter).await?;
    let full = records.len() as u64 >= u64::from(filter.limit);
    let last = records.last().filter(|_| full);
    Ok(Json(AuditLog {
        next_cursor: last.map(|last| Cursor::behind_change(last).to_string()),
        entries: records.into_iter().map(AuditEntry::from).collect(),
    }))
}

fn tenant_id(text: &str) -> Result<TenantId> {
    TenantId::new(text).map_err(|error| Problem::malformed(error.to_string()).at("tenant"))
}

impl From<AuditRecord> for AuditEntry {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.entry_id,
            tenant_id: record.tenant_id,
            at: record.at,
            who: record.who,
            action: record.action,
            target: record.target,
            times: record.times,
            detail: record.detail,
        }
    }
}
