//! The mapping: which SQL expression over a file's columns gives which part of
//! a data point. It checks the form; [`super::program`] compiles the SQL.
//!
//! ```toml
//! platform = "'coreldove'"
//! metric_type = "'revenue'"
//! metric_name = "'order_revenue'"
//! value = "Quantity * UnitPrice"
//! recorded_at = "InvoiceDate"                # optional; without it: now
//! event_id = "concat(InvoiceNo, '-', _line)" # optional
//! time_zone = "Europe/London"                # of times without offset; UTC
//! time_formats = ["%d/%m/%Y %H:%M"]          # tried before RFC 3339
//! format = "csv"                             # else the file's name decides
//!
//! [dimensions]
//! country = "Country"
//!
//! [columns]                                  # text where nothing is said
//! Quantity = "decimal(18,4)"
//!
//! [csv]
//! delimiter = ";"
//! ```

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use chrono_tz::Tz;
use toml::{Table, Value};

use super::column::ColumnType;
use crate::error::{Error, Result};

/// The top-level keys that may stand in a mapping.
const KEYS: &str = "platform, metric_type, metric_name, value, recorded_at, event_id, time_zone, \
                    time_formats, format, [dimensions], [columns] and [csv]";

/// A field of a data point that an expression fills.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Platform,
    MetricType,
    MetricName,
    Value,
    RecordedAt,
    EventId,
    Dimension(String),
}

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    Csv,
    NdJson,
    Parquet,
}

/// How a file's columns become data points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    pub(super) expressions: BTreeMap<Target, String>,
    pub(super) columns: BTreeMap<String, ColumnType>,
    pub(super) time_zone: Tz,
    pub(super) time_formats: Vec<String>,
    pub(super) format: Option<FileFormat>,
    pub(super) delimiter: Option<u8>,
}

impl Mapping {
    /// Reads a mapping file.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let path = path.display();
            Error::invalid(
                format!("the mapping {path} cannot be read: {error}"),
                path.to_string(),
            )
        })?;
        Self::parse(&text)
    }

    /// Parses a mapping. The error names the key at fault and what is expected.
    pub fn parse(text: &str) -> Result<Self> {
        let mut table: Table = text.parse().map_err(|error| not_toml(&error, text))?;
        let mut expressions = BTreeMap::new();
        for (target, required) in [
            (Target::Platform, true),
            (Target::MetricType, true),
            (Target::MetricName, true),
            (Target::Value, true),
            (Target::RecordedAt, false),
            (Target::EventId, false),
        ] {
            match table.remove(target.name()) {
                Some(value) => {
                    drop(expressions.insert(target.clone(), expression(&value, target.name())?))
                }
                None if required => {
                    return Err(fault(target.name(), "is missing: give an SQL expression"));
                }
                None => {}
            }
        }
        for (name, value) in subtable(&mut table, "dimensions")? {
            let text = expression(&value, &format!("dimensions.{name}"))?;
            expressions.insert(Target::Dimension(name), text);
        }
        let mut columns = BTreeMap::new();
        for (name, value) in subtable(&mut table, "columns")? {
            let key = format!("columns.{name}");
            let parsed = value.as_str().and_then(ColumnType::parse);
            let parsed = parsed.ok_or_else(|| fault(&key, ColumnType::EXPECTED))?;
            columns.insert(name, parsed);
        }
        let mut csv = subtable(&mut table, "csv")?;
        let delimiter = csv
            .remove("delimiter")
            .map(|value| delimiter(&value))
            .transpose()?;
        if let Some(key) = csv.keys().next() {
            return Err(fault(
                &format!("csv.{key}"),
                "is not known: expected delimiter",
            ));
        }
        let mapping = Self {
            expressions,
            columns,
            time_zone: table
                .remove("time_zone")
                .map_or(Ok(Tz::UTC), |value| time_zone(&value))?,
            time_formats: table
                .remove("time_formats")
                .map_or(Ok(Vec::new()), |value| formats(&value))?,
            format: table
                .remove("format")
                .map(|value| format(&value))
                .transpose()?,
            delimiter,
        };
        match table.keys().next() {
            Some(key) => Err(fault(key, &format!("is not known: expected {KEYS}"))),
            None => Ok(mapping),
        }
    }

    /// The declared type of a column; text where nothing is said.
    pub(super) fn column_type(&self, name: &str) -> ColumnType {
        self.columns.get(name).copied().unwrap_or(ColumnType::Text)
    }

    /// One text for all ways to write the same mapping; chunks are remembered
    /// by it, so its form never changes.
    pub(super) fn canonical(&self) -> String {
        let mut text = String::new();
        for (target, expression) in &self.expressions {
            let kind = if matches!(target, Target::Dimension(_)) {
                "dimension"
            } else {
                "field"
            };
            let _ = writeln!(text, "{kind} {:?} = {expression:?}", target.name());
        }
        for (name, column) in &self.columns {
            let _ = writeln!(text, "column {name:?} = {column}");
        }
        let _ = writeln!(text, "time_zone = {}", self.time_zone.name());
        let _ = writeln!(text, "time_formats = {:?}", self.time_formats);
        let _ = writeln!(text, "delimiter = {:?}", self.delimiter);
        text
    }
}

impl Target {
    /// The key in the mapping; of a dimension, its name.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Platform => "platform",
            Self::MetricType => "metric_type",
            Self::MetricName => "metric_name",
            Self::Value => "value",
            Self::RecordedAt => "recorded_at",
            Self::EventId => "event_id",
            Self::Dimension(name) => name,
        }
    }

    /// The key with its table, as messages and the report name it.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Dimension(name) => format!("dimensions.{name}"),
            field => field.name().to_owned(),
        }
    }
}

fn fault(key: &str, what: &str) -> Error {
    Error::invalid(format!("mapping: `{key}` {what}"), key)
}

fn not_toml(error: &toml::de::Error, text: &str) -> Error {
    let before = error
        .span()
        .and_then(|span| text.get(..span.start))
        .unwrap_or("");
    let line = before.matches('\n').count() + 1;
    Error::invalid(
        format!("mapping: line {line}: {}", error.message()),
        format!("line {line}"),
    )
}

fn expression(value: &Value, key: &str) -> Result<String> {
    let text = value
        .as_str()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    text.map(str::to_owned)
        .ok_or_else(|| fault(key, "must be an SQL expression in quotes"))
}

fn subtable(table: &mut Table, key: &str) -> Result<Table> {
    match table.remove(key) {
        None => Ok(Table::new()),
        Some(Value::Table(table)) => Ok(table),
        Some(_) => Err(fault(
            key,
            &format!("must be a table: write [{key}] and its keys below"),
        )),
    }
}

fn time_zone(value: &Value) -> Result<Tz> {
    let zone = value.as_str().and_then(|name| name.parse().ok());
    zone.ok_or_else(|| {
        fault(
            "time_zone",
            "must be an IANA time zone such as \"Europe/London\"",
        )
    })
}

fn formats(value: &Value) -> Result<Vec<String>> {
    let formats = value.as_array().and_then(|formats| {
        formats
            .iter()
            .map(|format| format.as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
    });
    let valid = |format: &String| {
        !chrono::format::StrftimeItems::new(format).any(|item| item == chrono::format::Item::Error)
    };
    formats
        .filter(|formats| formats.iter().all(valid))
        .ok_or_else(|| {
            fault(
                "time_formats",
                "must be a list of strftime formats such as [\"%d/%m/%Y %H:%M\"]",
            )
        })
}

fn format(value: &Value) -> Result<FileFormat> {
    match value.as_str() {
        Some("csv") => Ok(FileFormat::Csv),
        Some("ndjson") => Ok(FileFormat::NdJson),
        Some("parquet") => Ok(FileFormat::Parquet),
        _ => Err(fault(
            "format",
            "must be \"csv\", \"ndjson\" or \"parquet\"",
        )),
    }
}

fn delimiter(value: &Value) -> Result<u8> {
    match value.as_str().map(str::as_bytes) {
        Some(&[byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Ok(byte),
        _ => Err(fault(
            "csv.delimiter",
            "must be one ASCII character such as \";\"",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUIRED: &str =
        "platform = \"'p'\"\nmetric_type = \"'t'\"\nmetric_name = \"'n'\"\nvalue = \"v\"\n";

    fn check_fault(extra: &str, named: &str, expected: &str) {
        let error = Mapping::parse(&format!("{REQUIRED}{extra}"))
            .expect_err(extra)
            .to_string();
        assert!(error.contains(named) && error.contains(expected), "{error}");
    }

    #[test]
    fn a_fault_names_its_key_and_what_is_expected() {
        let error = Mapping::parse("platform = \"'p'\"")
            .expect_err("incomplete")
            .to_string();
        assert!(error.contains("`metric_type` is missing"), "{error}");
        check_fault("recorded_at = 3", "`recorded_at`", "SQL expression");
        check_fault("event_id = ' '", "`event_id`", "SQL expression");
        check_fault("valeu = 'v'", "`valeu`", "expected platform");
        check_fault("time_zone = 'Mars/Base'", "`time_zone`", "Europe/London");
        check_fault("time_formats = ['%Q']", "`time_formats`", "strftime");
        check_fault("format = 'xls'", "`format`", "parquet");
        check_fault("dimensions = 'country'", "`dimensions`", "[dimensions]");
        check_fault(
            "[dimensions]\ncountry = true",
            "`dimensions.country`",
            "SQL expression",
        );
        check_fault("[columns]\nprice = 'money'", "`columns.price`", "decimal(");
        check_fault(
            "[csv]\ndelimiter = ';;'",
            "`csv.delimiter`",
            "one ASCII character",
        );
        check_fault("[csv]\nquote = '^'", "`csv.quote`", "delimiter");
        check_fault("not toml", "line 5", "");
    }

    #[test]
    fn the_canonical_text_depends_on_meaning_and_not_on_layout() {
        let parse = |extra: &str| {
            Mapping::parse(&format!("{REQUIRED}{extra}"))
                .expect(extra)
                .canonical()
        };
        let plain = parse("[dimensions]\na = 'x'\nb = 'y'\n");
        assert_eq!(plain, parse("# comment\n[dimensions]\nb = ' y '\na = 'x'"));
        assert_ne!(plain, parse("[dimensions]\na = 'y'\nb = 'y'\n"));
        assert_ne!(
            plain,
            parse("time_zone = 'Asia/Kathmandu'\n[dimensions]\na = 'x'\nb = 'y'\n")
        );
    }
}
