//! Where in a query's text something stands.
//!
//! The planner gives most errors a place of its own; this finds one for the
//! rest, from the tokens of the text. What it claims is true: where several
//! parts may be at fault it names them all, where none is known it names the
//! beginning of the statement.

use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::logical_expr::sqlparser::keywords::Keyword;
use datafusion::logical_expr::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::error::Location;

/// Places that a message lists; a query with more has them counted.
const MAX_LISTED: usize = 5;

/// What can fail on a value, when the rows are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failing {
    /// `CAST(… AS …)`, `…::…`, `DATE '…'`.
    Cast,
    /// `/` and `%`.
    Division,
}

/// A text by its tokens, white space and comments left out.
pub(super) struct Places(Vec<TokenWithSpan>);

impl Places {
    /// A text that is no SQL has none.
    pub(super) fn of(query: &str) -> Self {
        let tokens = Tokenizer::new(&PostgreSqlDialect {}, query).tokenize_with_location();
        let mut tokens = tokens.unwrap_or_default();
        tokens.retain(|t| !matches!(t.token, Token::Whitespace(_) | Token::EOF));
        Self(tokens)
    }

    /// Where the statement begins.
    pub(super) fn start(&self) -> Location {
        let first = self.0.iter().find(|t| t.token != Token::SemiColon);
        first.map_or(Location { line: 1, column: 1 }, location)
    }

    /// Where the second statement of the text begins.
    pub(super) fn second_statement(&self) -> Option<Location> {
        let statements = self.0.split(|t| t.token == Token::SemiColon);
        let mut begun = statements.filter_map(|tokens| tokens.first());
        begun.nth(1).map(location)
    }

    /// The token that goes beyond `allowed` tokens of a sort, and how many
    /// there are.
    pub(super) fn beyond(
        &self,
        allowed: usize,
        of: fn(&Token) -> bool,
    ) -> Option<(Location, usize)> {
        let mut found = self.0.iter().filter(|t| of(&t.token));
        let first = found.nth(allowed).map(location)?;
        Some((first, allowed + 1 + found.count()))
    }

    /// The bracket or parenthesis that opens one level too many.
    pub(super) fn deeper_than(&self, allowed: usize) -> Option<Location> {
        let mut depth = 0_usize;
        let opens = |t: &&TokenWithSpan| {
            match t.token {
                Token::LParen | Token::LBracket => depth += 1,
                Token::RParen | Token::RBracket => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth > allowed
        };
        self.0.iter().find(opens).map(location)
    }

    /// The first word of this text.
    pub(super) fn word(&self, text: &str) -> Option<Location> {
        let is = |t: &&TokenWithSpan| matches!(&t.token, Token::Word(word) if word.value.eq_ignore_ascii_case(text));
        self.0.iter().find(is).map(location)
    }

    /// The call of a function that a message names, where the text has one such.
    pub(super) fn called(&self, message: &str) -> Option<Location> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let words: Vec<&str> = message.split(|c| !is_part(c)).collect();
        let mut found = self.0.windows(2).filter(|pair| match &pair[0].token {
            Token::Word(word) => {
                pair[1].token == Token::LParen
                    && words.iter().any(|w| w.eq_ignore_ascii_case(&word.value))
            }
            _ => false,
        });
        match (found.next(), found.next()) {
            (Some(only), None) => Some(location(&only[0])),
            _ => None,
        }
    }

    /// What a message of the planner names in quotes, or as a parameter, where
    /// exactly one token of the text can be meant.
    pub(super) fn named(&self, message: &str) -> Option<Location> {
        let quoted = message.split_once('\'').and_then(|(_, rest)| {
            let (name, _) = rest.rsplit_once('\'')?;
            Some(name)
        });
        let meant = |behind: fn(&Token) -> bool| {
            let mut found = (0..self.0.len()).filter(|at| match (&self.0[*at].token, quoted) {
                (Token::Word(word), Some(name)) => is_last_part(name, &word.value),
                // A file path in the place of a table.
                (Token::SingleQuotedString(text), Some(name)) => {
                    let before = at.checked_sub(1).map(|before| &self.0[before].token);
                    before.is_some_and(behind) && is_last_part(name, text)
                }
                (Token::Placeholder(id), _) => message.split_whitespace().any(|word| word == id),
                _ => false,
            });
            (found.next(), found.next())
        };
        // A text behind a comma may be a table or a value.
        let candidates = match meant(begins_tables) {
            (None, _) => meant(|before| *before == Token::Comma),
            found => found,
        };
        match candidates {
            (Some(only), None) => Some(location(&self.0[only])),
            _ => None,
        }
    }

    /// All parts of the text that can fail in this way.
    pub(super) fn failing(&self, how: Failing) -> Vec<Location> {
        let fails = |at: &usize| match how {
            Failing::Cast => self.is_cast(*at),
            Failing::Division => self.is_division(*at),
        };
        let found = (0..self.0.len()).filter(fails);
        found.map(|at| location(&self.0[at])).collect()
    }

    fn is_cast(&self, at: usize) -> bool {
        let next = self.0.get(at + 1).map(|t| &t.token);
        match &self.0[at].token {
            Token::DoubleColon => true,
            Token::Word(word) if word.quote_style.is_none() => match word.keyword {
                Keyword::CAST => next == Some(&Token::LParen),
                Keyword::DATE
                | Keyword::TIME
                | Keyword::TIMESTAMP
                | Keyword::TIMESTAMPTZ
                | Keyword::INTERVAL => matches!(next, Some(Token::SingleQuotedString(_))),
                _ => false,
            },
            _ => false,
        }
    }

    /// A division by a whole number other than zero cannot fail.
    fn is_division(&self, at: usize) -> bool {
        if !matches!(self.0[at].token, Token::Div | Token::Mod) {
            return false;
        }
        let after = |n: usize| self.0.get(at + n).map(|t| &t.token);
        let whole = matches!(after(1), Some(Token::Number(digits, _))
            if digits.bytes().all(|b| b.is_ascii_digit()) && digits.bytes().any(|b| b != b'0'));
        !whole || after(2) == Some(&Token::DoubleColon)
    }
}

/// Whether a table stands behind this token.
fn begins_tables(token: &Token) -> bool {
    let Token::Word(word) = token else {
        return false;
    };
    matches!(
        word.keyword,
        Keyword::FROM | Keyword::JOIN | Keyword::ONLY | Keyword::LATERAL
    )
}

/// Whether `part` is the last of the dotted parts of `name`.
fn is_last_part(name: &str, part: &str) -> bool {
    let Some(at) = name.len().checked_sub(part.len()) else {
        return false;
    };
    !part.is_empty()
        && name.is_char_boundary(at)
        && name[at..].eq_ignore_ascii_case(part)
        && (at == 0 || name[..at].ends_with('.'))
}

/// "line 1, column 8; line 2, column 3".
pub(super) fn listed(places: &[Location]) -> String {
    let shown = places.iter().take(MAX_LISTED);
    let shown: Vec<String> = shown
        .map(|p| format!("line {}, column {}", p.line, p.column))
        .collect();
    match places.len().checked_sub(MAX_LISTED) {
        None | Some(0) => shown.join("; "),
        Some(more) => format!("{}; and {more} more", shown.join("; ")),
    }
}

/// Where a text ends.
pub(super) fn end(query: &str) -> Location {
    let last = query.rsplit('\n').next().unwrap_or_default();
    Location {
        line: query.split('\n').count() as u64,
        column: last.chars().count() as u64 + 1,
    }
}

fn location(token: &TokenWithSpan) -> Location {
    Location {
        line: token.span.start.line,
        column: token.span.start.column,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(places: &[Location]) -> Vec<u64> {
        places.iter().map(|place| place.column).collect()
    }

    #[test]
    fn what_looks_like_a_cast_or_a_division_and_is_none_is_left_out() {
        let casts = |query| columns(&Places::of(query).failing(Failing::Cast));
        assert_eq!(
            casts("select cast(a as int), b::int, date '2024'"),
            [8, 25, 32]
        );
        let none = casts("select 'cast(', \"cast\", date, try_cast(a as int) -- ::");
        assert!(none.is_empty(), "{none:?}");
        let divisions = |query| columns(&Places::of(query).failing(Failing::Division));
        assert_eq!(
            divisions("select a / b, c % 0, d / 0.0, e / 4::int"),
            [10, 17, 24, 33]
        );
        let none = divisions("select a / 12, '/', b /* / */");
        assert!(none.is_empty(), "{none:?}");
    }

    #[test]
    fn a_name_is_placed_only_where_one_token_can_be_meant() {
        let named = |query, message| Places::of(query).named(message).map(|place| place.column);
        let passwd = "table 'tessera.analytics./etc/passwd' not found";
        assert_eq!(named("select * from '/etc/passwd'", passwd), Some(15));
        assert_eq!(
            named("select '/etc/passwd' from '/etc/passwd'", passwd),
            Some(27)
        );
        assert_eq!(
            named("select 1, '/etc/passwd' from a, '/etc/passwd'", passwd),
            None
        );
        assert_eq!(named("select $1, $2", "no value for $2 here"), Some(12));
    }

    #[test]
    fn the_second_statement_is_found_behind_strings_and_comments() {
        let second = |query| Places::of(query).second_statement();
        assert_eq!(second("select ';' -- ;\n;;"), None);
        let place = Location { line: 2, column: 3 };
        assert_eq!(
            second("select 1; -- two\n; select 2; select 3"),
            Some(place)
        );
    }
}
