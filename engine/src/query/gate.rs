//! May this text run? One SELECT (or EXPLAIN of one), within size limits.

use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::sqlparser::ast;
use datafusion::sql::parser::Statement;

use super::problem;
use crate::error::{Error, Location, Result};

/// Bytes of one query's text.
const MAX_QUERY_BYTES: usize = 64 * 1024;

/// Parses a text; refuses everything that is not a question.
pub(crate) fn parse(state: &SessionState, query: &str) -> Result<Statement> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(refused(
            format!(
                "the query has {} bytes of at most {MAX_QUERY_BYTES}",
                query.len()
            ),
            "shorten it, or pass long lists as parameters",
        ));
    }
    let dialect = state.config().options().sql_parser.dialect;
    let statement = state
        .sql_to_statement(query, &dialect)
        .map_err(|error| placed(problem::query(error), query))?;
    let question = match &statement {
        Statement::Statement(statement) => is_question(statement),
        Statement::Explain(explain) => {
            !explain.options.analyze
                && matches!(&*explain.statement, Statement::Statement(inner) if is_question(inner))
        }
        _ => false,
    };
    match question {
        true => Ok(statement),
        false => Err(only_questions()),
    }
}

/// A text that ends too early is wrong at its end, which the parser leaves out.
fn placed(error: Error, query: &str) -> Error {
    match error {
        Error::Query {
            message,
            location: None,
            hint,
        } if message.contains("EOF") => Error::Query {
            message,
            location: Some(end(query)),
            hint,
        },
        error => error,
    }
}

fn end(query: &str) -> Location {
    let last = query.lines().last().unwrap_or_default();
    Location {
        line: query.lines().count().max(1) as u64,
        column: last.chars().count() as u64 + 1,
    }
}

fn is_question(statement: &ast::Statement) -> bool {
    matches!(statement, ast::Statement::Query(_))
}

/// The second look, at the plan: nothing in it writes, whatever its text was.
pub(crate) fn check_plan(plan: &LogicalPlan) -> Result<()> {
    let reads_only = datafusion::execution::context::SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    reads_only.verify_plan(plan).map_err(|_| only_questions())
}

fn only_questions() -> Error {
    refused(
        "only a single SELECT (or EXPLAIN of one) may run here".into(),
        "send one query that reads",
    )
}

fn refused(message: String, hint: &str) -> Error {
    Error::Query {
        message,
        location: None,
        hint: Some(hint.into()),
    }
}
