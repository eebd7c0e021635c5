//! What of its tenant's data a caller may see.
//!
//! Every session has one; most see everything. It is applied to rows below all
//! that a caller can write ([`super::restricted`]), and to roll-ups either by
//! platform or by making them again from the rows that are left. It knows no
//! roles: those are the callers' matter.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, RecordBatch, RecordBatchOptions,
    StringViewArray, StringViewBuilder, new_null_array,
};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{DataType, Decimal128Type, Schema, SchemaRef};
use arrow::error::ArrowError;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage_layout::schema::{DIMENSIONS, PLATFORM};
use storage_layout::{DimensionRegistry, decimal};

use super::functions::member;
use crate::error::{Error, Result};

/// Names that one access may list, values of its filters included.
const MAX_NAMES: usize = 1_000;
/// Bytes of one such name.
const MAX_NAME_BYTES: usize = 256;

/// What of its tenant's data a caller may see: the rows that pass all of
/// `platforms` and `filters`, without the keys in `masks`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// The platforms whose points are seen; `None`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platforms: Option<BTreeSet<String>>,
    /// For a dimension key the values, as text, of the points that are seen. A
    /// point without the key is not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub filters: BTreeMap<String, BTreeSet<String>>,
    /// Dimension keys that read as null, and are left out of the JSON text.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub masks: BTreeSet<String>,
}

impl Access {
    /// Everything of the tenant.
    pub fn full() -> Self {
        Self::default()
    }

    /// Whether nothing is withheld.
    pub fn is_full(&self) -> bool {
        self.platforms.is_none() && !self.is_of_rows()
    }

    /// Whether it takes more than a platform's name to tell what is seen, so
    /// that stored roll-ups cannot.
    pub fn is_of_rows(&self) -> bool {
        !self.filters.is_empty() || !self.masks.is_empty()
    }

    /// Whether points of this platform are seen, as far as it goes by platform.
    pub fn shows(&self, platform: &str) -> bool {
        self.platforms
            .as_ref()
            .is_none_or(|names| names.contains(platform))
    }

    /// What both of two show: never more than either.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let platforms = match (&self.platforms, &other.platforms) {
            (Some(a), Some(b)) => Some(a & b),
            (a, b) => a.clone().or_else(|| b.clone()),
        };
        let mut filters = self.filters.clone();
        for (key, values) in &other.filters {
            filters
                .entry(key.clone())
                .and_modify(|own| *own = &*own & values)
                .or_insert_with(|| values.clone());
        }
        Self {
            platforms,
            filters,
            masks: &self.masks | &other.masks,
        }
    }

    /// Refuses what is too large to be applied to each row. Errors: `Invalid`.
    pub fn check(&self) -> Result<()> {
        let platforms = self.platforms.iter().flatten();
        let filters = self.filters.iter();
        let filters = filters.flat_map(|(key, values)| std::iter::once(key).chain(values));
        let names = platforms.chain(filters).chain(&self.masks);
        let (mut count, mut long) = (0, false);
        for name in names {
            count += 1;
            long |= name.is_empty() || name.len() > MAX_NAME_BYTES;
        }
        if long {
            let message = format!("a name or value must have 1 to {MAX_NAME_BYTES} bytes");
            return Err(Error::invalid(message, "filters"));
        }
        if count > MAX_NAMES {
            let message = format!("{count} names and values are given; {MAX_NAMES} are allowed");
            return Err(Error::invalid(message, "filters"));
        }
        Ok(())
    }

    /// The stored columns that decide about a row.
    pub(crate) fn deciding(&self, registry: &DimensionRegistry) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        if self.platforms.is_some() {
            names.insert(PLATFORM.to_owned());
        }
        for key in self.filters.keys() {
            let column = registry.get(key);
            names.extend(column.map(|column| column.text_column()));
            names.extend(column.map(|column| column.number_column()));
            if column.map_or(registry.overflowed, |column| column.partial) {
                names.insert(DIMENSIONS.to_owned());
            }
        }
        names
    }

    /// The rows of a batch that are seen, in these columns, the masked ones
    /// null. `batch` must hold the deciding columns that its file has.
    pub(crate) fn apply(
        &self,
        registry: &DimensionRegistry,
        batch: &RecordBatch,
        columns: &SchemaRef,
    ) -> Result<RecordBatch, ArrowError> {
        let seen = self.seen(registry, batch)?;
        let masked: BTreeSet<String> = self.masked_columns(registry);
        let shown = columns.fields().iter().map(|field| {
            let column = batch.column_by_name(field.name()).ok_or_else(|| {
                ArrowError::SchemaError(format!("the column {} is missing", field.name()))
            })?;
            Ok::<ArrayRef, ArrowError>(match field.name().as_str() {
                name if masked.contains(name) => new_null_array(field.data_type(), column.len()),
                DIMENSIONS if !self.masks.is_empty() => Arc::new(self.masked_json(text(column)?)),
                _ => column.clone(),
            })
        });
        let shown = shown.collect::<Result<Vec<_>, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let shown = RecordBatch::try_new_with_options(columns.clone(), shown, &options)?;
        filter_record_batch(&shown, &seen)
    }

    /// Which rows are seen.
    fn seen(
        &self,
        registry: &DimensionRegistry,
        batch: &RecordBatch,
    ) -> Result<BooleanArray, ArrowError> {
        let mut seen = vec![true; batch.num_rows()];
        if let Some(platforms) = &self.platforms {
            let column = batch.column_by_name(PLATFORM);
            let column = column.map(text).transpose()?;
            for (row, seen) in seen.iter_mut().enumerate() {
                let name = column.filter(|c| c.is_valid(row)).map(|c| c.value(row));
                *seen = name.is_some_and(|name| platforms.contains(name));
            }
        }
        for (key, values) in &self.filters {
            let labels = Labels::of(registry, key, batch)?;
            for (row, seen) in seen.iter_mut().enumerate().filter(|(_, seen)| **seen) {
                *seen = labels.is_one_of(row, values);
            }
        }
        Ok(BooleanArray::from(seen))
    }

    fn masked_columns(&self, registry: &DimensionRegistry) -> BTreeSet<String> {
        let columns = self.masks.iter().filter_map(|key| registry.get(key));
        columns
            .flat_map(|column| [column.text_column(), column.number_column()])
            .collect()
    }

    /// JSON texts without the masked keys; what is no object is left out whole.
    fn masked_json(&self, texts: &StringViewArray) -> StringViewArray {
        let mut masked = StringViewBuilder::with_capacity(texts.len());
        for text in texts {
            masked.append_option(text.and_then(|text| {
                let mut members: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
                let before = members.len();
                members.retain(|key, _| !self.masks.contains(key));
                match members.len() == before {
                    true => Some(text.to_owned()),
                    false => serde_json::to_string(&members).ok(),
                }
            }));
        }
        masked.finish()
    }
}

/// A dimension's texts in a batch, as `dimensions->>'key'` gives them.
struct Labels<'a> {
    key: &'a str,
    texts: Option<&'a StringViewArray>,
    numbers: Option<&'a Decimal128Array>,
    /// Where a point may hold the key in its JSON text alone.
    json: Option<&'a StringViewArray>,
}

impl<'a> Labels<'a> {
    fn of(
        registry: &DimensionRegistry,
        key: &'a str,
        batch: &'a RecordBatch,
    ) -> Result<Self, ArrowError> {
        let names = registry.get(key);
        let column = |name: String| batch.column_by_name(&name);
        let texts = names.and_then(|names| column(names.text_column()));
        let numbers = names.and_then(|names| column(names.number_column()));
        let hides = names.map_or(registry.overflowed, |names| names.partial);
        let json = batch.column_by_name(DIMENSIONS).filter(|_| hides);
        Ok(Self {
            key,
            texts: texts.map(text).transpose()?,
            numbers: numbers.map(number).transpose()?,
            json: json.map(text).transpose()?,
        })
    }

    fn is_one_of(&self, row: usize, values: &BTreeSet<String>) -> bool {
        if let Some(texts) = self.texts.filter(|c| c.is_valid(row)) {
            return values.contains(texts.value(row));
        }
        if let Some(numbers) = self.numbers.filter(|c| c.is_valid(row)) {
            let scale = match numbers.data_type() {
                DataType::Decimal128(_, scale) => *scale,
                _ => decimal::SCALE,
            };
            return values.contains(&decimal::canonical(numbers.value(row), scale));
        }
        let json = self.json.filter(|c| c.is_valid(row));
        json.and_then(|json| member(json.value(row), self.key))
            .is_some_and(|label| values.contains(&label))
    }
}

fn text(column: &ArrayRef) -> Result<&StringViewArray, ArrowError> {
    column.as_string_view_opt().ok_or_else(|| unfit(column))
}

fn number(column: &ArrayRef) -> Result<&Decimal128Array, ArrowError> {
    column
        .as_primitive_opt::<Decimal128Type>()
        .ok_or_else(|| unfit(column))
}

/// A row of another type than the schema's is not let through.
fn unfit(column: &ArrayRef) -> ArrowError {
    ArrowError::SchemaError(format!("a column is {}", column.data_type()))
}

/// The columns that are wanted and those that decide, in the order of `stored`.
pub(crate) fn with_deciding(
    access: &Access,
    registry: &DimensionRegistry,
    stored: &Schema,
    wanted: &SchemaRef,
) -> SchemaRef {
    let deciding = access.deciding(registry);
    let mut fields: Vec<_> = wanted.fields().iter().cloned().collect();
    for field in stored.fields() {
        if deciding.contains(field.name()) && wanted.field_with_name(field.name()).is_err() {
            fields.push(field.clone());
        }
    }
    Arc::new(Schema::new(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn two_together_show_never_more_than_either() {
        let a = Access {
            platforms: Some(set(&["p", "q"])),
            filters: BTreeMap::from([("city".into(), set(&["Pune", "Delhi"]))]),
            masks: set(&["customer_id"]),
        };
        let b = Access {
            platforms: Some(set(&["q", "r"])),
            filters: BTreeMap::from([
                ("city".into(), set(&["Delhi"])),
                ("shop".into(), set(&["1"])),
            ]),
            masks: set(&["email"]),
        };
        let both = Access {
            platforms: Some(set(&["q"])),
            filters: BTreeMap::from([
                ("city".into(), set(&["Delhi"])),
                ("shop".into(), set(&["1"])),
            ]),
            masks: set(&["customer_id", "email"]),
        };
        assert_eq!(a.and(&b), both);
        assert_eq!(b.and(&a), both);
        assert_eq!(a.and(&Access::full()), a);
        assert!(Access::full().is_full() && !a.is_full());
        let nothing = Access {
            platforms: Some(BTreeSet::new()),
            ..Access::full()
        };
        assert!(!nothing.is_full() && !nothing.shows("p"));
    }

    #[test]
    fn a_masked_key_vanishes_from_the_text_and_what_cannot_be_read_goes_whole() {
        let access = Access {
            masks: set(&["customer_id"]),
            ..Access::full()
        };
        let texts = StringViewArray::from(vec![
            Some(r#"{"customer_id":"c","n":1.50}"#),
            Some(r#"{"n":1.50,"a":2}"#),
            Some("customer_id"),
            None,
        ]);
        let masked = access.masked_json(&texts);
        let masked: Vec<Option<&str>> = masked.iter().collect();
        let expected = [
            Some(r#"{"n":1.50}"#),
            Some(r#"{"n":1.50,"a":2}"#),
            None,
            None,
        ];
        assert_eq!(masked, expected);
    }
}
