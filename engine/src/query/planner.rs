//! What `dimensions->>'key'` means: the shredded columns, not the JSON text.
//!
//! `coalesce(dim_k, decimal_text(num_k))`, and for keys that some points hold
//! in their JSON text only, that text as well.

use std::sync::Arc;

use datafusion::common::{Column, DFSchema};
use datafusion::error::Result;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::sqlparser::ast::BinaryOperator;
use datafusion::logical_expr::{Expr, lit};
use datafusion::scalar::ScalarValue;
use storage_layout::DimensionRegistry;
use storage_layout::schema::{DIMENSIONS, METRIC_VALUE};

use super::functions::{decimal_text, json_get_text};

/// Plans `->>` for one tenant's registry.
#[derive(Debug)]
pub(crate) struct DimensionPlanner {
    registry: Arc<DimensionRegistry>,
}

impl DimensionPlanner {
    pub(crate) fn new(registry: Arc<DimensionRegistry>) -> Self {
        Self { registry }
    }

    fn text_of(&self, json: &Expr, key: &str, schema: &DFSchema) -> Option<Expr> {
        let Expr::Column(column) = json else {
            return None;
        };
        if column.name != DIMENSIONS {
            return None;
        }
        let sibling = |name: String| {
            let sibling = Column::new(column.relation.clone(), name);
            schema.has_column(&sibling).then_some(Expr::Column(sibling))
        };
        let Some(names) = self.registry.get(key) else {
            // Nobody ever sent this key, unless the cap turned keys away. Other
            // tables may have a column of this name that is no point's.
            sibling(METRIC_VALUE.to_owned())?;
            return (!self.registry.overflowed).then(|| lit(ScalarValue::Utf8View(None)));
        };
        // In a subquery that dropped the columns only the JSON text is left.
        let text = sibling(names.text_column())?;
        let number = sibling(names.number_column())?;
        let mut alternatives = vec![text, call(decimal_text(), vec![number])];
        if names.partial {
            alternatives.push(from_json(
                json.clone(),
                lit(ScalarValue::Utf8View(Some(key.to_owned()))),
            ));
        }
        Some(coalesce(alternatives))
    }
}

impl ExprPlanner for DimensionPlanner {
    fn plan_binary_op(
        &self,
        expr: RawBinaryExpr,
        schema: &DFSchema,
    ) -> Result<PlannerResult<RawBinaryExpr>> {
        if expr.op != BinaryOperator::LongArrow {
            return Ok(PlannerResult::Original(expr));
        }
        // Names of names would double with each step.
        let shown = format!(
            "{} ->> {}",
            expr.left.schema_name(),
            expr.right.schema_name()
        );
        let expr = RawBinaryExpr {
            left: expr.left.unalias(),
            ..expr
        };
        let planned = match &expr.right {
            Expr::Literal(key, _) => key
                .try_as_str()
                .flatten()
                .and_then(|key| self.text_of(&expr.left, key, schema)),
            _ => None,
        };
        let planned = planned.unwrap_or_else(|| from_json(expr.left, expr.right));
        Ok(PlannerResult::Planned(planned.alias(shown)))
    }
}

fn from_json(json: Expr, key: Expr) -> Expr {
    call(json_get_text(), vec![json, key])
}

fn call(function: Arc<datafusion::logical_expr::ScalarUDF>, arguments: Vec<Expr>) -> Expr {
    Expr::ScalarFunction(ScalarFunction::new_udf(function, arguments))
}
