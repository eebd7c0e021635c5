//! Whose turn it is: a pure data structure, without clocks and tasks.
//!
//! Three lanes, one for each class, have slots of their own; a lane's tenants
//! take turns, whatever each has waiting. Memory is one budget for all, given
//! to dashboards before SQL before exports, and kept for whoever is first in
//! line: a large query is not passed by small ones for ever.

use std::collections::{HashMap, VecDeque};

use storage_layout::TenantId;

use super::Class;

/// What a query needs to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    pub(super) tenant: TenantId,
    /// How many of its class the tenant's plan lets run at once.
    pub(super) at_once: usize,
    pub(super) memory_bytes: u64,
    /// How many of its class may wait for this tenant.
    pub(super) may_wait: usize,
}

/// Why a query may not even wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Full {
    /// The tenant has enough that waits.
    Tenant,
    /// All tenants together have.
    All,
}

/// A query that waits or runs.
pub(super) type Ticket = u64;

/// Slots and memory there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    /// Of dashboards, SQL and exports.
    pub(super) slots: [usize; 3],
    pub(super) memory_bytes: u64,
    /// How many may wait, of all tenants and classes.
    pub(super) may_wait: usize,
}

/// Who waits and who runs.
#[derive(Debug)]
pub(super) struct Turns {
    lanes: [Lane; 3],
    memory_bytes: u64,
    memory_left: u64,
    may_wait: usize,
    waiting: usize,
    tickets: HashMap<Ticket, Entry>,
    next: Ticket,
}

#[derive(Debug)]
struct Lane {
    slots: usize,
    /// The most that one tenant gets of them, so that a slot is left for
    /// whoever comes.
    slots_of_one: usize,
    running: usize,
    running_of: HashMap<TenantId, usize>,
    /// Tenants of which something waits, in the order of their turns.
    order: VecDeque<TenantId>,
    waiting: HashMap<TenantId, VecDeque<Ticket>>,
}

#[derive(Debug)]
struct Entry {
    class: Class,
    wish: Wish,
    runs: bool,
}

impl Lane {
    fn new(slots: usize) -> Self {
        Self {
            slots,
            slots_of_one: slots.div_ceil(2),
            running: 0,
            running_of: HashMap::new(),
            order: VecDeque::new(),
            waiting: HashMap::new(),
        }
    }

    fn runs(&self, tenant: &TenantId) -> usize {
        self.running_of.get(tenant).copied().unwrap_or_default()
    }

    fn waits(&self, tenant: &TenantId) -> usize {
        self.waiting.get(tenant).map_or(0, VecDeque::len)
    }
}

impl Turns {
    pub(super) fn new(room: &Room) -> Self {
        Self {
            lanes: room.slots.map(Lane::new),
            memory_bytes: room.memory_bytes,
            memory_left: room.memory_bytes,
            may_wait: room.may_wait,
            waiting: 0,
            tickets: HashMap::new(),
            next: 0,
        }
    }

    /// Puts a query in line.
    pub(super) fn ask(&mut self, class: Class, wish: Wish) -> Result<Ticket, Full> {
        let lane = &mut self.lanes[class as usize];
        if lane.waits(&wish.tenant) >= wish.may_wait {
            return Err(Full::Tenant);
        }
        if self.waiting >= self.may_wait {
            return Err(Full::All);
        }
        let ticket = self.next;
        self.next += 1;
        let line = lane.waiting.entry(wish.tenant.clone()).or_default();
        if line.is_empty() {
            lane.order.push_back(wish.tenant.clone());
        }
        line.push_back(ticket);
        self.waiting += 1;
        // What is larger than all there is runs when it is alone.
        let memory_bytes = wish.memory_bytes.min(self.memory_bytes);
        let wish = Wish {
            memory_bytes,
            ..wish
        };
        let runs = false;
        self.tickets.insert(ticket, Entry { class, wish, runs });
        Ok(ticket)
    }

    /// The queries that may begin now.
    pub(super) fn begin(&mut self) -> Vec<Ticket> {
        let mut begun = Vec::new();
        for lane in &mut self.lanes {
            let mut passed = Vec::new();
            let mut starved = false;
            while lane.running < lane.slots
                && let Some(tenant) = lane.order.pop_front()
            {
                let Some(line) = lane.waiting.get_mut(&tenant) else {
                    continue;
                };
                let Some(entry) = line.front().and_then(|first| self.tickets.get_mut(first)) else {
                    continue;
                };
                let runs = lane.running_of.get(&tenant).copied().unwrap_or_default();
                if runs >= entry.wish.at_once.min(lane.slots_of_one) {
                    passed.push(tenant);
                    continue;
                }
                if entry.wish.memory_bytes > self.memory_left {
                    passed.push(tenant);
                    starved = true;
                    break;
                }
                self.memory_left -= entry.wish.memory_bytes;
                entry.runs = true;
                begun.extend(line.pop_front());
                self.waiting -= 1;
                lane.running += 1;
                *lane.running_of.entry(tenant.clone()).or_default() += 1;
                match line.is_empty() {
                    true => drop(lane.waiting.remove(&tenant)),
                    false => lane.order.push_back(tenant),
                }
            }
            // Who could not go keeps the place in line.
            for tenant in passed.into_iter().rev() {
                lane.order.push_front(tenant);
            }
            if starved {
                break;
            }
        }
        begun
    }

    /// A query has ended, or waits no more.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        let Some(Entry { class, wish, runs }) = self.tickets.remove(&ticket) else {
            return;
        };
        let lane = &mut self.lanes[class as usize];
        if runs {
            lane.running -= 1;
            self.memory_left += wish.memory_bytes;
            if let Some(left) = lane.running_of.get_mut(&wish.tenant) {
                *left -= 1;
                if *left == 0 {
                    lane.running_of.remove(&wish.tenant);
                }
            }
            return;
        }
        self.waiting -= 1;
        if let Some(line) = lane.waiting.get_mut(&wish.tenant) {
            line.retain(|other| *other != ticket);
            if line.is_empty() {
                lane.waiting.remove(&wish.tenant);
                lane.order.retain(|other| *other != wish.tenant);
            }
        }
    }

    /// How many of a class a tenant has that run, and that wait.
    pub(super) fn of(&self, class: Class, tenant: &TenantId) -> (usize, usize) {
        let lane = &self.lanes[class as usize];
        (lane.runs(tenant), lane.waits(tenant))
    }
}

#[cfg(test)]
#[path = "turns_test.rs"]
mod tests;
