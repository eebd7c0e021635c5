//! A file's stored roll-up against one that is made again from its rows.

use arrow::array::RecordBatch;
use storage_layout::rollup::{Differences, Partials, PartialsBuilder};

use crate::error::{Error, Result};
use crate::metadata::catalog::Snapshot;

/// Compares stored partials with the rows of their file, cell by cell. `None`:
/// they are of older definitions than are in force, and nobody reads them.
///
/// # Errors
/// When partials cannot be made from these rows.
pub(crate) fn compare_rollup(
    snapshot: &Snapshot,
    zone: chrono_tz::Tz,
    stored: &Partials,
    rows: &[RecordBatch],
) -> Result<Option<Differences>> {
    let definitions = snapshot.definitions();
    let stale = |(metric, version)| {
        let current = definitions.get(metric);
        current.is_some_and(|definition| definition.version != version)
    };
    if stored.definitions().any(stale) {
        return Ok(None);
    }
    let definition = snapshot.rollup_definitions();
    let mut builder = PartialsBuilder::new(zone, &snapshot.registry, &definition);
    for batch in rows {
        builder.push(batch).map_err(Error::storage)?;
    }
    let made = builder.finish().map_err(Error::storage)?;
    Ok(Some(stored.differences(&made.days)))
}
