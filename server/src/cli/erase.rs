//! `tessera erase`: points that must go, with a receipt.

use clap::Args;
use engine::metadata::erasures::Subject;
use engine::{Result, TenantId};
use serde_json::json;

use super::{Output, Place};

#[derive(Args)]
pub(super) struct Erase {
    /// Whose points.
    #[arg(long, value_name = "ID")]
    tenant: TenantId,
    /// The dimension's key, such as customer_id.
    #[arg(long, value_name = "KEY", requires = "value", conflicts_with = "all")]
    dimension: Option<String>,
    /// The value, as SQL shows it; a number in any form (1.0 is 1).
    #[arg(long, requires = "dimension")]
    value: Option<String>,
    /// All points of the tenant.
    #[arg(long, required_unless_present = "dimension")]
    all: bool,
}

impl Erase {
    pub(super) async fn run(self, place: &Place, output: Output) -> Result<()> {
        let subject = match (&self.dimension, &self.value) {
            (Some(dimension), Some(value)) => Some(Subject::new(dimension, value)?),
            _ => None,
        };
        let engine = place.open().await?;
        let erased = engine.upkeep().erase(&self.tenant, subject).await;
        engine.shutdown().await?;
        let erasure = erased?;
        let tenant = self.tenant.as_str();
        let text = match &erasure.receipt {
            Some(receipt) => format!(
                "erased {} points of tenant {tenant}: {} files replaced, {} objects deleted (receipt {})",
                receipt.rows, receipt.files_replaced, receipt.objects_deleted, erasure.id
            ),
            None => format!(
                "another process is carrying out the erasure {} of tenant {tenant}",
                erasure.id
            ),
        };
        let object = json!({
            "tenant": tenant,
            "id": erasure.id,
            "requested_at": erasure.requested_at,
            "finished_at": erasure.finished_at,
            "receipt": erasure.receipt,
        });
        output.say(text, &object);
        Ok(())
    }
}
