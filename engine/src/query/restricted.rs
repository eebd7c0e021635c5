//! The rows that a restricted caller may see, as a node of the plan.
//!
//! Everything a caller writes runs above it. A stock filter would not hold:
//! the optimizer moves a caller's own filters and expressions below one, where
//! a cast that fails, or a division, would tell of rows that are hidden. This
//! node lets nothing through: what it is not told, a node does not do.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use futures::StreamExt;
use storage_layout::DimensionRegistry;

use super::access::Access;

/// Passes on what an [`Access`] shows of its input.
#[derive(Debug)]
pub(crate) struct RestrictedExec {
    input: Arc<dyn ExecutionPlan>,
    access: Arc<Access>,
    registry: Arc<DimensionRegistry>,
    columns: SchemaRef,
    properties: Arc<PlanProperties>,
}

impl RestrictedExec {
    /// `input` must have the columns that are shown and those that decide.
    pub(crate) fn new(
        input: Arc<dyn ExecutionPlan>,
        access: Arc<Access>,
        registry: Arc<DimensionRegistry>,
        columns: SchemaRef,
    ) -> Self {
        let partitions = input.output_partitioning().partition_count();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(columns.clone()),
            Partitioning::UnknownPartitioning(partitions),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Self {
            input,
            access,
            registry,
            columns,
            properties: Arc::new(properties),
        }
    }
}

impl DisplayAs for RestrictedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RestrictedExec")
    }
}

impl ExecutionPlan for RestrictedExec {
    fn name(&self) -> &str {
        "RestrictedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let (Some(input), true) = (children.pop(), children.is_empty()) else {
            return Err(DataFusionError::Internal("one child is needed".into()));
        };
        let (access, registry) = (self.access.clone(), self.registry.clone());
        let columns = self.columns.clone();
        Ok(Arc::new(Self::new(input, access, registry, columns)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let (access, registry) = (self.access.clone(), self.registry.clone());
        let columns = self.columns.clone();
        #[expect(clippy::disallowed_methods, reason = "a node runs what is below it")]
        let rows = self.input.execute(partition, context)?;
        let shown = rows.map(move |batch| Ok(access.apply(&registry, &batch?, &columns)?));
        let stream = RecordBatchStreamAdapter::new(self.columns.clone(), shown);
        Ok(Box::pin(stream))
    }
}
