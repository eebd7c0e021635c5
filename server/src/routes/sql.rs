//! A tenant's own SQL.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use engine::session::Param;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, ToRead};
use crate::encode::json::SqlAnswer;
use crate::encode::{self, Decimals, Format, Stamp, Style, TextCells};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{Json, Params};

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

/// Asks a question in SQL.
///
/// The answer is written as `Accept` asks: JSON, NDJSON, CSV, an Arrow stream
/// or Parquet. `complete` in JSON and the header `Tessera-Complete` say
/// whether a limit cut the rows; a long answer in another format that is cut
/// breaks off instead of looking whole.
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
    let format = Format::accepted(&headers)?;
    let values = values(&body.params)?;
    let session = caller.session(&app).await?;
    let answer = session.sql(&body.query, &values).await?;
    let text_cells = if params.raw {
        TextCells::Raw
    } else {
        TextCells::Neutralised
    };
    let style = Style {
        decimals: params.decimals,
        text_cells,
    };
    encode::respond(answer, Stamp::of(&session), format, style).await
}

/// Numbers keep the digits they were written with.
fn values(params: &[Box<RawValue>]) -> Result<Vec<Param>> {
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
