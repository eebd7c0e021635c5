//! Live panels over a WebSocket.

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::response::Response;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::time::timeout;

use super::{FAREWELL, Opened, STALLED, StreamParams, farewell, open};
use crate::app::App;
use crate::auth::CredentialIn;
use crate::error::{KeyRefused, Problem, Result};
use crate::listen::Held;
use crate::live::{Event, Reason};

/// What a client may send at once; none of it is read.
const MESSAGE_BYTES: usize = 4 << 10;

/// A buffer of each connection; reading is a matter of pings.
const READ_BYTES: usize = 1 << 10;

/// Over this much that the client has not taken a message is not begun.
const WRITE_BYTES: usize = 8 << 20;

/// Streams live panels over a WebSocket.
///
/// What `GET /api/analytics/stream` says, each event a text message
/// `{"event", "id", "data"}`. A ticket or a credential in a header opens it; the
/// tenant in the path must be the caller's. It closes with 4401 when the
/// credential has ended, 4403 when it shows something else, 1001 when the
/// server stops.
#[utoipa::path(
    get, path = "/ws/analytics/{tenant_id}", tag = "live",
    params(("tenant_id" = String, Path, description = "the caller's tenant"), StreamParams),
    responses(
        (status = 101, description = "the connection is a WebSocket"),
        (status = 400, description = "no WebSocket, or what is watched cannot be", body = Problem,
            content_type = "application/problem+json"),
        (status = 404, description = "no such dashboard that the caller sees", body = Problem,
            content_type = "application/problem+json"),
        (status = 429, description = "the plan allows no more live connections", body = Problem,
            content_type = "application/problem+json"),
        KeyRefused,
    ),
    security(("bearer" = []), ("api_key" = [])),
)]
pub(crate) async fn watch(
    State(app): State<App>,
    Extension(held): Extension<Held>,
    Path(tenant): Path<String>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parts: Parts,
) -> Result<Response> {
    let opened = open(&app, &parts, CredentialIn::Headers, Some(&tenant)).await?;
    let upgrade = upgrade.map_err(|rejection| {
        Problem::malformed(format!("this is no WebSocket: {rejection}"))
            .hint("open it with a WebSocket client, or use GET /api/analytics/stream")
    })?;
    let upgrade = upgrade
        .read_buffer_size(READ_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(WRITE_BYTES)
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES);
    Ok(upgrade.on_upgrade(move |socket| async move {
        let (sink, source) = socket.split();
        tell(opened, sink, source).await;
        // The connection counts as one until here.
        drop(held);
    }))
}

/// Tells a watcher what there is to be told, until one of the two ends it.
async fn tell(
    opened: Opened,
    mut sink: SplitSink<WebSocket, Message>,
    mut source: SplitStream<WebSocket>,
) {
    let Opened {
        mut feed,
        mut guard,
        connection,
    } = opened;
    let reason = loop {
        let event = tokio::select! {
            biased;
            reason = guard.ended() => break reason,
            heard = source.next() => match heard {
                // Pings are answered below; nothing else is read.
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => continue,
            },
            event = feed.next() => event,
        };
        let sent = timeout(STALLED, sink.send(Message::text(event.message())));
        tokio::select! {
            biased;
            reason = guard.ended() => break reason,
            sent = sent => if !matches!(sent, Ok(Ok(()))) {
                return;
            },
        }
    };
    drop((feed, connection));
    let close = CloseFrame {
        code: match reason {
            Reason::Credential => 4401,
            Reason::Changed => 4403,
            Reason::Unknown => 1013,
            Reason::Stopping => 1001,
        },
        reason: "".into(),
    };
    let farewell = async {
        sink.send(Message::text(farewell(reason).message())).await?;
        sink.send(Message::Close(Some(close))).await
    };
    let _ = timeout(FAREWELL, farewell).await;
    // Closed by the client, who has heard of it, or cut.
    let closed = async { while let Some(Ok(_)) = source.next().await {} };
    let _ = timeout(FAREWELL, closed).await;
}

impl Event {
    /// As a message.
    fn message(&self) -> String {
        let Self { name, data, .. } = self;
        match &self.id {
            Some(id) => format!(r#"{{"event":"{name}","id":"{id}","data":{data}}}"#),
            None => format!(r#"{{"event":"{name}","id":null,"data":{data}}}"#),
        }
    }
}
