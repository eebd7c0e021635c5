//! `tessera retention`: what is too old, and for how long a metric is kept.

use std::process::ExitCode;

use clap::Args;
use engine::maintain::{Removal, RetentionReport};
use engine::{Engine, Result, TenantId};
use serde_json::json;

use super::output::sentence;
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
    /// Not 0 when any tenant's points could not be looked at.
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<ExitCode> {
        let engine = place.open().await?;
        let done = match (&self.tenant, &self.metric) {
            (Some(tenant), Some(metric)) => {
                let set = self.set(&engine, tenant, metric, output).await;
                set.map(|()| ExitCode::SUCCESS)
            }
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

    /// One tenant's failure is no other tenant's: it is told with the rest.
    async fn remove(&self, engine: &Engine, output: Output) -> Result<ExitCode> {
        let tenants = match &self.tenant {
            Some(tenant) => vec![tenant.clone()],
            None => engine.upkeep().tenants().await?,
        };
        let removal = match self.dry_run {
            true => Removal::DryRun,
            false => Removal::Apply,
        };
        let mut code = ExitCode::SUCCESS;
        let (mut lines, mut objects) = (Vec::new(), Vec::new());
        for tenant in tenants {
            match engine.upkeep().retain(&tenant, removal).await {
                Ok(report) => {
                    lines.push(self.line(&tenant, &report));
                    objects.push(json!({"tenant": tenant.as_str(), "report": report}));
                }
                Err(error) if self.tenant.is_some() => return Err(error),
                Err(error) => {
                    code = ExitCode::FAILURE;
                    let (why, _) = sentence(&error);
                    lines.push(format!("failed for tenant {tenant}: {why}"));
                    objects.push(json!({"tenant": tenant.as_str(), "error": why}));
                }
            }
        }
        let object = json!({"dry_run": self.dry_run, "tenants": objects});
        output.say(lines.join("\n"), &object);
        Ok(code)
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
