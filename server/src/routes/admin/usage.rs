//! What all tenants used, for bills.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use chrono::{NaiveDate, Utc};
use engine::Error;
use engine::metadata::metering::Billed;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::Operator;
use crate::encode::Format;
use crate::error::{KeyRefused, Problem, Result};
use crate::extract::Params;

/// The most days of one answer.
const MOST_DAYS: i64 = 366;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageParams {
    /// The first UTC day, as `2025-01-31`; today when left out.
    from: Option<String>,
    /// The last UTC day, included; today when left out.
    to: Option<String>,
}

/// What tenants used, by day and tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageList {
    /// The first day.
    from: NaiveDate,
    /// The last day.
    to: NaiveDate,
    /// One row for each tenant and day on which it used something.
    usage: Vec<UsageRow>,
}

/// What one tenant used on one UTC day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageRow {
    /// The day.
    day: NaiveDate,
    /// The tenant.
    tenant: String,
    /// Points accepted from requests.
    points: u64,
    /// Points that an operator imported.
    imported: u64,
    /// Bytes stored, the most that was seen; looked at every hour.
    stored_bytes: u64,
    /// Dashboards.
    dashboards: u64,
    /// SQL queries.
    sql_queries: u64,
    /// Exports.
    exports: u64,
    /// Forecasts.
    forecasts: u64,
    /// Bytes fetched from stored files for SQL, exports and raw points.
    scanned_bytes: u64,
    /// Computing, microseconds, as the query's operators measured it.
    cpu_us: u64,
    /// Rows of answers.
    result_rows: u64,
}

impl From<Billed> for UsageRow {
    fn from(billed: Billed) -> Self {
        let used = billed.used;
        Self {
            day: billed.day,
            tenant: billed.tenant.to_string(),
            points: billed.points,
            imported: billed.imported,
            stored_bytes: billed.stored_bytes,
            dashboards: used.dashboards,
            sql_queries: used.sql_queries,
            exports: used.exports,
            forecasts: used.forecasts,
            scanned_bytes: used.scanned_bytes,
            cpu_us: used.cpu_us,
            result_rows: used.result_rows,
        }
    }
}

/// Lists what all tenants used, for bills: as JSON, or as CSV where Accept
/// asks for that.
///
/// Of today, the last second may be missing.
#[utoipa::path(
    get, path = "/api/admin/usage", tag = "operate",
    params(UsageParams),
    responses(
        (status = 200, description = "what was used", content(
            (UsageList = "application/json"),
            (String = "text/csv"),
        )),
        (status = 400, description = "a day that is none", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    _: Operator,
    headers: HeaderMap,
    Params(params): Params<UsageParams>,
) -> Result<Response> {
    let format = Format::accepted(&headers)?;
    let (from, to) = (
        day(params.from.as_deref(), "from")?,
        day(params.to.as_deref(), "to")?,
    );
    let days = to.signed_duration_since(from).num_days() + 1;
    if !(1..=MOST_DAYS).contains(&days) {
        return Err(
            Problem::malformed(format!("from and to must be 1 to {MOST_DAYS} days apart"))
                .at("from")
                .hint("ask for one year at a time, the earlier day as `from`"),
        );
    }
    let billed = app.engine.usage(from, to).await?;
    let usage = billed.into_iter().map(UsageRow::from).collect();
    match format {
        Format::Json => Ok(axum::Json(UsageList { from, to, usage }).into_response()),
        Format::Csv => Ok(csv(usage)),
        _ => Err(Problem::new(
            axum::http::StatusCode::NOT_ACCEPTABLE,
            "urn:tessera:problem:not-acceptable",
            "no such format",
            "usage is written as JSON or CSV",
        )
        .at("Accept")
        .hint("send `Accept: application/json` or `Accept: text/csv`")),
    }
}

/// Tenants' names hold nothing that needs quotes, and the rest are numbers.
fn csv(usage: Vec<UsageRow>) -> Response {
    let mut text = String::from(
        "day,tenant,points,imported,stored_bytes,dashboards,sql_queries,exports,forecasts,\
         scanned_bytes,cpu_us,result_rows\r\n",
    );
    for row in usage {
        let numbers = [
            row.points,
            row.imported,
            row.stored_bytes,
            row.dashboards,
            row.sql_queries,
            row.exports,
            row.forecasts,
            row.scanned_bytes,
            row.cpu_us,
            row.result_rows,
        ];
        let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
        text.push_str(&format!(
            "{},{},{}\r\n",
            row.day,
            row.tenant,
            numbers.join(",")
        ));
    }
    ([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], text).into_response()
}

fn day(text: Option<&str>, at: &'static str) -> Result<NaiveDate> {
    let Some(text) = text else {
        return Ok(Utc::now().date_naive());
    };
    let parsed = text.parse::<NaiveDate>();
    Ok(parsed.map_err(|_| Error::invalid("must be a day, as 2025-01-31", at))?)
}
