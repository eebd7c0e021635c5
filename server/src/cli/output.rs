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
        Error::Invalid { message, at, hint } => {
            let place = at.as_ref().map(|at| format!("{at}: "));
            (
                format!("{}{message}", place.unwrap_or_default()),
                hint.as_deref(),
            )
        }
        Error::Storage(source) | Error::Internal(source) => (format!("{error}: {source}"), None),
        other => (other.to_string(), None),
    }
}

#[cfg(test)]
mod tests {
    use engine::error::Location;

    use super::*;

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
