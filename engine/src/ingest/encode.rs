//! Rows become data files: inline when small, else one Parquet file a window.
//!
//! Pure work for a processor; uploading and committing is `commit`'s.

use arrow::array::RecordBatch;
use storage_layout::data_file::{FileStatistics, checksum};
use storage_layout::encoding::{INLINE_LIMIT_BYTES, ROLLUP_INLINE_LIMIT_BYTES};
use storage_layout::key::{ObjectKey, ObjectKind};
use storage_layout::rollup::{PartialsBuilder, RollupDefinition, StoredRollup};
use storage_layout::{
    DimensionRegistry, FileId, MetricKey, TenantId, WindowUnit, arrange, inline, writer,
};

use crate::error::{Error, Result};
use crate::metadata::commit::{NewDataFile, NewRollup, NewStorage};

/// Rows whose arrays take more than this go straight to Parquet: compressed
/// they would pass [`INLINE_LIMIT_BYTES`] or come close.
const BULK_MEMORY_BYTES: usize = 6 * INLINE_LIMIT_BYTES;

/// Points that lie in more windows than this go to windows of a year: each file
/// costs an upload and a row of the catalog. 366 days make one year of days.
const MAX_WINDOWS: usize = 366;

/// Everything that encoding must know of the tenant.
pub(crate) struct Target<'a> {
    /// Whose rows.
    pub tenant: &'a TenantId,
    /// Days of roll-ups begin at midnight here.
    pub zone: chrono_tz::Tz,
    /// How wide windows are.
    pub unit: WindowUnit,
    /// The dimension columns.
    pub registry: &'a DimensionRegistry,
    /// Each metric's kind.
    pub definitions: &'a (dyn Fn(&MetricKey) -> RollupDefinition + Sync),
}

/// An object to be uploaded before the commit.
pub(crate) struct Upload {
    /// Its key.
    pub key: object_store::path::Path,
    /// Its bytes.
    pub bytes: bytes::Bytes,
}

/// Encodes rows in arrival order.
pub(crate) fn rows(
    target: &Target<'_>,
    rows: &RecordBatch,
) -> Result<(Vec<NewDataFile>, Vec<Upload>)> {
    if rows.get_array_memory_size() <= BULK_MEMORY_BYTES {
        let sorted = arrange::sort(rows).map_err(Error::storage)?;
        let bytes = inline::encode(target.tenant, &sorted).map_err(Error::storage)?;
        if bytes.len() <= INLINE_LIMIT_BYTES {
            let file = NewDataFile {
                id: FileId::new(),
                bytes: bytes.len() as u64,
                sha256: checksum(&bytes),
                statistics: FileStatistics::of(&[sorted]).map_err(Error::storage)?,
                rollup: NewRollup::None,
                detail_key: None,
                storage: NewStorage::Inline(bytes),
            };
            return Ok((vec![file], Vec::new()));
        }
    }
    objects(target, rows)
}

/// Encodes rows as Parquet whatever their size, one file a window.
pub(crate) fn objects(
    target: &Target<'_>,
    rows: &RecordBatch,
) -> Result<(Vec<NewDataFile>, Vec<Upload>)> {
    let mut files = Vec::new();
    let mut uploads = Vec::new();
    let mut windows = arrange::split(rows, target.unit).map_err(Error::storage)?;
    if windows.len() > MAX_WINDOWS {
        windows = arrange::split(rows, WindowUnit::Year).map_err(Error::storage)?;
    }
    for (window, rows) in windows {
        let key = ObjectKey {
            tenant: target.tenant.clone(),
            window,
            file: FileId::new(),
            kind: ObjectKind::Data,
        };
        let path = key.path();
        let rows = [rows];
        // The two halves of the work, side by side.
        let (encoded, rollup) = std::thread::scope(|scope| {
            let rollup = scope.spawn(|| rollup(target, &rows[0]));
            let encoded = writer::encode_parquet(target.tenant, &rows);
            let rollup = rollup.join();
            (encoded, rollup)
        });
        let encoded = encoded.map_err(Error::storage)?;
        let rollup = rollup.map_err(|_| Error::internal("a roll-up ended early"))??;
        let (rollup, detail_key) = place_rollup(&key, rollup, &mut uploads);
        let mut statistics = FileStatistics::of(&rows).map_err(Error::storage)?;
        statistics.footer_crc32 = Some(encoded.footer_crc32);
        files.push(NewDataFile {
            id: key.file,
            bytes: encoded.bytes.len() as u64,
            sha256: checksum(&encoded.bytes),
            statistics,
            rollup,
            detail_key,
            storage: NewStorage::Object {
                key: path.to_string(),
                window,
                footer_bytes: encoded.footer_bytes,
            },
        });
        uploads.push(Upload {
            key: path,
            bytes: encoded.bytes,
        });
    }
    Ok((files, uploads))
}

/// Decides where a file's roll-up goes, if it is worth keeping, small parts into the catalog's row; what
/// becomes an object takes the window, tenant and id of `key`.
pub(crate) fn place_rollup(
    key: &ObjectKey,
    rollup: Option<StoredRollup>,
    uploads: &mut Vec<Upload>,
) -> (NewRollup, Option<String>) {
    let Some(rollup) = rollup else {
        return (NewRollup::None, None);
    };
    let mut upload = |kind, bytes: Vec<u8>| {
        let path = ObjectKey {
            kind,
            ..key.clone()
        }
        .path();
        let name = path.to_string();
        uploads.push(Upload {
            key: path,
            bytes: bytes.into(),
        });
        name
    };
    let detail_key = rollup.detail.map(|bytes| upload(ObjectKind::Detail, bytes));
    let days = match rollup.days {
        bytes if bytes.len() <= ROLLUP_INLINE_LIMIT_BYTES => NewRollup::Inline(bytes),
        bytes => NewRollup::Object(upload(ObjectKind::Rollup, bytes)),
    };
    (days, detail_key)
}

fn rollup(target: &Target<'_>, rows: &RecordBatch) -> Result<Option<StoredRollup>> {
    let definitions = |key: &MetricKey| (target.definitions)(key);
    let mut builder = PartialsBuilder::new(target.zone, target.registry, &definitions);
    builder.push(rows).map_err(Error::storage)?;
    builder
        .finish()
        .and_then(|rollup| rollup.encode(rows.num_rows() as u64))
        .map_err(Error::storage)
}
