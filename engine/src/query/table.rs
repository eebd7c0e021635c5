//! `analytics_data_points`: a tenant's points as a table for the planner.
//!
//! The boundary is the list of files, which the catalog gave for one tenant;
//! the tenant's predicate goes into every scan as a second net. Only stock
//! nodes are used, so a plan can travel; but for a restricted caller's, whose
//! rows pass one node of ours ([`RestrictedExec`]).

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::is_null;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{DFSchema, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, col, lit};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::union::UnionExec;
use datafusion::scalar::ScalarValue;
use storage_layout::conform::conform;
use storage_layout::dimension_template::full_texts_of;
use storage_layout::schema::{
    COMMIT_VERSION, DIMENSIONS, PLATFORM, RECORDED_AT, TENANT_ID, stored_schema, table_schema,
};

use super::reader::ReaderFactory;
use super::restricted::RestrictedExec;
use super::scope::{AnswerStats, Scope};
use super::{dimension_texts, files, pruning};
use crate::metadata::catalog::{DataFile, FileStorage};

/// The version of the commit that brought a file, as a column of its scan.
const ADDED_VERSION: &str = "added_version";

/// Names the one store that a query's plan may read.
pub(crate) fn store_url() -> Result<ObjectStoreUrl> {
    ObjectStoreUrl::parse("tessera://snapshot")
}

/// A tenant's points at one version.
#[derive(Debug)]
pub(crate) struct PointsTable {
    scope: Arc<Scope>,
    stats: Arc<AnswerStats>,
    schema: SchemaRef,
}

impl PointsTable {
    pub(crate) fn new(scope: Arc<Scope>, stats: Arc<AnswerStats>) -> Self {
        let schema = table_schema(&scope.snapshot.registry);
        Self {
            scope,
            stats,
            schema,
        }
    }

    /// The files that may hold rows for these filters.
    fn files(&self, state: &dyn Session, filters: &[Expr]) -> Result<Vec<&DataFile>> {
        let all = &self.scope.snapshot.files;
        let Some(filter) = conjunction(filters.iter().cloned()) else {
            return Ok(all.iter().collect());
        };
        let schema = DFSchema::try_from(self.schema.as_ref().clone())?;
        let keep = match state.create_physical_expr(filter, &schema) {
            Ok(predicate) => pruning::keep(all, &predicate, &self.schema),
            Err(_) => vec![true; all.len()],
        };
        Ok(all
            .iter()
            .zip(keep)
            .filter(|(_, keep)| *keep)
            .map(|(file, _)| file)
            .collect())
    }

    /// Objects: a stock Parquet scan, with tenant and version added per file.
    fn object_scan(
        &self,
        state: &dyn Session,
        objects: &[&DataFile],
        projection: &[usize],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let stored = stored_schema(&self.scope.snapshot.registry);
        let constants: Vec<FieldRef> = vec![
            Arc::new(Field::new(TENANT_ID, DataType::Utf8View, false)),
            Arc::new(Field::new(ADDED_VERSION, DataType::Int64, true)),
        ];
        let scan_schema = TableSchema::builder(stored.clone())
            .with_table_partition_cols(constants)
            .build();
        let own = col(TENANT_ID).eq(text(self.scope.tenant().as_str()));
        // Row groups of other platforms are not read.
        let own = self.of_platforms().into_iter().fold(own, Expr::and);
        let of_tenant = state.create_physical_expr(
            own,
            &DFSchema::try_from(scan_schema.table_schema().as_ref().clone())?,
        )?;
        let position = |name: &str| {
            let named = |&i: &usize| self.schema.field(i).name() == name;
            projection.iter().position(named)
        };
        let (version, dimensions) = (position(COMMIT_VERSION), position(DIMENSIONS));
        let factory = ReaderFactory::new(self.scope.clone(), self.stats.clone());
        let source = ParquetSource::new(scan_schema.clone())
            .with_predicate(of_tenant)
            .with_enable_page_index(true)
            // Texts of dimensions are made of many columns: of few rows, if a
            // filter leaves few. Other columns are decoded faster than picked.
            .with_pushdown_filters(dimensions.is_some())
            .with_reorder_filters(dimensions.is_some())
            .with_parquet_file_reader_factory(Arc::new(factory));
        let width = stored.fields().len();
        // In the scan, stored columns come first and the constants behind them.
        let mut columns: Vec<usize> = projection
            .iter()
            .map(|&i| if i == 0 { width } else { i - 1 })
            .collect();
        if version.is_some() {
            columns.push(width + 1);
        }
        if dimensions.is_some() {
            for name in dimension_texts::columns(&self.scope.snapshot.registry) {
                let column = stored.index_of(&name)?;
                if !columns.contains(&column) {
                    columns.push(column);
                }
            }
        }
        let groups = self.groups(objects, &stored, state.config().target_partitions());
        let config = FileScanConfigBuilder::new(store_url()?, Arc::new(source))
            .with_file_groups(groups)
            .with_projection_indices(Some(columns))?
            .with_limit(limit)
            .build();
        let scan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(config);
        if version.is_none() && dimensions.is_none() {
            return Ok(scan);
        }
        self.completed(state, scan, projection.len())
    }

    /// The first `width` columns of a scan, with the version of the file where a
    /// row has none of its own, and with dimensions as whole texts; the columns
    /// that these are made of are dropped.
    fn completed(
        &self,
        state: &dyn Session,
        scan: Arc<dyn ExecutionPlan>,
        width: usize,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = scan.schema();
        let expression = |(at, field): (usize, &FieldRef)| {
            let own = Column::new(field.name(), at);
            let expr: Arc<dyn PhysicalExpr> = match field.name().as_str() {
                COMMIT_VERSION => or_added(own, &schema)?,
                DIMENSIONS => {
                    let names = dimension_texts::columns(&self.scope.snapshot.registry);
                    let columns = names
                        .iter()
                        .map(|name| Column::new_with_schema(name, &schema))
                        .collect::<Result<Vec<_>>>()?;
                    let options = Arc::clone(state.config().options());
                    dimension_texts::texts(own, columns, &schema, options)?
                }
                _ => Arc::new(own),
            };
            Ok(ProjectionExpr::new(expr, field.name().clone()))
        };
        let fields = schema.fields().iter().enumerate().take(width);
        let expressions = fields.map(expression).collect::<Result<Vec<_>>>()?;
        Ok(Arc::new(ProjectionExec::try_new(expressions, scan)?))
    }

    /// That a point is of a platform that may be seen.
    fn of_platforms(&self) -> Option<Expr> {
        let names = self.scope.access.platforms.as_ref()?;
        let names = names.iter().map(|name| text(name)).collect();
        Some(col(PLATFORM).in_list(names, false))
    }

    /// The columns of a scan, and what it must have read for them.
    fn columns(&self, wanted: &[usize]) -> Vec<usize> {
        let deciding = self.scope.access.deciding(&self.scope.snapshot.registry);
        let more = self.schema.fields().iter().enumerate();
        let more =
            more.filter(|(at, field)| !wanted.contains(at) && deciding.contains(field.name()));
        let more = more.map(|(at, _)| at);
        wanted.iter().copied().chain(more).collect()
    }

    fn groups(
        &self,
        objects: &[&DataFile],
        stored: &SchemaRef,
        partitions: usize,
    ) -> Vec<FileGroup> {
        let partitions = partitions.clamp(1, objects.len().max(1));
        let mut groups: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); partitions];
        for file in objects {
            let FileStorage::Object {
                key, footer_bytes, ..
            } = &file.storage
            else {
                continue;
            };
            let part = PartitionedFile::new(key.as_str(), file.bytes)
                .with_partition_values(vec![
                    ScalarValue::Utf8View(Some(self.scope.tenant().to_string())),
                    ScalarValue::Int64(Some(file.added_version)),
                ])
                .with_metadata_size_hint(*footer_bytes as usize)
                .with_statistics(Arc::new(statistics(stored, file)));
            if let Some(smallest) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                smallest.0 += file.bytes;
                smallest.1.push(part);
            }
        }
        groups
            .into_iter()
            .map(|(_, files)| FileGroup::new(files))
            .collect()
    }

    /// Inline files: their rows from memory.
    async fn inline_scan(
        &self,
        inline: &[&DataFile],
        projection: &[usize],
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::new(self.schema.project(projection)?);
        let rows = files::inline_rows(&self.scope, inline)
            .await
            .map_err(|e| DataFusionError::External(Box::new(e)))?;
        let batches = inline
            .iter()
            .zip(rows)
            .map(|(file, rows)| self.complete(&rows, file.added_version, &schema))
            .collect::<Result<Vec<_>>>()?;
        Ok(MemorySourceConfig::try_new_exec(&[batches], schema, None)?)
    }

    /// Stored rows in the table's columns, with tenant and version filled in.
    fn complete(
        &self,
        rows: &RecordBatch,
        version: i64,
        schema: &SchemaRef,
    ) -> Result<RecordBatch> {
        let fault = |e: storage_layout::StorageError| DataFusionError::External(Box::new(e));
        let mut batch = conform(rows, &nullable(schema)).map_err(fault)?;
        if let Ok(at) = schema.index_of(DIMENSIONS)
            && let Some(texts) = full_texts_of(rows, DIMENSIONS).map_err(fault)?
        {
            let mut columns = batch.columns().to_vec();
            columns[at] = Arc::new(texts);
            batch = RecordBatch::try_new(batch.schema(), columns)?;
        }
        let columns = schema
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, column)| {
                Ok::<ArrayRef, DataFusionError>(match field.name().as_str() {
                    TENANT_ID => Arc::new(StringViewArray::from_iter_values(std::iter::repeat_n(
                        self.scope.tenant().as_str(),
                        batch.num_rows(),
                    ))),
                    COMMIT_VERSION => {
                        zip(&is_null(column)?, &Int64Array::new_scalar(version), column)?
                    }
                    _ => column.clone(),
                })
            });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options =
            arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(
            schema.clone(),
            columns,
            &options,
        )?)
    }
}

fn text(text: &str) -> Expr {
    lit(ScalarValue::Utf8View(Some(text.to_owned())))
}

/// What a scan may know of a file before it opens it: its rows, and when they
/// were recorded, so that a question for the latest begins with the newest file
/// and skips the others. The times are called inexact so that they order files
/// and answer nothing.
fn statistics(stored: &SchemaRef, file: &DataFile) -> Statistics {
    let mut known = Statistics::new_unknown(stored);
    known.num_rows = Precision::Exact(file.statistics.rows as usize);
    if let Ok(at) = stored.index_of(RECORDED_AT) {
        let time = |us| {
            Precision::Inexact(ScalarValue::TimestampMicrosecond(
                Some(us),
                Some("UTC".into()),
            ))
        };
        known.column_statistics[at].min_value = time(file.statistics.min_recorded_at_us);
        known.column_statistics[at].max_value = time(file.statistics.max_recorded_at_us);
    }
    known
}

/// While columns are being filled in, any of them may be null.
fn nullable(schema: &SchemaRef) -> SchemaRef {
    let fields = schema
        .fields()
        .iter()
        .map(|f| f.as_ref().clone().with_nullable(true));
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// `coalesce(commit_version, added_version)`.
fn or_added(own: Column, schema: &Schema) -> Result<Arc<dyn PhysicalExpr>> {
    let own: Arc<dyn PhysicalExpr> = Arc::new(own);
    let added: Arc<dyn PhysicalExpr> = Arc::new(Column::new_with_schema(ADDED_VERSION, schema)?);
    let missing = datafusion::physical_expr::expressions::is_null(own.clone())?;
    datafusion::physical_expr::expressions::case(None, vec![(missing, added)], Some(own))
}

#[async_trait]
impl TableProvider for PointsTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let projection = projection.unwrap_or(&all);
        let access = &self.scope.access;
        // A limit counts rows after the filter, of which a scan knows nothing.
        let limit = limit.filter(|_| filters.is_empty() && access.is_full());
        let shown = Arc::new(self.schema.project(projection)?);
        let projection = &self.columns(projection);
        let filters: Vec<Expr> = filters.iter().cloned().chain(self.of_platforms()).collect();
        let (objects, inline): (Vec<&DataFile>, Vec<&DataFile>) = self
            .files(state, &filters)?
            .into_iter()
            .partition(|file| file.storage != FileStorage::Inline);
        let rows = objects
            .iter()
            .chain(&inline)
            .map(|file| file.statistics.rows)
            .sum();
        let bytes = objects.iter().chain(&inline).map(|file| file.bytes).sum();
        self.stats
            .add_files((objects.len() + inline.len()) as u64, rows, bytes);
        let mut inputs = Vec::new();
        if !objects.is_empty() {
            inputs.push(self.object_scan(state, &objects, projection, limit)?);
        }
        if !inline.is_empty() || inputs.is_empty() {
            inputs.push(self.inline_scan(&inline, projection).await?);
        }
        let rows = match inputs.len() {
            1 => inputs.remove(0),
            _ => UnionExec::try_new(inputs)?,
        };
        if access.is_full() {
            return Ok(rows);
        }
        let (access, registry) = (access.clone(), self.scope.snapshot.registry.clone());
        Ok(Arc::new(RestrictedExec::new(rows, access, registry, shown)))
    }
}
