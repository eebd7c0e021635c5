//! Funnels: how many different values of a dimension (customers, players) took
//! one step, then the next, in this order.
//!
//! An entity's way begins with its first point of the first step in the range;
//! each further step is its first point of that step at or after the one before,
//! or after it where the two steps are of the same metric.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures::TryStreamExt;
use storage_layout::MetricKey;

use super::filter::Filter;
use super::request::{MetricPattern, hinted};
use super::resolve;
use super::sql::{Sql, column};
use crate::dashboard::{Days, RangeRequest};
use crate::error::{Error, Result};
use crate::session::Session;

/// Steps of one funnel.
pub const MAX_STEPS: usize = 8;
/// Groups that are listed.
const GROUPS: usize = 50;
/// The longest way, days.
const MAX_DAYS: u32 = 366;

/// A funnel as it is asked for.
#[derive(Debug, Clone)]
pub struct FunnelQuery {
    /// The dimension whose values take the steps.
    pub entity: String,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// How long after its first step an entity may take the last, days;
    /// `None`: as long as the range is.
    pub within_days: Option<u32>,
    /// A dimension by which entities are told apart, as it was at their first
    /// step.
    pub by: Option<String>,
    /// Which points take part in any step.
    pub filters: Vec<Filter>,
    /// Which days.
    pub range: RangeRequest,
    /// The zone that days begin in; `None`: the tenant's own.
    pub zone: Option<Tz>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// What it is called.
    pub name: String,
    /// The metrics of whose points one is a step.
    pub metric: MetricPattern,
    /// Which of them.
    pub filters: Vec<Filter>,
}

/// How many took each step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunnelAnswer {
    /// The tenant's version that every number is of.
    pub version: i64,
    /// When that version was seen.
    pub as_of: DateTime<Utc>,
    /// The zone that days begin in.
    pub zone: Tz,
    /// The days that were looked at.
    pub range: Days,
    /// Of all entities, for each step.
    pub entities: Vec<u64>,
    /// The same by value, the largest first; empty unless asked for.
    pub groups: Vec<(Option<String>, Vec<u64>)>,
    /// How many values are not listed.
    pub groups_left_out: usize,
    /// Rows in the files that were read.
    pub rows_scanned: u64,
}

/// Answers a funnel as of `now`, from raw points. Errors: `Invalid`, `Query`
/// when there are more groups than the plan's rows, and what reading fails with.
pub async fn funnel(
    session: &Session,
    query: &FunnelQuery,
    now: DateTime<Utc>,
) -> Result<FunnelAnswer> {
    query.check()?;
    let zone = query.zone.unwrap_or_else(|| session.time_zone());
    let range = query.range.resolve(now.with_timezone(&zone).date_naive())?;
    let steps =
        query.steps.iter().enumerate().map(|(i, step)| {
            resolve::metrics(session, &step.metric, &format!("steps[{i}].metric"))
        });
    let steps: Vec<Vec<MetricKey>> = steps.collect::<Result<_>>()?;
    let mut sql = Sql::default();
    let text = query.text(&mut sql, &steps, range, zone);
    let answer = session.raw_points(&text, &sql.params).await?;
    let batches: Vec<RecordBatch> = answer.stream.try_collect().await?;
    if answer.stats.truncated() {
        return Err(Error::Query {
            message: format!(
                "the funnel has more groups than the plan's {} rows",
                session.plan().result_rows
            ),
            location: None,
            hint: Some("leave `by` out, or name a dimension with fewer values".to_owned()),
        });
    }
    let mut groups = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            groups.push(counted(batch, row, steps.len())?);
        }
    }
    let mut entities = vec![0; steps.len()];
    for (_, counts) in &groups {
        for (sum, count) in entities.iter_mut().zip(counts) {
            *sum += count;
        }
    }
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    if query.by.is_none() {
        groups.clear();
    }
    let groups_left_out = groups.len().saturating_sub(GROUPS);
    groups.truncate(GROUPS);
    Ok(FunnelAnswer {
        version: session.version(),
        as_of: session.as_of(),
        zone,
        range,
        entities,
        groups,
        groups_left_out,
        rows_scanned: answer.stats.told().rows_scanned,
    })
}

impl FunnelQuery {
    fn check(&self) -> Result<()> {
        if !(1..=MAX_STEPS).contains(&self.steps.len()) {
            let message = format!("{} are given, of 1 to {MAX_STEPS}", self.steps.len());
            return Err(hinted(message, "steps", "name the steps in their order"));
        }
        if let Some(days) = self.within_days
            && !(1..=MAX_DAYS).contains(&days)
        {
            let message = format!("must be 1 to {MAX_DAYS}");
            return Err(hinted(
                message,
                "within_days",
                "leave it out for the whole range",
            ));
        }
        entity(&self.entity)?;
        for (i, filter) in self.filters.iter().enumerate() {
            filter.check_on_points(i)?;
        }
        for (i, step) in self.steps.iter().enumerate() {
            for (k, filter) in step.filters.iter().enumerate() {
                filter
                    .check_on_points(k)
                    .map_err(|error| error.inside(&format!("steps[{i}]")))?;
            }
        }
        Ok(())
    }

    /// Rows of (group, entities of each step…).
    ///
    /// Each level adds when an entity took the next step: one pass over its
    /// points, which stay together.
    fn text(&self, sql: &mut Sql, steps: &[Vec<MetricKey>], range: Days, zone: Tz) -> String {
        let takes: Vec<String> = steps
            .iter()
            .zip(&self.steps)
            .map(|(metrics, step)| {
                let mut takes = sql.is_one_of(metrics);
                for filter in &step.filters {
                    takes.push_str(" and ");
                    takes.push_str(&sql.condition(filter));
                }
                takes
            })
            .collect();
        let instants = range.instants_us(zone);
        let (from, to) = (sql.instant(instants.start), sql.instant(instants.end));
        let metrics: Vec<MetricKey> = steps.iter().flatten().cloned().collect();
        let mut filter = format!(
            "recorded_at >= {from} and recorded_at < {to} and {} and {} is not null",
            sql.is_one_of(&metrics),
            column(&self.entity)
        );
        for of in &self.filters {
            filter.push_str(" and ");
            filter.push_str(&sql.condition(of));
        }
        let flags = takes.iter().enumerate();
        let flags: String = flags
            .map(|(i, takes)| format!(", ({takes}) as f{i}"))
            .collect();
        let group = match &self.by {
            Some(by) => column(by),
            None => "cast(null as varchar)".to_owned(),
        };
        let mut level = format!(
            "select {} as e, recorded_at as t, {group} as g{flags} \
             from analytics_data_points where {filter}",
            column(&self.entity)
        );
        for i in 0..steps.len() {
            let when = match i {
                0 => "f0".to_owned(),
                i => {
                    let again = steps[i].iter().any(|metric| steps[i - 1].contains(metric));
                    let sign = if again { ">" } else { ">=" };
                    let within = self.within_days.map_or(String::new(), |days| {
                        format!(" and t <= t0 + interval '{days} days'")
                    });
                    format!("f{i} and t {sign} t{}{within}", i - 1)
                }
            };
            level = format!(
                "select *, min(case when {when} then t end) over (partition by e) as t{i} \
                 from ({level}) as l{i}"
            );
        }
        let times: String = (0..steps.len())
            .map(|i| format!(", min(t{i}) as t{i}"))
            .collect();
        let counts: String = (0..steps.len())
            .map(|i| format!(", cast(count(t{i}) as bigint) as n{i}"))
            .collect();
        format!(
            "select arrow_cast(g, 'Utf8') as g{counts} from (\
             select e, min(case when f0 and t = t0 then g end) as g{times} \
             from ({level}) as ways group by e) as entities where t0 is not null group by g"
        )
    }
}

/// What an entity must be. Errors: `Invalid`.
pub(super) fn entity(key: &str) -> Result<()> {
    match resolve::NAMES.contains(&key) || key.is_empty() {
        false => Ok(()),
        true => Err(hinted(
            format!("{key:?} tells no entities apart"),
            "entity",
            "name a dimension such as customer_id or player_id",
        )),
    }
}

fn counted(batch: &RecordBatch, row: usize, steps: usize) -> Result<(Option<String>, Vec<u64>)> {
    let names = batch
        .column(0)
        .as_string_opt::<i32>()
        .ok_or_else(unexpected)?;
    let name = names.is_valid(row).then(|| names.value(row).to_owned());
    let counts = (1..=steps).map(|column| {
        let counts = batch.column(column).as_primitive_opt::<Int64Type>();
        let count = counts.ok_or_else(unexpected)?.value(row);
        Ok(count.unsigned_abs())
    });
    Ok((name, counts.collect::<Result<_>>()?))
}

pub(super) fn unexpected() -> Error {
    Error::internal("a question of entities came back with another type of column")
}
