//! The query engine's errors, by blame and with a place in the text.

use datafusion::error::DataFusionError;

use crate::error::{Error, Location};

/// An error of planning or running a caller's query.
pub(crate) fn query(error: DataFusionError) -> Error {
    let location = location(&error);
    match error.find_root() {
        DataFusionError::SQL(parser, _) => Error::Query {
            message: trimmed(&parser.to_string()),
            location: location.or_else(|| location_in(&parser.to_string())),
            hint: Some("the dialect is PostgreSQL's; one SELECT at a time".into()),
        },
        DataFusionError::ResourcesExhausted(_) => Error::Query {
            message: "the query needs more memory than the plan allows".into(),
            location: None,
            hint: Some("filter by time, platform or metric, or group by fewer columns".into()),
        },
        DataFusionError::External(source) if let Some(own) = away(source.as_ref()) => own,
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
        root => Error::Query {
            message: first_line(&root.strip_backtrace()),
            location,
            hint: None,
        },
    }
}

/// Our own word that the catalog is away, wherever it was wrapped.
fn away(source: &(dyn std::error::Error + 'static)) -> Option<Error> {
    match source.downcast_ref::<Error>()? {
        Error::Unavailable {
            message,
            retry_after,
        } => Some(Error::Unavailable {
            message: message.clone(),
            retry_after: *retry_after,
        }),
        _ => None,
    }
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
        "This feature is not implemented: ",
        "Optimizer rule",
    ];
    prefixes
        .iter()
        .find_map(|p| line.strip_prefix(p))
        .unwrap_or(line)
        .to_owned()
}
