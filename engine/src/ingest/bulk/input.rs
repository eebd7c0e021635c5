//! From the request's frames to decoded bytes: decompressed, hashed, limited.
//!
//! Nothing here holds more than a few frames, whatever a body claims or
//! unpacks to.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};
use flate2::read::MultiGzDecoder;
use futures::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::{Encoding, Limits};
use crate::error::{Error, Result};

/// Frames between the request and the reader.
const FRAMES_AHEAD: usize = 8;

/// Bytes that may be unpacked before the ratio is looked at.
const UNPACKED_FREE_BYTES: u64 = 16 << 20;

/// How much larger than sent a body may be. Points as text shrink to a tenth
/// or a fortieth; gzip's most is about 1,030, zstd's far more.
const MAX_RATIO: u64 = 200;

/// Bits of zstd's window, 8 MiB: what all levels up to 19 stay within.
const ZSTD_WINDOW_BITS: u32 = 23;

/// The bytes of a request as they arrive; `None` is its end. A channel that
/// closes before was cut.
type Frame = Option<io::Result<Bytes>>;

/// Carries a body to where it is read; ends when nobody reads any more.
pub(super) async fn pump(
    body: &mut (dyn Stream<Item = io::Result<Bytes>> + Send + Unpin),
    frames: mpsc::Sender<Frame>,
) {
    while let Some(frame) = body.next().await {
        let failed = frame.is_err();
        if frames.send(Some(frame)).await.is_err() || failed {
            return;
        }
    }
    // Nobody waits for the end any more when this fails.
    let _ = frames.send(None).await;
}

/// A body's two ends: for [`pump`], and to be read on a thread for blocking
/// work. `hasher` has begun the body's hash.
pub(super) fn channel(
    encoding: Encoding,
    limits: &Limits,
    hasher: Sha256,
) -> (mpsc::Sender<Frame>, Input) {
    let (sender, frames) = mpsc::channel(FRAMES_AHEAD);
    let sent_bytes = Arc::new(AtomicU64::new(0));
    let raw = Frames {
        frames,
        current: Bytes::new(),
        ended: false,
        sent_bytes: sent_bytes.clone(),
        limit_bytes: limits.sent_bytes,
    };
    let input = Input {
        decoder: Unpacker::Waiting(Some((raw, encoding))),
        sent_bytes,
        decoded_bytes: 0,
        limit_bytes: limits.decoded_bytes,
        hasher,
    };
    (sender, input)
}

struct Frames {
    frames: mpsc::Receiver<Frame>,
    current: Bytes,
    ended: bool,
    sent_bytes: Arc<AtomicU64>,
    limit_bytes: u64,
}

impl Read for Frames {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            self.current = match self.frames.blocking_recv() {
                Some(Some(frame)) => frame?,
                Some(None) => {
                    self.ended = true;
                    return Ok(0);
                }
                None => return Err(io::Error::other("the request ended")),
            };
            let frame_bytes = self.current.len() as u64;
            let sent_bytes = self.sent_bytes.fetch_add(frame_bytes, Ordering::Relaxed);
            if sent_bytes + frame_bytes > self.limit_bytes {
                return Err(io::Error::other(over("is", self.limit_bytes)));
            }
        }
        let read = buffer.len().min(self.current.len());
        buffer[..read].copy_from_slice(&self.current[..read]);
        self.current.advance(read);
        Ok(read)
    }
}

/// Decoders read a first piece when they are made, so that waits for a reader.
enum Unpacker {
    Waiting(Option<(Frames, Encoding)>),
    Identity(Frames),
    Gzip(Box<MultiGzDecoder<BufReader<Frames>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Frames>>),
}

/// A body's decoded bytes, hashed as they are read and held against the limits.
pub(super) struct Input {
    decoder: Unpacker,
    sent_bytes: Arc<AtomicU64>,
    decoded_bytes: u64,
    limit_bytes: u64,
    hasher: Sha256,
}

impl Input {
    /// The hash of what was read.
    pub(super) fn hash(self) -> [u8; 32] {
        self.hasher.finalize().into()
    }

    /// Reads to the end, for the hash alone.
    pub(super) fn drain(&mut self) -> Result<()> {
        io::copy(self, &mut io::sink())
            .map(drop)
            .map_err(unreadable)
    }

    /// Reads a body that is wanted whole, of at most this many bytes.
    pub(super) fn whole(mut self, limit_bytes: u64) -> Result<Bytes> {
        let mut bytes = Vec::new();
        (&mut self)
            .take(limit_bytes + 1)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() as u64 > limit_bytes {
            return Err(over("is", limit_bytes));
        }
        Ok(bytes.into())
    }

    fn check(&self) -> Result<()> {
        if self.decoded_bytes > self.limit_bytes {
            return Err(over("unpacks to", self.limit_bytes));
        }
        let sent_bytes = self.sent_bytes.load(Ordering::Relaxed);
        if self.decoded_bytes > UNPACKED_FREE_BYTES && self.decoded_bytes / MAX_RATIO > sent_bytes {
            return Err(Error::TooLarge {
                message: format!("the body unpacks to more than {MAX_RATIO} times its size"),
                hint: "send it uncompressed, or as several bodies of less than 16 MiB unpacked"
                    .into(),
            });
        }
        Ok(())
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Unpacker::Waiting(waiting) = &mut self.decoder {
            let (frames, encoding) = waiting
                .take()
                .ok_or_else(|| io::Error::other("the body failed before"))?;
            self.decoder = match encoding {
                Encoding::Identity => Unpacker::Identity(frames),
                Encoding::Gzip => {
                    Unpacker::Gzip(Box::new(MultiGzDecoder::new(BufReader::new(frames))))
                }
                Encoding::Zstd => {
                    let frames = BufReader::new(frames);
                    let mut decoder = zstd::stream::read::Decoder::with_buffer(frames)?;
                    decoder.window_log_max(ZSTD_WINDOW_BITS)?;
                    Unpacker::Zstd(decoder)
                }
            };
        }
        let read = match &mut self.decoder {
            Unpacker::Waiting(_) => 0,
            Unpacker::Identity(frames) => frames.read(buffer)?,
            Unpacker::Gzip(decoder) => decoder.read(buffer)?,
            Unpacker::Zstd(decoder) => decoder.read(buffer)?,
        };
        self.decoded_bytes += read as u64;
        self.check().map_err(io::Error::other)?;
        self.hasher.update(&buffer[..read]);
        Ok(read)
    }
}

/// A body beyond a limit.
pub(super) fn over(verb: &str, limit_bytes: u64) -> Error {
    Error::TooLarge {
        message: format!("the body {verb} more than the limit of {limit_bytes} bytes"),
        hint: "split the body into several requests".into(),
    }
}

/// What went wrong while a body was read: an error of ours that came through
/// a reader, or bytes that cannot be unpacked.
pub(super) fn unreadable(error: io::Error) -> Error {
    error.downcast::<Error>().unwrap_or_else(|error| {
        let what = match error.kind() {
            io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
            _ => error.to_string(),
        };
        Error::Invalid {
            message: format!("the body cannot be unpacked: {what}"),
            at: Some("body".into()),
            location: None,
            hint: Some("send it whole, and name its compression in Content-Encoding".into()),
        }
    })
}
