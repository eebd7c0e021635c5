//! What a writer knows of a tenant, remembered for some seconds.
//!
//! A stale copy does no harm: the commit refuses columns that were named
//! against an older registry, and files say which zone their roll-ups are for.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use sqlx::postgres::PgPool;
use storage_layout::rollup::RollupDefinition;
use storage_layout::{
    DimensionRegistry, MetricDefinition, MetricKey, MetricKind, TenantId, WindowUnit,
};

use crate::error::{Error, Result};
use crate::metadata::catalog;
use crate::metadata::platforms::Platform;

/// A tenant as its writers see it.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) plan: String,
    pub(crate) dimension_keys: usize,
    pub(crate) zone: chrono_tz::Tz,
    pub(crate) unit: WindowUnit,
    pub(crate) registry: DimensionRegistry,
    pub(crate) metrics: HashMap<MetricKey, RollupDefinition>,
}

impl Layout {
    /// The metrics among `keys` that nobody registered, with the kind their
    /// platform gives them, or an assumed sum.
    pub(crate) fn new_metrics<'a>(
        &self,
        keys: impl Iterator<Item = &'a MetricKey>,
        platforms: &[Platform],
    ) -> Vec<MetricDefinition> {
        let unknown: BTreeSet<&MetricKey> =
            keys.filter(|key| !self.metrics.contains_key(key)).collect();
        unknown
            .into_iter()
            .map(|key| {
                let kind = platforms
                    .iter()
                    .find(|platform| *platform.name == *key.platform)
                    .and_then(|platform| platform.kind(&key.metric_type, &key.metric_name));
                MetricDefinition {
                    key: key.clone(),
                    assumed: kind.is_none(),
                    kind: kind.cloned().unwrap_or(MetricKind::Sum),
                    version: 1,
                }
            })
            .collect()
    }
}

/// Remembers layouts by tenant.
#[derive(Debug, Clone)]
pub(crate) struct Layouts {
    pool: PgPool,
    cache: Cache<TenantId, Arc<Layout>>,
}

impl Layouts {
    pub(crate) fn new(pool: PgPool) -> Self {
        let cache = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(Duration::from_secs(10))
            .build();
        Self { pool, cache }
    }

    /// The tenant's layout, at most ten seconds old.
    pub(crate) async fn get(&self, tenant: &TenantId) -> Result<Arc<Layout>> {
        let load = async {
            let snapshot = catalog::head(&self.pool, tenant).await?;
            let metrics = snapshot
                .metrics
                .into_iter()
                .map(|d| {
                    (
                        d.key,
                        RollupDefinition {
                            version: d.version,
                            kind: d.kind,
                        },
                    )
                })
                .collect();
            Ok::<_, Error>(Arc::new(Layout {
                plan: snapshot.plan.name,
                dimension_keys: snapshot.plan.dimension_keys as usize,
                zone: snapshot.tenant.time_zone,
                unit: snapshot.window_unit,
                registry: Arc::unwrap_or_clone(snapshot.registry),
                metrics,
            }))
        };
        if let Some(layout) = self.cache.get(tenant).await {
            return Ok(layout);
        }
        let layout = load.await?;
        self.cache.insert(tenant.clone(), layout.clone()).await;
        Ok(layout)
    }

    /// Forgets a layout that turned out stale.
    pub(crate) async fn forget(&self, tenant: &TenantId) {
        self.cache.invalidate(tenant).await;
    }
}
