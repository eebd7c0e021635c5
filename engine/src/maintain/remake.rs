//! A file's roll-up, made again from its rows with one row group in memory.

use std::sync::Arc;

use chrono_tz::Tz;
use storage_layout::rollup::{FileRollup, PartialsBuilder};
use storage_layout::schema::stored_schema;

use super::source::Source;
use super::work::{self, blame};
use super::{Maintainer, pace::Pace};
use crate::error::{Error, Result};
use crate::metadata::catalog::{DataFile, Snapshot};

impl Maintainer {
    /// A file's roll-up by the definitions in force, as a writer makes it: rows
    /// without a version of their own stand for the file's.
    pub(super) async fn rollup_of_rows(
        &self,
        snapshot: &Arc<Snapshot>,
        file: &DataFile,
        zone: Tz,
        pace: Option<Pace>,
    ) -> Result<FileRollup> {
        let tenant = &snapshot.tenant.id;
        let payloads = self.payloads(tenant, std::slice::from_ref(file)).await?;
        let (snapshot, file) = (snapshot.clone(), file.clone());
        work::run(&self.pool, &self.store, pace, move |work| {
            let source = Source::open(work, &snapshot.tenant.id, &file, &payloads, None)?;
            let definition = snapshot.rollup_definitions();
            let mut builder = PartialsBuilder::new(zone, &snapshot.registry, &definition);
            for batch in source.into_written(stored_schema(&snapshot.registry)) {
                builder.push(&batch.map_err(blame)?).map_err(blame)?;
            }
            builder.finish().map_err(Error::storage)
        })
        .await
    }
}
