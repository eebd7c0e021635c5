//! A planner for one query of one tenant.
//!
//! The base state (functions, rules) is made once; a query adds its tenant's
//! catalog, its memory bound and its store, which is the only one there is.

use std::sync::{Arc, LazyLock};

use datafusion::catalog::{CatalogProviderList, MemoryCatalogProviderList};
use datafusion::error::{DataFusionError, Result as DataFusionResult};
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::object_store::ObjectStoreRegistry;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::optimizer::Optimizer;
use datafusion::prelude::SessionConfig;
use object_store::ObjectStore;
use url::Url;

use super::functions;
use super::planner::DimensionPlanner;
use super::problem;
use super::schema::{CATALOG, SCHEMA, TenantCatalog};
use super::scope::{AnswerStats, Scope, Spill};
use super::steps::DistinctSteps;
use super::table::store_url;
use crate::error::{Error, Result};

/// What is the same for all: made of lists of what is offered, never of all
/// that there is. Only the optimizers' rules are the library's own but for one
/// before them: a plan needs them all, and what they make of it is checked
/// again.
static BASE: LazyLock<SessionState> = LazyLock::new(|| {
    let rules = std::iter::once(Arc::new(DistinctSteps) as _).chain(Optimizer::new().rules);
    functions::builder()
        .with_optimizer_rules(rules.collect())
        .with_config(config())
        .build()
});

fn config() -> SessionConfig {
    let mut config = SessionConfig::new()
        .with_create_default_catalog_and_schema(false)
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_information_schema(false);
    let options = config.options_mut();
    options.sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    // `metric_value = 4.07` must compare decimals: as a float it matches nothing.
    options.sql_parser.parse_float_as_decimal = true;
    options.sql_parser.collect_spans = true;
    // EXPLAIN shows no physical plan: it would name files.
    options.explain.logical_plan_only = true;
    options.execution.time_zone = Some("UTC".to_owned());
    config
}

/// Makes the base state, once, before a query waits for it.
pub(crate) fn warm() {
    LazyLock::force(&BASE);
}

/// Runs a query over no table, so that a caller's first one finds the planner's
/// code and lists in memory.
pub(crate) async fn rehearse() -> Result<()> {
    const QUERY: &str = "SELECT x, sum(y) FROM (VALUES ('a', 1.5), ('b', 2)) AS t (x, y) \
        WHERE x <> 'c' GROUP BY x ORDER BY x";
    let failed = |error| problem::query(error, QUERY);
    let plan = BASE.create_logical_plan(QUERY).await.map_err(failed)?;
    let plan = BASE.create_physical_plan(&plan).await.map_err(failed)?;
    #[expect(clippy::disallowed_methods, reason = "a plan of ours over no table")]
    let rows = datafusion::physical_plan::collect(plan, BASE.task_ctx());
    rows.await.map(drop).map_err(failed)
}

/// A state that knows this scope's tables and nothing else.
pub(crate) fn state(
    scope: &Arc<Scope>,
    stats: &Arc<AnswerStats>,
    memory_bytes: u64,
) -> Result<SessionState> {
    let catalogs = MemoryCatalogProviderList::new();
    let catalog = TenantCatalog::new(scope.clone(), stats.clone());
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    let memory = usize::try_from(memory_bytes).unwrap_or(usize::MAX);
    let mut disk = DiskManagerBuilder::default();
    if let Spill::Folder { path, bytes } = &scope.spill {
        let folder = DiskManagerMode::Directories(vec![path.clone()]);
        disk = disk.with_mode(folder).with_max_temp_directory_size(*bytes);
    }
    let runtime = RuntimeEnvBuilder::new()
        .with_disk_manager_builder(disk)
        // Sorts of several threads leave each other what they need to spill.
        .with_memory_pool(Arc::new(FairSpillPool::new(memory)))
        .with_object_store_registry(Arc::new(OneStore(scope.store.clone())))
        .build_arc()
        .map_err(Error::internal)?;
    let mut planners = vec![
        Arc::new(DimensionPlanner::new(scope.snapshot.registry.clone()))
            as Arc<dyn datafusion::logical_expr::planner::ExprPlanner>,
    ];
    planners.extend(BASE.expr_planners().iter().cloned());
    let mut state = SessionStateBuilder::new_from_existing(BASE.clone())
        .with_catalog_list(Arc::new(catalogs))
        .with_runtime_env(runtime)
        .with_expr_planners(planners)
        .build();
    // `now()` is this moment throughout the query.
    state.mark_start_execution();
    Ok(state)
}

/// A registry that knows the query's store, under its one name.
#[derive(Debug)]
struct OneStore(Arc<dyn ObjectStore>);

impl ObjectStoreRegistry for OneStore {
    fn register_store(
        &self,
        _url: &Url,
        _store: Arc<dyn ObjectStore>,
    ) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &Url) -> DataFusionResult<Arc<dyn ObjectStore>> {
        let own = store_url()?;
        if own.as_str().starts_with(&url[..url::Position::BeforePath]) {
            return Ok(self.0.clone());
        }
        Err(DataFusionError::Plan("there is no such store".into()))
    }
}

/// The state of no tenant: every function, no table.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn bare() -> SessionState {
    BASE.clone()
}
