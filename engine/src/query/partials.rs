//! Partials of a session's files: stored ones where they fit, else made from
//! the rows; merged, and remembered by the exact list of files.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use arrow::array::RecordBatch;
use chrono::Duration;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use storage_layout::rollup::{LocalDay, Partials, PartialsBuilder};
use storage_layout::{FileId, MetricDefinition};

use super::cache::{MergedKey, PartialsKey};
use super::files::{self, damaged};
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::metadata::catalog::{self, DataFile};

/// Where an answer's partials came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartialsSource {
    /// Stored roll-ups.
    Rollup,
    /// Raw points.
    Raw,
}

/// Merged partials of the files that touch the local days `[from, to)`. Exact
/// in every zone; the cells may cover more days.
pub(crate) async fn merged(
    scope: &Scope,
    from_day: i32,
    to_day: i32,
    zone: chrono_tz::Tz,
) -> Result<(Arc<Partials>, PartialsSource)> {
    let files = touching(scope, from_day, to_day);
    let source = match zone == scope.snapshot.tenant.time_zone {
        true => PartialsSource::Rollup,
        false => PartialsSource::Raw,
    };
    let key = MergedKey {
        tenant: scope.tenant().clone(),
        files: files.iter().map(|file| file.id).collect(),
        zone,
        definitions: fingerprint(&scope.snapshot.metrics),
    };
    if let Some(merged) = scope.caches.merged.get(&key).await {
        return Ok((merged, source));
    }
    let parts = of_files(scope, &files, zone, key.definitions).await?;
    let merged =
        tokio::task::spawn_blocking(move || Partials::merge(parts.iter().map(Arc::as_ref)))
            .await
            .map_err(Error::internal)?
            .map_err(Error::storage)?;
    let merged = Arc::new(merged);
    scope.caches.merged.insert(key, merged.clone()).await;
    Ok((merged, source))
}

/// Files with rows that may lie in these local days of some zone.
fn touching(scope: &Scope, from_day: i32, to_day: i32) -> Vec<&DataFile> {
    // No zone is further than a day from UTC.
    let us = |day: i32, shift: i64| {
        let date = LocalDay::date(day.clamp(-40_000, 90_000)) + Duration::days(shift);
        date.and_time(chrono::NaiveTime::MIN)
            .and_utc()
            .timestamp_micros()
    };
    let (from, to) = (us(from_day, -1), us(to_day, 1));
    let files = scope.snapshot.files.iter();
    files
        .filter(|file| {
            file.statistics.max_recorded_at_us >= from && file.statistics.min_recorded_at_us < to
        })
        .collect()
}

async fn of_files(
    scope: &Scope,
    files: &[&DataFile],
    zone: chrono_tz::Tz,
    definitions: u64,
) -> Result<Vec<Arc<Partials>>> {
    let key = |file: &DataFile| PartialsKey {
        file: file.id,
        zone,
        definitions,
    };
    let mut found: Vec<Option<Arc<Partials>>> = Vec::with_capacity(files.len());
    for file in files {
        found.push(scope.caches.partials.get(&key(file)).await);
    }
    let wanted: Vec<FileId> = files
        .iter()
        .zip(&found)
        .filter(|(file, partials)| {
            partials.is_none() && file.rollup_zone == Some(zone) && file.rollup_key.is_none()
        })
        .map(|(file, _)| file.id)
        .collect();
    let mut stored: std::collections::HashMap<FileId, bytes::Bytes> =
        catalog::rollups(&scope.pool, scope.tenant(), &wanted)
            .await?
            .into_iter()
            .collect();
    let mut parts = Vec::with_capacity(files.len());
    for (file, partials) in files.iter().zip(found) {
        let partials = match partials {
            Some(partials) => partials,
            None => {
                let partials = Arc::new(of_file(scope, file, zone, stored.remove(&file.id)).await?);
                scope
                    .caches
                    .partials
                    .insert(key(file), partials.clone())
                    .await;
                partials
            }
        };
        parts.push(partials);
    }
    Ok(parts)
}

/// One file's partials: the stored ones if they are of this zone and of the
/// definitions in force, else made from its rows.
async fn of_file(
    scope: &Scope,
    file: &DataFile,
    zone: chrono_tz::Tz,
    stored: Option<bytes::Bytes>,
) -> Result<Partials> {
    let bytes = match (&file.rollup_key, stored) {
        (_, Some(bytes)) => Some(bytes),
        (Some(key), None) if file.rollup_zone == Some(zone) => {
            let object = scope
                .store
                .get(&Path::from(key.as_str()))
                .await
                .map_err(damaged)?;
            Some(object.bytes().await.map_err(damaged)?)
        }
        _ => None,
    };
    if let Some(bytes) = bytes {
        let partials = Partials::decode(&bytes).map_err(damaged)?;
        let current = scope.snapshot.definitions();
        let fits = partials
            .definitions()
            .all(|(metric, version)| current.get(metric).is_none_or(|d| d.version == version));
        if fits {
            return Ok(partials.with_version(file.added_version));
        }
    }
    let rows = files::rows(scope, file).await?;
    let partials = of_rows(scope, rows, zone).await?;
    Ok(partials.with_version(file.added_version))
}

async fn of_rows(scope: &Scope, rows: Vec<RecordBatch>, zone: chrono_tz::Tz) -> Result<Partials> {
    let snapshot = scope.snapshot.clone();
    tokio::task::spawn_blocking(move || {
        let definition = snapshot.rollup_definitions();
        let mut builder = PartialsBuilder::new(zone, &snapshot.registry, &definition);
        for batch in &rows {
            builder.push(batch).map_err(damaged)?;
        }
        builder.finish().map_err(Error::storage)
    })
    .await
    .map_err(Error::internal)?
}

/// Changes when a definition does.
fn fingerprint(metrics: &[MetricDefinition]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for definition in metrics {
        (&definition.key, &definition.kind, definition.version).hash(&mut hasher);
    }
    hasher.finish()
}
