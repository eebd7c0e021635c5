//! Points of few metrics grouped by the values of their dimensions, in memory.

use std::collections::{BTreeMap, HashMap};

use arrow::array::{AsArray, Decimal128Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Decimal128Type, Int64Type};
use storage_layout::arrange::{column, text, times};
use storage_layout::rollup::{RollupError, Stamped};
use storage_layout::schema::{COMMIT_VERSION, METRIC_NAME, METRIC_TYPE, METRIC_VALUE, PLATFORM};
use storage_layout::{DimensionRegistry, DimensionTexts, MetricKind, decimal};

use super::tops::{Answers, Top, Tops, TopsOf, TopsQuestion, parts};
use crate::dashboard::Exact;
use crate::error::{Error, Result};

/// What is known of one value so far.
#[derive(Debug, Default)]
struct Group {
    points: i64,
    sum: i128,
    /// The ratio's parts; `None` until a point has them.
    above: Option<i128>,
    below: Option<i128>,
    /// Of a gauge: its newest point.
    last: Option<Stamped>,
}

/// One question's groups, by metric, key and value.
pub(super) struct Groups<'a> {
    question: &'a TopsQuestion,
    places: BTreeMap<(&'a str, &'a str, &'a str), usize>,
    groups: Vec<Vec<HashMap<String, Group>>>,
}

/// The columns of a batch that every row needs.
struct Rows<'a> {
    values: &'a Decimal128Array,
    times: &'a TimestampMicrosecondArray,
    versions: Option<&'a Int64Array>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(question: &'a TopsQuestion) -> Self {
        let place = |(at, of): (usize, &'a TopsOf)| {
            let metric = &of.metric;
            let names = (
                &*metric.platform,
                &*metric.metric_type,
                &*metric.metric_name,
            );
            (names, at)
        };
        let empty = |of: &TopsOf| of.keys.iter().map(|_| HashMap::new()).collect();
        Self {
            question,
            places: question.of.iter().enumerate().map(place).collect(),
            groups: question.of.iter().map(empty).collect(),
        }
    }

    /// Adds the rows of the question's metrics, all of which are in its time.
    pub(super) fn add(&mut self, registry: &DimensionRegistry, batch: &RecordBatch) -> Result<()> {
        let fault = |error: storage_layout::StorageError| Error::storage(error);
        let [platforms, types, names] =
            [PLATFORM, METRIC_TYPE, METRIC_NAME].map(|name| text(batch, name).map_err(fault));
        let (platforms, types, names) = (platforms?, types?, names?);
        let versions = batch.column_by_name(COMMIT_VERSION);
        let rows = Rows {
            values: column(batch, METRIC_VALUE)
                .map_err(fault)?
                .as_primitive::<Decimal128Type>(),
            times: times(batch).map_err(fault)?,
            versions: versions.map(|column| column.as_primitive::<Int64Type>()),
        };
        let mut of_metric: Vec<Vec<u32>> = vec![Vec::new(); self.question.of.len()];
        for row in 0..batch.num_rows() {
            let key = (platforms.value(row), types.value(row), names.value(row));
            if let Some(&at) = self.places.get(&key) {
                of_metric[at].push(row as u32);
            }
        }
        let question = self.question;
        for ((of, picked), groups) in question.of.iter().zip(&of_metric).zip(&mut self.groups) {
            let texts = |key| DimensionTexts::of(batch, registry, key).map_err(fault);
            let parts = parts(&of.kind).map(texts).collect::<Result<Vec<_>>>()?;
            for (key, groups) in of.keys.iter().zip(groups) {
                let texts = texts(key)?;
                for &row in picked {
                    let row = row as usize;
                    let Some(name) = texts.at(row) else { continue };
                    if !groups.contains_key(&*name) {
                        groups.insert(name.clone().into_owned(), Group::default());
                    }
                    if let Some(group) = groups.get_mut(&*name) {
                        group.add(&of.kind, &rows, &parts, row)?;
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn finish(self) -> std::result::Result<Answers, RollupError> {
        let listed = self.question.listed;
        let answers = self.question.of.iter().zip(self.groups).map(|(of, keys)| {
            let keys = keys
                .into_iter()
                .map(|groups| rank(&of.kind, groups, listed));
            keys.collect()
        });
        answers.collect()
    }
}

impl Group {
    fn add(
        &mut self,
        kind: &MetricKind,
        rows: &Rows<'_>,
        parts: &[DimensionTexts<'_>],
        row: usize,
    ) -> std::result::Result<(), RollupError> {
        self.points += 1;
        match kind {
            MetricKind::Sum => {
                let sum = self.sum.checked_add(rows.values.value(row));
                self.sum = sum.ok_or(RollupError::Overflow)?;
            }
            MetricKind::Gauge { .. } => {
                let version = rows.versions.map_or(0, |versions| versions.value(row));
                let point = Stamped {
                    recorded_at_us: rows.times.value(row),
                    commit_version: version,
                    value: rows.values.value(row),
                };
                self.last = self.last.max(Some(point));
            }
            MetricKind::Ratio { .. } => {
                for (sum, part) in [&mut self.above, &mut self.below].into_iter().zip(parts) {
                    let Some(number) = part.at(row).and_then(|text| number(&text)) else {
                        continue;
                    };
                    let total = sum.unwrap_or_default().checked_add(number);
                    *sum = Some(total.ok_or(RollupError::Overflow)?);
                }
            }
            MetricKind::Distinct { .. } => {}
        }
        Ok(())
    }

    fn number(&self, kind: &MetricKind) -> std::result::Result<Option<i128>, RollupError> {
        Ok(match kind {
            MetricKind::Sum => Some(self.sum),
            MetricKind::Gauge { .. } => self.last.map(|point| point.value),
            MetricKind::Ratio { .. } => match (self.above, self.below) {
                (Some(above), Some(below)) => Exact::ratio(above, below)?.map(Exact::units),
                _ => None,
            },
            MetricKind::Distinct { .. } => None,
        })
    }
}

/// A part of a ratio in units of 10^-9; a text that is no number has none.
fn number(text: &str) -> Option<i128> {
    let parsed = decimal::Value::parse(text).ok()?;
    Some(parsed.value.units())
}

fn rank(
    kind: &MetricKind,
    groups: HashMap<String, Group>,
    listed: usize,
) -> std::result::Result<Tops, RollupError> {
    let mut tops = Tops {
        values: groups.len() as i64,
        ..Tops::default()
    };
    for (name, group) in groups {
        tops.points += group.points;
        tops.sum = tops
            .sum
            .checked_add(group.sum)
            .ok_or(RollupError::Overflow)?;
        tops.listed.push(Top {
            number: group.number(kind)?,
            points: group.points,
            name,
        });
    }
    let larger_first = |a: &Top, b: &Top| {
        let by_number = b.number.cmp(&a.number);
        by_number.then_with(|| a.name.cmp(&b.name))
    };
    if (1..tops.listed.len()).contains(&listed) {
        tops.listed.select_nth_unstable_by(listed - 1, larger_first);
    }
    tops.listed.truncate(listed);
    tops.listed.sort_unstable_by(larger_first);
    tops.listed.shrink_to_fit();
    Ok(tops)
}
