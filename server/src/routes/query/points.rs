//! The points behind a cell, over HTTP.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use chrono::Utc;
use engine::session::{Form as _, Stamp};
use engine::structured as of;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::request::QueryRequest;
use crate::app::App;
use crate::auth::{Caller, ToView};
use crate::encode::json::{Column, Stats};
use crate::encode::{Ending, Form, Format, Style, TextCells};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json;

/// A cell whose points are wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PointsRequest {
    /// The question that was answered.
    question: QueryRequest,
    /// The measure's column; the first when left out.
    measure: Option<String>,
    /// The cell `time` of the row; the whole range when left out.
    #[schema(example = json!(null))]
    time: Option<String>,
    /// The dimensions of the row; null for points without one, and what is left
    /// out may be anything.
    #[serde(default)]
    #[schema(example = json!({}))]
    group: BTreeMap<String, Option<String>>,
    /// Points of a page, 1,000 at most.
    #[serde(default = "a_hundred")]
    #[schema(default = 100)]
    limit: usize,
    /// `next` of the page before.
    #[schema(example = json!(null))]
    after: Option<String>,
}

fn a_hundred() -> usize {
    100
}

/// A page of points.
#[derive(Debug, ToSchema)]
#[expect(
    dead_code,
    reason = "written by the encoder of rows and what is put beside"
)]
pub(crate) struct PointsPage {
    /// The columns, in order.
    columns: Vec<Column>,
    /// The points, the newest first.
    rows: Vec<Vec<serde_json::Value>>,
    /// Number of rows.
    row_count: u64,
    /// Whether these are all rows of the page: they always are.
    complete: bool,
    /// The tenant's version that all pages are of.
    version: i64,
    /// When a version was seen last.
    as_of: chrono::DateTime<Utc>,
    /// What it took.
    stats: Stats,
    /// What is sent as `after` for the next page; null at the end.
    next: Option<String>,
    /// All of the points as SQL.
    sql: String,
}

/// Shows the points behind a cell.
///
/// Newest first, in pages that are all of the version of the first, as `Accept`
/// asks; in formats of rows alone the header `Tessera-Next` has `next`.
#[utoipa::path(
    post, path = "/api/analytics/query/points", tag = "read",
    request_body = PointsRequest,
    responses(
        (status = 200, description = "a page", content(
            (PointsPage = "application/json"),
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
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn ask(
    State(app): State<App>,
    caller: Caller<ToView>,
    headers: HeaderMap,
    Json(body): Json<PointsRequest>,
) -> Result<Response> {
    let format = Format::accepted(&headers)?;
    let form = Form {
        format,
        style: Style {
            decimals: body.question.decimals,
            text_cells: TextCells::Neutralised,
        },
    };
    let query = body.query()?;
    let session = caller.session(&app).await?;
    let page = of::points(&session, &query, Utc::now()).await?;
    let stamp = Stamp {
        version: page.version,
        as_of: session.as_of(),
    };
    let mut bytes = written(&page, &form, stamp)?;
    if format == Format::Json {
        bytes = beside(&bytes, &page)?;
    }
    let content_type = [(header::CONTENT_TYPE, format.content_type())];
    let mut response = (content_type, bytes).into_response();
    let headers = response.headers_mut();
    let name = HeaderName::from_static;
    headers.insert(name("tessera-version"), page.version.into());
    if let Some(Ok(next)) = page.next.as_deref().map(HeaderValue::from_str) {
        headers.insert(name("tessera-next"), next);
    }
    Ok(response)
}

fn written(page: &of::PointsAnswer, form: &Form, stamp: Stamp) -> Result<Vec<u8>> {
    let mut encoder = form.encoder(&page.schema, stamp)?;
    let mut bytes = Vec::new();
    encoder.start(&mut bytes)?;
    for batch in &page.batches {
        encoder.rows(batch, &mut bytes)?;
    }
    let ending = Ending {
        complete: true,
        rows: page
            .batches
            .iter()
            .map(|batch| batch.num_rows() as u64)
            .sum(),
        took: page.took,
    };
    encoder.end(&ending, &mut bytes)?;
    Ok(bytes)
}

/// Puts what is of the page beside its rows.
fn beside(bytes: &[u8], page: &of::PointsAnswer) -> Result<Vec<u8>> {
    let text = std::str::from_utf8(bytes).map_err(engine::Error::internal)?;
    let mut object: BTreeMap<&str, &RawValue> =
        serde_json::from_str(text).map_err(engine::Error::internal)?;
    let raw = |of: &serde_json::Value| {
        RawValue::from_string(of.to_string()).map_err(engine::Error::internal)
    };
    let (next, sql) = (
        raw(&page.next.as_deref().into())?,
        raw(&page.sql.as_str().into())?,
    );
    object.insert("next", &next);
    object.insert("sql", &sql);
    Ok(serde_json::to_vec(&object).map_err(engine::Error::internal)?)
}

impl PointsRequest {
    fn query(self) -> Result<of::PointsQuery> {
        let question = self.question.query();
        let group = self.group.into_iter();
        Ok(of::PointsQuery {
            question: question.map_err(|problem| problem.within("question"))?,
            measure: self.measure,
            time: self.time,
            group: group
                .map(|(key, value)| (key, value.map(Into::into)))
                .collect(),
            limit: self.limit,
            after: self.after,
        })
    }
}
