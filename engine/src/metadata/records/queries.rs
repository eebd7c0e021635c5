//! The record of one query.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use storage_layout::TenantId;
use uuid::Uuid;

use super::super::blame;
use super::super::tenant_tx::TenantTx;
use crate::error::Result;

/// How a query ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// All rows were sent.
    Finished,
    /// A limit cut the rows.
    Truncated,
    /// It failed.
    Failed,
    /// It was cancelled, or its reader went away.
    Cancelled,
    /// It reached its deadline.
    TimedOut,
    /// A limit or a lack of rights kept it from running.
    Refused,
}

impl Verdict {
    /// The verdict of a query that ended with an error of this kind, see
    /// [`crate::Error::kind`].
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "cancelled" => Self::Cancelled,
            "timeout" | "deadline" => Self::TimedOut,
            "limit" | "forbidden" | "unauthorized" => Self::Refused,
            "truncated" => Self::Truncated,
            _ => Self::Failed,
        }
    }

    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Truncated => "truncated",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::Refused => "refused",
        }
    }
}

/// What is recorded of a query. Its literals and parameters are nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QueryRecord {
    /// Whose.
    pub tenant_id: TenantId,
    /// Its id.
    pub query_id: Uuid,
    /// When it was asked.
    pub started_at: DateTime<Utc>,
    /// By whom, such as `key 0195…`.
    pub who: String,
    /// `sql`, `dashboard`, `export`, `job` or `endpoint`.
    pub class: String,
    /// The text without its literals.
    pub text: String,
    /// A hash of that text: queries that differ in values only share it.
    pub shape: String,
    /// The tenant's version that it read; `None`: it came to none.
    pub version: Option<i64>,
    /// How long it waited to begin.
    pub queued_ms: i64,
    /// How long it took in all, the sending included.
    pub ran_ms: i64,
    /// Rows of the answer.
    pub rows: i64,
    /// Bytes of the answer as sent.
    pub bytes_sent: i64,
    /// Data files that it read.
    pub files: i64,
    /// Rows in them.
    pub rows_scanned: i64,
    /// Bytes fetched from the store.
    pub bytes_scanned: i64,
    /// `finished`, `truncated`, `failed`, `cancelled`, `timed_out`, `refused`.
    pub verdict: String,
    /// The last word of the problem's type, where there was one.
    pub problem: Option<String>,
}

pub(super) fn record(row: &PgRow) -> Result<QueryRecord> {
    Ok(QueryRecord {
        tenant_id: TenantId::new(row.get("tenant_id")).map_err(crate::Error::internal)?,
        query_id: row.get("query_id"),
        started_at: row.get("started_at"),
        who: row.get("who"),
        class: row.get("class"),
        text: row.get("text"),
        shape: row.get("shape"),
        version: row.get("version"),
        queued_ms: row.get("queued_ms"),
        ran_ms: row.get("ran_ms"),
        rows: row.get("rows"),
        bytes_sent: row.get("bytes_sent"),
        files: row.get("files"),
        rows_scanned: row.get("rows_scanned"),
        bytes_scanned: row.get("bytes_scanned"),
        verdict: row.get("verdict"),
        problem: row.get("problem"),
    })
}

/// Writes records of one tenant with one statement.
pub(super) async fn insert(
    tx: &mut TenantTx,
    tenant: &TenantId,
    records: &serde_json::Value,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO analytics.query_log
         SELECT t.tenant_id, r.query_id, r.started_at, r.who, r.class, r.text, r.shape, r.version,
                r.queued_ms, r.ran_ms, r.rows, r.bytes_sent, r.files, r.rows_scanned,
                r.bytes_scanned, r.verdict, r.problem
         FROM analytics.tenant t CROSS JOIN jsonb_to_recordset($2) AS r (
             query_id uuid, started_at timestamptz, who text, class text, text text, shape text,
             version bigint, queued_ms bigint, ran_ms bigint, rows bigint, bytes_sent bigint,
             files bigint, rows_scanned bigint, bytes_scanned bigint, verdict text, problem text)
         WHERE t.tenant_id = $1
         ON CONFLICT DO NOTHING",
    )
    .bind(tenant.as_str())
    .bind(records)
    .execute(&mut **tx)
    .await
    .map(drop)
    .map_err(blame)
}
