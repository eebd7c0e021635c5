//! May these tables be joined? Two without a condition between them make as
//! many rows as the product of theirs.

use std::sync::Arc;

use datafusion::common::stats::Precision;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{CrossJoinExec, NestedLoopJoinExec};
use datafusion::physical_plan::memory::LazyMemoryExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

use super::functions::MAX_SERIES_ROWS;
use super::place::Places;
use crate::error::{Error, Result};

/// Pairs of rows that one join may look at, by the planner's estimate.
const MAX_PAIRS: u64 = 1_000_000_000;

/// Refuses a plan that joins too many rows with each other.
pub(super) fn check(plan: &Arc<dyn ExecutionPlan>, query: &str) -> Result<()> {
    rows(plan, query, &StatisticsContext::new()).map(drop)
}

/// How many rows a part of a plan has, as far as it can be told: what is not
/// known counts as one row, so that only what is known is refused.
fn rows(plan: &Arc<dyn ExecutionPlan>, query: &str, known: &StatisticsContext) -> Result<u64> {
    let below = plan
        .children()
        .into_iter()
        .map(|child| rows(child, query, known));
    let below = below.collect::<Result<Vec<u64>>>()?;
    let product = below.iter().copied().fold(1, u64::saturating_mul);
    let is_product = plan.is::<CrossJoinExec>() || plan.is::<NestedLoopJoinExec>();
    if is_product && product > MAX_PAIRS {
        let places = Places::of(query);
        return Err(Error::Query {
            message: format!(
                "two tables are joined without an equality between them, {} rows with {}: {product} pairs of at most {MAX_PAIRS}",
                below.first().copied().unwrap_or_default(),
                below.last().copied().unwrap_or_default(),
            ),
            location: Some(
                places
                    .word("join")
                    .or_else(|| places.word("from"))
                    .unwrap_or_else(|| places.start()),
            ),
            hint: Some("join on equal columns, or filter or group the tables first".into()),
        });
    }
    if plan.is::<LazyMemoryExec>() {
        return Ok(MAX_SERIES_ROWS);
    }
    if plan.is::<CrossJoinExec>() {
        return Ok(product);
    }
    let known = known.compute(plan.as_ref(), &StatisticsArgs::new()).ok();
    Ok(match known.map(|known| known.num_rows) {
        Some(Precision::Exact(rows) | Precision::Inexact(rows)) => (rows as u64).max(1),
        _ => below.into_iter().max().unwrap_or(1),
    })
}
