//! The one mapping from what went wrong to RFC 9457 problem details.
//!
//! A caller's error is shown as the engine words it. Of everything else only
//! a plain sentence leaves the house; the detail is logged here, once.

mod refused;

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::Error;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use refused::{BodyRefused, KeyRefused};

/// A handler's result.
pub type Result<T, E = Problem> = std::result::Result<T, E>;

/// The media type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What was wrong, where, and what to do (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem, as a stable URN.
    #[serde(rename = "type")]
    #[schema(example = "urn:tessera:problem:query")]
    kind: &'static str,
    /// The kind in words.
    title: &'static str,
    /// The HTTP status.
    #[serde(serialize_with = "status_number")]
    #[schema(value_type = u16, example = 400)]
    status: StatusCode,
    /// What was wrong this time.
    detail: String,
    /// Which field, parameter or header.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Line in the text that was sent, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// Column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The limit that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<Limit>,
    /// Sent as `Retry-After`.
    #[serde(skip)]
    retry_after: Option<Duration>,
    /// Sent as `WWW-Authenticate`.
    #[serde(skip)]
    challenge: Option<&'static str>,
}

/// A plan's limit that was reached.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Limit {
    /// Its name.
    name: &'static str,
    /// What is used already.
    used: u64,
    /// What the plan allows.
    allowed: u64,
    /// The plan.
    plan: String,
}

impl Problem {
    /// A problem with a status, a kind's last word, a title and a sentence.
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            title,
            status,
            detail: detail.into(),
            at: None,
            line: None,
            column: None,
            hint: None,
            limit: None,
            retry_after: None,
            challenge: None,
        }
    }

    /// 400: the request is malformed.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "urn:tessera:problem:malformed",
            "malformed request",
            detail,
        )
    }

    /// 401: nobody is named, or somebody unknown.
    pub fn unauthorized(detail: impl Into<String>, challenge: &'static str) -> Self {
        let problem = Self::new(
            StatusCode::UNAUTHORIZED,
            "urn:tessera:problem:unauthorized",
            "not signed in",
            detail,
        );
        Self {
            challenge: Some(challenge),
            ..problem
        }
        .hint("send `Authorization: Bearer tsk_…` with a key of `tessera key create`")
    }

    /// 403: the caller is known and may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "urn:tessera:problem:forbidden",
            "not allowed",
            detail,
        )
    }

    /// 413: a body over its limit.
    pub fn too_large(limit_bytes: usize) -> Self {
        let detail = format!("the body is over the limit of {limit_bytes} bytes");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:tessera:problem:too-large",
            "body too large",
            detail,
        )
        .hint("split the body into several requests")
    }

    /// 415: a body of a type that is not understood.
    pub fn unsupported_type(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "urn:tessera:problem:unsupported-type",
            "unsupported content type",
            detail,
        )
    }

    /// 422: understood, and nothing can be done with it.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "urn:tessera:problem:unprocessable",
            "request cannot be carried out",
            detail,
        )
    }

    /// 500: our bug. The detail must have been logged.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "urn:tessera:problem:internal",
            "internal error",
            "the server failed to answer",
        )
        .hint("try again; when it stays, report the answer's x-request-id to the operator")
    }

    /// Names the field, parameter or header at fault.
    #[must_use]
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = Some(at.into());
        self
    }

    /// Names the place in the text that was sent, both counted from 1.
    #[must_use]
    pub fn located(mut self, line: u64, column: u64) -> Self {
        self.line = Some(line);
        self.column = Some(column);
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Query {
                message,
                location,
                hint,
            } => Self {
                line: location.map(|l| l.line),
                column: location.map(|l| l.column),
                hint,
                ..Self::new(
                    StatusCode::BAD_REQUEST,
                    "urn:tessera:problem:query",
                    "query cannot be run",
                    message,
                )
            },
            Error::Invalid { message, at, hint } => Self {
                at,
                hint,
                ..Self::malformed(message)
            },
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
                ref plan,
            } => Self {
                limit: Some(Limit {
                    name: limit,
                    used,
                    allowed,
                    plan: plan.clone(),
                }),
                ..Self::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "urn:tessera:problem:limit",
                    "plan limit reached",
                    error.to_string(),
                )
            },
            Error::Unavailable {
                message,
                retry_after,
            } => {
                tracing::warn!(reason = ?message, "a part the server needs is away");
                Self {
                    retry_after: Some(retry_after),
                    ..Self::unavailable(message)
                }
            }
            Error::Storage(source) => {
                tracing::error!(error = ?source, "stored data cannot be read");
                Self::new(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "urn:tessera:problem:storage",
                    "stored data cannot be read",
                    "a stored file is damaged or missing, and a partial answer would be wrong",
                )
                .hint("report the answer's x-request-id to the operator")
            }
            Error::Config(_) | Error::Internal(_) => {
                tracing::error!(error = ?error, "internal error");
                Self::internal()
            }
        }
    }
}

impl Problem {
    fn unavailable(detail: String) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "urn:tessera:problem:unavailable",
            "temporarily unavailable",
            detail,
        )
        .hint("nothing was acknowledged; try again after the seconds in Retry-After")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(after) = self.retry_after {
            headers.insert(header::RETRY_AFTER, after.as_secs().max(1).into());
        }
        if let Some(challenge) = self.challenge {
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static(challenge),
            );
        }
        response
    }
}

fn status_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}
