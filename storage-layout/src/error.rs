//! What can go wrong with files and stores.

use crate::rollup::RollupError;

/// The crate's result.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// Why a file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The object store does not answer or refuses.
    #[error("the object store failed: {0}")]
    Store(#[from] object_store::Error),
    /// The local disk failed.
    #[error("the disk failed: {0}")]
    Disk(#[from] std::io::Error),
    /// A file's bytes are not what was written.
    #[error("data file {file} is damaged: {what}")]
    Damaged {
        /// Which file, for the operator.
        file: String,
        /// What does not fit.
        what: String,
    },
    /// A file says that it holds another tenant's rows, or nobody's.
    #[error("data file {file} does not say that it holds this tenant's rows")]
    OtherTenant {
        /// Which file, for the operator.
        file: String,
    },
    /// Bytes that should be a file of ours cannot be decoded.
    #[error("cannot encode or decode rows: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// As above, from the Parquet library.
    #[error("cannot encode or decode a file: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// Partials cannot be made or read.
    #[error(transparent)]
    Rollup(#[from] RollupError),
    /// A store's URL is not one.
    #[error("{0}")]
    Url(String),
}
