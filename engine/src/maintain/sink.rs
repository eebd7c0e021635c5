//! An object that is written part by part.

use std::io::{Error, Result, Write};

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt};

use super::work::Work;

/// Bytes of a part; a smaller object goes out at once.
const PART_BYTES: usize = 8 << 20;

/// Takes an object's bytes; nothing is there before [`ObjectSink::finish`].
/// Whoever makes one has noted the upload in the catalog.
pub(super) struct ObjectSink {
    work: Work,
    key: Path,
    buffer: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl ObjectSink {
    pub(super) fn new(work: Work, key: Path) -> Self {
        Self {
            work,
            key,
            buffer: Vec::new(),
            upload: None,
        }
    }

    fn part(&mut self) -> Result<()> {
        let part = std::mem::take(&mut self.buffer);
        self.work.pace(part.len() as u64)?;
        let handle = self.work.handle.clone();
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => {
                let begun = handle.block_on(self.work.store.put_multipart(&self.key));
                none.insert(begun.map_err(Error::other)?)
            }
        };
        handle
            .block_on(upload.put_part(part.into()))
            .map_err(Error::other)
    }

    /// Makes the object durable.
    pub(super) fn finish(mut self) -> Result<()> {
        if self.upload.is_some() {
            if !self.buffer.is_empty() {
                self.part()?;
            }
            let handle = self.work.handle.clone();
            let completed = self.upload.as_mut().map(|u| handle.block_on(u.complete()));
            completed.transpose().map_err(Error::other)?;
            self.upload = None;
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.buffer);
        self.work.pace(bytes.len() as u64)?;
        let put = self.work.store.put(&self.key, bytes.into());
        self.work
            .handle
            .block_on(put)
            .map(drop)
            .map_err(Error::other)
    }
}

impl Write for ObjectSink {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PART_BYTES {
            self.part()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl Drop for ObjectSink {
    /// What was begun and not finished is not left lying in the store.
    fn drop(&mut self) {
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = self.work.handle.block_on(upload.abort())
        {
            tracing::warn!(%error, "an unfinished upload is left to the store");
        }
    }
}
