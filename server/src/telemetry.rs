//! What the process says of itself on standard error.
//!
//! `TESSERA_LOG` filters (default `info` for a server, `warn` else) and
//! `TESSERA_LOG_FORMAT=json` writes one JSON object a line. No secret and no
//! data point is ever logged.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging; a second call changes nothing.
pub(crate) fn start(default_filter: &str) {
    let filter = EnvFilter::try_from_env("TESSERA_LOG").unwrap_or_else(|_| {
        EnvFilter::new(format!("{default_filter},sqlx::postgres::notice=warn"))
    });
    write(is_json(), filter);
}

/// Starts logging in a process that has no environment.
pub(crate) fn start_as(json: bool, filter: &str) {
    write(json, EnvFilter::new(filter));
}

/// Whether the log is asked for in JSON.
pub(crate) fn is_json() -> bool {
    std::env::var("TESSERA_LOG_FORMAT").is_ok_and(|format| format == "json")
}

fn write(json: bool, filter: EnvFilter) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let _ = if json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}
