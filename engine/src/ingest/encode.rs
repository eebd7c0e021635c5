//! Rows become data files: inline when small, else one Parquet file a window.
//!
//! Pure work for a processor; uploading and committing is `commit`'s.

use arrow::array::RecordBatch;
use storage_layout::data_file::{FileStatistics, checksum};
use storage_layout::encoding::{INLINE_LIMIT_BYTES, ROLLUP_INLINE_LIMIT_BYTES};
use storage_layout::key::{ObjectKey, ObjectKind};
use storage_layout::rollup::{PartialsBuilder, RollupDefinition};
use storage_layout::{
    DimensionRegistry, FileId, MetricKey, TenantId, WindowUnit, arrange, inline, writer,
};

use crate::error::{Error, Result};
use crate::metadata::commit::{NewDataFile, NewRollup, NewStorage};

/// Rows whose arrays take more than this go straight to Parquet: compressed
/// they would pass [`INLINE_LIMIT_BYTES`] or come close.
const BULK_MEMORY_BYTES: usize = 6 * INLINE_LIMIT_BYTES;

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
    for (window, rows) in arrange::split(rows, target.unit).map_err(Error::storage)? {
        let mut key = ObjectKey {
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
        let rollup = match rollup {
            bytes if bytes.len() <= ROLLUP_INLINE_LIMIT_BYTES => NewRollup::Inline(bytes),
            bytes => {
                key.kind = ObjectKind::Rollup;
                let side = key.path();
                uploads.push(Upload {
                    key: side.clone(),
                    bytes: bytes.into(),
                });
                NewRollup::Object(side.to_string())
            }
        };
        files.push(NewDataFile {
            id: key.file,
            bytes: encoded.bytes.len() as u64,
            sha256: checksum(&encoded.bytes),
            statistics: FileStatistics::of(&rows).map_err(Error::storage)?,
            rollup,
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

fn rollup(target: &Target<'_>, rows: &RecordBatch) -> Result<Vec<u8>> {
    let definitions = |key: &MetricKey| (target.definitions)(key);
    let mut builder = PartialsBuilder::new(target.zone, target.registry, &definitions);
    builder.push(rows).map_err(Error::storage)?;
    builder
        .finish()
        .and_then(|p| p.encode())
        .map_err(Error::storage)
}
