//! Refusals of whole bodies, each with its place and with what to do.

use crate::error::{Error, Location};

/// A body that cannot be read at one of its lines; `line` counts from 1.
pub(super) fn at_line(message: impl Into<String>, line: u64, hint: &str) -> Error {
    at(message, Location { line, column: 1 }, hint)
}

/// A body that cannot be read at a place.
pub(super) fn at(message: impl Into<String>, location: Location, hint: &str) -> Error {
    // The parser's column is 0 where nothing of the line was read.
    let location = Location {
        column: location.column.max(1),
        ..location
    };
    Error::Invalid {
        message: message.into(),
        at: Some("body".into()),
        location: Some(location),
        hint: Some(hint.into()),
    }
}

/// A body, or a line of it, that is no text.
pub(super) fn not_utf8(line: u64) -> Error {
    at_line(
        "the body is not UTF-8 text",
        line,
        "encode it as UTF-8; name its compression, if it is compressed, in Content-Encoding",
    )
}

/// A body without a single point.
pub(super) fn no_points() -> Error {
    Error::Invalid {
        message: "the body holds no points".into(),
        at: Some("body".into()),
        location: None,
        hint: Some("send at least one point; where there is none, there is nothing to send".into()),
    }
}

/// A body that is held whole and has more points than that.
pub(super) fn too_many_points(most: usize) -> Error {
    Error::TooLarge {
        message: format!("a body that is held whole has at most {most} points"),
        hint: "split the body into several requests, or send it compressed as NDJSON".into(),
    }
}

/// Says which point of the body a refusal is about.
pub(super) fn of_point(error: Error, index: u64) -> Error {
    match error {
        Error::Forbidden {
            message,
            at: Some(field),
            hint,
        } => Error::Forbidden {
            message,
            at: Some(format!("[{index}].{field}")),
            hint,
        },
        other => other,
    }
}
