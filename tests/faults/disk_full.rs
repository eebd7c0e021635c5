//! The store's disk is full: 503, no acknowledgement, and no half file that
//! anybody reads; with room again, all goes on.

use std::collections::BTreeMap;
use std::process::Command;

use super::requests::{LARGE, SMALL, held, kept, send};
use crate::fixture::{Server, empty_folder, problem};

/// A small file system in memory, unmounted when dropped.
struct Small(String);

impl Small {
    fn mount(at: String, size: &str) -> Self {
        std::fs::create_dir_all(&at).unwrap();
        let size = format!("size={size}");
        run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs", &at]);
        Self(at)
    }

    fn grow(&self, size: &str) {
        let size = format!("remount,size={size}");
        run("mount", &["-o", &size, &self.0]);
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // Lazily: the server that uses it is being ended, not yet gone.
        run("umount", &["-l", &self.0]);
    }
}

fn run(program: &str, arguments: &[&str]) {
    let status = Command::new(program).args(arguments).status().unwrap();
    assert!(status.success(), "{program} {arguments:?}");
}

/// Only root can mount a small disk; elsewhere the store of
/// `engine/tests/engine/store_faults.rs` is out of space instead.
fn may_mount() -> bool {
    let may = rustix::process::geteuid().is_root();
    if !may {
        eprintln!("NOT RUN: only root can mount a small disk");
    }
    may
}

#[tokio::test]
async fn a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room() {
    if !may_mount() {
        return;
    }
    let folder = empty_folder();
    let store = folder.path().join("small").to_str().unwrap().to_owned();
    let disk = Small::mount(store.clone(), "256k");
    let url = format!("file://{store}");
    let mut server = Server::start_in(folder, &[], &[("TESSERA_STORE_URL", &url)]);
    let client = server.tenant("acme");
    // The catalog has room, the store has none for a large request.
    kept(send(&client, 1, SMALL).send().await.unwrap(), SMALL).await;
    for _ in 0..2 {
        let answer = send(&client, 2, LARGE).send().await.unwrap();
        assert_eq!(answer.headers()["retry-after"], "2");
        problem(answer, 503).await;
    }
    assert_eq!(held(&client).await, BTreeMap::from([(1, SMALL)]));
    let left = Command::new("find").args([&store, "-type", "f"]).output();
    assert_eq!(
        String::from_utf8_lossy(&left.unwrap().stdout),
        "",
        "half files"
    );
    disk.grow("64m");
    kept(send(&client, 2, LARGE).send().await.unwrap(), LARGE).await;
    assert_eq!(
        held(&client).await,
        BTreeMap::from([(1, SMALL), (2, LARGE)])
    );
    server.stop();
    drop(disk);
}

#[tokio::test]
async fn a_full_disk_under_postgres_loses_nothing_that_was_acknowledged() {
    if !may_mount() {
        return;
    }
    let folder = empty_folder();
    let data = folder.path().join("data").to_str().unwrap().to_owned();
    // A new cluster takes about 45 MiB, and its log grows by 16 MiB at a time.
    let disk = Small::mount(data.clone(), "80m");
    let mut server = Server::start_in(folder, &[], &[]);
    let client = server.tenant("acme");
    let mut expected = BTreeMap::new();
    let mut refused = 0;
    for request in 0..400 {
        // Too small for the store: the catalog takes it.
        let answer = send(&client, request, 4_000).send().await.unwrap();
        match answer.status().as_u16() {
            200 => drop(expected.insert(request, 4_000)),
            503 => refused += 1,
            other => panic!("{other}: {:?}", answer.text().await),
        }
        if refused == 2 {
            break;
        }
    }
    assert_eq!(refused, 2, "the disk was never full");
    disk.grow("512m");
    server.kill();
    server = server.restart(&[]);
    let client = client.at(&server);
    let held_now = held(&client).await;
    for (request, count) in &expected {
        assert_eq!(held_now.get(request), Some(count), "request {request}");
    }
    assert!(held_now.values().all(|count| *count == 4_000));
    kept(send(&client, 999, SMALL).send().await.unwrap(), SMALL).await;
    server.stop();
    drop(disk);
}
