//! A batch's cells as JSON values, column by column.

use std::sync::Arc;

use arrow::array::Array;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema};
use arrow::json::EncoderOptions;
use arrow::json::writer::{NullableEncoder, make_encoder};
use arrow::record_batch::RecordBatch;
use engine::{Error, Result};

use super::Decimals;
use super::decimal::DecimalEncoders;

/// How cells are written: nulls are spelt out, decimals as asked for.
pub(super) fn options(decimals: Decimals) -> EncoderOptions {
    EncoderOptions::default()
        .with_explicit_nulls(true)
        .with_encoder_factory(Arc::new(DecimalEncoders(decimals)))
}

/// The batch with dictionary and run-length columns spelt out, so that a null
/// among a dictionary's values is a null.
pub(super) fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        let value_type = match column.data_type() {
            DataType::Dictionary(_, value) => Some(value.as_ref().clone()),
            DataType::RunEndEncoded(_, value) => Some(value.data_type().clone()),
            _ => None,
        };
        match value_type {
            Some(to) => {
                columns.push(cast(column, &to).map_err(Error::internal)?);
                fields.push(Arc::new(
                    field
                        .as_ref()
                        .clone()
                        .with_data_type(to)
                        .with_nullable(true),
                ));
            }
            None => {
                columns.push(Arc::clone(column));
                fields.push(Arc::clone(field));
            }
        }
    }
    let rows =
        arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
        .map_err(Error::internal)
}

/// One encoder for each column of a batch that went through [`plain`].
pub(super) fn encoders<'a>(
    batch: &'a RecordBatch,
    options: &'a EncoderOptions,
) -> Result<Vec<NullableEncoder<'a>>> {
    let fields = batch.schema_ref().fields().iter();
    fields
        .zip(batch.columns())
        .map(|(field, column)| {
            make_encoder(field, column.as_ref(), options)
                .map_err(|_| unwritable(field.name(), field.data_type()))
        })
        .collect()
}

/// Appends one cell.
pub(super) fn write(cell: &mut NullableEncoder<'_>, row: usize, out: &mut Vec<u8>) {
    if cell.is_null(row) {
        out.extend_from_slice(b"null");
    } else {
        cell.encode(row, out);
    }
}

/// A column of a type that the format cannot hold.
pub(super) fn unwritable(column: &str, data_type: &DataType) -> Error {
    Error::Query {
        message: format!(
            "column {column:?} has the type {}, which this format cannot hold",
            engine::query::type_name::type_name(data_type)
        ),
        location: None,
        hint: Some(
            "cast it, for example with `cast(… as varchar)`, or ask for another format".into(),
        ),
    }
}
