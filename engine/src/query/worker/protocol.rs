//! What goes over the one socket between a worker and its parent: frames of a
//! kind, a length and a body. Control is JSON, data is bytes.
//!
//! It does not know what the bodies mean. A length beyond the reader's bound is
//! an error before anything is kept of it.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Bytes of a frame's head: its kind and the length of its body.
const HEAD_BYTES: usize = 5;

/// The longest body that a parent takes from a worker.
pub(super) const LONGEST_FROM_WORKER: usize = 8 << 20;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// From a worker: it is ready, and confined in these ways.
    Ready = 1,
    /// To a worker: what it shall run.
    Assign = 2,
    /// From a worker: it needs something; a number, and what.
    Ask = 3,
    /// To a worker: a number, whether it was given, and the bytes.
    Reply = 4,
    /// From a worker: a chunk of the answer.
    Chunk = 5,
    /// From a worker: the answer's end; what it was, and the last chunk.
    End = 6,
    /// From a worker: the query failed.
    Failed = 7,
}

impl Kind {
    fn of(byte: u8) -> io::Result<Self> {
        let all = [
            Self::Ready,
            Self::Assign,
            Self::Ask,
            Self::Reply,
            Self::Chunk,
            Self::End,
            Self::Failed,
        ];
        let known = all.into_iter().find(|kind| *kind as u8 == byte);
        known.ok_or_else(|| broken("a frame of no known kind"))
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) body: Bytes,
}

impl Frame {
    pub(super) fn new(kind: Kind, body: impl Into<Bytes>) -> Self {
        Self {
            kind,
            body: body.into(),
        }
    }

    /// A frame whose body is one JSON value.
    pub(super) fn json(kind: Kind, value: &impl Serialize) -> io::Result<Self> {
        Ok(Self::new(kind, serde_json::to_vec(value)?))
    }

    /// A frame whose body is a JSON value and bytes behind it.
    pub(super) fn with_tail(kind: Kind, value: &impl Serialize, tail: &[u8]) -> io::Result<Self> {
        let json = serde_json::to_vec(value)?;
        let length = u32::try_from(json.len()).map_err(|_| broken("a head that is too long"))?;
        let mut body = BytesMut::with_capacity(4 + json.len() + tail.len());
        body.put_u32_le(length);
        body.put_slice(&json);
        body.put_slice(tail);
        Ok(Self::new(kind, body))
    }

    /// The JSON value that is the body.
    pub(super) fn value<T: DeserializeOwned>(&self) -> io::Result<T> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// The JSON value at the body's head, and the bytes behind it.
    pub(super) fn value_and_tail<T: DeserializeOwned>(mut self) -> io::Result<(T, Bytes)> {
        let short = || broken("a frame that is too short");
        let length = self.body.try_get_u32_le().map_err(|_| short())? as usize;
        if length > self.body.len() {
            return Err(short());
        }
        let json = self.body.split_to(length);
        Ok((serde_json::from_slice(&json)?, self.body))
    }
}

/// Reads frames. [`FrameReader::next`] may be dropped while it waits: what has
/// come is kept.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    from: R,
    buffer: BytesMut,
    longest: usize,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(from: R, longest: usize) -> Self {
        Self {
            from,
            buffer: BytesMut::new(),
            longest,
        }
    }

    /// The next frame; `None` when the other side is gone. Errors: what is no
    /// frame, is too long, or ends in the middle.
    pub(super) async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = self.buffered()? {
                return Ok(Some(frame));
            }
            if self.from.read_buf(&mut self.buffer).await? == 0 {
                return match self.buffer.is_empty() {
                    true => Ok(None),
                    false => Err(io::ErrorKind::UnexpectedEof.into()),
                };
            }
        }
    }

    fn buffered(&mut self) -> io::Result<Option<Frame>> {
        let Some(mut head) = self.buffer.get(..HEAD_BYTES) else {
            self.buffer.reserve(8 << 10);
            return Ok(None);
        };
        let kind = Kind::of(head.get_u8())?;
        let length = head.get_u32_le() as usize;
        if length > self.longest {
            return Err(broken("a frame that is too long"));
        }
        let whole = HEAD_BYTES + length;
        if self.buffer.len() < whole {
            self.buffer.reserve(whole - self.buffer.len());
            return Ok(None);
        }
        self.buffer.advance(HEAD_BYTES);
        let body = self.buffer.split_to(length).freeze();
        Ok(Some(Frame { kind, body }))
    }
}

/// Writes one frame, whole.
pub(super) async fn write<W: AsyncWrite + Unpin>(to: &mut W, frame: &Frame) -> io::Result<()> {
    let length = u32::try_from(frame.body.len()).map_err(|_| broken("a frame that is too long"))?;
    let mut head = BytesMut::with_capacity(HEAD_BYTES);
    head.put_u8(frame.kind as u8);
    head.put_u32_le(length);
    to.write_all_buf(&mut head.chain(frame.body.clone()))
        .await?;
    to.flush().await
}

fn broken(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> io::Result<Vec<Frame>> {
        let mut reader = FrameReader::new(bytes, 100);
        let mut frames = Vec::new();
        while let Some(frame) = reader.next().await? {
            frames.push(frame);
        }
        Ok(frames)
    }

    #[tokio::test]
    async fn frames_come_out_as_they_went_in() {
        let frames = [
            Frame::new(Kind::Chunk, Bytes::from_static(b"abc")),
            Frame::with_tail(Kind::End, &7, b"tail").expect("a frame"),
            Frame::new(Kind::Failed, Bytes::new()),
        ];
        let mut bytes = Vec::new();
        for frame in &frames {
            write(&mut bytes, frame).await.expect("written");
        }
        let [first, second, third] =
            <[Frame; 3]>::try_from(read(&bytes).await.expect("read")).expect("three frames");
        assert_eq!(
            (&first, &second, &third),
            (&frames[0], &frames[1], &frames[2])
        );
        let (value, tail): (u32, _) = second.value_and_tail().expect("both");
        assert_eq!((value, tail), (7, Bytes::from_static(b"tail")));
    }

    #[tokio::test]
    async fn what_is_no_frame_is_refused_before_it_is_kept() {
        for bytes in [
            &[99, 0, 0, 0, 0][..],
            &[5, 101, 0, 0, 0],
            &[5, 255, 255, 255, 255],
            &[5, 3, 0, 0, 0, b'a'],
            &[5, 3],
        ] {
            assert!(read(bytes).await.is_err(), "{bytes:?}");
        }
        let short = Frame::new(Kind::End, Bytes::from_static(&[9, 0, 0, 0, b'1']));
        assert!(short.value_and_tail::<u32>().is_err());
    }
}
