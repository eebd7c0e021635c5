//! Callers' SQL in processes that can be killed.
//!
//! One SELECT can end a process or eat its memory long after its deadline:
//! planning cannot be cancelled, joins ignore it, and functions take what no
//! pool counts. So the front's process runs none of them. [`pool`] keeps
//! workers, each of one tenant for its life; [`conversation`] has one query
//! run by one of them, and kills it when its time, its memory or its reader is
//! gone; [`supply`] checks and gives what a worker asks for. [`child`] is the
//! worker's side. Both speak [`protocol`].

mod assignment;
pub mod child;
mod child_supply;
mod confine;
mod conversation;
mod fault;
mod pool;
mod process;
mod protocol;
mod supply;

use std::path::PathBuf;
use std::time::Duration;

pub use conversation::Answer;
pub(crate) use conversation::{Question, ask};
pub use pool::WorkerCounts;
pub(crate) use pool::Workers;

const MIB: u64 = 1 << 20;

/// Where callers' SQL runs.
#[derive(Debug, Clone)]
pub enum SqlIsolation {
    /// In this process. A hostile query can then take its memory, keep its
    /// processors busy past the deadline, or end it: only for callers who are
    /// trusted as the program itself is.
    InProcess,
    /// In workers, which are killed instead. They inherit the descriptors of
    /// this process that are not marked to be closed, as those of Rust are. What [`crate::Session::sql_as`] and
    /// [`crate::Session::export_as`] ask runs there.
    Workers(WorkerOptions),
}

/// The program that a worker is: the server's own, under a verb that calls
/// [`child::run`].
#[derive(Debug, Clone)]
pub struct WorkerProgram {
    /// The program.
    pub path: PathBuf,
    /// Its arguments; the path of the worker's spill folder follows.
    pub arguments: Vec<String>,
}

/// How many workers there are, and what they may take.
#[derive(Debug, Clone)]
pub struct WorkerOptions {
    /// What a worker is.
    pub program: WorkerProgram,
    /// Workers that wait for their tenant's next query, at most.
    pub warm: usize,
    /// Blank workers that stand ready.
    pub spares: usize,
    /// What one worker may put aside on disk, bytes.
    pub spill_bytes: u64,
    /// Holds a folder for each worker.
    pub spill_dir: PathBuf,
    /// How long a worker waits for its tenant's next query.
    pub idle: Duration,
}

impl WorkerOptions {
    /// Fits this machine.
    pub fn of_this_machine(program: WorkerProgram, spill_dir: PathBuf) -> Self {
        let processors = std::thread::available_parallelism().map_or(2, usize::from);
        Self {
            program,
            warm: processors * 4,
            spares: 2,
            spill_bytes: 4_096 * MIB,
            spill_dir,
            idle: Duration::from_secs(15),
        }
    }
}
