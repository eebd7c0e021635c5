//! May this text run? One SELECT (or EXPLAIN of one), within size limits.
//!
//! Looked at three times: its tokens before the parser recurses, what was
//! parsed before the planner multiplies, and the plan before it is optimised.

use datafusion::common::format::ExplainFormat;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::sqlparser::ast;
use datafusion::logical_expr::sqlparser::keywords::Keyword;
use datafusion::logical_expr::sqlparser::tokenizer::Token;
use datafusion::sql::parser::Statement;

use super::place::{self, Places};
use super::problem;
use crate::error::{Error, Location, Result};

mod expansion;
mod forms;
mod ignored;
mod plan;

pub(crate) use plan::check as check_plan;

/// Bytes of one query's text.
const MAX_QUERY_BYTES: usize = 64 * 1024;
/// Words and signs of one query.
const MAX_TOKENS: usize = 10_000;
/// Operators: planning time grows with their square, 1,000 took two seconds.
const MAX_OPERATORS: usize = 400;
/// Brackets and parentheses within each other: of fifty nested arrays the types
/// alone keep a processor busy for minutes.
const MAX_NESTING: usize = 32;
/// UNION, INTERSECT and EXCEPT.
const MAX_SET_OPERATIONS: usize = 64;
/// Tables read, each as often as it is read.
const MAX_TABLES: usize = 128;
/// Parts of expressions, as often as they are planned.
const MAX_EXPRESSIONS: usize = 20_000;
/// Tables joined to others, by JOIN or by a comma.
const MAX_JOINS: usize = 32;
/// Named subqueries.
const MAX_NAMED: usize = 64;

/// Parses a text; refuses everything that is not a question.
pub(crate) fn parse(state: &SessionState, query: &str) -> Result<Statement> {
    if query.len() > MAX_QUERY_BYTES {
        return Err(refused(
            format!(
                "the query has {} bytes of at most {MAX_QUERY_BYTES}",
                query.len()
            ),
            "shorten it, or pass long lists as parameters",
            place::end(&query[..query.floor_char_boundary(MAX_QUERY_BYTES)]),
        ));
    }
    let places = Places::of(query);
    check_size(&places)?;
    let dialect = state.config().options().sql_parser.dialect;
    let statement = state.sql_to_statement(query, &dialect).map_err(|error| {
        match places.second_statement() {
            // A fault in either statement is told first, with its own place.
            Some(second) if !matches!(error.find_root(), DataFusionError::SQL(..)) => {
                only_questions(second)
            }
            _ => problem::query(error, query),
        }
    })?;
    let question = match &statement {
        Statement::Statement(statement) => is_question(statement),
        Statement::Explain(explain) => {
            !explain.options.analyze
                && matches!(&*explain.statement, Statement::Statement(inner) if is_question(inner))
        }
        _ => false,
    };
    if !question {
        return Err(only_questions(places.start()));
    }
    check_format(&statement, &places)?;
    if let Some(query) = query_of(&statement) {
        check_expansion(query, &places)?;
        forms::check(query, places.start())?;
        ignored::check(query, places.start())?;
    }
    Ok(statement)
}

/// Counts what makes planning slow or deep, before the parser recurses. What
/// is no SQL at all is the parser's to explain.
fn check_size(places: &Places) -> Result<()> {
    let within = |allowed: usize, of: fn(&Token) -> bool, what: &str| {
        let Some((place, found)) = places.beyond(allowed, of) else {
            return Ok(());
        };
        Err(refused(
            format!("the query has {found} {what} of at most {allowed}"),
            "pass long lists as parameters, or split the query",
            place,
        ))
    };
    within(MAX_TOKENS, |_| true, "words and signs")?;
    within(MAX_OPERATORS, is_operator, "operators")?;
    within(MAX_SET_OPERATIONS, is_set_operation, "set operations")?;
    match places.deeper_than(MAX_NESTING) {
        None => Ok(()),
        Some(place) => Err(refused(
            format!("the query nests brackets deeper than {MAX_NESTING}"),
            "give a name to a part of it in a WITH clause",
            place,
        )),
    }
}

/// Refuses the one format that shows the physical plan whatever the settings
/// say: what is stored where is nobody's answer.
fn check_format(statement: &Statement, places: &Places) -> Result<()> {
    match statement {
        Statement::Explain(explain) if explain.options.format == Some(ExplainFormat::Tree) => {
            Err(refused(
                "EXPLAIN has no FORMAT TREE here".into(),
                "leave FORMAT out, or take INDENT, PGJSON or GRAPHVIZ",
                places.word("tree").unwrap_or_else(|| places.start()),
            ))
        }
        _ => Ok(()),
    }
}

fn is_operator(token: &Token) -> bool {
    match token {
        // Also what stands behind a value and can be repeated there.
        Token::Word(word) => matches!(
            word.keyword,
            Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::XOR
                | Keyword::DIV
                | Keyword::IS
                | Keyword::NOTNULL
                | Keyword::IN
                | Keyword::BETWEEN
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::SIMILAR
                | Keyword::RLIKE
                | Keyword::REGEXP
                | Keyword::MEMBER
                | Keyword::OVERLAPS
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::OPERATOR
                | Keyword::CASE
                | Keyword::WHEN
        ),
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::RBracket
        | Token::Number(..)
        | Token::SingleQuotedString(_)
        | Token::Placeholder(_)
        | Token::SemiColon
        | Token::EOF => false,
        _ => true,
    }
}

fn is_set_operation(token: &Token) -> bool {
    let Token::Word(word) = token else {
        return false;
    };
    matches!(
        word.keyword,
        Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT
    )
}

fn query_of(statement: &Statement) -> Option<&ast::Query> {
    let statement = match statement {
        Statement::Explain(explain) => explain.statement.as_ref(),
        statement => statement,
    };
    match statement {
        Statement::Statement(statement) => match statement.as_ref() {
            ast::Statement::Query(query) => Some(query),
            _ => None,
        },
        _ => None,
    }
}

/// Refuses a query that is planned as a far larger one.
fn check_expansion(query: &ast::Query, places: &Places) -> Result<()> {
    let (counts, size) = (expansion::counts(query), expansion::size(query));
    let multiplied = "refer to each WITH query less often";
    let limits = [
        (
            counts.joins,
            MAX_JOINS,
            "joins",
            "",
            "join",
            "join fewer tables, or group them first",
        ),
        (
            counts.named,
            MAX_NAMED,
            "named subqueries",
            "",
            "with",
            "put some of them together",
        ),
        (
            size.tables,
            MAX_TABLES,
            "tables read",
            MULTIPLIED,
            "with",
            multiplied,
        ),
        (
            size.expressions,
            MAX_EXPRESSIONS,
            "parts of expressions",
            MULTIPLIED,
            "with",
            multiplied,
        ),
    ];
    match limits.into_iter().find(|(found, most, ..)| found > most) {
        None => Ok(()),
        Some((found, most, what, how, near, hint)) => Err(refused(
            format!("the query has {found} {what} of at most {most}{how}"),
            hint,
            places.word(near).unwrap_or_else(|| places.start()),
        )),
    }
}

const MULTIPLIED: &str = ", its named subqueries multiplied out";

fn is_question(statement: &ast::Statement) -> bool {
    matches!(statement, ast::Statement::Query(_))
}

fn only_questions(place: Location) -> Error {
    refused(
        "only a single SELECT (or EXPLAIN of one) may run here".into(),
        "send one query that reads",
        place,
    )
}

fn refused(message: String, hint: &str, place: Location) -> Error {
    Error::Query {
        message,
        location: Some(place),
        hint: Some(hint.into()),
    }
}

#[cfg(test)]
#[path = "gate/gate_test.rs"]
mod tests;
