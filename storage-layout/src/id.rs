//! Identifiers that never travel as bare strings: tenant, file, window.
//!
//! It checks their form. It does not know whether what they name exists.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A customer of the suite, the unit of isolation.
///
/// 1 to 63 characters of `a-z`, `0-9`, `-` and `_`, starting with a letter or
/// digit: safe as a path segment, a label and a Postgres setting alike.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TenantId(Arc<str>);

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is not a tenant id.
    #[error(
        "{0:?} is not a tenant id: use 1 to 63 of a-z, 0-9, '-' and '_', starting with a letter or digit"
    )]
    Tenant(String),
    /// The text is not a window.
    #[error("{0:?} is not a window: use yyyy, yyyy-mm or yyyy-mm-dd")]
    Window(String),
}

impl TenantId {
    /// Checks and wraps a tenant id.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let good = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
        let mut bytes = text.bytes();
        let valid = text.len() <= 63
            && bytes.next().is_some_and(good)
            && bytes.all(|c| good(c) || c == b'-' || c == b'_');
        if valid {
            Ok(Self(text.into()))
        } else {
            Err(IdError::Tenant(text.chars().take(80).collect()))
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantId({})", self.0)
    }
}

impl std::str::FromStr for TenantId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        Self::new(text)
    }
}

impl TryFrom<String> for TenantId {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::new(&text)
    }
}

impl From<TenantId> for String {
    fn from(id: TenantId) -> Self {
        id.0.to_string()
    }
}

/// A data file, inline or object. UUID version 7, so ids sort by birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub Uuid);

impl FileId {
    /// A fresh id.
    #[expect(clippy::new_without_default, reason = "every call gives another id")]
    pub fn new() -> Self {
        Self(Uuid::now_v7())
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How wide a tenant's windows are: chosen by volume, stored in the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowUnit {
    /// One UTC day.
    Day,
    /// One UTC month.
    Month,
    /// One UTC year.
    Year,
}

/// The span of time that one object file's rows lie in, in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    unit: WindowUnit,
    start: NaiveDate,
}

impl Window {
    /// The window that holds this instant (microseconds since 1970, UTC).
    pub fn containing(unit: WindowUnit, recorded_at_us: i64) -> Self {
        let day = DateTime::from_timestamp_micros(recorded_at_us)
            .map_or(NaiveDate::MIN, |t| t.date_naive());
        let start = match unit {
            WindowUnit::Day => Some(day),
            WindowUnit::Month => day.with_day(1),
            WindowUnit::Year => day.with_ordinal(1),
        };
        Self {
            unit,
            start: start.unwrap_or(day),
        }
    }

    /// The window's width.
    pub fn unit(&self) -> WindowUnit {
        self.unit
    }

    /// The window's first day.
    pub fn start(&self) -> NaiveDate {
        self.start
    }

    /// Its first instant and the one it ends before, microseconds since 1970.
    pub fn span_us(&self) -> (i64, i64) {
        let end = match self.unit {
            WindowUnit::Day => self.start.succ_opt(),
            WindowUnit::Month => self.start.checked_add_months(Months::new(1)),
            WindowUnit::Year => self.start.checked_add_months(Months::new(12)),
        };
        let us = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc().timestamp_micros();
        (us(self.start), end.map_or(i64::MAX, us))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pattern = match self.unit {
            WindowUnit::Day => "%Y-%m-%d",
            WindowUnit::Month => "%Y-%m",
            WindowUnit::Year => "%Y",
        };
        write!(f, "{}", self.start.format(pattern))
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

impl TryFrom<String> for Window {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl std::str::FromStr for Window {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let (unit, padded) = match text.len() {
            10 => (WindowUnit::Day, text.to_owned()),
            7 => (WindowUnit::Month, format!("{text}-01")),
            4 => (WindowUnit::Year, format!("{text}-01-01")),
            _ => return Err(IdError::Window(text.chars().take(40).collect())),
        };
        let start = NaiveDate::parse_from_str(&padded, "%Y-%m-%d")
            .map_err(|_| IdError::Window(text.to_owned()))?;
        Ok(Self { unit, start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_id_is_safe_as_a_path_segment() {
        for good in ["a", "acme", "shop-1", "0_x"] {
            assert!(TenantId::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "../b",
            "A",
            "a/b",
            "a b",
            "-a",
            "a'",
            "é",
            &"a".repeat(64),
        ] {
            assert!(TenantId::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_window_prints_and_parses_back() {
        let us = 1_700_000_000_000_000;
        for (unit, text) in [
            (WindowUnit::Day, "2023-11-14"),
            (WindowUnit::Month, "2023-11"),
            (WindowUnit::Year, "2023"),
        ] {
            let window = Window::containing(unit, us);
            assert_eq!(window.to_string(), text);
            assert_eq!(text.parse::<Window>(), Ok(window));
        }
    }
}
