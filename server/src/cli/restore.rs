//! `tessera restore`: a backup, or one tenant of it, back.

use clap::Args;
use engine::maintain::RestoreReport;
use engine::{ExistingTenants, RestoreOptions, Result, TenantId};

use super::progress::Bar;
use super::{Output, Place};

#[derive(Args)]
pub(super) struct Restore {
    /// Where backups are kept: what `tessera backup --to` was given.
    #[arg(long, value_name = "URL|DIR")]
    from: String,
    /// Which backup; the newest when left out.
    #[arg(long, value_name = "ID")]
    backup: Option<String>,
    /// The only tenant.
    #[arg(long, value_name = "T")]
    tenant: Option<TenantId>,
    /// Make tenants that exist what they were at the backup.
    #[arg(long)]
    replace: bool,
}

impl Restore {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let options = RestoreOptions {
            from: self.from,
            backup: self.backup,
            tenant: self.tenant,
            existing: match self.replace {
                true => ExistingTenants::Replace,
                false => ExistingTenants::Refuse,
            },
        };
        let engine = place.open().await?;
        let done = engine.restore(&options, &Bar::new(output)).await;
        engine.shutdown().await?;
        let done = done?;
        output.say(sentence(&done), &done);
        Ok(())
    }
}

fn sentence(done: &RestoreReport) -> String {
    let mut text = format!(
        "restored {} tenants of backup {}: {} objects copied ({} bytes)",
        done.tenants.len(),
        done.id,
        done.copied,
        done.copied_bytes
    );
    for (tenant, erasures) in &done.erasures_replayed {
        text.push_str(&format!(
            "; {erasures} erasures of tenant {tenant} were done again"
        ));
    }
    text
}
