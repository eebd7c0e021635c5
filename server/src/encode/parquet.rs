//! One Parquet file that any Parquet tool reads.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use arrow::record_batch::RecordBatch;
use engine::{Error, Result};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{Encode, Ending, Stamp, cells};

/// Rows of one row group: what is held in memory at a time.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// Writes row group by row group.
pub(super) struct Parquet {
    writer: ArrowWriter<Vec<u8>>,
    stamp: Stamp,
}

impl Parquet {
    pub(super) fn new(schema: &SchemaRef, stamp: Stamp) -> Result<Self> {
        let level = ZstdLevel::try_new(3).map_err(Error::internal)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_created_by("tessera".into())
            .build();
        // The one thing that fails here is a column of a type Parquet lacks.
        let writer = ArrowWriter::try_new(Vec::new(), Arc::clone(schema), Some(properties))
            .map_err(|error| unwritable(schema, error))?;
        Ok(Self { writer, stamp })
    }

    fn drain(&mut self, out: &mut Vec<u8>) {
        out.append(self.writer.inner_mut());
    }
}

fn unwritable(schema: &SchemaRef, error: parquet::errors::ParquetError) -> Error {
    let alone = |field: &&Arc<arrow::datatypes::Field>| {
        let schema = arrow::datatypes::Schema::new(vec![Arc::clone(field)]);
        ArrowWriter::try_new(Vec::new(), Arc::new(schema), None).is_err()
    };
    match schema.fields().iter().find(alone) {
        Some(field) => cells::unwritable(field.name(), field.data_type()),
        None => Error::internal(error),
    }
}

impl Encode for Parquet {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        self.writer.write(batch).map_err(Error::internal)?;
        self.drain(out);
        Ok(())
    }

    fn end(&mut self, ending: &Ending, out: &mut Vec<u8>) -> Result<()> {
        for (key, value) in [
            ("tessera.version", self.stamp.version.to_string()),
            ("tessera.as_of", self.stamp.as_of.to_rfc3339()),
            ("tessera.complete", ending.complete.to_string()),
        ] {
            self.writer
                .append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        self.writer.finish().map_err(Error::internal)?;
        self.drain(out);
        Ok(())
    }
}
