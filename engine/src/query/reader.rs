//! How a scan reads Parquet: through the fenced store, with cached footers,
//! refusing a file that does not say it is this tenant's, and bytes that are
//! not those that were written.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::error::Result as DataFusionResult;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::FutureExt;
use futures::future::BoxFuture;
use moka::future::Cache;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::{AsyncFileReader, MetadataFetch};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use storage_layout::blocks::BlockChecksums;
use storage_layout::key::ObjectKey;
use storage_layout::reader::check_metadata;
use storage_layout::{FileId, StorageError, TenantId};

use super::files;
use super::scope::{AnswerStats, Scope};

/// Makes readers for one query of one tenant.
#[derive(Debug)]
pub(crate) struct ReaderFactory {
    scope: Arc<Scope>,
    stats: Arc<AnswerStats>,
}

impl ReaderFactory {
    pub(crate) fn new(scope: Arc<Scope>, stats: Arc<AnswerStats>) -> Self {
        Self { scope, stats }
    }
}

impl ParquetFileReaderFactory for ReaderFactory {
    fn create_reader(
        &self,
        _partition: usize,
        file: PartitionedFile,
        footer_bytes: Option<usize>,
        _metrics: &ExecutionPlanMetricsSet,
    ) -> DataFusionResult<Box<dyn AsyncFileReader + Send>> {
        let path = file.object_meta.location;
        let Some(key) = ObjectKey::parse(&path) else {
            return datafusion::common::internal_err!(
                "a plan names an object that is no data file"
            );
        };
        Ok(Box::new(Reader {
            store: self.scope.store.clone(),
            footers: self.scope.caches.footers.clone(),
            stats: self.stats.clone(),
            tenant: self.scope.tenant().clone(),
            file: key.file,
            size: file.object_meta.size,
            footer_bytes,
            scope: self.scope.clone(),
            blocks: None,
            path,
        }))
    }
}

struct Reader {
    store: Arc<dyn ObjectStore>,
    footers: Cache<FileId, Arc<ParquetMetaData>>,
    stats: Arc<AnswerStats>,
    tenant: TenantId,
    file: FileId,
    size: u64,
    footer_bytes: Option<usize>,
    scope: Arc<Scope>,
    /// Known once the footer is; the inner `None` is a file without any.
    blocks: Option<Option<Arc<BlockChecksums>>>,
    path: Path,
}

impl Reader {
    async fn metadata(&mut self) -> ParquetResult<Arc<ParquetMetaData>> {
        let metadata = match self.footers.get(&self.file).await {
            Some(metadata) => metadata,
            None => {
                let metadata = self.load().await?;
                self.footers.insert(self.file, metadata.clone()).await;
                metadata
            }
        };
        let file = metadata.file_metadata();
        check_metadata(file, &self.tenant, &self.file.to_string())
            .map_err(|e| ParquetError::External(Box::new(e)))?;
        self.blocks = Some(BlockChecksums::of_file(file).map(Arc::new));
        Ok(metadata)
    }

    async fn load(&mut self) -> ParquetResult<Arc<ParquetMetaData>> {
        // Once a file, as footers stay in the cache.
        let mut files = self.scope.snapshot.files.iter();
        let known = files.find(|known| known.id == self.file);
        let crc32 = known.and_then(|known| known.statistics.footer_crc32);
        if let (Some(crc32), Some(length)) = (crc32, self.footer_bytes) {
            return self.load_checked(crc32, length as u64).await;
        }
        let size = self.size;
        let hint = self.footer_bytes;
        let mut reader = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .with_prefetch_hint(hint);
        reader.try_load(Unchecked(self), size).await?;
        reader.finish().map(Arc::new)
    }

    /// Page index and footer in one request, if they are what was written.
    async fn load_checked(
        &mut self,
        crc32: u32,
        length: u64,
    ) -> ParquetResult<Arc<ParquetMetaData>> {
        let range = self.size.saturating_sub(length)..self.size;
        let bytes = self.read(vec![range]).await?.pop().unwrap_or_default();
        if crc32fast::hash(&bytes) != crc32 {
            return Err(self.damaged("the checksum of its footer does not match the catalog's"));
        }
        let mut reader =
            ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
        reader.try_parse_sized(&bytes, self.size)?;
        reader.finish().map(Arc::new)
    }

    /// Ranges of the object, each of its full length.
    async fn read(&self, ranges: Vec<Range<u64>>) -> ParquetResult<Vec<Bytes>> {
        let bytes = ranges.iter().map(|r| r.end - r.start).sum();
        if let Some(account) = &self.scope.account {
            let may = account.fetch(bytes).await;
            may.map_err(|e| ParquetError::External(Box::new(e)))?;
        }
        self.stats.add_bytes(bytes);
        let fetched = match ranges.as_slice() {
            [range] => self
                .store
                .get_range(&self.path, range.clone())
                .await
                .map(|b| vec![b]),
            _ => self.store.get_ranges(&self.path, &ranges).await,
        };
        let fault = match fetched {
            Ok(bytes) => {
                let whole = |(range, bytes): (&Range<u64>, &Bytes)| {
                    bytes.len() as u64 == range.end - range.start
                };
                if bytes.len() == ranges.len() && ranges.iter().zip(&bytes).all(whole) {
                    return Ok(bytes);
                }
                None
            }
            Err(error) => Some(error),
        };
        let store = self.store.as_ref();
        let fault = files::unread(store, &self.path, self.file, self.size, fault).await;
        Err(ParquetError::External(fault))
    }

    /// Ranges of the object, fetched in whole blocks and checked.
    async fn read_checked(&mut self, ranges: Vec<Range<u64>>) -> ParquetResult<Vec<Bytes>> {
        if self.blocks.is_none() {
            self.metadata().await?;
        }
        let Some(blocks) = self.blocks.clone().flatten() else {
            return self.read(ranges).await;
        };
        let wide = joined(ranges.iter().map(|range| blocks.widen(range)));
        let fetched = self.read(wide.clone()).await?;
        let fits = |(wide, bytes): (&Range<u64>, &Bytes)| blocks.fits(wide.start, bytes);
        if !wide.iter().zip(&fetched).all(fits) {
            return Err(self.damaged("the checksum of a block does not match its footer's"));
        }
        let part = |range: &Range<u64>| {
            let within = |wide: &Range<u64>| wide.start <= range.start && range.end <= wide.end;
            let at = wide.iter().position(within)?;
            let start = (range.start - wide[at].start) as usize;
            Some(fetched[at].slice(start..start + (range.end - range.start) as usize))
        };
        let parts = ranges.iter().map(part).collect::<Option<Vec<_>>>();
        parts.ok_or_else(|| self.damaged("its footer names bytes that it does not have"))
    }

    fn damaged(&self, what: &str) -> ParquetError {
        ParquetError::External(Box::new(StorageError::Damaged {
            file: self.file.to_string(),
            what: what.to_owned(),
        }))
    }
}

/// Ranges of blocks in order, those that meet as one: pages of few rows share
/// their blocks, and each is fetched and checked once.
fn joined(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = ranges.collect();
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    let mut joined: Vec<Range<u64>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// Reads a footer that has no checksum in the catalog.
struct Unchecked<'a>(&'a Reader);

impl MetadataFetch for Unchecked<'_> {
    fn fetch(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        async move { Ok(self.0.read(vec![range]).await?.pop().unwrap_or_default()) }.boxed()
    }
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        let bytes = self.read_checked(vec![range]);
        async move { Ok(bytes.await?.pop().unwrap_or_default()) }.boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.read_checked(ranges).boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        self.metadata().boxed()
    }
}
