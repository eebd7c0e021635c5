//! A generated data point, and the two forms in which it goes in.

use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::ingest::{DimensionValue, PointBatch, RawPoint, Rejection};

/// A data point that was made up.
#[derive(Debug, Clone, PartialEq)]
pub struct DemoPoint {
    /// The platform.
    pub platform: &'static str,
    /// The metric's family.
    pub metric_type: &'static str,
    /// The metric's name.
    pub metric_name: &'static str,
    /// The value in hundredths.
    pub value_cents: i64,
    /// When it was recorded, to the millisecond.
    pub recorded_at: DateTime<Utc>,
    /// The sender's number of the event, if it sends one.
    pub event: Option<u64>,
    /// Dimensions in the order they are sent.
    pub dimensions: Vec<(&'static str, DemoValue)>,
}

/// A dimension's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DemoValue {
    /// One of a few names.
    Name(&'static str),
    /// A prefix and a number, such as `cust-17`.
    Id(&'static str, u64),
    /// A whole number.
    Number(i64),
}

impl DemoPoint {
    /// Appends the point as a line of NDJSON, as `POST /data-points` takes it.
    pub fn write_json_line(&self, out: &mut Vec<u8>) {
        let Self {
            platform,
            metric_type,
            metric_name,
            ..
        } = self;
        let at = self
            .recorded_at
            .to_rfc3339_opts(SecondsFormat::Millis, true);
        let value = cents(self.value_cents);
        // Writing to a vector cannot fail.
        let _ = write!(
            out,
            r#"{{"platform":"{platform}","metric_type":"{metric_type}","metric_name":"{metric_name}","value":{value},"recorded_at":"{at}""#
        );
        if let Some(event) = self.event {
            let _ = write!(out, r#","event_id":"{}""#, event_id(event, metric_name));
        }
        out.extend_from_slice(b",\"dimensions\":{");
        for (i, (key, value)) in self.dimensions.iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let _ = match value {
                DemoValue::Name(name) => write!(out, r#"{comma}"{key}":"{name}""#),
                DemoValue::Id(prefix, number) => {
                    write!(out, r#"{comma}"{key}":"{prefix}{number}""#)
                }
                DemoValue::Number(number) => write!(out, r#"{comma}"{key}":{number}"#),
            };
        }
        out.extend_from_slice(b"}}\n");
    }

    /// Adds the point to a batch.
    pub fn push_to(&self, batch: &mut PointBatch) -> Result<(), Rejection> {
        let texts: Vec<String> = self
            .dimensions
            .iter()
            .map(|(_, value)| value.text())
            .collect();
        let dimensions: Vec<(&str, DimensionValue<'_>)> = self
            .dimensions
            .iter()
            .zip(&texts)
            .map(|((key, value), text)| match value {
                DemoValue::Number(_) => (*key, DimensionValue::Number(text)),
                DemoValue::Name(_) | DemoValue::Id(..) => (*key, DimensionValue::Text(text)),
            })
            .collect();
        let value = cents(self.value_cents);
        let event_id = self.event.map(|event| event_id(event, self.metric_name));
        batch.push(&RawPoint {
            platform: Some(self.platform),
            metric_type: Some(self.metric_type),
            metric_name: Some(self.metric_name),
            value: Some(&value),
            recorded_at_us: Some(self.recorded_at.timestamp_micros()),
            event_id: event_id.as_deref(),
            dimensions: &dimensions,
        })
    }
}

impl DemoValue {
    fn text(&self) -> String {
        match self {
            Self::Name(name) => (*name).to_owned(),
            Self::Id(prefix, number) => format!("{prefix}{number}"),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// One event may give several points: each has an id of its own.
fn event_id(event: u64, metric_name: &str) -> String {
    format!("demo-{event}-{metric_name}")
}

fn cents(value: i64) -> String {
    let (sign, value) = (if value < 0 { "-" } else { "" }, value.unsigned_abs());
    format!("{sign}{}.{:02}", value / 100, value % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_one_line_of_json() {
        let point = DemoPoint {
            platform: "coreldove",
            metric_type: "revenue",
            metric_name: "order_revenue",
            value_cents: -1_205,
            recorded_at: DateTime::from_timestamp_millis(1_700_000_000_123).expect("a time"),
            event: Some(7),
            dimensions: vec![
                ("customer_id", DemoValue::Id("cust-", 3)),
                ("product_count", DemoValue::Number(2)),
            ],
        };
        let mut line = Vec::new();
        point.write_json_line(&mut line);
        assert_eq!(
            String::from_utf8(line).expect("text"),
            concat!(
                r#"{"platform":"coreldove","metric_type":"revenue","metric_name":"order_revenue","#,
                r#""value":-12.05,"recorded_at":"2023-11-14T22:13:20.123Z","#,
                r#""event_id":"demo-7-order_revenue","#,
                r#""dimensions":{"customer_id":"cust-3","product_count":2}}"#,
                "\n"
            )
        );
        assert_eq!((cents(-5), cents(100)), ("-0.05".into(), "1.00".into()));
    }
}
