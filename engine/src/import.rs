//! Imports a file: chunk by chunk, each committed once, ever.
//!
//! A chunk is remembered by its content, its place in the file, the tenant and
//! the mapping. So an import that was killed resumes where it stopped, and a
//! second one changes nothing. (A file that has grown imports what is new, and
//! its last, unfilled chunk again: there `event_id` tells old from new.)
//!
//! Three stages overlap, each with one chunk in hand: reading and hashing,
//! evaluating the mapping, committing.

mod chunk;
mod column;
mod decoded;
mod evaluate;
mod kept;
mod lines;
mod mapping;
mod program;
mod reader;
mod reader_csv;
mod reader_ndjson;
mod reader_parquet;
mod report;
mod times;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use storage_layout::TenantId;
use tokio::sync::mpsc;

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::ingest::PointBatch;
use chunk::{Chunk, LineFault};
use decoded::Decode;
use evaluate::Evaluated;
use kept::Kept;
pub use kept::Outdated;
pub use mapping::Mapping;
use program::Program;
use reader::{Opened, Source};
use report::{Earlier, Report};

/// What becomes of chunks that were imported before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// They are skipped.
    Skip,
    /// They are imported once more.
    Import,
}

/// How to import a file.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// What makes a line a data point.
    pub mapping: Mapping,
    /// What becomes of chunks that were imported before.
    pub again: Again,
    /// Where lines that are no data points are listed; `None`: the file's name
    /// with `.rejected.csv`, in the current directory. Files may share one.
    pub report: Option<PathBuf>,
}

/// Hears how far an import is.
pub trait ImportProgress: Send + Sync {
    /// After each chunk: bytes of the file (compressed ones, if it is gzipped)
    /// and points that are durable, those of this import.
    fn advance(&self, bytes_read: u64, bytes_total: u64, points: u64);
}

/// What became of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportReport {
    /// Points that are durable now and were not before.
    pub points: u64,
    /// Points dropped because their `event_id` was seen before.
    pub duplicates: u64,
    /// Lines that are no data points; `report` lists them.
    pub rejected_lines: u64,
    /// Chunks of the file.
    pub chunks: u64,
    /// Those that had been imported before.
    pub chunks_skipped: u64,
    /// Values with more than nine decimals.
    pub rounded: u64,
    /// Points of this import that retention will remove. Duplicates that were
    /// dropped may be among them.
    pub outdated: Outdated,
    /// The report, if a line was rejected.
    pub report: Option<PathBuf>,
}

/// A chunk on its way to the commit.
struct Prepared {
    chunk: Chunk,
    known: Known,
    /// Absent where it is skipped.
    points: Option<Evaluated>,
}

/// Whether a chunk was imported before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    Yes,
    No,
}

/// Evaluates chunks, off the async threads.
struct Evaluator {
    program: Program,
    decoder: Box<dyn Decode>,
    mapping: Mapping,
    kept: Kept,
    report: Arc<Mutex<Report>>,
}

/// Imports a CSV, NDJSON (both also gzipped) or Parquet file.
///
/// # Errors
/// `Invalid` for a mapping that does not fit the file (nothing is imported) and
/// for a file that stops being readable (what came before is imported);
/// whatever a commit answers. A faulty line is not an error: it is reported.
pub async fn import_file(
    engine: &Engine,
    tenant: &TenantId,
    file: &Path,
    options: &ImportOptions,
    progress: &dyn ImportProgress,
) -> Result<ImportReport> {
    let earlier = match options.again {
        Again::Skip => Earlier::Continue,
        Again::Import => Earlier::Replace,
    };
    let report = Arc::new(Mutex::new(Report::new(
        options.report.as_deref(),
        file,
        earlier,
    )));
    let opened = {
        let (tenant, file, mapping) = (tenant.clone(), file.to_owned(), options.mapping.clone());
        blocking(move || reader::open(&tenant, &file, &mapping)).await?
    };
    let Opened {
        source,
        decoder,
        program,
        bytes_total,
    } = opened;
    let retention = engine.upkeep().retention_of(tenant).await?;
    let evaluator = Arc::new(Evaluator {
        program,
        decoder,
        mapping: options.mapping.clone(),
        kept: Kept::new(&retention, Utc::now()),
        report: Arc::clone(&report),
    });

    let (read, to_evaluate) = mpsc::channel(1);
    let (evaluated, to_commit) = mpsc::channel(1);
    let reading = blocking(move || {
        read_chunks(source, &read);
        Ok(())
    });
    let evaluating = async {
        evaluate_chunks(
            engine,
            tenant,
            options.again,
            evaluator,
            to_evaluate,
            evaluated,
        )
        .await;
        Ok(())
    };
    let committing = async {
        let mut commit = Commit {
            engine,
            tenant,
            report: &report,
            done: ImportReport::default(),
        };
        commit
            .chunks(to_commit, |bytes_read, points| {
                progress.advance(bytes_read, bytes_total, points)
            })
            .await?;
        Ok(commit.done)
    };
    let ((), (), mut done) = tokio::try_join!(reading, evaluating, committing)?;
    let mut report = lock(&report);
    report.finish()?;
    (done.rejected_lines, done.report) = report.outcome();
    drop(report);
    Ok(done)
}

/// Reads until the end, a fault, or until nobody listens any more.
fn read_chunks(mut source: Box<dyn Source>, chunks: &mpsc::Sender<Result<Chunk>>) {
    while let Some(chunk) = source.next_chunk().transpose() {
        let failed = chunk.is_err();
        if chunks.blocking_send(chunk).is_err() || failed {
            return;
        }
    }
}

/// Evaluates the chunks that are not imported yet, in order. A fault travels
/// behind the chunks before it, so that these are committed.
async fn evaluate_chunks(
    engine: &Engine,
    tenant: &TenantId,
    again: Again,
    evaluator: Arc<Evaluator>,
    mut chunks: mpsc::Receiver<Result<Chunk>>,
    prepared: mpsc::Sender<Result<Prepared>>,
) {
    while let Some(chunk) = chunks.recv().await {
        let next = async {
            let chunk = chunk?;
            let known = match engine.ingest().has_chunk(tenant, chunk.hash).await? {
                true => Known::Yes,
                false => Known::No,
            };
            if (again, known) == (Again::Skip, Known::Yes) {
                return Ok(Prepared {
                    chunk,
                    known,
                    points: None,
                });
            }
            let evaluator = Arc::clone(&evaluator);
            let empty = engine.ingest().batch().await?;
            blocking(move || evaluator.prepare(chunk, known, empty)).await
        };
        let next = next.await;
        let failed = next.is_err();
        if prepared.send(next).await.is_err() || failed {
            return;
        }
    }
}

impl Evaluator {
    fn prepare(&self, mut chunk: Chunk, known: Known, empty: PointBatch) -> Result<Prepared> {
        let mut decoded = self.decoder.decode(&self.program, &chunk)?;
        decoded.faults.append(&mut chunk.faults);
        let program = &self.program;
        let points = program.points(&self.mapping, &chunk, decoded, &self.kept, empty)?;
        lock(&self.report).write(&points.faults)?;
        Ok(Prepared {
            chunk,
            known,
            points: Some(points),
        })
    }
}

/// The last stage.
struct Commit<'a> {
    engine: &'a Engine,
    tenant: &'a TenantId,
    report: &'a Mutex<Report>,
    done: ImportReport,
}

impl Commit<'_> {
    async fn chunks(
        &mut self,
        mut prepared: mpsc::Receiver<Result<Prepared>>,
        advance: impl Fn(u64, u64),
    ) -> Result<()> {
        while let Some(next) = prepared.recv().await {
            let Prepared {
                chunk,
                known,
                points,
            } = next?;
            self.done.chunks += 1;
            match points {
                None => self.done.chunks_skipped += 1,
                Some(points) => self.chunk(&chunk, known, points).await?,
            }
            advance(chunk.bytes_read, self.done.points);
        }
        Ok(())
    }

    async fn chunk(&mut self, chunk: &Chunk, known: Known, points: Evaluated) -> Result<()> {
        let Evaluated {
            batch,
            records,
            outdated,
            ..
        } = points;
        // A chunk without points is not remembered: reading it again costs
        // little, and its faults are reported again.
        if batch.is_empty() {
            return Ok(());
        }
        // One that is imported again is remembered already.
        let once = (known == Known::No).then_some(chunk.hash);
        let Some(answer) = self
            .engine
            .ingest()
            .import_chunk(self.tenant, batch, once)
            .await?
        else {
            self.done.chunks_skipped += 1;
            return Ok(());
        };
        self.done.points += answer.accepted;
        self.done.duplicates += answer.duplicates;
        self.done.rounded += answer.rounded;
        if answer.accepted > 0 {
            self.done.outdated.add_all(outdated);
        }
        let late = answer.rejected.into_iter().map(|rejection| {
            let record = usize::try_from(rejection.index)
                .ok()
                .and_then(|index| records.get(index));
            let record =
                record.ok_or_else(|| Error::internal("a rejection of no point of the chunk"))?;
            Ok(chunk.fault(*record, &rejection.field, rejection.reason))
        });
        let late = late.collect::<Result<Vec<LineFault>>>()?;
        lock(self.report).write(&late)
    }
}

fn lock(report: &Mutex<Report>) -> std::sync::MutexGuard<'_, Report> {
    report.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}
