//! How a scan reads Parquet: through the fenced store, with cached footers,
//! refusing a file that does not say it is this tenant's.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::ParquetFileReaderFactory;
use datafusion::error::Result as DataFusionResult;
use datafusion::physical_plan::metrics::ExecutionPlanMetricsSet;
use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use moka::future::Cache;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::arrow_reader::ArrowReaderOptions;
use parquet::arrow::async_reader::AsyncFileReader;
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use storage_layout::key::ObjectKey;
use storage_layout::reader::check_metadata;
use storage_layout::{FileId, TenantId};

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
    path: Path,
}

impl Reader {
    async fn load(&mut self) -> ParquetResult<Arc<ParquetMetaData>> {
        let size = self.size;
        let hint = self.footer_bytes;
        let metadata = ParquetMetaDataReader::new()
            .with_page_index_policy(PageIndexPolicy::Optional)
            .with_prefetch_hint(hint)
            .load_and_finish(&mut *self, size)
            .await?;
        Ok(Arc::new(metadata))
    }
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, ParquetResult<Bytes>> {
        self.stats.add_bytes(range.end - range.start);
        self.store
            .get_range(&self.path, range)
            .map_err(|e| ParquetError::External(Box::new(e)))
            .boxed()
    }

    fn get_byte_ranges(
        &mut self,
        ranges: Vec<Range<u64>>,
    ) -> BoxFuture<'_, ParquetResult<Vec<Bytes>>> {
        self.stats
            .add_bytes(ranges.iter().map(|r| r.end - r.start).sum());
        async move {
            self.store
                .get_ranges(&self.path, &ranges)
                .await
                .map_err(|e| ParquetError::External(Box::new(e)))
        }
        .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, ParquetResult<Arc<ParquetMetaData>>> {
        async move {
            let metadata = match self.footers.get(&self.file).await {
                Some(metadata) => metadata,
                None => {
                    let metadata = self.load().await?;
                    self.footers.insert(self.file, metadata.clone()).await;
                    metadata
                }
            };
            check_metadata(
                metadata.file_metadata(),
                &self.tenant,
                &self.file.to_string(),
            )
            .map_err(|e| ParquetError::External(Box::new(e)))?;
            Ok(metadata)
        }
        .boxed()
    }
}
