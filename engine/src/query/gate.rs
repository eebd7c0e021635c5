//! May this text run? One SELECT (or EXPLAIN of one), within size limits.

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::common::format::ExplainFormat;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::LogicalPlan;
use datafusion::logical_expr::sqlparser::ast;
use datafusion::logical_expr::sqlparser::keywords::Keyword;
use datafusion::logical_expr::sqlparser::tokenizer::Token;
use datafusion::sql::parser::Statement;

use super::place::{self, Places};
use super::problem;
use crate::error::{Error, Location, Result};

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
    check_expansion(&statement, places.start())?;
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
        Token::Word(word) => matches!(word.keyword, Keyword::AND | Keyword::OR | Keyword::NOT),
        Token::Whitespace(_)
        | Token::Comma
        | Token::Period
        | Token::LParen
        | Token::RParen
        | Token::LBracket
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

/// Refuses named subqueries that multiply: each reference is planned anew, so
/// twenty that each name the one before twice are a million scans.
fn check_expansion(statement: &Statement, start: Location) -> Result<()> {
    let query = match statement {
        Statement::Statement(statement) => statement.as_ref(),
        Statement::Explain(explain) => match explain.statement.as_ref() {
            Statement::Statement(statement) => statement.as_ref(),
            _ => return Ok(()),
        },
        _ => return Ok(()),
    };
    let ast::Statement::Query(query) = query else {
        return Ok(());
    };
    let mut weights: HashMap<String, usize> = HashMap::new();
    for named in query.with.iter().flat_map(|with| &with.cte_tables) {
        // One that reads no table is still planned each time.
        let weight = weight(&named.query, &weights).max(1);
        weights.insert(named.alias.name.value.to_lowercase(), weight);
    }
    let tables = weight(&query.body, &weights);
    if tables > MAX_TABLES {
        return Err(refused(
            format!(
                "the query reads {tables} tables of at most {MAX_TABLES}, its named subqueries multiplied out"
            ),
            "refer to each WITH query less often",
            start,
        ));
    }
    Ok(())
}

/// Tables that a part of a query reads, named subqueries multiplied out.
fn weight(part: &impl ast::Visit, weights: &HashMap<String, usize>) -> usize {
    let mut total = 0usize;
    let _ = ast::visit_relations(part, |name| {
        let weight = weights.get(&name.to_string().to_lowercase()).copied();
        total = total.saturating_add(weight.unwrap_or(1));
        ControlFlow::<()>::Continue(())
    });
    total
}

fn is_question(statement: &ast::Statement) -> bool {
    matches!(statement, ast::Statement::Query(_))
}

/// The second look, at the plan: nothing in it writes, whatever its text was.
pub(crate) fn check_plan(plan: &LogicalPlan, query: &str) -> Result<()> {
    let reads_only = datafusion::execution::context::SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false);
    reads_only
        .verify_plan(plan)
        .map_err(|_| only_questions(Places::of(query).start()))
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
mod tests {
    use datafusion::execution::SessionStateBuilder;

    use super::*;

    fn check(query: &str) -> Result<()> {
        let state = SessionStateBuilder::new().with_default_features().build();
        parse(&state, query).map(drop)
    }

    /// `levels` named subqueries, each reading the one before twice.
    fn doubling(levels: usize, join: &str) -> String {
        let mut query = String::from("with c0 as (select 1 as x)");
        for i in 1..=levels {
            let before = i - 1;
            query.push_str(&format!(
                ", c{i} as (select 1 as x from c{before} a {join} c{before} b)"
            ));
        }
        format!("{query} select * from c{levels}")
    }

    #[test]
    fn named_subqueries_that_multiply_are_refused_before_planning() {
        assert!(check(&doubling(5, "cross join")).is_ok());
        for join in ["cross join", ","] {
            assert!(check(&doubling(22, join)).is_err(), "{join}");
        }
        let union = doubling(22, "union all select 1 from");
        assert!(check(&union).is_err());
        assert!(check(&format!("explain {}", doubling(22, ","))).is_err());
    }

    #[test]
    fn long_chains_are_refused_before_parsing() {
        for (part, more) in [
            ("1", "+1"),
            ("1", "::int"),
            ("true", " and true"),
            ("'a'", "||'a'"),
            ("1", " union all select 1"),
        ] {
            assert!(
                check(&format!("select {part}{}", more.repeat(20))).is_ok(),
                "{more}"
            );
            assert!(
                check(&format!("select {part}{}", more.repeat(2_000))).is_err(),
                "{more}"
            );
        }
    }
}
