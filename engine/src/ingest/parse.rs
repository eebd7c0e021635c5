//! Bodies of points: JSON arrays, objects with `data_points`, NDJSON.
//!
//! A faulty body is an error with its line and column; a faulty point is
//! rejected by its index and the others go on. Numbers stay text throughout.

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use storage_layout::TenantId;

use super::batch::{PointBatch, reject};
use super::faults::Faults;
use super::{BodyFormat, DimensionValue, RawPoint, Rejection, refusal};
use crate::error::{Error, Location, Result};

/// Points of one body.
const MAX_POINTS: usize = 1_000_000;
/// Points from which on a body is worth a second thread.
const PARALLEL_POINTS: usize = 4_000;

/// A part of a body: its points, what was rejected (by index in the whole
/// body).
pub(super) struct Part {
    pub(super) batch: PointBatch,
    pub(super) faults: Faults,
}

/// Parses a body, large ones on two threads; `empty` makes batches.
pub(super) fn body(
    text: &str,
    format: BodyFormat,
    tenant: &TenantId,
    empty: impl Fn() -> PointBatch + Sync,
) -> Result<Vec<Part>> {
    let elements = match format {
        BodyFormat::NdJson => lines(text),
        BodyFormat::Json => array(text)?,
    };
    match elements.len() {
        0 => return Err(refusal::no_points()),
        n if n > MAX_POINTS => return Err(refusal::too_many_points(MAX_POINTS)),
        _ => {}
    }
    if elements.len() < PARALLEL_POINTS {
        return Ok(vec![part(&elements, 0, tenant, empty())?]);
    }
    let (first, second) = elements.split_at(elements.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| part(second, first.len(), tenant, empty()));
        let first = part(first, 0, tenant, empty())?;
        let second = second
            .join()
            .map_err(|_| Error::internal("a parser ended early"))??;
        Ok(vec![first, second])
    })
}

/// One point's text, and its line where the body has one line a point.
type Element<'a> = (&'a str, Option<u64>);

fn lines(text: &str) -> Vec<Element<'_>> {
    let lines = text.lines().zip(1..);
    lines
        .filter(|(line, _)| !line.trim_ascii().is_empty())
        .map(|(line, number)| (line, Some(number)))
        .take(MAX_POINTS + 1)
        .collect()
}

fn part(
    elements: &[Element<'_>],
    first_index: usize,
    tenant: &TenantId,
    mut batch: PointBatch,
) -> Result<Part> {
    let mut faults = Faults::default();
    for (index, (raw, line)) in (first_index as u64..).zip(elements) {
        let pushed = point(raw, *line, tenant, &mut batch);
        if let Err(mut fault) = pushed.map_err(|error| refusal::of_point(error, index))? {
            fault.index = index;
            faults.push(fault, raw);
        }
    }
    Ok(Part { batch, faults })
}

fn array(text: &str) -> Result<Vec<Element<'_>>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Envelope<'a> {
        #[serde(borrow)]
        data_points: Elements<'a>,
    }
    let parsed: Result<Elements<'_>, _> = if text.trim_ascii_start().starts_with('{') {
        serde_json::from_str::<Envelope<'_>>(text).map(|e| e.data_points)
    } else {
        serde_json::from_str(text)
    };
    let parsed = parsed.map_err(|e| malformed(&e, None))?;
    Ok(parsed.0)
}

/// The elements of an array; no more are held than show that there are too many.
struct Elements<'a>(Vec<Element<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Elements<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ElementsVisitor;
        impl<'de> Visitor<'de> for ElementsVisitor {
            type Value = Elements<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }
            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Elements<'de>, S::Error> {
                let mut elements = Vec::new();
                while let Some(raw) = seq.next_element::<&'de RawValue>()? {
                    if elements.len() <= MAX_POINTS {
                        elements.push((raw.get(), None));
                    }
                }
                Ok(Elements(elements))
            }
        }
        deserializer.deserialize_seq(ElementsVisitor)
    }
}

/// A body that is no JSON, with the place.
pub(super) fn malformed(error: &serde_json::Error, line: Option<u64>) -> Error {
    let (line, column) = (line.unwrap_or(error.line() as u64), error.column());
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or("malformed JSON");
    let location = Location {
        line,
        column: column as u64,
    };
    refusal::at(
        format!("the body cannot be read: {what}"),
        location,
        "send a JSON array of points, {\"data_points\": […]} or one JSON object a line (application/x-ndjson)",
    )
}

/// An event that is none, with the place.
pub(super) fn malformed_event(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or("malformed JSON");
    let location = Location {
        line: error.line() as u64,
        column: error.column() as u64,
    };
    refusal::at(
        format!("the event cannot be read: {what}"),
        location,
        "send {\"platform\": \"coreldove\", \"action\": \"order_placed\", \"data\": {…}}",
    )
}

/// One point. The outer error is a fault of the body, the inner one of the point.
pub(super) fn point(
    raw: &str,
    line: Option<u64>,
    tenant: &TenantId,
    batch: &mut PointBatch,
) -> Result<Result<(), Rejection>> {
    let fields: Fields<'_> = match serde_json::from_str(raw) {
        Ok(fields) => fields,
        Err(e) if e.is_data() => return Ok(Err(reject("", "a point must be a JSON object"))),
        Err(e) => return Err(malformed(&e, line)),
    };
    match fields.tenant_id.map(text) {
        Some(Some(named)) if named != tenant.as_str() => {
            return Err(Error::Forbidden {
                message: "a point names another tenant than the key's; nothing was kept".into(),
                at: Some("tenant_id".into()),
                hint: Some("leave tenant_id out, or send the point with that tenant's key".into()),
            });
        }
        Some(None) => return Ok(Err(reject("tenant_id", "must be a string"))),
        _ => {}
    }
    Ok(fields.push_into(batch))
}

/// A point's fields as they stand in the body.
#[derive(Default)]
struct Fields<'a> {
    platform: Option<&'a RawValue>,
    metric_type: Option<&'a RawValue>,
    metric_name: Option<&'a RawValue>,
    value: Option<&'a RawValue>,
    dimensions: Option<&'a RawValue>,
    recorded_at: Option<&'a RawValue>,
    event_id: Option<&'a RawValue>,
    tenant_id: Option<&'a RawValue>,
    fault: Option<Rejection>,
}

impl<'a> Fields<'a> {
    fn push_into(self, batch: &mut PointBatch) -> Result<(), Rejection> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let name = |field: &str, raw: Option<&'a RawValue>| match raw {
            None => Ok(None),
            Some(raw) => match text(raw) {
                Some(text) => Ok(Some(text)),
                None => Err(reject(field, "must be a string")),
            },
        };
        let platform = name("platform", self.platform)?;
        let metric_type = name("metric_type", self.metric_type)?;
        let metric_name = name("metric_name", self.metric_name)?;
        let event_id = match self.event_id {
            Some(raw) if raw.get() == "null" => None,
            raw => name("event_id", raw)?,
        };
        let value = self.value.map(number).transpose()?;
        let recorded_at_us = match self.recorded_at {
            Some(raw) if raw.get() != "null" => Some(time(raw)?),
            _ => None,
        };
        let owned = self.dimensions.map_or(Ok(Vec::new()), dimensions)?;
        let dimensions: Vec<(&str, DimensionValue<'_>)> = owned
            .iter()
            .map(|(key, value)| (&**key, value.borrowed()))
            .collect();
        batch.push(&RawPoint {
            platform: platform.as_deref(),
            metric_type: metric_type.as_deref(),
            metric_name: metric_name.as_deref(),
            value: value.as_deref(),
            recorded_at_us,
            event_id: event_id.as_deref(),
            dimensions: &dimensions,
        })
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields<'de>, M::Error> {
                let mut fields = Fields::default();
                while let Some(key) = map.next_key::<Text<'de>>()? {
                    let raw: &'de RawValue = map.next_value()?;
                    let slot = match &*key.0 {
                        "platform" => &mut fields.platform,
                        "metric_type" => &mut fields.metric_type,
                        "metric_name" => &mut fields.metric_name,
                        "value" | "metric_value" => &mut fields.value,
                        "dimensions" => &mut fields.dimensions,
                        "recorded_at" => &mut fields.recorded_at,
                        "event_id" => &mut fields.event_id,
                        "tenant_id" => &mut fields.tenant_id,
                        other => {
                            let shown: String = other.chars().take(64).collect();
                            fields.fault = Some(reject(
                                &shown,
                                "is not a field of a point; put it into dimensions",
                            ));
                            continue;
                        }
                    };
                    if slot.replace(raw).is_some() {
                        fields.fault = Some(reject(&key.0, "appears twice"));
                    }
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A string, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

enum OwnedValue<'a> {
    Text(Cow<'a, str>),
    Other(DimensionValue<'a>),
}

impl OwnedValue<'_> {
    fn borrowed(&self) -> DimensionValue<'_> {
        match self {
            Self::Text(text) => DimensionValue::Text(text),
            Self::Other(value) => *value,
        }
    }
}

/// The dimensions of a point, in the order in which they stand.
fn dimensions<'a>(raw: &'a RawValue) -> Result<Vec<(Cow<'a, str>, OwnedValue<'a>)>, Rejection> {
    /// Keys and values; a value that is no text is `None`.
    struct Pairs<'a>(Vec<(Cow<'a, str>, Option<OwnedValue<'a>>)>);
    impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct PairsVisitor;
            impl<'de> Visitor<'de> for PairsVisitor {
                type Value = Pairs<'de>;
                fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<'de>, M::Error> {
                    let mut pairs = Vec::with_capacity(8);
                    while let Some(key) = map.next_key::<Text<'de>>()? {
                        pairs.push((key.0, dimension(map.next_value()?)));
                    }
                    Ok(Pairs(pairs))
                }
            }
            deserializer.deserialize_map(PairsVisitor)
        }
    }
    if raw.get() == "null" {
        return Ok(Vec::new());
    }
    let pairs: Pairs<'_> = serde_json::from_str(raw.get())
        .map_err(|_| reject("dimensions", "must be a JSON object"))?;
    let whole = |(key, value): (Cow<'a, str>, Option<OwnedValue<'a>>)| match value {
        Some(value) => Ok((key, value)),
        None => {
            let shown: String = key.chars().take(64).collect();
            let reason = "holds half a surrogate pair";
            Err(reject(&format!("dimensions.{shown}"), reason))
        }
    };
    // Collects in place: the vector keeps its memory.
    pairs.0.into_iter().map(whole).collect()
}

/// `None`: a string with half a surrogate pair, which is no text.
fn dimension(raw: &RawValue) -> Option<OwnedValue<'_>> {
    Some(match raw.get() {
        "null" => OwnedValue::Other(DimensionValue::Null),
        "true" => OwnedValue::Other(DimensionValue::Bool(true)),
        "false" => OwnedValue::Other(DimensionValue::Bool(false)),
        nested if nested.starts_with(['{', '[']) => {
            OwnedValue::Other(DimensionValue::Nested(nested))
        }
        number if !number.starts_with('"') => OwnedValue::Other(DimensionValue::Number(number)),
        _ => OwnedValue::Text(text(raw)?),
    })
}

/// The text of a JSON string; `None` when it is something else.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(raw.get()).ok().map(Cow::Owned)
}

/// A value's text: a JSON number, or a string for senders without exact ones.
pub(super) fn number(raw: &RawValue) -> Result<Cow<'_, str>, Rejection> {
    match raw.get() {
        "null" => Err(reject("value", "is missing")),
        text if text.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
            Ok(Cow::Borrowed(text))
        }
        _ => text(raw).ok_or_else(|| reject("value", "must be a number")),
    }
}

pub(super) fn time(raw: &RawValue) -> Result<i64, Rejection> {
    text(raw)
        .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
        .map(|time| time.timestamp_micros())
        .ok_or_else(|| {
            reject(
                "recorded_at",
                "must be RFC 3339 with a zone, such as 2024-03-10T18:15:00Z",
            )
        })
}
