//! The worker's side of what it needs: everything is asked of the parent.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::RecordBatch;
use arrow::ipc::reader::StreamReader;
use async_trait::async_trait;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures::future::try_join_all;
use futures::stream::{self, BoxStream};
use futures::{FutureExt, StreamExt};
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, MultipartUpload,
    ObjectMeta, ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use storage_layout::FileId;
use storage_layout::rollup::Partials;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::assignment::{Ask, Given};
use super::fault::Fault;
use super::protocol::{Frame, Kind};
use super::supply::{MOST_RANGE_BYTES, MOST_RANGES};
use crate::error::{Error, Result};
use crate::query::partials::{PartialsSource, Sourced};
use crate::query::supplier::{CatalogTable, Supplier};

/// Bytes of an object that are asked for in one piece.
const PIECE_BYTES: u64 = MOST_RANGE_BYTES / 2;

/// The parent, as far as a worker knows it. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    frames: mpsc::Sender<Frame>,
    waiting: Arc<Mutex<HashMap<u32, oneshot::Sender<Bytes>>>>,
    next: Arc<AtomicU32>,
}

impl Parent {
    /// Asks through this channel.
    pub(super) fn new(frames: mpsc::Sender<Frame>) -> Self {
        Self {
            frames,
            waiting: Arc::default(),
            next: Arc::default(),
        }
    }

    /// Takes a reply to whom it is for.
    pub(super) fn replied(&self, mut reply: Bytes) {
        let Ok(number) = reply.try_get_u32_le() else {
            return;
        };
        if let Some(waiting) = self.waiting().remove(&number) {
            // Its query may have ended meanwhile.
            let _ = waiting.send(reply);
        }
    }

    /// What the parent gives; `None` when there is no such thing.
    async fn ask(&self, ask: &Ask) -> Result<Option<Bytes>> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, reply) = oneshot::channel();
        self.waiting().insert(number, sender);
        let json = serde_json::to_vec(ask).map_err(Error::internal)?;
        let mut body = BytesMut::with_capacity(4 + json.len());
        body.put_u32_le(number);
        body.put_slice(&json);
        let gone = || Error::internal("the parent is gone");
        let sent = self.frames.send(Frame::new(Kind::Ask, body)).await;
        sent.map_err(|_| gone())?;
        let mut reply = reply.await.map_err(|_| gone())?;
        match Given::of(reply.try_get_u8().map_err(Error::internal)?) {
            Some(Given::Bytes) => Ok(Some(reply)),
            Some(Given::Nothing) => Ok(None),
            Some(Given::Failed) => {
                let fault: Fault = serde_json::from_slice(&reply).map_err(Error::internal)?;
                Err(fault.into())
            }
            None => Err(Error::internal("a reply of no known kind")),
        }
    }

    async fn must(&self, ask: &Ask) -> Result<Bytes> {
        let given = self.ask(ask).await?;
        given.ok_or_else(|| Error::internal("the parent has nothing to give"))
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<Bytes>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Supplier for Parent {
    async fn payloads(&self, files: &[FileId]) -> Result<Vec<(FileId, Bytes)>> {
        let files = files.to_vec();
        listed(self.must(&Ask::Payloads { files }).await?)
    }

    async fn rollups(&self, files: &[FileId]) -> Result<Vec<(FileId, Bytes)>> {
        let files = files.to_vec();
        listed(self.must(&Ask::Rollups { files }).await?)
    }

    async fn table(&self, table: CatalogTable) -> Result<RecordBatch> {
        let stream = self.must(&Ask::Table { table }).await?;
        let mut rows = StreamReader::try_new(stream.reader(), None).map_err(Error::internal)?;
        let rows = rows.next().transpose().map_err(Error::internal)?;
        rows.ok_or_else(|| Error::internal("a table without rows"))
    }

    async fn merged(&self, from_day: i32, to_day: i32) -> Result<Option<Sourced>> {
        let mut bytes = self.must(&Ask::Merged { from_day, to_day }).await?;
        let source = match bytes.split_off(bytes.len().saturating_sub(1)).first() {
            Some(0) => PartialsSource::Rollup,
            _ => PartialsSource::Raw,
        };
        let partials = Partials::decode(&bytes).map_err(Error::internal)?;
        Ok(Some(Sourced {
            partials: Arc::new(partials),
            source,
        }))
    }
}

/// Files as the parent lists them: id, length, bytes.
fn listed(mut bytes: Bytes) -> Result<Vec<(FileId, Bytes)>> {
    let short = |_| Error::internal("a list of files that is too short");
    let mut files = Vec::new();
    while bytes.has_remaining() {
        let id = bytes.try_get_u128().map_err(short)?;
        let length = bytes.try_get_u64_le().map_err(short)? as usize;
        if length > bytes.len() {
            return Err(Error::internal("a list of files that is too short"));
        }
        files.push((FileId(Uuid::from_u128(id)), bytes.split_to(length)));
    }
    Ok(files)
}

/// The parent's store, read-only.
#[derive(Debug)]
pub(super) struct ParentStore(pub(super) Parent);

impl fmt::Display for ParentStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the parent's objects")
    }
}

impl ParentStore {
    async fn asked(&self, at: &Path, ask: Ask) -> object_store::Result<Bytes> {
        match self.0.ask(&ask).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(object_store::Error::NotFound {
                path: at.to_string(),
                source: "the parent has no such object".into(),
            }),
            Err(error) => Err(object_store::Error::Generic {
                store: "parent",
                source: Box::new(error),
            }),
        }
    }

    async fn size(&self, at: &Path) -> object_store::Result<u64> {
        let object = at.to_string();
        let mut size = self.asked(at, Ask::Size { object }).await?;
        size.try_get_u64_le().map_err(|_| short())
    }
}

fn short() -> object_store::Error {
    object_store::Error::Generic {
        store: "parent",
        source: "a reply that is too short".into(),
    }
}

fn read_only() -> object_store::Error {
    object_store::Error::NotSupported {
        source: "a query's store is read-only".into(),
    }
}

#[async_trait]
impl ObjectStore for ParentStore {
    async fn put_opts(
        &self,
        _: &Path,
        _: PutPayload,
        _: PutOptions,
    ) -> object_store::Result<PutResult> {
        Err(read_only())
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> object_store::Result<GetResult> {
        let size = self.size(at).await?;
        let range = match options.range {
            Some(GetRange::Bounded(range)) => range.start.min(size)..range.end.min(size),
            Some(GetRange::Offset(offset)) => offset.min(size)..size,
            Some(GetRange::Suffix(length)) => size.saturating_sub(length)..size,
            None => 0..size,
        };
        let bytes = match options.head {
            true => Bytes::new(),
            false => {
                let mut read = self.get_ranges(at, std::slice::from_ref(&range)).await?;
                read.pop().unwrap_or_default()
            }
        };
        Ok(GetResult {
            payload: GetResultPayload::Stream(stream::once(async { Ok(bytes) }.boxed()).boxed()),
            meta: ObjectMeta {
                location: at.clone(),
                last_modified: chrono::DateTime::UNIX_EPOCH,
                size,
                e_tag: None,
                version: None,
            },
            range,
            attributes: Default::default(),
        })
    }

    async fn get_ranges(
        &self,
        at: &Path,
        ranges: &[Range<u64>],
    ) -> object_store::Result<Vec<Bytes>> {
        let asks = asks(ranges).into_iter().map(|ranges| {
            let object = at.to_string();
            self.asked(at, Ask::Ranges { object, ranges })
        });
        let mut read = join(try_join_all(asks).await?);
        let parts = ranges.iter().map(|range| {
            let length = range.end.saturating_sub(range.start) as usize;
            (length <= read.len()).then(|| read.split_to(length))
        });
        parts.collect::<Option<_>>().ok_or_else(short)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        locations.map(|_| Err(read_only())).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        stream::once(async { Err(read_only()) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> object_store::Result<ListResult> {
        Err(read_only())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> object_store::Result<()> {
        Err(read_only())
    }
}

/// The ranges in order, in asks that are each small enough.
fn asks(ranges: &[Range<u64>]) -> Vec<Vec<Range<u64>>> {
    let mut asks = vec![Vec::new()];
    let mut bytes = 0;
    for range in ranges {
        let mut start = range.start;
        while start < range.end {
            let full = asks.last().is_some_and(|ask| ask.len() == MOST_RANGES);
            if bytes == PIECE_BYTES || full {
                asks.push(Vec::new());
                bytes = 0;
            }
            let end = range.end.min(start + (PIECE_BYTES - bytes));
            if let Some(ask) = asks.last_mut() {
                ask.push(start..end);
            }
            bytes += end - start;
            start = end;
        }
    }
    asks
}

fn join(mut parts: Vec<Bytes>) -> Bytes {
    match parts.len() {
        1 => parts.pop().unwrap_or_default(),
        _ => parts.concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asks_cover_the_ranges_in_order_and_are_small() {
        let ranges = [0..10, 5..PIECE_BYTES * 2 + 7, 3..3, 100..101];
        let asks = asks(&ranges);
        let length =
            |ranges: &[Range<u64>]| -> u64 { ranges.iter().map(|r| r.end - r.start).sum() };
        assert_eq!(
            asks.iter().map(|ask| length(ask)).sum::<u64>(),
            length(&ranges)
        );
        assert!(asks.iter().all(|ask| length(ask) <= MOST_RANGE_BYTES));
        let all: Vec<_> = asks.concat();
        assert_eq!(all.first(), Some(&(0..10)));
        assert_eq!(all.last(), Some(&(100..101)));
    }
}
