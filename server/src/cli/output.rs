//! The only place that prints on standard output.

use std::fmt::Display;
use std::io::Write;

use engine::Error;
use serde::Serialize;
use serde_json::json;

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// For people.
    Text,
    /// One JSON object.
    Json,
}

impl Output {
    /// Prints an answer: `text` for people, `object` for machines.
    pub(super) fn say(self, text: impl Display, object: &impl Serialize) {
        match self {
            Self::Text => line(text),
            Self::Json => line(serde_json::to_string(object).unwrap_or_default()),
        }
    }

    /// Says on standard error what is wrong with a command line, as JSON.
    pub(super) fn misuse(error: &clap::Error) {
        let (message, hint) = parts(&error.render().to_string());
        let object = json!({"error": message, "hint": hint});
        let _ = writeln!(std::io::stderr(), "{object}");
    }

    /// Says on standard error what went wrong and what to do.
    pub(super) fn failure(self, error: &Error) {
        let (message, hint) = sentence(error);
        let text = match (self, hint) {
            (Self::Json, hint) => json!({"error": message, "hint": hint}).to_string(),
            (Self::Text, Some(hint)) => format!("tessera: {message} ({hint})"),
            (Self::Text, None) => format!("tessera: {message}"),
        };
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}

/// A reader that went away is no failure of the command.
fn line(text: impl Display) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// The parser's text as a sentence and what to do: its tips and the usage.
fn parts(text: &str) -> (String, String) {
    let words = |lines: &str| lines.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let (message, hint) = text.split_once("\n\n").unwrap_or((text, ""));
    (words(message), words(hint))
}

/// Who runs a command is the operator: unlike a client, they see the cause.
pub(super) fn sentence(error: &Error) -> (String, Option<&str>) {
    match error {
        Error::Query {
            message,
            location,
            hint,
        } => {
            let place = location.map(|l| format!(" at line {}, column {}", l.line, l.column));
            (
                format!("{message}{}", place.unwrap_or_default()),
                hint.as_deref(),
            )
        }
        Error::Invalid {
            message,
            at,
            location,
            hint,
        } => {
            let at = at.as_ref().map(|at| format!("{at}: "));
            let place = location.map(|l| format!(" at line {}, column {}", l.line, l.column));
            (
                format!(
                    "{}{message}{}",
                    at.unwrap_or_default(),
                    place.unwrap_or_default()
                ),
                hint.as_deref(),
            )
        }
        Error::Forbidden { message, hint, .. } => (message.clone(), hint.as_deref()),
        Error::TimedOut { message, hint } => (message.clone(), Some(hint)),
        Error::Storage(source) | Error::Internal(source) => (format!("{error}: {source}"), None),
        other => (other.to_string(), None),
    }
}

#[cfg(test)]
mod tests {
    use engine::error::Location;

    use super::*;

    #[test]
    fn a_faulty_command_line_is_one_sentence_and_what_to_do() {
        let text = "error: unexpected argument '--x' found\n\nUsage: tessera <COMMAND>\n\n\
            For more information, try '--help'.\n";
        let (message, hint) = parts(text);
        assert_eq!(message, "unexpected argument '--x' found");
        let expected = "Usage: tessera <COMMAND> For more information, try '--help'.";
        assert_eq!(hint, expected);
    }

    #[test]
    fn a_failure_says_what_where_and_what_to_do() {
        let error = Error::Query {
            message: "there is no column `x`".into(),
            location: Some(Location { line: 2, column: 8 }),
            hint: Some("did you mean `y`?".into()),
        };
        let (message, hint) = sentence(&error);
        assert_eq!(message, "there is no column `x` at line 2, column 8");
        assert_eq!(hint, Some("did you mean `y`?"));
    }
}
