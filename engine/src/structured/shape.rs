//! Rows of what was gathered: groups ranked, buckets filled, periods side by side.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use storage_layout::rollup::RollupError;

use super::cells::{Amounts, Cells, Group, finished, merge};
use super::grid::{Granularity, Grid};
use super::request::{Fill, OrderBy, StructuredQuery, hinted};
use super::resolve::Question;
use crate::dashboard::Exact;
use crate::error::Result;
use crate::session::Session;

/// A row of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// When its bucket begins; `None` when the range is one bucket.
    pub start: Option<DateTime<Utc>>,
    /// The values of the dimensions; `None` for points that lack one.
    pub group: Vec<Option<std::sync::Arc<str>>>,
    /// Which groups it stands for.
    pub kind: RowKind,
    /// Each measure; `None` without points, or for a ratio over 0.
    pub values: Vec<Option<Exact>>,
    /// Each measure in the bucket at the same place of the period compared with.
    pub previous: Option<Vec<Option<Exact>>>,
}

/// Which groups a row stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowKind {
    /// One group.
    Group,
    /// All groups that are not listed. Measures that do not add up have no
    /// number here.
    Other,
}

/// Rows in their order.
pub(super) struct Shaped {
    pub(super) rows: Vec<Row>,
    /// How many groups there are, listed or not.
    pub(super) groups: usize,
}

type Numbers = Vec<Option<Exact>>;

pub(super) fn shape(
    query: &StructuredQuery,
    question: &Question,
    grid: &Grid,
    current: &Cells,
    before: Option<&Cells>,
    session: &Session,
) -> Result<Shaped> {
    let (listed, others) = ranked(query, current)?;
    let plan = session.plan();
    let rows = (listed.len() as u64 + u64::from(!others.is_empty())) * u64::from(grid.len());
    if rows > plan.result_rows {
        return Err(hinted(
            format!(
                "the answer would have {rows} rows of at most {} on the plan {:?}",
                plan.result_rows, plan.name
            ),
            "dimensions",
            "list fewer groups with `top`, or ask for longer buckets",
        ));
    }
    let wants_other = query.top.as_ref().is_some_and(|top| top.other) && !others.is_empty();
    let shaper = Shaper {
        query,
        question,
        grid,
        current,
        before,
    };
    let mut rows = Vec::new();
    for group in &listed {
        shaper.push(
            &mut rows,
            group,
            std::slice::from_ref(group),
            RowKind::Group,
        )?;
    }
    if wants_other {
        let group = vec![None; question.dimensions.len()];
        shaper.push(&mut rows, &group, &others, RowKind::Other)?;
    }
    order(query, &mut rows)?;
    Ok(Shaped {
        rows,
        groups: listed.len() + others.len(),
    })
}

/// The groups that are listed, the largest first, and the others.
fn ranked(query: &StructuredQuery, cells: &Cells) -> Result<(Vec<Group>, Vec<Group>)> {
    if query.dimensions.is_empty() {
        return Ok((vec![Group::new()], Vec::new()));
    }
    let by = query.top.as_ref().and_then(|top| top.by.as_deref());
    let by = by.map_or(Ok(0), |name| query.measure(name, "top.by"))?;
    let number = |amounts: &Amounts| match amounts[by] {
        Some(amount) => amount.finish(),
        None => Ok(None),
    };
    let mut groups = Vec::with_capacity(cells.groups.len());
    for (group, amounts) in &cells.groups {
        groups.push((number(amounts)?, group));
    }
    groups.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    let limit = query.top.as_ref().map_or(usize::MAX, |top| top.limit);
    let mut groups = groups.into_iter().map(|(_, group)| group.clone());
    let listed = groups.by_ref().take(limit).collect();
    Ok((listed, groups.collect()))
}

struct Shaper<'a> {
    query: &'a StructuredQuery,
    question: &'a Question,
    grid: &'a Grid,
    current: &'a Cells,
    before: Option<&'a Cells>,
}

impl Shaper<'_> {
    /// Adds a row for each bucket: what `of` add up to, under the name `group`.
    fn push(
        &self,
        rows: &mut Vec<Row>,
        group: &Group,
        of: &[Group],
        kind: RowKind,
    ) -> Result<(), RollupError> {
        let measures = self.question.measures.len();
        let mut last: Numbers = vec![None; measures];
        for bucket in 0..self.grid.len() {
            let found = self.numbers(self.current, bucket, of)?;
            if found.is_none() && self.query.fill == Fill::None {
                continue;
            }
            let mut values = found.unwrap_or_else(|| vec![None; measures]);
            for (number, value) in values.iter_mut().enumerate() {
                *value = value.or(match self.query.fill {
                    Fill::Zero => self.question.measures[number]
                        .is_zero_without_points()
                        .then_some(Exact::ZERO),
                    Fill::Previous => last[number],
                    Fill::Null | Fill::None => None,
                });
            }
            last.clone_from(&values);
            let empty = || vec![None; measures];
            let previous = match self.before {
                Some(before) => Some(self.numbers(before, bucket, of)?.unwrap_or_else(empty)),
                None => None,
            };
            rows.push(Row {
                start: match self.grid.granularity {
                    Granularity::All => None,
                    _ => self.grid.start(bucket),
                },
                group: group.clone(),
                kind,
                values,
                previous,
            });
        }
        Ok(())
    }

    /// What some groups add up to in a bucket; `None` without points.
    fn numbers(
        &self,
        cells: &Cells,
        bucket: u32,
        of: &[Group],
    ) -> Result<Option<Numbers>, RollupError> {
        let mut sum: Option<Amounts> = None;
        for group in of {
            let Some(amounts) = cells.rows.get(&(bucket, group.clone())) else {
                continue;
            };
            let sum = sum.get_or_insert_with(|| vec![None; amounts.len()]);
            for (sum, amount) in sum.iter_mut().zip(amounts) {
                if let Some(amount) = amount {
                    merge(sum, *amount)?;
                }
            }
        }
        sum.map(|sum| finished(&sum)).transpose()
    }
}

/// Puts rows in order; the others of a ranking stay behind those listed.
fn order(query: &StructuredQuery, rows: &mut [Row]) -> Result<()> {
    let by_time = |a: &Row, b: &Row| a.start.cmp(&b.start);
    if query.order.is_empty() {
        // Groups come in the order of their rank already.
        rows.sort_by(by_time);
        return Ok(());
    }
    let mut keys = Vec::new();
    for order in &query.order {
        let column = match &order.by {
            OrderBy::Time => Column::Time,
            OrderBy::Column(name) => match query.dimensions.iter().position(|d| d == name) {
                Some(dimension) => Column::Dimension(dimension),
                None => Column::Measure(query.measure(name, "order")?),
            },
        };
        keys.push((column, order.descending));
    }
    rows.sort_by(|a, b| {
        keys.iter()
            .fold(Ordering::Equal, |so_far, (column, descending)| {
                so_far.then_with(|| column.compare(a, b, *descending))
            })
    });
    Ok(())
}

enum Column {
    Time,
    Dimension(usize),
    Measure(usize),
}

impl Column {
    /// What has no value comes last, whichever way the others are ordered.
    fn compare(&self, a: &Row, b: &Row, descending: bool) -> Ordering {
        fn of<T: Ord>(a: Option<T>, b: Option<T>, descending: bool) -> Ordering {
            match (a, b) {
                (Some(a), Some(b)) if descending => b.cmp(&a),
                (Some(a), Some(b)) => a.cmp(&b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            }
        }
        let other = (a.kind == RowKind::Other).cmp(&(b.kind == RowKind::Other));
        match self {
            Self::Time => of(a.start, b.start, descending),
            Self::Dimension(at) => {
                other.then_with(|| of(a.group[*at].as_ref(), b.group[*at].as_ref(), descending))
            }
            Self::Measure(at) => other.then_with(|| of(a.values[*at], b.values[*at], descending)),
        }
    }
}
