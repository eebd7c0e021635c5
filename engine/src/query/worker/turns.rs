//! Whose query runs next: as many at once as there are turns and memory for,
//! tenants one after the other, and no tenant more than three in four.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use storage_layout::TenantId;
use tokio::sync::oneshot;

use crate::error::Result;
use crate::query::execute::not_begun;

/// Queries of one tenant that may wait.
const MOST_WAITING: usize = 256;

/// The turns of one process.
#[derive(Debug)]
pub(super) struct Turns {
    of_one: usize,
    memory_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: usize,
    free_bytes: u64,
    held: HashMap<TenantId, usize>,
    waiting: HashMap<TenantId, VecDeque<Waiting>>,
    /// Tenants with queries that wait, the next one first.
    order: VecDeque<TenantId>,
}

#[derive(Debug)]
struct Waiting {
    bytes: u64,
    turn: oneshot::Sender<Turn>,
}

/// Leave to run one query; given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    tenant: TenantId,
    bytes: u64,
}

impl Turns {
    /// So many turns, with so much memory for all of them.
    pub(super) fn new(turns: usize, memory_bytes: u64) -> Arc<Self> {
        Arc::new(Self {
            of_one: (turns * 3 / 4).max(1),
            memory_bytes,
            state: Mutex::new(State {
                free: turns.max(1),
                free_bytes: memory_bytes,
                held: HashMap::new(),
                waiting: HashMap::new(),
                order: VecDeque::new(),
            }),
        })
    }

    /// Waits for a turn with so much memory. Errors: `Unavailable` when too
    /// many of the tenant's queries wait, or this one has waited for `longest`.
    pub(super) async fn turn(
        self: &Arc<Self>,
        tenant: &TenantId,
        bytes: u64,
        longest: Duration,
    ) -> Result<Turn> {
        // More than there is would never come.
        let bytes = bytes.min(self.memory_bytes);
        let (sender, turn) = oneshot::channel();
        {
            let mut state = self.state();
            let waiting = state.waiting.entry(tenant.clone()).or_default();
            if waiting.len() >= MOST_WAITING {
                return Err(not_begun());
            }
            waiting.push_back(Waiting {
                bytes,
                turn: sender,
            });
            if waiting.len() == 1 {
                state.order.push_back(tenant.clone());
            }
        }
        self.grant();
        match tokio::time::timeout(longest, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(not_begun()),
        }
    }

    /// Gives turns to those who wait, as far as there are some.
    fn grant(self: &Arc<Self>) {
        let mut granted = Vec::new();
        {
            let mut state = self.state();
            while let Some((tenant, waiting)) = state.next(self.of_one) {
                let turn = Turn {
                    turns: self.clone(),
                    tenant,
                    bytes: waiting.bytes,
                };
                granted.push((waiting.turn, turn));
            }
        }
        for (waiting, turn) in granted {
            // One who waits no more gives it back at once.
            let _ = waiting.send(turn);
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a turn for the next tenant that may have one.
    fn next(&mut self, of_one: usize) -> Option<(TenantId, Waiting)> {
        for _ in 0..self.order.len() {
            let tenant = self.order.pop_front()?;
            let held = self.held.get(&tenant).copied().unwrap_or_default();
            let Some(waiting) = self.waiting.get_mut(&tenant) else {
                continue;
            };
            waiting.retain(|waiting| !waiting.turn.is_closed());
            let Some(bytes) = waiting.front().map(|first| first.bytes) else {
                self.waiting.remove(&tenant);
                continue;
            };
            if self.free == 0 || bytes > self.free_bytes {
                // It stays the next one, lest small queries pass a large one
                // for ever.
                self.order.push_front(tenant);
                return None;
            }
            if held >= of_one {
                self.order.push_back(tenant);
                continue;
            }
            let first = waiting.pop_front()?;
            match waiting.is_empty() {
                true => drop(self.waiting.remove(&tenant)),
                false => self.order.push_back(tenant.clone()),
            }
            self.free -= 1;
            self.free_bytes -= bytes;
            self.held.insert(tenant.clone(), held + 1);
            return Some((tenant, first));
        }
        None
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        {
            let mut state = self.turns.state();
            state.free += 1;
            state.free_bytes += self.bytes;
            if let Some(held) = state.held.get_mut(&self.tenant) {
                *held -= 1;
                if *held == 0 {
                    state.held.remove(&self.tenant);
                }
            }
        }
        self.turns.grant();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    fn tenant(id: &str) -> TenantId {
        TenantId::new(id).expect("an id")
    }

    #[tokio::test]
    async fn a_tenant_that_floods_leaves_turns_to_others() {
        let turns = Turns::new(4, 100);
        let (a, b) = (tenant("a"), tenant("b"));
        let mut held = Vec::new();
        for _ in 0..3 {
            held.push(turns.turn(&a, 1, SHORT).await.expect("a turn"));
        }
        assert!(turns.turn(&a, 1, SHORT).await.is_err(), "three in four");
        let other = turns.turn(&b, 1, SHORT).await.expect("a turn of b's");
        drop(held.pop());
        turns.turn(&a, 1, SHORT).await.expect("a's again");
        drop(other);
    }

    #[tokio::test]
    async fn tenants_that_wait_take_turns() {
        let turns = Turns::new(1, 100);
        let first = turns.turn(&tenant("a"), 1, SHORT).await.expect("a turn");
        let order = Arc::new(Mutex::new(String::new()));
        let mut waiting = Vec::new();
        for id in ["a", "a", "b"] {
            let (turns, order) = (turns.clone(), order.clone());
            waiting.push(tokio::spawn(async move {
                let turn = turns.turn(&tenant(id), 1, LONG).await.expect("a turn");
                order.lock().expect("no panic").push_str(id);
                drop(turn);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for waiting in waiting {
            waiting.await.expect("a turn each");
        }
        assert_eq!(*order.lock().expect("no panic"), "aba");
    }

    #[tokio::test]
    async fn memory_is_given_once_and_comes_back() {
        let turns = Turns::new(8, 100);
        let (a, b) = (tenant("a"), tenant("b"));
        let most = turns.turn(&a, 1_000, SHORT).await.expect("all there is");
        assert!(turns.turn(&b, 1, SHORT).await.is_err());
        drop(most);
        let _one = turns.turn(&b, 60, SHORT).await.expect("memory");
        let _two = turns.turn(&a, 40, SHORT).await.expect("memory");
        assert!(turns.turn(&a, 1, SHORT).await.is_err());
    }
}
