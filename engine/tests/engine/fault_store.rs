//! A store that fails as stores do, by a seed.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
    UploadPart,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};

/// What goes wrong with one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, and nothing was done.
    Before,
    /// It is done, and fails.
    After,
    /// It takes a while.
    Delay,
    /// The store asks for less.
    Throttled,
    /// There is no room (writes only).
    Full,
    /// Fewer bytes come than were asked for (reads only).
    Torn,
}

/// Draws faults.
#[derive(Debug)]
struct Plan {
    random: StdRng,
    /// Of a thousand requests so many have a fault.
    per_mille: u32,
    faults: Vec<Fault>,
    happened: u64,
    /// Nothing below it can be deleted.
    kept: Option<Path>,
}

/// A store around another one; it has no list, which the engine does not need.
#[derive(Debug, Clone)]
pub(crate) struct FaultStore {
    inner: Arc<dyn ObjectStore>,
    plan: Arc<Mutex<Plan>>,
    gate: Arc<RwLock<()>>,
}

impl FaultStore {
    /// Without faults until some are asked for.
    pub(crate) fn new(inner: Arc<dyn ObjectStore>, seed: u64) -> Self {
        let plan = Plan {
            random: StdRng::seed_from_u64(seed),
            per_mille: 0,
            faults: Vec::new(),
            happened: 0,
            kept: None,
        };
        Self {
            inner,
            plan: Arc::new(Mutex::new(plan)),
            gate: Arc::default(),
        }
    }

    /// From now on nothing below this folder can be deleted.
    pub(crate) fn keep(&self, folder: &str) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.kept = Some(Path::from(folder));
    }

    /// The store behind, which has no faults.
    pub(crate) fn inner(&self) -> &dyn ObjectStore {
        self.inner.as_ref()
    }

    /// Until the answer is dropped, reads and writes wait.
    pub(crate) async fn close(&self) -> OwnedRwLockWriteGuard<()> {
        self.gate.clone().write_owned().await
    }

    /// From now on so many of a thousand requests have one of these faults.
    pub(crate) fn fail(&self, per_mille: u32, faults: &[Fault]) {
        let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
        plan.per_mille = per_mille;
        plan.faults = faults.to_vec();
    }

    /// How many requests have failed.
    pub(crate) fn happened(&self) -> u64 {
        self.plan
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .happened
    }

    /// Draws, and has the faults happen that come before the effect.
    async fn before(&self, possible: impl Fn(Fault) -> bool) -> Result<Option<Fault>> {
        drop(self.gate.read().await);
        let fault = {
            let mut plan = self.plan.lock().unwrap_or_else(PoisonError::into_inner);
            let some = plan.random.random_range(0..1_000) < plan.per_mille;
            if !some || plan.faults.is_empty() {
                return Ok(None);
            }
            let choices = plan.faults.len();
            let at = plan.random.random_range(0..choices);
            let fault = plan.faults[at];
            if !possible(fault) {
                return Ok(None);
            }
            plan.happened += 1;
            fault
        };
        match fault {
            Fault::Before => Err(generic("connection reset by peer")),
            Fault::Throttled => Err(generic("503 Slow Down")),
            Fault::Full => Err(Error::Generic {
                store: "faulty",
                source: std::io::Error::from(std::io::ErrorKind::StorageFull).into(),
            }),
            Fault::Delay => {
                tokio::time::sleep(Duration::from_millis(30)).await;
                Ok(None)
            }
            Fault::After | Fault::Torn => Ok(Some(fault)),
        }
    }
}

fn generic(what: &str) -> Error {
    Error::Generic {
        store: "faulty",
        source: what.into(),
    }
}

fn write(fault: Fault) -> bool {
    fault != Fault::Torn
}

fn read(fault: Fault) -> bool {
    !matches!(fault, Fault::Full | Fault::After)
}

fn after<T>(fault: Option<Fault>, done: T) -> Result<T> {
    match fault {
        Some(_) => Err(generic("the connection was lost after the request")),
        None => Ok(done),
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faulty {}", self.inner)
    }
}

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(&self, at: &Path, bytes: PutPayload, o: PutOptions) -> Result<PutResult> {
        let fault = self.before(write).await?;
        after(fault, self.inner.put_opts(at, bytes, o).await?)
    }

    async fn put_multipart_opts(
        &self,
        at: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let fault = self.before(write).await?;
        let upload = self.inner.put_multipart_opts(at, options).await?;
        let upload: Box<dyn MultipartUpload> = Box::new(FaultUpload {
            upload,
            store: self.clone(),
        });
        after(fault, upload)
    }

    async fn get_opts(&self, at: &Path, options: GetOptions) -> Result<GetResult> {
        match self.before(read).await? {
            // A stream that breaks off.
            Some(_) if !options.head => Err(generic("the body ended early")),
            _ => self.inner.get_opts(at, options).await,
        }
    }

    async fn get_ranges(&self, at: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let fault = self.before(read).await?;
        let mut parts = self.inner.get_ranges(at, ranges).await?;
        if fault == Some(Fault::Torn)
            && let Some(last) = parts.last_mut()
        {
            last.truncate(last.len() / 2);
        }
        Ok(parts)
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        locations
            .then(move |at| {
                let store = store.clone();
                async move {
                    let at = at?;
                    let kept = {
                        let plan = store.plan.lock().unwrap_or_else(PoisonError::into_inner);
                        plan.kept
                            .as_ref()
                            .is_some_and(|kept| at.prefix_matches(kept))
                    };
                    if kept {
                        return Err(generic("this object is locked"));
                    }
                    let fault = store.before(write).await?;
                    store.inner.delete(&at).await?;
                    after(fault, at)
                }
            })
            .boxed()
    }

    fn list(&self, _: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        futures::stream::once(async { Err(generic("there is no list")) }).boxed()
    }

    async fn list_with_delimiter(&self, _: Option<&Path>) -> Result<ListResult> {
        Err(generic("there is no list"))
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let fault = self.before(write).await?;
        after(fault, self.inner.copy_opts(from, to, options).await?)
    }
}

/// An upload in parts, of which any may fail.
#[derive(Debug)]
struct FaultUpload {
    upload: Box<dyn MultipartUpload>,
    store: FaultStore,
}

#[async_trait]
impl MultipartUpload for FaultUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (store, part) = (self.store.clone(), self.upload.put_part(data));
        Box::pin(async move {
            let fault = store.before(write).await?;
            part.await?;
            after(fault, ())
        })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let fault = self.store.before(write).await?;
        after(fault, self.upload.complete().await?)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}
