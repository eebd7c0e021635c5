//! Makes partials from rows.
//!
//! Rows in file order are fastest, because a metric's day is then one run;
//! any order gives the same answer, and so do any batches.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{
    Array, AsArray, Decimal128Array, Int64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Decimal128Type, Int64Type};
use chrono_tz::Tz;

use super::key_values::KeyValues;
use super::local_day::SLOT_US;
use super::partials::{MetricDimension, combine, combine_by};
use super::slice_cap::SliceCap;
use super::{
    Cell, DaySketches, Detail, FileRollup, LocalDay, MAX_SLICE_CELLS, Measures, OWN_VERSION,
    Partials, RollupError, Sketch, Slice, Stamped,
};
use crate::arrange::{column, text, times, wrong_type};
use crate::dimension::DimensionRegistry;
use crate::dimension_text::DimensionTexts;
use crate::error::StorageError;
use crate::metric::{MetricKey, MetricKind, Sketches};
use crate::schema::{COMMIT_VERSION, METRIC_NAME, METRIC_TYPE, METRIC_VALUE, PLATFORM};

/// New cells after which they are added up and counted.
const SETTLED_AFTER_CELLS: usize = MAX_SLICE_CELLS / 2;

/// What the builder must know of a metric's definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupDefinition {
    /// The definition's version, stored with the partials.
    pub version: i32,
    /// The kind; only ratios need parts of their own.
    pub kind: MetricKind,
    /// Which sketches are made.
    pub sketches: Sketches,
}

impl RollupDefinition {
    /// The first definition of a metric.
    pub fn first(kind: MetricKind) -> Self {
        Self {
            version: 1,
            kind,
            sketches: Sketches::default(),
        }
    }
}

/// Collects rows into partials.
pub struct PartialsBuilder<'a> {
    days: LocalDay,
    registry: &'a DimensionRegistry,
    definitions: &'a dyn Fn(&MetricKey) -> RollupDefinition,
    metrics: Vec<(MetricKey, RollupDefinition)>,
    metric_numbers: HashMap<[String; 3], u32>,
    slices: Vec<Slice>,
    keys: HashMap<Arc<str>, KeyValues>,
    /// Metrics and keys that have numbers.
    numbers: BTreeSet<MetricDimension>,
    cells: Vec<Cell>,
    /// How many of the cells there were when [`Self::settle`] last looked.
    settled: usize,
    cap: SliceCap,
    quarters: Vec<Cell>,
    sketches: DaySketches,
}

/// The columns of one batch.
struct Columns<'b> {
    metric: [&'b StringViewArray; 3],
    value: &'b Decimal128Array,
    time: &'b TimestampMicrosecondArray,
    version: &'b Int64Array,
}

impl<'a> PartialsBuilder<'a> {
    /// A builder for days of `zone`; `definitions` answers for every metric.
    pub fn new(
        zone: Tz,
        registry: &'a DimensionRegistry,
        definitions: &'a dyn Fn(&MetricKey) -> RollupDefinition,
    ) -> Self {
        Self {
            days: LocalDay::new(zone),
            registry,
            definitions,
            metrics: Vec::new(),
            metric_numbers: HashMap::new(),
            slices: vec![Slice::Total],
            keys: HashMap::new(),
            numbers: BTreeSet::new(),
            cells: Vec::new(),
            settled: 0,
            cap: SliceCap::of(MAX_SLICE_CELLS),
            quarters: Vec::new(),
            sketches: DaySketches::new(),
        }
    }

    /// The same with room for fewer slice cells.
    #[cfg(test)]
    pub(super) fn with_cap(mut self, most: usize) -> Self {
        self.cap = SliceCap::of(most);
        self
    }

    /// Adds rows of the stored schema.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), StorageError> {
        let columns = Columns {
            metric: [
                text(batch, PLATFORM)?,
                text(batch, METRIC_TYPE)?,
                text(batch, METRIC_NAME)?,
            ],
            value: column(batch, METRIC_VALUE)?
                .as_primitive_opt::<Decimal128Type>()
                .ok_or_else(|| wrong_type(METRIC_VALUE))?,
            time: times(batch)?,
            version: column(batch, COMMIT_VERSION)?
                .as_primitive_opt::<Int64Type>()
                .ok_or_else(|| wrong_type(COMMIT_VERSION))?,
        };
        let runs = self.runs(&columns);
        let mut points = Vec::with_capacity(batch.num_rows());
        let mut parts = Vec::new();
        self.measure(batch, &columns, &runs, &mut points, &mut parts);
        self.totals(&runs, &points, &parts)?;
        for dimension in self.registry.columns() {
            if let Some(values) = batch.column_by_name(&dimension.text_column()) {
                let values = values
                    .as_string_view_opt()
                    .ok_or_else(|| wrong_type(&dimension.key))?;
                self.slices_of(&dimension.key, values, &runs, &points, &parts)?;
            }
            let texts = DimensionTexts::of(batch, self.registry, &dimension.key)?;
            for run in &runs {
                self.note_numbers(&dimension.key, &texts, run);
            }
        }
        if self.cells.len() - self.settled > SETTLED_AFTER_CELLS {
            self.settle()?;
        }
        for run in &runs {
            self.sketch(batch, run, &points)?;
        }
        Ok(())
    }

    /// The roll-up of everything pushed.
    pub fn finish(mut self) -> Result<FileRollup, RollupError> {
        self.settle()?;
        let overflowed: HashSet<Arc<str>> = self
            .keys
            .iter()
            .filter(|(_, v)| v.overflowed)
            .map(|(k, _)| k.clone())
            .collect();
        let keep: Vec<bool> = self
            .slices
            .iter()
            .map(|slice| !matches!(slice, Slice::Dimension { key, .. } if overflowed.contains(key)))
            .collect();
        self.cells.retain(|cell| keep[cell.slice as usize]);
        let incomplete = self.keys.iter().flat_map(|(key, values)| {
            let metrics = match values.overflowed {
                true => &values.metrics,
                false => &values.dropped,
            };
            metrics.iter().map(|metric| (*metric, key.clone()))
        });
        let mut incomplete: Vec<MetricDimension> = incomplete.collect();
        incomplete.sort();
        let (metrics, definitions): (Vec<_>, Vec<_>) = self
            .metrics
            .into_iter()
            .map(|(key, definition)| (key, definition.version))
            .unzip();
        let detail = Detail {
            metrics: metrics.clone(),
            definitions: definitions.clone(),
            quarters: combine_by(self.quarters, |c| (c.metric, c.day))?,
            sketches: self.sketches,
        };
        let days = Partials {
            metrics,
            definitions,
            slices: self.slices,
            cells: self.cells,
            incomplete,
            numbers: self.numbers.into_iter().collect(),
        };
        // Slices that lost their cells are left out.
        Ok(FileRollup {
            days: days.with_mixed_keys().compacted(),
            detail,
        })
    }

    /// Adds up cells of one place, and lets go of the slices that are too many.
    pub(super) fn settle(&mut self) -> Result<(), RollupError> {
        self.cells = combine(std::mem::take(&mut self.cells))?;
        let over = self.cap.exceeded(&self.cells, &self.slices);
        if !over.is_empty() {
            let slices = &self.slices;
            self.cells
                .retain(|cell| match &slices[cell.slice as usize] {
                    Slice::Total => true,
                    Slice::Dimension { key, .. } => !over.contains(&(cell.metric, key.clone())),
                });
        }
        for (metric, key) in over {
            self.keys.entry(key).or_default().dropped.insert(metric);
        }
        self.settled = self.cells.len();
        Ok(())
    }

    /// Notes that a metric has values of a key that get no slice.
    fn note_numbers(&mut self, key: &Arc<str>, values: &DimensionTexts<'_>, run: &Run) {
        let place = (run.metric, key.clone());
        if !self.numbers.contains(&place) && (run.start..run.end).any(|row| values.is_number(row)) {
            self.numbers.insert(place);
        }
    }

    /// Cuts rows where metric or local day changes: `(metric, day, rows)`.
    fn runs(&mut self, columns: &Columns<'_>) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let mut last = None;
        for row in 0..columns.time.len() {
            let names = columns.metric.map(|c| c.value(row));
            let metric = match last {
                Some((seen, metric)) if seen == names => metric,
                _ => self.metric_number(names),
            };
            last = Some((names, metric));
            let day = self.days.of(columns.time.value(row));
            match runs.last_mut() {
                Some(run) if run.metric == metric && run.day == day => run.end = row + 1,
                _ => runs.push(Run {
                    metric,
                    day,
                    start: row,
                    end: row + 1,
                }),
            }
        }
        runs
    }

    fn metric_number(&mut self, names: [&str; 3]) -> u32 {
        let names = names.map(str::to_owned);
        if let Some(number) = self.metric_numbers.get(&names) {
            return *number;
        }
        let [platform, metric_type, metric_name] = names.each_ref().map(|n| Arc::from(n.as_str()));
        let key = MetricKey {
            platform,
            metric_type,
            metric_name,
        };
        let definition = (self.definitions)(&key);
        let number = self.metrics.len() as u32;
        self.metrics.push((key, definition));
        self.metric_numbers.insert(names, number);
        number
    }

    /// Each row as a stamped value, and its ratio parts where any metric has some.
    fn measure(
        &self,
        batch: &RecordBatch,
        columns: &Columns<'_>,
        runs: &[Run],
        points: &mut Vec<Stamped>,
        parts: &mut Vec<(i128, i128)>,
    ) {
        for row in 0..columns.time.len() {
            points.push(Stamped {
                recorded_at_us: columns.time.value(row),
                commit_version: if columns.version.is_null(row) {
                    OWN_VERSION
                } else {
                    columns.version.value(row)
                },
                value: columns.value.value(row),
            });
        }
        let number = |key: &str| {
            let column = self.registry.get(key)?.number_column();
            batch
                .column_by_name(&column)?
                .as_primitive_opt::<Decimal128Type>()
        };
        for run in runs {
            if let MetricKind::Ratio {
                numerator,
                denominator,
            } = &self.metrics[run.metric as usize].1.kind
            {
                parts.resize(points.len(), (0, 0));
                let at = |column: Option<&Decimal128Array>, row| {
                    column
                        .filter(|c| !c.is_null(row))
                        .map_or(0, |c| c.value(row))
                };
                let (top, bottom) = (number(numerator), number(denominator));
                for (row, part) in parts.iter_mut().enumerate().take(run.end).skip(run.start) {
                    *part = (at(top, row), at(bottom, row));
                }
            }
        }
    }

    fn totals(
        &mut self,
        runs: &[Run],
        points: &[Stamped],
        parts: &[(i128, i128)],
    ) -> Result<(), RollupError> {
        for run in runs {
            // Rows in file order: a quarter of an hour is one run within the day's.
            let mut day: Option<Measures> = None;
            let mut from = run.start;
            while from < run.end {
                let quarter = points[from].recorded_at_us.div_euclid(SLOT_US);
                let mut measures = measures_of(from, points, parts);
                let mut row = from + 1;
                while row < run.end && points[row].recorded_at_us.div_euclid(SLOT_US) == quarter {
                    measures.merge(&measures_of(row, points, parts))?;
                    row += 1;
                }
                match &mut day {
                    Some(day) => day.merge(&measures)?,
                    None => day = Some(measures),
                }
                self.quarters.push(Cell {
                    day: i32::try_from(quarter).unwrap_or(i32::MAX),
                    ..run.cell(0, measures)
                });
                from = row;
            }
            self.cells.extend(day.map(|m| run.cell(0, m)));
        }
        Ok(())
    }

    /// Adds a run to the sketches that its metric's definition names.
    fn sketch(
        &mut self,
        batch: &RecordBatch,
        run: &Run,
        points: &[Stamped],
    ) -> Result<(), StorageError> {
        let definition = &self.metrics[run.metric as usize].1;
        if definition.sketches.quantiles {
            let sketch = self
                .sketches
                .entry((run.metric, run.day, None))
                .or_insert_with(|| Sketch::Quantiles(Default::default()));
            if let Sketch::Quantiles(sketch) = sketch {
                let values = &points[run.start..run.end];
                values.iter().for_each(|point| sketch.add(point.value));
            }
        }
        for key in &definition.sketches.distinct {
            let values = DimensionTexts::of(batch, self.registry, key)?;
            let mut texts = (run.start..run.end)
                .filter_map(|row| values.at(row))
                .peekable();
            if texts.peek().is_none() {
                continue;
            }
            let place = (run.metric, run.day, Some(Arc::from(key.as_str())));
            let new = || Sketch::Distinct(Box::default());
            if let Sketch::Distinct(sketch) = self.sketches.entry(place).or_insert_with(new) {
                texts.for_each(|text| sketch.add(&text));
            }
        }
        Ok(())
    }

    fn slices_of(
        &mut self,
        key: &Arc<str>,
        values: &StringViewArray,
        runs: &[Run],
        points: &[Stamped],
        parts: &[(i128, i128)],
    ) -> Result<(), RollupError> {
        if values.null_count() == values.len() {
            return Ok(());
        }
        let seen = self.keys.entry(key.clone()).or_default();
        // The run's measures by slice number, counted from the key's first.
        let mut dense: Vec<(u32, Option<Measures>)> = Vec::new();
        let mut positions: HashMap<u32, usize> = HashMap::new();
        for run in runs {
            let mut last: Option<(&str, usize)> = None;
            // Values count, also where their cells are too many.
            let kept = !seen.dropped.contains(&run.metric);
            for row in run.start..run.end {
                if values.is_null(row) {
                    continue;
                }
                seen.metrics.insert(run.metric);
                if seen.overflowed {
                    break;
                }
                let value = values.value(row);
                let position = match last {
                    Some((text, position)) if text == value => position,
                    _ => {
                        let Some(slice) = seen.slice(key, value, &mut self.slices) else {
                            break;
                        };
                        *positions.entry(slice).or_insert_with(|| {
                            dense.push((slice, None));
                            dense.len() - 1
                        })
                    }
                };
                last = Some((value, position));
                if kept {
                    add(&mut dense[position].1, row, points, parts)?;
                }
            }
            for (slice, measures) in &mut dense {
                self.cells
                    .extend(measures.take().map(|m| run.cell(*slice, m)));
            }
        }
        Ok(())
    }
}

/// Neighbouring rows of one metric and one local day.
struct Run {
    metric: u32,
    day: i32,
    start: usize,
    end: usize,
}

impl Run {
    fn cell(&self, slice: u32, measures: Measures) -> Cell {
        Cell {
            day: self.day,
            metric: self.metric,
            slice,
            measures,
        }
    }
}

fn measures_of(row: usize, points: &[Stamped], parts: &[(i128, i128)]) -> Measures {
    let (numerator, denominator) = parts.get(row).copied().unwrap_or_default();
    Measures::of(points[row], numerator, denominator)
}

fn add(
    into: &mut Option<Measures>,
    row: usize,
    points: &[Stamped],
    parts: &[(i128, i128)],
) -> Result<(), RollupError> {
    let one = measures_of(row, points, parts);
    match into {
        Some(measures) => measures.merge(&one),
        None => {
            *into = Some(one);
            Ok(())
        }
    }
}
