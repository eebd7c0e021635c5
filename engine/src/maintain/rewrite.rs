//! Replaces files by fewer ones with the same rows.
//!
//! Rows keep the version of the commit that brought them, written out, so
//! "everything since version n" stays answerable.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::compute::{concat_batches, is_null, kernels::zip::zip};
use arrow::datatypes::Int64Type;
use storage_layout::schema::{COMMIT_VERSION, stored_schema};

use super::Maintainer;
use crate::error::{Error, Result};
use crate::ingest::encode::{self, Target};
use crate::ingest::{on_processor, upload};
use crate::metadata::catalog::{DataFile, Snapshot};
use crate::metadata::commit::{self, Commit, Ingested, Outcome};
use crate::query::files;
use crate::query::scope::Scope;

/// Rewrites these files of one snapshot as objects; answers how many it
/// replaced, 0 when another process came first.
pub(super) async fn rewrite(
    maintainer: &Maintainer,
    snapshot: &Arc<Snapshot>,
    old: &[&DataFile],
) -> Result<u64> {
    let scope = Scope::new(
        snapshot.clone(),
        Arc::default(),
        maintainer.caches.clone(),
        maintainer.pool.clone(),
        maintainer.store.clone(),
    );
    let mut rows = Vec::new();
    for file in old {
        for batch in files::rows(&scope, file).await? {
            rows.push(with_version(batch, file.added_version)?);
        }
    }
    let owned = snapshot.clone();
    let (add, uploads) = on_processor(true, move || {
        let snapshot = owned;
        let rows =
            concat_batches(&stored_schema(&snapshot.registry), &rows).map_err(Error::internal)?;
        let definitions = snapshot.rollup_definitions();
        let target = Target {
            tenant: &snapshot.tenant.id,
            zone: snapshot.tenant.time_zone,
            unit: snapshot.window_unit,
            registry: &snapshot.registry,
            definitions: &definitions,
        };
        encode::objects(&target, &rows)
    })
    .await?;
    let tenant = &snapshot.tenant.id;
    upload(&maintainer.pool, maintainer.store.as_ref(), tenant, uploads).await?;
    let commit = Commit {
        tenant: tenant.clone(),
        remove: old.iter().map(|file| file.id).collect(),
        add,
        rollup_zone: snapshot.tenant.time_zone,
        registry_version: snapshot.registry.version,
        dimensions: Vec::new(),
        overflowed: false,
        metrics: Vec::new(),
        ingested: Ingested::default(),
    };
    match commit::commit(&maintainer.pool, &commit).await? {
        Outcome::Committed(version) => {
            tracing::debug!(%tenant, version, from = old.len(), to = commit.add.len(), "files rewritten");
            Ok(old.len() as u64)
        }
        // Somebody else replaced them; what was uploaded here is swept later.
        Outcome::FilesGone => Ok(0),
        other => Err(Error::internal(format!("a rewrite ended as {other:?}"))),
    }
}

/// Writes the file's version where a row has none of its own.
fn with_version(batch: RecordBatch, version: i64) -> Result<RecordBatch> {
    let at = batch
        .schema()
        .index_of(COMMIT_VERSION)
        .map_err(Error::internal)?;
    let own = batch.column(at).as_primitive::<Int64Type>();
    let filled = is_null(own)
        .and_then(|missing| zip(&missing, &Int64Array::new_scalar(version), own))
        .map_err(Error::internal)?;
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    columns[at] = filled;
    RecordBatch::try_new(batch.schema(), columns).map_err(Error::internal)
}
