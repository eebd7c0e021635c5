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
    DimensionRegistry, MetricDefinition, MetricKey, MetricKind, Sketches, TenantId, WindowUnit,
};
use tokio::sync::{Mutex, OnceCell, OwnedMutexGuard};

use crate::error::{Error, Result};
use crate::metadata::platforms::Platform;
use crate::metadata::tenants::{METRICS_LIMIT, STORED_LIMIT};
use crate::metadata::{catalog, metering};

/// A tenant as its writers see it.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) plan: String,
    pub(crate) dimension_keys: usize,
    pub(crate) metric_limit: u64,
    /// Bytes of live files when this was read.
    pub(crate) stored_bytes: u64,
    pub(crate) stored_limit_bytes: u64,
    pub(crate) zone: chrono_tz::Tz,
    pub(crate) unit: WindowUnit,
    pub(crate) registry: DimensionRegistry,
    pub(crate) metrics: HashMap<MetricKey, RollupDefinition>,
}

impl Layout {
    /// Refuses points of a tenant that has as much stored as its plan allows.
    /// What is on its way in at the same time is not counted.
    pub(crate) fn check_stored(&self) -> Result<()> {
        if self.stored_bytes < self.stored_limit_bytes {
            return Ok(());
        }
        Err(Error::LimitExceeded {
            limit: STORED_LIMIT,
            used: self.stored_bytes,
            allowed: self.stored_limit_bytes,
            needed: self.stored_bytes + 1,
            plan: self.plan.clone(),
            resets_at: None,
            allowed_by: None,
        })
    }

    /// Refuses a body that would bring more metrics than the plan has room for.
    pub(crate) fn check_metrics(&self, new: usize) -> Result<()> {
        let used = self.metrics.len() as u64;
        if new == 0 || used + new as u64 <= self.metric_limit {
            return Ok(());
        }
        Err(Error::LimitExceeded {
            limit: METRICS_LIMIT,
            used,
            allowed: self.metric_limit,
            needed: used + new as u64,
            plan: self.plan.clone(),
            resets_at: None,
            allowed_by: None,
        })
    }

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
                    sketches: Sketches::default(),
                    version: 1,
                }
            })
            .collect()
    }
}

/// A tenant's layout, or the place where it will be once it is loaded.
type Slot = Arc<OnceCell<Arc<Layout>>>;

/// Remembers layouts by tenant.
#[derive(Debug, Clone)]
pub(crate) struct Layouts {
    pool: PgPool,
    cache: Cache<TenantId, Slot>,
    turns: Cache<TenantId, Arc<Mutex<()>>>,
}

impl Layouts {
    pub(crate) fn new(pool: PgPool) -> Self {
        let cache = Cache::builder()
            .max_capacity(10_000)
            .time_to_live(Duration::from_secs(4))
            .build();
        let turns = Cache::builder()
            .max_capacity(10_000)
            .time_to_idle(Duration::from_secs(60))
            .build();
        Self { pool, cache, turns }
    }

    /// The tenant's layout, at most four seconds old.
    pub(crate) async fn get(&self, tenant: &TenantId) -> Result<Arc<Layout>> {
        self.get_or(tenant, self.load(tenant)).await
    }

    /// A slot that is forgotten while it loads is filled for those who wait
    /// for it already; whoever comes later gets a new one.
    async fn get_or(
        &self,
        tenant: &TenantId,
        load: impl Future<Output = Result<Arc<Layout>>>,
    ) -> Result<Arc<Layout>> {
        let slot = self
            .cache
            .get_with_by_ref(tenant, async { Slot::default() })
            .await;
        slot.get_or_try_init(|| load).await.cloned()
    }

    async fn load(&self, tenant: &TenantId) -> Result<Arc<Layout>> {
        let snapshot = catalog::head(&self.pool, tenant).await?;
        let metrics = snapshot.metrics.into_iter().map(|d| {
            let definition = RollupDefinition {
                version: d.version,
                kind: d.kind,
                sketches: d.sketches,
            };
            (d.key, definition)
        });
        Ok(Arc::new(Layout {
            plan: snapshot.plan.name,
            dimension_keys: snapshot.plan.dimension_keys as usize,
            metric_limit: snapshot.plan.metrics,
            stored_bytes: metering::stored_bytes(&self.pool, tenant).await?,
            stored_limit_bytes: snapshot.plan.stored_bytes,
            zone: snapshot.tenant.time_zone,
            unit: snapshot.window_unit,
            registry: Arc::unwrap_or_clone(snapshot.registry),
            metrics: metrics.collect(),
        }))
    }

    /// Forgets a layout that turned out stale.
    pub(crate) async fn forget(&self, tenant: &TenantId) {
        self.cache.invalidate(tenant).await;
    }

    /// Waits until no other writer of this tenant tries again: those whose
    /// commit came too late go one after another, so that each wins.
    pub(crate) async fn turn(&self, tenant: &TenantId) -> OwnedMutexGuard<()> {
        let turn = self.turns.get_with_by_ref(tenant, async { Arc::default() });
        turn.await.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    fn layout(plan: &str) -> Arc<Layout> {
        Arc::new(Layout {
            plan: plan.to_owned(),
            dimension_keys: 1,
            metric_limit: 1,
            stored_bytes: 0,
            stored_limit_bytes: 1,
            zone: chrono_tz::UTC,
            unit: WindowUnit::Month,
            registry: DimensionRegistry::new(0, false, Vec::new()),
            metrics: HashMap::new(),
        })
    }

    #[tokio::test]
    async fn a_load_that_began_before_forget_is_not_remembered() {
        let pool = PgPool::connect_lazy("postgres://nobody@localhost/none").expect("a pool");
        let layouts = Layouts::new(pool);
        let tenant = TenantId::new("a").expect("an id");

        let (begun, has_begun) = oneshot::channel();
        let (go_on, told) = oneshot::channel();
        let (reader, of) = (layouts.clone(), tenant.clone());
        let early = tokio::spawn(async move {
            let load = async {
                begun.send(()).expect("a listener");
                told.await.map_err(Error::internal)
            };
            reader.get_or(&of, load).await
        });
        has_begun.await.expect("a load");
        layouts.forget(&tenant).await;
        go_on.send(layout("stale")).expect("a listener");
        let early = early.await.expect("a task").expect("a layout");
        assert_eq!(early.plan, "stale");

        let later = async { Ok(layout("fresh")) };
        let later = layouts.get_or(&tenant, later).await.expect("a layout");
        assert_eq!(later.plan, "fresh");
        let never = async { Err(Error::internal("it is remembered")) };
        assert!(layouts.get_or(&tenant, never).await.is_ok());
    }
}
