//! Stored files that are damaged, cut short or gone: an error that names the
//! file to the operator, and never a part of an answer.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::ConnectOptions;

use super::requests::{LARGE, Random, held, kept, rounds, send};
use crate::fixture::{Client, Server, body, problem};

/// The one object with this extension.
fn object(folder: &Path, extension: &str) -> Option<PathBuf> {
    std::fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return object(&path, extension);
        }
        path.extension()
            .is_some_and(|e| e == extension)
            .then_some(path)
    })
}

/// Asks, expects to be refused, and that the log names the file since.
async fn refused(server: &Server, client: &Client, query: &str, file: &Path, case: &str) {
    let before = server.log().len();
    let answer = client.sql(query).send().await.unwrap();
    let said = problem(answer, 500).await;
    assert_eq!(
        said["type"], "urn:tessera:problem:storage",
        "{case}: {said}"
    );
    let id = file.file_stem().unwrap().to_str().unwrap();
    assert!(!said.to_string().contains(id), "{case}: {said}");
    let log = server.log();
    assert!(log[before..].contains(id), "{case}: {}", &log[before..]);
}

/// Every column, so every block of the file is read.
const ALL: &str = "select sum(metric_value), count(distinct dimensions->>'text'), max(dimensions),
    count(distinct dimensions->>'request'), max(recorded_at), max(metric_name), max(metric_type),
    max(platform), max(event_id), max(ingested_at), max(commit_version)
    from analytics_data_points";

#[tokio::test]
async fn a_damaged_file_is_an_error_that_names_it_and_never_a_partial_answer() {
    let mut random = Random::seeded("damage");
    let mut server = Server::start_among(&[]);
    let client = server.tenant("acme");
    kept(send(&client, 1, LARGE).send().await.unwrap(), LARGE).await;
    let file = object(Path::new(&server.file("data/objects")), "parquet").unwrap();
    let good = std::fs::read(&file).unwrap();
    let length: i32 = sqlx::query_scalar("SELECT footer_bytes FROM analytics.data_file")
        .fetch_one(&mut server.superuser().connect().await.unwrap())
        .await
        .unwrap();
    let footer = good.len() - length as usize;

    // Before anything of the file is cached: its footer, its length, itself.
    let mut cases: Vec<(String, Option<Vec<u8>>)> = Vec::new();
    for _ in 0..rounds(4) {
        let at = footer + random.below(length as u64) as usize;
        cases.push((
            format!("footer, byte {at}"),
            Some(flipped(&good, at, &mut random)),
        ));
    }
    let shorter = good.len() - 1 - random.below(good.len() as u64 / 2) as usize;
    cases.push((format!("cut to {shorter}"), Some(good[..shorter].to_vec())));
    cases.push(("empty".to_owned(), Some(Vec::new())));
    cases.push(("gone".to_owned(), None));
    for (case, bytes) in &cases {
        put(&file, bytes.as_deref());
        refused(&server, &client, ALL, &file, case).await;
    }

    // With the footer in the cache: any byte of the rows, and all of the above.
    put(&file, Some(&good));
    let expected = client.rows(ALL).await;
    for _ in 0..rounds(20) {
        let at = random.below(footer as u64) as usize;
        cases.push((
            format!("rows, byte {at}"),
            Some(flipped(&good, at, &mut random)),
        ));
    }
    for (case, bytes) in &cases {
        // The cached footer serves as long as nothing else is asked of the file.
        if !case.starts_with("footer") {
            put(&file, bytes.as_deref());
            refused(&server, &client, ALL, &file, case).await;
        }
    }
    put(&file, Some(&good));
    assert_eq!(client.rows(ALL).await, expected);

    assert_eq!(held(&client).await[&1], LARGE);
    server.stop();
}

#[tokio::test]
async fn a_damaged_roll_up_is_an_error_that_names_its_file() {
    let mut random = Random::seeded("damaged roll-up");
    let mut server = Server::start_among(&[]);
    let client = server.tenant("acme");
    // So many partials that they get an object of their own, and still far
    // fewer than points.
    let mut line = |i: u64| {
        let dimensions: Vec<String> = (0..3)
            .map(|key| format!(r#""key{key}":"value{}""#, random.below(250)))
            .collect();
        format!(
            r#"{{"platform":"coreldove","metric_type":"revenue","metric_name":"order_revenue_{}","value":{}.{:03},"recorded_at":"2025-03-{:02}T12:00:00Z","dimensions":{{{}}}}}"#,
            i / 28 % 4,
            random.below(1_000_000),
            random.below(1_000),
            i % 28 + 1,
            dimensions.join(",")
        )
    };
    let lines: Vec<String> = (0..560_000).map(&mut line).collect();
    let sent = client
        .post("/api/analytics/data-points")
        .header("content-type", "application/x-ndjson")
        .body(lines.join("\n"))
        .send()
        .await
        .unwrap();
    body(sent, 200).await;
    let store = server.file("data/objects");
    // The server compacts by itself, too.
    let started = Instant::now();
    let file = loop {
        server.say(&["compact", "--tenant", "acme"]);
        if let Some(file) = object(Path::new(&store), "rollup") {
            break file;
        }
        let waited = started.elapsed() < Duration::from_secs(60);
        assert!(waited, "no roll-up got an object of its own");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    let good = std::fs::read(&file).unwrap();
    let query = "select sum(value_sum), sum(value_count) from daily_metrics";
    for _ in 0..rounds(3) {
        let at = random.below(good.len() as u64) as usize;
        put(&file, Some(&flipped(&good, at, &mut random)));
        refused(&server, &client, query, &file, &format!("byte {at}")).await;
    }
    put(&file, Some(&good[..good.len() / 2]));
    refused(&server, &client, query, &file, "cut").await;
    put(&file, None);
    refused(&server, &client, query, &file, "gone").await;
    put(&file, Some(&good));
    let rows = client
        .rows("select sum(metric_value), count(*) from analytics_data_points")
        .await;
    assert_eq!(client.rows(query).await, rows);
    server.stop();
}

fn flipped(good: &[u8], at: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = good.to_vec();
    bytes[at] ^= 1 << random.below(8);
    bytes
}

fn put(file: &Path, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => std::fs::write(file, bytes).unwrap(),
        None => std::fs::remove_file(file).unwrap(),
    }
}
