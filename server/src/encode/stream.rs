//! Pulls an answer's batches and hands out chunks of bytes.
//!
//! One chunk is held at a time; dropping the stream cancels the query.

use bytes::Bytes;
use engine::Result;
use engine::session::Answer;
use futures::StreamExt;

use super::arrow_stream::ArrowStream;
use super::csv::Csv;
use super::json::{Json, Stats};
use super::ndjson::NdJson;
use super::parquet::Parquet;
use super::{Encode, Ending, Format, Stamp, Style};

/// Chunks are at least this big, but for the last one.
const CHUNK_BYTES: usize = 64 * 1024;

/// An answer that is being written.
pub(crate) struct Encoding {
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

impl Encoding {
    /// Fails when the format cannot hold a column's type.
    pub(crate) fn new(answer: Answer, stamp: Stamp, format: Format, style: Style) -> Result<Self> {
        let schema = answer.schema.clone();
        let encoder: Box<dyn Encode> = match format {
            Format::Json => Box::new(Json::new(schema, stamp, style.decimals)),
            Format::NdJson => Box::new(NdJson::new(schema, style.decimals)),
            Format::Csv => Box::new(Csv::new(schema, style.text_cells)),
            Format::ArrowStream => Box::new(ArrowStream::new(&schema)?),
            Format::Parquet => Box::new(Parquet::new(&schema, stamp)?),
        };
        Ok(Self {
            answer,
            encoder,
            phase: Phase::Start,
            rows: 0,
        })
    }

    /// The next chunk; `None` after the last.
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

    /// What the answer turned out to be; `None` while it still runs.
    pub(crate) fn ended(&self) -> Option<Ending> {
        (self.phase == Phase::Ended).then(|| self.ending())
    }

    fn ending(&self) -> Ending {
        Ending {
            complete: !self.answer.stats.truncated(),
            rows: self.rows,
            stats: Stats::from(self.answer.stats.as_ref()),
        }
    }
}
