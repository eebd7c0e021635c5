//! A commit that counts only while the work is still its maker's.
//!
//! A lease may run out while its holder is slow, and somebody else takes the
//! work over under a higher fence. The fence is looked at, and held, in the
//! transaction that commits; so the work changes hands before the commit or
//! after it, never in between.

use serde_json::Value;
use sqlx::postgres::PgPool;
use storage_layout::TenantId;
use uuid::Uuid;

use super::blame;
use super::commit::{self, Commit, Outcome};
use super::jobs::Claimed;
use super::tenant_tx::TenantTx;
use crate::error::Result;

/// What must still be held when the effect is committed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fence {
    /// A lease of a tenant's upkeep, see [`super::leases`].
    Lease {
        /// Which work.
        work: &'static str,
        /// The number under which it was taken.
        fence: i64,
    },
    /// A job, see [`super::jobs`].
    Job {
        /// Which job.
        job: Uuid,
        /// The number under which it was claimed.
        fence: i64,
    },
}

/// What became of a fenced commit.
#[derive(Debug, Clone, PartialEq)]
pub enum Fenced {
    /// All fences held; the commit's own outcome.
    Held(Outcome),
    /// The work is somebody else's by now; nothing was changed.
    Stale,
}

/// How far a job is once a commit has happened.
#[derive(Debug, Clone, Copy)]
pub struct Note<'a> {
    /// The job.
    pub claimed: &'a Claimed,
    /// What another claim of it would go on from.
    pub progress: &'a Value,
}

/// Commits, unless one of the fences is stale.
pub async fn commit_fenced(pool: &PgPool, commit: &Commit, fences: &[Fence]) -> Result<Fenced> {
    commit_noted(pool, commit, fences, None).await
}

/// The same, noting in the same transaction how far a job is.
pub(crate) async fn commit_noted(
    pool: &PgPool,
    commit: &Commit,
    fences: &[Fence],
    note: Option<Note<'_>>,
) -> Result<Fenced> {
    let mut tx = TenantTx::begin(pool, &commit.tenant).await?;
    for fence in fences {
        if !holds(&mut tx, &commit.tenant, *fence).await? {
            return Ok(Fenced::Stale);
        }
    }
    let outcome = commit::commit_in(pool, tx, commit, note).await?;
    Ok(Fenced::Held(outcome))
}

/// Whether a fence is the newest; it stays so until the transaction ends. That
/// the lease's time is over does no harm while nobody has taken it.
pub(super) async fn holds(tx: &mut TenantTx, tenant: &TenantId, fence: Fence) -> Result<bool> {
    let found = match fence {
        Fence::Lease { work, fence } => {
            sqlx::query(
                "SELECT FROM analytics.lease
                 WHERE tenant_id = $1 AND work = $2 AND fence = $3 FOR SHARE",
            )
            .bind(tenant.as_str())
            .bind(work)
            .bind(fence)
            .fetch_optional(&mut **tx)
            .await
        }
        Fence::Job { job, fence } => {
            sqlx::query(
                "SELECT FROM analytics.job
                 WHERE tenant_id = $1 AND job_id = $2 AND fence = $3 AND state = 'running' FOR SHARE",
            )
            .bind(tenant.as_str())
            .bind(job)
            .bind(fence)
            .fetch_optional(&mut **tx)
            .await
        }
    };
    Ok(found.map_err(blame)?.is_some())
}
