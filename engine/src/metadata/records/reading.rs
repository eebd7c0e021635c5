//! Records read back, the newest first: a tenant's, or all for the operator.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::TenantId;
use uuid::Uuid;

use super::super::tenant_tx::TenantTx;
use super::super::{blame, upkeep};
use super::{AuditRecord, QueryRecord, Records, audit, queries};
use crate::error::{Error, Result};

/// Which records.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this tenant; `None`: of all, for the operator only.
    pub tenant: Option<TenantId>,
    /// By this caller.
    pub who: Option<String>,
    /// Queries with this verdict, or changes of this action.
    pub outcome: Option<String>,
    /// From this moment on.
    pub since: Option<DateTime<Utc>>,
    /// Before this moment.
    pub until: Option<DateTime<Utc>>,
    /// Behind this record.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

/// A place in a list of records, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    at: DateTime<Utc>,
    id: Uuid,
}

impl Cursor {
    /// The place behind a query.
    pub fn behind_query(record: &QueryRecord) -> Self {
        Self {
            at: record.started_at,
            id: record.query_id,
        }
    }

    /// The place behind a change.
    pub fn behind_change(record: &AuditRecord) -> Self {
        Self {
            at: record.at,
            id: record.entry_id,
        }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.id.simple())
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parsed = text.split_once('.').and_then(|(micros, id)| {
            let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
            let id = Uuid::try_parse(id).ok()?;
            Some(Self { at, id })
        });
        parsed.ok_or_else(|| Error::invalid("is not a cursor of this list", "cursor"))
    }
}

impl Records {
    /// Queries that ended; written up to some seconds after that.
    pub async fn queries(&self, filter: &Filter) -> Result<Vec<QueryRecord>> {
        query_entries(self.pool(), filter).await
    }

    /// Changes and refusals. Without a tenant also those that are no tenant's.
    pub async fn changes(&self, filter: &Filter) -> Result<Vec<AuditRecord>> {
        audit_entries(self.pool(), filter).await
    }
}

pub(crate) async fn query_entries(pool: &PgPool, filter: &Filter) -> Result<Vec<QueryRecord>> {
    let rows = read(
        pool,
        filter,
        "SELECT * FROM analytics.query_log
         WHERE ($1::text IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR who = $2)
           AND ($3::text IS NULL OR verdict = $3)
           AND ($4::timestamptz IS NULL OR started_at >= $4)
           AND ($5::timestamptz IS NULL OR started_at < $5)
           AND ($6::timestamptz IS NULL OR (started_at, query_id) < ($6, $7))
         ORDER BY started_at DESC, query_id DESC LIMIT $8",
    )
    .await?;
    rows.iter().map(queries::record).collect()
}

pub(crate) async fn audit_entries(pool: &PgPool, filter: &Filter) -> Result<Vec<AuditRecord>> {
    let query = match filter.tenant {
        Some(_) => {
            "SELECT * FROM analytics.audit_log
             WHERE tenant_id = $1 AND ($2::text IS NULL OR who = $2)
               AND ($3::text IS NULL OR action = $3)
               AND ($4::timestamptz IS NULL OR at >= $4)
               AND ($5::timestamptz IS NULL OR at < $5)
               AND ($6::timestamptz IS NULL OR (at, entry_id) < ($6, $7))
             ORDER BY at DESC, entry_id DESC LIMIT $8"
        }
        None => {
            "SELECT * FROM (
                 SELECT tenant_id, entry_id, at, who, action, target, times, detail
                 FROM analytics.audit_log
                 UNION ALL
                 SELECT NULL, entry_id, at, who, action, target, times, detail
                 FROM analytics.operator_audit) entries
             WHERE ($1::text IS NULL OR tenant_id = $1) AND ($2::text IS NULL OR who = $2)
               AND ($3::text IS NULL OR action = $3)
               AND ($4::timestamptz IS NULL OR at >= $4)
               AND ($5::timestamptz IS NULL OR at < $5)
               AND ($6::timestamptz IS NULL OR (at, entry_id) < ($6, $7))
             ORDER BY at DESC, entry_id DESC LIMIT $8"
        }
    };
    let rows = read(pool, filter, query).await?;
    rows.iter().map(audit::record).collect()
}

/// A tenant's records are read as the tenant, all of them as maintenance.
async fn read(pool: &PgPool, filter: &Filter, query: &'static str) -> Result<Vec<PgRow>> {
    let bound = sqlx::query(query)
        .bind(filter.tenant.as_ref().map(TenantId::as_str))
        .bind(filter.who.as_deref())
        .bind(filter.outcome.as_deref())
        .bind(filter.since)
        .bind(filter.until)
        .bind(filter.after.map(|after| after.at))
        .bind(filter.after.map(|after| after.id))
        .bind(i64::from(filter.limit));
    let rows = match &filter.tenant {
        Some(tenant) => {
            let mut tx = TenantTx::begin(pool, tenant).await?;
            bound.fetch_all(&mut *tx).await
        }
        None => {
            let mut tx = upkeep::look(pool).await?;
            bound.fetch_all(&mut *tx).await
        }
    };
    rows.map_err(blame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_as_it_was_written() {
        let cursor = Cursor {
            at: DateTime::from_timestamp_micros(1_769_904_000_123_456).expect("a time"),
            id: Uuid::now_v7(),
        };
        assert_eq!(
            cursor.to_string().parse::<Cursor>().expect("a cursor"),
            cursor
        );
        for bad in ["", ".", "1.", "x.0195a1b2", "1"] {
            assert!(bad.parse::<Cursor>().is_err(), "{bad}");
        }
    }
}
