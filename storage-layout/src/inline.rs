//! A small file as bytes in a catalog row: a compressed Arrow stream.
//!
//! The rows are in file order, like a Parquet file's, but may span windows.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::ipc::CompressionType;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::{IpcWriteOptions, StreamWriter};

use crate::encoding::TENANT_METADATA;
use crate::error::{Result, StorageError};
use crate::id::TenantId;

/// Encodes rows that are in file order.
pub fn encode(tenant: &TenantId, batch: &RecordBatch) -> Result<Vec<u8>> {
    // LZ4 costs a fraction of the commit itself; the bytes live for minutes,
    // until the flush writes them again as Parquet.
    let options =
        IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME))?;
    let mut metadata = batch.schema_ref().metadata().clone();
    metadata.insert(TENANT_METADATA.to_owned(), tenant.to_string());
    let schema = Arc::new(Schema::new_with_metadata(
        batch.schema_ref().fields().clone(),
        metadata,
    ));
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &schema, options)?;
    writer.write(&batch.clone().with_schema(schema)?)?;
    Ok(writer.into_inner()?)
}

/// Decodes rows; refuses bytes of another tenant.
pub fn decode(tenant: &TenantId, bytes: &[u8], name: &str) -> Result<RecordBatch> {
    let mut reader = StreamReader::try_new(bytes, None)?;
    let damaged = |what: &str| StorageError::Damaged {
        file: name.to_owned(),
        what: what.to_owned(),
    };
    if reader
        .schema()
        .metadata()
        .get(TENANT_METADATA)
        .map(String::as_str)
        != Some(tenant.as_str())
    {
        return Err(damaged("it does not hold this tenant's rows"));
    }
    reader
        .next()
        .ok_or_else(|| damaged("it holds no rows"))?
        .map_err(Into::into)
}
