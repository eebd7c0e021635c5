//! `kill -9` at any moment, under load, with a log of what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::requests::{LARGE, Random, SMALL, held, kept, rounds, send};
use crate::fixture::{Client, Server};

/// Points of a request: every sixth is a large one.
fn size(request: u64) -> u64 {
    if request % 6 == 5 { LARGE } else { SMALL }
}

/// Sends requests until the server is gone; those without an answer are told
/// apart from those with one.
async fn sender(
    client: Client,
    numbers: Arc<AtomicU64>,
    acknowledged: Arc<Mutex<Vec<u64>>>,
) -> Option<u64> {
    loop {
        let request = numbers.fetch_add(1, Ordering::SeqCst);
        let Ok(answer) = send(&client, request, size(request)).send().await else {
            return Some(request);
        };
        if answer.status() != 200 {
            return Some(request);
        }
        acknowledged.lock().await.push(request);
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_minus_nine_exactly_once() {
    let mut random = Random::seeded("kill -9");
    let mut server = Server::start_among(&[]);
    let client = server.tenant("acme");
    let numbers = Arc::new(AtomicU64::new(0));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut resent = Vec::new();
    for round in 0..rounds(3) {
        let client_now = client.clone().at(&server);
        let senders: Vec<_> = (0..3)
            .map(|_| {
                tokio::spawn(sender(
                    client_now.clone(),
                    numbers.clone(),
                    acknowledged.clone(),
                ))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200 + random.below(1_500))).await;
        // Now and then while files are being replaced.
        let compacting =
            (random.below(2) == 0).then(|| server.beside(&["compact", "--tenant", "acme"]));
        tokio::time::sleep(Duration::from_millis(random.below(400))).await;
        server.kill();
        if let Some(mut compacting) = compacting {
            // It may have been done, or have lost its Postgres.
            compacting.wait().unwrap();
        }
        let mut open = Vec::new();
        for sender in senders {
            open.extend(sender.await.unwrap());
        }
        server = server.restart(&[]);
        let client_now = client.clone().at(&server);

        let held_now = held(&client_now).await;
        let acknowledged = acknowledged.lock().await;
        for request in acknowledged.iter().chain(&resent) {
            assert_eq!(
                held_now.get(request),
                Some(&size(*request)),
                "round {round}: acknowledged request {request}"
            );
        }
        for (request, count) in &held_now {
            let known = acknowledged.contains(request)
                || resent.contains(request)
                || open.contains(request);
            assert!(known, "round {round}: request {request} was never sent");
            assert_eq!(*count, size(*request), "round {round}: half of {request}");
        }
        // Every other open one is sent again, with its key.
        for request in open.iter().filter(|request| **request % 2 == 0) {
            let answer = send(&client_now, *request, size(*request)).send().await;
            kept(answer.unwrap(), size(*request)).await;
            resent.push(*request);
        }
        // The others are as they are; what is held of them stays so.
        for request in open.iter().filter(|request| **request % 2 == 1) {
            if held_now.contains_key(request) {
                resent.push(*request);
            }
        }
    }
    let held = held(&client.at(&server)).await;
    let acknowledged = acknowledged.lock().await;
    let expected: BTreeMap<u64, u64> = acknowledged
        .iter()
        .chain(&resent)
        .map(|request| (*request, size(*request)))
        .collect();
    eprintln!("{} requests acknowledged", acknowledged.len());
    assert!(!acknowledged.is_empty());
    assert_eq!(held, expected);
}
