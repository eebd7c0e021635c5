//! `tessera worker`: the server's own child, which runs one tenant's queries.
//!
//! Nobody else calls it: it is asked on the socket that is its standard input,
//! and it bounds itself before it is.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use engine::query::worker::child;

use crate::encode::Form;
use crate::telemetry;

#[derive(Args)]
pub(super) struct Worker {
    /// Log as the server does, in JSON.
    #[arg(long)]
    json_log: bool,
    /// The folder for what does not fit in memory.
    spill: PathBuf,
}

impl Worker {
    pub(super) fn run(self) -> ExitCode {
        telemetry::start_as(self.json_log, "warn");
        match child::run::<Form>(&self.spill) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "a worker ended");
                ExitCode::FAILURE
            }
        }
    }
}
