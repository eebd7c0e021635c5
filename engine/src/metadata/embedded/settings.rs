//! The settings the embedded cluster runs with. They are given on the command
//! line at every start, so that a cluster made by an older Tessera has them
//! too; a Postgres with other settings is one behind `DATABASE_URL`.

use std::path::Path;

/// The port in the socket's name, nothing else: there is no network listener.
pub(super) const PORT: u16 = 5432;

/// `name=value` for each setting, durable first.
pub(super) fn settings(socket_dir: &Path) -> Vec<String> {
    let fixed = [
        // What is acknowledged is on disk.
        "fsync=on",
        "synchronous_commit=on",
        "full_page_writes=on",
        // Reached through the socket only, and by its owner (or root) only.
        "listen_addresses=",
        "unix_socket_permissions=0700",
        "password_encryption=scram-sha-256",
        // A catalog, not a warehouse: 64 MiB of pages, few and small sorts.
        "max_connections=40",
        "shared_buffers=64MB",
        "work_mem=8MB",
        "maintenance_work_mem=64MB",
        "max_worker_processes=4",
        "max_parallel_workers_per_gather=0",
        "max_parallel_maintenance_workers=0",
        "jit=off",
        // The writers group their commits themselves, so none is delayed.
        // Segments are recycled, and recovery after a crash reads at most
        // about 512 MiB.
        "commit_delay=0",
        "wal_buffers=16MB",
        "min_wal_size=256MB",
        "max_wal_size=512MB",
        // Before recovery, one sync of the file system instead of an fsync for
        // each of a thousand files: 0.2 s instead of 3 s, measured.
        "recovery_init_sync_method=syncfs",
        "checkpoint_timeout=5min",
        "checkpoint_completion_target=0.9",
        // Inline files are deleted by the hundred: clean up soon after.
        "autovacuum=on",
        "autovacuum_naptime=15s",
        "autovacuum_max_workers=2",
        "autovacuum_vacuum_cost_delay=1ms",
        // One clock, one log.
        "timezone=UTC",
        "log_timezone=UTC",
        "datestyle=ISO, YMD",
        "logging_collector=off",
        "log_destination=stderr",
        "log_min_messages=warning",
        "log_checkpoints=off",
        "log_line_prefix=%m [%p] %q%u@%d ",
        "cluster_name=tessera",
    ];
    fixed
        .into_iter()
        .map(str::to_owned)
        .chain([
            format!("port={PORT}"),
            format!("unix_socket_directories={}", socket_dir.display()),
        ])
        .collect()
}
