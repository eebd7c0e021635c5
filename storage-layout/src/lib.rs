//! What a data file, an object key and a roll-up are.
//!
//! This crate turns data points into bytes and back. It knows no SQL, no
//! Postgres and no query engine; whoever asks it for a file says which tenant
//! the file belongs to.

pub mod decimal;
pub mod dimension;
pub mod id;
pub mod metric;
pub mod rollup;

pub use decimal::Value;
pub use dimension::{DimensionColumn, DimensionRegistry};
pub use id::{FileId, TenantId, Window, WindowUnit};
pub use metric::{Combine, MetricDefinition, MetricKey, MetricKind};
