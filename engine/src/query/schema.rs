//! A tenant's catalog for the planner: schema `analytics` and nothing else.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::error::{DataFusionError, Result};

use super::rollup_table::{Period, RollupTable};
use super::scope::{AnswerStats, RecordTables, Scope};
use super::sketch_table::SketchTable;
use super::supplier::CatalogTable;
use super::system_tables;
use super::table::PointsTable;

/// The catalog's name in a plan.
pub(crate) const CATALOG: &str = "tessera";
/// The schema that a bare table name means.
pub(crate) const SCHEMA: &str = "analytics";

/// Those that only an admin of the tenant has.
const RECORD_TABLES: [&str; 2] = ["query_log", "audit_log"];

/// Every table that everybody has.
const TABLES: [&str; 10] = [
    storage_layout::key::POINTS_TABLE,
    "daily_metrics",
    "weekly_metrics",
    "monthly_metrics",
    "daily_sketches",
    "weekly_sketches",
    "monthly_sketches",
    "metrics",
    "platforms",
    "usage",
];

/// The one catalog of a query.
#[derive(Debug)]
pub(crate) struct TenantCatalog {
    schema: Arc<TenantSchema>,
}

impl TenantCatalog {
    pub(crate) fn new(scope: Arc<Scope>, stats: Arc<AnswerStats>) -> Self {
        Self {
            schema: Arc::new(TenantSchema { scope, stats }),
        }
    }
}

impl CatalogProvider for TenantCatalog {
    fn schema_names(&self) -> Vec<String> {
        vec![SCHEMA.to_owned()]
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        (name == SCHEMA).then(|| self.schema.clone() as Arc<dyn SchemaProvider>)
    }
}

#[derive(Debug)]
struct TenantSchema {
    scope: Arc<Scope>,
    stats: Arc<AnswerStats>,
}

#[async_trait]
impl SchemaProvider for TenantSchema {
    fn table_names(&self) -> Vec<String> {
        let records = match self.scope.records {
            RecordTables::Shown => &RECORD_TABLES[..],
            RecordTables::Hidden => &[],
        };
        let names = TABLES.iter().chain(records);
        names.map(|name| (*name).to_owned()).collect()
    }

    fn table_exist(&self, name: &str) -> bool {
        let shown = self.scope.records == RecordTables::Shown;
        TABLES.contains(&name) || (shown && RECORD_TABLES.contains(&name))
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if !self.table_exist(name) {
            return Ok(None);
        }
        let (scope, stats) = (self.scope.clone(), self.stats.clone());
        let rollup =
            |period| Arc::new(RollupTable::new(scope.clone(), period)) as Arc<dyn TableProvider>;
        let sketch =
            |period| Arc::new(SketchTable::new(scope.clone(), period)) as Arc<dyn TableProvider>;
        Ok(Some(match name {
            storage_layout::key::POINTS_TABLE => Arc::new(PointsTable::new(scope, stats)),
            "daily_metrics" => rollup(Period::Day),
            "weekly_metrics" => rollup(Period::Week),
            "monthly_metrics" => rollup(Period::Month),
            "daily_sketches" => sketch(Period::Day),
            "weekly_sketches" => sketch(Period::Week),
            "monthly_sketches" => sketch(Period::Month),
            "metrics" => system_tables::metrics(&scope)?,
            "platforms" => system_tables::platforms(&scope)?,
            "usage" => system_tables::of_catalog(&scope, CatalogTable::Usage).await?,
            "query_log" => system_tables::of_catalog(&scope, CatalogTable::QueryLog).await?,
            "audit_log" => system_tables::of_catalog(&scope, CatalogTable::AuditLog).await?,
            _ => return Ok(None),
        }))
    }
}
