//! `tessera compact`: fewer, larger files, now.

use clap::Args;
use engine::{Result, TenantId};
use serde_json::json;

use super::{Output, Place};

#[derive(Args)]
pub(super) struct Compact {
    /// Whose files.
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
}

impl Compact {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let engine = place.open().await?;
        let compacted = engine.compact(&self.tenant).await;
        engine.shutdown().await?;
        let files = compacted?;
        let noun = if files == 1 { "file" } else { "files" };
        output.say(
            format!("replaced {files} {noun} of tenant {}", self.tenant),
            &json!({"tenant": self.tenant.as_str(), "replaced_files": files}),
        );
        Ok(())
    }
}
