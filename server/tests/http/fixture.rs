//! A server on a free port with a data directory of its own, and its clients.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A running `tessera serve`; stopped when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) url: String,
    folder: Arc<TempDir>,
}

impl Server {
    /// Starts a server on an empty data directory.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with further arguments.
    pub(crate) fn start_with(arguments: &[&str]) -> Self {
        let folder = empty_folder();
        let command = tessera(&folder, &[SERVE, arguments].concat());
        Self::spawn(folder, command)
    }

    fn spawn(folder: Arc<TempDir>, mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let said: Value = serde_json::from_str(&line).expect("the server says its url");
        let url = said["url"].as_str().unwrap().to_owned();
        Self {
            process,
            url,
            folder,
        }
    }

    /// Runs a verb beside the server.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        tessera(&self.folder, arguments).output().unwrap()
    }

    /// Runs a verb that must succeed, and gives its standard output.
    pub(crate) fn say(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Creates a tenant and gives a client that may do everything users do.
    pub(crate) fn tenant(&self, id: &str) -> Client {
        self.say(&["tenant", "create", id, "--plan", "pro"]);
        self.key(id, "ingest,read,export")
    }

    /// A client of an existing tenant with these scopes.
    pub(crate) fn key(&self, tenant: &str, scopes: &str) -> Client {
        let key = self.say(&["key", "create", "--tenant", tenant, "--scopes", scopes]);
        assert_eq!(key.lines().count(), 1, "the key stands alone");
        assert!(key.starts_with("tsk_"), "{key}");
        self.anonymous().with_key(key.trim())
    }

    /// A client of the operator's.
    pub(crate) fn operator(&self) -> Client {
        let key = self.say(&["key", "create", "--platform", "--scopes", "operate"]);
        self.anonymous().with_key(key.trim())
    }

    /// A client without a key.
    pub(crate) fn anonymous(&self) -> Client {
        Client {
            http: reqwest::Client::new(),
            url: self.url.clone(),
            key: None,
        }
    }

    /// The most memory that the server's process has held so far.
    pub(crate) fn peak_memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() << 10
    }

    /// The memory that the server's process holds now.
    pub(crate) fn memory_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()));
        let status = status.unwrap();
        let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = held.unwrap().trim().trim_end_matches(" kB");
        kib.parse::<u64>().unwrap() << 10
    }

    /// The server's process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A path for a test's own files.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended has a number that may be another process' by now.
        if matches!(self.process.try_wait(), Ok(Some(_))) {
            return;
        }
        let pid = rustix::process::Pid::from_child(&self.process);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if let Ok(Some(_)) = self.process.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
    }
}

/// A folder below /tmp and open to read: the private Postgres runs as another
/// user when the tests run as root.
pub(crate) fn empty_folder() -> Arc<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix("tessera-")
        .tempdir_in("/tmp")
        .unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    Arc::new(folder)
}

const SERVE: &[&str] = &["serve", "--listen", "127.0.0.1:0", "--json"];

/// Servers that end and come again, for tests of faults.
impl Server {
    /// Starts a server on an empty data directory with these variables.
    pub(crate) fn start_among(environment: &[(&str, &str)]) -> Self {
        Self::start_in(empty_folder(), &[], environment)
    }

    /// Starts a server on this folder, below a tool (`strace …`) if there is
    /// one; what it logs is kept, see [`Server::log`].
    pub(crate) fn start_in(
        folder: Arc<TempDir>,
        below: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut command = match below {
            [] => tessera(&folder, SERVE),
            [tool, arguments @ ..] => {
                let server = tessera(&folder, SERVE);
                let mut command = Command::new(tool);
                command
                    .args(arguments)
                    .arg(server.get_program())
                    .args(server.get_args());
                for (name, value) in server.get_envs() {
                    match value {
                        Some(value) => command.env(name, value),
                        None => command.env_remove(name),
                    };
                }
                command
            }
        };
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.path().join("server.log"))
            .unwrap();
        command.envs(environment.iter().copied()).stderr(log);
        Self::spawn(folder, command)
    }

    /// Starts another process on this one's folder, which must have ended.
    pub(crate) fn restart(&self, environment: &[(&str, &str)]) -> Self {
        Self::start_in(self.folder.clone(), &[], environment)
    }

    /// Kills the process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Waits until the process has ended by itself.
    pub(crate) fn ended(&mut self) {
        for _ in 0..3_000 {
            if self.process.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("the server has not ended: {}", self.log());
    }

    /// Ends the process as an operator does.
    pub(crate) fn stop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        self.ended();
    }

    /// What servers on this folder have logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.file("server.log")).unwrap_or_default()
    }

    /// Starts a verb beside the server, and does not wait for it.
    pub(crate) fn beside(&self, arguments: &[&str]) -> Child {
        let mut command = tessera(&self.folder, arguments);
        let command = command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    /// Runs a verb beside the server with these variables.
    pub(crate) fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = tessera(&self.folder, arguments);
        command.envs(environment.iter().copied()).output().unwrap()
    }

    /// How the superuser of the private Postgres connects.
    pub(crate) fn superuser(&self) -> sqlx::postgres::PgConnectOptions {
        let read = |name: &str| -> Value {
            let text = std::fs::read(self.file(name)).unwrap();
            serde_json::from_slice(&text).unwrap()
        };
        let (secrets, runtime) = (
            read("data/postgres.secrets.json"),
            read("data/runtime.json"),
        );
        sqlx::postgres::PgConnectOptions::new_without_pgpass()
            .socket(runtime["socket_dir"].as_str().unwrap())
            .username("postgres")
            .password(secrets["superuser"].as_str().unwrap())
            .database("tessera")
    }
}

/// The binary, with nothing of this process's settings.
fn tessera(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tessera"));
    let is_setting = |name: &str| {
        name == "DATABASE_URL" || name.starts_with("TESSERA_") && name != "TESSERA_PG_BIN"
    };
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for setting in set.filter(|name| is_setting(name)) {
        command.env_remove(setting);
    }
    command
        .args(arguments)
        .env("TESSERA_DATA_DIR", folder.path().join("data"))
        .env("TESSERA_LOG", "warn");
    command
}

/// Somebody who asks, with or without a key.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    pub(crate) key: Option<String>,
}

impl Client {
    /// The same client showing this key.
    pub(crate) fn with_key(self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self
        }
    }

    /// The same client asking another process.
    pub(crate) fn at(self, server: &Server) -> Self {
        Self {
            url: server.url.clone(),
            ..self
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        }
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// Sends points as JSON.
    pub(crate) fn points(&self, points: &Value) -> RequestBuilder {
        self.post("/api/analytics/data-points").json(points)
    }

    /// Asks a query without parameters.
    pub(crate) fn sql(&self, query: &str) -> RequestBuilder {
        self.post("/api/analytics/sql")
            .json(&json!({"query": query, "params": []}))
    }

    /// The rows of a query that must succeed.
    pub(crate) async fn rows(&self, query: &str) -> Value {
        let answer = body(self.sql(query).send().await.unwrap(), 200).await;
        assert_eq!(answer["complete"], true);
        answer["rows"].clone()
    }
}

/// A point of an order.
pub(crate) fn order(value: Value, dimensions: Value) -> Value {
    json!({
        "platform": "coreldove", "metric_type": "revenue", "metric_name": "order_revenue",
        "value": value, "dimensions": dimensions, "recorded_at": "2025-03-01T12:00:00Z",
    })
}

/// The JSON of an answer that must have this status.
pub(crate) async fn body(response: Response, status: u16) -> Value {
    let got = response.status().as_u16();
    let text = response.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}"))
}

/// The problem of an answer that must be one.
pub(crate) async fn problem(response: Response, status: u16) -> Value {
    let content_type = response.headers().get("content-type").cloned();
    let problem = body(response, status).await;
    assert_eq!(
        content_type.unwrap(),
        "application/problem+json",
        "{problem}"
    );
    assert_eq!(problem["status"], status);
    for field in ["type", "title", "detail"] {
        assert!(
            problem[field].as_str().is_some_and(|text| !text.is_empty()),
            "{problem}"
        );
    }
    problem
}

/// JSON bodies without the client library's `json` feature, which would have
/// half the dependency tree built a second time.
pub(crate) trait JsonBody {
    fn json<T: serde::Serialize + ?Sized>(self, body: &T) -> RequestBuilder;
}

impl JsonBody for RequestBuilder {
    fn json<T: serde::Serialize + ?Sized>(self, body: &T) -> RequestBuilder {
        self.header("content-type", "application/json")
            .body(serde_json::to_vec(body).unwrap())
    }
}
