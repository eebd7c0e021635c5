//! Queries that run, and queries that ran.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::Error;
use engine::metadata::records::{Cursor, Filter, QueryRecord};
use engine::query::running::Listed;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, ToRead};
use crate::error::{KeyRefused, Problem, Result};
use crate::extract::Params;

/// Records of one answer, when the request does not say.
const PAGE: u32 = 100;

/// Records of one answer at most.
const MOST: u32 = 1_000;

/// Which queries are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct QueriesParams {
    /// Those that ended (default), or those that run on the server that
    /// answers.
    #[serde(default)]
    state: Listing,
    /// Only those with this verdict: `finished`, `truncated`, `failed`,
    /// `cancelled`, `timed_out` or `refused`.
    verdict: Option<String>,
    /// Asked at or after this moment.
    since: Option<String>,
    /// Asked before this moment.
    until: Option<String>,
    /// At most so many, 100 when left out, 1,000 at most.
    limit: Option<u32>,
    /// Behind the last of an earlier answer: its `next_cursor`.
    cursor: Option<String>,
}

/// Which queries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Listing {
    /// Those that ended.
    #[default]
    Ended,
    /// Those that run.
    Running,
}

/// Queries, the newest first; running ones the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Queries {
    /// The queries.
    queries: Vec<QueryEntry>,
    /// Where the next answer goes on; null: these are the last.
    next_cursor: Option<String>,
}

/// A query. Its text has no literals: `?` stands for each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueryEntry {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// Whose data.
    tenant_id: String,
    /// By whom.
    who: String,
    /// `sql`, `dashboard`, `export`, `job` or `endpoint`.
    class: String,
    /// The text without its literals.
    text: String,
    /// When it was asked.
    started_at: DateTime<Utc>,
    /// `waiting` for its turn, `running`, or how it ended: `finished`, `truncated`, `failed`,
    /// `cancelled`, `timed_out` or `refused`.
    state: String,
    /// The last word of the problem's type, where there was one.
    problem: Option<String>,
    /// The tenant's version that it read.
    version: Option<i64>,
    /// How long it waited to begin.
    queued_ms: Option<i64>,
    /// How long it took in all, or has run.
    ran_ms: i64,
    /// Rows of the answer so far.
    rows: i64,
    /// Bytes of the answer as sent.
    bytes_sent: Option<i64>,
    /// Data files that it read.
    files: Option<i64>,
    /// Rows in them.
    rows_scanned: Option<i64>,
    /// Bytes fetched from the store.
    bytes_scanned: i64,
}

/// Lists queries of the tenant.
///
/// An admin sees everybody's, another caller its own. Those that ended are
/// there some seconds later, for 30 days.
#[utoipa::path(
    get, path = "/api/analytics/queries", tag = "queries",
    params(QueriesParams),
    responses(
        (status = 200, description = "the queries", body = Queries),
        (status = 400, description = "a parameter that cannot be", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller<ToRead>,
    Params(params): Params<QueriesParams>,
) -> Result<Json<Queries>> {
    let who = caller.sees_queries_of();
    if params.state == Listing::Running {
        let running = app.engine.running();
        let list = running.list(Some(&caller.tenant), who.as_deref());
        return Ok(Json(Queries::running(list)));
    }
    let filter = Filter {
        tenant: Some(caller.tenant),
        who,
        ..params.filter()?
    };
    let records = app.engine.records().queries(&filter).await?;
    Ok(Json(Queries::ended(records, filter.limit)))
}

/// Cancels a query that runs on the server that answers.
///
/// It ends within a second. An admin may cancel everybody's of the tenant,
/// another caller its own; what is not there and what is not theirs is the same
/// 404.
#[utoipa::path(
    delete, path = "/api/analytics/queries/{id}", tag = "queries",
    params(("id" = String, Path, description = "the query's id: `Tessera-Query-Id`")),
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
    caller: Caller<ToRead>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let who = caller.sees_queries_of();
    let id = Uuid::try_parse(&id).ok();
    let running = app.engine.running();
    let cancelled = id.is_some_and(|id| running.cancel(Some(&caller.tenant), who.as_deref(), id));
    match cancelled {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing()),
    }
}

pub(super) fn missing() -> Problem {
    let what = "a running query of this id".into();
    Error::NotFound { what }.into()
}

impl QueriesParams {
    pub(super) fn is_running(&self) -> bool {
        self.state == Listing::Running
    }

    pub(super) fn filter(&self) -> Result<Filter> {
        let verdicts = [
            "finished",
            "truncated",
            "failed",
            "cancelled",
            "timed_out",
            "refused",
        ];
        if let Some(verdict) = self.verdict.as_deref().filter(|v| !verdicts.contains(v)) {
            let detail = format!("there is no verdict {verdict:?}");
            return Err(Problem::malformed(detail)
                .at("verdict")
                .hint(format!("use one of {}", verdicts.join(", "))));
        }
        Ok(Filter {
            outcome: self.verdict.clone(),
            since: moment(self.since.as_deref(), "since")?,
            until: moment(self.until.as_deref(), "until")?,
            after: after(self.cursor.as_deref())?,
            limit: self.limit.unwrap_or(PAGE).clamp(1, MOST),
            ..Filter::default()
        })
    }
}

/// A moment in an address.
pub(super) fn moment(text: Option<&str>, name: &str) -> Result<Option<DateTime<Utc>>> {
    let parse = |text: &str| {
        DateTime::parse_from_rfc3339(text).map_err(|_| {
            Problem::malformed(format!("the parameter {name} must be a timestamp"))
                .at(name)
                .hint("write it as 2025-01-31T12:00:00Z")
        })
    };
    let at = text.map(parse).transpose()?;
    Ok(at.map(|at| at.with_timezone(&Utc)))
}

pub(super) fn after(text: Option<&str>) -> Result<Option<Cursor>> {
    Ok(text.map(str::parse).transpose()?)
}

pub(super) fn page(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE).clamp(1, MOST)
}

impl Queries {
    pub(super) fn running(list: Vec<Listed>) -> Self {
        Self {
            queries: list.into_iter().map(QueryEntry::from).collect(),
            next_cursor: None,
        }
    }

    pub(super) fn ended(records: Vec<QueryRecord>, limit: u32) -> Self {
        let full = records.len() as u64 >= u64::from(limit);
        let last = records.last().filter(|_| full);
        Self {
            next_cursor: last.map(|last| Cursor::behind_query(last).to_string()),
            queries: records.into_iter().map(QueryEntry::from).collect(),
        }
    }
}

impl From<Listed> for QueryEntry {
    fn from(query: Listed) -> Self {
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        Self {
            id: query.id,
            tenant_id: query.tenant.to_string(),
            who: query.who,
            class: query.class.name().to_owned(),
            text: query.text,
            started_at: query.started_at,
            state: match query.begun {
                true => "running".to_owned(),
                false => "waiting".to_owned(),
            },
            problem: None,
            version: None,
            queued_ms: None,
            ran_ms: query.running_ms,
            rows: number(query.rows),
            bytes_sent: None,
            files: None,
            rows_scanned: None,
            bytes_scanned: number(query.bytes_scanned),
        }
    }
}

impl From<QueryRecord> for QueryEntry {
    fn from(record: QueryRecord) -> Self {
        Self {
            id: record.query_id,
            tenant_id: record.tenant_id.to_string(),
            who: record.who,
            class: record.class,
            text: record.text,
            started_at: record.started_at,
            state: record.verdict,
            problem: record.problem,
            version: record.version,
            queued_ms: Some(record.queued_ms),
            ran_ms: record.ran_ms,
            rows: record.rows,
            bytes_sent: Some(record.bytes_sent),
            files: Some(record.files),
            rows_scanned: Some(record.rows_scanned),
            bytes_scanned: record.bytes_scanned,
        }
    }
}
