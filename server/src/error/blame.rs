//! The one mapping from the engine's errors to problems.
//!
//! A caller's error is shown as the engine words it. Of everything else only
//! a plain sentence leaves the house; the detail is logged here, once.

use axum::http::StatusCode;
use chrono::Utc;
use engine::Error;
use engine::error::Location;
use engine::metadata::tenants::{METRICS_LIMIT, STORED_LIMIT};

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
            Error::Invalid {
                message,
                at,
                location,
                hint,
            } => {
                let problem = Self::malformed(message).at_maybe(at).hint_maybe(hint);
                match location {
                    Some(Location { line, column }) => problem.located(line, column),
                    None => problem,
                }
            }
            Error::TimedOut { message, hint } => Self::new(
                StatusCode::BAD_REQUEST,
                "urn:tessera:problem:timeout",
                "query took too long",
                message,
            )
            .hint(hint),
            Error::Cancelled => Self::new(
                StatusCode::CONFLICT,
                "urn:tessera:problem:cancelled",
                "query cancelled",
                "the query was cancelled while it ran",
            )
            .hint("send it again if you still want its answer"),
            Error::TooLarge { message, hint } => Self::over_size(message).hint(hint),
            Error::Forbidden { message, at, hint } => {
                Self::forbidden(message).at_maybe(at).hint_maybe(hint)
            }
            Error::NotFound { what } => Self::new(
                StatusCode::NOT_FOUND,
                "urn:tessera:problem:not-found",
                "not found",
                format!("{what} is not found"),
            )
            .hint("check the name; what belongs to another tenant is not found either"),
            Error::Conflict { message } => Self::conflict(message)
                .hint("send it again when the other is done, or change what collides"),
            Error::LimitExceeded {
                limit,
                used,
                allowed,
                needed,
                plan,
                resets_at,
                allowed_by,
            } => {
                let limit = Limit {
                    name: limit,
                    used,
                    allowed,
                    plan,
                    resets_at,
                    allowed_by,
                };
                limit_reached(limit, needed, limit_text)
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

    /// The rows that a larger limit would have to allow, if rows are what was
    /// limited.
    pub(crate) fn limited_rows(&self) -> Option<u64> {
        let limit = self.limit.as_ref()?;
        (limit.resets_at.is_none() && limit.allowed_by.is_none()).then_some(limit.used)
    }

    /// Names the plan that would allow it.
    pub(crate) fn allowed_by(mut self, plan: Option<String>) -> Self {
        if let Some(limit) = &mut self.limit {
            limit.allowed_by = plan;
            self.hint = Some(way_out(limit, limit.used).into());
        }
        self
    }

    fn hint_maybe(self, hint: Option<String>) -> Self {
        Self {
            hint: hint.map(String::into_boxed_str),
            ..self
        }
    }
}

/// What to do about a query of which no more is known.
const LOOK_IT_UP: &str = "check the names of tables, columns and functions, and the types \
    they are used with; the dialect is PostgreSQL's";

fn query(message: String, location: Option<Location>, hint: Option<String>) -> Problem {
    let problem = Problem::new(
        StatusCode::BAD_REQUEST,
        "urn:tessera:problem:query",
        "query cannot be run",
        message,
    )
    .hint(hint.unwrap_or_else(|| LOOK_IT_UP.to_owned()));
    match location {
        Some(Location { line, column }) => problem.located(line, column),
        None => problem,
    }
}

fn limit_reached(limit: Limit, needed: u64, text: String) -> Problem {
    let problem = Problem::new(
        StatusCode::TOO_MANY_REQUESTS,
        "urn:tessera:problem:limit",
        "plan limit reached",
        text,
    )
    .hint(way_out(&limit, needed));
    // What is beyond the limit by itself is so after the reset, too.
    let wait = limit.resets_at.filter(|_| fits_alone(&limit, needed));
    let seconds = wait.map(|at| at.signed_duration_since(Utc::now()).num_seconds() + 1);
    Problem {
        retry_after_secs: seconds.and_then(|seconds| u32::try_from(seconds).ok()),
        limit: Some(Box::new(limit)),
        ..problem
    }
}

fn fits_alone(limit: &Limit, needed: u64) -> bool {
    needed.saturating_sub(limit.used) <= limit.allowed
}

fn way_out(limit: &Limit, needed: u64) -> String {
    let wait = match limit.resets_at {
        Some(at) if fits_alone(limit, needed) => {
            format!("send it again after {}", at.format("%Y-%m-%dT%H:%M:%SZ"))
        }
        Some(_) => "send less at a time, over several days".to_owned(),
        None if limit.name == METRICS_LIMIT => {
            "use fewer metric names: put what varies into dimensions".to_owned()
        }
        None if limit.name == STORED_LIMIT => {
            "erase points, or keep them for fewer days".to_owned()
        }
        None if limit.name == "api_keys" => "revoke keys that nobody uses".to_owned(),
        None => "ask for less at a time".to_owned(),
    };
    match &limit.allowed_by {
        Some(plan) => format!(
            "{wait}, or have the operator move the tenant to the plan {plan} (`tessera tenant set`)"
        ),
        None => wait,
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

    use axum::response::{IntoResponse, Response};

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

    fn over(used: u64, needed: u64, resets_in: i64) -> Response {
        let resets_at = Utc::now() + chrono::Duration::seconds(resets_in);
        Problem::from(Error::LimitExceeded {
            limit: "ingest_points_per_day",
            used,
            allowed: 100,
            needed,
            plan: "free".into(),
            resets_at: Some(resets_at),
            allowed_by: Some("pro".into()),
        })
        .into_response()
    }

    #[test]
    fn a_limit_of_the_day_says_when_it_resets_unless_that_would_not_help() {
        let response = over(90, 120, 60);
        let seconds: u32 = response.headers()["retry-after"]
            .to_str()
            .expect("a text")
            .parse()
            .expect("a number");
        assert!((59..=61).contains(&seconds), "{seconds}");
        let alone = over(90, 300, 60);
        assert!(!alone.headers().contains_key("retry-after"));
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
