//! Which points are to be erased, and how a file's rows are told.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use serde_json::value::RawValue;
use storage_layout::schema::{COMMIT_VERSION, DIMENSIONS, PLATFORM};
use storage_layout::{DimensionRegistry, StorageError, decimal};

use crate::error::Error;
use crate::maintain::source::Matches;
use crate::metadata::catalog::DataFile;
use crate::metadata::erasures::Subject;

/// Points that are meant by one erasure.
#[derive(Debug, Clone)]
pub(super) struct Meant {
    /// `None`: all.
    pub(super) subject: Option<Subject>,
    /// Those committed up to this version; `None`: all.
    pub(super) through: Option<i64>,
}

/// Whether all of a file's points are meant, by what the catalog says alone.
pub(super) fn whole(meant: &[Meant], file: &DataFile) -> bool {
    // No row is of a later commit than its file.
    let through = |m: &Meant| {
        m.through
            .is_none_or(|version| file.added_version <= version)
    };
    meant.iter().any(|m| m.subject.is_none() && through(m))
}

/// The columns by which points are told.
pub(super) fn columns(meant: &[Meant], registry: &DimensionRegistry) -> Vec<String> {
    let mut columns = vec![PLATFORM.to_owned(), COMMIT_VERSION.to_owned()];
    for subject in meant.iter().filter_map(|m| m.subject.as_ref()) {
        let column = registry.get(&subject.dimension);
        columns.extend(column.map(|column| column.text_column()));
        columns.extend(column.map(|column| column.number_column()));
        columns.push(DIMENSIONS.to_owned());
    }
    columns
}

/// Rows that are meant by any of these.
pub(super) fn matches(meant: &[Meant], registry: &DimensionRegistry) -> Matches {
    let named = |subject: Subject| {
        let column = registry.get(&subject.dimension);
        Named {
            text: column.map(|column| column.text_column()),
            number: column.map(|column| column.number_column()),
            in_text_only: column.is_none_or(|column| column.partial),
            subject,
        }
    };
    let meant: Vec<(Option<Named>, Option<i64>)> = meant
        .iter()
        .map(|m| (m.subject.clone().map(named), m.through))
        .collect();
    Arc::new(move |batch| {
        let versions = batch
            .column_by_name(COMMIT_VERSION)
            .and_then(|c| c.as_primitive_opt::<Int64Type>())
            .ok_or_else(|| missing(COMMIT_VERSION))?;
        let mut found = vec![false; batch.num_rows()];
        for (subject, through) in &meant {
            let rows = match subject {
                Some(subject) => subject.rows(batch),
                None => vec![true; batch.num_rows()],
            };
            for (row, (found, is)) in found.iter_mut().zip(rows).enumerate() {
                *found |= is && through.is_none_or(|version| versions.value(row) <= version);
            }
        }
        Ok(BooleanArray::from(found))
    })
}

fn missing(column: &str) -> Error {
    Error::storage(StorageError::Damaged {
        file: "batch".into(),
        what: format!("column {column} is missing"),
    })
}

/// A subject and where its dimension's values are: as `dimensions->>'key'`
/// reads them, in the columns of the key, else in the JSON text.
struct Named {
    subject: Subject,
    text: Option<String>,
    number: Option<String>,
    in_text_only: bool,
}

/// A row's value of a dimension.
#[derive(PartialEq)]
enum Told {
    Text(String),
    /// By its canonical text.
    Number(String),
}

impl Named {
    fn rows(&self, batch: &RecordBatch) -> Vec<bool> {
        let column = |name: &Option<String>| batch.column_by_name(name.as_deref()?);
        let texts = column(&self.text).and_then(|c| c.as_string_view_opt());
        let numbers = column(&self.number).and_then(|c| c.as_primitive_opt::<Decimal128Type>());
        let json = batch
            .column_by_name(DIMENSIONS)
            .and_then(|c| c.as_string_view_opt())
            .filter(|_| self.in_text_only);
        // Neighbours often share their value: a hash is made when it changes.
        let mut last: Option<(Told, bool)> = None;
        let mut is = |value: Told| match &last {
            Some((seen, is)) if *seen == value => *is,
            _ => {
                let is = match &value {
                    Told::Text(text) => self.subject.is(text),
                    Told::Number(canonical) => self.subject.is_number(canonical),
                };
                last = Some((value, is));
                is
            }
        };
        let row = |row: usize| {
            if let Some(texts) = texts.filter(|texts| texts.is_valid(row)) {
                return is(Told::Text(texts.value(row).to_owned()));
            }
            if let Some(numbers) = numbers.filter(|numbers| numbers.is_valid(row)) {
                let canonical = decimal::canonical(numbers.value(row), decimal::SCALE);
                return is(Told::Number(canonical));
            }
            let json = json.filter(|json| json.is_valid(row));
            json.and_then(|json| member(json.value(row), &self.subject.dimension))
                .is_some_and(&mut is)
        };
        (0..batch.num_rows()).map(row).collect()
    }
}

/// A member of a JSON object, whose numbers are canonical.
fn member(json: &str, key: &str) -> Option<Told> {
    let members: HashMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    let text = members.get(key)?.get();
    Some(match text.as_bytes().first()? {
        b'"' => Told::Text(serde_json::from_str(text).ok()?),
        b'-' | b'0'..=b'9' => Told::Number(text.to_owned()),
        _ if text == "null" => return None,
        _ => Told::Text(text.to_owned()),
    })
}
