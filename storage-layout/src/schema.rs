//! The data point's Arrow schema, and what may evolve.
//!
//! Fixed columns never change their type; every dimension key adds a text and
//! a number column, of which a file holds only those it has values for. A
//! reader fills what a file lacks with nulls. `tenant_id` is not stored in the
//! file: it is in the key and in the file's metadata, and readers add it back
//! as a constant.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::decimal;
use crate::dimension::DimensionRegistry;

/// The tenant, constant in every file.
pub const TENANT_ID: &str = "tenant_id";
/// The platform that sent the point.
pub const PLATFORM: &str = "platform";
/// The metric's family.
pub const METRIC_TYPE: &str = "metric_type";
/// The metric's name.
pub const METRIC_NAME: &str = "metric_name";
/// The exact value.
pub const METRIC_VALUE: &str = "metric_value";
/// All dimensions as one JSON object; in files as
/// [`dimension_template`](crate::dimension_template) says.
pub const DIMENSIONS: &str = "dimensions";
/// When it happened, UTC.
pub const RECORDED_AT: &str = "recorded_at";
/// The sender's id of the event.
pub const EVENT_ID: &str = "event_id";
/// When the server took it, UTC.
pub const INGESTED_AT: &str = "ingested_at";
/// The commit that brought it; null in a file means the file's own version.
pub const COMMIT_VERSION: &str = "commit_version";

/// Grows when an older reader could misread a file. Version 1 held the whole text
/// of dimensions; version 2 may hold templates.
pub const SCHEMA_VERSION: u32 = 2;

/// Exact decimals, see [`decimal`].
pub fn value_type() -> DataType {
    DataType::Decimal128(decimal::PRECISION, decimal::SCALE)
}

/// Microseconds in UTC.
pub fn timestamp_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

/// The columns that every file has, in order.
pub fn stored_fields() -> Vec<Field> {
    vec![
        Field::new(PLATFORM, DataType::Utf8View, false),
        Field::new(METRIC_TYPE, DataType::Utf8View, false),
        Field::new(METRIC_NAME, DataType::Utf8View, false),
        Field::new(METRIC_VALUE, value_type(), false),
        Field::new(DIMENSIONS, DataType::Utf8View, true),
        Field::new(RECORDED_AT, timestamp_type(), false),
        Field::new(EVENT_ID, DataType::Utf8View, true),
        Field::new(INGESTED_AT, timestamp_type(), false),
        Field::new(COMMIT_VERSION, DataType::Int64, true),
    ]
}

/// The text column of a dimension.
pub fn text_field(name: impl Into<String>) -> Field {
    Field::new(name, DataType::Utf8View, true)
}

/// The number column of a dimension.
pub fn number_field(name: impl Into<String>) -> Field {
    Field::new(name, value_type(), true)
}

/// What a file of this tenant may hold: the fixed columns and the columns of
/// every registered key.
pub fn stored_schema(registry: &DimensionRegistry) -> SchemaRef {
    let mut fields = stored_fields();
    for column in registry.columns() {
        fields.push(text_field(column.text_column()));
        fields.push(number_field(column.number_column()));
    }
    Arc::new(Schema::new(fields))
}

/// What a query sees: the stored columns led by `tenant_id`.
pub fn table_schema(registry: &DimensionRegistry) -> SchemaRef {
    let mut fields = vec![Arc::new(Field::new(TENANT_ID, DataType::Utf8View, false))];
    fields.extend(stored_schema(registry).fields().iter().cloned());
    Arc::new(Schema::new(fields))
}
