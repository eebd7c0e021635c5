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
use futures::StreamExt;
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

/// What a process that ended in the middle of a `put` left of it. The wrapped
/// store writes to this name first, and nothing but the key leads to it.
fn torn(file: &FilePath) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push("#1");
    name.into()
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
        let inner = self.inner.clone();
        let remove_torn = move |location: Result<Path>| {
            if let Ok(file) = location.as_ref().map(|at| inner.path_to_filesystem(at))
                && let Ok(file) = file
            {
                // Mostly there is none, and what stays is asked for again.
                let _ = std::fs::remove_file(torn(&file));
            }
            location
        };
        self.inner.delete_stream(locations.map(remove_torn).boxed())
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

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;

    #[tokio::test]
    async fn what_is_left_of_a_cut_put_goes_with_its_key() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = DurableLocal::new(folder.path()).expect("a store");
        let (cut, kept) = (Path::from("a/cut"), Path::from("a/kept"));
        store.put(&kept, "x".into()).await.expect("put");
        // An upload is given up half-way, as by a process that ends.
        let mut upload = store.put_multipart(&cut).await.expect("an upload");
        upload.put_part("half".into()).await.expect("a part");
        std::mem::forget(upload);
        let left = folder.path().join("a/cut#1");
        assert!(left.exists());
        let gone = store.delete(&cut).await;
        assert!(matches!(gone, Err(object_store::Error::NotFound { .. })));
        assert!(!left.exists());
        assert!(store.get(&kept).await.is_ok());
    }
}
