//! A result as bytes: pages of rows, each an Arrow stream of its own, so that
//! one can be read without the others.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use bytes::Bytes;

use crate::error::{Error, Result};
use crate::metadata::query_jobs::StoredPage;

/// Rows of a page: about a megabyte as JSON.
const PAGE_ROWS: usize = 10_000;

/// Bytes of a stored result, held in memory while it is made.
const MAX_BYTES: usize = 64 << 20;

/// A result that is being made.
pub(super) struct Pages {
    schema: SchemaRef,
    /// Rows that do not fill a page yet.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    bytes: Vec<u8>,
    pages: Vec<StoredPage>,
}

impl Pages {
    pub(super) fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            waiting: Vec::new(),
            waiting_rows: 0,
            bytes: Vec::new(),
            pages: Vec::new(),
        }
    }

    /// Rows so far.
    pub(super) fn rows(&self) -> u64 {
        let full: u64 = self.pages.iter().map(|page| page.rows).sum();
        full + self.waiting_rows as u64
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Adds rows. Errors: `TooLarge` for a result that is not kept.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<()> {
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = (PAGE_ROWS - self.waiting_rows).min(batch.num_rows() - from);
            self.waiting.push(batch.slice(from, rows));
            self.waiting_rows += rows;
            from += rows;
            if self.waiting_rows == PAGE_ROWS {
                self.page()?;
            }
        }
        Ok(())
    }

    /// The bytes and where in them which page is; a result without rows has a
    /// page, which knows the columns.
    pub(super) fn finish(mut self) -> Result<(Bytes, Vec<StoredPage>)> {
        if self.waiting_rows > 0 || self.pages.is_empty() {
            self.page()?;
        }
        Ok((self.bytes.into(), self.pages))
    }

    fn page(&mut self) -> Result<()> {
        let rows = concat_batches(&self.schema, &self.waiting).map_err(Error::internal)?;
        self.waiting.clear();
        self.waiting_rows = 0;
        let at = self.bytes.len();
        let options = IpcWriteOptions::default()
            .try_with_compression(Some(CompressionType::ZSTD))
            .map_err(Error::internal)?;
        let mut writer = StreamWriter::try_new_with_options(&mut self.bytes, &self.schema, options)
            .map_err(Error::internal)?;
        writer.write(&rows).map_err(Error::internal)?;
        writer.finish().map_err(Error::internal)?;
        drop(writer);
        self.pages.push(StoredPage {
            at: at as u64,
            bytes: (self.bytes.len() - at) as u64,
            rows: rows.num_rows() as u64,
        });
        if self.bytes.len() > MAX_BYTES {
            return Err(Error::TooLarge {
                message: format!("the result is over {} MiB", MAX_BYTES >> 20),
                hint: "export it, or ask for fewer rows or columns".into(),
            });
        }
        Ok(())
    }
}

/// A page's rows.
pub(super) fn decode(page: Bytes) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let reader = StreamReader::try_new(std::io::Cursor::new(page), None);
    let reader = reader.map_err(Error::storage)?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>();
    Ok((schema, batches.map_err(Error::storage)?))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn batch(values: std::ops::Range<i64>) -> RecordBatch {
        let column: ArrayRef = Arc::new(Int64Array::from_iter_values(values));
        RecordBatch::try_from_iter([("n", column)]).expect("a batch")
    }

    #[test]
    fn pages_are_full_but_for_the_last_and_give_the_rows_in_order() {
        let mut pages = Pages::new(batch(0..1).schema());
        for from in (0..25_000).step_by(7_000) {
            pages
                .push(&batch(from..(from + 7_000).min(25_000)))
                .expect("room");
        }
        assert_eq!(pages.rows(), 25_000);
        let (bytes, pages) = pages.finish().expect("a result");
        let rows: Vec<u64> = pages.iter().map(|page| page.rows).collect();
        assert_eq!(rows, [10_000, 10_000, 5_000]);
        let mut all = Vec::new();
        for page in pages {
            let (from, to) = (page.at as usize, (page.at + page.bytes) as usize);
            let (_, batches) = decode(bytes.slice(from..to)).expect("a page");
            for batch in batches {
                all.extend_from_slice(batch.column(0).as_primitive::<Int64Type>().values());
            }
        }
        assert_eq!(all, (0..25_000).collect::<Vec<i64>>());
    }

    #[test]
    fn a_result_without_rows_has_one_page_with_its_columns() {
        let (bytes, pages) = Pages::new(batch(0..1).schema()).finish().expect("a result");
        assert_eq!(pages.len(), 1);
        let (schema, _) = decode(bytes).expect("a page");
        assert_eq!(schema.field(0).name(), "n");
    }
}
