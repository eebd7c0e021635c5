//! What a query needs beside objects: rows and roll-ups that the catalog keeps.
//!
//! In the process that holds the catalog [`CatalogSupplier`] asks it; a worker
//! has no catalog and asks its parent.

use arrow::array::RecordBatch;
use async_trait::async_trait;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPool;
use storage_layout::{FileId, TenantId};

use super::partials::Sourced;
use super::{record_tables, system_tables};
use crate::error::Result;
use crate::metadata::catalog;

/// A table that is made of the catalog's rows, whole, when it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CatalogTable {
    /// What the tenant used, by UTC day.
    Usage,
    /// Queries that ended.
    QueryLog,
    /// Changes and refusals.
    AuditLog,
}

/// One tenant's part of the catalog, as far as queries read it.
#[async_trait]
pub(crate) trait Supplier: std::fmt::Debug + Send + Sync {
    /// Bytes of inline files by id; ids that are gone are left out.
    async fn payloads(&self, files: &[FileId]) -> Result<Vec<(FileId, Bytes)>>;

    /// Bytes of roll-ups that the catalog keeps by file id.
    async fn rollups(&self, files: &[FileId]) -> Result<Vec<(FileId, Bytes)>>;

    /// A table's rows.
    async fn table(&self, table: CatalogTable) -> Result<RecordBatch>;

    /// Merged partials of the files that touch the local days `[from, to)` in
    /// the tenant's own zone, from somebody who remembers them; `None`: make
    /// them of the files.
    async fn merged(&self, from_day: i32, to_day: i32) -> Result<Option<Sourced>>;
}

/// Asks the catalog.
#[derive(Debug)]
pub(crate) struct CatalogSupplier {
    pub(crate) pool: PgPool,
    pub(crate) tenant: TenantId,
}

#[async_trait]
impl Supplier for CatalogSupplier {
    async fn payloads(&self, files: &[FileId]) -> Result<Vec<(FileId, Bytes)>> {
        catalog::payloads(&self.pool, &self.tenant, files).await
    }

    async fn rollups(&self, files: &[FileId]) -> Result<Vec<(FileId, Bytes)>> {
        catalog::rollups(&self.pool, &self.tenant, files).await
    }

    async fn table(&self, table: CatalogTable) -> Result<RecordBatch> {
        match table {
            CatalogTable::Usage => system_tables::usage(&self.pool, &self.tenant).await,
            CatalogTable::QueryLog => record_tables::query_log(&self.pool, &self.tenant).await,
            CatalogTable::AuditLog => record_tables::audit_log(&self.pool, &self.tenant).await,
        }
    }

    async fn merged(&self, _from_day: i32, _to_day: i32) -> Result<Option<Sourced>> {
        Ok(None)
    }
}
