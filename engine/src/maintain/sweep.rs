//! Deletes what nobody can read any more: replaced files after their grace
//! period, and uploads that no commit ever named.

use std::collections::BTreeMap;

use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;
use storage_layout::{FileId, TenantId};

use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::metadata::{pin, upkeep};

/// Files in the store that one sweep deletes; those in the catalog alone go
/// together, a tenant's at a time.
const FILES_WITH_OBJECTS: usize = 256;

/// Removes what is due, a bounded number of files at a time. What fails is
/// logged and tried again in the next round; the rest goes on.
pub(super) async fn sweep(pool: &PgPool, store: &dyn ObjectStore) -> Result<()> {
    objects(pool, store).await?;
    upkeep::purge_expired(pool).await
}

/// Leaves everything for later while a backup or a restore copies objects.
async fn objects(pool: &PgPool, store: &dyn ObjectStore) -> Result<()> {
    let (due, orphans) = (upkeep::due_files(pool).await?, upkeep::orphans(pool).await?);
    if due.is_empty() && orphans.is_empty() {
        return Ok(());
    }
    let Some(_deleting) = pin::try_delete(pool).await? else {
        return Ok(());
    };
    let (stored, inline): (Vec<_>, Vec<_>) = due.into_iter().partition(has_object);
    let mut rows: BTreeMap<&TenantId, Vec<FileId>> = BTreeMap::new();
    for due in &inline {
        rows.entry(&due.tenant).or_default().push(due.file);
    }
    for (tenant, files) in rows {
        log(tenant, upkeep::forget_files(pool, tenant, &files).await);
    }
    for due in stored.iter().take(FILES_WITH_OBJECTS) {
        log(&due.tenant, file(pool, store, due).await.map(drop));
    }
    for (tenant, key) in orphans {
        log(&tenant, orphan(pool, store, &tenant, &key).await);
    }
    Ok(())
}

fn has_object(due: &upkeep::DueFile) -> bool {
    due.object_key.is_some() || due.rollup_key.is_some() || due.detail_key.is_some()
}

fn log(tenant: &TenantId, swept: Result<()>) {
    if let Err(error) = swept {
        tracing::warn!(%tenant, %error, "a removed file is not swept yet");
    }
}

/// Deletes a replaced file; answers how many objects it had.
async fn file(pool: &PgPool, store: &dyn ObjectStore, due: &upkeep::DueFile) -> Result<u64> {
    let mut objects = 0;
    let sides = due.rollup_key.iter().chain(&due.detail_key);
    for key in due.object_key.iter().chain(sides) {
        delete(store, key).await?;
        objects += 1;
    }
    Failpoint::ObjectsSwept.reached();
    upkeep::forget_files(pool, &due.tenant, &[due.file]).await?;
    Ok(objects)
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
    Failpoint::ObjectsSwept.reached();
    upkeep::forget_upload(pool, tenant, key).await
}

/// An object that is gone already is as good as deleted.
pub(super) async fn delete(store: &dyn ObjectStore, key: &str) -> Result<()> {
    match store.delete(&Path::from(key)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Error::storage(error)),
    }
}
