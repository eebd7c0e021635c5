//! How files are written: compression, row groups, dictionaries.
//!
//! Each number stands here once, with where it comes from.

use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use crate::id::TenantId;
use crate::schema::{DIMENSIONS, EVENT_ID, SCHEMA_VERSION};

/// Rows of a row group: large enough for long dictionary runs, small enough
/// that a scan of one group fits a core's share of memory.
pub const ROW_GROUP_ROWS: usize = 131_072;

/// Rows between page boundaries, which the page index can skip to.
const PAGE_ROWS: usize = 16_384;

/// Bytes of encoded rows up to which a batch is stored inline in the catalog.
/// Postgres moves 12-17 MB/s, so one such row costs it well under 0.1 s.
pub const INLINE_LIMIT_BYTES: usize = 1 << 20;

/// Bytes of encoded partials up to which they stay in the catalog's row.
pub const ROLLUP_INLINE_LIMIT_BYTES: usize = 1 << 20;

/// Bytes of quarter hours and sketches up to which they stay beside the days:
/// so few that fetching them along costs nothing, and a small file has one
/// object and not two.
pub const DETAIL_INLINE_LIMIT_BYTES: usize = 32 << 10;

/// File metadata: the tenant whose rows the file holds; checked on open.
pub const TENANT_METADATA: &str = "tessera.tenant_id";
/// File metadata: the schema's version; checked on open.
pub const SCHEMA_METADATA: &str = "tessera.schema_version";

/// Parquet settings for one tenant's file, sorted by the first three columns
/// (platform, metric type, metric name) and `recorded_at`.
pub fn writer_properties(tenant: &TenantId, recorded_at_column: usize) -> WriterProperties {
    let sorted = [0, 1, 2, recorded_at_column].map(|column| SortingColumn {
        column_idx: i32::try_from(column).unwrap_or_default(),
        descending: false,
        nulls_first: false,
    });
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        // Level 3 is zstd's own default: level 1 saves little time here, higher
        // levels cost more than they save.
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_write_batch_size(8_192)
        .set_statistics_enabled(EnabledStatistics::Page)
        // Nearly every row has its own text here: a dictionary would only be
        // built and thrown away.
        .set_column_dictionary_enabled(ColumnPath::from(DIMENSIONS), false)
        .set_column_statistics_enabled(ColumnPath::from(DIMENSIONS), EnabledStatistics::None)
        .set_column_dictionary_enabled(ColumnPath::from(EVENT_ID), false)
        .set_sorting_columns(Some(sorted.to_vec()))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(TENANT_METADATA.to_owned(), tenant.to_string()),
            KeyValue::new(SCHEMA_METADATA.to_owned(), SCHEMA_VERSION.to_string()),
        ]))
        .build()
}
