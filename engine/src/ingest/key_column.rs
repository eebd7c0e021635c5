//! The values of one dimension key in a batch, without the rows that lack it.
//!
//! A body may name thousands of keys; only those that the registry has become
//! columns with a place for every row.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Decimal128Array, StringViewBuilder, UInt32Array};
use arrow::compute::take;
use storage_layout::Value;
use storage_layout::schema::value_type;

use crate::error::{Error, Result};

/// Texts and numbers of a key, each with the row that it is of.
#[derive(Debug)]
pub(super) struct KeyColumn {
    /// The key as it was sent.
    pub(super) key: Box<str>,
    /// Whether some number fits no column.
    pub(super) misfit: bool,
    text_rows: Vec<u32>,
    texts: StringViewBuilder,
    finished_texts: Option<ArrayRef>,
    number_rows: Vec<u32>,
    numbers: Vec<i128>,
}

impl KeyColumn {
    /// A key that has no value yet.
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.into(),
            misfit: false,
            text_rows: Vec::new(),
            texts: StringViewBuilder::with_capacity(0),
            finished_texts: None,
            number_rows: Vec::new(),
            numbers: Vec::new(),
        }
    }

    /// The text of a row, which comes after all earlier ones.
    pub(super) fn push_text(&mut self, row: usize, text: &str) {
        self.text_rows.push(number(row));
        self.texts.append_value(text);
    }

    /// The number of a row, which comes after all earlier ones.
    pub(super) fn push_number(&mut self, row: usize, value: Value) {
        self.number_rows.push(number(row));
        self.numbers.push(value.units());
    }

    /// The texts of so many rows; `None` when there is none.
    pub(super) fn texts(&mut self, rows: usize) -> Result<Option<ArrayRef>> {
        if self.text_rows.is_empty() {
            return Ok(None);
        }
        let made = || -> ArrayRef { Arc::new(self.texts.finish()) };
        let texts = self.finished_texts.get_or_insert_with(made);
        spread(texts, &self.text_rows, rows).map(Some)
    }

    /// The numbers of so many rows; `None` when there is none.
    pub(super) fn numbers(&self, rows: usize) -> Result<Option<ArrayRef>> {
        if self.number_rows.is_empty() {
            return Ok(None);
        }
        let numbers = Decimal128Array::from(self.numbers.clone()).with_data_type(value_type());
        let numbers: ArrayRef = Arc::new(numbers);
        spread(&numbers, &self.number_rows, rows).map(Some)
    }
}

/// Values brought to their rows; the others are null.
fn spread(values: &ArrayRef, of_rows: &[u32], rows: usize) -> Result<ArrayRef> {
    if values.len() == rows {
        return Ok(values.clone());
    }
    let mut places = vec![None; rows];
    for (place, row) in (0..).zip(of_rows) {
        places[*row as usize] = Some(place);
    }
    take(values, &UInt32Array::from(places), None).map_err(Error::internal)
}

/// A body's limits keep rows far below this.
fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use arrow::array::AsArray;

    use super::*;

    #[test]
    fn values_stand_at_their_rows_however_often_they_are_asked_for() {
        let mut column = KeyColumn::new("k");
        column.push_text(1, "a");
        column.push_text(3, "a text that is too long for its view");
        column.push_number(0, Value::parse("4.07").expect("a value").value);
        for _ in 0..2 {
            let texts = column.texts(5).expect("texts").expect("some");
            let texts: Vec<_> = texts.as_string_view().iter().collect();
            let long = Some("a text that is too long for its view");
            assert_eq!(texts, [None, Some("a"), None, long, None]);
            let numbers = column.numbers(2).expect("numbers").expect("some");
            assert_eq!((numbers.len(), numbers.null_count()), (2, 1));
        }
        assert!(KeyColumn::new("k").texts(3).expect("texts").is_none());
    }
}
