//! Erasures that are done again, after a restore: by the versions of commits,
//! on which no clock has a say.

use std::time::Duration;

use storage_layout::TenantId;
use uuid::Uuid;

use super::Meant;
use crate::error::Result;
use crate::maintain::Maintainer;
use crate::maintain::held::{self, HeldJob, LEASE_TIME};
use crate::metadata::erasures::{self, Erasure, Receipt};
use crate::metadata::jobs::{self, Claimed};
use crate::metadata::owed;

/// Pause between two looks at work that another process does.
const PAUSE: Duration = Duration::from_millis(250);

impl Maintainer {
    /// Takes in erasures that are known from elsewhere, such as from before a
    /// restore; see [`Maintainer::replay_erasures`]. From then on the tenant is
    /// withheld, and a server does them again by itself.
    pub async fn restore_erasures(&self, tenant: &TenantId, erasures: &[Erasure]) -> Result<()> {
        erasures::restore(&self.pool, tenant, erasures).await
    }

    /// Erases again what was erased before, for a tenant whose rows came back:
    /// of each erasure the points that were committed up to the version at
    /// which it was done. Answers how many points went; the first receipts stay
    /// as they are. Errors: `Unavailable` when that failed for now: it is tried
    /// again, and the tenant withheld until then.
    pub async fn replay_erasures(&self, tenant: &TenantId) -> Result<u64> {
        owed::put(&self.pool, tenant).await?;
        self.settle_owed(tenant).await
    }

    /// Does what is owed to a tenant, or waits for whoever is at it; answers
    /// how many points went.
    pub(in crate::maintain) async fn settle_owed(&self, tenant: &TenantId) -> Result<u64> {
        let mut rows = 0;
        for job in owed::open(&self.pool, tenant).await? {
            rows += self.settle(tenant, job).await?.rows;
        }
        Ok(rows)
    }

    async fn settle(&self, tenant: &TenantId, job: Uuid) -> Result<Receipt> {
        let worker = Uuid::now_v7();
        loop {
            let claimed = jobs::claim_one(&self.pool, tenant, job, worker, LEASE_TIME).await?;
            if let Some(claimed) = claimed {
                let held = HeldJob::hold(&self.pool, claimed);
                if let Err(error) = self.do_job(&held).await {
                    self.put_off(&held.claimed).await?;
                    return Err(error);
                }
            } else if let Some(done) = owed::done(&self.pool, tenant, job).await? {
                return serde_json::from_value(done).map_err(crate::error::Error::internal);
            } else {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Carries out a job that does a tenant's erasures again, all in one pass.
    pub(in crate::maintain) async fn erase_again(&self, claimed: &Claimed) -> Result<()> {
        let tenant = &claimed.tenant;
        let done = erasures::list(&self.pool, tenant).await?;
        // Of one that is not finished all that there is: it is asked for.
        let meant = done.iter().map(|erasure| Meant {
            subject: erasure.subject.clone(),
            through: erasure
                .receipt
                .as_ref()
                .map(|receipt| receipt.version_after),
        });
        let meant: Vec<Meant> = meant.collect();
        let mut receipt = self.erase_points(&meant, claimed, None).await?;
        if !erasures::finish_again(&self.pool, claimed, &done, &mut receipt).await? {
            return Err(held::lost());
        }
        tracing::info!(%tenant, erasures = done.len(), rows = receipt.rows, "points erased again");
        Ok(())
    }
}
