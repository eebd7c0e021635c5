//! A small file as bytes in a catalog row: an Arrow stream, compressed whole.
//!
//! The rows are in file order, like a Parquet file's, but may span windows.

use std::borrow::Cow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;

use crate::encoding::TENANT_METADATA;
use crate::error::{Result, StorageError};
use crate::id::TenantId;

/// Level 1: the bytes live for minutes, until the flush writes them again as
/// Parquet, but pass through Postgres, which costs more than compressing them.
const ZSTD_LEVEL: i32 = 1;
/// How a zstd frame begins; an Arrow stream begins with 0xFFFFFFFF.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// Encodes rows that are in file order.
pub fn encode(tenant: &TenantId, batch: &RecordBatch) -> Result<Vec<u8>> {
    let mut metadata = batch.schema_ref().metadata().clone();
    metadata.insert(TENANT_METADATA.to_owned(), tenant.to_string());
    let schema = Arc::new(Schema::new_with_metadata(
        batch.schema_ref().fields().clone(),
        metadata,
    ));
    let mut writer = StreamWriter::try_new(Vec::new(), &schema)?;
    writer.write(&batch.clone().with_schema(schema)?)?;
    // The whole stream, not each buffer: of few rows the schema is the most.
    Ok(zstd::bulk::compress(&writer.into_inner()?, ZSTD_LEVEL)?)
}

/// Decodes rows; refuses bytes of another tenant.
pub fn decode(tenant: &TenantId, bytes: &[u8], name: &str) -> Result<RecordBatch> {
    let damaged = |what: &str| StorageError::Damaged {
        file: name.to_owned(),
        what: what.to_owned(),
    };
    let plain = match bytes.starts_with(&ZSTD_MAGIC) {
        true => zstd::stream::decode_all(bytes)
            .map(Cow::Owned)
            .map_err(|_| damaged("it cannot be decompressed"))?,
        false => Cow::Borrowed(bytes),
    };
    let mut reader = StreamReader::try_new(&*plain, None)?;
    if reader
        .schema()
        .metadata()
        .get(TENANT_METADATA)
        .map(String::as_str)
        != Some(tenant.as_str())
    {
        return Err(StorageError::OtherTenant {
            file: name.to_owned(),
        });
    }
    reader
        .next()
        .ok_or_else(|| StorageError::Damaged {
            file: name.to_owned(),
            what: "it holds no rows".to_owned(),
        })?
        .map_err(Into::into)
}
