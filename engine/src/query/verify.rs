//! May this plan run? Checked on the finished physical plan, whoever made it.
//!
//! Every node must be a known one, every scan must read Parquet objects of the
//! pinned snapshot through the query's own store, or rows from memory. What is
//! not known is refused.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileScanConfig, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_plan::ExecutionPlan;
use object_store::path::Path;

use super::table::store_url;
use crate::error::{Error, Result};

/// Stock nodes that read nothing by themselves.
const NODES: [&str; 27] = [
    "AggregateExec",
    "BoundedWindowAggExec",
    "BufferExec",
    "CoalesceBatchesExec",
    "CoalescePartitionsExec",
    "CooperativeExec",
    "CrossJoinExec",
    "EmptyExec",
    "ExplainExec",
    "FilterExec",
    "GlobalLimitExec",
    "HashJoinExec",
    "InterleaveExec",
    "LazyMemoryExec",
    "LocalLimitExec",
    "NestedLoopJoinExec",
    "PartialSortExec",
    "PiecewiseMergeJoinExec",
    "PlaceholderRowExec",
    "ProjectionExec",
    "RecursiveQueryExec",
    "RepartitionExec",
    "ScalarSubqueryExec",
    "SortExec",
    "SortMergeJoinExec",
    "SortPreservingMergeExec",
    "UnionExec",
];
/// The same, sorted apart because their names end the alphabet.
const MORE_NODES: [&str; 3] = ["UnnestExec", "WindowAggExec", "WorkTableExec"];

/// Refuses a plan with an unknown node or a file outside `objects`.
pub(crate) fn verify(plan: &Arc<dyn ExecutionPlan>, objects: &HashSet<Path>) -> Result<()> {
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        check_scan(scan, objects)?;
    } else if !NODES.contains(&plan.name()) && !MORE_NODES.contains(&plan.name()) {
        return Err(refused(&format!("unknown node {}", plan.name())));
    }
    plan.children()
        .into_iter()
        .try_for_each(|child| verify(child, objects))
}

fn check_scan(scan: &DataSourceExec, objects: &HashSet<Path>) -> Result<()> {
    let source = scan.data_source();
    if source.downcast_ref::<MemorySourceConfig>().is_some() {
        return Ok(());
    }
    let Some(files) = source.downcast_ref::<FileScanConfig>() else {
        return Err(refused("unknown data source"));
    };
    if !files.file_source().is::<ParquetSource>() {
        return Err(refused("a scan of another format than Parquet"));
    }
    if store_url().map_err(Error::internal)? != files.object_store_url {
        return Err(refused("a scan of another store"));
    }
    let outside = files
        .file_groups
        .iter()
        .flat_map(|group| group.files())
        .find(|file| !objects.contains(&file.object_meta.location));
    match outside {
        None => Ok(()),
        Some(_) => Err(refused("a file outside the snapshot")),
    }
}

fn refused(what: &str) -> Error {
    tracing::error!(what, "a query plan was refused");
    Error::internal(format!("the plan check refused a plan: {what}"))
}
