//! The objects of a backup, sorted by key: one JSON object a line, compressed.
//! About 60 bytes an object, so a million of them are held in memory at ease.

use std::io::{BufRead, BufReader, Write};

use bytes::{Buf, Bytes};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) bytes: u64,
    /// In hexadecimal; empty while it is not known.
    pub(crate) sha256: String,
}

/// A finished list.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectList {
    /// Compressed.
    pub(crate) bytes: Bytes,
    pub(crate) objects: u64,
    pub(crate) object_bytes: u64,
}

impl ObjectList {
    /// The objects, in the order of their keys.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Result<Entry>> + Send + use<> {
        let lines = BufReader::new(GzDecoder::new(self.bytes.clone().reader())).lines();
        let lines = lines.take(usize::try_from(self.objects).unwrap_or(usize::MAX));
        lines.map(|line| {
            let line = line.map_err(Error::storage)?;
            serde_json::from_str(&line).map_err(Error::storage)
        })
    }
}

/// A list in the making.
pub(crate) struct ObjectListWriter {
    encoder: GzEncoder<Vec<u8>>,
    objects: u64,
    object_bytes: u64,
}

impl Default for ObjectListWriter {
    fn default() -> Self {
        Self {
            encoder: GzEncoder::new(Vec::new(), Compression::default()),
            objects: 0,
            object_bytes: 0,
        }
    }
}

impl ObjectListWriter {
    pub(crate) fn push(&mut self, entry: &Entry) -> Result<()> {
        self.objects += 1;
        self.object_bytes += entry.bytes;
        serde_json::to_writer(&mut self.encoder, entry).map_err(Error::internal)?;
        self.encoder.write_all(b"\n").map_err(Error::internal)
    }

    pub(crate) fn finish(self) -> Result<ObjectList> {
        Ok(ObjectList {
            bytes: self.encoder.finish().map_err(Error::internal)?.into(),
            objects: self.objects,
            object_bytes: self.object_bytes,
        })
    }
}
