//! Retention: of the entities (customers, players) that began in one bucket, how
//! many came again in each bucket after.
//!
//! An entity belongs to the bucket of its first point in the range: who was
//! there before the range is not known to be new.

use std::collections::BTreeMap;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use futures::TryStreamExt;

use super::filter::Filter;
use super::funnel::{entity, unexpected};
use super::grid::{Granularity, Grid};
use super::request::{MetricPattern, hinted};
use super::resolve;
use super::sql::{Sql, column};
use crate::dashboard::{Days, RangeRequest};
use crate::error::Result;
use crate::session::Session;

/// Buckets of one question.
const MAX_BUCKETS: u32 = 100;

/// A question of retention.
#[derive(Debug, Clone)]
pub struct RetentionQuery {
    /// The dimension whose values come and come again.
    pub entity: String,
    /// A point of which metrics begins.
    pub start: MetricPattern,
    /// A point of which metrics is coming again; `None`: those of `start`.
    pub back: Option<MetricPattern>,
    /// Days, weeks or months.
    pub granularity: Granularity,
    /// Which points take part.
    pub filters: Vec<Filter>,
    /// Which days.
    pub range: RangeRequest,
    /// The zone that days begin in; `None`: the tenant's own.
    pub zone: Option<Tz>,
}

/// Who came again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionAnswer {
    /// The tenant's version that every number is of.
    pub version: i64,
    /// When that version was seen.
    pub as_of: DateTime<Utc>,
    /// The zone that days begin in.
    pub zone: Tz,
    /// The days that were looked at.
    pub range: Days,
    /// How long a bucket is.
    pub granularity: Granularity,
    /// One for each bucket that has begun, in order.
    pub cohorts: Vec<Cohort>,
    /// The first day of the bucket that is under way, if the range holds it.
    pub unfinished: Option<NaiveDate>,
    /// Rows in the files that were read.
    pub rows_scanned: u64,
}

/// Entities that began in one bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cohort {
    /// The bucket's first day.
    pub start: NaiveDate,
    /// How many there are.
    pub entities: u64,
    /// How many came in this bucket (all of them), and in each that has begun
    /// since.
    pub returned: Vec<u64>,
}

/// Answers a question of retention as of `now`, from raw points. Errors:
/// `Invalid`, and what reading fails with.
pub async fn retention(
    session: &Session,
    query: &RetentionQuery,
    now: DateTime<Utc>,
) -> Result<RetentionAnswer> {
    entity(&query.entity)?;
    for (i, filter) in query.filters.iter().enumerate() {
        filter.check_on_points(i)?;
    }
    let zone = query.zone.unwrap_or_else(|| session.time_zone());
    let today = now.with_timezone(&zone).date_naive();
    let range = query.range.resolve(today)?;
    let grid = grid(query.granularity, range, zone)?;
    let mut sql = Sql::default();
    let text = query.text(session, &mut sql, &grid)?;
    let answer = session.raw_points(&text, &sql.params).await?;
    let batches: Vec<RecordBatch> = answer.stream.try_collect().await?;
    let mut counts: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let number = |column: usize| {
                let numbers = batch.column(column).as_primitive_opt::<Int64Type>();
                numbers.map(|n| n.value(row)).ok_or_else(unexpected)
            };
            let (first, bucket) = (grid.of_instant(number(0)?), grid.of_instant(number(1)?));
            *counts.entry((first, bucket)).or_default() += number(2)?.unsigned_abs();
        }
    }
    let begins = |bucket: u32| {
        let start = grid.start(bucket)?.with_timezone(&zone).date_naive();
        (start <= today).then_some(start)
    };
    let begun = (0..grid.len()).take_while(|bucket| begins(*bucket).is_some());
    let begun = begun.count() as u32;
    let count = |first, bucket| counts.get(&(first, bucket)).copied().unwrap_or_default();
    let cohorts = (0..begun).filter_map(|first| {
        Some(Cohort {
            start: begins(first)?,
            entities: count(first, first),
            returned: (first..begun).map(|bucket| count(first, bucket)).collect(),
        })
    });
    Ok(RetentionAnswer {
        version: session.version(),
        as_of: session.as_of(),
        zone,
        range,
        granularity: query.granularity,
        cohorts: cohorts.collect(),
        unfinished: match range.to >= today {
            true => begun.checked_sub(1).and_then(begins),
            false => None,
        },
        rows_scanned: answer.stats.told().rows_scanned,
    })
}

fn grid(granularity: Granularity, range: Days, zone: Tz) -> Result<Grid> {
    let fits = [Granularity::Day, Granularity::Week, Granularity::Month];
    if !fits.contains(&granularity) {
        let message = format!("{} is no bucket to come again in", granularity.name());
        return Err(hinted(message, "granularity", "use day, week or month"));
    }
    let grid = Grid::new(granularity, range, zone)?;
    if grid.len() > MAX_BUCKETS {
        let message = format!("{} buckets are more than {MAX_BUCKETS}", grid.len());
        return Err(hinted(
            message,
            "granularity",
            "ask for longer buckets or fewer days",
        ));
    }
    Ok(grid)
}

impl RetentionQuery {
    /// Rows of (first bucket, bucket, entities); a bucket is when it begins,
    /// microseconds since 1970.
    fn text(&self, session: &Session, sql: &mut Sql, grid: &Grid) -> Result<String> {
        let start = resolve::metrics(session, &self.start, "start")?;
        let back = match &self.back {
            Some(back) => resolve::metrics(session, back, "return")?,
            None => start.clone(),
        };
        let (starts, comes) = (sql.is_one_of(&start), sql.is_one_of(&back));
        let instants = grid.days.instants_us(grid.zone);
        let (from, to) = (sql.instant(instants.start), sql.instant(instants.end));
        let entity = column(&self.entity);
        let mut filter = format!(
            "recorded_at >= {from} and recorded_at < {to} and ({starts} or {comes}) \
             and {entity} is not null"
        );
        for of in &self.filters {
            filter.push_str(" and ");
            filter.push_str(&sql.condition(of));
        }
        let interval = grid.granularity.interval().unwrap_or("1 day");
        let zone = grid.zone.name();
        let (starts, comes) = (sql.is_one_of(&start), sql.is_one_of(&back));
        Ok(format!(
            "select f, b, cast(count(*) as bigint) as n from (\
             select b, r, min(case when s = 1 then b end) over (partition by e) as f from (\
             select e, b, max(case when starts then 1 else 0 end) as s, \
             max(case when comes then 1 else 0 end) as r from (\
             select {entity} as e, ({starts}) as starts, ({comes}) as comes, \
             arrow_cast(time_bucket(interval '{interval}', recorded_at, '{zone}'), 'Int64') as b \
             from analytics_data_points where {filter}) as points group by e, b) as buckets) \
             as ways where f is not null and b >= f and (b = f or r = 1) group by f, b"
        ))
    }
}
