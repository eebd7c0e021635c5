//! A dimension of stored rows as text, wherever its points hold it: what
//! `dimensions->>'key'` means in SQL.

use std::borrow::Cow;
use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, Decimal128Array, RecordBatch, StringViewArray};
use arrow::datatypes::Decimal128Type;
use serde_json::value::RawValue;

use crate::arrange::wrong_type;
use crate::decimal;
use crate::dimension::DimensionRegistry;
use crate::dimension_template::is_mark;
use crate::error::Result;
use crate::schema::DIMENSIONS;

/// One key's values in one batch of the stored schema.
pub struct DimensionTexts<'a> {
    key: &'a str,
    texts: Option<&'a StringViewArray>,
    numbers: Option<&'a Decimal128Array>,
    /// Only for keys that some points hold in their JSON text alone.
    json: Option<&'a StringViewArray>,
}

impl<'a> DimensionTexts<'a> {
    /// The columns of `key` in a batch; a file lacks those it has no value for.
    pub fn of(batch: &'a RecordBatch, registry: &DimensionRegistry, key: &'a str) -> Result<Self> {
        let column = registry.get(key);
        let find = |name: Option<String>| name.and_then(|name| batch.column_by_name(&name));
        let texts = find(column.map(|c| c.text_column()));
        let numbers = find(column.map(|c| c.number_column()));
        let hidden = column.map_or(registry.overflowed, |c| c.partial);
        let json = find(hidden.then(|| DIMENSIONS.to_owned()));
        let text = |array: &'a dyn Array| array.as_string_view_opt().ok_or_else(|| wrong_type(key));
        Ok(Self {
            key,
            texts: texts.map(|c| text(c.as_ref())).transpose()?,
            numbers: numbers
                .map(|c| {
                    c.as_primitive_opt::<Decimal128Type>()
                        .ok_or_else(|| wrong_type(key))
                })
                .transpose()?,
            json: json.map(|c| text(c.as_ref())).transpose()?,
        })
    }

    /// Whether a row's text is that of a number in the key's column.
    pub fn is_number(&self, row: usize) -> bool {
        let valid = |column: Option<&dyn Array>| column.is_some_and(|c| c.is_valid(row));
        !valid(self.texts.map(|c| c as &dyn Array)) && valid(self.numbers.map(|c| c as &dyn Array))
    }

    /// The text at a row; `None` where the point has no value.
    pub fn at(&self, row: usize) -> Option<Cow<'a, str>> {
        if let Some(texts) = self.texts.filter(|c| c.is_valid(row)) {
            return Some(Cow::Borrowed(texts.value(row)));
        }
        if let Some(numbers) = self.numbers.filter(|c| c.is_valid(row)) {
            let text = decimal::canonical(numbers.value(row), decimal::SCALE);
            return Some(Cow::Owned(text));
        }
        let json = self.json.filter(|c| c.is_valid(row))?;
        member(json.value(row), self.key).map(Cow::Owned)
    }
}

/// A member of stored dimensions as text, if no column holds it; strings lose
/// their quotes, null is none.
fn member(json: &str, key: &str) -> Option<String> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    match members.get(key)?.get() {
        "null" => None,
        text if is_mark(text) => None,
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        text => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringViewArray};

    use super::*;
    use crate::dimension::DimensionColumn;

    #[test]
    fn a_value_is_found_in_either_column_or_in_the_text() {
        let text = |values: [Option<&str>; 4]| -> ArrayRef {
            Arc::new(values.into_iter().collect::<StringViewArray>())
        };
        let numbers: Decimal128Array = [None, Some(2_500_000_000), None, None]
            .into_iter()
            .collect();
        let json = [
            Some(r#"{"k":"a"}"#),
            Some(r#"{"k":2.50}"#),
            Some(r#"{"k":[1]}"#),
            Some("{}"),
        ];
        let batch = RecordBatch::try_from_iter([
            ("dim_k", text([Some("a"), None, None, None])),
            ("num_k", Arc::new(numbers) as ArrayRef),
            (DIMENSIONS, text(json)),
        ]);
        let batch = batch.expect("a batch");
        let found = |partial| {
            let column = DimensionColumn {
                key: "k".into(),
                column: "k".into(),
                partial,
            };
            let registry = DimensionRegistry::new(1, false, vec![column]);
            let texts = DimensionTexts::of(&batch, &registry, "k").expect("texts");
            [0, 1, 2, 3].map(|row| texts.at(row).map_or("none".to_owned(), Cow::into_owned))
        };
        assert_eq!(found(false), ["a", "2.5", "none", "none"]);
        assert_eq!(found(true), ["a", "2.5", "[1]", "none"]);
    }
}
