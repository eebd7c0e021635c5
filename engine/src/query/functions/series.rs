//! `generate_series` and `range` in the place of a table, with a bound on rows.

use std::sync::Arc;

use datafusion::catalog::{TableFunction, TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::common::plan_err;
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::scalar::ScalarValue;

/// Rows of one series.
pub(crate) const MAX_ROWS: u64 = 1_000_000;
const DAY_NS: i128 = 86_400_000_000_000;
/// No month is shorter.
const MONTH_DAYS: i128 = 28;

/// `function`, refused where it would have more than [`MAX_ROWS`].
pub(super) fn bounded(function: Arc<TableFunction>) -> Arc<TableFunction> {
    let name = function.name().to_owned();
    Arc::new(TableFunction::new(
        name.clone(),
        Arc::new(Bounded { name, function }),
    ))
}

#[derive(Debug)]
struct Bounded {
    name: String,
    function: Arc<TableFunction>,
}

impl TableFunctionImpl for Bounded {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        match rows(args.exprs()) {
            Some(rows) if rows <= u128::from(MAX_ROWS) => {
                self.function.create_table_provider_with_args(args)
            }
            Some(rows) => plan_err!("{} would make {rows} rows; at most {MAX_ROWS}", self.name),
            None => plan_err!(
                "{} takes constant whole numbers, or dates or times with an interval",
                self.name
            ),
        }
    }
}

/// How many rows there will be, or a few more; none where it cannot be told.
fn rows(exprs: &[Expr]) -> Option<u128> {
    let literals = exprs.iter().map(|expr| match expr {
        Expr::Literal(value, _) => Some(value),
        _ => None,
    });
    let values: Vec<&ScalarValue> = literals.collect::<Option<_>>()?;
    if values.iter().any(|value| value.is_null()) {
        return Some(0);
    }
    let (start, end, step) = match values[..] {
        [end] => (0, at(end)?, 1),
        [start, end] => (at(start)?, at(end)?, 1),
        [start, end, step] => (at(start)?, at(end)?, length(step)?),
        _ => return None,
    };
    match step {
        0 => None,
        step => Some((end - start).unsigned_abs() / step.unsigned_abs() + 1),
    }
}

/// A number, or nanoseconds.
fn at(value: &ScalarValue) -> Option<i128> {
    Some(match value {
        ScalarValue::Int64(Some(number)) => i128::from(*number),
        ScalarValue::Date32(Some(days)) => i128::from(*days) * DAY_NS,
        ScalarValue::TimestampSecond(Some(s), _) => i128::from(*s) * 1_000_000_000,
        ScalarValue::TimestampMillisecond(Some(ms), _) => i128::from(*ms) * 1_000_000,
        ScalarValue::TimestampMicrosecond(Some(us), _) => i128::from(*us) * 1_000,
        ScalarValue::TimestampNanosecond(Some(ns), _) => i128::from(*ns),
        _ => return None,
    })
}

/// A step's length at least. Parts of both signs could undo each other.
fn length(step: &ScalarValue) -> Option<i128> {
    match step {
        ScalarValue::Int64(Some(number)) => Some(i128::from(*number)),
        ScalarValue::IntervalMonthDayNano(Some(interval)) => {
            let parts = [
                i128::from(interval.months) * MONTH_DAYS * DAY_NS,
                i128::from(interval.days) * DAY_NS,
                i128::from(interval.nanoseconds),
            ];
            let mixed = parts.iter().any(|p| *p < 0) && parts.iter().any(|p| *p > 0);
            (!mixed).then(|| parts.iter().sum())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::lit;

    use super::*;

    #[test]
    fn rows_are_counted_before_they_are_made() {
        assert_eq!(rows(&[lit(10_i64)]), Some(11));
        assert_eq!(rows(&[lit(5_i64), lit(1_i64), lit(-2_i64)]), Some(3));
        let far = rows(&[lit(i64::MIN), lit(i64::MAX)]).expect("rows");
        assert!(far > 1 << 63);
        assert_eq!(rows(&[lit(1_i64), lit(2_i64), lit(0_i64)]), None);
        let day = |day| lit(ScalarValue::Date32(Some(day)));
        let month = ScalarValue::new_interval_mdn(1, 0, 0);
        assert_eq!(rows(&[day(0), day(365), lit(month)]), Some(14));
        let mixed = ScalarValue::new_interval_mdn(1, -28, 0);
        assert_eq!(rows(&[day(0), day(365), lit(mixed)]), None);
    }
}
