//! The parent's side of what a worker needs: each ask is checked against the
//! query's own snapshot, then answered from the catalog, the store and the
//! caches of this process.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::ipc::writer::StreamWriter;
use bytes::{BufMut, Bytes, BytesMut};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use storage_layout::FileId;

use super::assignment::{Ask, Given};
use super::fault::Fault;
use crate::error::{Error, Result};
use crate::query::partials::{self, PartialsSource};
use crate::query::scope::{AnswerStats, RecordTables, Scope};
use crate::query::supplier::CatalogTable;

/// Bytes of an object that one ask may name; a worker asks for more piece by
/// piece.
pub(super) const MOST_RANGE_BYTES: u64 = 16 << 20;
/// Ranges of one ask.
pub(super) const MOST_RANGES: usize = 1_024;

/// Whether a worker of this scope may ask for that. One that asks for anything
/// else was taken over, and is ended.
pub(super) fn may_ask(scope: &Scope, ask: &Ask) -> bool {
    let tables = match scope.access.is_full() {
        true => Some(scope.records),
        false => None,
    };
    is_own(ask, &scope.objects, tables, || {
        scope.snapshot.files.iter().map(|file| file.id).collect()
    })
}

fn is_own(
    ask: &Ask,
    objects: &HashSet<Path>,
    tables: Option<RecordTables>,
    files: impl Fn() -> HashSet<FileId>,
) -> bool {
    // As it is written, not as it might be meant.
    let is_object = |key: &str| Path::parse(key).is_ok_and(|at| objects.contains(&at));
    match ask {
        Ask::Ranges { object, ranges } => {
            let bytes = ranges.iter().try_fold(0_u64, |sum, range| {
                sum.checked_add(range.end.checked_sub(range.start)?)
            });
            is_object(object)
                && ranges.len() <= MOST_RANGES
                && bytes.is_some_and(|bytes| bytes <= MOST_RANGE_BYTES)
        }
        Ask::Size { object } => is_object(object),
        Ask::Payloads { files: asked } | Ask::Rollups { files: asked } => {
            let live = files();
            asked.len() <= live.len() && asked.iter().all(|id| live.contains(id))
        }
        Ask::Table {
            table: CatalogTable::QueryLog | CatalogTable::AuditLog,
        } => tables == Some(RecordTables::Shown),
        Ask::Table { .. } => tables.is_some(),
        Ask::Merged { .. } => true,
    }
}

/// Answers an ask that [`may_ask`] let through: a reply's body behind its
/// number.
pub(super) async fn give(
    scope: Arc<Scope>,
    stats: Arc<AnswerStats>,
    number: u32,
    ask: Ask,
) -> Bytes {
    let (given, bytes) = match given(&scope, &stats, ask).await {
        Ok(Some(bytes)) => (Given::Bytes, bytes),
        Ok(None) => (Given::Nothing, Bytes::new()),
        Err(error) => {
            let fault = serde_json::to_vec(&Fault::from(error));
            (Given::Failed, fault.unwrap_or_default().into())
        }
    };
    let mut body = BytesMut::with_capacity(5 + bytes.len());
    body.put_u32_le(number);
    body.put_u8(given as u8);
    body.put_slice(&bytes);
    body.freeze()
}

async fn given(scope: &Scope, stats: &AnswerStats, ask: Ask) -> Result<Option<Bytes>> {
    Ok(match ask {
        Ask::Ranges { object, ranges } => {
            let at = Path::parse(object).map_err(Error::internal)?;
            let bytes = ranges.iter().map(|range| range.end - range.start).sum();
            if let Some(account) = &scope.account {
                account.fetch(bytes).await?;
            }
            stats.add_bytes(bytes);
            found(scope.store.get_ranges(&at, &ranges).await)?.map(|parts| parts.concat().into())
        }
        Ask::Size { object } => {
            let at = Path::parse(object).map_err(Error::internal)?;
            let size = |meta: object_store::ObjectMeta| meta.size.to_le_bytes().to_vec().into();
            found(scope.store.head(&at).await)?.map(size)
        }
        Ask::Payloads { files } => Some(listed(&scope.supplier.payloads(&files).await?)),
        Ask::Rollups { files } => Some(listed(&scope.supplier.rollups(&files).await?)),
        Ask::Merged { from_day, to_day } => {
            let zone = scope.snapshot.tenant.time_zone;
            let (merged, source) = partials::merged(scope, from_day, to_day, zone).await?;
            let mut bytes = merged.encode().map_err(Error::storage)?;
            bytes.push(u8::from(source == PartialsSource::Raw));
            Some(bytes.into())
        }
        Ask::Table { table } => {
            let rows = scope.supplier.table(table).await?;
            let stream = StreamWriter::try_new(Vec::new(), rows.schema_ref());
            let written = stream.and_then(|mut stream| {
                stream.write(&rows)?;
                stream.into_inner()
            });
            Some(written.map_err(Error::internal)?.into())
        }
    })
}

/// A store's answer; what is not there is no failure of the store.
fn found<T>(read: object_store::Result<T>) -> Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => {
            tracing::warn!(%error, "the object store does not give a file");
            Err(Error::Unavailable {
                message: "the object store does not answer".into(),
                retry_after: crate::metadata::RETRY_AFTER,
            })
        }
    }
}

/// Files one behind the other: id, length, bytes.
fn listed(files: &[(FileId, Bytes)]) -> Bytes {
    let mut bytes = BytesMut::new();
    for (id, payload) in files {
        bytes.put_slice(id.0.as_bytes());
        bytes.put_u64_le(payload.len() as u64);
        bytes.put_slice(payload);
    }
    bytes.freeze()
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "ranges of an object")]
mod tests {
    use super::*;

    const OWN: &str = "tenant_id=a/points/own.parquet";

    fn check(ask: &Ask, expected: bool) {
        let own = FileId(uuid::Uuid::from_u128(1));
        let objects = HashSet::from([Path::from(OWN)]);
        let hidden = Some(RecordTables::Hidden);
        let may = is_own(ask, &objects, hidden, || HashSet::from([own]));
        assert_eq!(may, expected, "{ask:?}");
    }

    #[test]
    fn a_worker_is_given_nothing_that_is_not_its_querys() {
        for (object, expected) in [
            (OWN, true),
            ("tenant_id=b/points/other.parquet", false),
            ("tenant_id=a/points/older.parquet", false),
            ("tenant_id=a/points/../points/own.parquet", false),
            ("tenant_id=a/points", false),
            ("/etc/passwd", false),
            ("", false),
        ] {
            let object = object.to_owned();
            check(
                &Ask::Size {
                    object: object.clone(),
                },
                expected,
            );
            let ranges = vec![0..10];
            check(&Ask::Ranges { object, ranges }, expected);
        }
        for (number, expected) in [(1, true), (2, false)] {
            let files = vec![FileId(uuid::Uuid::from_u128(number))];
            check(
                &Ask::Payloads {
                    files: files.clone(),
                },
                expected,
            );
            check(&Ask::Rollups { files }, expected);
        }
        for (table, expected) in [
            (CatalogTable::Usage, true),
            (CatalogTable::QueryLog, false),
            (CatalogTable::AuditLog, false),
        ] {
            check(&Ask::Table { table }, expected);
        }
    }

    #[test]
    fn an_ask_for_more_than_a_piece_is_refused() {
        let ranges = |ranges: Vec<std::ops::Range<u64>>| Ask::Ranges {
            object: OWN.to_owned(),
            ranges,
        };
        check(&ranges(vec![0..MOST_RANGE_BYTES]), true);
        check(&ranges(vec![0..MOST_RANGE_BYTES, 0..1]), false);
        check(&ranges(vec![0..u64::MAX, 0..u64::MAX]), false);
        #[expect(clippy::reversed_empty_ranges, reason = "a doctored one")]
        check(&ranges(vec![10..0]), false);
        check(&ranges(vec![0..1; MOST_RANGES + 1]), false);
    }
}
