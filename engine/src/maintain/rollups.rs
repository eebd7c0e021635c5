//! Rewrites stored roll-ups that no longer fit: after a change of the tenant's
//! zone or of a metric's definition, and after one of their format.
//!
//! Rows are not touched. Until a file's turn comes its partials are made from
//! its rows at reading, so answers are right throughout.

use std::collections::BTreeSet;

use storage_layout::key::{ObjectKey, ObjectKind};
use storage_layout::rollup::StoredRollup;
use storage_layout::{FileId, TenantId};

use super::pace::Pace;
use super::{Maintainer, held};
use crate::error::{Error, Result};
use crate::ingest::{encode, upload};
use crate::metadata::catalog::{DataFile, FileStorage};
use crate::metadata::rollups::{self, ReplacedRollup, Turn};
use crate::query::file_partials::{readable, stored_days, stored_detail, stored_rows};
use crate::query::partials::fit;
use crate::query::scope::Scope;

/// Files of one tenant that are looked at in one round.
const FILES_PER_ROUND: usize = 16;

/// Rows of a tenant's files that are rolled up again in one round, after which
/// other tenants come first.
const ROWS_PER_ROUND: u64 = 4_000_000;

/// Rounds in a row that may meet a change before all is given up.
const ATTEMPTS: u32 = 20;

/// One round over the next tenants with roll-ups that may not fit. A tenant's failure
/// is logged and never another tenant's.
pub(super) async fn look(maintainer: &Maintainer, turn: &mut Turn) -> Result<()> {
    for tenant in rollups::tenants_with_stale(&maintainer.pool, turn).await? {
        if let Err(error) = some(maintainer, &tenant, maintainer.pace.as_ref()).await {
            tracing::warn!(%tenant, %error, "a tenant's roll-ups are not rewritten");
        }
    }
    Ok(())
}

/// Rewrites all of a tenant's roll-ups that do not fit; answers how many. Errors:
/// `Unavailable` when files are replaced all the time meanwhile.
pub(super) async fn all(maintainer: &Maintainer, tenant: &TenantId) -> Result<u64> {
    let (mut rewritten, mut in_vain) = (0, 0);
    while let Some(round) = some(maintainer, tenant, None).await? {
        rewritten += round.rewritten;
        in_vain = match round.rewritten + round.fitting {
            0 => in_vain + 1,
            _ => 0,
        };
        if in_vain == ATTEMPTS {
            return Err(held::lost());
        }
    }
    Ok(rewritten)
}

/// What a round did.
struct Round {
    rewritten: u64,
    /// Roll-ups that fit, or cannot be made.
    fitting: u64,
}

/// One round of one tenant; `None` when none is left to be looked at. A round
/// that did nothing met a change: files or the zone were replaced.
async fn some(
    maintainer: &Maintainer,
    tenant: &TenantId,
    pace: Option<&Pace>,
) -> Result<Option<Round>> {
    // What is in force is read after the moment of the change.
    let Some(stale) = rollups::stale(&maintainer.pool, tenant, FILES_PER_ROUND).await? else {
        return Ok(None);
    };
    if stale.files.is_empty() {
        return Ok(None);
    }
    let snapshot = maintainer.snapshot(tenant).await?;
    let scope = maintainer.scope(&snapshot);
    let wanted = |file: &&DataFile| stale.files.contains(&file.id);
    let files: Vec<&DataFile> = snapshot.files.iter().filter(wanted).collect();
    let (mut looked_at, mut rows, mut rewritten) = (Vec::new(), 0, BTreeSet::new());
    for file in &files {
        // A stored roll-up that cannot be read is made again, as one that is stale.
        let fits = match fits(&scope, file).await {
            Err(Error::Storage(_)) => false,
            answer => answer?,
        };
        if fits {
            looked_at.push(file.id);
            continue;
        }
        if rows > ROWS_PER_ROUND {
            break;
        }
        rows += file.statistics.rows;
        let zone = snapshot.tenant.time_zone;
        let replaced = match remade(maintainer, &scope, file, pace.cloned()).await {
            // The operator was told which file; it must not stop the others.
            Err(Error::Storage(_)) => {
                looked_at.push(file.id);
                continue;
            }
            made => made?,
        };
        let replaced = [replaced];
        match rollups::replace(&maintainer.pool, tenant, &replaced, zone, stale.since).await? {
            Some(version) => {
                tracing::debug!(%tenant, version, file = %file.id, "roll-up rewritten");
                rewritten.insert(file.id);
            }
            // The file or the zone changed meanwhile; the next round sees it.
            None => break,
        }
    }
    if !rewritten.is_empty() {
        // What was made of rows meanwhile need not be remembered as that.
        maintainer.caches.forget(tenant, &rewritten).await;
    }
    // Files that went since need no look; those of the snapshot are noted.
    rollups::note_fit(&maintainer.pool, tenant, &looked_at, stale.since).await?;
    Ok(Some(Round {
        rewritten: rewritten.len() as u64,
        fitting: looked_at.len() as u64,
    }))
}

/// Whether a file's stored roll-up is of this format, of the tenant's zone and
/// of the definitions in force.
async fn fits(scope: &Scope, file: &DataFile) -> Result<bool> {
    if file.rollup_zone != Some(scope.snapshot.tenant.time_zone) {
        return Ok(false);
    }
    let row = stored_rows(scope, &[file]).await?.remove(&file.id);
    let Some(bytes) = stored_days(scope, file, row.clone()).await? else {
        return Ok(false);
    };
    let Some(days) = readable(file.id, StoredRollup::decode_days(&bytes))? else {
        return Ok(false);
    };
    let left_out = file.detail_key.is_none() && !StoredRollup::has_detail(&bytes);
    Ok(fit(days.definitions(), &scope.snapshot.definitions())
        && (left_out || stored_detail(scope, file, row).await?.is_some()))
}

async fn remade(
    maintainer: &Maintainer,
    scope: &Scope,
    file: &DataFile,
    pace: Option<Pace>,
) -> Result<ReplacedRollup> {
    let FileStorage::Object { window, .. } = file.storage else {
        return Err(Error::internal("an inline file has no stored roll-up"));
    };
    let (snapshot, zone) = (&scope.snapshot, scope.snapshot.tenant.time_zone);
    let rollup = maintainer
        .rollup_of_rows(snapshot, file, zone, pace)
        .await?;
    let rows = file.statistics.rows;
    let rollup = tokio::task::spawn_blocking(move || rollup.encode(rows))
        .await
        .map_err(Error::internal)?
        .map_err(Error::storage)?;
    // The objects of the old roll-up may still be read: new ones have names of
    // their own.
    let key = ObjectKey {
        tenant: scope.tenant().clone(),
        window,
        file: FileId::new(),
        kind: ObjectKind::Rollup,
    };
    let mut uploads = Vec::new();
    let (rollup, detail_key) = encode::place_rollup(&key, rollup, &mut uploads);
    let store = maintainer.store.as_ref();
    upload(&maintainer.pool, store, scope.tenant(), uploads).await?;
    Ok(ReplacedRollup {
        file: file.id,
        rollup,
        detail_key,
    })
}
