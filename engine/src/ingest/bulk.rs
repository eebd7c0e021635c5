//! Bodies of any form and size, taken in bounded memory.
//!
//! A body is unpacked (`input`), read as lines of JSON points (`lines`,
//! `columns`; Arrow and Parquet by a child process, `decoder`), checked chunk
//! by chunk, and encoded and uploaded chunk by chunk (`staging`). One commit at
//! the end makes all of it live, so a faulty body keeps nothing: not a point,
//! not the name of a dimension. A body of one chunk is committed like any other.

use std::io;
use std::sync::Arc;

use chrono::Utc;
use futures::Stream;
use storage_layout::TenantId;
use tokio::sync::mpsc;

use super::batch::{PointBatch, reject};
use super::faults::Faults;
use super::quarantine::Origin;
use super::{
    BodyFormat, Checked, Ingest, IngestAnswer, IngestRequest, OnFault, key_conflict, parse, refusal,
};
use crate::error::{Error, Result};
use crate::metadata::commit as catalog;
use crate::metadata::platforms::Platform;

pub mod columnar;
mod columns;
pub mod decoder;
mod input;
mod lines;
mod names;
mod rework;
mod slots;
mod staging;

use decoder::{Decoded, DecoderProgram, Spooled};
use input::Input;
use lines::{Csv, Lines, NdJson};
pub(super) use slots::Slots;
use staging::Staging;

/// Points of a chunk. Larger ones give fewer files and take more memory: some
/// 100 MiB for three chunks at once, one being read, encoded and waiting each.
const CHUNK_POINTS: usize = 65_536;
/// A chunk of long points ends before it has all of them.
const CHUNK_BYTES: usize = 16 << 20;

/// Bytes that are unpacked and hashed at a time.
const READ_BYTES: usize = 256 << 10;

/// Columns as text take a few times what they take packed: dictionaries and
/// names are written out for every point.
const DECODED_FACTOR: u64 = 4;

/// Points of one body.
pub const MAX_POINTS: u64 = 5_000_000;

/// Bytes of a body that is one JSON text: it is held whole.
pub const MAX_JSON_BYTES: u64 = 32 << 20;

/// Rejected points that an answer lists.
pub const MAX_LISTED: usize = 1_000;

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A JSON array, or an object with `data_points`.
    Json,
    /// One JSON object a line.
    NdJson,
    /// Comma-separated values with a header.
    Csv,
    /// Arrow's streaming format.
    Arrow,
    /// A Parquet file.
    Parquet,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Json,
        Self::NdJson,
        Self::Csv,
        Self::Arrow,
        Self::Parquet,
    ];

    /// Its name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::NdJson => "ndjson",
            Self::Csv => "csv",
            Self::Arrow => "arrow",
            Self::Parquet => "parquet",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::NdJson => "NDJSON",
            Self::Csv => "CSV",
            Self::Arrow => "an Arrow stream",
            Self::Parquet => "Parquet",
        }
    }
}

/// How a body is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip.
    Gzip,
    /// Zstandard with a window of at most 8 MiB.
    Zstd,
}

/// How much of a body is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes as sent.
    pub sent_bytes: u64,
    /// Bytes once unpacked.
    pub decoded_bytes: u64,
}

/// A body of points, and how it is to be taken.
#[derive(Debug)]
pub struct BulkRequest {
    /// How it is written.
    pub format: Format,
    /// How it is compressed.
    pub encoding: Encoding,
    /// What a faulty point does.
    pub on_fault: OnFault,
    /// Same key, same unpacked body and same `on_fault`: the stored answer again.
    pub idempotency_key: Option<String>,
    /// How much is taken.
    pub limits: Limits,
    /// What decodes Arrow and Parquet.
    pub decoder: DecoderProgram,
}

/// The bytes of a body as they arrive.
pub type Body<'b> = &'b mut (dyn Stream<Item = io::Result<bytes::Bytes>> + Send + Unpin);

/// Points of a body that were checked together.
struct Chunk {
    batch: PointBatch,
    faults: Faults,
}

/// What the reader of a body hands on.
enum Read {
    Chunk(Box<Chunk>),
    /// The end, with the body's hash.
    End([u8; 32]),
}

impl Ingest {
    /// Takes a body as it arrives and commits all of it at its end; returns
    /// after the commit is durable. Errors: `Invalid` for a body that cannot be
    /// read, `TooLarge` for one beyond the limits; nothing is kept then.
    pub async fn bulk(
        &self,
        tenant: &TenantId,
        request: BulkRequest,
        body: Body<'_>,
    ) -> Result<IngestAnswer> {
        let _turn = self.slots.body(tenant).await?;
        let (frames, input) = input::channel(
            request.encoding,
            &request.limits,
            request.on_fault.body_hasher(),
        );
        let taken = self.take(tenant, request, input);
        tokio::pin!(taken);
        let early = tokio::select! {
            biased;
            answer = &mut taken => Some(answer),
            () = input::pump(body, frames) => None,
        };
        let answer = match early {
            Some(answer) => answer,
            None => taken.await,
        };
        self.complete(tenant, answer).await
    }

    async fn take(
        &self,
        tenant: &TenantId,
        request: BulkRequest,
        input: Input,
    ) -> Result<IngestAnswer> {
        if let Some(key) = &request.idempotency_key
            && let Some((stored, answer)) = catalog::stored_answer(&self.pool, tenant, key).await?
        {
            let hash = blocking(move || {
                let mut input = input;
                input.drain()?;
                Ok(input.hash())
            });
            return match stored[..] == hash.await?[..] {
                true => serde_json::from_value(answer).map_err(Error::internal),
                false => Err(key_conflict()),
            };
        }
        if request.format == Format::Json {
            let limit_bytes = MAX_JSON_BYTES.min(request.limits.decoded_bytes);
            let body = blocking(move || input.whole(limit_bytes)).await?;
            // Held until the answer, as for bodies that come unpacked.
            let mut admitted = self.admission.body(tenant);
            admitted.grow(body.len()).await?;
            let whole = IngestRequest {
                body,
                format: BodyFormat::Json,
                on_fault: request.on_fault,
                idempotency_key: request.idempotency_key,
            };
            return self.whole(tenant, whole).await;
        }
        let received_at_us = Utc::now().timestamp_micros();
        let reader = Reader {
            tenant: tenant.clone(),
            platforms: self.platforms.list().await?,
            received_at_us,
            points: 0,
        };
        let source = self.source(&request, input).await?;
        let (chunks, read) = mpsc::channel(1);
        // It ends when it has no more, and when nobody listens any more.
        tokio::task::spawn_blocking(move || {
            let end = source.lines().and_then(|lines| reader.run(lines, &chunks));
            match end {
                Ok(None) => {}
                Ok(Some(hash)) => drop(chunks.blocking_send(Ok(Read::End(hash)))),
                Err(error) => drop(chunks.blocking_send(Err(error))),
            }
        });
        self.commit_chunks(tenant, request, received_at_us, read)
            .await
    }

    async fn source(&self, request: &BulkRequest, input: Input) -> Result<Source> {
        Ok(match request.format {
            Format::Csv => Source::Csv(input),
            Format::Arrow | Format::Parquet => {
                let limit_bytes = request.limits.sent_bytes;
                let body = blocking(move || Spooled::read(input, limit_bytes)).await?;
                let turn = self.slots.decoder().await?;
                Source::Spooled(Box::new(ToDecode {
                    program: request.decoder.clone(),
                    format: request.format,
                    body,
                    limit_bytes: DECODED_FACTOR * request.limits.decoded_bytes,
                    turn,
                }))
            }
            Format::NdJson | Format::Json => Source::NdJson(input),
        })
    }

    async fn commit_chunks(
        &self,
        tenant: &TenantId,
        request: BulkRequest,
        received_at_us: i64,
        mut read: mpsc::Receiver<Result<Read>>,
    ) -> Result<IngestAnswer> {
        let source = request.format.name();
        let first = match next(&mut read).await? {
            Read::Chunk(chunk) => *chunk,
            Read::End(_) => return Err(refusal::no_points()),
        };
        let second = match next(&mut read).await? {
            Read::Chunk(chunk) => *chunk,
            Read::End(hash) => {
                let checked = Checked {
                    batches: vec![first.batch],
                    faults: first.faults,
                    on_fault: request.on_fault,
                    idempotency: request.idempotency_key.map(|key| (key, hash)),
                    source,
                    received_at_us,
                };
                return self.commit_checked(tenant, checked).await;
            }
        };
        let mut staging = Staging::new(self, tenant).await?;
        let mut faults = Faults::default();
        let staged = async {
            let mut chunk = Some(first);
            let mut following = Some(second);
            loop {
                let Chunk {
                    batch,
                    faults: of_chunk,
                } = match chunk.take().or_else(|| following.take()) {
                    Some(chunk) => chunk,
                    None => match next(&mut read).await? {
                        Read::Chunk(chunk) => *chunk,
                        Read::End(hash) => return Ok(hash),
                    },
                };
                faults.append(of_chunk);
                if faults.count() == 0 || request.on_fault == OnFault::KeepOthers {
                    staging.add(batch).await?;
                }
            }
        };
        let hash = match staged.await {
            Ok(hash) => hash,
            Err(error) => {
                staging.discard().await;
                return Err(error);
            }
        };
        let idempotency = request.idempotency_key.map(|key| (key, hash));
        let nothing = staging.is_empty() || request.on_fault == OnFault::RejectAll;
        let answer = if faults.count() > 0 && nothing {
            staging.discard().await;
            IngestAnswer::of_nothing(&faults)
        } else {
            staging.commit(&faults, idempotency.clone()).await?
        };
        if request.on_fault == OnFault::KeepOthers {
            let origin = Origin {
                source,
                received_at_us,
                identity: idempotency
                    .as_ref()
                    .map(|(key, hash)| (key.as_str(), *hash)),
            };
            self.keep_rejected(tenant, origin, &faults).await;
        }
        Ok(answer)
    }
}

/// The next thing that was read; a channel that closes before the end is a
/// reader that ended early.
async fn next(read: &mut mpsc::Receiver<Result<Read>>) -> Result<Read> {
    let next = read.recv().await;
    next.unwrap_or_else(|| Err(Error::internal("a reader of a body ended early")))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

/// A body that is ready to be read.
enum Source {
    NdJson(Input),
    Csv(Input),
    Spooled(Box<ToDecode>),
}

/// A body for a child to decode.
struct ToDecode {
    program: DecoderProgram,
    format: Format,
    body: Spooled,
    limit_bytes: u64,
    turn: slots::Turn,
}

impl Source {
    fn lines(self) -> Result<Lines> {
        Ok(match self {
            Self::NdJson(input) => Lines::NdJson(Box::new(NdJson::new(
                io::BufReader::with_capacity(READ_BYTES, input),
            ))),
            Self::Csv(input) => Lines::Csv(Box::new(Csv::open(input)?)),
            Self::Spooled(of) => Lines::Decoded(Box::new(Decoded::start(*of)?)),
        })
    }
}

/// Checks points and cuts them into chunks, on a thread for blocking work.
struct Reader {
    tenant: TenantId,
    platforms: Arc<Vec<Platform>>,
    received_at_us: i64,
    points: u64,
}

impl Reader {
    /// The body's hash; `None` when nobody listened any more.
    fn run(
        mut self,
        mut lines: Lines,
        chunks: &mpsc::Sender<Result<Read>>,
    ) -> Result<Option<[u8; 32]>> {
        loop {
            let before = self.points;
            let (chunk, ended) = self.chunk(&mut lines)?;
            if self.points > before
                && chunks
                    .blocking_send(Ok(Read::Chunk(Box::new(chunk))))
                    .is_err()
            {
                return Ok(None);
            }
            if ended {
                return Ok(Some(lines.hash()));
            }
        }
    }

    /// The next points, and whether they are the last.
    fn chunk(&mut self, lines: &mut Lines) -> Result<(Chunk, bool)> {
        let mut batch = PointBatch::new(self.platforms.clone(), self.received_at_us);
        let mut faults = Faults::default();
        let mut bytes = 0;
        let mut ended = false;
        for _ in 0..CHUNK_POINTS {
            let Some(line) = lines.next()? else {
                ended = true;
                break;
            };
            let checked = match line.fault {
                Some(fault) => Err(reject("", fault)),
                None => parse::point(line.text, line.number, &self.tenant, &mut batch)
                    .map_err(|error| refusal::of_point(error, self.points))?,
            };
            if let Err(mut fault) = checked {
                fault.index = self.points;
                faults.push(fault, line.text);
            }
            self.points += 1;
            if self.points > MAX_POINTS {
                return Err(Error::TooLarge {
                    message: format!("a body holds at most {MAX_POINTS} points"),
                    hint: "split the body into several requests".into(),
                });
            }
            bytes += line.text.len();
            if bytes > CHUNK_BYTES {
                break;
            }
        }
        Ok((Chunk { batch, faults }, ended))
    }
}
