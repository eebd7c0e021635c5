//! How files are written: compression, row groups, dictionaries.
//!
//! Each number stands here once, with where it comes from.

use arrow::datatypes::{DataType, Schema};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{KeyValue, SortingColumn};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use crate::id::TenantId;
use crate::schema::{
    DIMENSIONS, EVENT_ID, METRIC_VALUE, RECORDED_AT, SCHEMA_VERSION, stored_fields,
};

/// Rows of a row group: large enough for long dictionary runs, small enough
/// that a scan of one group fits a core's share of memory.
pub const ROW_GROUP_ROWS: usize = 131_072;

/// Rows between page boundaries, which the page index can skip to: a question for
/// few rows (the latest points) unpacks a page of each column and metric.
const PAGE_ROWS: usize = 4_096;

/// Bytes of a column chunk's dictionary, which is unpacked whole for any of its
/// pages.
const DICTIONARY_BYTES: usize = 128 << 10;

/// The same for values: prices and counts come again, and nine decimals of each
/// take more bytes than its number in a dictionary.
const VALUE_DICTIONARY_BYTES: usize = 1 << 20;

/// Bytes of encoded rows up to which a batch is stored inline in the catalog.
/// Postgres moves 12-17 MB/s, so one such row costs it well under 0.1 s.
pub const INLINE_LIMIT_BYTES: usize = 1 << 20;

/// Bytes of encoded partials up to which they stay in the catalog's row.
pub const ROLLUP_INLINE_LIMIT_BYTES: usize = 1 << 20;

/// Bytes of days, or of a detail, for each row of the file up to which they are
/// kept: rows take 8 to 12 bytes, and a file of so few rows that this is passed
/// (some ten thousand over a year) is rolled up again in some milliseconds.
pub const ROLLUP_BYTES_PER_ROW: u64 = 8;

/// Bytes of days, or of a detail, that are kept whatever they stand for.
pub const ROLLUP_KEPT_BYTES: u64 = 16 << 10;

/// Bytes of quarter hours and sketches up to which they stay beside the days:
/// so few that fetching them along costs nothing, and a small file has one
/// object and not two.
pub const DETAIL_INLINE_LIMIT_BYTES: usize = 32 << 10;

/// File metadata: the tenant whose rows the file holds; checked on open.
pub const TENANT_METADATA: &str = "tessera.tenant_id";
/// File metadata: the schema's version; checked on open.
pub const SCHEMA_METADATA: &str = "tessera.schema_version";

/// Parquet settings for one tenant's file of this schema, sorted by the first
/// three columns (platform, metric type, metric name) and `recorded_at`.
pub fn writer_properties(tenant: &TenantId, schema: &Schema) -> WriterProperties {
    let fields = || schema.fields().iter().zip(0_i32..);
    let at = fields().find(|(field, _)| field.name() == RECORDED_AT);
    let recorded_at = at.map_or(0, |(_, number)| number);
    let sorted = [0, 1, 2, recorded_at].map(|column_idx| SortingColumn {
        column_idx,
        descending: false,
        nulls_first: false,
    });
    let mut properties = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        // Level 3 is zstd's own default: level 1 saves little time here, higher
        // levels cost more than they save.
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(3).unwrap_or_default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(PAGE_ROWS)
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_column_dictionary_page_size_limit(
            ColumnPath::from(METRIC_VALUE),
            VALUE_DICTIONARY_BYTES,
        )
        .set_write_batch_size(PAGE_ROWS)
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_column_statistics_enabled(ColumnPath::from(DIMENSIONS), EnabledStatistics::None)
        // Nearly every row has its own: a dictionary would only be built and
        // thrown away. Times grow within a metric, so their steps are small.
        .set_column_dictionary_enabled(ColumnPath::from(EVENT_ID), false)
        .set_column_dictionary_enabled(ColumnPath::from(RECORDED_AT), false)
        .set_column_encoding(ColumnPath::from(RECORDED_AT), Encoding::DELTA_BINARY_PACKED)
        .set_sorting_columns(Some(sorted.to_vec()))
        .set_key_value_metadata(Some(vec![
            KeyValue::new(TENANT_METADATA.to_owned(), tenant.to_string()),
            KeyValue::new(SCHEMA_METADATA.to_owned(), SCHEMA_VERSION.to_string()),
        ]));
    let fixed = stored_fields().len();
    for field in schema.fields().iter().skip(fixed) {
        let path = ColumnPath::from(field.name().as_str());
        // Rows are not in their order, so bounds of a page skip nothing, and in a
        // small file they would be the largest part.
        properties =
            properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::None);
        if *field.data_type() == DataType::Utf8View {
            // Once there are too many for a dictionary: ids mostly begin alike.
            properties = properties.set_column_encoding(path, Encoding::DELTA_BYTE_ARRAY);
        }
    }
    properties.build()
}
