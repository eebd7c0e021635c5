//! The answer of one panel of a dashboard that somebody made.

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use chrono::Utc;
use engine::Error;
use engine::dashboard::RangeRequest;
use engine::metadata::dashboards::OwnDashboard;
use engine::query::running::{Asked, Class};
use engine::structured::{self as of, structured};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{identified, seen};
use crate::app::App;
use crate::auth::{Caller, ToShow};
use crate::encode::{Decimals, Format};
use crate::error::{KeyRefused, Problem, Result};
use crate::extract::Params;
use crate::routes::query::{CompareWith, QueryAnswer, QueryRequest, respond, zone};
use crate::watch;

/// What goes before what a panel was saved with.
#[derive(Debug, Clone, Default, Serialize, Deserialize, IntoParams, ToSchema)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Overrides {
    /// The days that end today: `7d`, `30d`, `12w`, `12m`, `1y`.
    #[param(example = "30d")]
    time_range: Option<String>,
    /// Instead of `time_range`: the first day, as `2025-01-31`.
    from: Option<String>,
    /// The last day, included.
    to: Option<String>,
    /// The zone that days begin in.
    time_zone: Option<String>,
    /// What the numbers are compared with.
    #[param(inline)]
    compare: Option<CompareWith>,
    /// Only this platform.
    platform: Option<String>,
    /// Decimals as numbers or as text.
    decimals: Option<Decimals>,
}

/// Answers one panel of a dashboard, with the rights of who asks.
///
/// What `POST /api/analytics/query` answers to the panel's question. An embed
/// token sees it as it was saved.
#[utoipa::path(
    get, path = "/api/analytics/dashboards/{id}/panels/{panel}", tag = "read",
    params(
        ("id" = String, Path, description = "the dashboard's id"),
        ("panel" = String, Path, description = "the panel's id"),
        Overrides,
    ),
    responses(
        (status = 200, description = "the answer", content(
            (QueryAnswer = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 400, description = "a parameter or a question that cannot be", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "none that the caller sees", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn answer(
    State(app): State<App>,
    caller: Caller<ToShow>,
    Path((id, panel)): Path<(String, String)>,
    headers: HeaderMap,
    Params(overrides): Params<Overrides>,
) -> Result<Response> {
    let format = Format::accepted(&headers)?;
    let dashboard = seen(&app, &caller, identified(&id)?).await?;
    overrides.allowed(&caller)?;
    let (query, decimals) = question(&dashboard, &panel, &overrides)?;
    let running = app.engine.running().begin(&Asked {
        tenant: &caller.tenant,
        who: &caller.identity.to_string(),
        class: Class::Dashboard,
        text: "panel",
    });
    let observer = running.observer();
    let work = async {
        let session = caller.session(&app).await?;
        observer.of_version(session.version());
        let answer = structured(&session, &query, Utc::now()).await?;
        Ok(respond(answer, session.stamp(), format, decimals)?.into_response())
    };
    Ok(watch::answer(running, work).await)
}

/// What a panel asks. Problems: 404, and what cannot be asked.
pub(crate) fn question(
    dashboard: &OwnDashboard,
    panel: &str,
    overrides: &Overrides,
) -> Result<(of::StructuredQuery, Decimals)> {
    let found = dashboard.panels.iter().find(|p| p.id == panel);
    let found = found.ok_or_else(|| Error::NotFound {
        what: format!("the panel {:?}", panel.chars().take(40).collect::<String>()),
    })?;
    let (mut query, decimals) = QueryRequest::saved(&found.question)?;
    overrides.apply(&mut query)?;
    Ok((query, overrides.decimals.unwrap_or(decimals)))
}

impl Overrides {
    /// Whoever holds an embed token sees what its maker saved.
    pub(crate) fn allowed(&self, caller: &Caller<ToShow>) -> Result<()> {
        let changes = self.time_range.is_some()
            || self.from.is_some()
            || self.to.is_some()
            || self.time_zone.is_some()
            || self.compare.is_some()
            || self.platform.is_some();
        match caller.panels.is_some() && changes {
            true => Err(
                Problem::forbidden("an embed token shows a panel as it was saved")
                    .hint("leave out what would change it; `decimals` may be said"),
            ),
            false => Ok(()),
        }
    }

    fn apply(&self, query: &mut of::StructuredQuery) -> Result<()> {
        let (from, to) = (self.from.as_deref(), self.to.as_deref());
        if self.time_range.is_some() || from.is_some() || to.is_some() {
            query.range = RangeRequest::parse(self.time_range.as_deref(), from, to)?;
        }
        if let Some(name) = &self.time_zone {
            query.zone = Some(zone(name)?);
        }
        if let Some(compare) = self.compare {
            query.compare = compare.into();
        }
        if let Some(platform) = &self.platform {
            query.filters.push(of::Filter {
                dimension: "platform".into(),
                operator: of::Operator::In,
                values: vec![platform.as_str().into()],
            });
        }
        Ok(())
    }
}
