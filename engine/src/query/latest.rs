//! A question for the latest points reads the days that hold them.
//!
//! The order of rows in a file is by metric, so the latest of all metrics lie
//! all over it. Roll-ups know how many points each day has: from the day on
//! from which there are enough, no earlier point can be among the latest. Only
//! the plain shape is known here, a sort by `recorded_at` and a limit over all
//! points; whatever else is asked is left as it is.

use std::sync::Arc;

use chrono::{NaiveTime, TimeZone};
use chrono_tz::Tz;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema};
use datafusion::error::Result as DataFusionResult;
use datafusion::logical_expr::logical_plan::{FetchType, SkipType};
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, col, lit};
use datafusion::scalar::ScalarValue;
use storage_layout::key::POINTS_TABLE;
use storage_layout::rollup::LocalDay;
use storage_layout::schema::RECORDED_AT;

use super::partials;
use super::scope::Scope;
use crate::error::{Error, Result};

/// Points below which a scan of everything costs little.
const WORTH_ROWS: u64 = 50_000;
/// More than so many rows are not looked for day by day.
const MAX_LATEST: u64 = 100_000;
/// Days that are looked at, one width after the other.
const WIDTHS_DAYS: [i32; 3] = [2, 30, 400];
const DAY_US: i64 = 86_400_000_000;

/// The plan, with a condition on time if it asks for the latest points.
pub(super) async fn narrowed(scope: &Scope, plan: LogicalPlan) -> Result<LogicalPlan> {
    let rows: u64 = scope.snapshot.files.iter().map(|f| f.statistics.rows).sum();
    let wanted = latest_wanted(&plan).filter(|n| *n <= MAX_LATEST);
    let Some(wanted) = wanted.filter(|_| rows > WORTH_ROWS) else {
        return Ok(plan);
    };
    match since(scope, wanted).await? {
        Some(since_us) => with_condition(plan, since_us).map_err(Error::internal),
        None => Ok(plan),
    }
}

/// How many of the latest points a plan asks for, if that is what it asks.
fn latest_wanted(plan: &LogicalPlan) -> Option<u64> {
    let (mut node, mut wanted) = (plan, None);
    loop {
        match node {
            LogicalPlan::Limit(limit) => {
                let SkipType::Literal(skip) = limit.get_skip_type().ok()? else {
                    return None;
                };
                if let FetchType::Literal(Some(fetch)) = limit.get_fetch_type().ok()? {
                    wanted = Some(skip.checked_add(fetch)? as u64);
                }
                node = &limit.input;
            }
            LogicalPlan::Projection(projection) => node = &projection.input,
            LogicalPlan::SubqueryAlias(alias) => node = &alias.input,
            LogicalPlan::Sort(sort) => {
                let first = sort.expr.first().filter(|by| !by.asc)?;
                let Expr::Column(column) = &first.expr else {
                    return None;
                };
                let all_points = is_recorded_at(&sort.input, column);
                return wanted
                    .or(sort.fetch.map(|n| n as u64))
                    .filter(|_| all_points);
            }
            _ => return None,
        }
    }
}

/// Whether a column is the time of points that nothing has filtered.
fn is_recorded_at(plan: &LogicalPlan, column: &Column) -> bool {
    let position = |schema: &DFSchema| schema.maybe_index_of_column(column);
    match plan {
        LogicalPlan::Projection(projection) => {
            let expression = position(&projection.schema).and_then(|i| projection.expr.get(i));
            match expression.map(|e| e.clone().unalias()) {
                Some(Expr::Column(inner)) => is_recorded_at(&projection.input, &inner),
                _ => false,
            }
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let inner = position(&alias.schema).map(|i| alias.input.schema().qualified_field(i));
            inner.is_some_and(|inner| is_recorded_at(&alias.input, &Column::from(inner)))
        }
        // `where true`, as generated queries have it.
        LogicalPlan::Filter(filter) => {
            filter.predicate == lit(true) && is_recorded_at(&filter.input, column)
        }
        LogicalPlan::TableScan(scan) => {
            scan.table_name.table() == POINTS_TABLE
                && scan.filters.is_empty()
                && scan.fetch.is_none()
                && column.name == RECORDED_AT
        }
        _ => false,
    }
}

/// The instant since which there are at least so many points, microseconds.
async fn since(scope: &Scope, wanted: u64) -> Result<Option<i64>> {
    let zone = scope.snapshot.tenant.time_zone;
    let files = scope.snapshot.files.iter();
    let Some(newest_us) = files.map(|f| f.statistics.max_recorded_at_us).max() else {
        return Ok(None);
    };
    let newest = LocalDay::new(zone).of(newest_us);
    for width in WIDTHS_DAYS {
        let days = newest - width..newest + 2;
        let (partials, _) = partials::merged(scope, days.start, days.end, zone).await?;
        let cells = partials.days(days);
        let mut points = 0;
        for cell in cells.iter().rev().filter(|cell| cell.slice == 0) {
            points += cell.measures.count.unsigned_abs();
            if points >= wanted {
                return Ok(Some(begin_us(cell.day, zone)));
            }
        }
    }
    Ok(None)
}

/// The first instant of a local day, or one before it.
fn begin_us(day: i32, zone: Tz) -> i64 {
    let midnight = LocalDay::date(day).and_time(NaiveTime::MIN);
    let begins = zone.from_local_datetime(&midnight).earliest();
    // Where clocks go over midnight: no zone is further than a day from UTC.
    begins.map_or((i64::from(day) - 1) * DAY_US, |at| at.timestamp_micros())
}

fn with_condition(plan: LogicalPlan, since_us: i64) -> DataFusionResult<LogicalPlan> {
    let since = ScalarValue::TimestampMicrosecond(Some(since_us), Some(Arc::from("UTC")));
    let narrowed = plan.transform_up(|node| match node {
        LogicalPlan::TableScan(_) => {
            let builder = LogicalPlanBuilder::from(node);
            let condition = col(RECORDED_AT).gt_eq(lit(since.clone()));
            Ok(Transformed::yes(builder.filter(condition)?.build()?))
        }
        node => Ok(Transformed::no(node)),
    });
    narrowed.map(|narrowed| narrowed.data)
}
