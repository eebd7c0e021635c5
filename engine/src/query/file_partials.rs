//! One file's partials: the stored ones if they fit the zone and the
//! definitions in force, else made from its rows. Remembered by file.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use chrono_tz::Tz;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use storage_layout::rollup::{
    Detail, DetailPlace, FileRollup, LocalDay, Partials, PartialsBuilder, RollupError, StoredRollup,
};
use storage_layout::schema::{DIMENSIONS, EVENT_ID, INGESTED_AT, stored_schema};
use storage_layout::{DimensionRegistry, FileId, StorageError};

use super::cache::PartialsKey;
use super::files::{self, damaged};
use super::partials::{PartialsSource, Shape, Sourced, fit};
use super::row_stream::with_rows;
use super::scope::Scope;
use crate::error::Result;
use crate::metadata::catalog::{DataFile, FileStorage};

/// Stored roll-ups of the catalog's rows, fetched together.
type StoredRows = HashMap<FileId, Bytes>;

/// Partials of these files, in the same order.
pub(super) async fn of_files(
    scope: &Scope,
    files: &[&DataFile],
    shape: &Shape,
    definitions: u64,
) -> Result<Vec<Sourced>> {
    let mut found = Vec::with_capacity(files.len());
    for file in files {
        let key = key(scope, file, shape.clone(), definitions);
        found.push(scope.caches.partials.get(&key).await);
    }
    let missing = files.iter().zip(&found).filter(|(_, p)| p.is_none());
    let missing: Vec<&DataFile> = missing.map(|(file, _)| *file).collect();
    let mut stored = stored_rows(scope, &missing).await?;
    let mut parts = Vec::with_capacity(files.len());
    for (file, known) in files.iter().zip(found) {
        parts.push(match known {
            Some(known) => known,
            None => {
                let row = stored.remove(&file.id);
                of_file(scope, file, shape, definitions, row).await?
            }
        });
    }
    Ok(parts)
}

/// Whether a file's partials are remembered.
pub(super) async fn is_cached(
    scope: &Scope,
    file: &DataFile,
    shape: Shape,
    definitions: u64,
) -> bool {
    let key = key(scope, file, shape, definitions);
    scope.caches.partials.contains_key(&key)
}

/// Whether all rows of a file surely lie in these days of a zone.
pub(super) fn lies_within(file: &DataFile, days: &Range<i32>, zone: Tz) -> bool {
    let mut day = LocalDay::new(zone);
    let statistics = &file.statistics;
    // A day apart from the ends, because days may overlap where clocks go back
    // over midnight.
    day.of(statistics.min_recorded_at_us) > days.start
        && day.of(statistics.max_recorded_at_us) < days.end - 1
}

fn key(scope: &Scope, file: &DataFile, shape: Shape, definitions: u64) -> PartialsKey {
    PartialsKey {
        file: file.id,
        shape,
        definitions,
        access: scope.row_access(),
    }
}

/// Makes and remembers one file's partials.
async fn of_file(
    scope: &Scope,
    file: &DataFile,
    shape: &Shape,
    definitions: u64,
    row: Option<Bytes>,
) -> Result<Sourced> {
    let made = match shape {
        Shape::Days(zone) => days(scope, file, *zone, row).await?,
        Shape::Totals(zone) => totals(scope, file, *zone, definitions, row).await?,
        Shape::Span(zone, span) => {
            let within = lies_within(file, span, *zone);
            let own = scope.snapshot.tenant.time_zone;
            let shape = Shape::Days(if within { own } else { *zone });
            let days = Box::pin(remembered(scope, file, shape, definitions, row)).await?;
            let all = i32::MIN..i32::MAX;
            let sum = match within {
                true => days.partials.slices_of_span(all),
                false => days.partials.slices_of_span(span.clone()),
            };
            Sourced {
                partials: Arc::new(sum?.moved_to(span.start)),
                source: days.source,
            }
        }
    };
    let key = key(scope, file, shape.clone(), definitions);
    scope.caches.partials.insert(key, made.clone()).await;
    Ok(made)
}

/// As [`of_file`], unless it is remembered.
async fn remembered(
    scope: &Scope,
    file: &DataFile,
    shape: Shape,
    definitions: u64,
    row: Option<Bytes>,
) -> Result<Sourced> {
    let known = key(scope, file, shape.clone(), definitions);
    match scope.caches.partials.get(&known).await {
        Some(known) => Ok(known),
        None => of_file(scope, file, &shape, definitions, row).await,
    }
}

/// Totals and slices by day.
async fn days(scope: &Scope, file: &DataFile, zone: Tz, row: Option<Bytes>) -> Result<Sourced> {
    let sourced = |partials: Partials, source| Sourced {
        partials: Arc::new(partials.with_version(file.added_version)),
        source,
    };
    if !scope.access.is_of_rows()
        && file.rollup_zone == Some(zone)
        && let Some(bytes) = stored_days(scope, file, row).await?
        && let Some(partials) = readable(file.id, StoredRollup::decode_days(&bytes))?
        && fit(partials.definitions(), &scope.snapshot.definitions())
    {
        return Ok(sourced(partials, PartialsSource::Rollup));
    }
    let made = from_rows(scope, file, zone).await?;
    // Inline rows stand for the roll-up that they will have, few rows for one that
    // would hardly be smaller.
    let source = match (&file.storage, file.rollup_zone) {
        (FileStorage::Inline, _) | (FileStorage::Object { .. }, None) => PartialsSource::Rollup,
        (FileStorage::Object { .. }, Some(_)) => PartialsSource::Raw,
    };
    Ok(sourced(made.days, source))
}

/// Totals by day of any zone.
async fn totals(
    scope: &Scope,
    file: &DataFile,
    zone: Tz,
    definitions: u64,
    row: Option<Bytes>,
) -> Result<Sourced> {
    if let Some(detail) = stored_detail(scope, file, row).await?
        && let Some(days) = detail.days(zone)?
    {
        return Ok(Sourced {
            partials: Arc::new(days.with_version(file.added_version)),
            source: PartialsSource::Rollup,
        });
    }
    let shape = Shape::Days(zone);
    let days = Box::pin(remembered(scope, file, shape, definitions, None)).await?;
    Ok(Sourced {
        partials: Arc::new(days.partials.totals()),
        source: days.source,
    })
}

/// A file's stored detail, if it has one that fits the definitions in force and
/// the caller's access.
pub(crate) async fn stored_detail(
    scope: &Scope,
    file: &DataFile,
    row: Option<Bytes>,
) -> Result<Option<Detail>> {
    if scope.access.is_of_rows() {
        return Ok(None);
    }
    let decoded = match &file.detail_key {
        Some(key) => match scope.store.get(&Path::from(key.as_str())).await {
            Ok(found) => {
                let bytes = found.bytes().await.map_err(damaged)?;
                StoredRollup::decode_detail(&bytes, DetailPlace::Alone)
            }
            // Nothing is lost: the rows give it.
            Err(error @ object_store::Error::NotFound { .. }) => {
                tracing::warn!(%error, "the detail of a roll-up is missing");
                return Ok(None);
            }
            Err(error) => return Err(damaged(error)),
        },
        None => match stored_days(scope, file, row).await? {
            Some(bytes) => StoredRollup::decode_detail(&bytes, DetailPlace::BehindDays),
            None => return Ok(None),
        },
    };
    let current = scope.snapshot.definitions();
    let detail = readable(file.id, decoded)?.flatten();
    Ok(detail.filter(|detail| fit(detail.definitions(), &current)))
}

/// The stored bytes with a file's days.
pub(crate) async fn stored_days(
    scope: &Scope,
    file: &DataFile,
    row: Option<Bytes>,
) -> Result<Option<Bytes>> {
    Ok(match (&file.rollup_key, row) {
        (None, row) => row,
        (Some(key), _) => Some(files::object(scope, key, file.id, None).await?),
    })
}

/// Stored roll-ups that are kept in these files' rows of the catalog.
pub(crate) async fn stored_rows(scope: &Scope, files: &[&DataFile]) -> Result<StoredRows> {
    let kept = |file: &&&DataFile| file.rollup_zone.is_some() && file.rollup_key.is_none();
    let wanted: Vec<FileId> = files.iter().filter(kept).map(|file| file.id).collect();
    if wanted.is_empty() {
        return Ok(StoredRows::new());
    }
    let rows = scope.supplier.rollups(&wanted).await?;
    Ok(rows.into_iter().collect())
}

/// What was decoded; `None` for another format, which is made again.
pub(crate) fn readable<T>(
    file: FileId,
    decoded: std::result::Result<T, RollupError>,
) -> Result<Option<T>> {
    match decoded {
        Ok(decoded) => Ok(Some(decoded)),
        Err(RollupError::OtherFormat(_)) => Ok(None),
        Err(error) => Err(damaged(StorageError::Damaged {
            file: file.to_string(),
            what: error.to_string(),
        })),
    }
}

/// A file's roll-up, made from its rows by the definitions in force.
pub(crate) async fn from_rows(scope: &Scope, file: &DataFile, zone: Tz) -> Result<FileRollup> {
    let snapshot = scope.snapshot.clone();
    let columns = rolled_up(&snapshot.registry);
    with_rows(scope, file, columns, move |batches| {
        let definition = snapshot.rollup_definitions();
        let mut builder = PartialsBuilder::new(zone, &snapshot.registry, &definition);
        for batch in batches {
            builder.push(&batch?)?;
        }
        Ok(builder.finish()?)
    })
    .await
}

/// The columns that roll-ups are made of.
fn rolled_up(registry: &DimensionRegistry) -> SchemaRef {
    let hidden = registry.overflowed || registry.columns().any(|column| column.partial);
    let stored = stored_schema(registry);
    let fields = stored
        .fields()
        .iter()
        .filter(|field| match field.name().as_str() {
            EVENT_ID | INGESTED_AT => false,
            DIMENSIONS => hidden,
            _ => true,
        });
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
}
