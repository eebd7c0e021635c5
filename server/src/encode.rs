//! Answers as bytes, in the format the caller asked for, while the query runs.
//!
//! [`stream`] pulls batches and hands out chunks, one file for each format
//! turns batches into bytes, [`http`] makes a response of it. Nothing here
//! runs a query or holds a whole answer.

mod arrow_stream;
mod cells;
mod csv;
mod decimal;
mod format;
mod http;
pub(crate) mod json;
mod ndjson;
mod parquet;
mod stream;

pub(crate) use format::{Decimals, Format, Style, TextCells};
pub(crate) use http::{Broken, respond};
pub(crate) use stream::Encoding;

use arrow::record_batch::RecordBatch;
use chrono::{DateTime, Utc};
use engine::Session;

use self::json::Stats;

/// What an answer is of: known before its first row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp {
    /// The tenant's version.
    pub(crate) version: i64,
    /// When that version was seen.
    pub(crate) as_of: DateTime<Utc>,
}

impl Stamp {
    /// The stamp of everything a session answers.
    pub(crate) fn of(session: &Session) -> Self {
        Self {
            version: session.version(),
            as_of: session.as_of(),
        }
    }
}

/// What is known when the last row is out.
#[derive(Debug, Clone)]
pub(crate) struct Ending {
    /// Whether these are all rows.
    pub(crate) complete: bool,
    /// Rows written.
    pub(crate) rows: u64,
    /// What it took.
    pub(crate) stats: Stats,
}

/// One answer in one format. Called in the order `start`, `rows`…, `end`;
/// each call appends to `out`.
pub(crate) trait Encode: Send {
    /// What stands before the rows, where it does not come with them.
    fn start(&mut self, _out: &mut Vec<u8>) -> engine::Result<()> {
        Ok(())
    }
    /// A batch of rows of the schema the encoder was made for.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> engine::Result<()>;
    /// What stands after the rows.
    fn end(&mut self, ending: &Ending, out: &mut Vec<u8>) -> engine::Result<()>;
}
