//! `tessera retention`: what is too old, and for how long a metric is kept.

use clap::Args;
use engine::maintain::{Removal, RetentionReport};
use engine::{Engine, Result, TenantId};
use serde_json::json;

use super::{Output, Place};

#[derive(Args)]
pub(super) struct Retention {
    /// Whose points; all tenants' when left out.
    #[arg(long, value_name = "ID")]
    tenant: Option<TenantId>,
    /// Only count what would go.
    #[arg(long)]
    dry_run: bool,
    /// Set for how long this metric is kept, and remove nothing now.
    #[arg(
        long,
        value_name = "PLATFORM/TYPE/NAME",
        requires = "tenant",
        conflicts_with = "dry_run"
    )]
    metric: Option<String>,
    /// So many days, at most those of the plan.
    #[arg(long, requires = "metric", conflicts_with = "keep")]
    days: Option<u32>,
    /// As long as the plan keeps points.
    #[arg(long, requires = "metric")]
    keep: bool,
}

impl Retention {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let engine = place.open().await?;
        let done = match (&self.tenant, &self.metric) {
            (Some(tenant), Some(metric)) => self.set(&engine, tenant, metric, output).await,
            _ => self.remove(&engine, output).await,
        };
        engine.shutdown().await?;
        done
    }

    async fn set(
        &self,
        engine: &Engine,
        tenant: &TenantId,
        metric: &str,
        output: Output,
    ) -> Result<()> {
        if self.days.is_none() && !self.keep {
            return Err(engine::Error::Config(
                "say for how long: --days N, or --keep for as long as the plan does".into(),
            ));
        }
        let upkeep = engine.upkeep();
        upkeep.keep_metric(tenant, metric, self.days).await?;
        let kept = match self.days {
            Some(days) => format!("for {days} days"),
            None => "as long as the plan keeps points".to_owned(),
        };
        output.say(
            format!("{metric} of tenant {tenant} is kept {kept}"),
            &json!({"tenant": tenant.as_str(), "metric": metric, "days": self.days}),
        );
        Ok(())
    }

    async fn remove(&self, engine: &Engine, output: Output) -> Result<()> {
        let tenants = match &self.tenant {
            Some(tenant) => vec![tenant.clone()],
            None => engine.upkeep().tenants().await?,
        };
        let removal = match self.dry_run {
            true => Removal::DryRun,
            false => Removal::Apply,
        };
        let mut reports = Vec::new();
        for tenant in tenants {
            let report = engine.upkeep().retain(&tenant, removal).await?;
            reports.push((tenant, report));
        }
        let lines: Vec<_> = reports.iter().map(|(t, r)| self.line(t, r)).collect();
        let objects: Vec<_> = reports
            .iter()
            .map(|(tenant, report)| json!({"tenant": tenant.as_str(), "report": report}))
            .collect();
        let object = json!({"dry_run": self.dry_run, "tenants": objects});
        output.say(lines.join("\n"), &object);
        Ok(())
    }

    fn line(&self, tenant: &TenantId, report: &RetentionReport) -> String {
        let what = match self.dry_run {
            true => "would remove",
            false => "removed",
        };
        format!(
            "{what} {} points of tenant {tenant}: {} files as a whole, {} written again, {} bytes",
            report.rows, report.files_dropped, report.files_rewritten, report.bytes
        )
    }
}
