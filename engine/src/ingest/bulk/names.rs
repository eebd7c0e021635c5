//! By what a body's rows are encoded: the tenant's layout, and the columns and
//! metrics that the body adds to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use storage_layout::rollup::RollupDefinition;
use storage_layout::{DimensionRegistry, MetricDefinition, MetricKey, MetricKind, TenantId};

use crate::error::Result;
use crate::ingest::encode::{self, Target, Upload};
use crate::ingest::layout::Layout;
use crate::metadata::commit::NewDataFile;

/// What rows are encoded by: what the tenant has, and what this body adds.
#[derive(Clone)]
pub(super) struct Names {
    pub(super) tenant: TenantId,
    /// Where days of all the body's roll-ups begin, whatever becomes of the
    /// tenant's zone meanwhile.
    pub(super) zone: chrono_tz::Tz,
    pub(super) layout: Arc<Layout>,
    pub(super) registry: DimensionRegistry,
    pub(super) metrics: BTreeMap<MetricKey, MetricDefinition>,
}

impl Names {
    fn definition(&self, key: &MetricKey) -> RollupDefinition {
        let known = self.layout.metrics.get(key).cloned();
        known.unwrap_or_else(|| RollupDefinition {
            version: 1,
            sketches: Default::default(),
            kind: self
                .metrics
                .get(key)
                .map_or(MetricKind::Sum, |new| new.kind.clone()),
        })
    }

    pub(super) fn encode(&self, rows: &RecordBatch) -> Result<(Vec<NewDataFile>, Vec<Upload>)> {
        if rows.num_rows() == 0 {
            return Ok((Vec::new(), Vec::new()));
        }
        let target = Target {
            tenant: &self.tenant,
            zone: self.zone,
            unit: self.layout.unit,
            registry: &self.registry,
            definitions: &|key| self.definition(key),
        };
        encode::objects(&target, rows)
    }
}
