//! Platforms are data, not code: a registry with five presets.

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// A platform that sends events, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// Its name, such as `coreldove`.
    pub name: String,
    /// A title for people, such as `E-commerce`.
    pub title: String,
    /// The points that one event gives.
    pub points: Vec<EventPoint>,
}

/// One point made of an event's `data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPoint {
    /// The point's `metric_type`.
    pub metric_type: String,
    /// The point's `metric_name`.
    pub metric_name: String,
    /// The field that holds the value, or a constant.
    pub value: EventValue,
    /// Dimension name to where it comes from.
    pub dimensions: Vec<EventDimension>,
    /// The metric's kind, with which it is registered.
    pub kind: storage_layout::MetricKind,
}

/// Where a point's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventValue {
    /// A field of the event's data; the point is made only when it is there.
    Field(String),
    /// Always this number.
    Constant(String),
}

/// Where a dimension comes from; a missing field leaves the dimension out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDimension {
    /// The dimension's name.
    pub name: String,
    /// The field of the event's data.
    pub field: String,
    /// Whether the number of the field's elements is meant, not its value.
    #[serde(default)]
    pub count: bool,
}

/// Reads and extends the registry.
#[derive(Debug, Clone)]
pub struct Platforms {}

impl Platforms {
    /// All platforms.
    pub async fn list(&self) -> Result<Vec<Platform>> {
        todo!()
    }

    /// Registers a platform, or replaces its registration.
    pub async fn register(&self, _platform: &Platform) -> Result<()> {
        todo!()
    }
}
