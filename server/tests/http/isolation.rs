//! Callers' SQL runs in processes that are bounded, watched and killed.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sqlx::ConnectOptions;

use crate::fixture::{Client, Server, body, order, problem};

/// Metrics of a tenant, so that joining them with themselves makes many rows.
const METRICS: usize = 300;

/// Numbers without an end.
const ENDLESS: &str = "with recursive r(n) as (select 1 union all select n + 1 from r) \
    select count(*) from r";

/// A server whose plan `pro` allows a query so much.
async fn server(timeout: Duration, memory_mib: i64) -> Server {
    let server = Server::start_with(&["--sql-spares", "2"]);
    let mut owner = server.superuser().connect().await.unwrap();
    sqlx::query(
        "UPDATE analytics.plan SET query_timeout_ms = $1, query_memory_bytes = $2 WHERE plan = 'pro'",
    )
    .bind(i64::try_from(timeout.as_millis()).unwrap())
    .bind(memory_mib << 20)
    .execute(&mut owner)
    .await
    .unwrap();
    server
}

/// A tenant with many metrics.
async fn seeded(server: &Server, id: &str) -> Client {
    let client = server.tenant(id);
    let point = |n: usize| {
        let mut point = order(json!(n), json!({}));
        point["metric_name"] = json!(format!("metric_{n}"));
        point
    };
    let points: Vec<Value> = (0..METRICS).map(point).collect();
    let answer = body(client.points(&json!(points)).send().await.unwrap(), 200).await;
    assert_eq!(answer["accepted"], METRICS);
    client
}

/// The server's workers, by their numbers.
fn workers(server: &Server) -> BTreeSet<u32> {
    let parent = format!("PPid:\t{}", server.pid());
    let numbers = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let number: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let read = |name: &str| fs::read(format!("/proc/{number}/{name}")).ok();
        let status = String::from_utf8(read("status")?).ok()?;
        let is_worker = read("cmdline")?.split(|b| *b == 0).nth(1) == Some(b"worker");
        let is_alive = !status.contains("State:\tZ");
        (is_worker && is_alive && status.lines().any(|line| line == parent)).then_some(number)
    });
    numbers.collect()
}

/// Waits until something is so, which must be soon.
async fn soon(within: Duration, what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < within, "not {what} within {within:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn ready(server: &Server, number: usize) -> BTreeSet<u32> {
    let what = format!("{number} workers");
    let long = Duration::from_secs(30);
    soon(long, &what, || workers(server).len() == number).await;
    workers(server)
}

#[tokio::test]
async fn a_hostile_query_ends_at_its_deadline_and_harms_nobody() {
    let deadline = Duration::from_secs(3);
    let server = server(deadline, 64).await;
    let (hostile, quiet) = (seeded(&server, "a").await, seeded(&server, "b").await);
    assert_eq!(
        quiet.rows("select count(*) from metrics").await,
        json!([[METRICS]])
    );
    let before = server.peak_memory_bytes();

    let started = Instant::now();
    let (answer, ()) = tokio::join!(hostile.sql(ENDLESS).send(), async {
        for _ in 0..10 {
            let rows = quiet.rows("select count(*) from metrics").await;
            assert_eq!(rows, json!([[METRICS]]));
            assert!(started.elapsed() < deadline, "the other tenant waits");
        }
    });
    let took = started.elapsed();
    let refused = problem(answer.unwrap(), 400).await;
    let said = refused["detail"].as_str().unwrap();
    assert!(
        said.contains("stopped after 3 s") && said.contains("pro"),
        "{said}"
    );
    assert!(took < deadline + Duration::from_secs(1), "{took:?}");

    // Memory that no pool counts, and joins that multiply.
    let grown = "select length(string_agg(a.metric_name || b.metric_name, ',')) \
        from metrics a, metrics b, metrics c";
    let joined = "select count(*) from metrics a join metrics b on a.metric_type = b.metric_type \
        join metrics c on a.metric_type = c.metric_type \
        join metrics d on a.metric_type = d.metric_type \
        join metrics e on a.metric_type = e.metric_type \
        where a.metric_name || e.metric_name <> b.metric_name";
    for bomb in [grown, joined, "select repeat('a', 100000000000000)"] {
        let started = Instant::now();
        problem(hostile.sql(bomb).send().await.unwrap(), 400).await;
        let took = started.elapsed();
        assert!(took < deadline + Duration::from_secs(1), "{bomb}: {took:?}");
    }
    let grown = server.peak_memory_bytes() - before;
    assert!(grown < 128 << 20, "the server grew by {grown} bytes");
    assert_eq!(hostile.rows("select 1").await, json!([[1]]));
}

#[tokio::test]
async fn a_query_that_nobody_waits_for_ends_with_its_worker() {
    let server = server(Duration::from_secs(60), 64).await;
    let client = seeded(&server, "a").await;
    let spares = ready(&server, 2).await;

    // A client that leaves.
    let answer = client.sql(ENDLESS).timeout(Duration::from_secs(1)).send();
    answer.await.expect_err("it has no end");
    let second = Duration::from_secs(1);
    soon(second, "ended", || !spares.is_subset(&workers(&server))).await;

    // One that is killed from outside fails its query and no other.
    let spares = ready(&server, 2).await;
    let asked = tokio::spawn(client.sql(ENDLESS).send());
    soon(Duration::from_secs(30), "taken", || {
        workers(&server).len() > 2
    })
    .await;
    for worker in spares {
        let worker = Pid::from_raw(i32::try_from(worker).unwrap()).unwrap();
        kill_process(worker, Signal::KILL).unwrap();
    }
    let failed = problem(asked.await.unwrap().unwrap(), 400).await;
    assert!(
        failed["detail"].as_str().unwrap().contains("failed inside"),
        "{failed}"
    );
    assert_eq!(client.rows("select 1").await, json!([[1]]));
}

#[tokio::test]
async fn a_worker_has_nothing_but_its_socket_and_serves_one_tenant() {
    let server = server(Duration::from_secs(60), 256).await;
    let (a, b) = (seeded(&server, "a").await, seeded(&server, "b").await);
    let one = json!([[1]]);

    // Of the next queries, each tenant's go to a worker of its own.
    ready(&server, 2).await;
    for _ in 0..5 {
        assert_eq!(a.rows("select 1").await, one);
    }
    let with_a = ready(&server, 3).await;
    assert_eq!(a.rows("select 1").await, one);
    assert_eq!(workers(&server), with_a, "the warm one was used");
    assert_eq!(b.rows("select 1").await, one);
    let all = ready(&server, 4).await;
    assert!(with_a.is_subset(&all));

    for worker in all {
        let read = |name: &str| fs::read(format!("/proc/{worker}/{name}")).unwrap();
        let status = || String::from_utf8(read("status")).unwrap();
        // One that has just been started has not given up anything yet.
        soon(Duration::from_secs(30), "confined", || {
            status().contains("Seccomp:\t2")
        })
        .await;
        assert_eq!(read("environ"), b"", "an environment");
        assert_eq!(
            fs::read_link(format!("/proc/{worker}/cwd")).unwrap(),
            Path::new("/")
        );
        for file in fs::read_dir(format!("/proc/{worker}/fd")).unwrap() {
            let file = file.unwrap();
            let Ok(to) = fs::read_link(file.path()) else {
                continue;
            };
            let to = to.to_str().unwrap();
            let is_own = match file.file_name().to_str().unwrap() {
                "0" => to.starts_with("socket:"),
                "1" => to == "/dev/null",
                // The server's own log.
                "2" => true,
                _ => to.starts_with("socket:") || to.starts_with("anon_inode:"),
            };
            assert!(is_own, "{:?} is {to}", file.file_name());
        }
        assert_eq!(
            read("oom_score_adj"),
            b"1000\n",
            "the kernel's first choice"
        );
        let status = status();
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
    }
}

/// Files below a folder that hold something.
fn filled(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let found = entries.flatten().flat_map(|entry| match entry.path() {
        path if path.is_dir() => filled(&path),
        path if entry.metadata().is_ok_and(|m| m.len() > 0) => vec![path],
        _ => Vec::new(),
    });
    found.collect()
}

#[tokio::test]
async fn a_sort_larger_than_its_memory_is_put_aside_and_leaves_nothing() {
    let server = server(Duration::from_secs(120), 64).await;
    let client = seeded(&server, "a").await;
    let folder = PathBuf::from(server.file("data/spill"));
    let sort = "select max(n) from (select row_number() over (order by b.metric_name || a.metric_name \
        || c.metric_name || a.metric_type || b.metric_type) as n from metrics a, metrics b, \
        (select * from metrics limit 10) c)";
    let asked = tokio::spawn(client.sql(sort).send());
    let mut seen = 0;
    while !asked.is_finished() {
        seen = seen.max(filled(&folder).len());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let answer = body(asked.await.unwrap().unwrap(), 200).await;
    assert_eq!(answer["rows"], json!([[METRICS * METRICS * 10]]));
    assert!(seen > 0, "nothing was put aside");
    assert_eq!(filled(&folder), Vec::<PathBuf>::new());
}
