//! An answer as bytes, in a form of the caller's, while the query runs.
//!
//! The bytes are made beside the query, in this process or in a worker; whoever
//! sends them on never sees a row. Which forms there are is the front's matter.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::dry_run::DryRun;
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    stats: Arc<AnswerStats>,
    left_bytes: u64,
}

enum Source {
    Here(Box<Writing>),
    Worker(worker::Answer),
}

impl WrittenAnswer {
    /// Rows that are there already, such as a stored result's, written in this
    /// process. Errors: the form cannot hold a column's type.
    pub fn of<F: Form>(answer: Answer, form: &F, stamp: Stamp) -> Result<Self> {
        let encoder = form.encoder(&answer.schema, stamp)?;
        Ok(Self::here(Writing::new(answer, encoder), u64::MAX))
    }

    /// Written in this process.
    pub(crate) fn here(writing: Writing, most_bytes: u64) -> Self {
        Self {
            stats: writing.answer.stats.clone(),
            source: Source::Here(Box::new(writing)),
            left_bytes: most_bytes,
        }
    }

    /// Written by a worker.
    pub(crate) fn of_worker(answer: worker::Answer, most_bytes: u64) -> Self {
        Self {
            stats: answer.stats().clone(),
            source: Source::Worker(answer),
            left_bytes: most_bytes,
        }
    }

    /// The next chunk; `None` after the last. After an error there is no more,
    /// and what came before is no answer.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let chunk = match &mut self.source {
            Source::Here(writing) => writing.next().await?,
            Source::Worker(answer) => {
                let chunk = answer.next().await?;
                if chunk.is_some()
                    && let Some(ending) = answer.ended()
                {
                    self.stats.end(&ending);
                }
                chunk
            }
        };
        let bytes = chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        self.left_bytes = self.left_bytes.checked_sub(bytes).ok_or_else(too_long)?;
        Ok(chunk)
    }

    /// What it took; final when the answer has ended, and until then what this
    /// process knows of it.
    pub fn stats(&self) -> &Arc<AnswerStats> {
        &self.stats
    }

    /// All of it, at most so many bytes.
    pub(crate) async fn whole(mut self, most_bytes: usize) -> Result<Bytes> {
        let mut whole = BytesMut::new();
        while let Some(chunk) = self.next().await? {
            if whole.len() + chunk.len() > most_bytes {
                return Err(too_long());
            }
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.freeze())
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

    /// A plan that was made and not run, as JSON.
    pub(crate) fn of_plan(plan: &DryRun) -> Result<Self> {
        let answer = Answer {
            schema: Arc::new(Schema::empty()),
            stream: Box::pin(futures::stream::empty()),
            stats: Arc::default(),
        };
        let text = serde_json::to_vec(plan).map_err(Error::internal)?;
        Ok(Self::new(answer, Box::new(Text(text))))
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
            took: self.answer.stats.told(),
        }
    }
}

/// A text that is there already.
struct Text(Vec<u8>);

impl Encode for Text {
    fn start(&mut self, out: &mut Vec<u8>) -> Result<()> {
        out.append(&mut self.0);
        Ok(())
    }

    fn rows(&mut self, _batch: &RecordBatch, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }

    fn end(&mut self, _ending: &Ending, _out: &mut Vec<u8>) -> Result<()> {
        Ok(())
    }
}
