//! The points behind a cell of an answer, newest first, in pages.
//!
//! All pages are of the version that the first was of: points that were
//! committed since are passed over. Points that were erased since are gone.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use chrono::{DateTime, NaiveDate, Utc};
use futures::TryStreamExt;

use super::grid::{Granularity, Grid};
use super::request::{StructuredQuery, hinted};
use super::resolve::Question;
use super::sql::{Sql, Values};
use crate::error::Result;
use crate::session::{Session, Took};

/// Points of one page.
pub const MAX_PAGE: usize = 1_000;
/// Points that pages go down to.
const DEEPEST: usize = 100_000;

const COLUMNS: &str = "recorded_at, platform, metric_type, metric_name, metric_value, \
    dimensions, event_id, commit_version";
/// Points that are the same in all of these are the same in a page.
const ORDER: &str = "recorded_at desc, commit_version desc, platform, metric_type, \
    metric_name, metric_value, dimensions, event_id";

/// A cell whose points are wanted.
#[derive(Debug, Clone)]
pub struct PointsQuery {
    /// The question that was answered.
    pub question: StructuredQuery,
    /// The measure's column; `None`: the first.
    pub measure: Option<String>,
    /// The row's time as its cell has it; `None`: the whole range.
    pub time: Option<String>,
    /// The row's dimensions, `None` for points that lack one; those left out may
    /// be anything.
    pub group: BTreeMap<String, Option<Arc<str>>>,
    /// Points of a page.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<String>,
}

/// A page of points.
#[derive(Debug)]
pub struct PointsAnswer {
    /// The columns.
    pub schema: SchemaRef,
    /// The points.
    pub batches: Vec<RecordBatch>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<String>,
    /// The version that all pages are of.
    pub version: i64,
    /// The same as SQL, all of it, to be read and run.
    pub sql: String,
    /// What it took.
    pub took: Took,
}

/// Answers a page of the points behind a cell as of `now`. Errors: `Invalid`
/// for a cell that the question has not, and what reading fails with.
pub async fn points(
    session: &Session,
    query: &PointsQuery,
    now: DateTime<Utc>,
) -> Result<PointsAnswer> {
    if !(1..=MAX_PAGE).contains(&query.limit) {
        let message = format!("must be 1 to {MAX_PAGE}");
        return Err(hinted(message, "limit", "ask for several pages"));
    }
    let question =
        Question::resolve(session, &query.question).map_err(|error| error.inside("question"))?;
    let of = &query.question;
    let zone = of.zone.unwrap_or_else(|| session.time_zone());
    let today = now.with_timezone(&zone).date_naive();
    let range = of.range.resolve(today)?;
    let grid = Grid::new(of.granularity, range, zone)?;
    let place = Place::read(query.after.as_deref(), session.version())?;
    let cell = Cell {
        query,
        question: &question,
        measure: match &query.measure {
            Some(name) => of.measure(name, "measure")?,
            None => 0,
        },
        instants: instants(query.time.as_deref(), &grid)?,
    };
    let mut sql = Sql::default();
    let filter = cell.filter(&mut sql)?;
    let text = format!(
        "select {COLUMNS} from analytics_data_points where {filter} and commit_version <= {} \
         order by {ORDER} limit {} offset {}",
        place.version,
        query.limit + 1,
        place.offset
    );
    let answer = session.raw_points(&text, &sql.params).await?;
    let mut batches: Vec<RecordBatch> = answer.stream.try_collect().await?;
    let more = keep(&mut batches, query.limit);
    let next = more.then(|| Place {
        offset: place.offset + query.limit,
        ..place
    });
    let mut shown = Sql::with(Values::Shown);
    let filter = cell.filter(&mut shown)?;
    Ok(PointsAnswer {
        schema: answer.schema,
        batches,
        next: next.map(|next| format!("{}.{}", next.version, next.offset)),
        version: place.version,
        sql: format!(
            "select {COLUMNS}\nfrom analytics_data_points\nwhere {filter}\n\
             order by recorded_at desc"
        ),
        took: answer.stats.told(),
    })
}

struct Cell<'a> {
    query: &'a PointsQuery,
    question: &'a Question,
    measure: usize,
    /// Microseconds since 1970 UTC.
    instants: std::ops::Range<i64>,
}

impl Cell<'_> {
    fn filter(&self, sql: &mut Sql) -> Result<String> {
        let measure = &self.question.measures[self.measure];
        let metrics: Vec<_> = measure.term.metrics().cloned().collect();
        let mut filter = format!(
            "recorded_at >= {} and recorded_at < {} and {}",
            sql.instant(self.instants.start),
            sql.instant(self.instants.end),
            sql.is_one_of(&metrics)
        );
        for of in &self.question.filters {
            filter.push_str(" and ");
            filter.push_str(&sql.condition(of));
        }
        for (key, value) in &self.query.group {
            if !self.question.dimensions.contains(key) {
                return Err(hinted(
                    format!("the question is not grouped by {key:?}"),
                    "group",
                    "name dimensions of the question, with the values of one row",
                ));
            }
            filter.push_str(" and ");
            filter.push_str(&sql.equals(key, value.as_ref()));
        }
        Ok(filter)
    }
}

/// When the bucket of a cell begins and ends, inside the range.
fn instants(time: Option<&str>, grid: &Grid) -> Result<std::ops::Range<i64>> {
    let range = grid.days.instants_us(grid.zone);
    let Some(time) = time else { return Ok(range) };
    let none = || {
        hinted(
            format!("no bucket of the question begins at {time:?}"),
            "time",
            "send the cell `time` of a row of the answer, or leave it out for all buckets",
        )
    };
    let begins = |bucket: &u32| {
        let Some(start) = grid.start(*bucket) else {
            return false;
        };
        match grid.granularity {
            Granularity::All => false,
            Granularity::Hour => time.parse::<DateTime<Utc>>().is_ok_and(|at| at == start),
            _ => {
                let day = start.with_timezone(&grid.zone).date_naive();
                time.parse::<NaiveDate>().is_ok_and(|at| at == day)
            }
        }
    };
    let bucket = (0..grid.len()).find(begins).ok_or_else(none)?;
    let us = |bucket| grid.start(bucket).map(|at| at.timestamp_micros());
    let start = us(bucket).map_or(range.start, |start| start.max(range.start));
    Ok(start..us(bucket + 1).unwrap_or(range.end))
}

/// Where a page begins.
#[derive(Debug, Clone, Copy)]
struct Place {
    version: i64,
    offset: usize,
}

impl Place {
    fn read(after: Option<&str>, version: i64) -> Result<Self> {
        let Some(after) = after else {
            return Ok(Self { version, offset: 0 });
        };
        let read = after.split_once('.').and_then(|(version, offset)| {
            Some(Self {
                version: version.parse().ok()?,
                offset: offset.parse().ok()?,
            })
        });
        let read = read.ok_or_else(|| {
            let hint = "send `next` of the page before, or leave it out for the first";
            hinted(format!("{after:?} is the end of no page"), "after", hint)
        })?;
        match read.offset <= DEEPEST {
            true => Ok(read),
            false => Err(hinted(
                format!("pages go down to {DEEPEST} points"),
                "after",
                "narrow the cell, or ask its `sql`",
            )),
        }
    }
}

/// Keeps so many rows; whether there were more.
fn keep(batches: &mut Vec<RecordBatch>, mut rows: usize) -> bool {
    let all: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let more = all > rows;
    for batch in batches.iter_mut() {
        let length = batch.num_rows().min(rows);
        *batch = batch.slice(0, length);
        rows -= length;
    }
    batches.retain(|batch| batch.num_rows() > 0);
    more
}
