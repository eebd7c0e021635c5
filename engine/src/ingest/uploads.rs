//! Objects on their way into the store: noted before they are uploaded, so that
//! one which no commit names can be found, and deleted when that is known.

use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use super::encode;
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::metadata::{commit, upkeep};

/// Uploads that run at once for one body.
const UPLOADS_AT_ONCE: usize = 8;

/// Uploads objects, each noted beforehand so that an orphan can be found.
pub(crate) async fn upload(
    pool: &PgPool,
    store: &dyn ObjectStore,
    tenant: &TenantId,
    uploads: Vec<encode::Upload>,
) -> Result<()> {
    if uploads.is_empty() {
        return Ok(());
    }
    let keys: Vec<String> = uploads
        .iter()
        .map(|upload| upload.key.to_string())
        .collect();
    Failpoint::BeforeUpload.reached();
    commit::begin_upload(pool, tenant, &keys).await?;
    Failpoint::UploadNoted.reached();
    let puts = uploads
        .into_iter()
        .map(|upload| async move { store.put(&upload.key, upload.bytes.into()).await.map(drop) });
    futures::stream::iter(puts)
        .buffer_unordered(UPLOADS_AT_ONCE)
        .try_collect::<()>()
        .await
        .map(|()| Failpoint::Uploaded.reached())
        .map_err(|error| {
            tracing::warn!(%error, %tenant, "an upload failed");
            Error::Unavailable {
                message: "the object store does not take files; nothing was kept".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            }
        })
}

/// Deletes objects that no commit names or can name any more. What fails here
/// is left to the sweep.
pub(super) async fn discard(
    pool: &PgPool,
    store: &Arc<dyn ObjectStore>,
    tenant: &TenantId,
    keys: &[String],
) {
    for key in keys {
        let deleted = store.delete(&Path::from(key.as_str())).await;
        let forgotten = match deleted {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {
                upkeep::forget_upload(pool, tenant, key).await
            }
            Err(error) => Err(Error::storage(error)),
        };
        if let Err(error) = forgotten {
            tracing::debug!(%tenant, %error, "an upload is left to the sweep");
        }
    }
}
