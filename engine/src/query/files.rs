//! Inline files from the catalog, objects from the store.

use std::sync::Arc;

use arrow::array::RecordBatch;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use storage_layout::{FileId, StorageError, inline};

use super::scope::Scope;
use crate::error::{Error, Result};
use crate::metadata::catalog::DataFile;

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
        payloads(scope, &missing).await?.into_iter().collect();
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

async fn payloads(scope: &Scope, files: &[FileId]) -> Result<Vec<(FileId, bytes::Bytes)>> {
    match files {
        [] => Ok(Vec::new()),
        files => scope.supplier.payloads(files).await,
    }
}

/// An inline file that fell out of the cache meanwhile.
async fn single(scope: &Scope, file: &DataFile) -> Result<Arc<RecordBatch>> {
    let fetched = payloads(scope, &[file.id]).await?;
    let Some((_, bytes)) = fetched.first() else {
        return Err(Error::storage(format!("inline file {} is gone", file.id)));
    };
    let batch = inline::decode(scope.tenant(), bytes, &file.id.to_string()).map_err(damaged)?;
    Ok(Arc::new(batch))
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
        Err(error) => Err(unfetched(scope, &path, file, bytes.unwrap_or_default(), error).await),
    }
}

/// Why a file's object was not fetched; the operator is told of damage, once.
pub(crate) async fn unfetched(
    scope: &Scope,
    path: &Path,
    file: FileId,
    size: u64,
    error: object_store::Error,
) -> Error {
    let fault = unread(scope.store.as_ref(), path, file, size, Some(error)).await;
    match fault.downcast::<Error>() {
        Ok(away) => *away,
        Err(fault) => {
            tracing::error!(error = %fault, "a stored file cannot be read");
            Error::Storage(fault)
        }
    }
}

/// Why a read of a file's object failed: our `LimitExceeded` when the tenant may
/// fetch no more, our `Unavailable` when the store does
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
    let error = match error {
        Some(object_store::Error::Generic { store, source }) => match source.downcast::<Error>() {
            // The store was not even asked.
            Ok(own) if matches!(*own, Error::LimitExceeded { .. }) => return own,
            Ok(source) => Some(object_store::Error::Generic { store, source }),
            Err(source) => Some(object_store::Error::Generic { store, source }),
        },
        error => error,
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
