//! Deletes what nobody can read any more: replaced files after their grace
//! period, and uploads that no commit ever named.

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use crate::error::{Error, Result};
use crate::metadata::upkeep;

/// Removes what is due, a bounded number of files at a time. What fails is
/// logged and tried again in the next round; the rest goes on.
pub(super) async fn sweep(pool: &PgPool, store: &dyn ObjectStore) -> Result<()> {
    for due in upkeep::due_files(pool).await? {
        log(&due.tenant, file(pool, store, &due).await);
    }
    for (tenant, key) in upkeep::orphans(pool).await? {
        log(&tenant, orphan(pool, store, &tenant, &key).await);
    }
    upkeep::purge_expired(pool).await
}

fn log(tenant: &TenantId, swept: Result<()>) {
    if let Err(error) = swept {
        tracing::warn!(%tenant, %error, "a removed file is not swept yet");
    }
}

async fn file(pool: &PgPool, store: &dyn ObjectStore, due: &upkeep::DueFile) -> Result<()> {
    for key in due.object_key.iter().chain(&due.rollup_key) {
        delete(store, key).await?;
    }
    upkeep::forget_file(pool, &due.tenant, due.file).await
}

async fn orphan(
    pool: &PgPool,
    store: &dyn ObjectStore,
    tenant: &TenantId,
    key: &str,
) -> Result<()> {
    if !upkeep::is_catalogued(pool, tenant, key).await? {
        delete(store, key).await?;
    }
    upkeep::forget_upload(pool, tenant, key).await
}

/// An object that is gone already is as good as deleted.
async fn delete(store: &dyn ObjectStore, key: &str) -> Result<()> {
    match store.delete(&Path::from(key)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Error::storage(error)),
    }
}
