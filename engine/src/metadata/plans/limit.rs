//! Every limit a plan has, each declared once: its name, what it counts and
//! which numbers it may be.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Error, Result};

/// New numbers of some limits; null takes an override away, or a bound.
pub type Changes = BTreeMap<String, Value>;

/// How a limit is counted, and so what waiting does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// What there is at one time.
    Held,
    /// What is used in one UTC day.
    Day,
    /// Of one query or export.
    Each,
    /// Of one server, at one time or in one second.
    Server,
}

/// One limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Its name, as columns, requests and refusals have it.
    pub name: &'static str,
    /// What it bounds, with its unit.
    pub of: &'static str,
    /// How it is counted.
    pub span: Span,
    /// The least that makes sense.
    pub at_least: u64,
    /// The most that fits.
    pub at_most: u64,
}

const fn limit(name: &'static str, of: &'static str, span: Span) -> Limit {
    Limit {
        name,
        of,
        span,
        at_least: 0,
        at_most: i64::MAX as u64,
    }
}

const fn from(least: u64, limit: Limit) -> Limit {
    Limit {
        at_least: least,
        ..limit
    }
}

const fn to(most: u64, limit: Limit) -> Limit {
    Limit {
        at_most: most,
        ..limit
    }
}

/// For how many days points are kept: the one limit that may be absent.
pub const RETENTION_DAYS: &str = "retention_days";

/// All limits, in the order users see them.
pub const LIMITS: [Limit; 18] = [
    limit(
        "ingest_points_per_day",
        "points accepted in one UTC day",
        Span::Day,
    ),
    to(
        u32::MAX as u64,
        limit(
            "dimension_keys",
            "dimension keys that get columns of their own",
            Span::Held,
        ),
    ),
    limit(
        "metrics",
        "metrics, registered and assumed ones",
        Span::Held,
    ),
    limit("stored_bytes", "bytes of stored points", Span::Held),
    to(
        i32::MAX as u64,
        from(
            1,
            limit(RETENTION_DAYS, "days that points are kept", Span::Each),
        ),
    ),
    from(
        1,
        limit(
            "queries_per_second",
            "SQL queries and exports begun in one second",
            Span::Server,
        ),
    ),
    from(
        1,
        limit(
            "concurrent_queries",
            "queries that run at once",
            Span::Server,
        ),
    ),
    limit(
        "scan_bytes_per_day",
        "bytes that questions fetch from stored files in one UTC day",
        Span::Day,
    ),
    from(1, limit("result_rows", "rows of one answer", Span::Each)),
    from(
        16 << 20,
        limit(
            "query_memory_bytes",
            "bytes of memory of one query",
            Span::Each,
        ),
    ),
    to(
        3_600_000,
        from(
            100,
            limit(
                "query_timeout_ms",
                "milliseconds that one query may take",
                Span::Each,
            ),
        ),
    ),
    limit("exports_per_day", "exports begun in one UTC day", Span::Day),
    from(
        1,
        limit(
            "concurrent_exports",
            "exports that run at once",
            Span::Server,
        ),
    ),
    limit("export_rows", "rows of one export", Span::Each),
    limit(
        "forecasts_per_day",
        "forecasts made in one UTC day",
        Span::Day,
    ),
    limit(
        "live_connections",
        "live connections open at once",
        Span::Server,
    ),
    limit("saved_queries", "saved queries", Span::Held),
    limit(
        "api_keys",
        "API keys that are neither revoked nor expired",
        Span::Held,
    ),
];

/// The limit of this name.
pub fn named(name: &str) -> Option<&'static Limit> {
    LIMITS.iter().find(|limit| limit.name == name)
}

/// Refuses names that are none and numbers that cannot be. `absent`: which
/// limits may be null.
pub(super) fn check(changes: &Changes, absent: impl Fn(&Limit) -> bool) -> Result<()> {
    if changes.is_empty() {
        return Err(Error::Invalid {
            message: "no limit is named".into(),
            at: Some("body".into()),
            location: None,
            hint: Some(format!("name some of {}", names().join(", "))),
        });
    }
    for (name, value) in changes {
        let limit = named(name).ok_or_else(|| unknown(name))?;
        let fits = match value {
            Value::Null => absent(limit),
            value => value
                .as_u64()
                .is_some_and(|n| (limit.at_least..=limit.at_most).contains(&n)),
        };
        if !fits {
            return Err(unfit(limit));
        }
    }
    Ok(())
}

fn names() -> Vec<&'static str> {
    LIMITS.iter().map(|limit| limit.name).collect()
}

fn unknown(name: &str) -> Error {
    let near = LIMITS
        .iter()
        .map(|limit| (strsim::jaro_winkler(limit.name, name), limit.name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let hint = match near {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => format!("the limits are {}", names().join(", ")),
    };
    Error::Invalid {
        message: format!("there is no limit {name:?}"),
        at: Some(name.to_owned()),
        location: None,
        hint: Some(hint),
    }
}

fn unfit(limit: &Limit) -> Error {
    Error::Invalid {
        message: format!(
            "must be a whole number from {} to {}: {}",
            limit.at_least, limit.at_most, limit.of
        ),
        at: Some(limit.name.to_owned()),
        location: None,
        hint: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use serde_json::json;

    use super::*;

    fn refusal(changes: Value) -> (String, Option<String>) {
        let changes: Changes = serde_json::from_value(changes).unwrap();
        match check(&changes, |limit| limit.name == RETENTION_DAYS) {
            Err(Error::Invalid { at, hint, .. }) => (at.unwrap(), hint),
            other => panic!("it should be refused: {other:?}"),
        }
    }

    #[test]
    fn an_unknown_limit_is_refused_with_the_nearest_right_one() {
        let (at, hint) = refusal(json!({"query_per_second": 1}));
        assert_eq!(at, "query_per_second");
        assert_eq!(hint.unwrap(), "did you mean `queries_per_second`?");
        let (_, hint) = refusal(json!({"zz": 1}));
        assert!(hint.unwrap().contains("stored_bytes"));
    }

    #[test]
    fn numbers_that_cannot_be_are_refused_by_name() {
        for bad in [
            json!(-1),
            json!(0),
            json!(1.5),
            json!("7"),
            json!(true),
            json!(null),
            json!(9_223_372_036_854_775_808_u64),
        ] {
            let (at, _) = refusal(json!({ "concurrent_queries": bad }));
            assert_eq!(at, "concurrent_queries");
        }
        let (at, _) = refusal(json!({}));
        assert_eq!(at, "body");
        let fine = json!({"retention_days": null, "exports_per_day": 0});
        let fine: Changes = serde_json::from_value(fine).unwrap();
        assert!(check(&fine, |limit| limit.name == RETENTION_DAYS).is_ok());
    }
}
