//! Points that must go, and the receipts of those that went.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use engine::metadata::erasures::{self, Subject};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::App;
use crate::auth::{Caller, ToAdmin};
use crate::error::{BodyRefused, KeyRefused, Problem, Result};
use crate::extract::Json;

/// How long a request waits for its erasure, which goes on without it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What to erase: the points with one value of a dimension, or all.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErasureRequest {
    /// The dimension's key.
    #[schema(example = "customer_id")]
    dimension: Option<String>,
    /// Its value: a text, a number in any form, true or false.
    #[schema(value_type = Option<String>)]
    value: Option<Value>,
    /// Erase all points of the tenant.
    #[serde(default)]
    tenant: bool,
    /// The tenant's id, to say that all is meant.
    confirm: Option<String>,
}

/// All erasures of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Erasures {
    /// The oldest first.
    erasures: Vec<Erasure>,
}

/// An erasure; the value that was named is nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Erasure {
    /// Its id.
    #[schema(value_type = String)]
    id: Uuid,
    /// The dimension's key; null: all points of the tenant.
    dimension: Option<String>,
    /// Hexadecimal SHA-256 of a salt and the value.
    subject_hash: Option<String>,
    /// When it was asked for.
    requested_at: DateTime<Utc>,
    /// Whether it is done.
    state: Progress,
    /// When it was done.
    finished_at: Option<DateTime<Utc>>,
    /// What was done; null: it is still being done.
    receipt: Option<Receipt>,
}

/// How far an erasure is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Progress {
    /// It is noted, and is being carried out or tried again.
    Pending,
    /// It is done.
    Done,
}

/// What an erasure did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// Points that are gone.
    rows: u64,
    /// Files that held them and were replaced or dropped.
    files_replaced: u64,
    /// Files that hold what is left of those.
    files_added: u64,
    /// Objects that were deleted from the store.
    objects_deleted: u64,
    /// Files that an earlier query or export might still have been reading.
    readers_cancelled_files: u64,
    /// Quarantined points that are gone.
    quarantined: u64,
    /// Event ids that were forgotten.
    event_ids: u64,
    /// Stored answers to idempotency keys that were forgotten.
    stored_answers: u64,
    /// Imported chunks that were forgotten.
    import_chunks: u64,
    /// The tenant's version before.
    version_before: i64,
    /// The tenant's version at which none of them was left; later points are
    /// not meant.
    version_after: i64,
}

/// Erases points of the tenant, with a receipt.
///
/// Give `dimension` and `value`, or `"tenant": true` with the tenant's id in
/// `confirm`. Queries and exports that began before may fail. What takes longer
/// than 20 seconds is answered with 202 and carried out all the same.
#[utoipa::path(
    post, path = "/api/analytics/erasures", tag = "keep",
    request_body = ErasureRequest,
    responses(
        (status = 200, description = "the erasure with its receipt", body = Erasure),
        (status = 202, description = "noted; it is being carried out, see the list", body = Erasure),
        BodyRefused,
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
    Json(body): Json<ErasureRequest>,
) -> Result<(StatusCode, axum::Json<Erasure>)> {
    let subject = body.subject(caller.tenant.as_str())?;
    let upkeep = app.engine.upkeep();
    let erasure = upkeep
        .erase_within(&caller.tenant, subject, PATIENCE)
        .await?;
    let status = match erasure.receipt {
        Some(_) => StatusCode::OK,
        None => StatusCode::ACCEPTED,
    };
    Ok((status, axum::Json(erasure.into())))
}

/// Lists the tenant's erasures.
#[utoipa::path(
    get, path = "/api/analytics/erasures", tag = "keep",
    responses(
        (status = 200, description = "the erasures", body = Erasures),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller<ToAdmin>,
) -> Result<axum::Json<Erasures>> {
    let erasures = app.engine.upkeep().erasures(&caller.tenant).await?;
    Ok(axum::Json(Erasures {
        erasures: erasures.into_iter().map(Erasure::from).collect(),
    }))
}

impl ErasureRequest {
    /// What is meant; all must be said twice.
    fn subject(&self, tenant: &str) -> Result<Option<Subject>> {
        match (&self.dimension, &self.value, self.tenant, &self.confirm) {
            (Some(dimension), Some(value), false, None) => {
                let subject = Subject::new(dimension, &text(value)?)?;
                Ok(Some(subject))
            }
            (None, None, true, Some(confirm)) if confirm == tenant => Ok(None),
            (None, None, true, _) => Err(Problem::malformed(
                "erasing the whole tenant must be confirmed with its id",
            )
            .at("confirm")
            .hint("send the tenant's id in `confirm`")),
            _ => Err(Problem::malformed("it is not said what to erase").hint(
                "send `dimension` and `value`, or `\"tenant\": true` and the tenant's id in `confirm`",
            )),
        }
    }
}

/// The value as `dimensions->>'key'` gives it.
fn text(value: &Value) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(is) => Ok(is.to_string()),
        Value::Number(number) => {
            let parsed = storage_layout::Value::parse(&number.to_string());
            let parsed =
                parsed.map_err(|error| Problem::malformed(error.to_string()).at("value"))?;
            Ok(parsed.value.to_string())
        }
        _ => Err(Problem::malformed("must be a text, a number, true or false").at("value")),
    }
}

impl From<erasures::Erasure> for Erasure {
    fn from(erasure: erasures::Erasure) -> Self {
        let subject = erasure.subject.as_ref();
        Self {
            id: erasure.id,
            dimension: subject.map(|subject| subject.dimension.clone()),
            subject_hash: subject.map(Subject::hash_text),
            requested_at: erasure.requested_at,
            state: match erasure.receipt {
                Some(_) => Progress::Done,
                None => Progress::Pending,
            },
            finished_at: erasure.finished_at,
            receipt: erasure.receipt.map(Receipt::from),
        }
    }
}

impl From<erasures::Receipt> for Receipt {
    fn from(receipt: erasures::Receipt) -> Self {
        Self {
            rows: receipt.rows,
            files_replaced: receipt.files_replaced,
            files_added: receipt.files_added,
            objects_deleted: receipt.objects_deleted,
            readers_cancelled_files: receipt.readers_cancelled_files,
            quarantined: receipt.quarantined,
            event_ids: receipt.event_ids,
            stored_answers: receipt.stored_answers,
            import_chunks: receipt.import_chunks,
            version_before: receipt.version_before,
            version_after: receipt.version_after,
        }
    }
}
