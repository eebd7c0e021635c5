//! One list of facts that every kind of store must keep, and the whole engine
//! on each: memory, local disk, an S3 server, the Azure emulator.
//!
//! The servers are programs that `.ci/set-up-tests` installs; tests start them
//! on free ports. TESSERA_TEST_S3_URL, TESSERA_TEST_AZURE_URL and
//! TESSERA_TEST_GCS_URL name a real bucket instead.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::future::join_all;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{Error, MultipartUpload, ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use storage_layout::key::{ObjectKey, ObjectKind};
use storage_layout::store::{self, FencedStore, Location};
use storage_layout::{FileId, TenantId};

use crate::fault_store::FaultStore;
use crate::fixture::{Fixture, ndjson, order};

/// A key of a tenant, as the engine makes them.
fn key(tenant: &str) -> Path {
    ObjectKey {
        tenant: TenantId::new(tenant).unwrap(),
        window: "2025-03".parse().unwrap(),
        file: FileId::new(),
        kind: ObjectKind::Data,
    }
    .path()
}

/// Bytes that are not all alike.
fn bytes(length: usize, start: usize) -> Bytes {
    (0..length).map(|i| ((start + i) % 251) as u8).collect()
}

async fn all(store: &dyn ObjectStore, at: &Path) -> Bytes {
    store.get(at).await.unwrap().bytes().await.unwrap()
}

fn is_missing<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::NotFound { .. }))
}

/// The facts.
async fn keeps_its_promises(store: Arc<dyn ObjectStore>) {
    let store = store.as_ref();
    what_was_put_is_there_until_it_is_deleted(store).await;
    a_part_is_the_part(store).await;
    putting_again_is_harmless(store).await;
    a_large_object_is_whole(store).await;
    an_upload_in_parts_is_there_when_it_is_complete(store).await;
    many_at_once_do_not_meet(store).await;
}

async fn what_was_put_is_there_until_it_is_deleted(store: &dyn ObjectStore) {
    let at = key("acme");
    assert!(is_missing(store.get(&at).await));
    assert!(is_missing(store.head(&at).await));
    assert!(is_missing(store.get_range(&at, 0..1).await));
    store.put(&at, bytes(1_000, 0).into()).await.unwrap();
    assert_eq!(all(store, &at).await, bytes(1_000, 0));
    assert_eq!(store.head(&at).await.unwrap().size, 1_000);
    assert!(is_missing(store.get(&key("acme")).await));
    store.delete(&at).await.unwrap();
    assert!(is_missing(store.get(&at).await));
    // To delete what is gone is as good.
    match store.delete(&at).await {
        Ok(()) | Err(Error::NotFound { .. }) => {}
        Err(error) => panic!("{error}"),
    }
}

async fn a_part_is_the_part(store: &dyn ObjectStore) {
    let at = key("acme");
    store.put(&at, bytes(100_000, 0).into()).await.unwrap();
    let part = store.get_range(&at, 70_000..70_010).await.unwrap();
    assert_eq!(part, bytes(10, 70_000));
    let ranges = [5..6, 99_990..100_000, 0..3];
    let parts = store.get_ranges(&at, &ranges).await.unwrap();
    let expected = ranges.map(|r| bytes((r.end - r.start) as usize, r.start as usize));
    assert_eq!(parts, expected);
    // What lies behind the end is no part, or fewer bytes than were asked for.
    if let Ok(part) = store.get_range(&at, 99_999..100_009).await {
        assert!(part.len() < 10);
    }
    store.delete(&at).await.unwrap();
}

async fn putting_again_is_harmless(store: &dyn ObjectStore) {
    // As a client does whose first answer was lost.
    let at = key("acme");
    let put = || store.put(&at, bytes(50_000, 3).into());
    for done in join_all((0..4).map(|_| put())).await {
        done.unwrap();
    }
    assert_eq!(all(store, &at).await, bytes(50_000, 3));
    let only_new = PutOptions::from(PutMode::Create);
    let again = store.put_opts(&at, bytes(1, 0).into(), only_new).await;
    assert!(
        matches!(again, Err(Error::AlreadyExists { .. })),
        "{again:?}"
    );
    assert_eq!(all(store, &at).await, bytes(50_000, 3));
    store.delete(&at).await.unwrap();
}

async fn a_large_object_is_whole(store: &dyn ObjectStore) {
    let (at, large) = (key("acme"), bytes(80 << 20, 1));
    store.put(&at, large.clone().into()).await.unwrap();
    assert_eq!(store.head(&at).await.unwrap().size, 80 << 20);
    let end = store
        .get_range(&at, (80 << 20) - 9..80 << 20)
        .await
        .unwrap();
    assert_eq!(end, large.slice((80 << 20) - 9..));
    assert!(all(store, &at).await == large);
    store.delete(&at).await.unwrap();
}

async fn an_upload_in_parts_is_there_when_it_is_complete(store: &dyn ObjectStore) {
    let (at, part) = (key("acme"), 6 << 20);
    let mut torn = store.put_multipart(&at).await.unwrap();
    torn.put_part(bytes(part, 0).into()).await.unwrap();
    assert!(is_missing(store.head(&at).await), "half an upload shows");
    torn.abort().await.unwrap();
    assert!(is_missing(store.head(&at).await));
    let mut upload = store.put_multipart(&at).await.unwrap();
    let parts = (0..3).map(|i| upload.put_part(bytes(part, i * part).into()));
    for done in join_all(parts.collect::<Vec<_>>()).await {
        done.unwrap();
    }
    assert!(is_missing(store.head(&at).await), "half an upload shows");
    upload.complete().await.unwrap();
    assert!(all(store, &at).await == bytes(3 * part, 0));
    store.delete(&at).await.unwrap();
}

async fn many_at_once_do_not_meet(store: &dyn ObjectStore) {
    let keys: Vec<Path> = (0..40).map(|i| key(["acme", "beta"][i % 2])).collect();
    let puts = keys
        .iter()
        .enumerate()
        .map(|(i, at)| store.put(at, bytes(10_000, i).into()));
    for done in join_all(puts).await {
        done.unwrap();
    }
    let gets = keys.iter().map(|at| all(store, at));
    for (i, got) in join_all(gets).await.into_iter().enumerate() {
        assert_eq!(got, bytes(10_000, i));
    }
    let deletes = futures::stream::iter(keys.clone()).map(Ok).boxed();
    let deleted: Vec<_> = store.delete_stream(deletes).collect().await;
    assert!(deleted.iter().all(Result::is_ok));
    assert!(is_missing(store.head(&keys[7]).await));
}

/// One tenant's fence lets nothing else through, whatever stands behind it.
async fn a_fence_holds(store: Arc<dyn ObjectStore>) {
    let (own, other) = (key("acme"), key("beta"));
    for at in [&own, &other] {
        store.put(at, bytes(10, 0).into()).await.unwrap();
    }
    let fenced = FencedStore::new(store.clone(), Arc::new([own.clone()].into()));
    assert_eq!(all(&fenced, &own).await, bytes(10, 0));
    assert!(is_missing(fenced.get(&other).await));
    assert!(is_missing(fenced.get_range(&other, 0..1).await));
    assert!(is_missing(fenced.get_ranges(&other, &[0..1, 2..3]).await));
    assert!(is_missing(fenced.head(&other).await));
    assert!(fenced.put(&own, bytes(1, 0).into()).await.is_err());
    assert!(fenced.delete(&own).await.is_err());
    for at in [&own, &other] {
        store.delete(at).await.unwrap();
    }
}

/// From point to answer, flushed, in another process' engine, compacted; and
/// never a list.
async fn the_engine_works_on(open: impl Fn() -> Arc<dyn ObjectStore>) {
    let without_list = || Arc::new(FaultStore::new(open(), 0));
    let fixture = Fixture::start_on(without_list()).await;
    let tenant = fixture.tenant("acme", "Europe/Berlin").await;
    let mut expected = 0;
    let query = "select count(*), sum(metric_value) from analytics_data_points";
    let rolled = "select sum(value_count), sum(value_sum) from daily_metrics";
    for round in 0..8 {
        let day = format!("2025-03-{:02}T12:00:00Z", round + 1);
        let lines: Vec<String> = (0..5)
            .map(|i| order("1.5", &day, &format!(r#"{{"n":"{round}-{i}"}}"#)))
            .collect();
        fixture
            .send(&tenant, ndjson(&lines.join("\n")))
            .await
            .unwrap();
        expected += 5;
        // Each flush makes one object; the eighth has them merged.
        assert!(fixture.engine.compact(&tenant).await.unwrap() > 0);
    }
    let answer = format!("{expected} {}", f64::from(expected) * 1.5);
    assert_eq!(fixture.row(&tenant, query).await, answer);
    let fixture = fixture.restart_on(without_list()).await;
    assert_eq!(fixture.row(&tenant, query).await, answer);
    assert_eq!(fixture.row(&tenant, rolled).await, answer);
    fixture.engine.ready().await.unwrap();
    fixture.stop().await;
}

async fn conforms(open: impl Fn() -> Arc<dyn ObjectStore>) {
    keeps_its_promises(open()).await;
    a_fence_holds(open()).await;
    the_engine_works_on(open).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_a_store() {
    let store = Arc::new(InMemory::new());
    conforms(|| store.clone()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("file://{}/store", folder.path().display());
    conforms(|| store::open(&url).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_s3_bucket_is_a_store() {
    if let Some(url) = real("TESSERA_TEST_S3_URL") {
        return conforms(|| store::open(&url).unwrap()).await;
    }
    let server = Server::s3();
    let url = format!(
        "s3://tessera/some/prefix?endpoint=http://127.0.0.1:{}&allow_http=true&region=eu-central-1",
        server.port
    );
    let environment = [
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ];
    conforms(|| opened(&url, &environment)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_azure_container_is_a_store() {
    if let Some(url) = real("TESSERA_TEST_AZURE_URL") {
        return conforms(|| store::open(&url).unwrap()).await;
    }
    let server = Server::azure();
    let url = format!(
        "az://tessera/some/prefix?account_name=devstoreaccount1&endpoint=http://127.0.0.1:{}/devstoreaccount1&allow_http=true",
        server.port
    );
    conforms(|| opened(&url, &[("AZURE_STORAGE_ACCOUNT_KEY", EMULATOR_KEY)])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gcs_bucket_is_a_store() {
    match real("TESSERA_TEST_GCS_URL") {
        Some(url) => conforms(|| store::open(&url).unwrap()).await,
        None => {
            eprintln!("NOT RUN: set TESSERA_TEST_GCS_URL to a bucket, as no emulator is at hand")
        }
    }
}

fn real(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.is_empty())
}

fn opened(url: &str, environment: &[(&str, &str)]) -> Arc<dyn ObjectStore> {
    let environment = environment
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Location::parse(url).unwrap().open(environment).unwrap()
}

/// The key that every Azure emulator has; documented by Microsoft, no secret.
const EMULATOR_KEY: &str =
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

/// A server program on a free port; it ends when dropped.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn s3() -> Self {
        let server = Self::start("s3/bin/moto_server", &["-H", "127.0.0.1", "-p", "0"]);
        server.make_bucket();
        server
    }

    fn azure() -> Self {
        let server = Self::start(
            "azure/node_modules/.bin/azurite-blob",
            &[
                "--blobHost",
                "127.0.0.1",
                "--blobPort",
                "0",
                "--inMemoryPersistence",
                "--skipApiVersionCheck",
                "--disableTelemetry",
            ],
        );
        server.make_bucket();
        server
    }

    /// Starts a program, and learns its port from what it says.
    fn start(program: &str, arguments: &[&str]) -> Self {
        let path = servers().join(program);
        // Both streams are one pipe: which of them names the port differs.
        let mut process = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 2>&1"#])
            .arg(&path)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let mut server = Self { process, port: 0 };
        let mut heard = String::new();
        while server.port == 0 {
            let mut line = String::new();
            let read = said.read_line(&mut line).unwrap();
            heard.push_str(&line);
            assert!(
                read > 0,
                "{} does not start (run .ci/set-up-tests, which installs it): {heard}",
                path.display()
            );
            if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
                let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
                server.port = port.parse().unwrap();
            }
        }
        // Whatever else it says must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        server
    }

    /// Makes the bucket or container `tessera`.
    fn make_bucket(&self) {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../tests/fixtures/make_bucket.py"
        );
        let made = Command::new(servers().join("s3/bin/python"))
            .args([script, &self.port.to_string(), EMULATOR_KEY])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{said}");
    }
}

/// Where `.ci/set-up-tests` installs them.
fn servers() -> PathBuf {
    if let Some(set) = std::env::var_os("TESSERA_TEST_SERVERS") {
        return set.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    cache.unwrap_or_else(home).join("tessera/test-servers")
}
