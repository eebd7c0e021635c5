//! Takes connections, so many, and lets none hold on without saying anything.
//!
//! Bodies have their own deadlines, in [`crate::extract`].

mod caps;

use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tower::Service as _;

pub(crate) use self::caps::Caps;
use self::caps::{Open, Place};
use crate::error::PROBLEM_JSON;

/// From a connection, or the answer before, to the end of a request's headers.
const HEADERS: Duration = Duration::from_secs(30);

/// The most that a request's line and headers may be together.
const HEADER_BYTES: usize = 64 << 10;

/// After the system refused a connection, mostly for want of descriptors.
const PAUSE: Duration = Duration::from_millis(200);

/// How long a client may take to hear why it is let go.
const FAREWELL: Duration = Duration::from_secs(2);

/// The connection that a request came by, for answers that outlive their
/// request. While it is held the connection counts as open. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    cut: Arc<Notify>,
    _place: Arc<Place>,
    /// Whoever waits for all answers waits for its holder.
    _stop: watch::Receiver<()>,
}

impl Held {
    /// Breaks the connection off, whatever is under way on it.
    pub(crate) fn cut(&self) {
        self.cut.notify_one();
    }
}

/// Serves until `stopped`, then until the answers that run are out.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    caps: Caps,
    stopped: impl Future<Output = ()>,
) {
    let open = Open::new(caps);
    let (stopping, stop) = watch::channel(());
    let mut stopped = pin!(stopped);
    loop {
        let (stream, peer) = tokio::select! {
            taken = accept(&listener) => taken,
            () = &mut stopped => break,
        };
        match open.take(peer.ip()) {
            Some(place) => {
                tokio::spawn(answer(stream, app.clone(), stop.clone(), place));
            }
            None => {
                tracing::debug!("a connection too many was let go");
                tokio::spawn(say(stream, &TOO_MANY));
            }
        }
    }
    drop((listener, stop));
    // Each connection has a receiver until its last answer is out.
    let _ = stopping.send(());
    stopping.closed().await;
}

/// Answers the requests of one connection.
async fn answer(stream: TcpStream, app: Router, mut stop: watch::Receiver<()>, place: Place) {
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let held = Held {
        cut: Arc::default(),
        _place: Arc::new(place),
        _stop: stop.clone(),
    };
    let cut = held.cut.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(held.clone());
        app.clone().call(request.map(axum::body::Body::new))
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_header_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let ended = tokio::select! {
        ended = std::pin::Pin::new(&mut connection) => ended,
        _ = stop.changed() => {
            std::pin::Pin::new(&mut connection).graceful_shutdown();
            tokio::select! {
                ended = std::pin::Pin::new(&mut connection) => ended,
                () = cut.notified() => return,
            }
        }
        () = cut.notified() => return,
    };
    if let Err(error) = ended {
        tracing::debug!(?error, "a connection broke");
        if error.is_timeout() {
            // Of one that is something else by now there is nothing to say.
            let parts = connection.into_parts();
            if let Some(parts) = parts {
                say(parts.io.into_inner(), &TOO_SLOW).await;
            }
        }
    }
}

/// What is told to those who are not let as far as a route.
struct Farewell {
    status: &'static str,
    body: &'static str,
}

const TOO_SLOW: Farewell = Farewell {
    status: "408 Request Timeout",
    body: r#"{"type":"urn:tessera:problem:too-slow","title":"request too slow","status":408,"detail":"the request's headers did not arrive within 30 seconds","hint":"send the request again, without pauses"}"#,
};

const TOO_MANY: Farewell = Farewell {
    status: "503 Service Unavailable",
    body: r#"{"type":"urn:tessera:problem:connections","title":"too many connections","status":503,"detail":"more connections are open than are taken, in all or from this address","hint":"use connections again for further requests, and try again after the seconds in Retry-After"}"#,
};

async fn say(mut stream: TcpStream, farewell: &Farewell) {
    let Farewell { status, body } = farewell;
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {PROBLEM_JSON}\r\ncontent-length: {length}\r\n\
         retry-after: 2\r\nconnection: close\r\n\r\n{body}"
    );
    let said = async {
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await
    };
    // Who does not listen hears nothing.
    let _ = tokio::time::timeout(FAREWELL, said).await;
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(taken) => return taken,
            Err(error) => {
                tracing::warn!(?error, "a connection was not taken");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
