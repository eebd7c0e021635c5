//! Which files a filter can skip, by the catalog's statistics alone.
//!
//! Pure: no file is opened, nothing is awaited.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::datatypes::SchemaRef;
use datafusion::common::Column;
use datafusion::common::pruning::PruningStatistics;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::scalar::ScalarValue;
use storage_layout::data_file::FileStatistics;
use storage_layout::schema::{METRIC_NAME, METRIC_TYPE, PLATFORM, RECORDED_AT};

use crate::metadata::catalog::DataFile;

/// For each file whether it may hold a row that passes `predicate`.
pub(crate) fn keep(
    files: &[DataFile],
    predicate: &Arc<dyn PhysicalExpr>,
    schema: &SchemaRef,
) -> Vec<bool> {
    PruningPredicateBuilder::new()
        .with_file_schema(schema.clone())
        .build(predicate.clone())
        .and_then(|pruning| pruning.prune(&Files(files)).ok())
        // A predicate that cannot be used for skipping skips nothing.
        .unwrap_or_else(|| vec![true; files.len()])
}

struct Files<'a>(&'a [DataFile]);

impl Files<'_> {
    fn names(
        &self,
        column: &Column,
    ) -> Option<impl Fn(&FileStatistics) -> &BTreeSet<String> + use<>> {
        let names: fn(&FileStatistics) -> &BTreeSet<String> = match column.name.as_str() {
            PLATFORM => |s| &s.platforms,
            METRIC_TYPE => |s| &s.metric_types,
            METRIC_NAME => |s| &s.metric_names,
            _ => return None,
        };
        Some(names)
    }

    fn times(&self, time: fn(&FileStatistics) -> i64) -> ArrayRef {
        let times = self.0.iter().map(|file| time(&file.statistics));
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
    }
}

impl PruningStatistics for Files<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        if column.name == RECORDED_AT {
            return Some(self.times(|s| s.min_recorded_at_us));
        }
        let names = self.names(column)?;
        let first = self.0.iter().map(|file| names(&file.statistics).first());
        Some(Arc::new(first.collect::<StringViewArray>()))
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        if column.name == RECORDED_AT {
            return Some(self.times(|s| s.max_recorded_at_us));
        }
        let names = self.names(column)?;
        let last = self.0.iter().map(|file| names(&file.statistics).last());
        Some(Arc::new(last.collect::<StringViewArray>()))
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, column: &Column) -> Option<ArrayRef> {
        let known = column.name == RECORDED_AT || self.names(column).is_some();
        known.then(|| Arc::new(UInt64Array::from(vec![0; self.0.len()])) as ArrayRef)
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(
            self.0.iter().map(|f| f.statistics.rows),
        )))
    }

    fn contained(&self, column: &Column, values: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        let names = self.names(column)?;
        let asked: HashSet<&str> = values
            .iter()
            .filter_map(|v| v.try_as_str().flatten())
            .collect();
        let answer = self.0.iter().map(|file| {
            let held = names(&file.statistics);
            if held.iter().all(|name| !asked.contains(name.as_str())) {
                Some(false)
            } else if held.iter().all(|name| asked.contains(name.as_str())) {
                Some(true)
            } else {
                None
            }
        });
        Some(answer.collect())
    }
}
