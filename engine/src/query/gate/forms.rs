//! Forms of expressions that are refused before anything is planned: types
//! within types, and groupings that multiply.

use std::ops::ControlFlow;

use datafusion::logical_expr::sqlparser::ast::{
    self, DataType, Expr, GroupByExpr, Select, Spanned, Visit, Visitor,
};

use super::refused;
use crate::error::{Error, Location, Result};

/// Sets that the rows of one SELECT are grouped by at once.
const MAX_GROUPING_SETS: usize = 64;

/// Refuses the first such form, at its place or at `start`.
pub(super) fn check(query: &ast::Query, start: Location) -> Result<()> {
    match query.visit(&mut Forms { start }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(error),
    }
}

struct Forms {
    start: Location,
}

impl Visitor for Forms {
    type Break = Error;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Error> {
        let to = match expr {
            Expr::Cast { data_type, .. } => Some(data_type),
            Expr::TypedString(typed) => Some(&typed.data_type),
            Expr::Convert { data_type, .. } => data_type.as_ref(),
            _ => None,
        };
        match to {
            Some(to) if holds_others(to) => ControlFlow::Break(refused(
                format!("no value becomes a {to} here"),
                "cast to a type of single values, such as bigint, decimal, text or timestamp",
                place(expr, self.start),
            )),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Error> {
        let GroupByExpr::Expressions(expressions, modifiers) = &select.group_by else {
            return ControlFlow::Continue(());
        };
        let sets = expressions
            .iter()
            .map(|expr| match expr {
                Expr::Cube(parts) => 1_usize
                    .checked_shl(u32::try_from(parts.len()).unwrap_or(u32::MAX))
                    .unwrap_or(usize::MAX),
                Expr::Rollup(parts) => parts.len() + 1,
                Expr::GroupingSets(sets) => sets.len().max(1),
                _ => 1,
            })
            .fold(1_usize, usize::saturating_mul);
        let sets = match modifiers.is_empty() {
            true => sets,
            false => sets.saturating_mul(1 << expressions.len().min(16)),
        };
        if sets <= MAX_GROUPING_SETS {
            return ControlFlow::Continue(());
        }
        let first = expressions.first();
        ControlFlow::Break(refused(
            format!("the query groups by {sets} sets of at most {MAX_GROUPING_SETS} at once"),
            "name the sets that you need in GROUPING SETS",
            first.map_or(self.start, |expr| place(expr, self.start)),
        ))
    }
}

fn holds_others(of: &DataType) -> bool {
    match of {
        DataType::Array(_)
        | DataType::Map(..)
        | DataType::Tuple(_)
        | DataType::Nested(_)
        | DataType::Struct(..)
        | DataType::Union(_)
        | DataType::FixedString(_) => true,
        DataType::Nullable(of) | DataType::LowCardinality(of) => holds_others(of),
        _ => false,
    }
}

fn place(expr: &Expr, otherwise: Location) -> Location {
    let start = expr.span().start;
    match start.line {
        0 => otherwise,
        line => Location {
            line,
            column: start.column,
        },
    }
}
