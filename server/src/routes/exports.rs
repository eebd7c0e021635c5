//! Data in bulk, as one file.

use std::borrow::Cow;

use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use engine::query::running::{Asked, Class, Observer};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::app::App;
use crate::auth::{Caller, ToExport};
use crate::encode::{self, Decimals, Form, Format, Style, TextCells};
use crate::error::{BodyRefused, KeyRefused, Result};
use crate::extract::{Json, Params};
use crate::watch;

/// What to export, and how.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExportRequest {
    /// A table or a query.
    source: ExportSource,
    /// The file's format.
    format: ExportFormat,
}

/// What to export: one of `table` and `sql`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(crate) enum ExportSource {
    /// A whole table.
    Table(ExportTable),
    /// The rows of one SELECT.
    Sql(String),
}

/// A table that can be exported whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[clap(rename_all = "snake_case")]
pub(crate) enum ExportTable {
    /// All data points.
    AnalyticsDataPoints,
    /// Each metric by local day.
    DailyMetrics,
    /// Each metric by local week.
    WeeklyMetrics,
    /// Each metric by local month.
    MonthlyMetrics,
    /// What each metric is.
    Metrics,
    /// The registered platforms.
    Platforms,
    /// What the tenant used, by UTC day.
    Usage,
}

impl ExportTable {
    fn name(self) -> &'static str {
        match self {
            Self::AnalyticsDataPoints => "analytics_data_points",
            Self::DailyMetrics => "daily_metrics",
            Self::WeeklyMetrics => "weekly_metrics",
            Self::MonthlyMetrics => "monthly_metrics",
            Self::Metrics => "metrics",
            Self::Platforms => "platforms",
            Self::Usage => "usage",
        }
    }
}

/// A file's format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ExportFormat {
    /// Parquet.
    Parquet,
    /// CSV with a header line.
    Csv,
}

/// How the file is written.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ExportParams {
    /// Leave CSV text cells that begin with `=`, `+`, `-` or `@` as they are.
    #[serde(default)]
    raw: bool,
}

/// Exports a table or a query as one file.
///
/// A file that arrives whole holds all rows of one version.
#[utoipa::path(
    post, path = "/api/analytics/exports", tag = "export",
    params(ExportParams),
    request_body = ExportRequest,
    responses(
        (status = 200, description = "the file", content(
            (Vec<u8> = "application/vnd.apache.parquet"),
            (String = "text/csv"),
        )),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller<ToExport>,
    Params(params): Params<ExportParams>,
    Json(body): Json<ExportRequest>,
) -> Result<Response> {
    let who = caller.identity.to_string();
    let query = app.engine.running().begin(&Asked {
        tenant: &caller.tenant,
        who: &who,
        class: Class::Export,
        text: &body.source.query(),
    });
    let records = app.engine.records();
    records.audit(&caller.tenant, &who, "export.begun", body.source.name());
    let observer = query.observer();
    let work = async {
        let problem = match export(&app, &caller, &params, &body, &observer).await {
            Ok(response) => return Ok(response),
            Err(problem) => problem,
        };
        let Some(rows) = problem.limited_rows() else {
            return Err(problem);
        };
        let plan = app.engine.tenants().plan_for_export(rows).await;
        Err(problem.allowed_by(plan.unwrap_or_default()))
    };
    Ok(watch::answer(query, work).await)
}

async fn export(
    app: &App,
    caller: &Caller<ToExport>,
    params: &ExportParams,
    body: &ExportRequest,
    observer: &Observer,
) -> Result<Response> {
    let session = caller.session(app).await?;
    observer.of_version(session.version());
    let format = body.format.into();
    let text_cells = if params.raw {
        TextCells::Raw
    } else {
        TextCells::Neutralised
    };
    let style = Style {
        decimals: Decimals::Number,
        text_cells,
    };
    let form = Form { format, style };
    let answer = session.export_as(&body.source.query(), &[], &form).await?;
    let mut response = encode::respond(answer, session.stamp(), format).await?;
    let name = body
        .source
        .file_name(caller.tenant.as_str(), session.version(), format);
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.map_err(engine::Error::internal)?;
    response
        .headers_mut()
        .insert(header::CONTENT_DISPOSITION, disposition);
    Ok(response)
}

impl ExportSource {
    /// The query that gives the rows.
    pub(crate) fn query(&self) -> Cow<'_, str> {
        match self {
            Self::Table(table) => format!("select * from {}", table.name()).into(),
            Self::Sql(text) => text.into(),
        }
    }

    /// What is exported, for names and records.
    fn name(&self) -> &'static str {
        match self {
            Self::Table(table) => table.name(),
            Self::Sql(_) => "query",
        }
    }

    /// Made of checked parts only, so that no header or path can be smuggled.
    fn file_name(&self, tenant: &str, version: i64, format: Format) -> String {
        let what = self.name();
        format!("{tenant}-{what}-v{version}.{}", format.extension())
    }
}

impl From<ExportFormat> for Format {
    fn from(format: ExportFormat) -> Self {
        match format {
            ExportFormat::Parquet => Self::Parquet,
            ExportFormat::Csv => Self::Csv,
        }
    }
}
