//! Checked points in columns: shredding happens as each point is pushed.
//!
//! It knows no JSON syntax (see `parse`) and no file format (see `encode`).

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, Decimal128Array, Int64Array, RecordBatch, StringViewArray,
    StringViewBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::Schema;
use sha2::{Digest, Sha256};
use storage_layout::dimension::DimensionColumn;
use storage_layout::dimension_template::Kind;
use storage_layout::schema::{DIMENSIONS, number_field, stored_fields, text_field, value_type};
use storage_layout::{DimensionRegistry, MetricKey, Value};
use uuid::Uuid;

use super::key_column::KeyColumn;
use super::shapes::Shapes;
use super::{DimensionValue, RawPoint, Rejection, dimension_text};
use crate::error::{Error, Result};
use crate::metadata::platforms::Platform;

/// Dimensions of one point.
pub(super) const MAX_DIMENSIONS: usize = 64;
/// Different dimension keys of a batch. A plan registers a few hundred at most;
/// each costs memory while its batch is taken.
const MAX_KEYS: usize = 4_096;
/// Bytes of a dimension's key, and of a metric's names.
pub(super) const MAX_NAME_BYTES: usize = 128;
/// Bytes of a dimension's text, and of an event id.
pub(super) const MAX_TEXT_BYTES: usize = 1024;
/// Bytes of all dimensions of one point, as JSON.
pub(super) const MAX_DIMENSIONS_BYTES: usize = 16 * 1024;
/// Levels of a nested dimension: what readers of JSON take without trouble.
const MAX_DEPTH: usize = 16;
/// 1900-01-01 and 2200-01-01, microseconds since 1970: outside is a mistake.
const TIME_RANGE_US: std::ops::Range<i64> = -2_208_988_800_000_000..7_258_118_400_000_000;

/// Points that passed all checks.
#[derive(Debug)]
pub struct PointBatch {
    platforms: Arc<Vec<Platform>>,
    now_us: i64,
    metrics: Vec<MetricKey>,
    metric_numbers: HashMap<[Box<str>; 3], u32>,
    last_metric: Option<u32>,
    metric: Vec<u32>,
    values: Vec<i128>,
    recorded_at: Vec<i64>,
    events: Vec<Option<Uuid>>,
    event_ids: StringViewBuilder,
    dimensions: StringViewBuilder,
    shapes: Shapes,
    keys: Vec<KeyColumn>,
    key_numbers: HashMap<Box<str>, usize>,
    json: String,
    /// Rows whose value had more than nine decimals.
    rounded: Vec<usize>,
    /// The columns that no registry changes, made once; dimensions as whole texts.
    finished: Option<Vec<ArrayRef>>,
}

impl PointBatch {
    /// An empty batch; points of other platforms than these are rejected, and
    /// a point without a time gets `now_us`.
    pub(crate) fn new(platforms: Arc<Vec<Platform>>, now_us: i64) -> Self {
        Self {
            platforms,
            now_us,
            metrics: Vec::new(),
            metric_numbers: HashMap::new(),
            last_metric: None,
            metric: Vec::new(),
            values: Vec::new(),
            recorded_at: Vec::new(),
            events: Vec::new(),
            event_ids: StringViewBuilder::new(),
            dimensions: StringViewBuilder::new(),
            shapes: Shapes::default(),
            keys: Vec::new(),
            key_numbers: HashMap::new(),
            json: String::new(),
            rounded: Vec::new(),
            finished: None,
        }
    }

    /// Checks and adds a point; the rejection names field and reason
    /// (`index` is left at 0 for the caller to fill in).
    pub fn push(&mut self, point: &RawPoint<'_>) -> Result<(), Rejection> {
        let text = point.value.ok_or_else(|| missing("value"))?;
        let value = Value::parse(text)
            .map_err(|e| reject("value", format!("{e}; send a decimal number below 10^16")))?;
        let recorded_at = point.recorded_at_us.unwrap_or(self.now_us);
        if !TIME_RANGE_US.contains(&recorded_at) {
            return Err(reject("recorded_at", "lies outside the years 1900 to 2199"));
        }
        if point
            .event_id
            .is_some_and(|id| id.is_empty() || id.len() > MAX_TEXT_BYTES)
        {
            return Err(reject(
                "event_id",
                format!("must have 1 to {MAX_TEXT_BYTES} bytes"),
            ));
        }
        if point.event_id.is_some_and(|id| id.contains('\0')) {
            return Err(reject("event_id", "must not hold a NUL character"));
        }
        self.check_dimensions(point.dimensions)?;
        dimension_text::write_object(&mut self.json, point.dimensions);
        if self.json.len() > MAX_DIMENSIONS_BYTES {
            return Err(reject(
                "dimensions",
                format!("are longer than {MAX_DIMENSIONS_BYTES} bytes"),
            ));
        }
        // The last that can fail: a rejected point leaves no trace, not even
        // the name of a metric.
        let metric = self.metric(point)?;
        let row = self.len();
        self.shred(row, point.dimensions);
        if point.dimensions.is_empty() {
            self.dimensions.append_null();
        } else {
            self.dimensions.append_value(&self.json);
        }
        self.metric.push(metric);
        self.values.push(value.value.units());
        if value.rounded {
            self.rounded.push(row);
        }
        self.recorded_at.push(recorded_at);
        self.events.push(point.event_id.map(event_hash));
        self.event_ids.append_option(point.event_id);
        Ok(())
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.metric.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.metric.is_empty()
    }

    /// Values with more than nine decimals.
    pub fn rounded(&self) -> u64 {
        self.rounded.len() as u64
    }

    /// Those of them whose rows are kept; `kept` says so for each row.
    pub(super) fn rounded_of(&self, kept: &[bool]) -> u64 {
        let kept = self.rounded.iter().filter(|row| kept[**row]);
        kept.count() as u64
    }

    /// The metrics that occur.
    pub(super) fn metrics(&self) -> &[MetricKey] {
        &self.metrics
    }

    /// The hash of each point's event id.
    pub(super) fn events(&self) -> &[Option<Uuid>] {
        &self.events
    }

    /// The dimension keys, in the order in which they first came.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(|column| &*column.key)
    }

    /// Registered keys with a number that fits no column.
    pub(super) fn misfits<'r>(
        &'r self,
        registry: &'r DimensionRegistry,
    ) -> impl Iterator<Item = &'r DimensionColumn> {
        let misfit = self.keys.iter().filter(|column| column.misfit);
        misfit
            .filter_map(|column| registry.get(&column.key))
            .filter(|c| !c.partial)
    }

    /// The rows in the columns that `registry` names; points with other keys keep
    /// their JSON text, the others' is a template. `commit_version` is null: the file's own. No point can be
    /// added from here on.
    pub(super) fn rows(&mut self, registry: &DimensionRegistry) -> Result<RecordBatch> {
        let rows = self.len();
        let mut columns = match &self.finished {
            Some(fixed) => fixed.clone(),
            None => self.finish()?,
        };
        self.finished = Some(columns.clone());
        let mut fields = stored_fields();
        if let Ok(at) = Schema::new(fields.clone()).index_of(DIMENSIONS) {
            let names = |key: usize| registry.get(&self.keys[key].key);
            columns[at] = self.shapes.stored(columns[at].as_string_view(), names)?;
        }
        for column in &mut self.keys {
            let Some(names) = registry.get(&column.key) else {
                continue;
            };
            if let Some(texts) = column.texts(rows)? {
                fields.push(text_field(names.text_column()));
                columns.push(texts);
            }
            if let Some(numbers) = column.numbers(rows)? {
                fields.push(number_field(names.number_column()));
                columns.push(numbers);
            }
        }
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(Error::internal)
    }

    fn finish(&mut self) -> Result<Vec<ArrayRef>> {
        let rows = self.len();
        let [platform, metric_type, metric_name] = self.name_columns()?;
        let now = TimestampMicrosecondArray::from_value(self.now_us, rows).with_timezone("UTC");
        let times = std::mem::take(&mut self.recorded_at);
        let values = std::mem::take(&mut self.values);
        Ok(vec![
            platform,
            metric_type,
            metric_name,
            Arc::new(Decimal128Array::from(values).with_data_type(value_type())),
            Arc::new(self.dimensions.finish()),
            Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")),
            Arc::new(self.event_ids.finish()),
            Arc::new(now),
            Arc::new(Int64Array::new_null(rows)),
        ])
    }

    fn name_columns(&self) -> Result<[ArrayRef; 3]> {
        let column = |name: fn(&MetricKey) -> &Arc<str>| -> Result<ArrayRef> {
            let names = StringViewArray::from_iter_values(self.metrics.iter().map(|m| &**name(m)));
            let rows = arrow::array::UInt32Array::from(self.metric.clone());
            arrow::compute::take(&names, &rows, None).map_err(Error::internal)
        };
        Ok([
            column(|m| &m.platform)?,
            column(|m| &m.metric_type)?,
            column(|m| &m.metric_name)?,
        ])
    }

    fn metric(&mut self, point: &RawPoint<'_>) -> Result<u32, Rejection> {
        let names = [
            ("platform", point.platform),
            ("metric_type", point.metric_type),
            ("metric_name", point.metric_name),
        ];
        let [platform, metric_type, metric_name] = [names[0].1, names[1].1, names[2].1];
        if let (Some(last), Some(p), Some(t), Some(n)) =
            (self.last_metric, platform, metric_type, metric_name)
        {
            let seen = &self.metrics[last as usize];
            if &*seen.metric_name == n && &*seen.metric_type == t && &*seen.platform == p {
                return Ok(last);
            }
        }
        for (field, name) in names {
            let name = name.ok_or_else(|| missing(field))?;
            check_name(field, name)?;
        }
        let [platform, metric_type, metric_name] =
            [platform, metric_type, metric_name].map(|name| name.unwrap_or_default());
        let key = [platform, metric_type, metric_name].map(Box::from);
        if let Some(number) = self.metric_numbers.get(&key) {
            self.last_metric = Some(*number);
            return Ok(*number);
        }
        if !self.platforms.iter().any(|known| known.name == platform) {
            let known: Vec<&str> = self.platforms.iter().map(|p| p.name.as_str()).collect();
            return Err(reject(
                "platform",
                format!("is not registered; registered are {}", known.join(", ")),
            ));
        }
        let number = u32::try_from(self.metrics.len()).unwrap_or(u32::MAX);
        self.metrics.push(MetricKey {
            platform: platform.into(),
            metric_type: metric_type.into(),
            metric_name: metric_name.into(),
        });
        self.metric_numbers.insert(key, number);
        self.last_metric = Some(number);
        Ok(number)
    }

    fn check_dimensions(&self, dimensions: &[(&str, DimensionValue<'_>)]) -> Result<(), Rejection> {
        if dimensions.len() > MAX_DIMENSIONS {
            return Err(reject(
                "dimensions",
                format!("are {} of at most {MAX_DIMENSIONS}", dimensions.len()),
            ));
        }
        for (i, (key, value)) in dimensions.iter().enumerate() {
            let field = || format!("dimensions.{}", key.chars().take(64).collect::<String>());
            // A key that an earlier point brought has been checked.
            let known = self.keys.get(i).is_some_and(|column| &*column.key == *key);
            if !known && let Err(fault) = check_name("", key) {
                return Err(reject(&field(), format!("the key {}", fault.reason)));
            }
            if !known && self.keys.len() >= MAX_KEYS && !self.key_numbers.contains_key(*key) {
                let reason = format!(
                    "the body has {MAX_KEYS} different keys already; keys are names, put what \
                     varies into values"
                );
                return Err(reject(&field(), reason));
            }
            if matches!(value, DimensionValue::Text(text) if text.len() > MAX_TEXT_BYTES) {
                return Err(reject(
                    &field(),
                    format!("is longer than {MAX_TEXT_BYTES} bytes"),
                ));
            }
            if matches!(value, DimensionValue::Nested(json) if dimension_text::depth(json) > MAX_DEPTH)
            {
                return Err(reject(
                    &field(),
                    format!("is nested deeper than {MAX_DEPTH} levels"),
                ));
            }
            let nul = match value {
                DimensionValue::Text(text) => text.contains('\0'),
                DimensionValue::Nested(json) => dimension_text::escapes_nul(json),
                _ => false,
            };
            if nul {
                return Err(reject(&field(), "must not hold a NUL character"));
            }
            if dimensions[..i].iter().any(|(earlier, _)| earlier == key) {
                return Err(reject(&field(), "appears twice"));
            }
        }
        Ok(())
    }

    fn shred(&mut self, row: usize, dimensions: &[(&str, DimensionValue<'_>)]) {
        let mut shape = self.shapes.begin();
        for (position, (key, value)) in dimensions.iter().enumerate() {
            if matches!(value, DimensionValue::Null | DimensionValue::Nested(_)) {
                shape.whole();
                continue;
            }
            // Points mostly carry the same keys in the same order.
            let number = match self.keys.get(position) {
                Some(column) if &*column.key == *key => position,
                _ => self.key_number(key),
            };
            let column = &mut self.keys[number];
            match value {
                DimensionValue::Text(text) => {
                    column.push_text(row, text);
                    shape.push(number, Kind::Text);
                }
                DimensionValue::Bool(value) => {
                    column.push_text(row, if *value { "true" } else { "false" });
                    shape.push(number, Kind::Boolean);
                }
                DimensionValue::Number(text) => match Value::parse(text) {
                    Ok(parsed) if !parsed.rounded => {
                        column.push_number(row, parsed.value);
                        shape.push(number, Kind::Number);
                    }
                    _ => {
                        column.misfit = true;
                        shape.whole();
                    }
                },
                DimensionValue::Null | DimensionValue::Nested(_) => {}
            }
        }
        self.shapes.end(shape);
    }

    fn key_number(&mut self, key: &str) -> usize {
        if let Some(number) = self.key_numbers.get(key) {
            return *number;
        }
        let number = self.keys.len();
        self.keys.push(KeyColumn::new(key));
        self.key_numbers.insert(key.into(), number);
        number
    }
}

fn check_name(field: &str, name: &str) -> Result<(), Rejection> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return Err(reject(
            field,
            format!("must have 1 to {MAX_NAME_BYTES} bytes"),
        ));
    }
    if name.trim().is_empty() {
        return Err(reject(field, "must not be blank"));
    }
    // What is no ASCII begins with a byte from 0x80 on.
    let plain = |c: u8| (0x20..0x7f).contains(&c);
    if !name.bytes().all(plain) && name.chars().any(char::is_control) {
        return Err(reject(field, "must not hold control characters"));
    }
    Ok(())
}

/// 128 bits of SHA-256: no tenant can make two ids that collide.
pub(super) fn event_hash(id: &str) -> Uuid {
    let digest: [u8; 32] = Sha256::digest(id.as_bytes()).into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(half)
}

fn missing(field: &str) -> Rejection {
    reject(field, "is missing")
}

pub(super) fn reject(field: &str, reason: impl Into<String>) -> Rejection {
    Rejection {
        index: 0,
        // A key of the sender's may hold NUL, which Postgres has no text for.
        field: field.replace('\0', "\u{fffd}"),
        reason: reason.into(),
    }
}
