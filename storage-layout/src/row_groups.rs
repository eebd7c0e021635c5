//! A Parquet file of ours, read from front to back with one row group in
//! memory: for work that reads whole files, however large they are.
//!
//! Every byte is fetched once and goes into the checksum. The last answer of
//! the iterator is an error when that does not match, so who reads to the end
//! knows that the bytes were those that had been written.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::{Buf, Bytes};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};
use sha2::{Digest, Sha256};

use crate::error::{Result, StorageError};
use crate::id::TenantId;
use crate::reader::check_metadata;

/// Rows of a batch: small, because a merge holds one of each file.
const BATCH_ROWS: usize = 8_192;

/// The length and the magic bytes at the end of a Parquet file.
const TAIL_BYTES: u64 = 8;

/// Fetches bytes of one object.
pub trait FetchRange: Send {
    /// The bytes of this range, all of them.
    fn fetch(&mut self, range: Range<u64>) -> Result<Bytes>;
}

/// What the catalog says about a file.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Whose rows it must hold.
    pub tenant: TenantId,
    /// Its name, for errors.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Length of its footer, bytes; 0 when it is not known.
    pub footer_bytes: u32,
    /// SHA-256 of its bytes.
    pub sha256: Vec<u8>,
}

/// The batches of one file, in file order.
pub struct RowGroups<F> {
    fetch: F,
    expected: Expected,
    metadata: ArrowReaderMetadata,
    footer: Bytes,
    columns: Option<Vec<String>>,
    next_group: usize,
    /// Bytes that went into the checksum.
    read_to: u64,
    hasher: Sha256,
    group: Option<ParquetRecordBatchReader>,
    ended: bool,
}

impl<F: FetchRange> RowGroups<F> {
    /// Reads the footer; `columns` names those that are wanted, `None` all.
    pub fn open(mut fetch: F, expected: Expected, columns: Option<Vec<String>>) -> Result<Self> {
        let footer = footer(&mut fetch, &expected)?;
        let thrift = &footer[..footer.len() - TAIL_BYTES as usize];
        let metadata = Arc::new(ParquetMetaDataReader::decode_metadata(thrift)?);
        check_metadata(metadata.file_metadata(), &expected.tenant, &expected.name)?;
        let metadata = ArrowReaderMetadata::try_new(metadata, ArrowReaderOptions::new())?;
        Ok(Self {
            fetch,
            expected,
            metadata,
            footer,
            columns,
            next_group: 0,
            read_to: 0,
            hasher: Sha256::new(),
            group: None,
            ended: false,
        })
    }

    /// Names of the columns that the file holds, with their types.
    pub fn schema(&self) -> &arrow::datatypes::SchemaRef {
        self.metadata.schema()
    }

    fn advance(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(group) = &mut self.group {
                if let Some(batch) = group.next() {
                    return Ok(Some(batch?));
                }
                self.group = None;
            }
            if self.next_group == self.metadata.metadata().num_row_groups() {
                self.check()?;
                return Ok(None);
            }
            self.group = Some(self.read_group()?);
        }
    }

    fn read_group(&mut self) -> Result<ParquetRecordBatchReader> {
        let at = self.next_group;
        self.next_group += 1;
        let end = end_of_group(self.metadata.metadata(), at)
            .ok_or_else(|| self.damaged("its footer holds no lengths"))?;
        let start = self.read_to;
        let bytes = self.take(end)?;
        let segment = Segment {
            start,
            bytes,
            file_bytes: self.expected.bytes,
        };
        let mut builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(segment, self.metadata.clone())
                .with_row_groups(vec![at])
                .with_batch_size(BATCH_ROWS);
        if let Some(columns) = &self.columns {
            let names = columns.iter().map(String::as_str);
            let mask = ProjectionMask::columns(builder.parquet_schema(), names);
            builder = builder.with_projection(mask);
        }
        Ok(builder.build()?)
    }

    /// Fetches up to `end` and puts it into the checksum.
    fn take(&mut self, end: u64) -> Result<Bytes> {
        let body = self.expected.bytes - self.footer.len() as u64;
        if end < self.read_to || end > body {
            return Err(self.damaged("its row groups lie elsewhere than its footer says"));
        }
        let bytes = match end == self.read_to {
            true => Bytes::new(),
            false => self.fetch.fetch(self.read_to..end)?,
        };
        if bytes.len() as u64 != end - self.read_to {
            return Err(self.damaged("it is shorter than the catalog says"));
        }
        self.hasher.update(&bytes);
        self.read_to = end;
        Ok(bytes)
    }

    /// Reads what stands between the last row group and the footer, and
    /// compares the checksum.
    fn check(&mut self) -> Result<()> {
        self.take(self.expected.bytes - self.footer.len() as u64)?;
        self.hasher.update(&self.footer);
        let found = std::mem::take(&mut self.hasher).finalize();
        if found[..] != self.expected.sha256[..] {
            return Err(self.damaged("its checksum does not match the catalog's"));
        }
        Ok(())
    }

    fn damaged(&self, what: &str) -> StorageError {
        damaged(&self.expected, what)
    }
}

impl<F: FetchRange> Iterator for RowGroups<F> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let next = self.advance().transpose();
        self.ended = !matches!(next, Some(Ok(_)));
        next
    }
}

fn footer(fetch: &mut impl FetchRange, expected: &Expected) -> Result<Bytes> {
    let size = expected.bytes;
    let mut length = u64::from(expected.footer_bytes).clamp(TAIL_BYTES, size.max(TAIL_BYTES));
    for _ in 0..2 {
        if length > size {
            return Err(damaged(expected, "it is too short for a footer"));
        }
        let bytes = fetch.fetch(size - length..size)?;
        if bytes.len() as u64 != length || &bytes[bytes.len() - 4..] != b"PAR1" {
            return Err(damaged(expected, "it does not end like a Parquet file"));
        }
        let tail = &bytes[bytes.len() - TAIL_BYTES as usize..];
        let says = u64::from((&tail[..4]).get_u32_le()) + TAIL_BYTES;
        if says <= length {
            // The page index, which the catalog counts in, is not wanted here.
            return Ok(bytes.slice(usize::try_from(length - says).unwrap_or_default()..));
        }
        length = says;
    }
    Err(damaged(expected, "its footer's length changes"))
}

fn damaged(expected: &Expected, what: &str) -> StorageError {
    StorageError::Damaged {
        file: expected.name.clone(),
        what: what.to_owned(),
    }
}

/// Where a row group's last page ends; `None` when the footer is damaged.
fn end_of_group(metadata: &ParquetMetaData, at: usize) -> Option<u64> {
    let mut last = 0;
    for column in metadata.row_group(at).columns() {
        let data = column.data_page_offset();
        let start = u64::try_from(column.dictionary_page_offset().unwrap_or(data)).ok()?;
        let length = u64::try_from(column.compressed_size()).ok()?;
        last = last.max(start.checked_add(length)?);
    }
    Some(last)
}

/// Part of a file, under the file's own positions.
struct Segment {
    start: u64,
    bytes: Bytes,
    file_bytes: u64,
}

impl Length for Segment {
    fn len(&self) -> u64 {
        self.file_bytes
    }
}

impl Segment {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let at = start.checked_sub(self.start).map(usize::try_from);
        match at {
            Some(Ok(at)) if at <= self.bytes.len() => Ok(self.bytes.slice(at..)),
            _ => Err(outside()),
        }
    }
}

impl ChunkReader for Segment {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if bytes.len() < length {
            return Err(outside());
        }
        Ok(bytes.slice(..length))
    }
}

fn outside() -> ParquetError {
    ParquetError::EOF("a page lies outside its row group".into())
}

#[cfg(test)]
mod tests {
    use arrow::array::TimestampMicrosecondArray;
    use arrow::array::{ArrayRef, Decimal128Array, Int64Array, StringViewArray, new_null_array};
    use arrow::compute::concat_batches;
    use arrow::datatypes::{DataType, Schema, SchemaRef};

    use super::*;
    use crate::conform::conform;
    use crate::encoding::ROW_GROUP_ROWS;
    use crate::schema::{
        COMMIT_VERSION, METRIC_VALUE, number_field, stored_fields, text_field, timestamp_type,
        value_type,
    };
    use crate::stream_writer::{MergedColumns, StreamWriter, schema_of};

    /// Counts what is fetched.
    struct Memory(Bytes, u64);

    impl FetchRange for Memory {
        fn fetch(&mut self, range: Range<u64>) -> Result<Bytes> {
            self.1 = self.1.max(range.end - range.start);
            let length = self.0.len() as u64;
            Ok(self
                .0
                .slice(range.start.min(length) as usize..range.end.min(length) as usize))
        }
    }

    fn stored() -> SchemaRef {
        let mut fields = stored_fields();
        fields.push(text_field("dim_country"));
        fields.push(number_field("num_n"));
        Arc::new(Schema::new(fields))
    }

    /// More than two row groups; the dimension `country` has no value.
    fn rows() -> RecordBatch {
        let count = 2 * ROW_GROUP_ROWS + 10;
        let texts = || (0..count).map(|row| format!("a text of row {}", row % 7));
        let column = |field: &arrow::datatypes::Field| -> ArrayRef {
            match (field.name().as_str(), field.data_type()) {
                ("dim_country" | "event_id", data_type) => new_null_array(data_type, count),
                (_, DataType::Utf8View) => Arc::new(StringViewArray::from_iter_values(texts())),
                (METRIC_VALUE, _) => Arc::new(
                    Decimal128Array::from_iter_values(
                        (0..count).map(|row| row as i128 * 10i128.pow(16)),
                    )
                    .with_data_type(value_type()),
                ),
                ("num_n", _) => Arc::new(
                    Decimal128Array::from_iter_values((0..count).map(|row| row as i128 - 5))
                        .with_data_type(value_type()),
                ),
                (COMMIT_VERSION, _) => Arc::new(Int64Array::from(vec![3; count])),
                _ => Arc::new(
                    TimestampMicrosecondArray::from_iter_values((0..count).map(|row| row as i64))
                        .with_data_type(timestamp_type()),
                ),
            }
        };
        let columns = stored()
            .fields()
            .iter()
            .map(|field| column(field))
            .collect();
        RecordBatch::try_new(stored(), columns).expect("rows")
    }

    fn written(rows: &RecordBatch) -> (Bytes, Expected) {
        let tenant: TenantId = "acme".parse().expect("tenant");
        let columns = MergedColumns::of(&stored(), &[schema_of(rows)]);
        let mut writer = StreamWriter::new(&tenant, &columns, Vec::new()).expect("a writer");
        for start in (0..rows.num_rows()).step_by(50_000) {
            let part = rows.slice(start, 50_000.min(rows.num_rows() - start));
            writer
                .write(&conform(&part, &columns.rows).expect("columns"))
                .expect("write");
        }
        let (written, bytes) = writer.finish().expect("finish");
        assert_eq!(written.bytes, bytes.len() as u64);
        assert_eq!(written.statistics.rows, rows.num_rows() as u64);
        assert_eq!(written.sha256, crate::data_file::checksum(&bytes));
        let expected = Expected {
            tenant,
            name: "f".into(),
            bytes: written.bytes,
            footer_bytes: written.footer_bytes,
            sha256: written.sha256.to_vec(),
        };
        (bytes.into(), expected)
    }

    fn read(
        bytes: &Bytes,
        expected: &Expected,
        columns: Option<Vec<String>>,
    ) -> Result<Vec<RecordBatch>> {
        RowGroups::open(Memory(bytes.clone(), 0), expected.clone(), columns)?.collect()
    }

    #[test]
    fn a_written_file_reads_back_one_row_group_at_a_time() {
        let rows = rows();
        let (bytes, expected) = written(&rows);
        for footer_bytes in [expected.footer_bytes, 0, 100] {
            let expected = Expected {
                footer_bytes,
                ..expected.clone()
            };
            let mut groups =
                RowGroups::open(Memory(bytes.clone(), 0), expected, None).expect("open");
            assert!(
                groups.schema().field_with_name("dim_country").is_err(),
                "no column of nulls"
            );
            let narrow = |name| {
                groups
                    .schema()
                    .field_with_name(name)
                    .expect(name)
                    .data_type()
                    .clone()
            };
            assert_eq!(narrow("num_n"), DataType::Decimal128(18, 9));
            assert_eq!(narrow(METRIC_VALUE), value_type());
            let found: Vec<_> = groups
                .by_ref()
                .map(|b| conform(&b.expect("rows"), &stored()).expect("columns"))
                .collect();
            assert_eq!(concat_batches(&stored(), &found).expect("one batch"), rows);
            assert!(
                groups.fetch.1 < bytes.len() as u64 * 3 / 5,
                "it was fetched as a whole"
            );
        }
        let some = read(
            &bytes,
            &expected,
            Some(vec!["num_n".into(), "dim_country".into()]),
        );
        let some = some.expect("rows");
        assert!(some.iter().all(|batch| batch.num_columns() == 1));
        let count: usize = some.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(count, rows.num_rows());
    }

    #[test]
    fn damage_anywhere_is_found_before_the_end() {
        let (bytes, expected) = written(&rows().slice(0, 1_000));
        let step = bytes.len() / 37;
        for at in (0..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 1;
            // Whatever is read of it, also if it is not the damaged part.
            let found = read(&damaged.into(), &expected, Some(vec!["num_n".into()]));
            assert!(found.is_err(), "byte {at} of {}", bytes.len());
        }
        let cut = bytes.slice(..bytes.len() - 9);
        assert!(read(&cut, &expected, None).is_err());
        let other = Expected {
            tenant: "b".parse().expect("tenant"),
            ..expected
        };
        assert!(read(&bytes, &other, None).is_err(), "another tenant's file");
    }
}
