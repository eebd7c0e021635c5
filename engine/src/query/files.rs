//! Rows of whole files: inline ones from the catalog, objects from the store.

use std::sync::Arc;

use arrow::array::RecordBatch;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use storage_layout::{FileId, StorageError, data_file, inline, reader, schema};

use super::scope::Scope;
use crate::error::{Error, Result};
use crate::metadata::catalog::{self, DataFile, FileStorage};

/// The rows of these inline files, in the same order; decoded once a process.
pub(crate) async fn inline_rows(
    scope: &Scope,
    files: &[&DataFile],
) -> Result<Vec<Arc<RecordBatch>>> {
    let cache = &scope.caches.inline;
    let mut missing = Vec::new();
    for file in files {
        if !cache.contains_key(&file.id) {
            missing.push(file.id);
        }
    }
    let fetched: std::collections::HashMap<FileId, bytes::Bytes> =
        catalog::payloads(&scope.pool, scope.tenant(), &missing)
            .await?
            .into_iter()
            .collect();
    let mut rows = Vec::with_capacity(files.len());
    for file in files {
        let batch = match fetched.get(&file.id) {
            Some(bytes) => {
                let batch = inline::decode(scope.tenant(), bytes, &file.id.to_string());
                let batch = Arc::new(batch.map_err(damaged)?);
                cache.insert(file.id, batch.clone()).await;
                batch
            }
            None => match cache.get(&file.id).await {
                Some(batch) => batch,
                None => single(scope, file).await?,
            },
        };
        rows.push(batch);
    }
    Ok(rows)
}

/// An inline file that fell out of the cache meanwhile.
async fn single(scope: &Scope, file: &DataFile) -> Result<Arc<RecordBatch>> {
    let fetched = catalog::payloads(&scope.pool, scope.tenant(), &[file.id]).await?;
    let Some((_, bytes)) = fetched.first() else {
        return Err(Error::storage(format!("inline file {} is gone", file.id)));
    };
    let batch = inline::decode(scope.tenant(), bytes, &file.id.to_string()).map_err(damaged)?;
    Ok(Arc::new(batch))
}

/// All rows of a file in the stored schema.
pub(crate) async fn rows(scope: &Scope, file: &DataFile) -> Result<Vec<RecordBatch>> {
    let FileStorage::Object { key, .. } = &file.storage else {
        let stored = schema::stored_schema(&scope.snapshot.registry);
        let rows = inline_rows(scope, &[file]).await?;
        return rows
            .iter()
            .map(|batch| storage_layout::conform::conform(batch, &stored).map_err(damaged))
            .collect();
    };
    let bytes = object(scope, key, file.id, Some(file.bytes)).await?;
    let stored = schema::stored_schema(&scope.snapshot.registry);
    let (tenant, id, sha256) = (scope.tenant().clone(), file.id, file.sha256.clone());
    tokio::task::spawn_blocking(move || {
        if data_file::checksum(&bytes)[..] != sha256[..] {
            return Err(damaged(StorageError::Damaged {
                file: id.to_string(),
                what: "its checksum does not match the catalog's".into(),
            }));
        }
        reader::decode_parquet(bytes, &tenant, &id.to_string(), &stored).map_err(damaged)
    })
    .await
    .map_err(Error::internal)?
}

/// All bytes of an object that belongs to this file; `bytes` is their number,
/// where it is known.
pub(crate) async fn object(
    scope: &Scope,
    key: &str,
    file: FileId,
    bytes: Option<u64>,
) -> Result<bytes::Bytes> {
    let path = Path::from(key);
    let read = async { scope.store.get(&path).await?.bytes().await };
    match read.await {
        Ok(read) => Ok(read),
        Err(error) => {
            let size = bytes.unwrap_or_default();
            let fault = unread(scope.store.as_ref(), &path, file, size, Some(error)).await;
            match fault.downcast::<Error>() {
                Ok(away) => Err(*away),
                Err(fault) => {
                    tracing::error!(error = %fault, "a stored file cannot be read");
                    Err(Error::Storage(fault))
                }
            }
        }
    }
}

/// Why a read of a file's object failed: our `Unavailable` when the store does
/// not answer, else `Damaged` with the file's name. A size of 0 is not known.
pub(crate) async fn unread(
    store: &dyn ObjectStore,
    path: &Path,
    file: FileId,
    size: u64,
    error: Option<object_store::Error>,
) -> Box<dyn std::error::Error + Send + Sync> {
    let damaged = |what: String| StorageError::Damaged {
        file: file.to_string(),
        what,
    };
    match store.head(path).await {
        Ok(found) if size != 0 && found.size != size => {
            damaged(format!("it has {} bytes instead of {size}", found.size)).into()
        }
        Err(object_store::Error::NotFound { .. }) => damaged("its object is missing".into()).into(),
        found => {
            let error = error.or(found.err()).map(|e| e.to_string());
            tracing::warn!(%file, error, "the object store does not give a file");
            Box::new(Error::Unavailable {
                message: "the object store does not answer".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            })
        }
    }
}

/// A stored file that cannot be read: the operator is told which, once.
pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    tracing::error!(%error, "a stored file cannot be read");
    Error::storage(error)
}
