//! Projections that stand on one another and look alike are kept apart.
//!
//! The stock optimizer takes two equal projections, one on the other, for one:
//! `SELECT a + a AS a FROM (SELECT a + a AS a FROM t)` would double once (in
//! version 55, `merge_consecutive_projections`). It holds only where a second
//! time changes nothing, as for plain columns. This rule comes first and gives
//! the lower one's columns other names, so that the two differ.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, Projection};
use datafusion::optimizer::optimizer::ApplyOrder;
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

/// See the module.
#[derive(Debug)]
pub(super) struct DistinctSteps;

impl OptimizerRule for DistinctSteps {
    fn name(&self) -> &str {
        "distinct_steps"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(
        &self,
        plan: LogicalPlan,
        config: &dyn OptimizerConfig,
    ) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Projection(upper) = &plan else {
            return Ok(Transformed::no(plan));
        };
        let LogicalPlan::Projection(lower) = upper.input.as_ref() else {
            return Ok(Transformed::no(plan));
        };
        let changes = upper.expr.iter().any(|e| !matches!(e, Expr::Column(_)));
        if !changes || upper.expr != lower.expr {
            return Ok(Transformed::no(plan));
        }
        let step = config.alias_generator().next("__step");
        let name = |at: usize| format!("{step}_{at}");
        let expressions = lower.expr.iter().enumerate();
        let expressions = expressions.map(|(at, e)| e.clone().unalias().alias(name(at)));
        let below = Projection::try_new(expressions.collect(), lower.input.clone())?;
        let above = upper.expr.iter().zip(upper.schema.iter());
        let above = above.map(|(expr, (relation, field))| {
            let renamed = expr.clone().unalias().transform(|e| match e {
                Expr::Column(column) => {
                    let at = lower.schema.index_of_column(&column)?;
                    Ok(Transformed::yes(Expr::Column(Column::from_name(name(at)))))
                }
                e => Ok(Transformed::no(e)),
            })?;
            Ok(renamed
                .data
                .alias_qualified(relation.cloned(), field.name()))
        });
        let above = above.collect::<Result<Vec<_>>>()?;
        let input = LogicalPlan::Projection(below).into();
        let plan = Projection::try_new_with_schema(above, input, upper.schema.clone())?;
        Ok(Transformed::yes(LogicalPlan::Projection(plan)))
    }
}
