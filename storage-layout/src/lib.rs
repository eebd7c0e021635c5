//! What a data file, an object key and a roll-up are.
//!
//! This crate turns data points into bytes and back. It knows no SQL, no
//! Postgres and no query engine; whoever asks it for a file says which tenant
//! the file belongs to.

pub mod arrange;
pub mod blocks;
pub mod conform;
pub mod data_file;
pub mod decimal;
pub mod dimension;
pub mod dimension_template;
pub mod dimension_text;
pub mod durable;
pub mod encoding;
pub mod error;
pub mod id;
pub mod inline;
pub mod key;
pub mod merge;
pub mod metric;
pub mod reader;
pub mod rollup;
pub mod row_groups;
pub mod schema;
pub mod store;
pub mod stream_writer;
pub mod writer;

pub use decimal::Value;
pub use dimension::{DimensionColumn, DimensionRegistry};
pub use dimension_text::DimensionTexts;
pub use error::StorageError;
pub use id::{FileId, TenantId, Window, WindowUnit};
pub use metric::{Combine, MetricDefinition, MetricKey, MetricKind, Sketches};
