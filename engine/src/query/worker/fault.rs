//! An error on its way between the processes.
//!
//! The kinds that a caller can act on arrive as they were. Of the rest only
//! the kind arrives: what is known of it was logged where it happened.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Location};
use crate::metadata::plans::limit::LIMITS;

/// An [`Error`] as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Fault {
    Query {
        message: String,
        location: Option<Location>,
        hint: Option<String>,
    },
    Invalid {
        message: String,
        at: Option<String>,
        location: Option<Location>,
        hint: Option<String>,
    },
    Limit {
        limit: String,
        used: u64,
        allowed: u64,
        needed: u64,
        plan: String,
        resets_at: Option<DateTime<Utc>>,
        allowed_by: Option<String>,
    },
    Unavailable {
        message: String,
        retry_after: Duration,
    },
    Storage,
    Internal,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Query {
                message,
                location,
                hint,
            } => Self::Query {
                message,
                location,
                hint,
            },
            Error::Invalid {
                message,
                at,
                location,
                hint,
            } => Self::Invalid {
                message,
                at,
                location,
                hint,
            },
            Error::LimitExceeded {
                limit,
                used,
                allowed,
                needed,
                plan,
                resets_at,
                allowed_by,
            } => Self::Limit {
                limit: limit.to_owned(),
                used,
                allowed,
                needed,
                plan,
                resets_at,
                allowed_by,
            },
            Error::Unavailable {
                message,
                retry_after,
            } => Self::Unavailable {
                message,
                retry_after,
            },
            Error::Storage(source) => {
                tracing::error!(error = %source, "a worker's query could not read its files");
                Self::Storage
            }
            error => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a worker's query failed");
                Self::Internal
            }
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Query {
                message,
                location,
                hint,
            } => Self::Query {
                message,
                location,
                hint,
            },
            Fault::Invalid {
                message,
                at,
                location,
                hint,
            } => Self::Invalid {
                message,
                at,
                location,
                hint,
            },
            Fault::Limit {
                limit,
                used,
                allowed,
                needed,
                plan,
                resets_at,
                allowed_by,
            } => match LIMITS.iter().find(|known| known.name == limit) {
                Some(known) => Self::LimitExceeded {
                    limit: known.name,
                    used,
                    allowed,
                    needed,
                    plan,
                    resets_at,
                    allowed_by,
                },
                None => Self::internal("a worker's query met a limit of no known name"),
            },
            Fault::Unavailable {
                message,
                retry_after,
            } => Self::Unavailable {
                message,
                retry_after,
            },
            Fault::Storage => Self::storage("a worker could not read its query's files"),
            Fault::Internal => Self::internal("a worker's query failed"),
        }
    }
}
