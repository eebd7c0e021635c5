//! Where a query's text has its parameters: `$name` and `{{name}}` become `$1`,
//! `$2`, …, by the tokens of the text, so that a place inside a string or a
//! comment is none.

use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::logical_expr::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::{self, Error, Result};

/// The text with numbered places: `$1` is the first of `names`. Errors:
/// `Invalid` for a place that no name has, and a name without a place.
pub(super) fn numbered(query: &str, names: &[&str]) -> Result<String> {
    let tokens = Tokenizer::new(&PostgreSqlDialect {}, query).tokenize_with_location();
    let tokens = tokens.map_err(|error| Error::Invalid {
        message: format!("the query cannot be read: {}", error.message),
        at: Some("query".into()),
        location: Some(place(error.location)),
        hint: None,
    })?;
    let index = Index::of(query);
    let mut used = vec![false; names.len()];
    let (mut out, mut copied) = (String::with_capacity(query.len()), 0);
    let mut put = |name: &str, from: Location, to: Location| -> Result<()> {
        let Some(i) = names.iter().position(|known| *known == name) else {
            return Err(undeclared(name, from));
        };
        used[i] = true;
        out.push_str(&query[copied..index.byte(from)]);
        out.push_str(&format!("${}", i + 1));
        copied = index.byte(to);
        Ok(())
    };
    let solid: Vec<&TokenWithSpan> = tokens
        .iter()
        .filter(|t| !matches!(t.token, Token::Whitespace(_)))
        .collect();
    let mut at = 0;
    while let Some(token) = solid.get(at) {
        at += 1;
        match &token.token {
            Token::Placeholder(text) => {
                let name = text.trim_start_matches('$');
                put(name, token.span.start, token.span.end)?;
            }
            Token::LBrace => {
                if let Some((name, end)) = braced(&solid[at - 1..]) {
                    put(name, token.span.start, end)?;
                    at += 4;
                }
            }
            Token::SingleQuotedString(text) | Token::EscapedStringLiteral(text) => {
                if let Some(name) = names.iter().find(|n| quoted(text, n)) {
                    return Err(Error::Invalid {
                        message: format!(
                            "the parameter {name} stands inside a text: write {{{{{name}}}}} without quotes"
                        ),
                        at: Some("query".into()),
                        location: Some(place(token.span.start)),
                        hint: Some("put texts together by ||".into()),
                    });
                }
            }
            _ => {}
        }
    }
    let tail = &query[copied..];
    out.push_str(tail);
    match names.iter().zip(&used).find(|(_, used)| !**used) {
        None => Ok(out),
        Some((name, _)) => Err(Error::Invalid {
            message: format!("the parameter {name} is declared and stands nowhere in the query"),
            at: Some("parameters".into()),
            location: None,
            hint: Some(format!(
                "write ${name} or {{{{{name}}}}} where its value goes"
            )),
        }),
    }
}

/// `{{name}}` at the beginning of these tokens, and where it ends.
fn braced<'t>(tokens: &[&'t TokenWithSpan]) -> Option<(&'t str, Location)> {
    let [open, second, word, close, last, ..] = tokens else {
        return None;
    };
    let braces = [(&open.token, Token::LBrace), (&second.token, Token::LBrace)];
    let closing = [(&close.token, Token::RBrace), (&last.token, Token::RBrace)];
    let all = braces
        .iter()
        .chain(&closing)
        .all(|(found, t)| **found == *t);
    match &word.token {
        Token::Word(name) if all && name.quote_style.is_none() => {
            Some((name.value.as_str(), last.span.end))
        }
        _ => None,
    }
}

fn quoted(text: &str, name: &str) -> bool {
    text.split("{{").skip(1).any(|rest| {
        let inner = rest.split_once("}}").map(|(inner, _)| inner.trim());
        inner == Some(name)
    })
}

fn undeclared(name: &str, at: Location) -> Error {
    let number = name.chars().all(|c| c.is_ascii_digit());
    Error::Invalid {
        message: match number {
            true => format!("${name} has no name"),
            false => format!("the query has a parameter {name:?} that is not declared"),
        },
        at: Some("query".into()),
        location: Some(place(at)),
        hint: Some("declare each parameter with its type in `parameters`".into()),
    }
}

fn place(at: Location) -> error::Location {
    error::Location {
        line: at.line,
        column: at.column,
    }
}

/// Bytes at which lines begin.
struct Index<'q> {
    query: &'q str,
    lines: Vec<usize>,
}

impl<'q> Index<'q> {
    fn of(query: &'q str) -> Self {
        let ends = query.match_indices('\n').map(|(at, _)| at + 1);
        Self {
            query,
            lines: std::iter::once(0).chain(ends).collect(),
        }
    }

    /// The byte at a line and column, both counted from 1, in characters.
    fn byte(&self, at: Location) -> usize {
        let line = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let begin = self.lines.get(line).copied().unwrap_or(self.query.len());
        let column = usize::try_from(at.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let rest = &self.query[begin..];
        let within = rest.char_indices().nth(column).map(|(byte, _)| byte);
        begin + within.unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_in_any_line_and_in_no_text_or_comment() {
        for (query, expected) in [
            ("select $a", "select $1"),
            ("select 'é', $a,\n  '$b', $b", "select 'é', $1,\n  '$b', $2"),
            ("select {{a}}+{{ b }}", "select $1+$2"),
            ("select $a -- $c {{c}}\n, $b", "select $1 -- $c {{c}}\n, $2"),
            ("/* $x */ select $b/$a", "/* $x */ select $2/$1"),
        ] {
            let names: &[&str] = match expected.contains("$2") {
                true => &["a", "b"],
                false => &["a"],
            };
            assert_eq!(numbered(query, names).expect(query), expected);
        }
        assert!(numbered("select $a, 'open", &["a"]).is_err());
    }
}
