//! On whose behalf this task changes something, for the audit log.
//!
//! Whoever knows wraps the work in [`acting`]; where it is found out during the
//! work, the work is wrapped in [`for_whom_it_names`] and [`name`] says it. A
//! [`super::tenant_tx::TenantTx`] tells the database, whose triggers write the
//! record in the transaction that makes the change.

use std::future::Future;
use std::sync::OnceLock;

tokio::task_local! {
    static ACTOR: OnceLock<String>;
}

/// Does `work` on behalf of `who`.
pub async fn acting<F: Future>(who: impl Into<String>, work: F) -> F::Output {
    ACTOR.scope(OnceLock::from(who.into()), work).await
}

/// Does `work` on behalf of whom it [`name`]s.
pub async fn for_whom_it_names<F: Future>(work: F) -> F::Output {
    ACTOR.scope(OnceLock::new(), work).await
}

/// Says on whose behalf the work is done; the first word holds.
pub fn name(who: impl Into<String>) {
    // Work that nobody asked for on anybody's behalf stays the system's.
    let _ = ACTOR.try_with(|actor| actor.set(who.into()));
}

/// On whose behalf; empty where nobody said, such as in background work.
pub(super) fn current() -> String {
    let named = ACTOR.try_with(|actor| actor.get().cloned());
    named.ok().flatten().unwrap_or_default()
}
