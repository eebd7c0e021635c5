//! The rows of live files as streams, one row group of each in memory.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use arrow::compute::{filter_record_batch, is_null, kernels::zip::zip};
use arrow::datatypes::{Int64Type, Schema, SchemaRef};
use bytes::Bytes;
use object_store::path::Path;
use storage_layout::conform::conform;
use storage_layout::data_file::checksum;
use storage_layout::merge::Rows;
use storage_layout::row_groups::{Expected, RowGroups};
use storage_layout::schema::{COMMIT_VERSION, stored_schema};
use storage_layout::stream_writer::schema_of;
use storage_layout::{FileId, StorageError, TenantId, inline};

use super::work::{ReadObject, Work, blame};
use crate::error::{Error, Result};
use crate::metadata::catalog::{DataFile, FileStorage, Snapshot};

/// Says which rows of a batch are meant.
pub(super) type Matches = Arc<dyn Fn(&RecordBatch) -> Result<BooleanArray> + Send + Sync>;

/// A file that is being read.
pub(super) struct Source {
    /// The columns that it has, narrow where they are.
    pub(super) schema: SchemaRef,
    rows: Rows<'static>,
    version: i64,
}

impl Source {
    /// Opens a file. `payloads` holds the inline ones; `columns` names those
    /// that are wanted.
    pub(super) fn open(
        work: &Work,
        tenant: &TenantId,
        file: &DataFile,
        payloads: &HashMap<FileId, Bytes>,
        columns: Option<Vec<String>>,
    ) -> Result<Self> {
        let version = file.added_version;
        let FileStorage::Object {
            key, footer_bytes, ..
        } = &file.storage
        else {
            let bytes = payloads.get(&file.id);
            let bytes = bytes.ok_or_else(|| Error::storage(format!("{} is gone", file.id)))?;
            let batch = inline_rows(tenant, file, bytes).map_err(blame)?;
            return Ok(Self {
                schema: schema_of(&batch),
                rows: Box::new(std::iter::once(Ok(batch))),
                version,
            });
        };
        let fetch = ReadObject {
            work: work.clone(),
            key: Path::from(key.as_str()),
        };
        let expected = Expected {
            tenant: tenant.clone(),
            name: file.id.to_string(),
            bytes: file.bytes,
            footer_bytes: *footer_bytes,
            sha256: file.sha256.clone(),
        };
        let rows = RowGroups::open(fetch, expected, columns).map_err(blame)?;
        Ok(Self {
            schema: rows.schema().clone(),
            rows: Box::new(rows),
            version,
        })
    }

    /// The rows in these columns, as they are in the file.
    pub(super) fn into_written(self, columns: SchemaRef) -> Rows<'static> {
        Box::new(self.rows.map(move |batch| conform(&batch?, &columns)))
    }

    /// The rows in these columns, with their versions; without those that
    /// `leave_out` means.
    pub(super) fn rows(self, columns: SchemaRef, leave_out: Option<Matches>) -> Rows<'static> {
        let version = self.version;
        Box::new(self.rows.map(move |batch| {
            let batch = with_version(conform(&batch?, &columns)?, version)?;
            let Some(leave_out) = &leave_out else {
                return Ok(batch);
            };
            let meant =
                leave_out(&batch).map_err(|e| StorageError::Disk(std::io::Error::other(e)))?;
            let kept = arrow::compute::not(&meant)?;
            Ok(filter_record_batch(&batch, &kept)?)
        }))
    }
}

fn inline_rows(
    tenant: &TenantId,
    file: &DataFile,
    bytes: &Bytes,
) -> Result<RecordBatch, StorageError> {
    if checksum(bytes)[..] != file.sha256[..] {
        return Err(StorageError::Damaged {
            file: file.id.to_string(),
            what: "its checksum does not match the catalog's".into(),
        });
    }
    inline::decode(tenant, bytes, &file.id.to_string())
}

/// Writes the file's version where a row has none of its own.
fn with_version(batch: RecordBatch, version: i64) -> Result<RecordBatch, StorageError> {
    let Ok(at) = batch.schema().index_of(COMMIT_VERSION) else {
        return Ok(batch);
    };
    let own = batch.column(at).as_primitive::<Int64Type>();
    let filled = zip(&is_null(own)?, &Int64Array::new_scalar(version), own)?;
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[at] = filled;
    Ok(RecordBatch::try_new(batch.schema(), columns)?)
}

/// For each file how many of its rows are meant. Only `columns` are decoded;
/// every byte is read, and checked.
pub(super) fn count(
    work: &Work,
    snapshot: &Snapshot,
    files: &[DataFile],
    payloads: &HashMap<FileId, Bytes>,
    columns: &[String],
    matches: &Matches,
) -> Result<Vec<u64>> {
    let stored = stored_schema(&snapshot.registry);
    let wanted = stored
        .fields()
        .iter()
        .filter(|f| columns.contains(f.name()));
    let wanted: SchemaRef = Arc::new(Schema::new(wanted.cloned().collect::<Vec<_>>()));
    let mut counts = Vec::with_capacity(files.len());
    for file in files {
        let tenant = &snapshot.tenant.id;
        let source = Source::open(work, tenant, file, payloads, Some(columns.to_vec()))?;
        let mut meant = 0;
        for batch in source.rows(wanted.clone(), None) {
            meant += matches(&batch.map_err(blame)?)?.true_count() as u64;
        }
        counts.push(meant);
    }
    Ok(counts)
}
