//! Platforms are data, not code: a registry with five presets.

use std::sync::Arc;
use std::time::Duration;

use moka::future::Cache;
use serde::{Deserialize, Serialize};
use sqlx::postgres::PgPool;
use storage_layout::MetricKind;

use super::blame;
use crate::error::{Error, Result};

/// A platform that sends events, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// Its name, such as `coreldove`.
    pub name: String,
    /// A title for people, such as `E-commerce`.
    pub title: String,
    /// The points that one event gives.
    pub points: Vec<EventPoint>,
}

/// One point made of an event's `data`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventPoint {
    /// The point's `metric_type`.
    pub metric_type: String,
    /// The point's `metric_name`.
    pub metric_name: String,
    /// The field that holds the value, or a constant.
    pub value: EventValue,
    /// Dimension name to where it comes from.
    pub dimensions: Vec<EventDimension>,
    /// The metric's kind, with which it is registered.
    pub kind: MetricKind,
}

/// Where a point's value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventValue {
    /// A field that the event's data must have; without it the point is
    /// rejected by name.
    Field(String),
    /// A field that events may lack: then the point is not made, silently.
    OptionalField(String),
    /// Always this number.
    Constant(String),
}

/// Where a dimension comes from; a missing field leaves the dimension out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventDimension {
    /// The dimension's name.
    pub name: String,
    /// The field of the event's data.
    pub field: String,
    /// Whether the number of the field's elements is meant, not its value.
    #[serde(default)]
    pub count: bool,
}

/// Reads and extends the registry.
#[derive(Debug, Clone)]
pub struct Platforms {
    pool: PgPool,
    cache: Cache<(), Arc<Vec<Platform>>>,
}

impl Platforms {
    pub(crate) fn new(pool: PgPool) -> Self {
        let cache = Cache::builder()
            .time_to_live(Duration::from_secs(5))
            .build();
        Self { pool, cache }
    }

    /// Puts in the presets that are missing; registered ones are left alone.
    pub(crate) async fn install_presets(&self) -> Result<()> {
        for preset in super::presets::presets() {
            sqlx::query("INSERT INTO analytics.platform VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(&preset.name)
                .bind(serde_json::to_value(&preset).map_err(Error::internal)?)
                .execute(&self.pool)
                .await
                .map_err(blame)?;
        }
        Ok(())
    }

    /// All platforms, by name; at most five seconds old.
    pub async fn list(&self) -> Result<Arc<Vec<Platform>>> {
        if let Some(platforms) = self.cache.get(&()).await {
            return Ok(platforms);
        }
        let platforms = Arc::new(self.load().await?);
        self.cache.insert((), platforms.clone()).await;
        Ok(platforms)
    }

    async fn load(&self) -> Result<Vec<Platform>> {
        let definitions: Vec<serde_json::Value> =
            sqlx::query_scalar("SELECT definition FROM analytics.platform ORDER BY platform")
                .fetch_all(&self.pool)
                .await
                .map_err(blame)?;
        definitions
            .into_iter()
            .map(|d| serde_json::from_value(d).map_err(Error::internal))
            .collect()
    }

    /// Registers a platform, or replaces its registration. Points that were
    /// made of earlier events stay as they are.
    pub async fn register(&self, platform: &Platform) -> Result<()> {
        platform.check()?;
        sqlx::query(
            "INSERT INTO analytics.platform VALUES ($1, $2)
             ON CONFLICT (platform) DO UPDATE SET definition = excluded.definition",
        )
        .bind(&platform.name)
        .bind(serde_json::to_value(platform).map_err(Error::internal)?)
        .execute(&self.pool)
        .await
        .map_err(blame)?;
        self.cache.invalidate_all();
        Ok(())
    }
}

impl Platform {
    /// The kind that this platform registers a metric with, if it makes it.
    pub fn kind(&self, metric_type: &str, metric_name: &str) -> Option<&MetricKind> {
        let same = |p: &&EventPoint| p.metric_type == metric_type && p.metric_name == metric_name;
        self.points.iter().find(same).map(|p| &p.kind)
    }

    fn check(&self) -> Result<()> {
        let named = |text: &str| !text.is_empty() && text.len() <= 64;
        if !named(&self.name) {
            return Err(Error::invalid(
                "a platform's name has 1 to 64 characters",
                "name",
            ));
        }
        match self
            .points
            .iter()
            .position(|p| !named(&p.metric_type) || !named(&p.metric_name))
        {
            Some(at) => Err(Error::invalid(
                "metric_type and metric_name have 1 to 64 characters",
                format!("points[{at}]"),
            )),
            None => Ok(()),
        }
    }
}
