//! What went wrong, as RFC 9457 problem details.
//!
//! [`blame`] is the one mapping from the engine's errors; the rest of the
//! front makes problems of its own by the constructors here.

mod blame;
mod refused;

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
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
    #[schema(value_type = String)]
    detail: Box<str>,
    /// Which field, parameter, header or part of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    at: Option<Box<str>>,
    /// Line in the text that was sent, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
    /// Column in that line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u32>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    hint: Option<Box<str>>,
    /// The limit that was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Limit>)]
    limit: Option<Box<Limit>>,
    /// Sent as `Retry-After`.
    #[serde(skip)]
    retry_after_secs: Option<u32>,
    /// Sent as `WWW-Authenticate`.
    #[serde(skip)]
    challenge: Option<Challenge>,
}

/// What a 401 says about the credential (RFC 6750).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// There is none that could be read.
    Missing,
    /// It names nobody.
    Unknown,
}

impl Challenge {
    fn header(self) -> &'static str {
        match self {
            Self::Missing => "Bearer realm=\"tessera\"",
            Self::Unknown => "Bearer realm=\"tessera\", error=\"invalid_token\"",
        }
    }
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
    /// When what is used counts no more.
    #[serde(skip_serializing_if = "Option::is_none")]
    resets_at: Option<DateTime<Utc>>,
    /// The smallest plan that would allow it.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_by: Option<String>,
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
            detail: detail.into().into(),
            at: None,
            line: None,
            column: None,
            hint: None,
            limit: None,
            retry_after_secs: None,
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
    pub fn unauthorized(detail: impl Into<String>, challenge: Challenge) -> Self {
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

    /// 409: it collides with what is there, or is under way.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "urn:tessera:problem:conflict",
            "conflict",
            detail,
        )
    }

    /// 413: a body over its limit.
    pub fn too_large(limit_bytes: usize) -> Self {
        Self::over_size(format!("the body is over the limit of {limit_bytes} bytes"))
            .hint("split the body into several requests")
    }

    /// 413: a body over one of the limits that hold for bodies.
    pub fn over_size(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "urn:tessera:problem:too-large",
            "body too large",
            detail,
        )
        .at("body")
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

    /// 503: something that is needed does not answer.
    pub fn unavailable(detail: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "urn:tessera:problem:unavailable",
            "temporarily unavailable",
            detail,
        )
        .retry_after(retry_after)
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
        self.at = Some(at.into().into());
        self
    }

    /// Names what holds the field at fault.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        match self.at.clone() {
            Some(at) => self.at(format!("{place}.{at}")),
            None => self.at(place),
        }
    }

    /// Names the place in the text that was sent, both counted from 1.
    #[must_use]
    pub fn located(mut self, line: u64, column: u64) -> Self {
        self.line = Some(narrow(line));
        self.column = Some(narrow(column));
        self
    }

    /// Says when to try again.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after_secs = Some(narrow(after.as_secs()));
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into().into());
        self
    }

    /// The last word of its type, for records.
    pub(crate) fn kind(&self) -> &'static str {
        let words = self.kind.rsplit_once(':');
        words.map_or(self.kind, |(_, word)| word)
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        if let Some(seconds) = self.retry_after_secs {
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        if let Some(challenge) = self.challenge {
            let challenge = HeaderValue::from_static(challenge.header());
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

fn status_number<S: serde::Serializer>(status: &StatusCode, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u16(status.as_u16())
}

/// Lines and columns fit a body's limit; a number beyond says "far down".
fn narrow(place: u64) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}
