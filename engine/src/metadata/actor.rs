//! On whose behalf this task changes something, for the audit log.
//!
//! Whoever knows wraps the work in [`acting`]; a [`super::tenant_tx::TenantTx`]
//! tells the database, whose triggers write the record in the transaction that
//! makes the change.

use std::future::Future;

tokio::task_local! {
    static ACTOR: String;
}

/// Does `work` on behalf of `who`.
pub async fn acting<F: Future>(who: impl Into<String>, work: F) -> F::Output {
    ACTOR.scope(who.into(), work).await
}

/// On whose behalf; empty where nobody said, such as in background work.
pub(super) fn current() -> String {
    ACTOR.try_with(Clone::clone).unwrap_or_default()
}
