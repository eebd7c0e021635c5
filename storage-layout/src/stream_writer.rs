//! Rows that come batch by batch become a Parquet file that goes out part by
//! part: one row group is held in memory, not the file.
//!
//! The settings are those of `writer`. Which columns the file has, and which
//! decimals are narrow, is decided before the first row.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type, Field, Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::metadata::KeyValue;
use sha2::{Digest, Sha256};

use crate::blocks::{BLOCKS_METADATA, BlocksBuilder};
use crate::data_file::FileStatistics;
use crate::encoding::writer_properties;
use crate::error::{Result, StorageError};
use crate::id::TenantId;
use crate::schema::{SCHEMA_VERSION, stored_fields};

/// Digits of a decimal that Parquet keeps as a 64-bit integer.
const NARROW_PRECISION: u8 = 18;

/// Bytes of encoded rows between two looks at how much is held.
const FLUSH_BYTES: usize = 32 << 20;

/// The columns that a merged file has: the fixed ones and those that an input
/// has. A decimal is narrow where it is in every input that has it.
#[derive(Debug, Clone)]
pub struct MergedColumns {
    /// What rows are brought to before they are merged.
    pub rows: SchemaRef,
    /// What is written.
    written: SchemaRef,
}

impl MergedColumns {
    /// Of inputs with these schemas; `stored` has all columns of the tenant.
    pub fn of(stored: &Schema, inputs: &[SchemaRef]) -> Self {
        let fixed: BTreeSet<String> = stored_fields().iter().map(|f| f.name().clone()).collect();
        let (mut rows, mut written) = (Vec::new(), Vec::new());
        for field in stored.fields() {
            let types: Vec<&DataType> = inputs
                .iter()
                .filter_map(|input| Some(input.field_with_name(field.name()).ok()?.data_type()))
                .collect();
            if types.is_empty() && !fixed.contains(field.name()) {
                continue;
            }
            rows.push(field.clone());
            let narrow = !types.is_empty() && types.iter().all(|t| is_narrow(t));
            written.push(match (narrow, field.data_type()) {
                (true, DataType::Decimal128(_, scale)) => {
                    let narrow = DataType::Decimal128(NARROW_PRECISION, *scale);
                    Arc::new(Field::clone(field).with_data_type(narrow))
                }
                _ => field.clone(),
            });
        }
        let metadata = [("schema_version".to_owned(), SCHEMA_VERSION.to_string())];
        Self {
            rows: Arc::new(Schema::new(rows)),
            written: Arc::new(Schema::new_with_metadata(written, metadata.into())),
        }
    }
}

/// The schema that rows in memory would have as a file: columns that hold a
/// value, decimals narrow where all of theirs fit.
pub fn schema_of(batch: &RecordBatch) -> SchemaRef {
    let bound = 10i128.pow(u32::from(NARROW_PRECISION));
    let mut fields = Vec::new();
    for (column, field) in batch.columns().iter().zip(batch.schema_ref().fields()) {
        if column.null_count() == column.len() {
            continue;
        }
        let fits = |units: i128| units.abs() < bound;
        fields.push(match column.data_type() {
            DataType::Decimal128(_, scale)
                if column
                    .as_primitive::<Decimal128Type>()
                    .iter()
                    .flatten()
                    .all(fits) =>
            {
                let narrow = DataType::Decimal128(NARROW_PRECISION, *scale);
                Arc::new(Field::clone(field).with_data_type(narrow))
            }
            _ => field.clone(),
        });
    }
    Arc::new(Schema::new(fields))
}

fn is_narrow(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Decimal128(precision, _) if *precision <= NARROW_PRECISION)
}

/// What became of the rows.
#[derive(Debug, Clone)]
pub struct Written {
    /// Size of the file.
    pub bytes: u64,
    /// Length of what follows the column chunks: page index and footer.
    pub footer_bytes: u32,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What planning needs.
    pub statistics: FileStatistics,
}

/// Writes one file into a sink.
pub struct StreamWriter<W: Write + Send> {
    inner: ArrowWriter<Counted<W>>,
    schema: SchemaRef,
    statistics: Option<FileStatistics>,
}

impl<W: Write + Send> StreamWriter<W> {
    /// A writer of one tenant's file.
    pub fn new(tenant: &TenantId, columns: &MergedColumns, sink: W) -> Result<Self> {
        let schema = columns.written.clone();
        let properties = writer_properties(tenant, &schema);
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let sink = Counted {
            inner: sink,
            bytes: 0,
            hasher: Sha256::new(),
            body: Some(BlocksBuilder::default()),
            footer: crc32fast::Hasher::new(),
        };
        Ok(Self {
            inner: ArrowWriter::try_new_with_options(sink, schema.clone(), options)?,
            schema,
            statistics: None,
        })
    }

    /// Adds rows of [`MergedColumns::rows`], in file order.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        let own = FileStatistics::of(std::slice::from_ref(batch))?;
        match &mut self.statistics {
            Some(statistics) => statistics.absorb(own),
            none => *none = Some(own),
        }
        let columns = batch.columns().iter().zip(self.schema.fields());
        let columns = columns.map(|(column, field)| narrowed(column, field.data_type()));
        let columns = columns.collect::<Result<Vec<ArrayRef>>>()?;
        self.inner
            .write(&RecordBatch::try_new(self.schema.clone(), columns)?)?;
        if self.inner.in_progress_size() > FLUSH_BYTES {
            self.inner.flush()?;
        }
        Ok(())
    }

    /// About how large the file is by now.
    pub fn bytes(&self) -> u64 {
        (self.inner.bytes_written() + self.inner.in_progress_size()) as u64
    }

    /// Ends the file; the sink has all of its bytes. Errors when no row came.
    pub fn finish(mut self) -> Result<(Written, W)> {
        // All column chunks are written from here on; page index and footer follow.
        self.inner.flush()?;
        self.inner.sync()?;
        let body_bytes = self.inner.inner().bytes;
        let blocks = self.inner.inner_mut().body.take().unwrap_or_default();
        let blocks = KeyValue::new(BLOCKS_METADATA.to_owned(), blocks.finish().to_text());
        self.inner.append_key_value_metadata(blocks);
        let sink = self.inner.into_inner()?;
        let mut statistics = self.statistics.ok_or_else(|| StorageError::Damaged {
            file: "merge".into(),
            what: "it has no rows".into(),
        })?;
        statistics.footer_crc32 = Some(sink.footer.finalize());
        let written = Written {
            bytes: sink.bytes,
            footer_bytes: u32::try_from(sink.bytes - body_bytes).unwrap_or_default(),
            sha256: sink.hasher.finalize().into(),
            statistics,
        };
        Ok((written, sink.inner))
    }
}

fn narrowed(column: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    match (column.data_type(), to) {
        (from, to) if from == to => Ok(column.clone()),
        (DataType::Decimal128(..), DataType::Decimal128(precision, scale)) => {
            let units = column.as_primitive::<Decimal128Type>().clone();
            Ok(Arc::new(
                units.with_precision_and_scale(*precision, *scale)?,
            ))
        }
        (from, to) => Err(StorageError::Damaged {
            file: "merge".into(),
            what: format!("a column is {from}, expected {to}"),
        }),
    }
}

/// A sink that knows what went through it.
struct Counted<W> {
    inner: W,
    bytes: u64,
    hasher: Sha256,
    /// Checksums of the body, until it ends.
    body: Option<BlocksBuilder>,
    /// Checksum of what follows the body.
    footer: crc32fast::Hasher,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.inner.write_all(bytes)?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        match &mut self.body {
            Some(body) => body.push(bytes),
            None => self.footer.update(bytes),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.inner.flush()
    }
}
