//! Brings rows of an older or narrower file to a wider schema.
//!
//! Missing columns become null; decimals and texts get the table's width. A
//! type that changed its nature is damage, never a cast.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, SchemaRef};

use crate::error::{Result, StorageError};

/// The batch's rows in the columns of `schema`; columns that `schema` lacks
/// are dropped.
pub fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = schema
        .fields()
        .iter()
        .map(|field| match batch.column_by_name(field.name()) {
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            Some(column) => widen(column, field.data_type(), field.name()),
        })
        .collect::<Result<Vec<ArrayRef>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(
        schema.clone(),
        columns,
        &options,
    )?)
}

fn widen(column: &ArrayRef, to: &DataType, name: &str) -> Result<ArrayRef> {
    match (column.data_type(), to) {
        (from, to) if from == to => Ok(column.clone()),
        (DataType::Decimal128(_, a), DataType::Decimal128(precision, b)) if a == b => {
            let units = column.as_primitive::<Decimal128Type>().clone();
            Ok(Arc::new(units.with_precision_and_scale(*precision, *b)?))
        }
        (DataType::Utf8 | DataType::LargeUtf8, DataType::Utf8View)
        | (DataType::Timestamp(..), DataType::Timestamp(..)) => Ok(cast(column, to)?),
        (from, to) => Err(StorageError::Damaged {
            file: "batch".into(),
            what: format!("column {name} is {from}, expected {to}"),
        }),
    }
}
