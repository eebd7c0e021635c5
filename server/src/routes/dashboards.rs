//! Dashboards that people of a tenant make.

pub(crate) mod panel;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::AppendHeaders;
use chrono::{DateTime, Utc};
use engine::Error;
use engine::metadata::actor::acting;
use engine::metadata::dashboards::{self as kept, OwnDashboard, Viewer};
use engine::own_dashboard::{self as of, Draft};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::query::QueryRequest;
use crate::app::App;
use crate::auth::{Caller, ToShow, ToView};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json as Body;

/// A dashboard as it is saved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewDashboard {
    /// What people call it: 1 to 128 characters.
    #[schema(example = "Mornings")]
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Whether others of the tenant see it.
    #[serde(default)]
    shared: bool,
    /// The version that was read, to replace it; not for a new one.
    version: Option<i32>,
    /// What is on it: 24 panels at most.
    #[serde(default)]
    panels: Vec<DashboardPanel>,
}

/// A part of a dashboard.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DashboardPanel {
    /// Its name in addresses: 1 to 40 of a-z, A-Z, 0-9, - and _; unique.
    #[schema(example = "revenue")]
    id: String,
    /// What stands above it.
    #[serde(default)]
    title: String,
    /// How it is drawn.
    chart: ChartKind,
    /// What it asks.
    #[schema(value_type = QueryRequest)]
    question: Box<RawValue>,
    /// Where it stands.
    place: PanelPlace,
    /// An object of the page's own, 4 KiB at most, which the server keeps
    /// without reading it.
    #[serde(default = "nothing")]
    #[schema(value_type = Object)]
    options: Box<RawValue>,
}

/// How a panel is drawn.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChartKind {
    /// One number.
    Number,
    /// Lines over time.
    Line,
    /// Areas over time.
    Area,
    /// Bars side by side.
    Bars,
    /// Bars on each other.
    Stacked,
    /// A table.
    Table,
}

/// Where a panel stands, in a grid of 12 columns.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PanelPlace {
    /// The first column, from 0.
    x: u8,
    /// The first row, from 0.
    y: u16,
    /// Columns.
    width: u8,
    /// Rows, 40 at most.
    height: u16,
}

/// A dashboard somebody made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedDashboard {
    #[serde(flatten)]
    about: AboutDashboard,
    /// What is on it.
    panels: Vec<DashboardPanel>,
}

/// What is said of a dashboard somebody made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AboutDashboard {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// What people call it.
    name: String,
    /// What it is for.
    description: String,
    /// Whether others of the tenant see it.
    shared: bool,
    /// How often it was changed, from 1.
    version: i32,
    /// Who made it, as logs name a credential.
    owner: String,
    /// Whether the caller made it.
    mine: bool,
    /// Whether the caller may change it.
    may_change: bool,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was changed last.
    updated_at: DateTime<Utc>,
}

/// A dashboard in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListedDashboard {
    #[serde(flatten)]
    about: AboutDashboard,
    /// How many panels it has.
    panel_count: usize,
}

/// The dashboards that the caller sees.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DashboardList {
    /// By name.
    dashboards: Vec<ListedDashboard>,
}

fn nothing() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_default()
}

/// Lists the dashboards that the caller sees: its own and shared ones; an admin
/// sees all of the tenant's.
#[utoipa::path(
    get, path = "/api/analytics/dashboards", tag = "read",
    responses(
        (status = 200, description = "the dashboards", body = DashboardList),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller<ToView>,
) -> Result<Json<DashboardList>> {
    let who = caller.identity.to_string();
    let viewer = caller.viewer(&who);
    let found = app.engine.dashboards().list(&caller.tenant, viewer).await?;
    let listed = found.iter().map(|found| ListedDashboard {
        about: AboutDashboard::of(found, viewer),
        panel_count: found.panels.len(),
    });
    Ok(Json(DashboardList {
        dashboards: listed.collect(),
    }))
}

/// Makes a dashboard.
#[utoipa::path(
    post, path = "/api/analytics/dashboards", tag = "read",
    request_body = NewDashboard,
    responses(
        (status = 201, description = "the dashboard", body = SavedDashboard),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller<ToView>,
    Body(body): Body<NewDashboard>,
) -> Result<(
    StatusCode,
    AppendHeaders<[(HeaderName, String); 1]>,
    Json<SavedDashboard>,
)> {
    if body.version.is_some() {
        return Err(Problem::malformed("a new dashboard has no version yet")
            .at("version")
            .hint("leave it out, or replace a dashboard with PUT"));
    }
    let who = caller.identity.to_string();
    let draft = body.draft()?;
    let made = app.engine.dashboards().create(&caller.tenant, &who, &draft);
    let made = acting(&*who, made).await?;
    let place = format!("/api/analytics/dashboards/{}", made.id);
    let saved = SavedDashboard::new(&made, caller.viewer(&who));
    let location = AppendHeaders([(header::LOCATION, place)]);
    Ok((StatusCode::CREATED, location, Json(saved)))
}

/// Shows a dashboard that somebody made.
#[utoipa::path(
    get, path = "/api/analytics/dashboards/{id}", tag = "read",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 200, description = "the dashboard", body = SavedDashboard),
        (status = 404, description = "none that the caller sees", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller<ToShow>,
    Path(id): Path<String>,
) -> Result<Json<SavedDashboard>> {
    let who = caller.identity.to_string();
    let found = seen(&app, &caller, identified(&id)?).await?;
    Ok(Json(SavedDashboard::new(&found, caller.viewer(&who))))
}

/// Replaces a dashboard: one's own, or as an admin.
#[utoipa::path(
    put, path = "/api/analytics/dashboards/{id}", tag = "read",
    params(("id" = String, Path, description = "its id")),
    request_body = NewDashboard,
    responses(
        (status = 200, description = "the dashboard", body = SavedDashboard),
        (status = 404, description = "none that the caller sees", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "it is at another version", body = Problem,
            content_type = "application/problem+json"),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn replace(
    State(app): State<App>,
    caller: Caller<ToView>,
    Path(id): Path<String>,
    Body(body): Body<NewDashboard>,
) -> Result<Json<SavedDashboard>> {
    let version = body.version.ok_or_else(|| {
        Problem::malformed("it is not said which version is replaced")
            .at("version")
            .hint("send the version that was read")
    })?;
    let id = identified(&id)?;
    let who = caller.identity.to_string();
    let (draft, viewer) = (body.draft()?, caller.viewer(&who));
    let dashboards = app.engine.dashboards();
    let replaced = dashboards.replace(&caller.tenant, viewer, id, version, &draft);
    let replaced = acting(&*who, replaced).await?;
    Ok(Json(SavedDashboard::new(&replaced, viewer)))
}

/// Removes a dashboard: one's own, or as an admin.
#[utoipa::path(
    delete, path = "/api/analytics/dashboards/{id}", tag = "read",
    params(("id" = String, Path, description = "its id")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "none that the caller sees", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = []), ("session" = [])),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller<ToView>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let who = caller.identity.to_string();
    let (id, viewer) = (identified(&id)?, caller.viewer(&who));
    let removed = app.engine.dashboards().remove(&caller.tenant, viewer, id);
    acting(&*who, removed).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The dashboard as this caller sees it: an embed token sees the one it was made
/// for, in the panels it was made for.
pub(crate) async fn seen(
    app: &App,
    caller: &Caller<ToShow>,
    id: Uuid,
) -> Result<Arc<OwnDashboard>> {
    let dashboards = app.engine.dashboards();
    if caller.panels.is_none() {
        let who = caller.identity.to_string();
        let found = dashboards.get(&caller.tenant, caller.viewer(&who), id);
        return Ok(Arc::new(found.await?));
    }
    let shown = caller.dashboard.as_ref().filter(|shown| shown.id == id);
    let found = match shown {
        Some(_) => dashboards.recent(&caller.tenant, id).await?,
        None => None,
    };
    let (Some(shown), Some(found)) = (shown, found) else {
        return Err(missing(id));
    };
    let mut found = OwnDashboard::clone(&found);
    found.panels.retain(|panel| shown.shows(&panel.id));
    Ok(Arc::new(found))
}

/// What is no id is the id of nothing.
pub(crate) fn identified(text: &str) -> Result<Uuid> {
    let unknown = || Error::NotFound {
        what: "the dashboard".into(),
    };
    Ok(text.parse().map_err(|_| unknown())?)
}

fn missing(id: Uuid) -> Problem {
    let what = format!("the dashboard {id}");
    Error::NotFound { what }.into()
}

impl NewDashboard {
    fn draft(self) -> Result<Draft> {
        for (i, panel) in self.panels.iter().enumerate() {
            let at = format!("panels[{i}].question");
            QueryRequest::saved(&panel.question).map_err(|problem| problem.within(&at))?;
        }
        Ok(Draft {
            name: self.name,
            description: self.description,
            shared: self.shared,
            panels: self.panels.into_iter().map(of::Panel::from).collect(),
        })
    }
}

impl SavedDashboard {
    fn new(found: &OwnDashboard, viewer: Viewer<'_>) -> Self {
        let panels = found.panels.iter().cloned();
        Self {
            about: AboutDashboard::of(found, viewer),
            panels: panels.map(DashboardPanel::from).collect(),
        }
    }
}

impl AboutDashboard {
    fn of(found: &kept::OwnDashboard, viewer: Viewer<'_>) -> Self {
        Self {
            id: found.id,
            name: found.name.clone(),
            description: found.description.clone(),
            shared: found.shared,
            version: found.version,
            owner: found.owner.clone(),
            mine: found.is_of(viewer),
            may_change: found.may_be_changed_by(viewer),
            created_at: found.created_at,
            updated_at: found.updated_at,
        }
    }
}

impl From<DashboardPanel> for of::Panel {
    fn from(panel: DashboardPanel) -> Self {
        let PanelPlace {
            x,
            y,
            width,
            height,
        } = panel.place;
        Self {
            id: panel.id,
            title: panel.title,
            chart: match panel.chart {
                ChartKind::Number => of::Chart::Number,
                ChartKind::Line => of::Chart::Line,
                ChartKind::Area => of::Chart::Area,
                ChartKind::Bars => of::Chart::Bars,
                ChartKind::Stacked => of::Chart::Stacked,
                ChartKind::Table => of::Chart::Table,
            },
            question: panel.question,
            place: of::Place {
                x,
                y,
                width,
                height,
            },
            options: panel.options,
        }
    }
}

impl From<of::Panel> for DashboardPanel {
    fn from(panel: of::Panel) -> Self {
        let of::Place {
            x,
            y,
            width,
            height,
        } = panel.place;
        Self {
            id: panel.id,
            title: panel.title,
            chart: match panel.chart {
                of::Chart::Number => ChartKind::Number,
                of::Chart::Line => ChartKind::Line,
                of::Chart::Area => ChartKind::Area,
                of::Chart::Bars => ChartKind::Bars,
                of::Chart::Stacked => ChartKind::Stacked,
                of::Chart::Table => ChartKind::Table,
            },
            question: panel.question,
            place: PanelPlace {
                x,
                y,
                width,
                height,
            },
            options: panel.options,
        }
    }
}
