//! Embed tokens: dashboards on pages of others.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Duration, Utc};
use engine::Access;
use engine::metadata::embed_tokens::{EmbedRequest, Panel, Shown};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::dashboards::identified;
use super::roles::Seen;
use crate::app::App;
use crate::auth::{Caller, Identity, ToView};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json as Body;

/// What an embed token shows, and for how long.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEmbedToken {
    /// The parts of the overview that are shown.
    #[serde(default)]
    panels: BTreeSet<EmbedPanel>,
    /// A dashboard that somebody made, which the key sees.
    dashboard: Option<EmbedDashboard>,
    /// What of the tenant's data is seen: never more than the key sees.
    #[serde(default)]
    filters: Seen,
    /// Seconds until it ends; a day at most.
    #[serde(default = "an_hour")]
    #[schema(default = 3600)]
    expires_in: u32,
}

fn an_hour() -> u32 {
    3_600
}

/// A dashboard that somebody made, or some of its panels.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EmbedDashboard {
    /// Its id.
    id: String,
    /// The ids of panels; all when left out.
    panels: Option<BTreeSet<String>>,
}

/// A part of a dashboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EmbedPanel {
    /// Each metric over the range.
    Totals,
    /// Each metric by day.
    Series,
    /// Each metric by dimension value.
    TopValues,
    /// What moves together across platforms.
    Insights,
}

/// An embed token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeEmbedToken {
    /// Its id, as in logs.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// What is sent as bearer token to the dashboards, and opens nothing else.
    #[schema(example = "tse_…")]
    token: String,
    /// When it ends.
    expires_at: DateTime<Utc>,
}

/// Makes an embed token.
///
/// It ends with the key that made it, and shows no more than that key sees.
#[utoipa::path(
    post, path = "/api/analytics/embed-tokens", tag = "callers",
    request_body = NewEmbedToken,
    responses(
        (status = 201, description = "the token", body = MadeEmbedToken),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller<ToView>,
    Body(body): Body<NewEmbedToken>,
) -> Result<(StatusCode, Json<MadeEmbedToken>)> {
    let Identity::Key { id: maker } = caller.identity else {
        return Err(
            Problem::forbidden("an embed token ends with the API key that made it")
                .hint("make it with an API key of the tenant's"),
        );
    };
    let dashboard = match body.dashboard {
        Some(wanted) => Some(shown(&app, &caller, wanted).await?),
        None => None,
    };
    let request = EmbedRequest {
        panels: body.panels.into_iter().map(Panel::from).collect(),
        dashboard,
        access: Access::from(body.filters),
        expires_in: Duration::seconds(body.expires_in.into()),
    };
    let tokens = app.engine.embed_tokens();
    let made = tokens
        .make(&caller.tenant, maker, &caller.access, &request)
        .await?;
    let made = MadeEmbedToken {
        id: made.id,
        token: made.token,
        expires_at: made.expires_at,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// What of a dashboard a token shows, which its maker must see.
async fn shown(app: &App, caller: &Caller<ToView>, wanted: EmbedDashboard) -> Result<Shown> {
    let id = identified(&wanted.id)?;
    let who = caller.identity.to_string();
    let dashboards = app.engine.dashboards();
    let found = dashboards.get(&caller.tenant, caller.viewer(&who), id);
    let found = found.await?;
    let named = wanted.panels.iter().flatten();
    for panel in named {
        if !found.panels.iter().any(|known| known.id == *panel) {
            return Err(Problem::malformed("the dashboard has no such panel")
                .at("dashboard.panels")
                .hint("name ids of its panels, or leave `panels` out for all"));
        }
    }
    Ok(Shown {
        id,
        panels: wanted.panels,
    })
}

impl From<EmbedPanel> for Panel {
    fn from(panel: EmbedPanel) -> Self {
        match panel {
            EmbedPanel::Totals => Self::Totals,
            EmbedPanel::Series => Self::Series,
            EmbedPanel::TopValues => Self::TopValues,
            EmbedPanel::Insights => Self::Insights,
        }
    }
}
