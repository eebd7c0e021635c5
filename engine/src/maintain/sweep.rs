//! Deletes what nobody can read any more: replaced files after their grace
//! period, and uploads that no commit ever named.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;
use storage_layout::TenantId;

use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::metadata::sweep::{self as catalog, BATCH};
use crate::metadata::upkeep::DueFile;
use crate::metadata::{pin, query_jobs, upkeep};

/// Deletions that are under way at the same time.
const AT_ONCE: usize = 16;

/// How long one deletion may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Removes what is due, one batch of each kind; whether there may be more. What
/// fails is logged and tried again after a while; the rest goes on.
pub(super) async fn sweep(pool: &PgPool, store: &dyn ObjectStore) -> Result<bool> {
    let inline = catalog::forget_inline(pool).await;
    let objects = objects(pool, store).await;
    let results = results(pool, store).await;
    let expired = catalog::purge_expired(pool).await;
    Ok(inline? | objects? | results? | expired?)
}

/// Removes results of queries that ran without their client, when their day is
/// over; whether there may be more. No backup copies them.
async fn results(pool: &PgPool, store: &dyn ObjectStore) -> Result<bool> {
    let (expired, mut more) = query_jobs::expired(pool).await?;
    let things = expired.into_iter().map(|expired| {
        let keys = expired.keys.iter().map(|key| key.path().to_string());
        (expired.tenant, expired.job, keys.collect())
    });
    for (tenant, deleted) in delete_all(store, things.collect()).await {
        for job in deleted.gone {
            more &= log(&tenant, query_jobs::forget(pool, &tenant, job).await);
        }
        for job in deleted.left {
            more &= log(&tenant, query_jobs::put_off(pool, &tenant, job).await);
        }
    }
    Ok(more)
}

/// Leaves everything for later while a backup or a restore copies objects, or
/// another server sweeps.
async fn objects(pool: &PgPool, store: &dyn ObjectStore) -> Result<bool> {
    let due = catalog::due_files(pool).await?;
    let uploads = catalog::old_uploads(pool).await?;
    if due.is_empty() && uploads.is_empty() {
        return Ok(false);
    }
    let Some(_deleting) = pin::try_delete(pool).await? else {
        return Ok(false);
    };
    let full = due.len() == BATCH || uploads.len() == BATCH;
    let noted = files(pool, store, due).await & orphans(pool, store, uploads).await;
    // Without a note of what was done the same would come again at once.
    Ok(full && noted)
}

/// What became of a tenant's objects: those that are gone, and the others.
struct Deleted<T> {
    gone: Vec<T>,
    left: Vec<T>,
}

/// Deletes objects, all of one thing together, some things at a time.
async fn delete_all<T>(
    store: &dyn ObjectStore,
    things: Vec<(TenantId, T, Vec<String>)>,
) -> BTreeMap<TenantId, Deleted<T>> {
    let deletions = things.into_iter().map(|(tenant, thing, keys)| async move {
        let all = async {
            for key in &keys {
                delete(store, key).await?;
            }
            Ok(())
        };
        let late = |_| Err(Error::storage("the store does not answer"));
        let done = tokio::time::timeout(PATIENCE, all).await;
        (tenant, thing, done.unwrap_or_else(late))
    });
    let mut deletions = futures::stream::iter(deletions).buffer_unordered(AT_ONCE);
    let mut all: BTreeMap<TenantId, Deleted<T>> = BTreeMap::new();
    while let Some((tenant, thing, done)) = deletions.next().await {
        let deleted = all.entry(tenant.clone()).or_insert_with(|| Deleted {
            gone: Vec::new(),
            left: Vec::new(),
        });
        match done {
            Ok(()) => deleted.gone.push(thing),
            Err(_) => deleted.left.push(thing),
        }
        log(&tenant, done);
    }
    all
}

/// Deletes replaced files; whether the catalog took note of all.
async fn files(pool: &PgPool, store: &dyn ObjectStore, due: Vec<DueFile>) -> bool {
    let things = due.into_iter().map(|due| {
        let keys = keys(&due).cloned().collect();
        (due.tenant, due.file, keys)
    });
    let all = delete_all(store, things.collect()).await;
    if !all.is_empty() {
        Failpoint::ObjectsSwept.reached();
    }
    let mut noted = true;
    for (tenant, deleted) in all {
        noted &= log(
            &tenant,
            upkeep::forget_files(pool, &tenant, &deleted.gone).await,
        );
        if !deleted.left.is_empty() {
            let put_off = catalog::put_off_files(pool, &tenant, &deleted.left);
            noted &= log(&tenant, put_off.await);
        }
    }
    noted
}

/// Deletes uploads that no commit named and from now on none can name; whether
/// the catalog took note of all.
async fn orphans(pool: &PgPool, store: &dyn ObjectStore, uploads: Vec<(TenantId, String)>) -> bool {
    let mut by_tenant: BTreeMap<TenantId, Vec<String>> = BTreeMap::new();
    for (tenant, key) in uploads {
        by_tenant.entry(tenant).or_default().push(key);
    }
    let (mut noted, mut things) = (true, Vec::new());
    for (tenant, keys) in by_tenant {
        match catalog::mark_uploads(pool, &tenant, &keys).await {
            Ok(marked) => things.extend(
                marked
                    .into_iter()
                    .map(|key| (tenant.clone(), key.clone(), vec![key])),
            ),
            Err(error) => noted &= log(&tenant, Err(error)),
        }
    }
    let all = delete_all(store, things).await;
    if !all.is_empty() {
        Failpoint::ObjectsSwept.reached();
    }
    for (tenant, deleted) in all {
        let forgotten = catalog::forget_uploads(pool, &tenant, &deleted.gone);
        noted &= log(&tenant, forgotten.await);
        if !deleted.left.is_empty() {
            let put_off = catalog::put_off_uploads(pool, &tenant, &deleted.left);
            noted &= log(&tenant, put_off.await);
        }
    }
    noted
}

fn keys(due: &DueFile) -> impl Iterator<Item = &String> {
    let sides = due.rollup_key.iter().chain(&due.detail_key);
    due.object_key.iter().chain(sides)
}

/// Logs a failure; whether there was none.
fn log(tenant: &TenantId, swept: Result<()>) -> bool {
    if let Err(error) = &swept {
        tracing::warn!(%tenant, %error, "a removed file is not swept yet");
    }
    swept.is_ok()
}

/// An object that is gone already is as good as deleted.
pub(super) async fn delete(store: &dyn ObjectStore, key: &str) -> Result<()> {
    match store.delete(&Path::from(key)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(Error::storage(error)),
    }
}
