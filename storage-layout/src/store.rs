//! Opens a store by URL (`location`), and fences one to a query's files.
//!
//! It does not know which files a tenant has: the catalog says so, and the
//! fence lets nothing else through.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;
use std::path::Path as FilePath;
use std::sync::Arc;

use crate::durable::DurableLocal;
use crate::error::StorageError;
use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

mod location;

pub use location::Location;

/// Opens the store that a URL names; see [`Location`] for what a URL may say.
/// Keys and tokens come from the environment alone. Errors: a URL or a setting
/// that no store can be opened with; neither repeats a secret.
pub fn open(url: &str) -> Result<Arc<dyn ObjectStore>, StorageError> {
    Location::parse(url)?.open(std::env::vars())
}

/// A durable store below a local folder, which is made when missing.
pub fn open_folder(folder: &FilePath) -> Result<Arc<dyn ObjectStore>, StorageError> {
    std::fs::create_dir_all(folder)?;
    Ok(Arc::new(DurableLocal::new(folder)?))
}

/// A read-only view of a store that holds exactly the named objects.
///
/// What is not among them does not exist, whatever a plan asks for.
#[derive(Debug)]
pub struct FencedStore {
    inner: Arc<dyn ObjectStore>,
    allowed: Arc<HashSet<Path>>,
}

impl FencedStore {
    /// Lets only `allowed` through.
    pub fn new(inner: Arc<dyn ObjectStore>, allowed: Arc<HashSet<Path>>) -> Self {
        Self { inner, allowed }
    }

    fn check(&self, at: &Path) -> Result<()> {
        if self.allowed.contains(at) {
            return Ok(());
        }
        Err(object_store::Error::NotFound {
            path: String::new(),
            source: "not one of this query's files".into(),
        })
    }
}

impl fmt::Display for FencedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fenced to {} objects", self.allowed.len())
    }
}

fn read_only() -> object_store::Error {
    object_store::Error::NotSupported {
        source: "a query's store is read-only".into(),
    }
}

#[async_trait]
impl ObjectStore for FencedStore {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(read_only())
    }

    async fn put_multipart_opts(
        &self,
        _: &Path,
        _: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        Err(read_only())
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        self.check(at)?;
        self.inner.get_opts(at, options).await
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.check(at)?;
        self.inner.get_ranges(at, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        locations.map(|_| Err(read_only())).boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        futures::stream::once(async { Err(read_only()) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(read_only())
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(read_only())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    #[tokio::test]
    async fn a_fenced_store_holds_only_what_it_was_given() {
        let inner = Arc::new(InMemory::new());
        for name in ["a", "b"] {
            inner
                .put(&Path::from(name), name.into())
                .await
                .expect("put");
        }
        let fenced = FencedStore::new(inner, Arc::new([Path::from("a")].into()));
        assert!(fenced.get(&Path::from("a")).await.is_ok());
        let refused = fenced
            .get(&Path::from("b"))
            .await
            .expect_err("outside the fence");
        assert!(matches!(refused, object_store::Error::NotFound { .. }));
        assert!(fenced.put(&Path::from("a"), "x".into()).await.is_err());
        assert!(fenced.delete(&Path::from("a")).await.is_err());
    }
}
