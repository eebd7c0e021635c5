//! What `||`, `OVERLAY` and `[…]` mean: functions under a bound.

use std::sync::Arc;

use datafusion::common::{DFSchema, plan_err};
use datafusion::error::Result;
use datafusion::functions_nested::make_array::make_array;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::{Expr, ExprSchemable, ScalarUDF};

use super::bounded::{Growth, bounded, joined_texts};

/// Plans them for every query.
#[derive(Debug)]
pub(super) struct TextPlanner;

impl ExprPlanner for TextPlanner {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        _schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        if expr.op != BinaryOperator::StringConcat {
            return Ok(PlannerResult::Original(expr));
        }
        // By the names of its parts, and without those within it: a name that
        // holds what it names would double with each step.
        let shown = format!(
            "{} || {}",
            expr.left.schema_name(),
            expr.right.schema_name()
        );
        let parts = vec![expr.left.unalias(), expr.right.unalias()];
        let joined = call(joined_texts(), parts);
        Ok(PlannerResult::Planned(joined.alias(shown)))
    }

    fn plan_overlay(&self, args: Vec<Expr>) -> Result<PlannerResult<Vec<Expr>>> {
        let overlay = bounded(datafusion::functions::core::overlay(), Growth::Sum);
        Ok(PlannerResult::Planned(call(overlay, args)))
    }

    fn plan_array_literal(
        &self,
        exprs: Vec<Expr>,
        schema: &DFSchema,
    ) -> Result<PlannerResult<Vec<Expr>>> {
        for expr in &exprs {
            if expr.get_type(schema)?.is_nested() {
                return plan_err!("an array of arrays is not offered");
            }
        }
        Ok(PlannerResult::Planned(make_array(exprs)))
    }
}

fn call(function: Arc<ScalarUDF>, arguments: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(function, arguments))
}
