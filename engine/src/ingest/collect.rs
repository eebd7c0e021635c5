//! Platform events become data points, as the registry says.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::batch::{MAX_TEXT_BYTES, PointBatch, reject};
use super::{DimensionValue, RawPoint, Rejection, parse};
use crate::error::{Error, Result};
use crate::metadata::platforms::{EventDimension, EventPoint, EventValue, Platform};

/// What an event looks like.
const EXAMPLE: &str = r#"send {"platform": "coreldove", "action": "order_placed", "data": {…}}"#;

/// An event as a platform sends it.
struct Event<'a> {
    platform: String,
    /// What happened, such as `order_placed`; kept as a dimension.
    action: String,
    /// The event's fields.
    data: Fields<'a>,
}

type Fields<'a> = BTreeMap<String, &'a RawValue>;

impl<'a> Event<'a> {
    fn parse(body: &'a [u8]) -> Result<Self> {
        let mut fields: Fields<'a> = serde_json::from_slice(body).map_err(|e| unreadable(&e))?;
        let mut take = |name: &str| fields.remove(name).ok_or_else(|| fault("is missing", name));
        let (platform, action, data) = (take("platform")?, take("action")?, take("data")?);
        if let Some(unknown) = fields.keys().next() {
            let shown: String = unknown.chars().take(64).collect();
            return Err(fault("is not a field of an event", &shown));
        }
        let action: String = of_type(action, "must be a string", "action")?;
        if action.is_empty() || action.len() > MAX_TEXT_BYTES || action.contains('\0') {
            let expected = format!("must have 1 to {MAX_TEXT_BYTES} bytes and no NUL character");
            return Err(fault(&expected, "action"));
        }
        Ok(Self {
            platform: of_type(platform, "must be a string", "platform")?,
            action,
            data: of_type(data, "must be a JSON object", "data")?,
        })
    }
}

/// A body that is no JSON has a place, one that is no event has none.
fn unreadable(error: &serde_json::Error) -> Error {
    if error.is_data() {
        return fault("must be one JSON object", "body");
    }
    parse::malformed_event(error)
}

fn of_type<'a, T: Deserialize<'a>>(raw: &'a RawValue, expected: &str, at: &str) -> Result<T> {
    serde_json::from_str(raw.get()).map_err(|_| fault(expected, at))
}

fn fault(what: &str, at: &str) -> Error {
    Error::Invalid {
        message: format!("the event's {at} {what}"),
        at: Some(at.to_owned()),
        location: None,
        hint: Some(EXAMPLE.to_owned()),
    }
}

/// Makes the points of an event. A point whose value field is absent is not
/// made; unless the platform's registration says that events may lack it, the
/// rejections name it by its position among the points of the registration.
pub(super) fn event(
    body: &[u8],
    platforms: &[Platform],
    batch: &mut PointBatch,
) -> Result<Vec<Rejection>> {
    let event = Event::parse(body)?;
    let Some(platform) = platforms.iter().find(|p| p.name == event.platform) else {
        let known: Vec<&str> = platforms.iter().map(|p| p.name.as_str()).collect();
        return Err(Error::Invalid {
            message: "the platform is not registered".into(),
            at: Some("platform".into()),
            location: None,
            hint: Some(format!("registered are {}", known.join(", "))),
        });
    };
    let mut rejected = Vec::new();
    for (index, rule) in platform.points.iter().enumerate() {
        if let Err(mut fault) = point(&event, rule, batch) {
            fault.index = index as u64;
            rejected.push(fault);
        }
    }
    Ok(rejected)
}

fn point(event: &Event<'_>, rule: &EventPoint, batch: &mut PointBatch) -> Result<(), Rejection> {
    let value = match &rule.value {
        EventValue::Constant(text) => Cow::Borrowed(text.as_str()),
        EventValue::Field(field) | EventValue::OptionalField(field) => {
            match event.data.get(field.as_str()) {
                Some(raw) if raw.get() != "null" => parse::number(raw)
                    .map_err(|fault| reject(&format!("data.{field}"), fault.reason))?,
                _ if matches!(rule.value, EventValue::OptionalField(_)) => return Ok(()),
                _ => return Err(missing(field, rule)),
            }
        }
    };
    let recorded_at_us = match event.data.get("recorded_at") {
        Some(raw) if raw.get() != "null" => Some(parse::time(raw)?),
        _ => None,
    };
    let found = rule
        .dimensions
        .iter()
        .filter_map(|d| dimension(event, d).transpose());
    let found: Vec<Found<'_>> = found.collect::<Result<_, _>>()?;
    let mut dimensions: Vec<(&str, DimensionValue<'_>)> = found
        .iter()
        .map(|(name, text, number)| {
            let value = match number {
                true => DimensionValue::Number(text),
                false => parse_scalar(text),
            };
            (*name, value)
        })
        .collect();
    let texts: Vec<(usize, Cow<'_, str>)> = found
        .iter()
        .enumerate()
        .filter(|(_, (_, text, number))| !number && text.starts_with('"'))
        .filter_map(|(i, (_, text, _))| {
            serde_json::from_str::<String>(text)
                .ok()
                .map(|t| (i, t.into()))
        })
        .collect();
    for (i, text) in &texts {
        dimensions[*i].1 = DimensionValue::Text(text);
    }
    dimensions.push(("action", DimensionValue::Text(&event.action)));
    let point = RawPoint {
        platform: Some(&event.platform),
        metric_type: Some(&rule.metric_type),
        metric_name: Some(&rule.metric_name),
        value: Some(&value),
        recorded_at_us,
        event_id: None,
        dimensions: &dimensions,
    };
    batch.push(&point).map_err(|fault| match &rule.value {
        EventValue::Field(field) | EventValue::OptionalField(field) if fault.field == "value" => {
            reject(&format!("data.{field}"), fault.reason)
        }
        _ => fault,
    })
}

fn missing(field: &str, rule: &EventPoint) -> Rejection {
    let reason = format!(
        "is missing; {} needs a number, and 0 is one",
        rule.metric_name
    );
    reject(&format!("data.{field}"), reason)
}

/// Name, JSON text and whether it is a number made here.
type Found<'a> = (&'a str, Cow<'a, str>, bool);

/// `None` where the event lacks it. What is to be counted and cannot be is a
/// fault: without the dimension, sums over it would be wrong unseen.
fn dimension<'a>(
    event: &Event<'a>,
    rule: &'a EventDimension,
) -> Result<Option<Found<'a>>, Rejection> {
    let raw: &'a RawValue = match event.data.get(rule.field.as_str()) {
        Some(raw) if raw.get() != "null" => raw,
        _ => return Ok(None),
    };
    if !rule.count {
        return Ok(Some((&rule.name, Cow::Borrowed(raw.get()), false)));
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| {
        let reason = format!("must be an array: {} is the number of its items", rule.name);
        reject(&format!("data.{}", rule.field), reason)
    })?;
    Ok(Some((&rule.name, items.len().to_string().into(), true)))
}

fn parse_scalar(json: &str) -> DimensionValue<'_> {
    match json {
        "true" => DimensionValue::Bool(true),
        "false" => DimensionValue::Bool(false),
        nested if nested.starts_with(['{', '[', '"']) => DimensionValue::Nested(nested),
        number => DimensionValue::Number(number),
    }
}
