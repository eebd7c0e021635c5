//! Platform events become data points, as the registry says.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::batch::{PointBatch, reject};
use super::{DimensionValue, RawPoint, Rejection, parse};
use crate::error::{Error, Result};
use crate::metadata::platforms::{EventDimension, EventPoint, EventValue, Platform};

/// An event as a platform sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event<'a> {
    #[serde(borrow)]
    platform: Cow<'a, str>,
    /// What happened, such as `order_placed`; kept as a dimension.
    #[serde(borrow)]
    action: Cow<'a, str>,
    /// The event's fields.
    #[serde(borrow)]
    data: BTreeMap<Cow<'a, str>, &'a RawValue>,
}

/// Makes the points of an event. A point whose value field is absent is not
/// made; when an event gives none at all, the rejections say which field was
/// looked for.
pub(super) fn event(
    body: &[u8],
    platforms: &[Platform],
    batch: &mut PointBatch,
) -> Result<Vec<Rejection>> {
    let event: Event<'_> = serde_json::from_slice(body).map_err(|e| parse::malformed_event(&e))?;
    let Some(platform) = platforms.iter().find(|p| p.name == event.platform) else {
        let known: Vec<&str> = platforms.iter().map(|p| p.name.as_str()).collect();
        return Err(Error::Invalid {
            message: "the platform is not registered".into(),
            at: Some("platform".into()),
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
    // An event may rightly lack the fields of one of its points: a fault is
    // told only when it is more than an absence, or nothing was made at all.
    if !batch.is_empty() {
        rejected.retain(|fault| fault.reason != ABSENT);
    }
    Ok(rejected)
}

const ABSENT: &str = "is missing in the event's data";

fn point(event: &Event<'_>, rule: &EventPoint, batch: &mut PointBatch) -> Result<(), Rejection> {
    let value = match &rule.value {
        EventValue::Constant(text) => Cow::Borrowed(text.as_str()),
        EventValue::Field(field) => match event.data.get(field.as_str()) {
            Some(raw) if raw.get() != "null" => parse::number(raw)
                .map_err(|fault| reject(&format!("data.{field}"), fault.reason))?,
            _ => return Err(reject(&format!("data.{field}"), ABSENT)),
        },
    };
    let recorded_at_us = match event.data.get("recorded_at") {
        Some(raw) if raw.get() != "null" => Some(parse::time(raw)?),
        _ => None,
    };
    let found: Vec<(&str, Cow<'_, str>, bool)> = rule
        .dimensions
        .iter()
        .filter_map(|d| dimension(event, d))
        .collect();
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
    batch.push(&RawPoint {
        platform: Some(&event.platform),
        metric_type: Some(&rule.metric_type),
        metric_name: Some(&rule.metric_name),
        value: Some(&value),
        recorded_at_us,
        event_id: None,
        dimensions: &dimensions,
    })
}

/// Name, JSON text and whether it is a number made here.
fn dimension<'a>(
    event: &Event<'a>,
    rule: &'a EventDimension,
) -> Option<(&'a str, Cow<'a, str>, bool)> {
    let raw: &'a RawValue = event.data.get(rule.field.as_str())?;
    if raw.get() == "null" {
        return None;
    }
    if !rule.count {
        return Some((&rule.name, Cow::Borrowed(raw.get()), false));
    }
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    Some((&rule.name, items.len().to_string().into(), true))
}

fn parse_scalar(json: &str) -> DimensionValue<'_> {
    match json {
        "true" => DimensionValue::Bool(true),
        "false" => DimensionValue::Bool(false),
        nested if nested.starts_with(['{', '[', '"']) => DimensionValue::Nested(nested),
        number => DimensionValue::Number(number),
    }
}
