//! Errors by blame: what a caller can act on.
//!
//! Internal detail never reaches a client: the front shows the text of a
//! caller's error and a plain sentence for the rest.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The engine's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A place in a text that was sent, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Location {
    /// Line.
    pub line: u64,
    /// Column, in characters.
    pub column: u64,
}

/// What went wrong, sorted by who can do something about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller's query cannot be run.
    #[error("{message}")]
    Query {
        /// What is wrong, free of paths and other tenants' anything.
        message: String,
        /// Where in the text.
        location: Option<Location>,
        /// What to do instead.
        hint: Option<String>,
    },
    /// The caller's query reached its deadline.
    #[error("{message}")]
    TimedOut {
        /// After how long, and whose limit that is.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// The query was cancelled while it ran.
    #[error("the query was cancelled")]
    Cancelled,
    /// The caller's input is malformed.
    #[error("{message}")]
    Invalid {
        /// What is wrong.
        message: String,
        /// Which field, parameter or part of the request.
        at: Option<String>,
        /// Where in its text, if it has one.
        location: Option<Location>,
        /// What to do instead.
        hint: Option<String>,
    },
    /// The caller's input is larger than is taken, as sent or once decoded.
    #[error("{message}")]
    TooLarge {
        /// What is over which limit.
        message: String,
        /// What to do instead.
        hint: String,
    },
    /// The caller may not do this.
    #[error("{message}")]
    Forbidden {
        /// What is not allowed.
        message: String,
        /// Which field asks for it.
        at: Option<String>,
        /// What would be allowed.
        hint: Option<String>,
    },
    /// The thing does not exist (or belongs to somebody else).
    #[error("{what} is not found")]
    NotFound {
        /// What was looked for.
        what: String,
    },
    /// It exists already, or was used with other content.
    #[error("{message}")]
    Conflict {
        /// What collides, and what to do.
        message: String,
    },
    /// A limit of the tenant's plan.
    #[error("{limit} is limited to {allowed} by the plan {plan:?}; {used} used")]
    LimitExceeded {
        /// The limit's name.
        limit: &'static str,
        /// What is used already.
        used: u64,
        /// What the plan allows.
        allowed: u64,
        /// What it would have to allow.
        needed: u64,
        /// The plan's name.
        plan: String,
        /// When what is used counts no more, where that comes by itself.
        resets_at: Option<DateTime<Utc>>,
        /// The smallest plan that allows it, where one is known.
        allowed_by: Option<String>,
    },
    /// Postgres or the object store does not answer; nothing was acknowledged.
    #[error("{message}")]
    Unavailable {
        /// Which part is away.
        message: String,
        /// When to try again.
        retry_after: Duration,
    },
    /// A stored file is damaged or missing; the answer would be partial.
    #[error("stored data cannot be read")]
    Storage(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Start-up or configuration: one sentence with the ways out.
    #[error("{0}")]
    Config(String),
    /// Our bug.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// The error's kind as one word, for records: the last of its problem type.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Query { .. } => "query",
            Self::TimedOut { .. } => "timeout",
            Self::Cancelled => "cancelled",
            Self::Invalid { .. } => "malformed",
            Self::TooLarge { .. } => "too-large",
            Self::Forbidden { .. } => "forbidden",
            Self::NotFound { .. } => "not-found",
            Self::Conflict { .. } => "conflict",
            Self::LimitExceeded { .. } => "limit",
            Self::Unavailable { .. } => "unavailable",
            Self::Storage(_) => "storage",
            Self::Config(_) | Self::Internal(_) => "internal",
        }
    }

    /// Input that is wrong at a named place.
    pub fn invalid(message: impl Into<String>, at: impl Into<String>) -> Self {
        Self::Invalid {
            message: message.into(),
            at: Some(at.into()),
            location: None,
            hint: None,
        }
    }

    /// The same of what lies in this part of the request.
    #[must_use]
    pub(crate) fn inside(self, part: &str) -> Self {
        match self {
            Self::Invalid {
                message,
                at,
                location,
                hint,
            } => Self::Invalid {
                message,
                at: Some(at.map_or_else(|| part.to_owned(), |at| format!("{part}.{at}"))),
                location,
                hint,
            },
            other => other,
        }
    }

    /// A bug of ours, with what is known of it.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// Damaged or missing stored data.
    pub fn storage(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Storage(source.into())
    }
}
