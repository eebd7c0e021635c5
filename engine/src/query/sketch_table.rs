//! `daily_sketches`, `weekly_sketches`, `monthly_sketches`: approximate numbers
//! of the metrics whose definitions name sketches, in the tenant's own zone.
//!
//! One row a metric, period and sketch. Sketches of files merge without loss,
//! in any order, so a month's row is as near as a day's.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringViewArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_plan::ExecutionPlan;
use storage_layout::MetricKey;
use storage_layout::rollup::{DISTINCT_ERROR, DaySketches, QUANTILE_ERROR, Sketch};

use super::cache::{FileSketches, PartialsKey};
use super::file_partials::{from_rows, stored_detail, stored_rows};
use super::partials::{Shape, fingerprint};
use super::rollup_table::Period;
use super::scope::Scope;
use crate::metadata::catalog::DataFile;

/// The parts of all values that have a column.
const PARTS: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];

/// Sketches by metric, first day of the period, and dimension.
type Rows = BTreeMap<(MetricKey, i32, Option<Arc<str>>), Sketch>;

/// A table of sketches.
#[derive(Debug)]
pub(crate) struct SketchTable {
    scope: Arc<Scope>,
    period: Period,
    schema: SchemaRef,
}

impl SketchTable {
    pub(crate) fn new(scope: Arc<Scope>, period: Period) -> Self {
        let text = |name: &str, nullable| Field::new(name, DataType::Utf8View, nullable);
        let mut fields = vec![
            text("tenant_id", false),
            text("platform", false),
            text("metric_type", false),
            text("metric_name", false),
            Field::new("metric_date", DataType::Date32, false),
            text("dimension", true),
            Field::new("distinct_count", DataType::Int64, true),
        ];
        let quantiles = PARTS.map(|(name, _)| Field::new(name, DataType::Float64, true));
        fields.extend(quantiles);
        fields.push(Field::new("error", DataType::Float64, false));
        fields.push(Field::new("approximate", DataType::Boolean, false));
        Self {
            scope,
            period,
            schema: Arc::new(Schema::new(fields)),
        }
    }

    async fn rows(&self) -> crate::Result<Rows> {
        let scope = &self.scope;
        let mut rows = Rows::new();
        let wanted = scope.snapshot.metrics.iter();
        if wanted.filter(|d| !d.sketches.is_empty()).count() == 0 {
            return Ok(rows);
        }
        let files: Vec<&DataFile> = scope.snapshot.files.iter().collect();
        for some in files.chunks(64) {
            let mut stored = stored_rows(scope, some).await?;
            for file in some {
                let of_file = self.of_file(file, stored.remove(&file.id)).await?;
                for ((metric, day, of), sketch) in &of_file.sketches {
                    let metric = of_file.metrics[*metric as usize].clone();
                    if !scope.access.shows(&metric.platform) {
                        continue;
                    }
                    let place = (metric, self.period.start(*day), of.clone());
                    match rows.get_mut(&place) {
                        Some(sum) => sum.merge(sketch),
                        None => drop(rows.insert(place, sketch.clone())),
                    }
                }
            }
        }
        Ok(rows)
    }

    async fn of_file(
        &self,
        file: &DataFile,
        row: Option<bytes::Bytes>,
    ) -> crate::Result<Arc<FileSketches>> {
        let scope = &self.scope;
        let zone = scope.snapshot.tenant.time_zone;
        let key = PartialsKey {
            file: file.id,
            shape: Shape::Days(zone),
            definitions: fingerprint(&scope.snapshot.metrics),
            access: scope.row_access(),
        };
        if let Some(known) = scope.caches.sketches.get(&key).await {
            return Ok(known);
        }
        let stored = match file.rollup_zone == Some(zone) {
            true => stored_detail(scope, file, row).await?,
            false => None,
        };
        let detail = match stored {
            Some(detail) => detail,
            None => from_rows(scope, file, zone).await?.detail,
        };
        let sketches = Arc::new(FileSketches {
            metrics: detail.definitions().map(|(key, _)| key.clone()).collect(),
            sketches: DaySketches::clone(detail.sketches()),
        });
        scope.caches.sketches.insert(key, sketches.clone()).await;
        Ok(sketches)
    }

    fn batch(&self, rows: &Rows) -> crate::Result<RecordBatch> {
        let text = |of: fn(&MetricKey) -> &str| -> ArrayRef {
            let texts = rows.keys().map(|(metric, ..)| of(metric));
            Arc::new(StringViewArray::from_iter_values(texts))
        };
        let tenant = std::iter::repeat_n(self.scope.tenant().as_str(), rows.len());
        let dimension = rows.keys().map(|(_, _, of)| of.as_deref());
        let distinct = rows.values().map(|sketch| match sketch {
            Sketch::Distinct(sketch) => Some(sketch.count()),
            Sketch::Quantiles(_) => None,
        });
        let mut columns: Vec<ArrayRef> = vec![
            Arc::new(StringViewArray::from_iter_values(tenant)),
            text(|m| &m.platform),
            text(|m| &m.metric_type),
            text(|m| &m.metric_name),
            Arc::new(Date32Array::from_iter_values(
                rows.keys().map(|(_, day, _)| *day),
            )),
            Arc::new(dimension.collect::<StringViewArray>()),
            Arc::new(distinct.collect::<Int64Array>()),
        ];
        for (_, part) in PARTS {
            let quantile = rows.values().map(|sketch| match sketch {
                Sketch::Distinct(_) => None,
                Sketch::Quantiles(sketch) => sketch.quantile(part),
            });
            columns.push(Arc::new(quantile.collect::<Float64Array>()));
        }
        let error = rows.values().map(|sketch| match sketch {
            Sketch::Distinct(_) => DISTINCT_ERROR,
            Sketch::Quantiles(_) => QUANTILE_ERROR,
        });
        columns.push(Arc::new(Float64Array::from_iter_values(error)));
        columns.push(Arc::new(BooleanArray::from(vec![true; rows.len()])));
        RecordBatch::try_new(self.schema.clone(), columns).map_err(crate::Error::internal)
    }
}

#[async_trait]
impl TableProvider for SketchTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(
        &self,
        _state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let rows = self.rows().await;
        let batch = rows.and_then(|rows| self.batch(&rows));
        let batch = batch.map_err(|e| DataFusionError::External(Box::new(e)))?;
        let scan = MemorySourceConfig::try_new_exec(
            &[vec![batch]],
            self.schema.clone(),
            projection.cloned(),
        )?;
        Ok(scan)
    }
}
