//! The one mapping from the engine's errors to problems.
//!
//! A caller's error is shown as the engine words it. Of everything else only
//! a plain sentence leaves the house; the detail is logged here, once.

use axum::http::StatusCode;
use engine::Error;
use engine::error::Location;

use super::{Limit, Problem};

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let limit_text = error.to_string();
        match error {
            Error::Query {
                message,
                location,
                hint,
            } => query(message, location, hint),
            Error::Invalid { message, at, hint } => {
                Self::malformed(message).at_maybe(at).hint_maybe(hint)
            }
            Error::TooLarge { message, hint } => Self::over_size(message).hint(hint),
            Error::Forbidden { message } => Self::forbidden(message),
            Error::NotFound { what } => Self::new(
                StatusCode::NOT_FOUND,
                "urn:tessera:problem:not-found",
                "not found",
                format!("{what} is not found"),
            ),
            Error::Conflict { message } => Self::new(
                StatusCode::CONFLICT,
                "urn:tessera:problem:conflict",
                "conflict",
                message,
            ),
            Error::LimitExceeded {
                limit,
                used,
                allowed,
                plan,
            } => {
                let limit = Limit {
                    name: limit,
                    used,
                    allowed,
                    plan,
                };
                limit_reached(limit, limit_text)
            }
            Error::Unavailable {
                message,
                retry_after,
            } => {
                tracing::warn!(reason = ?message, "a part the server needs is away");
                Self {
                    retry_after_secs: Some(super::narrow(retry_after.as_secs())),
                    ..unavailable(message)
                }
            }
            Error::Storage(source) => {
                tracing::error!(error = ?source, "stored data cannot be read");
                damaged()
            }
            Error::Config(_) | Error::Internal(_) => {
                tracing::error!(error = ?error, "internal error");
                Self::internal()
            }
        }
    }
}

impl Problem {
    fn at_maybe(self, at: Option<String>) -> Self {
        Self {
            at: at.map(String::into_boxed_str),
            ..self
        }
    }

    fn hint_maybe(self, hint: Option<String>) -> Self {
        Self {
            hint: hint.map(String::into_boxed_str),
            ..self
        }
    }
}

fn query(message: String, location: Option<Location>, hint: Option<String>) -> Problem {
    let problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "urn:tessera:problem:query",
        "query cannot be run",
        message,
    )
    .hint_maybe(hint);
    match location {
        Some(Location { line, column }) => problem.located(line, column),
        None => problem,
    }
}

fn limit_reached(limit: Limit, text: String) -> Problem {
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "urn:tessera:problem:limit",
        "plan limit reached",
        text,
    );
    Problem {
        limit: Some(Box::new(limit)),
        ..problem
    }
}

fn unavailable(detail: String) -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "urn:tessera:problem:unavailable",
        "temporarily unavailable",
        detail,
    )
    .hint("nothing was acknowledged; try again after the seconds in Retry-After")
}

fn damaged() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "urn:tessera:problem:storage",
        "stored data cannot be read",
        "a stored file is damaged or missing, and a partial answer would be wrong",
    )
    .hint("report the answer's x-request-id to the operator")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::response::IntoResponse;

    use super::*;

    #[test]
    fn an_internal_detail_never_leaves_the_house() {
        for error in [
            Error::internal("/secret/path"),
            Error::storage("/secret/path"),
        ] {
            let shown = serde_json::to_string(&Problem::from(error)).expect("JSON");
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[test]
    fn a_query_error_keeps_its_place_and_hint() {
        let error = Error::Query {
            message: "no column x".into(),
            location: Some(Location { line: 2, column: 8 }),
            hint: Some("try y".into()),
        };
        let shown = serde_json::to_value(Problem::from(error)).expect("JSON");
        assert_eq!((&shown["line"], &shown["column"]), (&2.into(), &8.into()));
        assert_eq!(
            (&shown["status"], &shown["hint"]),
            (&400.into(), &"try y".into())
        );
    }

    #[test]
    fn what_is_away_says_when_to_try_again() {
        let error = Error::Unavailable {
            message: "the database does not answer".into(),
            retry_after: Duration::from_secs(5),
        };
        let response = Problem::from(error).into_response();
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "5");
        assert_eq!(
            response.headers()["content-type"],
            crate::error::PROBLEM_JSON
        );
    }
}
