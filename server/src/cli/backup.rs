//! `tessera backup`: everything, or one tenant, to another place.

use clap::Args;
use engine::maintain::BackupReport;
use engine::{Result, TenantId};

use super::progress::Bar;
use super::{Output, Place};

#[derive(Args)]
pub(super) struct Backup {
    /// Where backups are kept: a folder, or s3://…, gs://…, az://…, file:///…
    #[arg(long, value_name = "URL|DIR")]
    to: String,
    /// The only tenant.
    #[arg(long, value_name = "T")]
    tenant: Option<TenantId>,
}

impl Backup {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let engine = place.open().await?;
        let made = engine
            .backup(&self.to, self.tenant.as_ref(), &Bar::new(output))
            .await;
        engine.shutdown().await?;
        let made = made?;
        output.say(sentence(&made), &made);
        Ok(())
    }
}

fn sentence(made: &BackupReport) -> String {
    format!(
        "backup {} of {} tenants is whole: {} rows of metadata, {} objects of {} bytes, {} of them copied now ({} bytes)",
        made.id,
        made.tenants,
        made.rows,
        made.objects,
        made.object_bytes,
        made.copied,
        made.copied_bytes
    )
}
