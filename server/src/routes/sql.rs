//! A tenant's own SQL.

use std::time::Duration;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use engine::query::running::{Asked, Class};
use engine::session::Param;
use engine::{Error, Session};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, ToRead};
use crate::encode::json::{Column, SqlAnswer};
use crate::encode::{self, Decimals, Form, Format, Style, TextCells};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{Json, Params};
use crate::watch;

/// A query and the values of its parameters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SqlQuery {
    /// One SELECT over the tenant's tables.
    #[schema(
        example = "select platform, sum(metric_value) from analytics_data_points where platform = $1 group by platform"
    )]
    query: String,
    /// Values of `$1`, `$2`, …: null, booleans, numbers and strings.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Value>, example = json!(["coreldove"]))]
    params: Vec<Box<RawValue>>,
    /// Stops the query after so many milliseconds; the plan's limit holds if it
    /// is shorter.
    #[schema(minimum = 1)]
    timeout_ms: Option<u64>,
    /// Only say what the query would read, and whether it may run.
    #[serde(default)]
    dry_run: bool,
}

/// How the answer is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SqlParams {
    /// Decimals in JSON as numbers (default) or as text.
    #[serde(default)]
    decimals: Decimals,
    /// Leave CSV text cells that begin with `=`, `+`, `-` or `@` as they are.
    #[serde(default)]
    raw: bool,
}

/// What a query would read; nothing was run.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SqlPlan {
    /// Whether it passes every check that is made before a run.
    verdict: PlanVerdict,
    /// Why it does not.
    problem: Option<Problem>,
    /// The columns of its answer.
    columns: Option<Vec<Column>>,
    /// Data files that it would read.
    files: Option<u64>,
    /// Rows in them.
    rows: Option<u64>,
    /// Bytes of them, whole; a run that needs few columns fetches fewer.
    bytes: Option<u64>,
    /// The logical plan.
    plan: Option<String>,
    /// The tenant's version that this is of.
    version: i64,
}

/// Whether a query may run.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PlanVerdict {
    /// It may.
    Runs,
    /// It is refused.
    Refused,
}

/// Asks a question in SQL.
///
/// The answer is written as `Accept` asks: JSON, NDJSON, CSV, an Arrow stream
/// or Parquet. `complete` in JSON and the header `Tessera-Complete` say
/// whether a limit cut the rows; a long answer in another format that is cut
/// breaks off instead of looking whole. `Tessera-Query-Id` names the query, by
/// which it can be cancelled while it runs. With `dry_run` the answer is a
/// `SqlPlan`, always as JSON.
#[utoipa::path(
    post, path = "/api/analytics/sql", tag = "read",
    params(SqlParams),
    request_body = SqlQuery,
    responses(
        (status = 200, description = "the answer", content(
            (SqlAnswer = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 406, description = "no format that Accept names", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn run(
    State(app): State<App>,
    caller: Caller<ToRead>,
    headers: HeaderMap,
    Params(params): Params<SqlParams>,
    Json(body): Json<SqlQuery>,
) -> Result<Response> {
    let values = values(&body.params)?;
    let timeout = timeout(body.timeout_ms)?;
    if body.dry_run {
        let session = caller.session(&app).await?;
        let plan = SqlPlan::of(&session, &body.query, &values).await?;
        return Ok(axum::Json(plan).into_response());
    }
    let format = Format::accepted(&headers)?;
    let who = caller.identity.to_string();
    let query = app.engine.running().begin(&Asked {
        tenant: &caller.tenant,
        who: &who,
        class: Class::Sql,
        text: &body.query,
    });
    let observer = query.observer();
    let work = async {
        let session = caller.session(&app).await?;
        observer.of_version(session.version());
        let style = params.style();
        let form = Form { format, style };
        let answer = session.sql_as(&body.query, &values, timeout, &form).await?;
        observer.answers(session.version(), answer.stats());
        encode::respond(answer, session.stamp(), format).await
    };
    Ok(watch::answer(query, work).await)
}

impl SqlParams {
    pub(crate) fn style(&self) -> Style {
        Style {
            decimals: self.decimals,
            text_cells: match self.raw {
                true => TextCells::Raw,
                false => TextCells::Neutralised,
            },
        }
    }
}

impl SqlPlan {
    /// A query that is at fault is an answer here, not a problem.
    pub(crate) async fn of(session: &Session, query: &str, values: &[Param]) -> Result<Self> {
        let refused = |problem| Self {
            verdict: PlanVerdict::Refused,
            problem: Some(problem),
            columns: None,
            files: None,
            rows: None,
            bytes: None,
            plan: None,
            version: session.version(),
        };
        match session.dry_run(query, values).await {
            Ok(plan) => Ok(Self {
                verdict: PlanVerdict::Runs,
                problem: None,
                columns: Some(plan.columns.into_iter().map(Column::from).collect()),
                files: Some(plan.files),
                rows: Some(plan.rows),
                bytes: Some(plan.bytes),
                plan: Some(plan.plan),
                ..refused(Problem::internal())
            }),
            Err(error @ (Error::Query { .. } | Error::Invalid { .. } | Error::TimedOut { .. })) => {
                Ok(refused(error.into()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A request's own deadline.
pub(crate) fn timeout(timeout_ms: Option<u64>) -> Result<Option<Duration>> {
    match timeout_ms {
        Some(0) => Err(Problem::malformed("must be at least 1 millisecond").at("timeout_ms")),
        given => Ok(given.map(Duration::from_millis)),
    }
}

/// Numbers keep the digits they were written with.
pub(crate) fn values(params: &[Box<RawValue>]) -> Result<Vec<Param>> {
    let value = |(i, text): (usize, &str)| {
        let value = match text.as_bytes() {
            b"null" => Param::Null,
            b"true" => Param::Bool(true),
            b"false" => Param::Bool(false),
            [b'"', ..] => Param::Text(serde_json::from_str(text).map_err(|_| unfit(i))?),
            [b'[' | b'{', ..] => return Err(unfit(i)),
            _ => text
                .parse()
                .map_or_else(|_| Param::Decimal(text.to_owned()), Param::Int),
        };
        Ok(value)
    };
    params
        .iter()
        .map(|raw| raw.get())
        .enumerate()
        .map(value)
        .collect()
}

fn unfit(index: usize) -> Problem {
    Problem::malformed("a parameter must be null, a boolean, a number or a string")
        .at(format!("params[{index}]"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_digits() {
        let body = r#"{"query": "", "params": [null, true, 1, -9223372036854775808,
            9223372036854775808, 4.070, 1e3, "a\"b"]}"#;
        let body: SqlQuery = serde_json::from_str(body).expect("a query");
        let expected = [
            Param::Null,
            Param::Bool(true),
            Param::Int(1),
            Param::Int(i64::MIN),
            Param::Decimal("9223372036854775808".into()),
            Param::Decimal("4.070".into()),
            Param::Decimal("1e3".into()),
            Param::Text("a\"b".into()),
        ];
        assert_eq!(values(&body.params).expect("values"), expected);
    }

    #[test]
    fn a_nested_parameter_is_refused() {
        let body = r#"{"query": "", "params": [1, [2]]}"#;
        let body: SqlQuery = serde_json::from_str(body).expect("a query");
        assert_eq!(values(&body.params).expect_err("a refusal").status(), 400);
    }
}
