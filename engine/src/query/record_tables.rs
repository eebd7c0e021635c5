//! `query_log` and `audit_log`: a tenant's records as tables, for its admin.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringViewArray, TimestampMicrosecondArray};
use chrono::{DateTime, Utc};
use datafusion::catalog::TableProvider;
use datafusion::error::{DataFusionError, Result};

use super::scope::Scope;
use super::system_tables::{table, tenant};
use crate::metadata::records::{self, AuditRecord, Filter, QueryRecord};

/// The newest records that a query sees.
const RECORDS: u32 = 100_000;

/// `query_log`: the queries that ended, of 30 days.
pub(crate) async fn query_log(scope: &Scope) -> Result<Arc<dyn TableProvider>> {
    let records = records::query_entries(&scope.pool, &newest(scope)).await;
    let records = records.map_err(away)?;
    let text = |of: fn(&QueryRecord) -> &str| texts(&records, of);
    let number = |of: fn(&QueryRecord) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(records.iter().map(of)))
    };
    let versions = records.iter().map(|r| r.version);
    let problems = records.iter().map(|r| r.problem.as_deref());
    let ids = records.iter().map(|r| r.query_id.to_string());
    table(vec![
        ("tenant_id", tenant(scope, records.len())),
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
pub(crate) async fn audit_log(scope: &Scope) -> Result<Arc<dyn TableProvider>> {
    let records = records::audit_entries(&scope.pool, &newest(scope)).await;
    let records = records.map_err(away)?;
    let times_seen = records.iter().map(|r| r.times);
    let details = records.iter().map(|r| r.detail.to_string());
    let ids = records.iter().map(|r| r.entry_id.to_string());
    table(vec![
        ("tenant_id", tenant(scope, records.len())),
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

fn newest(scope: &Scope) -> Filter {
    Filter {
        tenant: Some(scope.tenant().clone()),
        limit: RECORDS,
        ..Filter::default()
    }
}

fn away(error: crate::Error) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

fn texts<R>(records: &[R], of: fn(&R) -> &str) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(records.iter().map(of)))
}

fn times<R>(records: &[R], of: fn(&R) -> DateTime<Utc>) -> ArrayRef {
    let micros = records.iter().map(|r| of(r).timestamp_micros());
    Arc::new(TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC"))
}
