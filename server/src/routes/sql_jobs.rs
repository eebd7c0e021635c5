//! SQL that runs without its client.

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::BytesMut;
use chrono::{DateTime, Utc};
use engine::Error;
use engine::error::Location;
use engine::query_jobs::{self as of, JobProblem, NewQuery};
use engine::session::{self, WrittenAnswer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::sql::{timeout, values};
use crate::app::App;
use crate::auth::{Caller, ToRead};
use crate::encode::json::{Column, Stats};
use crate::encode::{self, Decimals, Form, Format, Stamp, Style, TextCells};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{Json as Asked, Params};

/// A query that is to run without its client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSqlJob {
    /// One SELECT over the tenant's tables.
    query: String,
    /// Values of `$1`, `$2`, …: null, booleans, numbers and strings.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Value>)]
    params: Vec<Box<RawValue>>,
    /// Stops the query after so many milliseconds: ten minutes when left out;
    /// twenty times what the plan lets a query take, and an hour, at most.
    #[schema(minimum = 1)]
    timeout_ms: Option<u64>,
}

/// A tenant's queries that run, or ran, without their client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SqlJobs {
    /// The newest first.
    jobs: Vec<SqlJob>,
}

/// A query that runs, or ran, without its client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SqlJob {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// How far it is.
    state: SqlJobState,
    /// Who asked.
    who: String,
    /// When it was asked.
    created_at: DateTime<Utc>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// When it is forgotten with its result.
    expires_at: DateTime<Utc>,
    /// Rows of the result so far.
    rows: u64,
    /// Bytes of the stored result so far.
    bytes: u64,
    /// Pages of the result, once it is there.
    pages: Option<usize>,
    /// Whether the result has all rows; false when the plan's limit cut them.
    complete: Option<bool>,
    /// The tenant's version that the result is of.
    version: Option<i64>,
    /// Why there is no result.
    problem: Option<Problem>,
}

/// How far a query is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SqlJobState {
    /// It waits for a server.
    Queued,
    /// It runs.
    Running,
    /// Its result is there.
    Done,
    /// It failed.
    Failed,
    /// It was cancelled, or ended by an erasure.
    Cancelled,
}

/// Which part of a result.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResultParams {
    /// A page, from 1, as JSON; all rows in the format of `Accept` when left
    /// out.
    page: Option<usize>,
    /// Decimals in JSON as numbers (default) or as text.
    #[serde(default)]
    decimals: Decimals,
    /// Leave CSV text cells that begin with `=`, `+`, `-` or `@` as they are.
    #[serde(default)]
    raw: bool,
}

/// A page of a result.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the encoder writes most of this shape")]
pub(crate) struct ResultPage {
    /// Which page, from 1.
    page: usize,
    /// Pages in all.
    pages: usize,
    /// Rows in all.
    total_rows: u64,
    /// The next page; null: this is the last.
    next_page: Option<usize>,
    /// The columns, in order.
    columns: Vec<Column>,
    /// The page's rows, each an array of cells in the columns' order.
    rows: Vec<Vec<serde_json::Value>>,
    /// Number of the page's rows.
    row_count: u64,
    /// Whether the pages together are all rows.
    complete: bool,
    /// The tenant's version that the result is of.
    version: i64,
    /// When that version was seen.
    as_of: DateTime<Utc>,
    /// What it took.
    stats: Stats,
}

/// What stands before the answer's own members.
#[derive(Serialize)]
struct PageHead {
    page: usize,
    pages: usize,
    total_rows: u64,
    next_page: Option<usize>,
}

/// Runs a query without its client.
///
/// It runs as soon as a server is free, under the memory and rows of the
/// tenant's plan. Its result is kept for a day.
#[utoipa::path(
    post, path = "/api/analytics/sql/jobs", tag = "queries",
    request_body = NewSqlJob,
    responses(
        (status = 202, description = "it was put in", body = SqlJob),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn submit(
    State(app): State<App>,
    caller: Caller<ToRead>,
    Asked(body): Asked<NewSqlJob>,
) -> Result<(StatusCode, Json<SqlJob>)> {
    let new = NewQuery {
        who: caller.identity.to_string(),
        params: values(&body.params)?,
        timeout: timeout(body.timeout_ms)?,
        access: caller.access.clone(),
        records: caller.records(),
        query: body.query,
    };
    let jobs = app.engine.query_jobs();
    let id = jobs.submit(&caller.tenant, &new).await?;
    let job = jobs.get(&caller.tenant, None, id).await?;
    Ok((StatusCode::ACCEPTED, Json(job.into())))
}

/// Lists queries that run, or ran, without their client.
///
/// An admin sees everybody's of the tenant, another caller its own.
#[utoipa::path(
    get, path = "/api/analytics/sql/jobs", tag = "queries",
    responses(
        (status = 200, description = "the queries", body = SqlJobs),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(State(app): State<App>, caller: Caller<ToRead>) -> Result<Json<SqlJobs>> {
    let who = caller.sees_queries_of();
    let jobs = app.engine.query_jobs();
    let jobs = jobs.list(&caller.tenant, who.as_deref()).await?;
    Ok(Json(SqlJobs {
        jobs: jobs.into_iter().map(SqlJob::from).collect(),
    }))
}

/// Shows how far a query is.
#[utoipa::path(
    get, path = "/api/analytics/sql/jobs/{id}", tag = "queries",
    params(("id" = String, Path, description = "the query's id")),
    responses(
        (status = 200, description = "the query", body = SqlJob),
        (status = 404, description = "no such query, or its day is over", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller<ToRead>,
    Path(id): Path<String>,
) -> Result<Json<SqlJob>> {
    let who = caller.sees_queries_of();
    let jobs = app.engine.query_jobs();
    let job = jobs.get(&caller.tenant, who.as_deref(), job_id(&id)?);
    Ok(Json(job.await?.into()))
}

/// Fetches a result: a page as JSON, or all of it.
///
/// A page is the object of an answer to `POST /api/analytics/sql` with `page`,
/// `pages`, `total_rows` and `next_page` before it.
#[utoipa::path(
    get, path = "/api/analytics/sql/jobs/{id}/result", tag = "queries",
    params(("id" = String, Path, description = "the query's id"), ResultParams),
    responses(
        (status = 200, description = "the rows", content(
            (ResultPage = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 400, description = "a parameter that cannot be", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "no such query or page", body = Problem,
            content_type = "application/problem+json"),
        (status = 406, description = "no format that Accept names", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "there is no result (yet)", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn result(
    State(app): State<App>,
    caller: Caller<ToRead>,
    Path(id): Path<String>,
    headers: HeaderMap,
    Params(params): Params<ResultParams>,
) -> Result<Response> {
    let (id, who) = (job_id(&id)?, caller.sees_queries_of());
    let sees = of::Sees {
        records: caller.records(),
        access: caller.access.clone(),
    };
    let jobs = app.engine.query_jobs();
    let style = params.style();
    let Some(page) = params.page else {
        let format = Format::accepted(&headers)?;
        let found = jobs.whole(&caller.tenant, who.as_deref(), &sees, id);
        let (stored, answer) = found.await?;
        let (form, stamp) = (Form { format, style }, stamp(&stored));
        let answer = WrittenAnswer::of(answer, &form, stamp)?;
        return encode::respond(answer, stamp, format).await;
    };
    let found = jobs.page(&caller.tenant, who.as_deref(), &sees, id, page);
    let (stored, answer) = found.await?;
    paged(page, stored, answer, style).await
}

/// Cancels a query, or forgets one that has ended with its result.
#[utoipa::path(
    delete, path = "/api/analytics/sql/jobs/{id}", tag = "queries",
    params(("id" = String, Path, description = "the query's id")),
    responses(
        (status = 204, description = "it is cancelled, or forgotten"),
        (status = 404, description = "no such query", body = Problem,
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
    let jobs = app.engine.query_jobs();
    let cancelled = jobs.cancel(&caller.tenant, who.as_deref(), job_id(&id)?);
    cancelled.await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A text that is no id names nothing.
fn job_id(text: &str) -> Result<Uuid> {
    let missing = |_| Error::NotFound {
        what: "the query job".into(),
    };
    Ok(Uuid::try_parse(text).map_err(missing)?)
}

fn stamp(stored: &of::StoredAnswer) -> Stamp {
    Stamp {
        version: stored.version,
        as_of: stored.as_of,
    }
}

/// The page's own members, joined by the answer's.
async fn paged(
    page: usize,
    stored: of::StoredAnswer,
    answer: session::Answer,
    style: Style,
) -> Result<Response> {
    let head = PageHead {
        page,
        pages: stored.pages,
        total_rows: stored.rows,
        next_page: (page < stored.pages).then_some(page + 1),
    };
    let mut head = serde_json::to_vec(&head).map_err(Error::internal)?;
    head.pop();
    head.push(b',');
    let form = Form {
        format: Format::Json,
        style,
    };
    let mut answer = WrittenAnswer::of(answer, &form, stamp(&stored))?;
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.next().await? {
        body.extend_from_slice(&chunk);
    }
    head.extend_from_slice(body.strip_prefix(b"{").unwrap_or(&body));
    let mut response = Response::new(Body::from(head));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

impl ResultParams {
    fn style(&self) -> Style {
        Style {
            decimals: self.decimals,
            text_cells: match self.raw {
                true => TextCells::Raw,
                false => TextCells::Neutralised,
            },
        }
    }
}

impl From<of::QueryJob> for SqlJob {
    fn from(job: of::QueryJob) -> Self {
        let result = job.result.as_ref();
        Self {
            id: job.id,
            state: match job.state {
                of::JobState::Queued => SqlJobState::Queued,
                of::JobState::Running => SqlJobState::Running,
                of::JobState::Done => SqlJobState::Done,
                of::JobState::Failed => SqlJobState::Failed,
                of::JobState::Cancelled => SqlJobState::Cancelled,
            },
            who: job.who,
            created_at: job.created_at,
            ended_at: job.ended_at,
            expires_at: job.expires_at,
            rows: job.rows,
            bytes: job.bytes,
            pages: result.map(|result| result.pages.len()),
            complete: result.map(|result| result.complete),
            version: result.map(|result| result.version),
            problem: job.problem.map(problem),
        }
    }
}

/// What the caller would have been told had it waited.
fn problem(stored: JobProblem) -> Problem {
    let location = match (stored.line, stored.column) {
        (Some(line), Some(column)) => Some(Location { line, column }),
        _ => None,
    };
    let JobProblem {
        kind,
        message,
        hint,
        ..
    } = stored;
    let error = match kind.as_str() {
        "timeout" => Error::TimedOut {
            message,
            hint: hint.unwrap_or_default(),
        },
        "too-large" => Error::TooLarge {
            message,
            hint: hint.unwrap_or_default(),
        },
        "cancelled" => {
            let problem = Problem::new(
                StatusCode::CONFLICT,
                "urn:tessera:problem:cancelled",
                "query cancelled",
                message,
            );
            return match hint {
                Some(hint) => problem.hint(hint),
                None => problem,
            };
        }
        "query" => Error::Query {
            message,
            location,
            hint,
        },
        "malformed" => Error::Invalid {
            message,
            at: None,
            location,
            hint,
        },
        "not-found" | "forbidden" | "conflict" | "limit" | "unavailable" => {
            return Problem::unprocessable(message);
        }
        _ => return Problem::internal(),
    };
    error.into()
}
