//! Which query begins when: dashboards before SQL before exports, tenants in
//! turn, as many at once as there are slots, memory and the tenant's plan.
//!
//! [`turns`] decides; this waits. A permit is held until the answer has ended,
//! and ends when it is dropped, also by one that still waits.

mod turns;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::Utc;
use storage_layout::TenantId;
use tokio::sync::oneshot;

use self::turns::{Full, Room, Ticket, Turns, Wish};
use crate::error::{Error, Result};
use crate::metadata::tenants::Plan;

/// How long a query waits for its turn at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// When a query that found the line full should come again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Queries that wait, of all tenants.
const WAITING: usize = 1_024;

/// Queries of a class that wait for one tenant, for each that its plan lets run.
const WAITING_FOR_EACH: usize = 8;

/// The least memory that queries share, bytes.
const LEAST_MEMORY_BYTES: u64 = 256 << 20;

/// What a query is for; those above go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// A dashboard's raw points: somebody looks at a page.
    Dashboard,
    /// A tenant's own SQL.
    Sql,
    /// Data in bulk.
    Export,
}

impl Class {
    /// All classes, the first first.
    #[cfg(test)]
    const ALL: [Self; 3] = [Self::Dashboard, Self::Sql, Self::Export];

    /// How many of it run at once for a tenant, and the limit's name.
    fn at_once(self, plan: &Plan) -> (u64, &'static str) {
        match self {
            Self::Dashboard | Self::Sql => (plan.concurrent_queries, "concurrent_queries"),
            Self::Export => (plan.concurrent_exports, "concurrent_exports"),
        }
    }
}

/// Lets queries in; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    turns: Turns,
    waiting: HashMap<Ticket, oneshot::Sender<()>>,
}

/// Leave to run; ends when dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    inner: Arc<Inner>,
    ticket: Ticket,
}

impl Admission {
    /// As many slots as keep this machine's processors busy, and half of its
    /// memory unless another budget is given.
    pub(crate) fn new(memory_bytes: Option<u64>) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let room = Room {
            // Exports run long and wait for their readers most of the time.
            slots: [2 * cores, 2 * cores, cores].map(|slots| slots.max(2)),
            memory_bytes: memory_bytes
                .unwrap_or_else(|| machine_memory_bytes() / 2)
                .max(LEAST_MEMORY_BYTES),
            may_wait: WAITING,
        };
        Self::with(&room, PATIENCE)
    }

    fn with(room: &Room, patience: Duration) -> Self {
        let state = State {
            turns: Turns::new(room),
            waiting: HashMap::new(),
        };
        Self {
            inner: Arc::new(Inner {
                patience,
                state: Mutex::new(state),
            }),
        }
    }

    /// Waits for the tenant's turn. Errors: `LimitExceeded` when the tenant has
    /// too many that wait or run, `Unavailable` when all tenants together have.
    pub(crate) async fn enter(
        &self,
        class: Class,
        tenant: &TenantId,
        plan: &Plan,
    ) -> Result<Permit> {
        let (at_once, limit) = class.at_once(plan);
        let at_once = usize::try_from(at_once).unwrap_or(usize::MAX).max(1);
        let wish = Wish {
            tenant: tenant.clone(),
            at_once,
            memory_bytes: plan.query_memory_bytes,
            may_wait: at_once.saturating_mul(WAITING_FOR_EACH).clamp(16, 256),
        };
        let (sender, turn) = oneshot::channel();
        let permit = {
            let mut state = self.inner.lock();
            let ticket = match state.turns.ask(class, wish) {
                Ok(ticket) => ticket,
                Err(Full::All) => return Err(busy()),
                Err(Full::Tenant) => {
                    let (runs, waits) = state.turns.of(class, tenant);
                    return Err(too_many(limit, runs + waits, at_once, plan));
                }
            };
            state.waiting.insert(ticket, sender);
            let inner = self.inner.clone();
            let permit = Permit { inner, ticket };
            state.go();
            permit
        };
        match tokio::time::timeout(self.inner.patience, turn).await {
            Ok(_) => Ok(permit),
            Err(_) => {
                let (runs, waits) = self.inner.lock().turns.of(class, tenant);
                Err(match runs >= at_once {
                    true => too_many(limit, runs + waits, at_once, plan),
                    false => busy(),
                })
            }
        }
    }

    /// How many queries of a class run for a tenant on this server.
    pub(crate) fn running(&self, class: Class, tenant: &TenantId) -> u64 {
        self.inner.lock().turns.of(class, tenant).0 as u64
    }
}

impl Inner {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Lets those go whose turn it is.
    fn go(&mut self) {
        for ticket in self.turns.begin() {
            if let Some(waiting) = self.waiting.remove(&ticket) {
                // Whoever has gone gives the turn up by dropping its permit.
                let _ = waiting.send(());
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.inner.lock();
        state.waiting.remove(&self.ticket);
        state.turns.leave(self.ticket);
        state.go();
    }
}

fn busy() -> Error {
    Error::Unavailable {
        message: "too many queries run at this moment; this one was not begun".into(),
        retry_after: RETRY_AFTER,
    }
}

fn too_many(limit: &'static str, used: usize, at_once: usize, plan: &Plan) -> Error {
    let (used, allowed) = (used as u64, at_once as u64);
    Error::LimitExceeded {
        limit,
        used,
        allowed,
        needed: used + 1,
        plan: plan.name.clone(),
        // Any of them may end.
        resets_at: Some(Utc::now() + RETRY_AFTER),
        allowed_by: None,
    }
}

/// What this process may use: the machine's memory, or the container's.
fn machine_memory_bytes() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?;
            let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
            Some(kib << 10)
        });
    let container = [
        "/sys/fs/cgroup/memory.max",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
    ]
    .into_iter()
    .find_map(|path| {
        std::fs::read_to_string(path)
            .ok()?
            .trim()
            .parse::<u64>()
            .ok()
    });
    machine
        .into_iter()
        .chain(container)
        .min()
        .unwrap_or(2 << 30)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn plan(concurrent_queries: u64) -> Plan {
        Plan {
            name: "p".into(),
            dimension_keys: 1,
            metrics: 1,
            ingest_points_per_day: 1,
            result_rows: 1,
            query_memory_bytes: 1,
            query_timeout_ms: 1,
            export_rows: 1,
            queries_per_second: 1,
            concurrent_queries,
            concurrent_exports: 1,
            stored_bytes: 1,
            api_keys: 1,
            live_connections: 1,
        }
    }

    fn admission(patience: Duration) -> Admission {
        let room = Room {
            slots: [2, 2, 2],
            memory_bytes: 100,
            may_wait: 100,
        };
        Admission::with(&room, patience)
    }

    #[tokio::test]
    async fn a_turn_comes_when_a_permit_is_dropped_and_one_who_left_is_passed() {
        let admission = admission(Duration::from_secs(60));
        let tenant = TenantId::new("a").unwrap();
        let plan = plan(1);
        let first = admission.enter(Class::Sql, &tenant, &plan).await.unwrap();
        let wait = || {
            let (admission, tenant, plan) = (admission.clone(), tenant.clone(), plan.clone());
            tokio::spawn(async move { admission.enter(Class::Sql, &tenant, &plan).await })
        };
        let (gone, second) = (wait(), wait());
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!gone.is_finished() && !second.is_finished());
        gone.abort();
        let _ = gone.await;
        drop(first);
        drop(second.await.unwrap().unwrap());
        assert_eq!(admission.running(Class::Sql, &tenant), 0);
        assert!(admission.inner.lock().waiting.is_empty());
    }

    #[tokio::test]
    async fn who_waits_too_long_hears_whose_fault_it_is() {
        let admission = admission(Duration::from_millis(20));
        let (a, b) = (TenantId::new("a").unwrap(), TenantId::new("b").unwrap());
        let one = admission.enter(Class::Sql, &a, &plan(1)).await.unwrap();
        let own = admission.enter(Class::Sql, &a, &plan(1)).await.unwrap_err();
        assert!(
            matches!(
                &own,
                Error::LimitExceeded {
                    limit: "concurrent_queries",
                    allowed: 1,
                    resets_at: Some(_),
                    ..
                }
            ),
            "{own:?}"
        );
        let two = admission.enter(Class::Sql, &b, &plan(9)).await.unwrap();
        let c = TenantId::new("c").unwrap();
        let others = admission.enter(Class::Sql, &c, &plan(9)).await.unwrap_err();
        assert!(matches!(others, Error::Unavailable { .. }), "{others:?}");
        drop((one, two));
        admission.enter(Class::Sql, &c, &plan(9)).await.unwrap();
    }
}
