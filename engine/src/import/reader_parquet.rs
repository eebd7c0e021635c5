//! Parquet: only the columns a mapping uses are decoded. `_line` is the row's
//! number from 1.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::compute::BatchCoalescer;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use sha2::{Digest, Sha256};

use super::chunk::{CHUNK_LINES, Chunk, ChunkHasher, Content};
use super::mapping::Mapping;
use super::program::Program;
use super::reader::{self, Source};
use crate::error::{Error, Result};

/// Cuts a Parquet file into chunks of rows.
pub(super) struct ParquetSource {
    path: PathBuf,
    reader: ParquetRecordBatchReader,
    rows: BatchCoalescer,
    schema: arrow::datatypes::SchemaRef,
    hasher: ChunkHasher,
    rows_read: u64,
    rows_total: u64,
    bytes_total: u64,
}

impl ParquetSource {
    /// Opens a file and compiles the mapping against its columns. Chunks are
    /// remembered by the hash of the whole file, so it is read once for that.
    pub(super) fn open(
        path: &Path,
        mut file: File,
        mapping: &Mapping,
        hasher: ChunkHasher,
    ) -> Result<(Self, Program)> {
        let unreadable = |error: &dyn std::fmt::Display| reader::unreadable(path, error);
        let (digest, bytes_total) = digest(&mut file).map_err(|error| unreadable(&error))?;
        let builder =
            ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| unreadable(&error))?;
        let columns = reader::with_line(builder.schema().fields().iter().cloned().collect());
        let program = Program::compile(mapping, &columns)?;
        let mask = ProjectionMask::roots(builder.parquet_schema(), program.used().iter().copied());
        let rows_total = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or(0);
        let reader = builder
            .with_projection(mask)
            .with_batch_size(CHUNK_LINES)
            .build();
        let reader = reader.map_err(|error| unreadable(&error))?;
        let rows = BatchCoalescer::new(
            arrow::array::RecordBatchReader::schema(&reader),
            CHUNK_LINES,
        );
        let source = Self {
            path: path.to_owned(),
            reader,
            rows,
            schema: Arc::clone(program.schema()),
            hasher: hasher.with(&digest),
            rows_read: 0,
            rows_total,
            bytes_total,
        };
        Ok((source, program))
    }

    /// The next rows: as many as a chunk holds, fewer only at the end.
    fn next_rows(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.rows.next_completed_batch() {
                return Ok(Some(batch));
            }
            let damaged = |error| reader::damaged(&self.path, self.rows_read, &error);
            match self.reader.next().transpose().map_err(damaged)? {
                Some(batch) => self.rows.push_batch(batch).map_err(Error::internal)?,
                None => {
                    self.rows.finish_buffered_batch().map_err(Error::internal)?;
                    return Ok(self.rows.next_completed_batch());
                }
            }
        }
    }
}

impl Source for ParquetSource {
    fn next_chunk(&mut self) -> Result<Option<Chunk>> {
        let Some(rows) = self.next_rows()? else {
            return Ok(None);
        };
        let first_line = self.rows_read + 1;
        let count = rows.num_rows() as u64;
        self.rows_read += count;
        let lines = Int64Array::from_iter_values(
            (first_line..first_line + count).map(|line| i64::try_from(line).unwrap_or(i64::MAX)),
        );
        let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
        columns.push(Arc::new(lines));
        let batch =
            RecordBatch::try_new(Arc::clone(&self.schema), columns).map_err(Error::internal)?;
        let mut hasher = self.hasher.chunk(first_line);
        hasher.number(count);
        let share = u128::from(self.bytes_total) * u128::from(self.rows_read)
            / u128::from(self.rows_total.max(1));
        Ok(Some(Chunk {
            hash: hasher.finish(),
            content: Content::Rows { batch, first_line },
            faults: Vec::new(),
            bytes_read: u64::try_from(share).unwrap_or(self.bytes_total),
        }))
    }
}

fn digest(file: &mut File) -> std::io::Result<([u8; 32], u64)> {
    let (mut hasher, mut bytes) = (Sha256::new(), 0);
    let mut buffer = vec![0; 256 << 10];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            file.rewind()?;
            return Ok((hasher.finalize().into(), bytes));
        }
        hasher.update(&buffer[..read]);
        bytes += read as u64;
    }
}
