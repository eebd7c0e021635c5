//! A local store that keeps what it acknowledged: file and folders are synced
//! before `put` returns.
//!
//! The wrapped store writes to a temporary name, renames it and never calls
//! fsync; this wrapper adds only that.

use std::fmt;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UploadPart,
};

/// [`LocalFileSystem`] plus fsync of file and parent folders.
#[derive(Debug)]
pub struct DurableLocal {
    inner: Arc<LocalFileSystem>,
    root: PathBuf,
}

impl DurableLocal {
    /// A store below this folder, which must exist.
    pub fn new(root: &FilePath) -> Result<Self> {
        let inner = Arc::new(LocalFileSystem::new_with_prefix(root)?);
        Ok(Self {
            inner,
            root: root.to_owned(),
        })
    }
}

impl fmt::Display for DurableLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "durable {}", self.inner)
    }
}

/// Syncs the object and each folder from it up to the store's root, because
/// `put` may have made any of them.
fn sync(inner: &LocalFileSystem, root: &FilePath, location: &Path) -> Result<()> {
    let generic = |source: std::io::Error| object_store::Error::Generic {
        store: "local",
        source: source.into(),
    };
    let path = inner.path_to_filesystem(location)?;
    std::fs::File::open(&path)
        .and_then(|f| f.sync_all())
        .map_err(generic)?;
    let mut folder = path.parent();
    while let Some(current) = folder {
        std::fs::File::open(current)
            .and_then(|f| f.sync_all())
            .map_err(generic)?;
        if current == root {
            break;
        }
        folder = current.parent();
    }
    Ok(())
}

async fn sync_in_background(inner: Arc<LocalFileSystem>, root: PathBuf, at: Path) -> Result<()> {
    tokio::task::spawn_blocking(move || sync(&inner, &root, &at)).await?
}

#[async_trait]
impl ObjectStore for DurableLocal {
    async fn put_opts(
        &self,
        at: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        let result = self.inner.put_opts(at, payload, opts).await?;
        sync_in_background(self.inner.clone(), self.root.clone(), at.clone()).await?;
        Ok(result)
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let upload = self.inner.put_multipart_opts(at, opts).await?;
        let (inner, root, at) = (self.inner.clone(), self.root.clone(), at.clone());
        Ok(Box::new(DurableUpload {
            upload,
            inner,
            root,
            at,
        }))
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.inner.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await?;
        sync_in_background(self.inner.clone(), self.root.clone(), to.clone()).await
    }
}

#[derive(Debug)]
struct DurableUpload {
    upload: Box<dyn MultipartUpload>,
    inner: Arc<LocalFileSystem>,
    root: PathBuf,
    at: Path,
}

#[async_trait]
impl MultipartUpload for DurableUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.upload.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let result = self.upload.complete().await?;
        sync_in_background(self.inner.clone(), self.root.clone(), self.at.clone()).await?;
        Ok(result)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}
