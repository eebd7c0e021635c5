//! Queries that a tenant keeps by name, and calls by address.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use chrono::{DateTime, Utc};
use engine::metadata::saved_queries as catalog;
use engine::query::running::{Asked, Class};
use engine::saved_query::{self as of, Definition};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use super::sql::SqlParams;
use crate::app::App;
use crate::auth::{Caller, ToAdmin, ToRead};
use crate::encode::json::SqlAnswer;
use crate::encode::{self, Form, Format};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{Json as Body, Pairs, Params, shaped};
use crate::watch;

/// A query with parameters of known types.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSavedQuery {
    /// One SELECT; a parameter stands as `$name` or `{{name}}`.
    #[schema(
        example = "select sum(metric_value) from analytics_data_points where platform = $platform"
    )]
    query: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// What a call may, or must, give.
    #[serde(default)]
    parameters: Vec<NewParameter>,
}

/// A parameter as it is declared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewParameter {
    /// Its name: a-z, 0-9 and _, not beginning with a digit.
    #[schema(example = "platform")]
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: ParameterType,
    /// What it means.
    #[serde(default)]
    description: String,
    /// Whether a call must give it; true when left out, unless there is a
    /// default. One that need not and has no default is null where it is left
    /// out.
    required: Option<bool>,
    /// Its value where a call leaves it out.
    #[schema(value_type = Option<serde_json::Value>)]
    default: Option<Box<RawValue>>,
    /// The only values that it takes.
    #[serde(default, rename = "enum")]
    #[schema(value_type = Vec<serde_json::Value>)]
    one_of: Vec<Box<RawValue>>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ParameterType {
    /// Any text of at most 4096 bytes.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number below 10^16 with at most nine decimals.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A day as `2025-01-31`.
    Date,
    /// A moment as `2025-01-31T12:00:00Z`.
    Timestamp,
}

/// All saved queries of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedQueries {
    /// The newest version of each, by name.
    saved_queries: Vec<SavedQuery>,
}

/// A version of a saved query.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SavedQuery {
    /// Its name.
    name: String,
    /// Which version this is.
    version: i32,
    /// The versions that can be read and called.
    versions: Vec<i32>,
    /// The text.
    query: String,
    /// What it is for.
    description: String,
    /// Its parameters.
    parameters: Vec<Parameter>,
    /// Who saved it.
    who: String,
    /// When.
    created_at: DateTime<Utc>,
}

/// A parameter.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Parameter {
    /// Its name.
    name: String,
    /// Its type.
    #[serde(rename = "type")]
    kind: ParameterType,
    /// What it means.
    description: String,
    /// Whether a call must give it.
    required: bool,
    /// Its value where a call leaves it out, as a call would write it.
    default: Option<String>,
    /// The only values that it takes; empty: any of its type.
    #[serde(rename = "enum")]
    one_of: Vec<String>,
}

/// Which version.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct VersionParams {
    /// A version; the newest when left out.
    version: Option<i32>,
}

/// Saves a query under a name.
///
/// It is planned before it is kept. A change is a new version; the same again
/// is none.
#[utoipa::path(
    put, path = "/api/analytics/saved-queries/{name}", tag = "queries",
    params(("name" = String, Path, description = "1 to 63 of a-z, 0-9, - and _")),
    request_body = NewSavedQuery,
    responses(
        (status = 200, description = "it can be called", body = SavedQuery),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn save(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Path(name): Path<String>,
    Body(body): Body<NewSavedQuery>,
) -> Result<Json<SavedQuery>> {
    let definition = Definition::try_from(body)?;
    definition.check()?;
    // Whoever calls it may be no admin.
    let hidden = engine::session::RecordTables::Hidden;
    let session = app
        .engine
        .session_as(&caller.tenant, caller.access.clone(), hidden)
        .await?;
    let example = definition.example()?;
    session.dry_run(&example.query, &example.params).await?;
    let (saved, who) = (app.engine.saved_queries(), caller.identity.to_string());
    let version = saved.put(&caller.tenant, &name, &definition, &who).await?;
    let kept = saved.get(&caller.tenant, &name, Some(version)).await?;
    Ok(Json(kept.into()))
}

/// Lists the tenant's saved queries.
#[utoipa::path(
    get, path = "/api/analytics/saved-queries", tag = "queries",
    responses(
        (status = 200, description = "the saved queries", body = SavedQueries),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller<ToRead>,
) -> Result<Json<SavedQueries>> {
    let saved = app.engine.saved_queries().list(&caller.tenant).await?;
    Ok(Json(SavedQueries {
        saved_queries: saved.into_iter().map(SavedQuery::from).collect(),
    }))
}

/// Shows a saved query, in any of its versions.
#[utoipa::path(
    get, path = "/api/analytics/saved-queries/{name}", tag = "queries",
    params(("name" = String, Path, description = "its name"), VersionParams),
    responses(
        (status = 200, description = "the saved query", body = SavedQuery),
        (status = 404, description = "no such query or version", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller<ToRead>,
    Path(name): Path<String>,
    Params(params): Params<VersionParams>,
) -> Result<Json<SavedQuery>> {
    let saved = app.engine.saved_queries();
    let saved = saved.get(&caller.tenant, &name, params.version).await?;
    Ok(Json(saved.into()))
}

/// Removes a saved query with all its versions.
#[utoipa::path(
    delete, path = "/api/analytics/saved-queries/{name}", tag = "queries",
    params(("name" = String, Path, description = "its name")),
    responses(
        (status = 204, description = "it is removed"),
        (status = 404, description = "no such query", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Path(name): Path<String>,
) -> Result<StatusCode> {
    let saved = app.engine.saved_queries();
    saved.remove(&caller.tenant, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Calls a saved query.
///
/// Each of its parameters is given by name (`?platform=coreldove`) and bound as
/// a value of its type. The answer is that of `POST /api/analytics/sql`, written
/// as `Accept` asks.
#[utoipa::path(
    get, path = "/api/analytics/endpoints/{name}", tag = "queries",
    params(
        ("name" = String, Path, description = "the saved query's name"),
        VersionParams,
        SqlParams,
    ),
    responses(
        (status = 200, description = "the answer", content(
            (SqlAnswer = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.apache.arrow.stream"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 400, description = "a parameter that is unknown, missing or of another type",
            body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "no such query or version", body = Problem,
            content_type = "application/problem+json"),
        (status = 406, description = "no format that Accept names", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn call(
    State(app): State<App>,
    caller: Caller<ToRead>,
    Path(name): Path<String>,
    headers: HeaderMap,
    Pairs(pairs): Pairs,
) -> Result<Response> {
    let format = Format::accepted(&headers)?;
    let (version, others): (Vec<_>, Vec<_>) =
        pairs.into_iter().partition(|(name, _)| name == "version");
    let (style, given): (Vec<_>, Vec<_>) = others
        .into_iter()
        .partition(|(name, _)| name == "decimals" || name == "raw");
    let version: VersionParams = shaped(version)?;
    let style = shaped::<SqlParams>(style)?.style();
    let saved = app.engine.saved_queries();
    let saved = saved.get(&caller.tenant, &name, version.version).await?;
    let bound = saved.definition.bind(&given)?;
    let query = app.engine.running().begin(&Asked {
        tenant: &caller.tenant,
        who: &caller.identity.to_string(),
        class: Class::Endpoint,
        text: &bound.query,
    });
    let observer = query.observer();
    let work = async {
        let hidden = engine::session::RecordTables::Hidden;
        let session = app
            .engine
            .session_as(&caller.tenant, caller.access.clone(), hidden)
            .await?;
        observer.of_version(session.version());
        let form = Form { format, style };
        let answer = session.sql_as(&bound.query, &bound.params, None, &form);
        let answer = answer.await?;
        observer.answers(session.version(), answer.stats());
        encode::respond(answer, session.stamp(), format).await
    };
    Ok(watch::answer(query, work).await)
}

impl TryFrom<NewSavedQuery> for Definition {
    type Error = Problem;

    fn try_from(new: NewSavedQuery) -> Result<Self> {
        let parameters = new.parameters.into_iter().enumerate();
        let parameters = parameters.map(|(i, parameter)| parameter.declared(i));
        Ok(Self {
            query: new.query,
            description: new.description,
            parameters: parameters.collect::<Result<_>>()?,
        })
    }
}

impl NewParameter {
    fn declared(self, index: usize) -> Result<of::Parameter> {
        let text = |raw: &RawValue, at: &str| {
            scalar(raw).ok_or_else(|| {
                Problem::malformed("must be a text, a number, true or false")
                    .at(format!("parameters[{index}].{at}"))
            })
        };
        let default = self.default.as_deref().filter(|raw| raw.get() != "null");
        let default = default.map(|raw| text(raw, "default")).transpose()?;
        let one_of = self.one_of.iter().map(|raw| text(raw, "enum"));
        Ok(of::Parameter {
            name: self.name,
            kind: self.kind.into(),
            description: self.description,
            required: self.required.unwrap_or(default.is_none()),
            default,
            one_of: one_of.collect::<Result<_>>()?,
        })
    }
}

/// A value as a call would write it: numbers keep their digits.
fn scalar(raw: &RawValue) -> Option<String> {
    let text = raw.get();
    match text.as_bytes() {
        [b'"', ..] => serde_json::from_str(text).ok(),
        [b'[' | b'{' | b'n', ..] => None,
        _ => Some(text.to_owned()),
    }
}

impl From<ParameterType> for of::ParameterKind {
    fn from(kind: ParameterType) -> Self {
        match kind {
            ParameterType::Text => Self::Text,
            ParameterType::Integer => Self::Integer,
            ParameterType::Decimal => Self::Decimal,
            ParameterType::Boolean => Self::Boolean,
            ParameterType::Date => Self::Date,
            ParameterType::Timestamp => Self::Timestamp,
        }
    }
}

impl From<of::ParameterKind> for ParameterType {
    fn from(kind: of::ParameterKind) -> Self {
        match kind {
            of::ParameterKind::Text => Self::Text,
            of::ParameterKind::Integer => Self::Integer,
            of::ParameterKind::Decimal => Self::Decimal,
            of::ParameterKind::Boolean => Self::Boolean,
            of::ParameterKind::Date => Self::Date,
            of::ParameterKind::Timestamp => Self::Timestamp,
        }
    }
}

impl From<catalog::SavedQuery> for SavedQuery {
    fn from(saved: catalog::SavedQuery) -> Self {
        let parameters = saved.definition.parameters.into_iter();
        Self {
            name: saved.name,
            version: saved.version,
            versions: saved.versions,
            query: saved.definition.query,
            description: saved.definition.description,
            parameters: parameters.map(Parameter::from).collect(),
            who: saved.who,
            created_at: saved.created_at,
        }
    }
}

impl From<of::Parameter> for Parameter {
    fn from(parameter: of::Parameter) -> Self {
        Self {
            name: parameter.name,
            kind: parameter.kind.into(),
            description: parameter.description,
            required: parameter.required,
            default: parameter.default,
            one_of: parameter.one_of,
        }
    }
}
