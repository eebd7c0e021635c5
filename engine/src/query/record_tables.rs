//! `query_log` and `audit_log`: a tenant's records as tables, for its admin.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray};
use chrono::{DateTime, Utc};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use super::system_tables::tenant;
use crate::error::{Error, Result};
use crate::metadata::records::{self, AuditRecord, Filter, QueryRecord};

/// The newest records that a query sees.
const RECORDS: u32 = 100_000;

/// `query_log`: the queries that ended, of 30 days.
pub(crate) async fn query_log(pool: &PgPool, of: &TenantId) -> Result<RecordBatch> {
    let records = records::query_entries(pool, &newest(of)).await?;
    let text = |of: fn(&QueryRecord) -> &str| texts(&records, of);
    let number = |of: fn(&QueryRecord) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(records.iter().map(of)))
    };
    let versions = records.iter().map(|r| r.version);
    let problems = records.iter().map(|r| r.problem.as_deref());
    let ids = records.iter().map(|r| r.query_id.to_string());
    rows(vec![
        ("tenant_id", tenant(of, records.len())),
        ("query_id", Arc::new(StringViewArray::from_iter_values(ids))),
        ("started_at", times(&records, |r| r.started_at)),
        ("who", text(|r| &r.who)),
        ("class", text(|r| &r.class)),
        ("text", text(|r| &r.text)),
        ("shape", text(|r| &r.shape)),
        ("version", Arc::new(versions.collect::<Int64Array>())),
        ("queued_ms", number(|r| r.queued_ms)),
        ("ran_ms", number(|r| r.ran_ms)),
        ("rows", number(|r| r.rows)),
        ("bytes_sent", number(|r| r.bytes_sent)),
        ("files", number(|r| r.files)),
        ("rows_scanned", number(|r| r.rows_scanned)),
        ("bytes_scanned", number(|r| r.bytes_scanned)),
        ("verdict", text(|r| &r.verdict)),
        ("problem", Arc::new(problems.collect::<StringViewArray>())),
    ])
}

/// `audit_log`: changes and refusals, of 400 days.
pub(crate) async fn audit_log(pool: &PgPool, of: &TenantId) -> Result<RecordBatch> {
    let records = records::audit_entries(pool, &newest(of)).await?;
    let times_seen = records.iter().map(|r| r.times);
    let details = records.iter().map(|r| r.detail.to_string());
    let ids = records.iter().map(|r| r.entry_id.to_string());
    rows(vec![
        ("tenant_id", tenant(of, records.len())),
        ("entry_id", Arc::new(StringViewArray::from_iter_values(ids))),
        ("at", times(&records, |r| r.at)),
        ("who", texts(&records, |r: &AuditRecord| &r.who)),
        ("action", texts(&records, |r: &AuditRecord| &r.action)),
        ("target", texts(&records, |r: &AuditRecord| &r.target)),
        ("times", Arc::new(Int64Array::from_iter_values(times_seen))),
        (
            "detail",
            Arc::new(StringViewArray::from_iter_values(details)),
        ),
    ])
}

fn newest(of: &TenantId) -> Filter {
    Filter {
        tenant: Some(of.clone()),
        limit: RECORDS,
        ..Filter::default()
    }
}

fn rows(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    RecordBatch::try_from_iter(columns).map_err(Error::internal)
}

fn texts<R>(records: &[R], of: fn(&R) -> &str) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(records.iter().map(of)))
}

fn times<R>(records: &[R], of: fn(&R) -> DateTime<Utc>) -> ArrayRef {
    let micros = records.iter().map(|r| of(r).timestamp_micros());
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}
