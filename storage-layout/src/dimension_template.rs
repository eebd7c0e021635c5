//! A point's dimensions as files keep them: JSON text in which a mark stands
//! where a column holds the value, so that no value is there twice.
//!
//! Points of one kind share their template, and a dictionary holds it once. The
//! text that is put together again is the one that was taken, byte for byte, with
//! its keys in the sender's order. A template begins with a space, which no whole
//! text does: that is how dimensions are kept that columns do not hold all of
//! (null, nested values, keys beyond the cap, numbers that fit no column).

use std::collections::HashMap;

use arrow::array::{
    Array, ArrayRef, AsArray, Decimal128Array, RecordBatch, StringViewArray, StringViewBuilder,
};
use arrow::datatypes::{DataType, Decimal128Type};

use crate::decimal;
use crate::dimension::{NUMBER_PREFIX, TEXT_PREFIX};
use crate::error::{Result, StorageError};

/// How a template begins.
const BEGIN: char = ' ';
/// How a mark begins, as JSON writes it: a string whose first character is
/// U+0002. Its kind and its column's name follow.
const MARK: &str = "\"\\u0002";

/// What a mark stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A string.
    Text,
    /// A boolean, which the text column holds as `true` or `false`.
    Boolean,
    /// A number, in canonical text.
    Number,
}

impl Kind {
    fn letter(self) -> char {
        match self {
            Self::Text => 't',
            Self::Boolean => 'b',
            Self::Number => 'n',
        }
    }

    fn of(letter: char) -> Option<Self> {
        let all = [Self::Text, Self::Boolean, Self::Number];
        all.into_iter().find(|kind| kind.letter() == letter)
    }

    fn column(self, name: &str) -> String {
        match self {
            Self::Text | Self::Boolean => format!("{TEXT_PREFIX}{name}"),
            Self::Number => format!("{NUMBER_PREFIX}{name}"),
        }
    }
}

/// The template of dimensions that columns hold all of: key, what it is, and the
/// name that its columns share.
pub fn template<'a>(dimensions: impl IntoIterator<Item = (&'a str, Kind, &'a str)>) -> String {
    let mut text = String::from(BEGIN);
    text.push('{');
    for (number, (key, kind, column)) in dimensions.into_iter().enumerate() {
        if number > 0 {
            text.push(',');
        }
        write_text(&mut text, key);
        text.push(':');
        text.push_str(MARK);
        text.push(kind.letter());
        text.push_str(column);
        text.push('"');
    }
    text.push('}');
    text
}

/// Writes a string of JSON.
pub fn write_text(json: &mut String, text: &str) {
    json.push('"');
    let plain = |c: u8| c >= 0x20 && c != b'"' && c != b'\\';
    if text.bytes().all(plain) {
        json.push_str(text);
    } else {
        for c in text.chars() {
            match c {
                '"' => json.push_str("\\\""),
                '\\' => json.push_str("\\\\"),
                c if u32::from(c) < 0x20 => json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => json.push(c),
            }
        }
    }
    json.push('"');
}

/// Whether a member of stored dimensions is a mark: its value is in a column.
pub(crate) fn is_mark(member: &str) -> bool {
    member.starts_with(MARK)
}

/// The texts of these stored dimensions. `column` finds a column by its whole
/// name. Errors: `Damaged` where a column lacks what a mark stands for.
pub fn full_texts<'a>(
    stored: &'a StringViewArray,
    column: &dyn Fn(&str) -> Option<&'a ArrayRef>,
) -> Result<StringViewArray> {
    if !stored.iter().flatten().any(|text| text.starts_with(BEGIN)) {
        return Ok(stored.clone());
    }
    let mut texts = StringViewBuilder::with_capacity(stored.len());
    let mut json = String::new();
    let mut last: Option<(&str, usize)> = None;
    let mut known: Vec<Vec<Part<'a>>> = Vec::new();
    let mut numbers: HashMap<&str, usize> = HashMap::new();
    for row in 0..stored.len() {
        if stored.is_null(row) {
            texts.append_null();
            continue;
        }
        let text = stored.value(row);
        if !text.starts_with(BEGIN) {
            texts.append_value(text);
            continue;
        }
        // Neighbours mostly share their template.
        let number = match last {
            Some((seen, number)) if seen == text => number,
            _ => match numbers.get(text) {
                Some(number) => *number,
                None => {
                    known.push(parts(text, column)?);
                    numbers.insert(text, known.len() - 1);
                    known.len() - 1
                }
            },
        };
        last = Some((text, number));
        json.clear();
        for part in &known[number] {
            part.write(row, &mut json)?;
        }
        texts.append_value(&json);
    }
    Ok(texts.finish())
}

/// The texts of a batch's stored dimensions, by its own columns.
pub fn full_texts_of(batch: &RecordBatch, dimensions: &str) -> Result<Option<StringViewArray>> {
    let Some(stored) = batch.column_by_name(dimensions) else {
        return Ok(None);
    };
    let stored = stored
        .as_string_view_opt()
        .ok_or_else(|| damaged("dimensions are no text"))?;
    full_texts(stored, &|name| batch.column_by_name(name)).map(Some)
}

/// A piece of a template.
enum Part<'a> {
    As(&'a str),
    Text(&'a StringViewArray),
    Boolean(&'a StringViewArray),
    Number(&'a Decimal128Array, i8),
}

impl Part<'_> {
    fn write(&self, row: usize, json: &mut String) -> Result<()> {
        let is_there = match self {
            Self::As(_) => true,
            Self::Text(texts) | Self::Boolean(texts) => texts.is_valid(row),
            Self::Number(numbers, _) => numbers.is_valid(row),
        };
        if !is_there {
            return Err(damaged("a dimension's column lacks a value"));
        }
        match self {
            Self::As(text) => json.push_str(text),
            Self::Text(texts) => write_text(json, texts.value(row)),
            Self::Boolean(texts) => json.push_str(texts.value(row)),
            Self::Number(numbers, scale) => {
                decimal::push_canonical(json, numbers.value(row), *scale);
            }
        }
        Ok(())
    }
}

fn parts<'a>(
    template: &'a str,
    column: &dyn Fn(&str) -> Option<&'a ArrayRef>,
) -> Result<Vec<Part<'a>>> {
    let unknown = || damaged("a template of dimensions names an unknown column");
    let mut parts = Vec::new();
    let mut rest = template.trim_start_matches(BEGIN);
    while let Some((before, mark)) = rest.split_once(MARK) {
        let (mark, after) = mark.split_once('"').ok_or_else(unknown)?;
        let mut letters = mark.chars();
        let kind = letters.next().and_then(Kind::of).ok_or_else(unknown)?;
        let values = column(&kind.column(letters.as_str())).ok_or_else(unknown)?;
        parts.push(Part::As(before));
        parts.push(match (kind, values.data_type()) {
            (Kind::Text, DataType::Utf8View) => Part::Text(values.as_string_view()),
            (Kind::Boolean, DataType::Utf8View) => Part::Boolean(values.as_string_view()),
            (Kind::Number, DataType::Decimal128(_, scale)) => {
                Part::Number(values.as_primitive::<Decimal128Type>(), *scale)
            }
            _ => return Err(unknown()),
        });
        rest = after;
    }
    parts.push(Part::As(rest));
    Ok(parts)
}

fn damaged(what: &str) -> StorageError {
    StorageError::Damaged {
        file: "batch".into(),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn texts(values: &[Option<&str>]) -> ArrayRef {
        Arc::new(values.iter().copied().collect::<StringViewArray>())
    }

    #[test]
    fn a_text_comes_back_as_it_was_sent() {
        let numbers: Decimal128Array = [None, Some(2_500_000_000), None, None]
            .into_iter()
            .collect::<Decimal128Array>()
            .with_precision_and_scale(25, decimal::SCALE)
            .expect("a type");
        let of = [
            ("the \"key\"", Kind::Text, "the__key_"),
            ("on", Kind::Boolean, "on"),
        ];
        let (first, second) = (template(of), template([("n", Kind::Number, "n")]));
        let whole = r#"{"a":null,"b":[" {"]}"#;
        let batch = RecordBatch::try_from_iter_with_nullable([
            (
                "dimensions",
                texts(&[Some(&first), Some(&second), Some(whole), None]),
                true,
            ),
            (
                "dim_the__key_",
                texts(&[Some("a \"b\"\n"), None, None, None]),
                true,
            ),
            ("dim_on", texts(&[Some("true"), None, None, None]), true),
            ("num_n", Arc::new(numbers) as ArrayRef, true),
        ]);
        let batch = batch.expect("a batch");
        let found = full_texts_of(&batch, "dimensions").expect("texts");
        let found = found.expect("a column");
        let expected = [
            Some(r#"{"the \"key\"":"a \"b\"\u000a","on":true}"#),
            Some(r#"{"n":2.5}"#),
            Some(whole),
            None,
        ];
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_mark_without_its_value_is_damage() {
        let stored = texts(&[Some(&template([("k", Kind::Text, "k")]))]);
        let lone = RecordBatch::try_from_iter_with_nullable([("dimensions", stored.clone(), true)]);
        assert!(full_texts_of(&lone.expect("a batch"), "dimensions").is_err());
        let empty = RecordBatch::try_from_iter_with_nullable([
            ("dimensions", stored, true),
            ("dim_k", texts(&[None]), true),
        ]);
        assert!(full_texts_of(&empty.expect("a batch"), "dimensions").is_err());
    }
}
