//! A part of a backup as a stream: compressed, hashed and uploaded piece by
//! piece, so that a table larger than memory is no matter.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::{GzDecoder, GzEncoder};
use futures::TryStreamExt;
use object_store::buffered::BufWriter;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;

use super::manifest::{TablePart, damaged};
use super::{hex, unavailable};
use crate::error::{Error, Result};
use crate::metadata::restore::Load;

/// Compressed bytes that are gathered before they are written.
const PIECE_BYTES: usize = 1 << 20;

/// A part in the making.
pub(crate) struct PartWriter {
    encoder: GzEncoder<Vec<u8>>,
    hash: Sha256,
    bytes: u64,
    to: BufWriter,
}

impl PartWriter {
    pub(crate) fn new(store: Arc<dyn ObjectStore>, at: Path) -> Self {
        Self {
            encoder: GzEncoder::new(Vec::new(), Compression::fast()),
            hash: Sha256::new(),
            bytes: 0,
            to: BufWriter::new(store, at),
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.encoder.write_all(bytes).map_err(Error::internal)?;
        if self.encoder.get_ref().len() >= PIECE_BYTES {
            let piece = std::mem::take(self.encoder.get_mut());
            self.upload(&piece).await?;
        }
        Ok(())
    }

    /// Answers the part's length and SHA-256.
    pub(crate) async fn finish(mut self) -> Result<(u64, [u8; 32])> {
        self.encoder.try_finish().map_err(Error::internal)?;
        let piece = std::mem::take(self.encoder.get_mut());
        self.upload(&piece).await?;
        self.to.shutdown().await.map_err(unwritten)?;
        Ok((self.bytes, self.hash.finalize().into()))
    }

    async fn upload(&mut self, piece: &[u8]) -> Result<()> {
        self.hash.update(piece);
        self.bytes += piece.len() as u64;
        self.to.write_all(piece).await.map_err(unwritten)
    }
}

fn unwritten(error: std::io::Error) -> Error {
    Error::Unavailable {
        message: format!("the backup cannot be written: {error}"),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}

/// Streams a table's rows into `load`. Errors: `Storage` when they are not
/// what was written; nothing of them may be used then.
pub(crate) async fn load(
    store: &dyn ObjectStore,
    at: &Path,
    part: &TablePart,
    mut load: Load<'_>,
) -> Result<()> {
    let object = match store.get(at).await {
        Err(object_store::Error::NotFound { .. }) => return Err(damaged(at)),
        other => other.map_err(unavailable)?,
    };
    let mut pieces = object.into_stream();
    let mut hash = Sha256::new();
    let mut decoder = GzDecoder::new(Vec::new());
    while let Some(piece) = pieces.try_next().await.map_err(unavailable)? {
        hash.update(&piece);
        decoder.write_all(&piece).map_err(|_| damaged(at))?;
        let rows = std::mem::take(decoder.get_mut());
        load.send(&rows).await?;
    }
    decoder.try_finish().map_err(|_| damaged(at))?;
    load.send(decoder.get_ref()).await?;
    if hex(&hash.finalize()) != part.sha256 {
        return Err(damaged(at));
    }
    // Only now: Postgres need not make sense of damaged rows.
    if load.finish().await? != part.rows {
        return Err(damaged(at));
    }
    Ok(())
}
