//! The process ends at each step of ingest, flush, compaction and sweep, as in
//! a power cut (the engine's feature `failpoints`, which only tests have).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;

use super::requests::{LARGE, SMALL, held, kept, send};
use crate::fixture::Server;

/// Steps of ingest, and whether the points are kept from there on.
const INGEST: [(&str, bool); 5] = [
    ("before-upload", false),
    ("upload-noted", false),
    ("uploaded", false),
    ("before-commit", false),
    ("committed", true),
];

/// Steps of flush and compaction.
const REWRITE: [&str; 6] = [
    "rewrite-read",
    "before-upload",
    "upload-noted",
    "uploaded",
    "before-commit",
    "committed",
];

#[tokio::test]
async fn a_body_is_kept_whole_or_not_at_all_wherever_the_process_ends() {
    let fail = |at: &str| at.to_owned();
    let mut failpoint = fail(INGEST[0].0);
    let mut server = Server::start_among(&[("TESSERA_FAILPOINT", &failpoint)]);
    let client = server.tenant("acme");
    let mut expected = BTreeMap::new();
    for (number, (at, is_kept)) in INGEST.into_iter().enumerate() {
        let request = number as u64;
        let client_now = client.clone().at(&server);
        let lost = send(&client_now, request, LARGE).send().await;
        assert!(lost.is_err(), "{at}: answered {lost:?}");
        server.ended();
        // In the next process this request passes the next step first.
        failpoint = match INGEST.get(number + 1) {
            Some((next, _)) => format!("{next}@2"),
            None => "none".to_owned(),
        };
        server = server.restart(&[("TESSERA_FAILPOINT", &failpoint)]);
        let client_now = client.clone().at(&server);
        if is_kept {
            expected.insert(request, LARGE);
        }
        assert_eq!(held(&client_now).await, expected, "after {at}");
        // The sender, who knows of nothing, sends it again.
        kept(
            send(&client_now, request, LARGE).send().await.unwrap(),
            LARGE,
        )
        .await;
        expected.insert(request, LARGE);
        assert_eq!(held(&client_now).await, expected, "{at}, sent again");
    }
}

#[tokio::test]
async fn flush_and_compaction_change_no_answer_wherever_they_end() {
    // The server would else do the same work between two commands.
    let server = Server::start_with(&["--no-upkeep"]);
    let client = server.tenant("acme");
    let mut expected = BTreeMap::new();
    let compact = |failpoint: &str| {
        let arguments = ["compact", "--tenant", "acme"];
        let output = server.run_with(&arguments, &[("TESSERA_FAILPOINT", failpoint)]);
        output.status.success()
    };
    let mut add = async |request: u64| {
        kept(send(&client, request, SMALL).send().await.unwrap(), SMALL).await;
        expected.insert(request, SMALL);
        expected.clone()
    };
    // Who ended holds a lease for a while; nobody wants to wait for its end.
    let release = async || {
        let mut connection = server.superuser().connect().await.unwrap();
        sqlx::query("UPDATE analytics.lease SET lease_until = now()")
            .execute(&mut connection)
            .await
            .unwrap();
    };
    // Flush: rows of the catalog become an object.
    for (request, at) in (0..).zip(REWRITE) {
        let expected = add(request).await;
        assert!(!compact(at), "the flush went past {at}");
        release().await;
        assert_eq!(held(&client).await, expected, "flush, {at}");
    }
    // Compaction: the flush makes the eighth small object of the window, and
    // the same command merges them; each step is passed in the flush first.
    for request in 100..106 {
        add(request).await;
        assert!(compact("none"));
    }
    for (request, at) in (200..).zip(REWRITE) {
        let expected = add(request).await;
        assert!(
            !compact(&format!("{at}@2")),
            "the compaction went past {at}"
        );
        release().await;
        assert_eq!(held(&client).await, expected, "compaction, {at}");
    }
    let expected = add(300).await;
    assert!(compact("none"));
    assert_eq!(held(&client).await, expected);
    let left = files(Path::new(&server.file("data/objects")));
    eprintln!("{left} objects, replaced ones and those of cut uploads included");
}

#[tokio::test]
async fn what_was_replaced_or_never_committed_is_swept_though_the_sweep_is_cut() {
    let mut server = Server::start_among(&[("TESSERA_FAILPOINT", "uploaded")]);
    let client = server.tenant("acme");
    assert!(send(&client, 0, LARGE).send().await.is_err());
    server.ended();
    server = server.restart(&[("TESSERA_FAILPOINT", "objects-swept")]);
    let client = client.at(&server);
    let orphans = files(Path::new(&server.file("data/objects")));
    assert_eq!(orphans, 1, "an upload that no commit names");
    // Two replaced objects and a live one.
    for request in [1, 2] {
        kept(send(&client, request, LARGE).send().await.unwrap(), LARGE).await;
    }
    kept(send(&client, 3, SMALL).send().await.unwrap(), SMALL).await;
    server.say(&["compact", "--tenant", "acme"]);
    let expected = BTreeMap::from([(1, LARGE), (2, LARGE), (3, SMALL)]);
    assert_eq!(held(&client).await, expected);
    let before = files(Path::new(&server.file("data/objects")));
    assert_eq!(before, 4);

    // Two hours go by: the flushed inline file and the orphan are due.
    let mut connection = server.superuser().connect().await.unwrap();
    for statement in [
        "UPDATE analytics.data_file SET removed_at = removed_at - interval '3 hours'
         WHERE removed_version IS NOT NULL",
        "UPDATE analytics.pending_upload SET started_at = started_at - interval '3 hours'",
    ] {
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
    server.ended();
    server = server.restart(&[]);
    let client = client.at(&server);
    let mut connection = server.superuser().connect().await.unwrap();
    let left = "SELECT (SELECT count(*) FROM analytics.data_file WHERE removed_version IS NOT NULL)
                     + (SELECT count(*) FROM analytics.pending_upload)";
    for _ in 0..600 {
        let left: i64 = sqlx::query_scalar(left)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if left == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(files(Path::new(&server.file("data/objects"))), 3);
    assert_eq!(held(&client).await, expected);
}

/// Files below a folder.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap();
    let count = |entry: std::fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => files(&entry.path()),
        false => 1,
    };
    entries.map(|entry| count(entry.unwrap())).sum()
}
