//! A query's text without its values, for records.
//!
//! Numbers and strings become `?`, and so does what stands in double quotes:
//! that should be a name, but some write values so. Comments go. What is left
//! are keywords, names and signs, which say what was asked and of which table.

use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::logical_expr::sqlparser::tokenizer::{Token, Tokenizer};
use sha2::{Digest, Sha256};

/// Longer texts are not looked at: no query may be as long.
const MAX_BYTES: usize = 64 * 1024;

/// Bytes of a text that is kept.
const KEPT_BYTES: usize = 8 * 1024;

/// Letters of a word that may be a name; a longer one is data.
const MAX_NAME: usize = 128;

/// The text without its values, and a hash that queries of one shape share.
pub(crate) fn without_values(text: &str) -> (String, String) {
    let redacted = redacted(text);
    let digest = Sha256::digest(redacted.as_bytes());
    let shape = digest.iter().take(8).map(|byte| format!("{byte:02x}"));
    let shape = shape.collect();
    let end = redacted.floor_char_boundary(KEPT_BYTES);
    (redacted[..end].to_owned(), shape)
}

fn redacted(text: &str) -> String {
    let unread = |why: &str| format!("(a text of {} bytes that is {why})", text.len());
    if text.len() > MAX_BYTES {
        return unread("too long for a query");
    }
    let Ok(tokens) = Tokenizer::new(&PostgreSqlDialect {}, text).tokenize() else {
        return unread("no SQL");
    };
    let mut out = String::with_capacity(text.len());
    for token in tokens {
        match token {
            Token::EOF => {}
            // One blank for any number of them, and for comments.
            Token::Whitespace(_) => {
                if !out.is_empty() && !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            Token::Word(word) if word.quote_style.is_some() => out.push_str("\"?\""),
            Token::Word(word) if word.value.len() > MAX_NAME => out.push('?'),
            Token::Word(word) => out.push_str(&word.value),
            token if is_value(&token) => out.push('?'),
            token => out.push_str(&token.to_string()),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

fn is_value(token: &Token) -> bool {
    matches!(
        token,
        Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::TripleSingleQuotedString(_)
            | Token::TripleDoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::DoubleQuotedByteStringLiteral(_)
            | Token::TripleSingleQuotedByteStringLiteral(_)
            | Token::TripleDoubleQuotedByteStringLiteral(_)
            | Token::SingleQuotedRawStringLiteral(_)
            | Token::DoubleQuotedRawStringLiteral(_)
            | Token::TripleSingleQuotedRawStringLiteral(_)
            | Token::TripleDoubleQuotedRawStringLiteral(_)
            | Token::NationalStringLiteral(_)
            | Token::QuoteDelimitedStringLiteral(_)
            | Token::NationalQuoteDelimitedStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::CustomBinaryOperator(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_literal_is_left_however_it_is_written() {
        for literal in [
            "'secret'",
            "4711",
            "4711.5",
            "4711e3",
            "E'sec\\'ret'",
            "N'secret'",
            "U&'secret'",
            "X'4711'",
            "B'4711'",
            "$$secret$$",
            "$tag$secret$tag$",
            "'it''s secret'",
            "-- secret\n1",
            "/* secret 4711 */ 1",
            "\"secret 4711\"",
            "interval '4711 days'",
            "date 'secret'",
        ] {
            let (text, _) = without_values(&format!("select x from t where a = {literal} and b"));
            assert!(
                !text.contains("secret") && !text.contains("4711"),
                "{literal}: {text}"
            );
            assert!(text.starts_with("select x from t where a ="), "{text}");
        }
    }

    #[test]
    fn a_parameter_and_a_name_stay_and_a_shape_is_shared() {
        let (text, shape) =
            without_values("select  dimensions->>'note' -- why\nfrom t where a = $1 and b > 5");
        assert_eq!(text, "select dimensions->>? from t where a = $1 and b > ?");
        let (_, same) = without_values("select dimensions->>'x' from t where a = $1 and b > 77");
        let (_, other) = without_values("select dimensions->>'x' from u where a = $1 and b > 77");
        assert_eq!(shape, same);
        assert_ne!(shape, other);
        assert_eq!(
            without_values("select 'open").0,
            "(a text of 12 bytes that is no SQL)"
        );
    }
}
