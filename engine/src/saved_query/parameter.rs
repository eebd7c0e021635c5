//! A parameter: its name, its type, and which values it takes.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use storage_layout::decimal;

use crate::error::{Error, Result};
use crate::session::Param;

/// Bytes of a name.
const MAX_NAME_BYTES: usize = 63;
/// Bytes of a text that a call gives.
const MAX_TEXT_BYTES: usize = 4_096;
/// Values that a parameter may be limited to.
const MAX_VALUES: usize = 256;

/// A parameter of a saved query.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// Its name: a-z, 0-9 and _, not beginning with a digit.
    pub name: String,
    /// Its type.
    pub kind: ParameterKind,
    /// What it means.
    pub description: String,
    /// Whether a call must give it; one that need not and has no default is
    /// null where it is left out.
    pub required: bool,
    /// Its value where a call leaves it out.
    pub default: Option<String>,
    /// The only values that it takes; none: any of its type.
    pub one_of: Vec<String>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ParameterKind {
    /// Any text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number below 10^16 with at most nine decimals.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// A day as `2025-01-31`.
    Date,
    /// A moment as `2025-01-31T12:00:00Z`.
    Timestamp,
}

impl ParameterKind {
    fn expected(self) -> &'static str {
        match self {
            Self::Text => "a text of at most 4096 bytes",
            Self::Integer => "a whole number",
            Self::Decimal => "a decimal number below 10^16 with at most nine decimals",
            Self::Boolean => "true or false",
            Self::Date => "a date such as 2025-01-31",
            Self::Timestamp => "a timestamp such as 2025-01-31T12:00:00Z",
        }
    }

    fn parse(self, text: &str) -> Option<Param> {
        match self {
            Self::Text => (text.len() <= MAX_TEXT_BYTES).then(|| Param::Text(text.to_owned())),
            Self::Integer => text.parse().ok().map(Param::Int),
            Self::Decimal => {
                let parsed = decimal::Value::parse(text).ok()?;
                (!parsed.rounded).then(|| Param::Decimal(text.to_owned()))
            }
            Self::Boolean => text.parse().ok().map(Param::Bool),
            Self::Date => NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .map(Param::Date),
            Self::Timestamp => DateTime::parse_from_rfc3339(text)
                .ok()
                .map(|at| Param::Timestamp(at.with_timezone(&Utc))),
        }
    }

    /// A value that planning takes for any of this type.
    fn example(self) -> &'static str {
        match self {
            Self::Text => "a",
            Self::Integer | Self::Decimal => "1",
            Self::Boolean => "true",
            Self::Date => "2000-01-01",
            Self::Timestamp => "2000-01-01T00:00:00Z",
        }
    }
}

impl Parameter {
    pub(super) fn check(&self, at: &str) -> Result<()> {
        let fits = !self.name.is_empty()
            && self.name.len() <= MAX_NAME_BYTES
            && !self.name.starts_with(|c: char| c.is_ascii_digit())
            && self
                .name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !fits {
            return Err(Error::invalid(
                "a parameter's name must be 1 to 63 of a-z, 0-9 and _, not beginning with a digit",
                format!("{at}.name"),
            ));
        }
        if self.one_of.len() > MAX_VALUES {
            let message = format!("{} names more than {MAX_VALUES} values", self.name);
            return Err(Error::invalid(message, format!("{at}.enum")));
        }
        for (i, value) in self.one_of.iter().enumerate() {
            if self.kind.parse(value).is_none() {
                let expected = self.kind.expected();
                let message = format!("a value of {} must be {expected}", self.name);
                return Err(Error::invalid(message, format!("{at}.enum[{i}]")));
            }
        }
        let Some(default) = &self.default else {
            return Ok(());
        };
        if self.required {
            let message = format!("{} is required, so its default is never used", self.name);
            return Err(Error::invalid(message, format!("{at}.required")));
        }
        match self.parse(default) {
            Some(_) => Ok(()),
            None => {
                let message = format!("the default of {} must be {}", self.name, self.expected());
                Err(Error::invalid(message, format!("{at}.default")))
            }
        }
    }

    /// The value that a call gives by this text, or by nothing.
    pub(super) fn value(&self, given: Option<&str>) -> Result<Param> {
        let Some(text) = given.or(self.default.as_deref()) else {
            return match self.required {
                false => Ok(Param::Null),
                true => Err(Error::invalid(
                    format!(
                        "the parameter {} is missing; it is {}",
                        self.name,
                        self.expected()
                    ),
                    &self.name,
                )),
            };
        };
        self.parse(text).ok_or_else(|| {
            Error::invalid(
                format!("the parameter {} must be {}", self.name, self.expected()),
                &self.name,
            )
        })
    }

    pub(super) fn example(&self) -> Result<Param> {
        let listed = self.one_of.first().map(String::as_str);
        let text = self.default.as_deref().or(listed);
        self.value(Some(text.unwrap_or_else(|| self.kind.example())))
    }

    fn parse(&self, text: &str) -> Option<Param> {
        let value = self.kind.parse(text)?;
        // By value: 1.0 is 1.
        let same = |listed: &String| match (&value, self.kind.parse(listed)) {
            (Param::Decimal(a), Some(Param::Decimal(b))) => {
                let units = |text: &str| decimal::Value::parse(text).ok().map(|p| p.value.units());
                units(a) == units(&b)
            }
            (value, listed) => listed.as_ref() == Some(value),
        };
        (self.one_of.is_empty() || self.one_of.iter().any(same)).then_some(value)
    }

    fn expected(&self) -> String {
        match self.one_of.is_empty() {
            true => self.kind.expected().to_owned(),
            false => format!("one of {}", self.one_of.join(", ")),
        }
    }
}
