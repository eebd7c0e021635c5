//! A metric's own number where sums do not give it: distinct counts, and
//! gauges of several series.
//!
//! Partials do not say which points lack a dimension or hold a number there,
//! so these come from raw points, one pass over the files for all of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use storage_layout::arrange::{column, text, times};
use storage_layout::rollup::{LocalDay, Stamped};
use storage_layout::schema::{COMMIT_VERSION, METRIC_NAME, METRIC_TYPE, METRIC_VALUE, PLATFORM};
use storage_layout::{Combine, DimensionRegistry, DimensionTexts, MetricKey, MetricKind, decimal};

use super::files;
use super::rollup_table::Period;
use super::scope::Scope;
use crate::error::{Error, Result};

/// Numbers in units of 10^-9 by metric and first day of the period.
pub(crate) type KindValues = HashMap<(MetricKey, i32), i128>;

/// The last value of each series, by metric and period.
type Series = BTreeMap<(MetricKey, i32), BTreeMap<Vec<Option<String>>, Stamped>>;

/// The numbers of all distinct metrics and gauges with series.
pub(crate) async fn by_period(scope: &Scope, period: Period) -> Result<KindValues> {
    let wanted: HashMap<MetricKey, MetricKind> = scope
        .snapshot
        .metrics
        .iter()
        .filter(|d| !keys_of(&d.kind).is_empty())
        .map(|d| (d.key.clone(), d.kind.clone()))
        .collect();
    if wanted.is_empty() {
        return Ok(KindValues::new());
    }
    let mut series = Series::new();
    from_rows(scope, &wanted, period, &mut series).await?;
    let mut values = KindValues::new();
    for (place, series) in series {
        if let Some(value) = wanted.get(&place.0).and_then(|kind| combine(kind, &series)) {
            values.insert(place, value);
        }
    }
    Ok(values)
}

/// The dimension keys whose values tell a metric's series apart.
fn keys_of(kind: &MetricKind) -> Vec<&str> {
    match kind {
        MetricKind::Gauge { series, .. } => series.iter().map(String::as_str).collect(),
        MetricKind::Distinct { dimension } => vec![dimension],
        MetricKind::Sum | MetricKind::Ratio { .. } => Vec::new(),
    }
}

async fn from_rows(
    scope: &Scope,
    raw: &HashMap<MetricKey, MetricKind>,
    period: Period,
    series: &mut Series,
) -> Result<()> {
    let mut days = LocalDay::new(scope.snapshot.tenant.time_zone);
    let names: BTreeSet<&str> = raw.keys().map(|key| &*key.metric_name).collect();
    for file in &scope.snapshot.files {
        if !file
            .statistics
            .metric_names
            .iter()
            .any(|name| names.contains(name.as_str()))
        {
            continue;
        }
        for batch in files::rows(scope, file).await? {
            let registry = &scope.snapshot.registry;
            add_rows(
                &batch,
                registry,
                raw,
                period,
                file.added_version,
                &mut days,
                series,
            )?;
        }
    }
    Ok(())
}

fn add_rows(
    batch: &RecordBatch,
    registry: &DimensionRegistry,
    raw: &HashMap<MetricKey, MetricKind>,
    period: Period,
    version: i64,
    days: &mut LocalDay,
    series: &mut Series,
) -> Result<()> {
    let names = [PLATFORM, METRIC_TYPE, METRIC_NAME].map(|name| text(batch, name));
    let [platform, metric_type, metric_name] = names;
    let (platform, metric_type, metric_name) = (
        platform.map_err(Error::storage)?,
        metric_type.map_err(Error::storage)?,
        metric_name.map_err(Error::storage)?,
    );
    let values = column(batch, METRIC_VALUE)
        .map_err(Error::storage)?
        .as_primitive::<Decimal128Type>();
    let versions = column(batch, COMMIT_VERSION)
        .map_err(Error::storage)?
        .as_primitive::<Int64Type>();
    let recorded_at = times(batch).map_err(Error::storage)?;
    let mut texts: HashMap<&str, DimensionTexts<'_>> = HashMap::new();
    for key in raw.values().flat_map(keys_of) {
        let of_key = DimensionTexts::of(batch, registry, key).map_err(Error::storage)?;
        texts.insert(key, of_key);
    }
    for row in 0..batch.num_rows() {
        let key = MetricKey {
            platform: platform.value(row).into(),
            metric_type: metric_type.value(row).into(),
            metric_name: metric_name.value(row).into(),
        };
        let Some(kind) = raw.get(&key) else { continue };
        let labels: Vec<Option<String>> = keys_of(kind)
            .into_iter()
            .map(|k| texts.get(k)?.at(row).map(Cow::into_owned))
            .collect();
        if matches!(kind, MetricKind::Distinct { .. }) && labels[0].is_none() {
            continue;
        }
        let us = recorded_at.value(row);
        let stamp = Stamped {
            recorded_at_us: us,
            commit_version: if versions.is_null(row) {
                version
            } else {
                versions.value(row)
            },
            value: values.value(row),
        };
        note(series, (key, period.start(days.of(us))), labels, stamp);
    }
    Ok(())
}

fn note(series: &mut Series, place: (MetricKey, i32), labels: Vec<Option<String>>, stamp: Stamped) {
    let last = series
        .entry(place)
        .or_default()
        .entry(labels)
        .or_insert(stamp);
    let order = |s: &Stamped| (s.recorded_at_us, s.commit_version);
    if order(&stamp) >= order(last) {
        *last = stamp;
    }
}

fn combine(kind: &MetricKind, series: &BTreeMap<Vec<Option<String>>, Stamped>) -> Option<i128> {
    let values = series.values().map(|stamp| stamp.value);
    match kind {
        MetricKind::Distinct { .. } => Some(series.len() as i128 * decimal::ONE),
        MetricKind::Gauge {
            combine: Combine::Sum,
            ..
        } => Some(values.sum()),
        MetricKind::Gauge {
            combine: Combine::Avg,
            ..
        } => super::rollup_table::divide(values.sum(), series.len() as i128),
        MetricKind::Gauge {
            combine: Combine::Min,
            ..
        } => values.min(),
        MetricKind::Gauge {
            combine: Combine::Max,
            ..
        } => values.max(),
        MetricKind::Sum | MetricKind::Ratio { .. } => None,
    }
}
