//! A whole Parquet file of ours, back into rows: for compaction and checks.
//!
//! Queries do not come this way; they read column chunks through the query
//! engine's own reader. Both call [`check_metadata`].

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::FileMetaData;

use crate::conform::conform;
use crate::encoding::{SCHEMA_METADATA, TENANT_METADATA};
use crate::error::{Result, StorageError};
use crate::id::TenantId;
use crate::schema::SCHEMA_VERSION;

/// Refuses a file that does not say it holds this tenant's rows, or that was
/// written by a newer schema.
pub fn check_metadata(metadata: &FileMetaData, tenant: &TenantId, name: &str) -> Result<()> {
    let find = |key: &str| {
        let pairs = metadata.key_value_metadata()?;
        pairs.iter().find(|pair| pair.key == key)?.value.as_deref()
    };
    let damaged = |what: String| StorageError::Damaged {
        file: name.to_owned(),
        what,
    };
    if find(TENANT_METADATA) != Some(tenant.as_str()) {
        return Err(StorageError::OtherTenant {
            file: name.to_owned(),
        });
    }
    match find(SCHEMA_METADATA).and_then(|v| v.parse::<u32>().ok()) {
        Some(version) if version <= SCHEMA_VERSION => Ok(()),
        Some(version) => Err(damaged(format!(
            "its schema version {version} is newer than this program"
        ))),
        None => Err(damaged("it names no schema version".into())),
    }
}

/// Decodes a whole file into the columns of `schema`.
pub fn decode_parquet(
    bytes: Bytes,
    tenant: &TenantId,
    name: &str,
    schema: &SchemaRef,
) -> Result<Vec<RecordBatch>> {
    let metadata = ArrowReaderMetadata::load(&bytes, Default::default())?;
    check_metadata(metadata.metadata().file_metadata(), tenant, name)?;
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata)
        .with_batch_size(65_536)
        .build()?;
    reader.map(|batch| conform(&batch?, schema)).collect()
}
