//! Which dates a filter leaves of a column: what it says for sure, never less
//! than what passes it.

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use datafusion::scalar::ScalarValue;

/// Dates from one to another, both included, as days since 1970; none when the
/// first lies after the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DateRange {
    pub(crate) first: i32,
    pub(crate) last: i32,
}

impl DateRange {
    /// All dates.
    pub(crate) const ALL: Self = Self {
        first: i32::MIN,
        last: i32::MAX,
    };

    /// What all of these filters leave of a column.
    pub(crate) fn of(filters: &[Expr], column: &str) -> Self {
        let ranges = filters.iter().filter_map(|f| Self::of_filter(f, column));
        ranges.fold(Self::ALL, Self::and)
    }

    /// What one filter leaves; `None` when it says nothing of the column.
    pub(crate) fn of_filter(filter: &Expr, column: &str) -> Option<Self> {
        match filter {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
                Operator::And => {
                    let (left, right) = (
                        Self::of_filter(left, column),
                        Self::of_filter(right, column),
                    );
                    match (left, right) {
                        (Some(left), Some(right)) => Some(left.and(right)),
                        (one, other) => one.or(other),
                    }
                }
                Operator::Or => {
                    let left = Self::of_filter(left, column)?;
                    Some(left.or(Self::of_filter(right, column)?))
                }
                _ if is(left, column) => Self::beside(*op, date(right)?),
                _ if is(right, column) => Self::beside(op.swap()?, date(left)?),
                _ => None,
            },
            Expr::Between(Between {
                expr,
                negated: false,
                low,
                high,
            }) if is(expr, column) => Some(Self {
                first: date(low)?,
                last: date(high)?,
            }),
            Expr::InList(InList {
                expr,
                list,
                negated: false,
            }) if is(expr, column) => {
                let dates = list.iter().map(date).collect::<Option<Vec<i32>>>()?;
                Some(Self {
                    first: *dates.iter().min()?,
                    last: *dates.iter().max()?,
                })
            }
            _ => None,
        }
    }

    /// What `column op date` leaves.
    fn beside(op: Operator, date: i32) -> Option<Self> {
        let (mut first, mut last) = (i32::MIN, i32::MAX);
        match op {
            Operator::Eq => (first, last) = (date, date),
            Operator::Gt => first = date.saturating_add(1),
            Operator::GtEq => first = date,
            Operator::Lt => last = date.saturating_sub(1),
            Operator::LtEq => last = date,
            _ => return None,
        }
        Some(Self { first, last })
    }

    fn and(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            last: self.last.min(other.last),
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// Whether no date is left.
    pub(crate) fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// Whether a date is left.
    pub(crate) fn contains(self, day: i32) -> bool {
        (self.first..=self.last).contains(&day)
    }
}

fn is(expr: &Expr, column: &str) -> bool {
    matches!(expr, Expr::Column(found) if found.name == column)
}

fn date(expr: &Expr) -> Option<i32> {
    match expr {
        Expr::Literal(ScalarValue::Date32(date), _) => *date,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, lit};

    use super::*;

    #[test]
    fn a_filter_leaves_the_dates_that_may_pass_it() {
        let day = |day: i32| lit(ScalarValue::Date32(Some(day)));
        let at = || col("metric_date");
        let other = || col("value").gt(lit(1));
        let all = (i32::MIN, i32::MAX);
        for (filter, (first, last)) in [
            (at().eq(day(5)), (5, 5)),
            (at().gt(day(5)), (6, i32::MAX)),
            (day(5).gt(at()), (i32::MIN, 4)),
            (day(5).lt_eq(at()), (5, i32::MAX)),
            (at().between(day(3), day(9)), (3, 9)),
            (at().not_between(day(3), day(9)), all),
            (at().in_list(vec![day(8), day(3)], false), (3, 8)),
            (at().in_list(vec![day(8), day(3)], true), all),
            (at().gt_eq(day(3)).and(other()), (3, i32::MAX)),
            (at().gt_eq(day(3)).or(other()), all),
            (at().eq(day(3)).or(at().eq(day(7))), (3, 7)),
            (at().not_eq(day(3)), all),
            (at().eq(lit("3")), all),
            (col("other").eq(day(3)), all),
        ] {
            let found = DateRange::of(&[filter.clone(), other()], "metric_date");
            assert_eq!(found, DateRange { first, last }, "{filter}");
        }
        let none = [at().gt(day(5)), at().lt(day(5))];
        assert!(DateRange::of(&none, "metric_date").is_empty());
    }
}
