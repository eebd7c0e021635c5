//! The order of system calls: file and folders are synced before the commit,
//! Postgres' log before the answer. Seen with strace.

use std::process::Command;

use super::requests::{LARGE, kept, send};
use crate::fixture::{Server, empty_folder};

/// The calls that matter, with the paths of their file descriptors.
const TRACE: &str = "trace=fsync,fdatasync,sync_file_range,sendto,sendmsg,write,writev";

#[tokio::test]
async fn file_and_folders_are_synced_before_the_commit_and_the_log_before_the_answer() {
    let there = Command::new("strace").arg("-V").output();
    assert!(
        there.is_ok_and(|output| output.status.success()),
        "strace is missing: run .ci/set-up-tests, or apt-get install strace"
    );
    let folder = empty_folder();
    let trace = folder.path().join("trace").to_str().unwrap().to_owned();
    // The tracer is a grandchild (-D), so that the process started is the server.
    let strace = [
        "strace",
        "-D",
        "-f",
        "-qq",
        "-y",
        "-s",
        "256",
        "-e",
        TRACE,
        "-e",
        "signal=none",
        "-o",
        &trace,
        "--",
    ];
    let mut server = Server::start_in(folder, &strace, &[]);
    let client = server.tenant("acme");
    kept(send(&client, 1, LARGE).send().await.unwrap(), LARGE).await;
    server.stop();

    let calls = std::fs::read_to_string(&trace).unwrap();
    let calls: Vec<&str> = calls.lines().collect();
    let at = |from: usize, what: &dyn Fn(&str) -> bool, name: &str| -> usize {
        let found = calls[from..].iter().position(|call| what(call));
        from + found.unwrap_or_else(|| panic!("no {name} after line {from} of the trace"))
    };
    let synced = |call: &str, end: &str| {
        call.contains("fsync(") && call.contains("/objects") && call.contains(end)
    };
    let file = at(0, &|call| synced(call, ".parquet>"), "sync of the file");
    let mut last = file;
    for folder in [
        "/window=2025-03>",
        "/analytics_data_points>",
        "/tenant_id=acme>",
        "/objects>",
    ] {
        last = last.max(at(file, &|call| synced(call, folder), folder));
    }
    // The commit that names the file is the next COMMIT that is sent after the
    // catalog's function was called with it.
    let called = at(
        file,
        &|call| call.contains("commit_group"),
        "call of commit_group",
    );
    let sent = at(called, &|call| call.contains("COMMIT\\0"), "COMMIT");
    let log = at(
        sent,
        &|call| call.contains("sync(") && call.contains("pg_wal"),
        "sync of Postgres' log",
    );
    let answered = at(sent, &|call| call.contains("HTTP/1.1 200"), "answer");
    assert!(last < called, "folders at {last}, catalog at {called}");
    assert!(log < answered, "log at {log}, answer at {answered}");
}
