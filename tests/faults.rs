//! What is promised when something breaks: the real server is killed, cut off,
//! starved and given damaged files. docs/faults.md says which test shows what.
//!
//! Each test prints the seed it drew from; TESSERA_FAULT_SEED replays it, and
//! TESSERA_FAULT_ROUNDS makes it longer (`make faults`).

#[path = "faults/catalog_away.rs"]
mod catalog_away;
#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/damage.rs"]
mod damage;
#[path = "faults/disk_full.rs"]
mod disk_full;
#[path = "faults/erasure.rs"]
mod erasure;
#[path = "faults/failpoints.rs"]
mod failpoints;
#[path = "faults/kill.rs"]
mod kill;
#[path = "faults/proxy.rs"]
mod proxy;
#[path = "faults/requests.rs"]
mod requests;
#[path = "faults/synced.rs"]
mod synced;
#[path = "faults/two_servers.rs"]
mod two_servers;
