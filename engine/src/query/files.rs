//! Rows of whole files: inline ones from the catalog, objects from the store.

use std::sync::Arc;

use arrow::array::RecordBatch;
use object_store::ObjectStoreExt;
use object_store::path::Path;
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
    let path = Path::from(key.as_str());
    let bytes = scope
        .store
        .get(&path)
        .await
        .map_err(damaged)?
        .bytes()
        .await
        .map_err(damaged)?;
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

/// A stored file that cannot be read: the operator is told which, once.
pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    tracing::error!(%error, "a stored file cannot be read");
    Error::storage(error)
}
