//! The read half of the catalog: a tenant's live files at one version.
//!
//! A snapshot is taken in one REPEATABLE READ transaction, which is over
//! before the first file is opened.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::postgres::{PgPool, PgRow};
use storage_layout::data_file::FileStatistics;
use storage_layout::rollup::RollupDefinition;
use storage_layout::{
    DimensionColumn, DimensionRegistry, FileId, MetricDefinition, MetricKey, MetricKind, Sketches,
    TenantId, Window, WindowUnit,
};
use uuid::Uuid;

use super::tenant_tx::TenantTx;
use super::tenants::{Plan, Tenant};
use super::{blame, owed};
use crate::error::{Error, Result};

/// Where a live file's rows are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileStorage {
    /// In the catalog, see [`payloads`].
    Inline,
    /// In the object store.
    Object {
        /// The object's key.
        key: String,
        /// The window its rows lie in.
        window: Window,
        /// Length of its footer, bytes.
        footer_bytes: u32,
    },
}

/// A live file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DataFile {
    /// Its id; what is stored under it never changes.
    pub id: FileId,
    /// Where its rows are.
    pub storage: FileStorage,
    /// Size of the encoded rows.
    pub bytes: u64,
    /// SHA-256 of the encoded rows.
    pub sha256: Vec<u8>,
    /// What planning needs.
    pub statistics: FileStatistics,
    /// Key of the partials' object, where they have one.
    pub rollup_key: Option<String>,
    /// Key of the object with quarter hours and sketches, where they are not
    /// behind the partials.
    pub detail_key: Option<String>,
    /// The zone that stored partials are for; `None`: nothing is stored.
    #[serde(with = "super::zone_name::optional")]
    pub rollup_zone: Option<chrono_tz::Tz>,
    /// The version of the commit that added it.
    pub added_version: i64,
}

/// A tenant's data at one version: everything that planning needs.
#[derive(Debug, Serialize, Deserialize)]
pub struct Snapshot {
    /// The tenant.
    pub tenant: Tenant,
    /// Its plan's limits.
    pub plan: Plan,
    /// How wide its windows are.
    pub window_unit: WindowUnit,
    /// The tenant's version.
    pub version: i64,
    /// The live files, in the order of their commits.
    pub files: Vec<DataFile>,
    /// The dimension columns.
    pub registry: Arc<DimensionRegistry>,
    /// The metric definitions.
    pub metrics: Vec<MetricDefinition>,
    /// Whether it may not be shown: what was erased before a restore is in it
    /// still, or may be.
    pub withheld: bool,
}

impl Snapshot {
    /// A metric's definition by its key.
    pub fn definitions(&self) -> HashMap<&MetricKey, &MetricDefinition> {
        self.metrics
            .iter()
            .map(|definition| (&definition.key, definition))
            .collect()
    }

    /// What roll-ups must know of each metric; one that nobody registered is a
    /// sum.
    pub(crate) fn rollup_definitions(&self) -> impl Fn(&MetricKey) -> RollupDefinition + Sync {
        let known = self.definitions();
        move |key| match known.get(key) {
            Some(d) => RollupDefinition {
                version: d.version,
                kind: d.kind.clone(),
                sketches: d.sketches.clone(),
            },
            None => RollupDefinition::first(MetricKind::Sum),
        }
    }
}

/// Takes a snapshot. Errors: `NotFound` for an unknown tenant.
pub async fn snapshot(pool: &PgPool, tenant: &TenantId) -> Result<Snapshot> {
    let mut tx = TenantTx::snapshot(pool, tenant).await?;
    let head = read_head(&mut tx, tenant).await?;
    let files = sqlx::query(
        "SELECT file_id, object_key, window_name, bytes, footer_bytes, sha256, statistics, rollup_key, detail_key,
                CASE WHEN rollup IS NULL AND rollup_key IS NULL THEN NULL ELSE rollup_zone END AS rollup_zone,
                added_version
         FROM analytics.data_file WHERE tenant_id = $1 AND removed_version IS NULL
         ORDER BY added_version, file_id",
    )
    .bind(tenant.as_str())
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    Ok(Snapshot {
        files: files.iter().map(data_file).collect::<Result<_>>()?,
        ..head
    })
}

/// A snapshot without its files: what a writer needs.
pub(crate) async fn head(pool: &PgPool, tenant: &TenantId) -> Result<Snapshot> {
    let mut tx = TenantTx::snapshot(pool, tenant).await?;
    read_head(&mut tx, tenant).await
}

async fn read_head(tx: &mut TenantTx, tenant: &TenantId) -> Result<Snapshot> {
    let head = sqlx::query(
        "SELECT t.time_zone, t.window_unit, v.version, v.registry_version,
                v.registry_overflowed, l.*,
                EXISTS (SELECT FROM analytics.job j WHERE j.tenant_id = t.tenant_id
                    AND j.kind = $2 AND j.state IN ('waiting', 'running')) AS withheld
         FROM analytics.tenant t JOIN analytics.tenant_version v USING (tenant_id)
         JOIN analytics.tenant_limits l USING (tenant_id) WHERE t.tenant_id = $1",
    )
    .bind(tenant.as_str())
    .bind(owed::JOB)
    .fetch_optional(&mut **tx)
    .await
    .map_err(blame)?
    .ok_or_else(|| Error::NotFound {
        what: format!("tenant {tenant}"),
    })?;
    let columns = sqlx::query(
        "SELECT key, column_name, partial FROM analytics.dimension_key WHERE tenant_id = $1",
    )
    .bind(tenant.as_str())
    .fetch_all(&mut **tx)
    .await
    .map_err(blame)?;
    let metrics = sqlx::query(
        "SELECT platform, metric_type, metric_name, definition, assumed, version
         FROM analytics.metric WHERE tenant_id = $1 ORDER BY 1, 2, 3",
    )
    .bind(tenant.as_str())
    .fetch_all(&mut **tx)
    .await
    .map_err(blame)?;
    let columns = columns.iter().map(dimension).collect();
    let unit: String = head.get("window_unit");
    Ok(Snapshot {
        tenant: Tenant::from_row(&head)?,
        plan: Plan::from_row(&head),
        window_unit: serde_json::from_value(unit.into()).map_err(Error::internal)?,
        version: head.get("version"),
        files: Vec::new(),
        registry: Arc::new(DimensionRegistry::new(
            head.get("registry_version"),
            head.get("registry_overflowed"),
            columns,
        )),
        metrics: metrics.iter().map(metric).collect::<Result<_>>()?,
        withheld: head.get("withheld"),
    })
}

/// Bytes of inline files (`payload`) by id; ids that are gone are left out.
pub async fn payloads(
    pool: &PgPool,
    tenant: &TenantId,
    files: &[FileId],
) -> Result<Vec<(FileId, Bytes)>> {
    fetch(
        pool,
        tenant,
        files,
        "SELECT file_id, payload FROM analytics.data_file
        WHERE tenant_id = $1 AND file_id = ANY ($2) AND payload IS NOT NULL",
    )
    .await
}

/// Bytes of partials that are kept in the catalog, by file id.
pub async fn rollups(
    pool: &PgPool,
    tenant: &TenantId,
    files: &[FileId],
) -> Result<Vec<(FileId, Bytes)>> {
    fetch(
        pool,
        tenant,
        files,
        "SELECT file_id, rollup FROM analytics.data_file
        WHERE tenant_id = $1 AND file_id = ANY ($2) AND rollup IS NOT NULL",
    )
    .await
}

async fn fetch(
    pool: &PgPool,
    tenant: &TenantId,
    files: &[FileId],
    query: &'static str,
) -> Result<Vec<(FileId, Bytes)>> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let rows = sqlx::query(query)
        .bind(tenant.as_str())
        .bind(files.iter().map(|f| f.0).collect::<Vec<Uuid>>())
        .fetch_all(&mut *tx)
        .await
        .map_err(blame)?;
    Ok(rows
        .iter()
        .map(|row| (FileId(row.get(0)), row.get::<Vec<u8>, _>(1).into()))
        .collect())
}

fn data_file(row: &PgRow) -> Result<DataFile> {
    let statistics: serde_json::Value = row.get("statistics");
    let zone: Option<String> = row.get("rollup_zone");
    let storage = match row.get::<Option<String>, _>("object_key") {
        None => FileStorage::Inline,
        Some(key) => FileStorage::Object {
            key,
            window: row
                .get::<String, _>("window_name")
                .parse()
                .map_err(Error::internal)?,
            footer_bytes: u32::try_from(row.get::<i32, _>("footer_bytes")).unwrap_or(0),
        },
    };
    Ok(DataFile {
        id: FileId(row.get("file_id")),
        storage,
        bytes: u64::try_from(row.get::<i64, _>("bytes")).unwrap_or(0),
        sha256: row.get("sha256"),
        statistics: serde_json::from_value(statistics).map_err(Error::internal)?,
        rollup_key: row.get("rollup_key"),
        detail_key: row.get("detail_key"),
        rollup_zone: zone
            .map(|z| z.parse())
            .transpose()
            .map_err(|e| Error::internal(format!("{e}")))?,
        added_version: row.get("added_version"),
    })
}

fn dimension(row: &PgRow) -> DimensionColumn {
    DimensionColumn {
        key: row.get::<String, _>("key").into(),
        column: row.get::<String, _>("column_name").into(),
        partial: row.get("partial"),
    }
}

fn metric(row: &PgRow) -> Result<MetricDefinition> {
    let text = |name: &str| Arc::<str>::from(row.get::<String, _>(name));
    let definition: serde_json::Value = row.get("definition");
    Ok(MetricDefinition {
        key: MetricKey {
            platform: text("platform"),
            metric_type: text("metric_type"),
            metric_name: text("metric_name"),
        },
        kind: serde_json::from_value(definition.clone()).map_err(Error::internal)?,
        sketches: match definition.get("sketches") {
            Some(sketches) => serde_json::from_value(sketches.clone()).map_err(Error::internal)?,
            None => Sketches::default(),
        },
        assumed: row.get("assumed"),
        version: row.get("version"),
    })
}
