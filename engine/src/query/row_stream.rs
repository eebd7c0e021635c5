//! The rows of one live file, batch by batch on a thread for blocking work, with
//! one row group in memory however large the file is.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{Schema, SchemaRef};
use bytes::Bytes;
use object_store::ObjectStoreExt;
use object_store::path::Path;
use storage_layout::DimensionRegistry;
use storage_layout::StorageError;
use storage_layout::conform::conform;
use storage_layout::row_groups::{Expected, FetchRange, RowGroups};
use storage_layout::schema::stored_schema;
use storage_layout::store::FencedStore;
use tokio::runtime::Handle;

use super::access::{Access, with_deciding};
use super::files::{self, damaged};
use super::scope::Scope;
use crate::error::{Error, Result};
use crate::metadata::catalog::{DataFile, FileStorage};

/// A file's batches in file order.
pub(crate) type Batches<'a> = dyn Iterator<Item = Result<RecordBatch, StorageError>> + 'a;

/// Gives a file's rows that the scope shows to `work`, in those of `columns` that
/// the file has. An object's bytes were those of the catalog if all batches came
/// without an error.
pub(crate) async fn with_rows<T: Send + 'static>(
    scope: &Scope,
    file: &DataFile,
    columns: SchemaRef,
    work: impl FnOnce(&mut Batches<'_>) -> Result<T, StorageError> + Send + 'static,
) -> Result<T> {
    let restricted = Restricted::of(scope, &columns);
    let columns = match &restricted {
        Some(restricted) => restricted.read.clone(),
        None => columns,
    };
    let shown = move |batch: Result<RecordBatch, StorageError>| match &restricted {
        Some(restricted) => restricted.shown(&batch?),
        None => batch,
    };
    let done = match &file.storage {
        FileStorage::Inline => {
            let rows = files::inline_rows(scope, &[file]).await?;
            tokio::task::spawn_blocking(move || {
                let conformed = |batch: &Arc<RecordBatch>| {
                    conform(batch, &common(&columns, batch.schema_ref()))
                };
                work(&mut rows.iter().map(conformed).map(shown))
            })
        }
        FileStorage::Object {
            key, footer_bytes, ..
        } => {
            let fetch = Fetch {
                store: scope.store.clone(),
                key: Path::from(key.as_str()),
                handle: Handle::current(),
            };
            let expected = Expected {
                tenant: scope.tenant().clone(),
                name: file.id.to_string(),
                bytes: file.bytes,
                footer_bytes: *footer_bytes,
                sha256: file.sha256.clone(),
            };
            tokio::task::spawn_blocking(move || {
                let names = columns.fields().iter().map(|f| f.name().clone());
                let groups = RowGroups::open(fetch, expected, Some(names.collect()))?;
                let columns = common(&columns, groups.schema());
                let conformed = groups.map(|batch| conform(&batch?, &columns));
                work(&mut conformed.map(shown))
            })
        }
    };
    match done.await.map_err(Error::internal)? {
        Ok(done) => Ok(done),
        Err(error) => Err(blame(scope, file, error).await),
    }
}

/// What a restricted caller sees of each batch.
struct Restricted {
    access: Arc<Access>,
    registry: Arc<DimensionRegistry>,
    wanted: SchemaRef,
    /// The wanted columns, and those that decide about a row.
    read: SchemaRef,
}

impl Restricted {
    fn of(scope: &Scope, wanted: &SchemaRef) -> Option<Self> {
        let registry = scope.snapshot.registry.clone();
        let access = scope.row_access()?;
        let read = with_deciding(&access, &registry, &stored_schema(&registry), wanted);
        Some(Self {
            access,
            registry,
            wanted: wanted.clone(),
            read,
        })
    }

    fn shown(&self, batch: &RecordBatch) -> Result<RecordBatch, StorageError> {
        let wanted = common(&self.wanted, batch.schema_ref());
        Ok(self.access.apply(&self.registry, batch, &wanted)?)
    }
}

/// Those of the columns that a file has.
fn common(columns: &SchemaRef, of_file: &Schema) -> SchemaRef {
    let fields = columns.fields().iter();
    let fields = fields.filter(|field| of_file.field_with_name(field.name()).is_ok());
    Arc::new(Schema::new(fields.cloned().collect::<Vec<_>>()))
}

async fn blame(scope: &Scope, file: &DataFile, error: StorageError) -> Error {
    match (error, &file.storage) {
        (StorageError::Store(error), FileStorage::Object { key, .. }) => {
            files::unfetched(scope, &Path::from(key.as_str()), file.id, file.bytes, error).await
        }
        // Sums that are too large are the question's matter.
        (StorageError::Rollup(error), _) => Error::from(error),
        (error, _) => damaged(error),
    }
}

/// Reads one object of the fenced store.
struct Fetch {
    store: Arc<FencedStore>,
    key: Path,
    handle: Handle,
}

impl FetchRange for Fetch {
    fn fetch(&mut self, range: Range<u64>) -> Result<Bytes, StorageError> {
        Ok(self
            .handle
            .block_on(self.store.get_range(&self.key, range))?)
    }
}
