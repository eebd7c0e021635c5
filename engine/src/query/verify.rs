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
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::buffer::BufferExec;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::explain::ExplainExec;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PiecewiseMergeJoinExec, SortMergeJoinExec,
};
use datafusion::physical_plan::limit::{GlobalLimitExec, LocalLimitExec};
use datafusion::physical_plan::memory::LazyMemoryExec;
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::recursive_query::RecursiveQueryExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::sorts::partial_sort::PartialSortExec;
use datafusion::physical_plan::sorts::partitioned_topk::PartitionedTopKExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::union::{InterleaveExec, UnionExec};
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::work_table::WorkTableExec;
use object_store::path::Path;

use super::restricted::RestrictedExec;
use super::table::store_url;
use crate::error::{Error, Result};

/// Whether a node is a stock one, or ours, that reads nothing by itself: told by its
/// type, because some nodes name themselves by what they do.
fn is_known(plan: &dyn ExecutionPlan) -> bool {
    macro_rules! any_of {
        ($($node:ty),+ $(,)?) => { $(plan.is::<$node>())||+ };
    }
    any_of![
        AggregateExec,
        BoundedWindowAggExec,
        BufferExec,
        CoalescePartitionsExec,
        CooperativeExec,
        CrossJoinExec,
        EmptyExec,
        ExplainExec,
        FilterExec,
        GlobalLimitExec,
        HashJoinExec,
        InterleaveExec,
        LazyMemoryExec,
        LocalLimitExec,
        NestedLoopJoinExec,
        PartialSortExec,
        PartitionedTopKExec,
        PiecewiseMergeJoinExec,
        PlaceholderRowExec,
        ProjectionExec,
        RecursiveQueryExec,
        RepartitionExec,
        RestrictedExec,
        ScalarSubqueryExec,
        SortExec,
        SortMergeJoinExec,
        SortPreservingMergeExec,
        UnionExec,
        UnnestExec,
        WindowAggExec,
        WorkTableExec,
    ]
}

/// Refuses a plan with an unknown node or a file outside `objects`.
pub(crate) fn verify(plan: &Arc<dyn ExecutionPlan>, objects: &HashSet<Path>) -> Result<()> {
    if let Some(scan) = plan.downcast_ref::<DataSourceExec>() {
        check_scan(scan, objects)?;
    } else if !is_known(plan.as_ref()) {
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

#[cfg(test)]
mod tests {
    use arrow::datatypes::{DataType, Field, Schema};
    use datafusion::datasource::listing::PartitionedFile;
    use datafusion::datasource::physical_plan::FileScanConfigBuilder;
    use datafusion::execution::object_store::ObjectStoreUrl;
    use datafusion::physical_plan::streaming::StreamingTableExec;

    use super::*;

    const OWN: &str = "tenant_id=a/own.parquet";

    fn scan(store: ObjectStoreUrl, file: &str) -> Arc<dyn ExecutionPlan> {
        let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]));
        let source = ParquetSource::new(schema);
        let config = FileScanConfigBuilder::new(store, Arc::new(source))
            .with_file(PartitionedFile::new(file, 10))
            .build();
        DataSourceExec::from_data_source(config)
    }

    fn check(plan: &Arc<dyn ExecutionPlan>) -> Result<()> {
        verify(plan, &HashSet::from([Path::from(OWN)]))
    }

    #[test]
    fn a_scan_of_the_snapshots_files_may_run() {
        assert!(check(&scan(store_url().expect("url"), OWN)).is_ok());
    }

    /// Prints what a check costs: `cargo test -p engine --lib the_cost_of -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement"]
    fn the_cost_of_checking_a_plan_of_a_thousand_files() {
        let names: Vec<String> = (0..1_000)
            .map(|i| format!("tenant_id=a/points/window=2024-03/{i:036}.parquet"))
            .collect();
        let objects: HashSet<Path> = names.iter().map(|name| Path::from(name.as_str())).collect();
        let scans = names
            .iter()
            .map(|name| scan(store_url().expect("url"), name));
        let mut plan = UnionExec::try_new(scans.collect()).expect("union");
        for _ in 0..20 {
            plan = Arc::new(CoalescePartitionsExec::new(plan));
        }
        let begun = std::time::Instant::now();
        const TIMES: u32 = 100;
        for _ in 0..TIMES {
            verify(&plan, &objects).expect("it may run");
        }
        println!("1,000 files: {:?} a check", begun.elapsed() / TIMES);
    }

    #[test]
    fn a_plan_with_a_file_of_another_tenant_is_refused_wherever_it_stands() {
        let own = scan(store_url().expect("url"), OWN);
        let foreign = scan(store_url().expect("url"), "tenant_id=b/other.parquet");
        assert!(check(&foreign).is_err());
        let union = UnionExec::try_new(vec![own, foreign]).expect("union");
        assert!(check(&union).is_err());
    }

    #[test]
    fn a_plan_with_another_store_or_an_unknown_node_is_refused() {
        let elsewhere = ObjectStoreUrl::parse("file://").expect("url");
        assert!(check(&scan(elsewhere, OWN)).is_err());
        let schema = Arc::new(Schema::empty());
        let unknown = StreamingTableExec::try_new(schema, vec![], None, vec![], false, None);
        let unknown: Arc<dyn ExecutionPlan> = Arc::new(unknown.expect("node"));
        assert!(check(&unknown).is_err());
    }
}
