//! RFC 4180 with a header line.
//!
//! NULL is an empty cell, empty text is `""`; nested values are JSON text.
//! Text that a spreadsheet would run as a formula gets a leading apostrophe
//! unless the caller asked for raw cells; numbers are never touched.

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, SchemaRef};
use arrow::json::EncoderOptions;
use arrow::record_batch::RecordBatch;
use engine::{Error, Result};

use super::{Decimals, Encode, Ending, TextCells, cells};

/// Writes a line a row.
pub(super) struct Csv {
    schema: SchemaRef,
    text_cells: TextCells,
    options: EncoderOptions,
}

impl Csv {
    pub(super) fn new(schema: SchemaRef, text_cells: TextCells) -> Self {
        Self {
            schema,
            text_cells,
            options: cells::options(Decimals::Number),
        }
    }
}

impl Encode for Csv {
    fn start(&mut self, out: &mut Vec<u8>) -> Result<()> {
        for (i, field) in self.schema.fields().iter().enumerate() {
            separate(i, out);
            text(field.name(), self.text_cells, out);
        }
        out.extend_from_slice(b"\r\n");
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let batch = texts_plain(&cells::plain(batch)?)?;
        let mut columns = cells::encoders(&batch, &self.options)?;
        let mut cell_json = Vec::new();
        for row in 0..batch.num_rows() {
            for (i, encoder) in columns.iter_mut().enumerate() {
                separate(i, out);
                let column = batch.column(i);
                if encoder.is_null(row) {
                    continue;
                }
                if column.data_type() == &DataType::Utf8 {
                    text(column.as_string::<i32>().value(row), self.text_cells, out);
                    continue;
                }
                cell_json.clear();
                encoder.encode(row, &mut cell_json);
                self.other(&cell_json, out);
            }
            out.extend_from_slice(b"\r\n");
        }
        Ok(())
    }

    fn end(&mut self, _ending: &Ending, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}

impl Csv {
    /// A number, boolean or nested value as it is; a time without its quotes.
    fn other(&self, json: &[u8], out: &mut Vec<u8>) {
        let json = String::from_utf8_lossy(json);
        match json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
        {
            Some(inner) => text(inner, self.text_cells, out),
            None => quoted(&json, out),
        }
    }
}

fn separate(column: usize, out: &mut Vec<u8>) {
    if column > 0 {
        out.push(b',');
    }
}

fn text(value: &str, cells: TextCells, out: &mut Vec<u8>) {
    let runs = value.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if runs && cells == TextCells::Neutralised {
        quoted(&format!("'{value}"), out);
    } else {
        quoted(value, out);
    }
}

fn quoted(value: &str, out: &mut Vec<u8>) {
    let needs = value.is_empty()
        || value.starts_with(' ')
        || value.ends_with(' ')
        || value.contains([',', '"', '\r', '\n', '\t']);
    if needs {
        out.push(b'"');
        out.extend_from_slice(value.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(value.as_bytes());
    }
}

/// All kinds of text columns as one.
fn texts_plain(batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    let mut fields = Vec::with_capacity(batch.num_columns());
    let mut columns = Vec::with_capacity(batch.num_columns());
    for (field, column) in schema.fields().iter().zip(batch.columns()) {
        if matches!(column.data_type(), DataType::LargeUtf8 | DataType::Utf8View) {
            columns.push(cast(column, &DataType::Utf8).map_err(Error::internal)?);
            fields.push(field.as_ref().clone().with_data_type(DataType::Utf8).into());
        } else {
            columns.push(column.clone());
            fields.push(field.clone());
        }
    }
    let rows =
        arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let schema = arrow::datatypes::Schema::new(arrow::datatypes::Fields::from(fields));
    RecordBatch::try_new_with_options(schema.into(), columns, &rows).map_err(Error::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, cells: TextCells, expected: &str) {
        let mut out = Vec::new();
        text(value, cells, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn text_that_a_spreadsheet_would_run_is_neutralised() {
        for value in ["=1+1", "+1", "-1", "@a"] {
            check(value, TextCells::Neutralised, &format!("'{value}"));
            check(value, TextCells::Raw, value);
        }
        check("\tx", TextCells::Neutralised, "\"'\tx\"");
        check("\rx", TextCells::Neutralised, "\"'\rx\"");
        check("a=b", TextCells::Neutralised, "a=b");
    }

    #[test]
    fn empty_text_quotes_and_line_ends_survive() {
        check("", TextCells::Neutralised, "\"\"");
        check(
            "a \"b\"\r\nc",
            TextCells::Neutralised,
            "\"a \"\"b\"\"\r\nc\"",
        );
    }
}
