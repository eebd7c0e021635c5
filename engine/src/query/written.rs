//! An answer as bytes, in a form of the caller's, while the query runs.
//!
//! The bytes are made beside the query, in this process or in a worker; whoever
//! sends them on never sees a row. Which forms there are is the front's matter.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::execute::Answer;
use super::scope::AnswerStats;
use super::worker;
use crate::error::{Error, Result};

/// Chunks are at least this big, but for the last one.
const CHUNK_BYTES: usize = 64 * 1024;

/// What an answer is of: known before its first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// The tenant's version.
    pub version: i64,
    /// When that version was seen.
    pub as_of: DateTime<Utc>,
}

/// What an answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Took {
    /// Data files the query read.
    pub files: u64,
    /// Rows in those files.
    pub rows_scanned: u64,
    /// Bytes fetched from the store.
    pub bytes_scanned: u64,
}

/// What is known when the last row is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// Whether these are all rows.
    pub complete: bool,
    /// Rows written.
    pub rows: u64,
    /// What it took.
    pub took: Took,
}

/// One answer in one form. Called in the order `start`, `rows`…, `end`; each
/// call appends to `out`.
pub trait Encode: Send {
    /// What stands before the rows, where it does not come with them.
    fn start(&mut self, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
    /// A batch of rows of the schema the encoder was made for.
    fn rows(&mut self, batch: &RecordBatch, out: &mut Vec<u8>) -> Result<()>;
    /// What stands after the rows.
    fn end(&mut self, ending: &Ending, out: &mut Vec<u8>) -> Result<()>;
}

/// How an answer is to be written; travels to the process that writes it.
pub trait Form: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// An encoder for rows of this schema. Errors: the form cannot hold a
    /// column's type.
    fn encoder(&self, schema: &SchemaRef, stamp: Stamp) -> Result<Box<dyn Encode>>;
}

/// An answer that is being written; dropping it ends the query.
pub struct WrittenAnswer {
    source: Source,
    left_bytes: u64,
}

enum Source {
    Here(Box<Writing>),
    Worker(worker::Answer),
}

impl WrittenAnswer {
    /// Written in this process.
    pub(crate) fn here(writing: Writing, most_bytes: u64) -> Self {
        Self {
            source: Source::Here(Box::new(writing)),
            left_bytes: most_bytes,
        }
    }

    /// Written by a worker.
    pub(crate) fn of_worker(answer: worker::Answer, most_bytes: u64) -> Self {
        Self {
            source: Source::Worker(answer),
            left_bytes: most_bytes,
        }
    }

    /// The next chunk; `None` after the last. After an error there is no more,
    /// and what came before is no answer.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let chunk = match &mut self.source {
            Source::Here(writing) => writing.next().await?,
            Source::Worker(answer) => answer.next().await?,
        };
        let bytes = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        self.left_bytes = self.left_bytes.checked_sub(bytes).ok_or_else(too_long)?;
        Ok(chunk)
    }

    /// What the answer turned out to be; `None` while it still runs.
    pub fn ended(&self) -> Option<Ending> {
        match &self.source {
            Source::Here(writing) => writing.ended(),
            Source::Worker(answer) => answer.ended(),
        }
    }
}

fn too_long() -> Error {
    Error::Query {
        message: "the answer has more bytes than are sent".into(),
        location: None,
        hint: Some("ask for fewer rows or columns, or export a part at a time".into()),
    }
}

/// Pulls an answer's batches and hands out chunks; one chunk is held at a time.
pub(crate) struct Writing {
    answer: Answer,
    encoder: Box<dyn Encode>,
    phase: Phase,
    rows: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    Rows,
    Ended,
}

impl Writing {
    pub(crate) fn new(answer: Answer, encoder: Box<dyn Encode>) -> Self {
        Self {
            answer,
            encoder,
            phase: Phase::Start,
            rows: 0,
        }
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        let mut out = Vec::with_capacity(CHUNK_BYTES);
        if self.phase == Phase::Ended {
            return Ok(None);
        }
        if self.phase == Phase::Start {
            self.encoder.start(&mut out)?;
            self.phase = Phase::Rows;
        }
        while out.len() < CHUNK_BYTES {
            let Some(batch) = self.answer.stream.next().await else {
                self.phase = Phase::Ended;
                self.encoder.end(&self.ending(), &mut out)?;
                break;
            };
            let batch = batch?;
            self.rows += batch.num_rows() as u64;
            self.encoder.rows(&batch, &mut out)?;
        }
        Ok(Some(out.into()))
    }

    pub(crate) fn ended(&self) -> Option<Ending> {
        (self.phase == Phase::Ended).then(|| self.ending())
    }

    fn ending(&self) -> Ending {
        Ending {
            complete: !self.answer.stats.truncated(),
            rows: self.rows,
            took: Took::from(self.answer.stats.as_ref()),
        }
    }
}

impl From<&AnswerStats> for Took {
    fn from(stats: &AnswerStats) -> Self {
        Self {
            files: stats.files(),
            rows_scanned: stats.rows_scanned(),
            bytes_scanned: stats.bytes_scanned(),
        }
    }
}
