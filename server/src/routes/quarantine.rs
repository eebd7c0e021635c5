//! Rejected points: listed, mended, sent again, dropped.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use engine::Error;
use engine::ingest::quarantine::{self as of, Cursor, Dropped, Entry, Filter, MAX_AT_ONCE};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, ToIngest, ToReadAll};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::{self, OptionalJsonText, Params};

/// Which rejected points are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// Those with this field at fault.
    field: Option<String>,
    /// Those that name this platform.
    platform: Option<String>,
    /// How many at most, up to 1,000; 100 when left out.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of rejected points.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Quarantined {
    /// The points, the newest first.
    entries: Vec<Point>,
    /// Where the next page begins; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A rejected point.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Point {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// When its body came.
    received_at: DateTime<Utc>,
    /// When it is removed.
    expires_at: DateTime<Utc>,
    /// How its body was written: `json`, `ndjson`, `csv`, `arrow` or `parquet`.
    source: String,
    /// Its position in the body, from 0.
    index: i64,
    /// The field at fault, as of the last attempt.
    field: String,
    /// What is wrong with it, as of the last attempt.
    reason: String,
    /// The point as sent; null when it was longer than 32 KiB.
    #[schema(value_type = Option<Object>)]
    point: Option<Box<RawValue>>,
    /// How often it was replayed.
    attempts: i32,
}

/// Which rejected points are replayed: those named, or all that match.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayRequest {
    /// These, at most 1,000.
    #[schema(value_type = Option<Vec<String>>)]
    ids: Option<Vec<Uuid>>,
    /// All that match, up to 1,000 at a time, the least often replayed first.
    filter: Option<ReplayFilter>,
}

/// Which rejected points match; `{}` is all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayFilter {
    /// Those with this field at fault.
    field: Option<String>,
    /// Those that name this platform.
    platform: Option<String>,
}

/// What became of replayed points.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// Points that are durable now; also those that a replay before had sent.
    accepted: u64,
    /// Points dropped because their `event_id` was seen before.
    duplicates: u64,
    /// Points that were rejected again, and stay.
    rejected: Vec<RejectedAgain>,
    /// Ids that name no rejected point of the tenant.
    #[schema(value_type = Vec<String>)]
    missing: Vec<Uuid>,
    /// The newest version that holds a replayed point, if one was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<i64>,
}

/// A point that was rejected again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RejectedAgain {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: Uuid,
    /// The field at fault.
    field: String,
    /// What is wrong with it.
    reason: String,
}

/// Lists rejected points.
///
/// Points that a body was not rejected whole for are kept for 7 days, at most
/// 10,000 and 16 MiB a tenant; the oldest make room.
#[utoipa::path(
    get, path = "/api/analytics/quarantine", tag = "quarantine",
    params(ListParams),
    responses(
        (status = 200, description = "a page of rejected points", body = Quarantined),
        (status = 400, description = "a parameter is malformed", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller<ToReadAll>,
    Params(params): Params<ListParams>,
) -> Result<Json<Quarantined>> {
    let limit = params.limit.unwrap_or(100);
    if !(1..=MAX_AT_ONCE).contains(&limit) {
        let range = format!("limit must be 1 to {MAX_AT_ONCE}");
        return Err(Problem::malformed(range).at("limit"));
    }
    let after = params.cursor.as_deref().map(cursor).transpose()?;
    let filter = Filter {
        field: params.field,
        platform: params.platform,
    };
    let ingest = app.engine.ingest();
    let entries = ingest
        .quarantined(&caller.tenant, &filter, after, limit)
        .await?;
    let full = entries.len() == limit as usize;
    let next_cursor = entries.last().filter(|_| full).map(next_cursor);
    let entries = entries.into_iter().map(Point::from).collect();
    Ok(Json(Quarantined {
        entries,
        next_cursor,
    }))
}

/// Sends a rejected point again.
///
/// Without a body it is sent as it was, else as the body says. It counts once,
/// however often it is replayed. Without `recorded_at` it counts at the time at
/// which it first came.
#[utoipa::path(
    post, path = "/api/analytics/quarantine/{id}/replay", tag = "quarantine",
    params(("id" = String, Path, description = "the rejected point")),
    request_body(content = super::data_points::DataPoint, description = "the corrected point; none: as it was"),
    responses(
        (status = 200, description = "the point is durable, or its event was known", body = Replayed),
        (status = 404, description = "no such rejected point", body = Problem,
            content_type = "application/problem+json"),
        (status = 422, description = "rejected again", body = Replayed),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn replay(
    State(app): State<App>,
    caller: Caller<ToIngest>,
    Path(id): Path<String>,
    OptionalJsonText(corrected): OptionalJsonText,
) -> Result<(StatusCode, Json<Replayed>)> {
    let id = point_id(&id)?;
    let corrected = corrected.as_ref().map(utf8).transpose()?;
    let replayed = app
        .engine
        .ingest()
        .replay(&caller.tenant, id, corrected)
        .await?;
    let mut answer = Replayed::default();
    answer.add(id, replayed);
    let status = match answer.rejected.is_empty() {
        true => StatusCode::OK,
        false => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok((status, Json(answer)))
}

/// Sends many rejected points again, as they were.
///
/// Each one is a commit of its own; what was replayed when an error is
/// answered stays replayed.
#[utoipa::path(
    post, path = "/api/analytics/quarantine/replay", tag = "quarantine",
    request_body = ReplayRequest,
    responses(
        (status = 200, description = "what became of them", body = Replayed),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn replay_many(
    State(app): State<App>,
    caller: Caller<ToIngest>,
    extract::Json(request): extract::Json<ReplayRequest>,
) -> Result<Json<Replayed>> {
    let (ingest, tenant) = (app.engine.ingest(), &caller.tenant);
    let ids = match (request.ids, request.filter) {
        (Some(ids), None) if ids.len() <= MAX_AT_ONCE as usize => ids,
        (Some(_), None) => {
            let message = format!("at most {MAX_AT_ONCE} points are replayed at once");
            return Err(Problem::malformed(message).at("ids"));
        }
        (None, Some(filter)) => {
            let filter = Filter {
                field: filter.field,
                platform: filter.platform,
            };
            ingest.quarantined_ids(tenant, &filter).await?
        }
        _ => {
            return Err(
                Problem::malformed("one of `ids` and `filter` must be given")
                    .hint("send {\"ids\": [\"…\"]}, or {\"filter\": {}} for all"),
            );
        }
    };
    let mut answer = Replayed::default();
    for id in ids {
        match ingest.replay(tenant, id, None).await {
            Ok(replayed) => answer.add(id, replayed),
            Err(Error::NotFound { .. }) => answer.missing.push(id),
            Err(Error::Invalid { message, at, .. }) => answer.rejected.push(RejectedAgain {
                id,
                field: at.unwrap_or_default(),
                reason: message,
            }),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Json(answer))
}

/// Drops a rejected point.
#[utoipa::path(
    delete, path = "/api/analytics/quarantine/{id}", tag = "quarantine",
    params(("id" = String, Path, description = "the rejected point")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 404, description = "no such rejected point", body = Problem,
            content_type = "application/problem+json"),
        (status = 409, description = "it is being replayed", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn remove(
    State(app): State<App>,
    caller: Caller<ToIngest>,
    Path(id): Path<String>,
) -> Result<StatusCode> {
    let id = point_id(&id)?;
    let ingest = app.engine.ingest();
    match ingest.drop_quarantined(&caller.tenant, id).await? {
        Dropped::Done => Ok(StatusCode::NO_CONTENT),
        Dropped::Missing => Err(of::not_quarantined(id).into()),
        Dropped::Replaying => Err(Problem::conflict("the rejected point is being replayed")
            .at("id")
            .hint("try again in some minutes")),
    }
}

impl Replayed {
    fn add(&mut self, id: Uuid, replayed: of::Replayed) {
        match replayed {
            of::Replayed::Accepted(version) => {
                self.accepted += 1;
                self.version = self.version.max(Some(version));
            }
            of::Replayed::Duplicate => self.duplicates += 1,
            of::Replayed::Rejected(fault) => self.rejected.push(RejectedAgain {
                id,
                field: fault.field,
                reason: fault.reason,
            }),
        }
    }
}

impl From<Entry> for Point {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            received_at: entry.received_at,
            expires_at: entry.expires_at,
            source: entry.source,
            index: entry.index,
            field: entry.field,
            reason: entry.reason,
            point: entry
                .point
                .and_then(|text| RawValue::from_string(text).ok()),
            attempts: entry.attempts,
        }
    }
}

/// What is no id names no point: the same answer as for a missing one.
fn point_id(text: &str) -> Result<Uuid> {
    text.parse().map_err(|_| {
        let shown: String = text.chars().take(64).collect();
        Error::NotFound {
            what: format!("rejected point {shown:?}"),
        }
        .into()
    })
}

fn utf8(body: &Bytes) -> Result<&str> {
    std::str::from_utf8(body).map_err(|_| {
        Problem::malformed("the body is not UTF-8 text")
            .at("body")
            .hint("encode it as UTF-8")
    })
}

fn next_cursor(last: &Entry) -> String {
    format!("{}_{}", last.received_at.timestamp_micros(), last.id)
}

fn cursor(text: &str) -> Result<Cursor> {
    let parts = text.split_once('_').and_then(|(us, id)| {
        Some(Cursor {
            received_at: DateTime::from_timestamp_micros(us.parse().ok()?)?,
            id: id.parse().ok()?,
        })
    });
    parts.ok_or_else(|| {
        Problem::malformed("the cursor is none that was given out")
            .at("cursor")
            .hint("send `next_cursor` of the page before, or no cursor")
    })
}
