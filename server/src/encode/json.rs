//! One JSON object: columns, rows as arrays, and what the answer is.

use arrow::datatypes::SchemaRef;
use arrow::json::EncoderOptions;
use arrow::record_batch::RecordBatch;
use engine::query::type_name::type_name;
use engine::session::{DryColumn, Took};
use engine::{Error, Result};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Decimals, Encode, Ending, Stamp, cells};

/// An answer to a query. Rows come first so that they can be sent as they are
/// found; what the answer is stands behind them.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "the encoder writes this shape piece by piece")]
pub(crate) struct SqlAnswer {
    /// The columns, in order.
    columns: Vec<Column>,
    /// The rows, each an array of cells in the columns' order.
    rows: Vec<Vec<serde_json::Value>>,
    /// Number of rows.
    row_count: u64,
    /// Whether these are all rows; false when the plan's limit cut them.
    complete: bool,
    /// The tenant's version that the answer is of.
    version: i64,
    /// When that version was seen.
    as_of: chrono::DateTime<chrono::Utc>,
    /// What it took.
    stats: Stats,
}

/// A column of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Column {
    /// Its name.
    name: String,
    /// Its type, such as `text`, `int64`, `decimal(25,9)`, `timestamptz`.
    #[serde(rename = "type")]
    #[schema(example = "decimal(25,9)")]
    type_name: String,
}

impl From<DryColumn> for Column {
    fn from(column: DryColumn) -> Self {
        let DryColumn { name, type_name } = column;
        Self { name, type_name }
    }
}

/// The columns of a schema.
fn columns(schema: &SchemaRef) -> Vec<Column> {
    let column = |field: &arrow::datatypes::FieldRef| Column {
        name: field.name().clone(),
        type_name: type_name(field.data_type()),
    };
    schema.fields().iter().map(column).collect()
}

/// What an answer took; all 0 for a caller that sees a part of the data.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Stats {
    /// Data files the query read.
    files: u64,
    /// Rows in those files.
    rows_scanned: u64,
    /// Bytes fetched from the store.
    bytes_scanned: u64,
}

impl From<Took> for Stats {
    fn from(took: Took) -> Self {
        Self {
            files: took.files,
            rows_scanned: took.rows_scanned,
            bytes_scanned: took.bytes_scanned,
        }
    }
}

/// What stands behind the rows.
#[derive(Serialize)]
struct Tail {
    row_count: u64,
    complete: bool,
    version: i64,
    as_of: chrono::DateTime<chrono::Utc>,
    stats: Stats,
}

/// Writes the object of [`SqlAnswer`].
pub(super) struct Json {
    schema: SchemaRef,
    stamp: Stamp,
    options: EncoderOptions,
    separator: &'static [u8],
}

impl Json {
    pub(super) fn new(schema: SchemaRef, stamp: Stamp, decimals: Decimals) -> Self {
        Self {
            schema,
            stamp,
            options: cells::options(decimals),
            separator: b"",
        }
    }
}

impl Encode for Json {
    fn start(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let columns = columns(&self.schema);
        out.extend_from_slice(b"{\"columns\":");
        serde_json::to_writer(&mut *out, &columns).map_err(Error::internal)?;
        out.extend_from_slice(b",\"rows\":[");
        Ok(())
    }

    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()> {
        let batch = cells::plain(batch)?;
        let mut columns = cells::encoders(&batch, &self.options)?;
        for row in 0..batch.num_rows() {
            out.extend_from_slice(self.separator);
            self.separator = b",";
            out.push(b'[');
            for (i, cell) in columns.iter_mut().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                cells::write(cell, row, out);
            }
            out.push(b']');
        }
        Ok(())
    }

    fn end(&mut self, ending: &Ending, out: &mut Vec<u8>) -> Result<()> {
        let tail = Tail {
            row_count: ending.rows,
            complete: ending.complete,
            version: self.stamp.version,
            as_of: self.stamp.as_of,
            stats: ending.took.into(),
        };
        let tail = serde_json::to_vec(&tail).map_err(Error::internal)?;
        out.extend_from_slice(b"],");
        // The tail is an object of its own; its members join the outer one.
        out.extend_from_slice(tail.strip_prefix(b"{").unwrap_or(&tail));
        out.push(b'\n');
        Ok(())
    }
}
