//! The second look, at the plan before it is optimised: nothing in it writes,
//! it is not too large, and what its functions are given can be bounded.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::error::DataFusionError;
use datafusion::execution::context::SQLOptions;
use datafusion::logical_expr::expr::{Cast, ScalarFunction, TryCast};
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};
use regex::RegexBuilder;

use super::{only_questions, refused};
use crate::error::{Error, Result};
use crate::query::functions;
use crate::query::place::Places;

/// Steps of a plan.
const MAX_STEPS: usize = 2_000;
/// Parts of its expressions.
const MAX_EXPRESSIONS: usize = 50_000;
/// Calls of functions that make much of little: each may hold its bound of
/// bytes at once.
const MAX_GROWING_CALLS: usize = 64;
/// Bytes of a pattern, and of the machine that it becomes.
const MAX_PATTERN_BYTES: usize = 1_000;
const MAX_MACHINE_BYTES: usize = 1 << 20;

/// Refuses a plan that does not only read, or is too large.
pub(crate) fn check(plan: &LogicalPlan, query: &str) -> Result<()> {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(plan)
        .map_err(|_| only_questions(Places::of(query).start()))?;
    let mut found = Found::default();
    let walked = plan.apply_with_subqueries(|step| {
        found.steps += 1;
        step.apply_expressions(|expr| expr.apply(|part| Ok(found.see(part))))?;
        Ok(found.going_on())
    });
    walked.map_err(|error: DataFusionError| Error::internal(error))?;
    match found.wrong {
        None => Ok(()),
        Some(Wrong { message, hint, at }) => {
            let places = Places::of(query);
            let place = at.and_then(|word| places.word(word));
            Err(refused(
                message,
                hint,
                place.unwrap_or_else(|| places.start()),
            ))
        }
    }
}

#[derive(Default)]
struct Found {
    steps: usize,
    expressions: usize,
    growing: usize,
    wrong: Option<Wrong>,
}

struct Wrong {
    message: String,
    hint: &'static str,
    /// A word of the text near it.
    at: Option<&'static str>,
}

impl Found {
    fn see(&mut self, part: &Expr) -> TreeNodeRecursion {
        self.expressions += 1;
        match part {
            Expr::ScalarFunction(call) => self.see_call(call),
            Expr::BinaryExpr(binary)
                if matches!(
                    binary.op,
                    Operator::RegexMatch
                        | Operator::RegexIMatch
                        | Operator::RegexNotMatch
                        | Operator::RegexNotIMatch
                ) =>
            {
                self.see_pattern(&binary.right, None);
            }
            Expr::SimilarTo(like) => self.see_pattern(&like.pattern, Some("similar")),
            _ => {}
        }
        self.going_on()
    }

    fn see_call(&mut self, call: &ScalarFunction) {
        let name = call.func.name();
        if functions::grows(name) {
            self.growing += 1;
        }
        let word = PATTERNED.iter().find(|patterned| **patterned == name);
        if let (Some(word), Some(pattern)) = (word, call.args.get(1)) {
            self.see_pattern(pattern, Some(word));
        }
        if let ("arrow_cast" | "arrow_try_cast", Some(to)) = (name, call.args.get(1)) {
            let to = text(to).unwrap_or_default();
            if !SINGLE
                .iter()
                .any(|single| to.trim_start().starts_with(single))
            {
                self.wrong.get_or_insert(Wrong {
                    message: format!("no value becomes a {to:?} here"),
                    hint: "cast to a type of single values, such as 'Int64' or 'Utf8'",
                    at: Some(match name {
                        "arrow_cast" => "arrow_cast",
                        _ => "arrow_try_cast",
                    }),
                });
            }
        }
    }

    /// Patterns are made into machines, one for each different: one that rows
    /// bring along would be thousands.
    fn see_pattern(&mut self, pattern: &Expr, at: Option<&'static str>) {
        let wrong = match text(pattern) {
            None => "a pattern must be a constant here".to_owned(),
            Some(pattern) if pattern.len() > MAX_PATTERN_BYTES => format!(
                "a pattern has {} bytes of at most {MAX_PATTERN_BYTES}",
                pattern.len()
            ),
            Some(pattern) => {
                let made = RegexBuilder::new(pattern)
                    .size_limit(MAX_MACHINE_BYTES)
                    .build();
                match made {
                    Ok(_) => return,
                    Err(regex::Error::CompiledTooBig(_)) => format!(
                        "a pattern comes to a machine of more than {MAX_MACHINE_BYTES} bytes"
                    ),
                    // The last line of several says what is wrong.
                    Err(error) => {
                        let said = error.to_string();
                        let said = said.lines().last().unwrap_or_default();
                        format!(
                            "a pattern cannot be read: {}",
                            said.trim_start_matches("error: ")
                        )
                    }
                }
            }
        };
        self.wrong.get_or_insert(Wrong {
            message: wrong,
            hint: "write a short regular expression into the query, or pass it as a parameter",
            at,
        });
    }

    fn going_on(&mut self) -> TreeNodeRecursion {
        let limits = [
            (self.steps, MAX_STEPS, "steps"),
            (self.expressions, MAX_EXPRESSIONS, "parts of expressions"),
            (
                self.growing,
                MAX_GROWING_CALLS,
                "calls of functions that make much of little",
            ),
        ];
        let beyond = limits.into_iter().find(|(found, most, _)| found > most);
        if let Some((_, most, what)) = beyond {
            self.wrong.get_or_insert(Wrong {
                message: format!(
                    "the query comes to more than {most} {what}, its named subqueries multiplied out"
                ),
                hint: "refer to each WITH query less often, or split the query",
                at: None,
            });
        }
        match self.wrong {
            None => TreeNodeRecursion::Continue,
            Some(_) => TreeNodeRecursion::Stop,
        }
    }
}

/// Functions whose second argument is a pattern.
const PATTERNED: [&str; 5] = [
    "regexp_count",
    "regexp_instr",
    "regexp_like",
    "regexp_match",
    "regexp_replace",
];

/// Arrow's types of single values.
const SINGLE: [&str; 16] = [
    "Boolean",
    "Int",
    "UInt",
    "Float",
    "Decimal",
    "Utf8",
    "LargeUtf8",
    "Binary",
    "LargeBinary",
    "Date",
    "Time(",
    "Time32",
    "Time64",
    "Timestamp",
    "Duration",
    "Interval",
];

/// A constant text, as it was written or passed. One that is null is empty.
fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) if value.is_null() => Some(""),
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        Expr::Alias(alias) => text(&alias.expr),
        Expr::Cast(Cast { expr, .. }) | Expr::TryCast(TryCast { expr, .. }) => text(expr),
        _ => None,
    }
}
