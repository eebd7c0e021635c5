//! `tessera decode-body`: the server's own child, which reads one Arrow or
//! Parquet body from standard input and writes its points as lines.
//!
//! Nobody else calls it. It bounds itself before it looks at the body.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use engine::Error;
use engine::ingest::bulk::{Format, columnar};
use rustix::process::{Resource, Rlimit, setrlimit};

#[derive(Args)]
pub(super) struct DecodeBody {
    /// The body's format.
    format: Columnar,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Columnar {
    Arrow,
    Parquet,
}

impl DecodeBody {
    pub(super) fn run(self) -> ExitCode {
        match self.decode() {
            Ok(()) => ExitCode::SUCCESS,
            Err(Error::Invalid {
                message, at, hint, ..
            }) => {
                let refusal = columnar::Refusal { message, at, hint };
                let said = serde_json::to_vec(&refusal).unwrap_or_default();
                let _ = std::io::stderr().write_all(&said);
                ExitCode::from(columnar::REFUSED)
            }
            Err(_) => ExitCode::FAILURE,
        }
    }

    fn decode(self) -> Result<(), Error> {
        bound(Resource::As, columnar::MEMORY_BYTES)?;
        bound(Resource::Cpu, columnar::PROCESSOR_SECONDS)?;
        bound(Resource::Fsize, 0)?;
        bound(Resource::Core, 0)?;
        let stdin = std::io::stdin().as_fd().try_clone_to_owned();
        let body = File::from(stdin.map_err(Error::internal)?);
        let mut out = BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
        let format = match self.format {
            Columnar::Arrow => Format::Arrow,
            Columnar::Parquet => Format::Parquet,
        };
        columnar::to_lines(format, body, &mut out)?;
        out.flush().map_err(Error::internal)
    }
}

fn bound(resource: Resource, limit: u64) -> Result<(), Error> {
    let limit = Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    setrlimit(resource, limit).map_err(Error::internal)
}
