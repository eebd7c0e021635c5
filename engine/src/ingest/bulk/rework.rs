//! Rows of a staged file as another writer's commit makes them: columns under
//! other names, points of known events left out.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Schema;
use storage_layout::dimension_template::full_texts_of;
use storage_layout::schema::{DIMENSIONS, EVENT_ID};
use storage_layout::{DimensionColumn, arrange};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::ingest::batch::event_hash;

/// Changes rows; `None` where nothing is to be changed.
pub(super) type Change = dyn Fn(&RecordBatch) -> Result<Option<RecordBatch>> + Send + Sync;

/// Columns under their new names; those without are left out. Dimensions are
/// whole texts then.
pub(super) fn renamed(
    rows: &RecordBatch,
    changed: &BTreeMap<Arc<str>, Option<Arc<str>>>,
) -> Result<Option<RecordBatch>> {
    let schema = rows.schema();
    let mut names: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (was, is) in changed {
        let column = |name: &Arc<str>| DimensionColumn {
            key: name.clone(),
            column: name.clone(),
            partial: false,
        };
        let (was, is) = (column(was), is.as_ref().map(column));
        names.insert(
            was.text_column(),
            is.as_ref().map(DimensionColumn::text_column),
        );
        names.insert(
            was.number_column(),
            is.as_ref().map(DimensionColumn::number_column),
        );
    }
    let (mut fields, mut columns, mut touched) = (Vec::new(), Vec::new(), false);
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        let empty = column.null_count() == column.len();
        match names.get(field.name()) {
            None => fields.push(field.clone()),
            Some(_) if empty => continue,
            Some(None) => {
                touched = true;
                continue;
            }
            Some(Some(name)) => {
                touched = true;
                fields.push(Arc::new(field.as_ref().clone().with_name(name)));
            }
        }
        columns.push(column.clone());
    }
    if !touched {
        return Ok(None);
    }
    // Templates name columns as they were.
    let whole = full_texts_of(rows, DIMENSIONS).map_err(Error::internal)?;
    let at = fields.iter().position(|field| field.name() == DIMENSIONS);
    if let (Some(at), Some(whole)) = (at, whole) {
        columns[at] = Arc::new(whole);
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)
        .map(Some)
        .map_err(Error::internal)
}

/// The rows of other events than these.
pub(super) fn without(rows: &RecordBatch, known: &HashSet<Uuid>) -> Result<Option<RecordBatch>> {
    let ids = arrange::text(rows, EVENT_ID).map_err(Error::internal)?;
    let kept: Vec<bool> = ids
        .iter()
        .map(|id| id.is_none_or(|id| !known.contains(&event_hash(id))))
        .collect();
    if kept.iter().all(|kept| *kept) {
        return Ok(None);
    }
    filter_record_batch(rows, &BooleanArray::from(kept))
        .map(Some)
        .map_err(Error::internal)
}
