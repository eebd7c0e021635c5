//! What the columns of CSV, Arrow and Parquet mean, and rows as JSON points.
//!
//! Every form of body becomes the same lines of JSON, so that one parser says
//! what a point is and what is wrong with it.

use serde_json::value::RawValue;
use storage_layout::Value;

use crate::error::{Error, Result};

/// Columns of a body; more are a mistake.
const MAX_COLUMNS: usize = 1_024;

/// What the header must name, whatever else it does.
const REQUIRED: [&str; 4] = ["platform", "metric_type", "metric_name", "value"];

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Role {
    /// A text field of a point, under this name.
    Text(&'static str),
    /// The point's value.
    Value,
    /// The point's time.
    Time,
    /// All dimensions as a JSON object.
    Dimensions,
    /// The dimension of this key, text where the form does not say.
    Dimension(Box<str>),
    /// The dimension of this key, a number.
    Number(Box<str>),
    /// Set by the server, or there twice: as in an export of points.
    Ignored,
}

/// The role of each column.
pub(super) fn roles<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Result<Vec<Role>> {
    if names.clone().count() > MAX_COLUMNS {
        let message = format!("the body has more than {MAX_COLUMNS} columns");
        return Err(Error::invalid(message, "header"));
    }
    let has_dimensions = names.clone().any(|name| name == "dimensions");
    let roles: Vec<Role> = names
        .clone()
        .map(|name| role(name, has_dimensions))
        .collect();
    for (at, role) in roles.iter().enumerate() {
        if *role != Role::Ignored && roles[..at].iter().any(|earlier| means_same(earlier, role)) {
            let shown: String = names
                .clone()
                .nth(at)
                .unwrap_or_default()
                .chars()
                .take(64)
                .collect();
            let message = format!("the column {shown:?} says what an earlier one says");
            return Err(Error::invalid(message, "header"));
        }
    }
    for required in REQUIRED {
        let there = roles.iter().any(|role| match role {
            Role::Text(name) => *name == required,
            Role::Value => required == "value",
            _ => false,
        });
        if !there {
            return Err(Error::Invalid {
                message: format!("there is no column {required:?}"),
                at: Some("header".into()),
                location: None,
                hint: Some("name the columns platform, metric_type, metric_name, value, recorded_at, event_id, and dim.<key> for dimensions".into()),
            });
        }
    }
    Ok(roles)
}

fn role(name: &str, has_dimensions: bool) -> Role {
    match name {
        "platform" => Role::Text("platform"),
        "metric_type" => Role::Text("metric_type"),
        "metric_name" => Role::Text("metric_name"),
        "event_id" => Role::Text("event_id"),
        "tenant_id" => Role::Text("tenant_id"),
        "value" | "metric_value" => Role::Value,
        "recorded_at" => Role::Time,
        "dimensions" => Role::Dimensions,
        "ingested_at" | "commit_version" => Role::Ignored,
        // Columns of an export, beside the dimensions that they are made of.
        _ if has_dimensions && (name.starts_with("dim_") || name.starts_with("num_")) => {
            Role::Ignored
        }
        _ => match (name.strip_prefix("dim."), name.strip_prefix("num.")) {
            (Some(key), _) => Role::Dimension(key.into()),
            (_, Some(key)) => Role::Number(key.into()),
            _ => Role::Dimension(name.into()),
        },
    }
}

fn means_same(a: &Role, b: &Role) -> bool {
    match (a, b) {
        (Role::Dimension(a) | Role::Number(a), Role::Dimension(b) | Role::Number(b)) => a == b,
        _ => a == b,
    }
}

/// A point as one line of JSON, made field by field.
#[derive(Debug, Default)]
pub(super) struct PointLine {
    fields: String,
    dimensions: String,
    /// What stood where a JSON object was expected.
    no_object: Option<String>,
}

impl PointLine {
    pub(super) fn clear(&mut self) {
        self.fields.clear();
        self.dimensions.clear();
        self.no_object = None;
    }

    /// A field whose value is text.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        member(&mut self.fields, name, &json_text(text));
    }

    /// A dimension whose value is text.
    pub(super) fn dimension(&mut self, key: &str, text: &str) {
        member(&mut self.dimensions, key, &json_text(text));
    }

    /// A dimension whose value is JSON.
    pub(super) fn dimension_json(&mut self, key: &str, json: &str) {
        member(&mut self.dimensions, key, json);
    }

    /// A dimension that should be a number; what is none is kept as text.
    pub(super) fn dimension_number(&mut self, key: &str, text: &str) {
        match Value::parse(text) {
            Ok(parsed) if !parsed.rounded => {
                member(&mut self.dimensions, key, &parsed.value.to_string());
            }
            _ if is_json_number(text) => member(&mut self.dimensions, key, text),
            _ => self.dimension(key, text),
        }
    }

    /// All dimensions as a JSON object; others may stand beside it.
    pub(super) fn all_dimensions(&mut self, json: &str) {
        let parsed: Result<&RawValue, _> = serde_json::from_str(json);
        let object = parsed.ok().map(|raw| raw.get().trim());
        let inner = object.and_then(|text| text.strip_prefix('{')?.strip_suffix('}'));
        match inner.map(str::trim) {
            Some("") => {}
            Some(inner) => {
                separate(&mut self.dimensions);
                // Line feeds in JSON stand between tokens only.
                self.dimensions.push_str(&inner.replace(['\n', '\r'], " "));
            }
            None if object == Some("null") => {}
            None => self.no_object = Some(json_text(json)),
        }
    }

    /// The line, without a line feed.
    pub(super) fn finish(&mut self) -> &str {
        let dimensions = match self.no_object.take() {
            Some(text) => Some(text),
            None if self.dimensions.is_empty() => None,
            None => Some(format!("{{{}}}", self.dimensions)),
        };
        if let Some(dimensions) = dimensions {
            member(&mut self.fields, "dimensions", &dimensions);
        }
        self.fields.insert(0, '{');
        self.fields.push('}');
        &self.fields
    }
}

fn member(object: &mut String, name: &str, json: &str) {
    separate(object);
    object.push_str(&json_text(name));
    object.push(':');
    object.push_str(json);
}

fn separate(object: &mut String) {
    if !object.is_empty() {
        object.push(',');
    }
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether JSON has this text for a number: no NaN, no `+1`, no `.5`.
pub(super) fn is_json_number(text: &str) -> bool {
    let parsed: Result<&RawValue, _> = serde_json::from_str(text);
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && parsed.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(names: &str) -> Result<Vec<Role>> {
        roles(names.split(','))
    }

    #[test]
    fn a_header_says_what_columns_mean_once() {
        let named = header(
            "platform,metric_type,metric_name,metric_value,recorded_at,country,dim.city,num.n,ingested_at",
        );
        let expected = [
            Role::Text("platform"),
            Role::Text("metric_type"),
            Role::Text("metric_name"),
            Role::Value,
            Role::Time,
            Role::Dimension("country".into()),
            Role::Dimension("city".into()),
            Role::Number("n".into()),
            Role::Ignored,
        ];
        assert_eq!(named.expect("roles"), expected);
        let exported = header(
            "tenant_id,platform,metric_type,metric_name,metric_value,dimensions,dim_a,num_a",
        );
        assert_eq!(
            exported.expect("roles")[6..],
            [Role::Ignored, Role::Ignored]
        );
        for faulty in [
            "platform,metric_type,metric_name",
            "platform,metric_type,metric_name,value,metric_value",
            "platform,metric_type,metric_name,value,x,dim.x",
            "platform,metric_type,metric_name,value,num.x,dim.x",
        ] {
            assert!(header(faulty).is_err(), "{faulty}");
        }
    }

    #[test]
    fn a_line_is_json_whatever_the_cells_hold() {
        let mut line = PointLine::default();
        line.text("platform", "a\"\n");
        line.all_dimensions("{\"x\":\n1}");
        line.dimension("k", "\u{0}");
        line.dimension_number("n", "+1.50");
        line.dimension_number("m", "many");
        line.dimension_number("long", "0.12345678901");
        assert_eq!(
            line.finish(),
            r#"{"platform":"a\"\n","dimensions":{"x": 1,"k":"\u0000","n":1.5,"m":"many","long":0.12345678901}}"#
        );
        line.clear();
        line.all_dimensions("[1]");
        assert_eq!(line.finish(), r#"{"dimensions":"[1]"}"#);
        line.clear();
        line.all_dimensions(" {} ");
        assert_eq!(line.finish(), "{}");
    }
}
