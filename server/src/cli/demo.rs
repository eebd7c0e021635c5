//! What `serve --demo` shows: the tenants, a key and three commands to try.

use std::path::Path;

use engine::demo::{self, DemoTenant};
use engine::{Engine, Result};
use serde::Serialize;

/// The demo, ready to be shown.
#[derive(Debug, Serialize)]
pub(super) struct Demo {
    tenants: Vec<Shown>,
}

#[derive(Debug, Serialize)]
struct Shown {
    tenant: String,
    plan: String,
    points: u64,
    key: String,
}

impl Demo {
    /// Creates the demo's tenants and data where they are missing.
    pub(super) async fn ensure(engine: &Engine, data_dir: &Path) -> Result<Self> {
        let progress = |text: &str| tracing::info!(step = text, "demo data");
        let tenants = demo::ensure(engine, data_dir, chrono::Utc::now(), &progress).await?;
        Ok(Self {
            tenants: tenants.into_iter().map(Shown::from).collect(),
        })
    }

    /// The block for people, without a line end.
    pub(super) fn block(&self, url: &str) -> String {
        let Some(first) = self.tenants.last() else {
            return String::new();
        };
        let mut text = String::from("\nDemo tenants:\n");
        for shown in &self.tenants {
            let Shown {
                tenant,
                plan,
                points,
                key,
            } = shown;
            text.push_str(&format!(
                "  {tenant} ({plan}, {points} points)  key {key}\n"
            ));
        }
        let key = format!("-H 'Authorization: Bearer {}'", first.key);
        let json = "-H 'Content-Type: application/json'";
        text.push_str(&format!(
            "\nTry:\n  \
             curl {key} '{url}/api/analytics/dashboard?time_range=30d'\n\n  \
             curl {key} {json} {url}/api/analytics/sql \\\n    \
             -d '{{\"query\": \"select platform, sum(metric_value) as total \
             from analytics_data_points group by platform order by total desc\"}}'\n\n  \
             curl {key} {json} {url}/api/analytics/data-points \\\n    \
             -d '[{{\"platform\": \"coreldove\", \"metric_type\": \"revenue\", \
             \"metric_name\": \"order_revenue\", \"value\": 19.99, \
             \"dimensions\": {{\"country\": \"France\"}}}}]'\n"
        ));
        text
    }
}

impl From<DemoTenant> for Shown {
    fn from(of: DemoTenant) -> Self {
        Self {
            tenant: of.tenant.to_string(),
            plan: of.plan,
            points: of.points,
            key: of.key,
        }
    }
}
