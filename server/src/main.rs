//! The binary `tessera`. Everything it does is in [`server::cli`].

use std::process::ExitCode;

use mimalloc::MiMalloc;

// Columns are large and short-lived: with the C library's allocator a fourth
// of the time of a busy server went into pages asked of the kernel again.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    server::cli::main()
}
