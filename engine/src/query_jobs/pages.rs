//! A result as bytes: pages of rows, each an Arrow stream of its own, so that
//! one can be read without the others.

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};
use bytes::{Buf, BufMut, Bytes};

use crate::error::{Error, Result};
use crate::metadata::query_jobs::StoredPage;
use crate::query::written::{Encode, Ending};

/// Rows of a page: about a megabyte as JSON.
const PAGE_ROWS: usize = 10_000;

/// Bytes of a stored result, held in memory while it is made.
const MAX_BYTES: usize = 64 << 20;

/// What stands before a page's Arrow stream: its bytes and its rows.
const HEAD_BYTES: usize = 16;

/// Writes an answer as pages, each behind its head: whoever keeps them finds
/// where each is without looking into it.
pub(crate) struct PageWriter {
    schema: SchemaRef,
    /// Rows that do not fill a page yet.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
    bytes: usize,
    pages: usize,
}

impl PageWriter {
    pub(crate) fn new(schema: SchemaRef) -> Self {
        Self {
            schema,
            waiting: Vec::new(),
            waiting_rows: 0,
            bytes: 0,
            pages: 0,
        }
    }

    fn page(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let rows = concat_batches(&self.schema, &self.waiting).map_err(Error::internal)?;
        self.waiting.clear();
        self.waiting_rows = 0;
        let options = IpcWriteOptions::default()
            .try_with_compression(Some(CompressionType::ZSTD))
            .map_err(Error::internal)?;
        let mut writer = StreamWriter::try_new_with_options(Vec::new(), &self.schema, options)
            .map_err(Error::internal)?;
        writer.write(&rows).map_err(Error::internal)?;
        let stream = writer.into_inner().map_err(Error::internal)?;
        out.put_u64_le(stream.len() as u64);
        out.put_u64_le(rows.num_rows() as u64);
        out.extend_from_slice(&stream);
        self.pages += 1;
        self.bytes += HEAD_BYTES + stream.len();
        match self.bytes > MAX_BYTES {
            true => Err(too_large()),
            false => Ok(()),
        }
    }
}

impl Encode for PageWriter {
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = (PAGE_ROWS - self.waiting_rows).min(batch.num_rows() - from);
            self.waiting.push(batch.slice(from, rows));
            self.waiting_rows += rows;
            from += rows;
            if self.waiting_rows == PAGE_ROWS {
                self.page(out)?;
            }
        }
        Ok(())
    }

    /// A result without rows has a page, which knows the columns.
    fn end(&mut self, _ending: &Ending, out: &mut Vec<u8>) -> Result<()> {
        match self.waiting_rows > 0 || self.pages == 0 {
            true => self.page(out),
            false => Ok(()),
        }
    }
}

/// Pages as they come from whoever writes them, put together to be kept.
#[derive(Default)]
pub(super) struct Pages {
    bytes: Vec<u8>,
    pages: Vec<StoredPage>,
    /// Where the next page's head is.
    next: usize,
}

impl Pages {
    /// Rows of whole pages so far.
    pub(super) fn rows(&self) -> u64 {
        self.pages.iter().map(|page| page.rows).sum()
    }

    /// Bytes so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Adds what came next. Errors: `TooLarge` for a result that is not kept.
    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes.extend_from_slice(chunk);
        if self.bytes.len() > MAX_BYTES {
            return Err(too_large());
        }
        while let Some(mut head) = self.bytes.get(self.next..self.next + HEAD_BYTES) {
            let (bytes, rows) = (head.get_u64_le(), head.get_u64_le());
            let at = self.next + HEAD_BYTES;
            let end = usize::try_from(bytes)
                .ok()
                .and_then(|bytes| at.checked_add(bytes));
            let Some(end) = end.filter(|end| *end <= self.bytes.len()) else {
                break;
            };
            let at = at as u64;
            self.pages.push(StoredPage { at, bytes, rows });
            self.next = end;
        }
        Ok(())
    }

    /// The bytes and where in them which page is. Errors: what came was cut.
    pub(super) fn finish(self) -> Result<(Bytes, Vec<StoredPage>)> {
        match self.next == self.bytes.len() && !self.pages.is_empty() {
            true => Ok((self.bytes.into(), self.pages)),
            false => Err(Error::internal("the pages of a result are not whole")),
        }
    }
}

fn too_large() -> Error {
    Error::TooLarge {
        message: format!("the result is over {} MiB", MAX_BYTES >> 20),
        hint: "export it, or ask for fewer rows or columns".into(),
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

    /// The pages of these batches, handed on in small pieces.
    fn paged(batches: &[RecordBatch], piece: usize) -> Result<(Bytes, Vec<StoredPage>)> {
        let ending = Ending {
            complete: true,
            rows: 0,
            took: crate::query::written::Took {
                files: 0,
                rows_scanned: 0,
                bytes_scanned: 0,
            },
        };
        let mut writer = PageWriter::new(batch(0..1).schema());
        let mut out = Vec::new();
        for batch in batches {
            writer.rows(batch, &mut out)?;
        }
        writer.end(&ending, &mut out)?;
        let mut pages = Pages::default();
        for piece in out.chunks(piece) {
            pages.push(piece)?;
        }
        pages.finish()
    }

    #[test]
    fn pages_are_full_but_for_the_last_and_give_the_rows_in_order() {
        let batches: Vec<RecordBatch> = (0..25_000)
            .step_by(7_000)
            .map(|from| batch(from..(from + 7_000).min(25_000)))
            .collect();
        for piece in [7, 1_000, 1 << 20] {
            let (bytes, pages) = paged(&batches, piece).expect("a result");
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
    }

    #[test]
    fn a_result_without_rows_has_one_page_with_its_columns() {
        let (bytes, pages) = paged(&[], 64).expect("a result");
        assert_eq!(pages.len(), 1);
        let (schema, _) = decode(bytes.slice(pages[0].at as usize..)).expect("a page");
        assert_eq!(schema.field(0).name(), "n");
    }

    #[test]
    fn pages_that_were_cut_are_no_result() {
        let mut pages = Pages::default();
        pages.push(&[9; 30]).expect("room");
        assert!(pages.finish().is_err());
    }
}
