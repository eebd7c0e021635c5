//! A metric's own number where sums do not give it: distinct counts, and
//! gauges of several series.
//!
//! Slices of the partials give it where they hold every point. They do not say
//! which points lack a dimension or hold a number there, and not which values of
//! several dimensions go together: those numbers come from raw points, one pass
//! over the files for all of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type, Schema, SchemaRef};
use storage_layout::arrange::{column, text, times};
use storage_layout::rollup::{LocalDay, Partials, RollupError, Slice, SliceIndex, Stamped};
use storage_layout::schema::{
    COMMIT_VERSION, DIMENSIONS, METRIC_NAME, METRIC_TYPE, METRIC_VALUE, PLATFORM, RECORDED_AT,
    stored_schema,
};
use storage_layout::{Combine, DimensionTexts, MetricKey, MetricKind, StorageError, decimal};

use super::date_range::DateRange;
use super::rollup_table::Period;
use super::row_stream::with_rows;
use super::scope::Scope;
use crate::dashboard::Exact;
use crate::error::Result;
use crate::metadata::catalog::{DataFile, Snapshot};

/// Numbers in units of 10^-9 by metric and first day of the period.
pub(crate) type KindValues = HashMap<(MetricKey, i32), i128>;

/// The last value of each series.
type Series = HashMap<Vec<Option<String>>, Stamped>;

/// A metric with periods whose numbers only raw points give.
#[derive(Debug, Clone)]
struct Open {
    metric: MetricKey,
    kind: MetricKind,
    periods: BTreeSet<i32>,
}

/// What slices say of one metric in one period.
#[derive(Debug, Default)]
struct Sliced {
    points: i64,
    points_in_slices: i64,
    series: HashMap<SliceIndex, Stamped>,
}

/// The numbers of all distinct metrics and gauges with series, in the periods
/// that begin on these dates. `partials` holds all cells of those periods.
pub(crate) async fn by_period(
    scope: &Scope,
    period: Period,
    starts: DateRange,
    partials: &Partials,
) -> Result<KindValues> {
    let mut values = KindValues::new();
    let mut open: BTreeMap<MetricKey, Open> = BTreeMap::new();
    let definitions = scope.snapshot.definitions();
    for ((metric, start), sliced) in slices(&scope.snapshot, period, starts, partials) {
        let metric = partials.metric(metric);
        let Some(kind) = definitions.get(metric).map(|d| &d.kind) else {
            continue;
        };
        if sliced.points_in_slices == sliced.points {
            let lasts = sliced.series.values().map(|stamp| stamp.value);
            let value = combined(kind, lasts)?;
            values.extend(value.map(|value| ((metric.clone(), start), value)));
            continue;
        }
        let new = || Open {
            metric: metric.clone(),
            kind: kind.clone(),
            periods: BTreeSet::new(),
        };
        let open = open.entry(metric.clone()).or_insert_with(new);
        open.periods.insert(start);
    }
    let open: Arc<[Open]> = open.into_values().collect();
    for ((at, start), series) in from_rows(scope, &open, period).await? {
        let lasts = series.values().map(|stamp| stamp.value);
        let value = combined(&open[at].kind, lasts)?;
        values.extend(value.map(|value| ((open[at].metric.clone(), start), value)));
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

/// What slices of the one key that matters hold, by metric's number and period.
fn slices(
    snapshot: &Snapshot,
    period: Period,
    starts: DateRange,
    partials: &Partials,
) -> HashMap<(u32, i32), Sliced> {
    let definitions = snapshot.definitions();
    let keys = |metric: &MetricKey| definitions.get(metric).map_or(vec![], |d| keys_of(&d.kind));
    let keys: Vec<Vec<&str>> = partials.metrics().iter().map(keys).collect();
    let mut found: HashMap<(u32, i32), Sliced> = HashMap::new();
    if keys.iter().all(Vec::is_empty) {
        return found;
    }
    for cell in partials.cells() {
        let start = period.start(cell.day);
        let keys = &keys[cell.metric as usize];
        if keys.is_empty() || !starts.contains(start) {
            continue;
        }
        let measures = &cell.measures;
        match partials.slice(cell.slice) {
            Slice::Total => {
                let sliced = found.entry((cell.metric, start)).or_default();
                sliced.points += measures.count;
            }
            Slice::Dimension { key, .. } if keys[..] == [&**key] => {
                let sliced = found.entry((cell.metric, start)).or_default();
                sliced.points_in_slices += measures.count;
                let last = sliced.series.entry(cell.slice).or_insert(measures.last);
                *last = measures.last.max(*last);
            }
            Slice::Dimension { .. } => {}
        }
    }
    found
}

/// The last value of each series from raw points, by position in `open` and
/// period.
async fn from_rows(
    scope: &Scope,
    open: &Arc<[Open]>,
    period: Period,
) -> Result<HashMap<(usize, i32), Series>> {
    let mut found: HashMap<(usize, i32), Series> = HashMap::new();
    for file in &scope.snapshot.files {
        if !may_hold(scope, file, open, period) {
            continue;
        }
        let (snapshot, wanted) = (scope.snapshot.clone(), open.clone());
        let version = file.added_version;
        let columns = columns(&snapshot, open);
        let of_file = with_rows(scope, file, columns, move |batches| {
            let mut rows = Rows {
                snapshot: &snapshot,
                open: &wanted,
                period,
                version,
                days: LocalDay::new(snapshot.tenant.time_zone),
                series: HashMap::new(),
            };
            for batch in batches {
                rows.add(&batch?)?;
            }
            Ok(rows.series)
        });
        for (place, series) in of_file.await? {
            let sum = found.entry(place).or_default();
            for (labels, stamp) in series {
                note(sum, labels, stamp);
            }
        }
    }
    Ok(found)
}

/// Whether a file may hold points of what is open.
fn may_hold(scope: &Scope, file: &DataFile, open: &[Open], period: Period) -> bool {
    let mut days = LocalDay::new(scope.snapshot.tenant.time_zone);
    let known = &file.statistics;
    // A day wider: days may begin again where clocks go back over midnight.
    let first = period.start(days.of(known.min_recorded_at_us).saturating_sub(1));
    let last = days.of(known.max_recorded_at_us).saturating_add(1);
    open.iter().any(|open| {
        known.metric_names.contains(&*open.metric.metric_name)
            && open.periods.range(first..=last.max(first)).next().is_some()
    })
}

/// The columns that tell series apart.
fn columns(snapshot: &Snapshot, open: &[Open]) -> SchemaRef {
    let registry = &snapshot.registry;
    let fixed = [
        PLATFORM,
        METRIC_TYPE,
        METRIC_NAME,
        METRIC_VALUE,
        RECORDED_AT,
        COMMIT_VERSION,
    ];
    let mut names: BTreeSet<String> = fixed.map(str::to_owned).into();
    for key in open.iter().flat_map(|open| keys_of(&open.kind)) {
        let column = registry.get(key);
        names.extend(column.map(|column| column.text_column()));
        names.extend(column.map(|column| column.number_column()));
        if column.map_or(registry.overflowed, |column| column.partial) {
            names.insert(DIMENSIONS.to_owned());
        }
    }
    let stored = stored_schema(registry);
    let fields = stored.fields().iter().filter(|f| names.contains(f.name()));
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
}

/// Adds up the rows of one file.
struct Rows<'a> {
    snapshot: &'a Snapshot,
    open: &'a [Open],
    period: Period,
    /// Of rows that have none of their own.
    version: i64,
    days: LocalDay,
    series: HashMap<(usize, i32), Series>,
}

impl Rows<'_> {
    fn add(&mut self, batch: &RecordBatch) -> Result<(), StorageError> {
        let names = [PLATFORM, METRIC_TYPE, METRIC_NAME].map(|name| text(batch, name));
        let [platforms, types, names] = names;
        let (platforms, types, names) = (platforms?, types?, names?);
        let values = column(batch, METRIC_VALUE)?.as_primitive::<Decimal128Type>();
        let versions = column(batch, COMMIT_VERSION)?.as_primitive::<Int64Type>();
        let recorded_at = times(batch)?;
        let (registry, open) = (&self.snapshot.registry, self.open);
        let labels = open.iter().map(|open| {
            let keys = keys_of(&open.kind).into_iter();
            keys.map(|key| DimensionTexts::of(batch, registry, key))
                .collect::<Result<Vec<_>, _>>()
        });
        let labels = labels.collect::<Result<Vec<_>, _>>()?;
        let places: BTreeMap<[&str; 3], usize> = open
            .iter()
            .map(|open| &open.metric)
            .map(|m| [&*m.platform, &*m.metric_type, &*m.metric_name])
            .zip(0..)
            .collect();
        for row in 0..batch.num_rows() {
            let key = [platforms.value(row), types.value(row), names.value(row)];
            let Some(&at) = places.get(&key) else {
                continue;
            };
            let us = recorded_at.value(row);
            let start = self.period.start(self.days.of(us));
            if !open[at].periods.contains(&start) {
                continue;
            }
            let labels: Vec<Option<String>> = labels[at]
                .iter()
                .map(|texts| texts.at(row).map(Cow::into_owned))
                .collect();
            if matches!(open[at].kind, MetricKind::Distinct { .. }) && labels[0].is_none() {
                continue;
            }
            let stamp = Stamped {
                recorded_at_us: us,
                commit_version: match versions.is_null(row) {
                    true => self.version,
                    false => versions.value(row),
                },
                value: values.value(row),
            };
            note(self.series.entry((at, start)).or_default(), labels, stamp);
        }
        Ok(())
    }
}

fn note(series: &mut Series, labels: Vec<Option<String>>, stamp: Stamped) {
    let last = series.entry(labels).or_insert(stamp);
    *last = stamp.max(*last);
}

/// One number for the last values of all series; `None` without any.
fn combined(
    kind: &MetricKind,
    lasts: impl ExactSizeIterator<Item = i128>,
) -> Result<Option<i128>, RollupError> {
    let series = lasts.len();
    let combine = match kind {
        _ if series == 0 => return Ok(None),
        MetricKind::Distinct { .. } => return Ok(Some(series as i128 * decimal::ONE)),
        MetricKind::Gauge { combine, .. } => *combine,
        MetricKind::Sum | MetricKind::Ratio { .. } => return Ok(None),
    };
    let mut lasts = lasts;
    let mut sum = || {
        let sum = lasts.try_fold(0_i128, |sum, last| sum.checked_add(last));
        sum.ok_or(RollupError::Overflow)
    };
    match combine {
        Combine::Sum => sum().map(Some),
        Combine::Avg => Ok(Exact::share(sum()?, series as i64)?.map(Exact::units)),
        Combine::Min => Ok(lasts.min()),
        Combine::Max => Ok(lasts.max()),
    }
}
