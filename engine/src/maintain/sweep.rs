//! Deletes what nobody can read any more: replaced files after their grace
//! period, and uploads that no commit ever named.

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;

use crate::error::{Error, Result};
use crate::metadata::upkeep;

/// Removes what is due, a bounded number of files at a time.
pub(super) async fn sweep(pool: &PgPool, store: &dyn ObjectStore) -> Result<()> {
    for due in upkeep::due_files(pool).await? {
        for key in due.object_key.iter().chain(&due.rollup_key) {
            delete(store, key).await?;
        }
        upkeep::forget_file(pool, &due.tenant, due.file).await?;
    }
    for (tenant, key) in upkeep::orphans(pool).await? {
        if !upkeep::is_catalogued(pool, &tenant, &key).await? {
            delete(store, &key).await?;
        }
        upkeep::forget_upload(pool, &tenant, &key).await?;
    }
    Ok(())
}

/// An object that is gone already is as good as deleted.
async fn delete(store: &dyn ObjectStore, key: &str) -> Result<()> {
    match store.delete(&Path::from(key)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Error::storage(error)),
    }
}
