//! The query engine's errors, by blame and with a place in the text.

use arrow::error::ArrowError;
use datafusion::error::DataFusionError;

use super::place::{self, Failing, Places};
use crate::error::{Error, Location};

/// An error of planning or running a caller's query, with its place in `text`.
pub(crate) fn query(error: DataFusionError, text: &str) -> Error {
    let location = location(&error);
    if let Some(own) = own(&error) {
        return own;
    }
    match error.find_root() {
        DataFusionError::SQL(parser, _) => {
            let said = parser.to_string();
            // What ends too early is wrong at its end, which the parser leaves out.
            let known = location.or_else(|| location_in(&said));
            let place = known.unwrap_or_else(|| match said.contains("EOF") {
                true => place::end(text.trim_end()),
                false => Places::of(text).start(),
            });
            Error::Query {
                message: trimmed(&said),
                location: Some(place),
                hint: Some("the dialect is PostgreSQL's; one SELECT at a time".into()),
            }
        }
        DataFusionError::ResourcesExhausted(_) => Error::Query {
            message: "the query needs more memory than the plan allows".into(),
            location: None,
            hint: Some("filter by time, platform or metric, or group by fewer columns".into()),
        },
        DataFusionError::ExecutionJoin(_) => {
            tracing::error!(%error, "a query ended inside a function");
            Error::Query {
                message: "the query failed inside one of its functions".into(),
                location: None,
                hint: Some("simplify it, or leave out the function that it fails in".into()),
            }
        }
        DataFusionError::ParquetError(_)
        | DataFusionError::ObjectStore(_)
        | DataFusionError::IoError(_)
        | DataFusionError::External(_) => {
            tracing::error!(%error, "a query could not read its files");
            match error {
                DataFusionError::External(source) => match source.downcast::<Error>() {
                    Ok(own) => *own,
                    Err(source) => Error::Storage(source),
                },
                other => Error::storage(other),
            }
        }
        DataFusionError::Internal(_) => Error::internal(error),
        DataFusionError::ArrowError(arrow, _) if let Some(how) = failing(arrow) => {
            failed(first_line(&arrow.to_string()), how, &Places::of(text))
        }
        root => {
            let message = first_line(&root.strip_backtrace());
            let places = Places::of(text);
            // The place given for a table written as a text is its alias's.
            let table = message.starts_with("table '");
            let named = places.named(&message);
            let place = if table {
                named.or(location)
            } else {
                location.or(named)
            };
            let place = place.or_else(|| places.called(&message));
            Error::Query {
                location: Some(place.unwrap_or_else(|| places.start())),
                message,
                hint: None,
            }
        }
    }
}

/// Whether an error is one of a value that a part of the query met.
fn failing(error: &ArrowError) -> Option<Failing> {
    match error {
        ArrowError::CastError(_) | ArrowError::ParseError(_) => Some(Failing::Cast),
        ArrowError::DivideByZero => Some(Failing::Division),
        _ => None,
    }
}

/// Rows do not know which part of the text made them: with one candidate it is
/// the place, with several all are named.
fn failed(message: String, how: Failing, places: &Places) -> Error {
    let candidates = places.failing(how);
    let listed = place::listed(&candidates);
    let message = match (candidates.len(), how) {
        (0 | 1, _) => message,
        (_, Failing::Division) => format!("{message}, in one of the divisions at {listed}"),
        (_, Failing::Cast) => {
            format!("{message}, in one of the casts at {listed}, unless a comparison casts")
        }
    };
    let hint = match how {
        Failing::Cast => {
            "TRY_CAST gives null where a value does not fit; comparing text with a number casts, too"
        }
        Failing::Division => "NULLIF(divisor, 0) gives null where a divisor is zero",
    };
    Error::Query {
        message,
        location: Some(
            candidates
                .first()
                .copied()
                .unwrap_or_else(|| places.start()),
        ),
        hint: Some(hint.into()),
    }
}

/// Our own word that the catalog or the store is away, or that a table's numbers
/// are too large, wherever it was wrapped.
fn own(error: &(dyn std::error::Error + 'static)) -> Option<Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        match error.downcast_ref() {
            Some(Error::Unavailable {
                message,
                retry_after,
            }) => {
                return Some(Error::Unavailable {
                    message: message.clone(),
                    retry_after: *retry_after,
                });
            }
            Some(Error::Query {
                message,
                location,
                hint,
            }) => {
                return Some(Error::Query {
                    message: message.clone(),
                    location: *location,
                    hint: hint.clone(),
                });
            }
            Some(Error::LimitExceeded {
                limit,
                used,
                allowed,
                needed,
                plan,
                resets_at,
                allowed_by,
            }) => {
                return Some(Error::LimitExceeded {
                    limit,
                    used: *used,
                    allowed: *allowed,
                    needed: *needed,
                    plan: plan.clone(),
                    resets_at: *resets_at,
                    allowed_by: allowed_by.clone(),
                });
            }
            _ => cause = error.source(),
        }
    }
    None
}

fn location(error: &DataFusionError) -> Option<Location> {
    let span = error.diagnostic()?.span?;
    Some(Location {
        line: span.start.line,
        column: span.start.column,
    })
}

/// The parser says "… at Line: 1, Column: 8".
fn location_in(text: &str) -> Option<Location> {
    let number = |after: &str| -> Option<u64> {
        let rest = &text[text.find(after)? + after.len()..];
        rest.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
            .parse()
            .ok()
    };
    Some(Location {
        line: number("Line: ")?,
        column: number("Column: ")?,
    })
}

fn trimmed(text: &str) -> String {
    let text = text.strip_prefix("sql parser error: ").unwrap_or(text);
    text.split(" at Line: ").next().unwrap_or(text).to_owned()
}

/// The message without the library's own prefixes and without notes.
fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let prefixes = [
        "Error during planning: ",
        "Execution error: ",
        "Schema error: ",
        "Arrow error: ",
        "Cast error: ",
        "Parser error: ",
        "This feature is not implemented: ",
        "Optimizer rule",
    ];
    prefixes
        .iter()
        .find_map(|p| line.strip_prefix(p))
        .unwrap_or(line)
        .to_owned()
}
