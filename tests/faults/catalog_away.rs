//! Postgres goes away: in the middle of a COMMIT, and altogether.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::future::join_all;

use super::proxy::{Cut, Proxy};
use super::requests::{LARGE, SMALL, held, kept, send};
use crate::fixture::{Client, Server, empty_folder, problem};

/// A server whose Postgres is another server's private one, through a proxy.
struct Apart {
    // Field order is drop order.
    server: Server,
    proxy: Proxy,
    house: Server,
    client: Client,
    store: tempfile::TempDir,
}

impl Apart {
    async fn start() -> Self {
        let store = tempfile::tempdir().unwrap();
        let url = format!("file://{}", store.path().display());
        let house = Server::start_among(&[("TESSERA_STORE_URL", &url)]);
        let proxy = Proxy::before(&house).await;
        let server = Server::start_in(
            empty_folder(),
            &[],
            &[
                ("TESSERA_STORE_URL", &url),
                ("DATABASE_URL", proxy.url()),
                ("TESSERA_MIGRATE_URL", proxy.owner_url()),
            ],
        );
        let client = house.tenant("acme").at(&server);
        Self {
            server,
            proxy,
            house,
            client,
            store,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_commit_whose_reply_is_lost_has_one_effect() {
    let apart = Apart::start().await;
    let (client, proxy) = (&apart.client, &apart.proxy);
    let mut expected = BTreeMap::new();
    let mut request = 0;
    // A small request commits once, a large one notes its uploads before.
    for (count, commits) in [(SMALL, 1), (LARGE, 2)] {
        for nth in 1..=commits {
            for cut in [Cut::Before, Cut::After] {
                request += 1;
                proxy.cut(cut, nth);
                let answer = send(client, request, count).send().await.unwrap();
                assert!(proxy.has_cut());
                let case = format!("{count} points, commit {nth}, {cut:?}");
                if cut == Cut::After && nth == commits {
                    // Postgres knows that it was committed, so the caller does.
                    kept(answer, count).await;
                    expected.insert(request, count);
                } else {
                    assert_eq!(answer.headers()["retry-after"], "2", "{case}");
                    problem(answer, 503).await;
                }
                assert_eq!(held(client).await, expected, "{case}");
                kept(send(client, request, count).send().await.unwrap(), count).await;
                expected.insert(request, count);
                assert_eq!(held(client).await, expected, "{case}, sent again");
            }
        }
    }

    // Postgres has committed and stays away: nobody can say.
    proxy.cut(Cut::AfterAndAway, 2);
    let answer = send(client, 99, LARGE).send().await.unwrap();
    let said = problem(answer, 503).await;
    assert!(
        said["detail"].as_str().unwrap().contains("Idempotency-Key"),
        "{said}"
    );
    proxy.open();
    // Its file was kept, and the repeat learns of it.
    eventually(client, async || {
        let answer = send(client, 99, LARGE).send().await.unwrap();
        answer.status() == 200
    })
    .await;
    expected.insert(99, LARGE);
    assert_eq!(held(client).await, expected);
    assert!(objects(apart.store.path()) >= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_postgres_nothing_is_acknowledged_and_all_comes_back_by_itself() {
    let mut apart = Apart::start().await;
    let client = apart.client.clone();
    kept(send(&client, 1, SMALL).send().await.unwrap(), SMALL).await;
    apart.house.stop();

    for answer in [
        send(&client, 2, SMALL).send().await.unwrap(),
        send(&client, 3, LARGE).send().await.unwrap(),
        client.get("/health/ready").send().await.unwrap(),
        client
            .sql("select count(*) from analytics_data_points")
            .send()
            .await
            .unwrap(),
    ] {
        assert_eq!(answer.headers()["retry-after"], "2");
        problem(answer, 503).await;
    }
    let alive = client.get("/health/live").send().await.unwrap();
    assert_eq!(alive.status(), 200);

    let url = format!("file://{}", apart.store.path().display());
    apart.house = apart.house.restart(&[("TESSERA_STORE_URL", &url)]);
    eventually(&client, async || {
        let answer = client.get("/health/ready").send().await.unwrap();
        answer.status() == 200
    })
    .await;
    assert_eq!(held(&client).await, BTreeMap::from([(1, SMALL)]));
    for (request, count) in [(2, SMALL), (3, LARGE)] {
        kept(send(&client, request, count).send().await.unwrap(), count).await;
    }
    let expected = BTreeMap::from([(1, SMALL), (2, SMALL), (3, LARGE)]);
    assert_eq!(held(&client).await, expected);
    drop(apart.server);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_sent_a_hundred_times_at_once_has_one_effect() {
    let server = Server::start_among(&[]);
    let client = server.tenant("acme");
    let all = (0..100).map(|_| send(&client, 7, SMALL).send());
    let mut versions = Vec::new();
    for answer in join_all(all).await {
        let answer = answer.unwrap();
        // Under load some may be told to come again, none to believe otherwise.
        if answer.status() == 503 {
            problem(answer, 503).await;
            continue;
        }
        let answer = crate::fixture::body(answer, 200).await;
        assert_eq!(answer["accepted"], SMALL);
        versions.push(answer["version"].as_i64().unwrap());
    }
    assert!(!versions.is_empty());
    versions.dedup();
    assert_eq!(versions.len(), 1, "one commit");
    assert_eq!(held(&client).await, BTreeMap::from([(7, SMALL)]));
}

async fn eventually(_: &Client, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it has not come back in a minute");
}

fn objects(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .map(|entry| match entry.file_type().unwrap().is_dir() {
            true => objects(&entry.path()),
            false => 1,
        })
        .sum()
}
