//! What the catalog keeps about a data file, so that planning opens none.

use std::collections::BTreeSet;

use arrow::array::{Array, RecordBatch};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::arrange::{text, times};
use crate::error::Result;
use crate::schema::{METRIC_NAME, METRIC_TYPE, PLATFORM};

/// Statistics by which a file is skipped without being opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStatistics {
    /// Number of rows.
    pub rows: u64,
    /// Earliest `recorded_at`, microseconds since 1970, UTC.
    pub min_recorded_at_us: i64,
    /// Latest `recorded_at`.
    pub max_recorded_at_us: i64,
    /// The platforms that occur.
    pub platforms: BTreeSet<String>,
    /// The metric types that occur.
    pub metric_types: BTreeSet<String>,
    /// The metric names that occur.
    pub metric_names: BTreeSet<String>,
    /// CRC-32 of an object's page index and footer, by which a scan knows them
    /// to be whole; files of older versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub footer_crc32: Option<u32>,
}

impl FileStatistics {
    /// Statistics of a file's rows.
    pub fn of(batches: &[RecordBatch]) -> Result<Self> {
        let mut statistics = Self {
            rows: 0,
            min_recorded_at_us: i64::MAX,
            max_recorded_at_us: i64::MIN,
            platforms: BTreeSet::new(),
            metric_types: BTreeSet::new(),
            metric_names: BTreeSet::new(),
            footer_crc32: None,
        };
        for batch in batches {
            statistics.rows += batch.num_rows() as u64;
            for us in times(batch)?.values() {
                statistics.min_recorded_at_us = statistics.min_recorded_at_us.min(*us);
                statistics.max_recorded_at_us = statistics.max_recorded_at_us.max(*us);
            }
            collect(batch, PLATFORM, &mut statistics.platforms)?;
            collect(batch, METRIC_TYPE, &mut statistics.metric_types)?;
            collect(batch, METRIC_NAME, &mut statistics.metric_names)?;
        }
        Ok(statistics)
    }

    /// Adds the statistics of more rows of the same file.
    pub fn absorb(&mut self, more: Self) {
        self.rows += more.rows;
        self.min_recorded_at_us = self.min_recorded_at_us.min(more.min_recorded_at_us);
        self.max_recorded_at_us = self.max_recorded_at_us.max(more.max_recorded_at_us);
        self.platforms.extend(more.platforms);
        self.metric_types.extend(more.metric_types);
        self.metric_names.extend(more.metric_names);
    }
}

/// Rows are sorted by these columns, so a value is new only where it changes.
fn collect(batch: &RecordBatch, name: &str, into: &mut BTreeSet<String>) -> Result<()> {
    let column = text(batch, name)?;
    let mut last = None;
    for row in 0..column.len() {
        let value = column.value(row);
        if last != Some(value) {
            last = Some(value);
            if !into.contains(value) {
                into.insert(value.to_owned());
            }
        }
    }
    Ok(())
}

/// SHA-256 of a file's bytes.
pub fn checksum(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
