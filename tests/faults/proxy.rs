//! A TCP proxy before a private Postgres, which cuts a connection at a COMMIT.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::task::JoinHandle;

use crate::fixture::Server;

/// What a request that brings points sends within its transactions, and other
/// work of the tenant does not: its idempotency key, or the keys of its objects.
const OF_REQUEST: [&[u8]; 2] = [b"request-", b"tenant_id=acme"];

/// When to cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// The COMMIT does not reach Postgres.
    Before,
    /// Postgres has committed; its reply does not reach the engine.
    After,
    /// As `After`, and nobody comes through from then on.
    AfterAndAway,
}

#[derive(Debug, Default)]
struct State {
    /// Cut at this COMMIT from now, counted from 1.
    armed: Option<(Cut, u64)>,
    away: bool,
}

/// The proxy; it ends when dropped.
pub(crate) struct Proxy {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
    url: String,
    owner_url: String,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    /// Before the private Postgres of this server.
    pub(crate) async fn before(server: &Server) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let read = |name: &str| -> serde_json::Value {
            serde_json::from_slice(&std::fs::read(server.file(name)).unwrap()).unwrap()
        };
        let secrets = read("data/postgres.secrets.json");
        let url = |role: &str| {
            let password = secrets[role].as_str().unwrap();
            format!("postgres://tessera_{role}:{password}@127.0.0.1:{port}/tessera?sslmode=disable")
        };
        let state = Arc::new(Mutex::new(State::default()));
        let runtime = PathBuf::from(server.file("data/runtime.json"));
        Self {
            task: tokio::spawn(serve(listener, runtime, state.clone())),
            url: url("app"),
            owner_url: url("owner"),
            state,
        }
    }

    /// The URL of the app role.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The URL of the owner role.
    pub(crate) fn owner_url(&self) -> &str {
        &self.owner_url
    }

    /// Cuts at the n-th COMMIT from now.
    pub(crate) fn cut(&self, cut: Cut, nth: u64) {
        self.state.lock().unwrap().armed = Some((cut, nth));
    }

    /// Whether the cut that was asked for has happened.
    pub(crate) fn has_cut(&self) -> bool {
        self.state.lock().unwrap().armed.is_none()
    }

    /// Lets connections through again.
    pub(crate) fn open(&self) {
        self.state.lock().unwrap().away = false;
    }
}

async fn serve(listener: TcpListener, runtime: PathBuf, state: Arc<Mutex<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        if state.lock().unwrap().away {
            continue;
        }
        // Where the socket is changes with each start of Postgres.
        let Ok(text) = std::fs::read(&runtime) else {
            continue;
        };
        let Ok(said) = serde_json::from_slice::<serde_json::Value>(&text) else {
            continue;
        };
        let socket = format!("{}/.s.PGSQL.5432", said["socket_dir"].as_str().unwrap());
        if let Ok(postgres) = UnixStream::connect(socket).await {
            tokio::spawn(pass(client, postgres, state.clone()));
        }
    }
}

async fn pass(mut client: TcpStream, mut postgres: UnixStream, state: Arc<Mutex<State>>) {
    let (mut up, mut down) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    // Background work commits too.
    let mut of_request = false;
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let Ok(bytes @ 1..) = read else { return };
                // Connections from before are gone, too.
                if state.lock().unwrap().away {
                    return;
                }
                let sent = &up[..bytes];
                if has(sent, b"BEGIN") || has(sent, b"ROLLBACK") {
                    of_request = false;
                }
                of_request |= OF_REQUEST.iter().any(|mark| has(sent, mark));
                let commits = of_request && has(sent, b"COMMIT\0");
                let cut = if commits { cut_now(&state) } else { None };
                of_request &= !commits;
                if cut == Some(Cut::Before) {
                    return;
                }
                if postgres.write_all(sent).await.is_err() {
                    return;
                }
                if let Some(cut) = cut {
                    // The reply has come, so Postgres has committed.
                    drop(postgres.read(&mut down).await);
                    if cut == Cut::AfterAndAway {
                        state.lock().unwrap().away = true;
                    }
                    return;
                }
            }
            read = postgres.read(&mut down) => {
                let Ok(bytes @ 1..) = read else { return };
                if client.write_all(&down[..bytes]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Whether a simple query, or a parameter, is in what the engine sends.
fn has(sent: &[u8], what: &[u8]) -> bool {
    sent.windows(what.len()).any(|part| part == what)
}

fn cut_now(state: &Mutex<State>) -> Option<Cut> {
    let mut state = state.lock().unwrap();
    let (cut, nth) = state.armed?;
    state.armed = (nth > 1).then_some((cut, nth - 1));
    (nth == 1).then_some(cut)
}
