//! Rows of one tenant and one window become a Parquet file.
//!
//! It expects rows in file order (see `arrange`) and keeps only columns that
//! hold a value. It neither uploads nor commits. Each file carries checksums of
//! its blocks (see `blocks`), and the catalog one of its tail.

use std::sync::{Arc, Mutex};

use arrow::array::{Array, ArrayRef, AsArray, Decimal128Array, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowWriterOptions, compute_leaves,
};
use parquet::file::metadata::KeyValue;

use crate::blocks::{BLOCKS_METADATA, BlockChecksums};
use crate::encoding::{ROW_GROUP_ROWS, writer_properties};
use crate::error::{Result, StorageError};
use crate::id::TenantId;
use crate::schema::{SCHEMA_VERSION, stored_fields};

/// Digits of a decimal that Parquet keeps as a 64-bit integer, which scans
/// about twice as fast as 128-bit values.
const NARROW_PRECISION: u8 = 18;

/// Rows of a row group from which on a second thread helps.
const PARALLEL_ROWS: usize = 4_096;

/// An encoded file.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The file's bytes.
    pub bytes: Bytes,
    /// Length of page index, footer and eight-byte end: how much to fetch so
    /// that one request gets all metadata.
    pub footer_bytes: u32,
    /// CRC-32 of those bytes.
    pub footer_crc32: u32,
}

/// Encodes rows as Parquet.
pub fn encode_parquet(tenant: &TenantId, batches: &[RecordBatch]) -> Result<Encoded> {
    let kept = kept_columns(batches);
    let narrowed: Vec<RecordBatch> = narrow(batches, &kept)?;
    let Some(schema) = narrowed.first().map(RecordBatch::schema) else {
        return Ok(Encoded {
            bytes: Bytes::new(),
            footer_bytes: 0,
            footer_crc32: 0,
        });
    };
    let properties = writer_properties(tenant, &schema);
    // Without the embedded Arrow schema every Parquet tool reads the same
    // plain types; our readers know their schema from the catalog.
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options)?;
    let (mut file, columns) = writer.into_serialized_writer()?;
    for (number, rows) in row_groups(&narrowed).iter().enumerate() {
        let chunks = encode_columns(columns.create_column_writers(number)?, rows)?;
        let mut group = file.next_row_group()?;
        for chunk in chunks {
            chunk.append_to_row_group(&mut group)?;
        }
        group.close()?;
    }
    // All column chunks are written from here on; page index and footer follow.
    file.flush()?;
    let blocks = BlockChecksums::of(file.inner());
    file.append_key_value_metadata(KeyValue::new(BLOCKS_METADATA.to_owned(), blocks.to_text()));
    let body_bytes = file.inner().len();
    let bytes = file.into_inner()?;
    let footer = bytes.get(body_bytes..).unwrap_or_default();
    Ok(Encoded {
        footer_bytes: u32::try_from(footer.len()).unwrap_or_default(),
        footer_crc32: crc32fast::hash(footer),
        bytes: bytes.into(),
    })
}

/// The batches cut where a row group ends.
fn row_groups(batches: &[RecordBatch]) -> Vec<Vec<RecordBatch>> {
    let mut groups: Vec<Vec<RecordBatch>> = Vec::new();
    let mut room = 0;
    for batch in batches {
        let mut from = 0;
        while from < batch.num_rows() {
            if room == 0 {
                groups.push(Vec::new());
                room = ROW_GROUP_ROWS;
            }
            let rows = room.min(batch.num_rows() - from);
            if let Some(group) = groups.last_mut() {
                group.push(batch.slice(from, rows));
            }
            from += rows;
            room -= rows;
        }
    }
    groups
}

/// Encodes the columns of one row group, on two threads where there is enough
/// to do: the JSON text alone is about a third of the work.
fn encode_columns(
    writers: Vec<ArrowColumnWriter>,
    rows: &[RecordBatch],
) -> Result<Vec<ArrowColumnChunk>> {
    let encode = |(column, mut writer): (usize, ArrowColumnWriter)| -> Result<_> {
        for batch in rows {
            let field = batch.schema_ref().field(column);
            for leaf in compute_leaves(field, batch.column(column))? {
                writer.write(&leaf)?;
            }
        }
        Ok((column, writer.close()?))
    };
    let work = Mutex::new(writers.into_iter().enumerate());
    let next = || work.lock().ok()?.next();
    let drain = || {
        std::iter::from_fn(next)
            .map(encode)
            .collect::<Result<Vec<_>>>()
    };
    let total: usize = rows.iter().map(RecordBatch::num_rows).sum();
    let mut chunks = if total < PARALLEL_ROWS {
        drain()?
    } else {
        std::thread::scope(|scope| {
            let other = scope.spawn(drain);
            let mut chunks = drain()?;
            chunks.extend(other.join().map_err(|_| ended_early())??);
            Ok::<_, StorageError>(chunks)
        })?
    };
    chunks.sort_by_key(|(column, _)| *column);
    Ok(chunks.into_iter().map(|(_, chunk)| chunk).collect())
}

fn ended_early() -> StorageError {
    StorageError::Damaged {
        file: "batch".into(),
        what: "a thread that encoded it ended early".into(),
    }
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
