//! Rows of one tenant and one window become a Parquet file.
//!
//! It expects rows in file order (see `arrange`) and keeps only columns that
//! hold a value. It neither uploads nor commits.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;

use crate::encoding::writer_properties;
use crate::error::Result;
use crate::id::TenantId;
use crate::schema::{RECORDED_AT, SCHEMA_VERSION, stored_fields};

/// Digits of a decimal that Parquet keeps as a 64-bit integer, which scans
/// about twice as fast as 128-bit values.
const NARROW_PRECISION: u8 = 18;

/// An encoded file.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The file's bytes.
    pub bytes: Bytes,
    /// Length of the Parquet footer with its eight-byte tail: how much to
    /// fetch so that one request gets all metadata.
    pub footer_bytes: u32,
}

/// Encodes rows as Parquet.
pub fn encode_parquet(tenant: &TenantId, batches: &[RecordBatch]) -> Result<Encoded> {
    let kept = kept_columns(batches);
    let narrowed: Vec<RecordBatch> = narrow(batches, &kept)?;
    let Some(schema) = narrowed.first().map(RecordBatch::schema) else {
        return Ok(Encoded {
            bytes: Bytes::new(),
            footer_bytes: 0,
        });
    };
    let properties = writer_properties(tenant, schema.index_of(RECORDED_AT)?);
    // Without the embedded Arrow schema every Parquet tool reads the same
    // plain types; our readers know their schema from the catalog.
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options)?;
    for batch in &narrowed {
        writer.write(batch)?;
    }
    let bytes = writer.into_inner()?;
    let footer_bytes = footer_length(&bytes);
    Ok(Encoded {
        bytes: bytes.into(),
        footer_bytes,
    })
}

/// The fixed columns and those that hold at least one value.
fn kept_columns(batches: &[RecordBatch]) -> Vec<usize> {
    let fixed = stored_fields().len();
    let columns = batches.first().map_or(0, RecordBatch::num_columns);
    (0..columns)
        .filter(|&i| {
            i < fixed
                || batches
                    .iter()
                    .any(|b| b.column(i).null_count() < b.num_rows())
        })
        .collect()
}

fn narrow(batches: &[RecordBatch], kept: &[usize]) -> Result<Vec<RecordBatch>> {
    let Some(first) = batches.first() else {
        return Ok(Vec::new());
    };
    let narrow: Vec<bool> = kept
        .iter()
        .map(|&i| is_decimal(first.column(i)) && batches.iter().all(|b| fits(b.column(i))))
        .collect();
    let fields = kept.iter().zip(&narrow).map(|(&i, &narrow)| {
        let field: Field = first.schema_ref().field(i).clone();
        match (narrow, field.data_type()) {
            (true, DataType::Decimal128(_, scale)) => {
                let scale = *scale;
                field.with_data_type(DataType::Decimal128(NARROW_PRECISION, scale))
            }
            _ => field,
        }
    });
    let metadata = [("schema_version".to_owned(), SCHEMA_VERSION.to_string())];
    let schema = Arc::new(Schema::new_with_metadata(
        fields.collect::<Vec<_>>(),
        metadata.into(),
    ));
    let convert = |batch: &RecordBatch| -> Result<RecordBatch> {
        let columns = kept
            .iter()
            .zip(schema.fields())
            .map(|(&i, field)| -> Result<ArrayRef> {
                let column = batch.column(i);
                Ok(match field.data_type() {
                    DataType::Decimal128(precision, scale) => Arc::new(
                        decimals(column)
                            .clone()
                            .with_precision_and_scale(*precision, *scale)?,
                    ),
                    _ => column.clone(),
                })
            });
        Ok(RecordBatch::try_new(
            schema.clone(),
            columns.collect::<Result<_>>()?,
        )?)
    };
    batches.iter().map(convert).collect()
}

fn is_decimal(column: &ArrayRef) -> bool {
    matches!(column.data_type(), DataType::Decimal128(..))
}

fn decimals(column: &ArrayRef) -> &Decimal128Array {
    column.as_primitive::<Decimal128Type>()
}

fn fits(column: &ArrayRef) -> bool {
    let bound = 10i128.pow(u32::from(NARROW_PRECISION));
    decimals(column)
        .iter()
        .flatten()
        .all(|units| units.abs() < bound)
}

fn footer_length(bytes: &[u8]) -> u32 {
    let tail = bytes.len().saturating_sub(8);
    let length = bytes
        .get(tail..tail + 4)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u32::from_le_bytes);
    length.saturating_add(8)
}
