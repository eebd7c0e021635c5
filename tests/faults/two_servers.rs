//! Two servers on one catalog and one store, of which one is killed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::Mutex;

use super::proxy::Proxy;
use super::requests::{LARGE, Random, SMALL, held, kept, send};
use crate::fixture::{Client, Server, empty_folder};

/// Points of a request: every fortieth is a large one.
fn size(request: u64) -> u64 {
    match request % 40 {
        39 => LARGE,
        _ => SMALL,
    }
}

/// What senders have sent.
#[derive(Default)]
struct Log {
    next: AtomicU64,
    acknowledged: Mutex<Vec<u64>>,
    /// Whoever got no answer.
    open: Mutex<Vec<u64>>,
}

/// Sends requests until the server is gone, or it is time to end.
async fn sender(client: Client, log: Arc<Log>, until: Arc<AtomicU64>) {
    while until.load(Ordering::SeqCst) == 0 {
        let request = log.next.fetch_add(1, Ordering::SeqCst);
        match send(&client, request, size(request)).send().await {
            Ok(answer) if answer.status() == 200 => log.acknowledged.lock().await.push(request),
            Ok(_) => log.open.lock().await.push(request),
            Err(_) => return log.open.lock().await.push(request),
        }
    }
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_servers_on_one_catalog_one_is_killed_and_nothing_is_lost_or_doubled() {
    let mut random = Random::seeded("two servers");
    let store = tempfile::tempdir().unwrap();
    let url = format!("file://{}", store.path().display());
    let on_store = [("TESSERA_STORE_URL", url.as_str())];
    let house = Server::start_among(&on_store);
    let proxy = Proxy::before(&house).await;
    let mut guest = Server::start_in(
        empty_folder(),
        &[],
        &[
            ("TESSERA_STORE_URL", &url),
            ("DATABASE_URL", proxy.url()),
            ("TESSERA_MIGRATE_URL", proxy.owner_url()),
        ],
    );
    let client = house.tenant("acme");
    let mut catalog = house.superuser().connect().await.unwrap();
    let (log, until) = (Arc::new(Log::default()), Arc::new(AtomicU64::new(0)));
    let senders: Vec<_> = [&house, &guest, &house, &guest, &house, &guest]
        .into_iter()
        .map(|server| {
            let client = client.clone().at(server);
            tokio::spawn(sender(client, log.clone(), until.clone()))
        })
        .collect();
    // Both have work to do: files are flushed, and some of them merged.
    let begun = std::time::Instant::now();
    for replaced in [
        "SELECT count(*) FROM analytics.data_file WHERE removed_version IS NOT NULL",
        "SELECT count(*) FROM analytics.data_file WHERE removed_version IS NOT NULL AND object_key IS NOT NULL",
    ] {
        while count(&mut catalog, replaced).await == 0 {
            assert!(begun.elapsed() < Duration::from_secs(120), "no upkeep");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(random.below(2_000))).await;
    guest.kill();
    tokio::time::sleep(Duration::from_secs(2)).await;
    until.store(1, Ordering::SeqCst);
    for sender in senders {
        sender.await.unwrap();
    }

    let held_now = held(&client).await;
    let (mut acknowledged, open) = (log.acknowledged.lock().await, log.open.lock().await);
    eprintln!("{} acknowledged, {} open", acknowledged.len(), open.len());
    for request in acknowledged.iter() {
        let found = held_now.get(request);
        assert_eq!(
            found,
            Some(&size(*request)),
            "acknowledged request {request}"
        );
    }
    // What was not answered is sent again to the other one.
    for request in open.iter() {
        let answer = send(&client, *request, size(*request)).send().await;
        kept(answer.unwrap(), size(*request)).await;
        acknowledged.push(*request);
    }
    let all = acknowledged.iter();
    let expected: BTreeMap<u64, u64> = all.map(|request| (*request, size(*request))).collect();
    assert_eq!(held(&client).await, expected);
    let checked = house.run_with(&["check", "--deep"], &on_store);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}");
    // Who was killed held leases for a while; nobody wants to wait for their end.
    sqlx::query("UPDATE analytics.lease SET lease_until = now()")
        .execute(&mut catalog)
        .await
        .unwrap();
    let compacted = house.run_with(&["compact", "--tenant", "acme"], &on_store);
    assert!(compacted.status.success(), "{compacted:?}");
    assert_eq!(held(&client).await, expected);
    let checked = house.run_with(&["check", "--deep"], &on_store);
    let said = String::from_utf8_lossy(&checked.stdout);
    assert!(checked.status.success(), "{said}");
}
