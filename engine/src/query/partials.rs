//! Partials of a session's files, merged: by window, remembered for the exact
//! set of its files, and over all, where only files that are new are added.
//!
//! Where a file's own partials come from is `file_partials`'s matter.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use chrono::Duration;
use chrono_tz::Tz;
use storage_layout::rollup::{LocalDay, Partials};
use storage_layout::{FileId, MetricDefinition, MetricKey, MetricKind, Window};

use super::cache::{NewestKey, WindowKey};
use super::file_partials;
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::metadata::catalog::{DataFile, FileStorage};

/// Where an answer's partials came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartialsSource {
    /// Stored roll-ups.
    Rollup,
    /// Raw points.
    Raw,
}

/// Which partials of a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// Totals and slices by day of this zone.
    Days(Tz),
    /// Totals alone, by day of this zone.
    Totals(Tz),
    /// Slices alone, added up over some days of this zone and put on the first.
    Span(Tz, Range<i32>),
}

/// Partials, and whether stored roll-ups gave them.
#[derive(Debug, Clone)]
pub(crate) struct Sourced {
    pub(crate) partials: Arc<Partials>,
    pub(crate) source: PartialsSource,
}

/// Merged partials of objects, and of the inline files beside them.
#[derive(Debug)]
pub(crate) struct Newest {
    inline: HashSet<FileId>,
    merged: Sourced,
}

impl Newest {
    /// About how much memory these take, bytes.
    pub(crate) fn size_bytes(&self) -> usize {
        self.inline.len() * 32 + self.merged.partials.size_bytes()
    }
}

/// Merged partials of the files that touch the local days `[from, to)`, in
/// total and by dimension value in the tenant's own zone, in total alone in
/// another. Exact in every zone; the cells may cover more days.
pub(crate) async fn merged(
    scope: &Scope,
    from_day: i32,
    to_day: i32,
    zone: Tz,
) -> Result<(Arc<Partials>, PartialsSource)> {
    let shape = match zone == scope.snapshot.tenant.time_zone {
        true => Shape::Days(zone),
        false => Shape::Totals(zone),
    };
    let merged = of_shape(scope, from_day..to_day, shape).await?;
    Ok((shown(scope, merged.partials), merged.source))
}

/// The partials of platforms that may be seen. Where it takes more to tell, the
/// rows that they were made of have been chosen already.
fn shown(scope: &Scope, partials: Arc<Partials>) -> Arc<Partials> {
    match scope.access.platforms {
        None => partials,
        Some(_) => {
            let shown = |metric: &MetricKey| scope.access.shows(&metric.platform);
            Arc::new(Arc::unwrap_or_clone(partials).of_metrics(shown))
        }
    }
}

/// Slices over some days of another zone than the tenant's, all put on the
/// first of them. Files that lie within these days give them from their
/// roll-ups, the others from their rows. Metrics whose slices would be wanted by
/// day have those keys marked as incomplete.
pub(crate) async fn span(
    scope: &Scope,
    days: Range<i32>,
    zone: Tz,
) -> Result<(Partials, PartialsSource)> {
    let merged = of_shape(scope, days.clone(), Shape::Span(zone, days)).await?;
    let folds = scope.snapshot.metrics.iter().flat_map(|d| {
        let keys: &[String] = match &d.kind {
            MetricKind::Gauge { series, .. } => series,
            MetricKind::Distinct { dimension } => std::slice::from_ref(dimension),
            MetricKind::Sum | MetricKind::Ratio { .. } => &[],
        };
        let key = |key: &String| (d.key.clone(), Arc::from(key.as_str()));
        keys.iter().map(key).collect::<Vec<(MetricKey, Arc<str>)>>()
    });
    let partials = Arc::unwrap_or_clone(shown(scope, merged.partials)).without_keys(folds);
    Ok((partials, merged.source))
}

/// Rows that [`span`] would have to read, not counting what it remembers.
pub(crate) async fn span_rows(scope: &Scope, days: Range<i32>, zone: Tz) -> u64 {
    let definitions = fingerprint(&scope.snapshot.metrics);
    let mut rows = 0;
    for file in touching(scope, &days) {
        let straddles = !file_partials::lies_within(file, &days, zone);
        if straddles && !file_partials::is_cached(scope, file, Shape::Days(zone), definitions).await
        {
            rows += file.statistics.rows;
        }
    }
    rows
}

async fn of_shape(scope: &Scope, days: Range<i32>, shape: Shape) -> Result<Sourced> {
    let definitions = fingerprint(&scope.snapshot.metrics);
    let files = touching(scope, &days);
    let (objects, inline): (Vec<&DataFile>, Vec<&DataFile>) = files
        .iter()
        .partition(|file| file.storage != FileStorage::Inline);
    let key = NewestKey {
        tenant: scope.tenant().clone(),
        objects: ids(&objects),
        shape: shape.clone(),
        definitions,
        access: scope.row_access(),
    };
    let newest = scope.caches.newest.get(&key).await;
    // A session from before some inline files must not see them.
    let known = newest.filter(|n| {
        let live: HashSet<FileId> = inline.iter().map(|file| file.id).collect();
        n.inline.is_subset(&live)
    });
    let added: Vec<&DataFile> = match &known {
        Some(newest) if newest.inline.len() == inline.len() => return Ok(newest.merged.clone()),
        Some(newest) => {
            let is_new = |file: &&&DataFile| !newest.inline.contains(&file.id);
            inline.iter().filter(is_new).copied().collect()
        }
        None => inline.clone(),
    };
    let offered = match (&known, &shape) {
        (None, Shape::Days(zone)) if *zone == scope.snapshot.tenant.time_zone => {
            scope.supplier.merged(days.start, days.end).await?
        }
        _ => None,
    };
    let merged = match (offered, known) {
        (Some(merged), _) => merged,
        (None, known) => {
            let mut parts = file_partials::of_files(scope, &added, &shape, definitions).await?;
            if known.is_none() {
                parts.extend(windows(scope, &objects, &shape, definitions).await?);
            }
            add_up(known.map(|newest| newest.merged.clone()), parts).await?
        }
    };
    let newest = Newest {
        inline: inline.iter().map(|file| file.id).collect(),
        merged: merged.clone(),
    };
    scope.caches.newest.insert(key, Arc::new(newest)).await;
    Ok(merged)
}

/// The objects' partials, merged for each window.
async fn windows(
    scope: &Scope,
    objects: &[&DataFile],
    shape: &Shape,
    definitions: u64,
) -> Result<Vec<Sourced>> {
    let mut by_window: BTreeMap<Window, Vec<&DataFile>> = BTreeMap::new();
    for file in objects {
        if let FileStorage::Object { window, .. } = &file.storage {
            by_window.entry(*window).or_default().push(file);
        }
    }
    let mut merged = Vec::with_capacity(by_window.len());
    let mut alone: Vec<&DataFile> = Vec::new();
    for (window, files) in by_window {
        if files.len() == 1 {
            alone.extend(files);
            continue;
        }
        let key = WindowKey {
            tenant: scope.tenant().clone(),
            window,
            files: ids(&files),
            shape: shape.clone(),
            definitions,
            access: scope.row_access(),
        };
        let known = scope.caches.windows.get(&key).await;
        merged.push(match known {
            Some(known) => known,
            None => {
                let parts = file_partials::of_files(scope, &files, shape, definitions).await?;
                let merged = add_up(None, parts).await?;
                scope.caches.windows.insert(key, merged.clone()).await;
                merged
            }
        });
    }
    merged.extend(file_partials::of_files(scope, &alone, shape, definitions).await?);
    Ok(merged)
}

async fn add_up(base: Option<Sourced>, parts: Vec<Sourced>) -> Result<Sourced> {
    let all = || base.iter().chain(&parts);
    let source = all().map(|p| p.source).max();
    if let (None, [one]) = (&base, parts.as_slice()) {
        return Ok(one.clone());
    }
    let merged = tokio::task::spawn_blocking(move || {
        let parts = parts.iter().map(|part| part.partials.as_ref());
        match &base {
            Some(base) => base.partials.plus(parts),
            None => Partials::merge(parts),
        }
    });
    Ok(Sourced {
        partials: Arc::new(merged.await.map_err(Error::internal)??),
        source: source.unwrap_or(PartialsSource::Rollup),
    })
}

fn ids(files: &[&DataFile]) -> Arc<[FileId]> {
    files.iter().map(|file| file.id).collect()
}

/// Files with rows that may lie in these local days of some zone.
fn touching<'a>(scope: &'a Scope, days: &Range<i32>) -> Vec<&'a DataFile> {
    // No zone is further than a day from UTC.
    let (from, to) = (day_start_us(days.start, -1), day_start_us(days.end, 1));
    let files = scope.snapshot.files.iter();
    files
        .filter(|file| {
            file.statistics.max_recorded_at_us >= from && file.statistics.min_recorded_at_us < to
        })
        .collect()
}

/// Midnight in UTC of a day, some days later.
fn day_start_us(day: i32, later: i64) -> i64 {
    let date = LocalDay::date(day.clamp(-40_000, 90_000)) + Duration::days(later);
    date.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_micros()
}

/// Changes when a definition does.
pub(crate) fn fingerprint(metrics: &[MetricDefinition]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for definition in metrics {
        (&definition.key, &definition.kind, definition.version).hash(&mut hasher);
    }
    hasher.finish()
}

/// Whether partials were made by the definitions in force.
pub(crate) fn fit<'a>(
    mut made_by: impl Iterator<Item = (&'a MetricKey, i32)>,
    current: &HashMap<&MetricKey, &MetricDefinition>,
) -> bool {
    made_by.all(|(metric, version)| current.get(metric).is_none_or(|d| d.version == version))
}

#[cfg(test)]
mod tests {
    use storage_layout::rollup::{Cell, Measures, Slice, Stamped};

    use super::*;

    #[tokio::test]
    async fn a_sum_that_is_too_large_is_the_questions_matter() {
        let part = |value| {
            let metric = MetricKey {
                platform: "p".into(),
                metric_type: "t".into(),
                metric_name: "n".into(),
            };
            let point = Stamped {
                recorded_at_us: 0,
                commit_version: 1,
                value,
            };
            let cell = Cell {
                day: 0,
                metric: 0,
                slice: 0,
                measures: Measures::of(point, 0, 0),
            };
            let partials = Partials::from_cells(vec![metric], vec![Slice::Total], vec![cell]);
            Sourced {
                partials: Arc::new(partials.expect("one cell")),
                source: PartialsSource::Rollup,
            }
        };
        let sum = add_up(Some(part(i128::MAX)), vec![part(1)]).await;
        assert!(matches!(sum, Err(Error::Query { .. })), "{sum:?}");
    }
}
