//! What a request says: its body and its query parameters, checked.
//!
//! Bodies are read here and nowhere else, under a limit and a deadline.

mod params;
mod tempo;

use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, HttpBody as _};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use engine::ingest::Admitted;
use futures::{Stream, StreamExt};

use serde::de::DeserializeOwned;
use tokio::time::{Instant, Sleep};

use crate::app::App;
use crate::error::{Problem, Result};

pub(crate) use params::{Pairs, Params, shaped};
use tempo::Tempo;

/// Of requests that are a question, not data.
const SMALL_BODY_BYTES: usize = 1024 * 1024;

/// A sender that is silent for this long is gone.
const IDLE: Duration = Duration::from_secs(30);

/// How long, and for how much, a refused body is read on.
const DISCARD: Duration = Duration::from_secs(5);
const DISCARD_BYTES: usize = 64 * 1024 * 1024;

/// A small JSON body of a known shape.
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _app: &App) -> Result<Self> {
        let bytes = json_text(request).await?;
        let parsed = serde_json::from_slice(&bytes).map(Self);
        parsed.map_err(|error| {
            let (line, column) = (error.line(), error.column());
            let text = error.to_string();
            let place = format!(" at line {line} column {column}");
            let reason = plain(text.strip_suffix(&place).unwrap_or(&text));
            Problem::malformed(format!("the body cannot be read: {reason}"))
                .located(line as u64, column.max(1) as u64)
                .at("body")
                .hint("send one JSON text of the shape that /docs describes for this route")
        })
    }
}

/// A parser's reason without the names of the program's types.
fn plain(reason: &str) -> Cow<'_, str> {
    // "invalid length 0, expected struct SqlQuery with 2 elements"
    let types = [
        "expected struct ",
        "expected enum ",
        "expected tuple ",
        "expected unit ",
        "expected newtype ",
        "expected variant ",
    ];
    match types.iter().find_map(|t| reason.split_once(t)) {
        Some((_, what)) if what.starts_with(char::is_uppercase) => {
            "its shape is another than the one documented".into()
        }
        _ => reason.into(),
    }
}

/// A small JSON body whose text goes on as it is.
pub(crate) struct JsonText(pub(crate) Bytes);

impl FromRequest<App> for JsonText {
    type Rejection = Problem;

    async fn from_request(request: Request, _app: &App) -> Result<Self> {
        json_text(request).await.map(Self)
    }
}

/// A small JSON body that may be left out.
pub(crate) struct OptionalJsonText(pub(crate) Option<Bytes>);

impl FromRequest<App> for OptionalJsonText {
    type Rejection = Problem;

    async fn from_request(request: Request, _app: &App) -> Result<Self> {
        if request.body().is_end_stream() {
            return Ok(Self(None));
        }
        json_text(request).await.map(|text| Self(Some(text)))
    }
}

async fn json_text(request: Request) -> Result<Bytes> {
    if content_type(request.headers())? != "application/json" {
        return Err(Problem::unsupported_type("the body must be JSON")
            .at("Content-Type")
            .hint("send `Content-Type: application/json`"));
    }
    read(request, SMALL_BODY_BYTES).await
}

/// The media type of the body, in lower case and without parameters.
pub(crate) fn content_type(headers: &HeaderMap) -> Result<String> {
    let text = headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let text = text.to_ascii_lowercase();
    let (name, parameters) = text.split_once(';').unwrap_or((&text, ""));
    let foreign = parameters
        .split(';')
        .filter_map(|p| p.trim().strip_prefix("charset="))
        .any(|charset| !matches!(charset.trim_matches('"'), "utf-8" | "utf8" | "us-ascii"));
    if foreign {
        return Err(Problem::unsupported_type("the body must be UTF-8")
            .at("Content-Type")
            .hint("encode it as UTF-8 and send `charset=utf-8`, or no charset"));
    }
    Ok(name.trim().to_owned())
}

/// Reads a whole body.
pub(crate) async fn read(request: Request, limit_bytes: usize) -> Result<Bytes> {
    read_admitted(request, limit_bytes, None).await
}

/// Reads a whole body as room is made for it: while there is none, nothing
/// more is read, so the sender waits, too.
pub(crate) async fn read_admitted(
    request: Request,
    limit_bytes: usize,
    admitted: Option<&mut Admitted>,
) -> Result<Bytes> {
    let headers = request.headers();
    if headers
        .get(header::CONTENT_ENCODING)
        .is_some_and(|v| v != "identity")
    {
        return Err(Problem::unsupported_type("compressed bodies are not read")
            .at("Content-Encoding")
            .hint("send the body uncompressed"));
    }
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok());
    let announced = announced.and_then(|text| text.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit_bytes) {
        discard(request.into_body().into_data_stream()).await;
        return Err(Problem::too_large(limit_bytes));
    }
    let announced = announced.unwrap_or(0);
    collect(request.into_body(), announced, limit_bytes, admitted).await
}

/// The bytes of a body as they arrive, under a deadline for each piece.
pub(crate) struct Frames {
    frames: BodyDataStream,
    idle: Pin<Box<Sleep>>,
    /// Since when the sender is waited for.
    waiting: Option<Instant>,
    tempo: Tempo,
    problem: Option<Problem>,
}

impl Frames {
    /// Refuses a body at once that announces more than it may have.
    pub(crate) async fn of(request: Request, limit_bytes: u64) -> Result<Self> {
        let announced = content_length(request.headers());
        let frames = request.into_body().into_data_stream();
        if announced.is_some_and(|length| length > limit_bytes) {
            discard(frames).await;
            let limit_bytes = usize::try_from(limit_bytes).unwrap_or(usize::MAX);
            return Err(Problem::too_large(limit_bytes));
        }
        Ok(Self {
            frames,
            idle: Box::pin(tokio::time::sleep(IDLE)),
            waiting: None,
            tempo: Tempo::default(),
            problem: None,
        })
    }

    /// What became of a body that was read by others: its own problem comes
    /// before theirs, and what is left of a refused one is read on.
    pub(crate) async fn settle<T>(self, outcome: Result<T>) -> Result<T> {
        match (self.problem, outcome) {
            (Some(problem), _) => Err(problem),
            (None, Err(problem)) => {
                discard(self.frames).await;
                Err(problem)
            }
            (None, outcome) => outcome,
        }
    }
}

impl Stream for Frames {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        // The sender is waited for from now on, not since its last piece.
        let since = *this.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            this.idle.as_mut().reset(now + IDLE);
            now
        });
        let problem = match this.frames.poll_next_unpin(cx) {
            Poll::Ready(Some(Err(_))) => cut_off(),
            Poll::Ready(Some(Ok(frame))) => {
                this.waiting = None;
                this.tempo.piece(frame.len(), since.elapsed());
                if !this.tempo.is_too_slow() {
                    return Poll::Ready(Some(Ok(frame)));
                }
                too_slow()
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {
                ready!(this.idle.as_mut().poll(cx));
                too_slow()
            }
        };
        this.problem = Some(problem);
        Poll::Ready(Some(Err(io::Error::other("the body did not arrive"))))
    }
}

/// The length that a body announces.
pub(crate) fn content_length(headers: &HeaderMap) -> Option<u64> {
    let text = headers.get(header::CONTENT_LENGTH)?.to_str().ok()?;
    text.parse().ok()
}

async fn collect(
    body: Body,
    announced: usize,
    limit_bytes: usize,
    mut admitted: Option<&mut Admitted>,
) -> Result<Bytes> {
    let mut frames = body.into_data_stream();
    // Memory follows what has arrived, not what was announced.
    let mut bytes = BytesMut::with_capacity(announced.min(SMALL_BODY_BYTES));
    let mut tempo = Tempo::default();
    loop {
        let since = Instant::now();
        let frame = tokio::time::timeout(IDLE, frames.next())
            .await
            .map_err(|_| too_slow())?;
        let Some(frame) = frame else {
            return Ok(bytes.freeze());
        };
        let frame = frame.map_err(|_| cut_off())?;
        if bytes.len() + frame.len() > limit_bytes {
            discard(frames).await;
            return Err(Problem::too_large(limit_bytes));
        }
        tempo.piece(frame.len(), since.elapsed());
        if tempo.is_too_slow() {
            return Err(too_slow());
        }
        if let Some(admitted) = &mut admitted
            && let Err(error) = admitted.grow(frame.len()).await
        {
            discard(frames).await;
            return Err(error.into());
        }
        bytes.extend_from_slice(&frame);
    }
}

/// Reads on for a while without keeping anything: a client that is still
/// writing would see a broken connection instead of the refusal.
async fn discard(mut frames: BodyDataStream) {
    let patience = async {
        let mut left_bytes = DISCARD_BYTES;
        while let Some(Ok(frame)) = frames.next().await {
            left_bytes = left_bytes.saturating_sub(frame.len());
            if left_bytes == 0 {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD, patience).await;
}

fn cut_off() -> Problem {
    Problem::malformed("the body ended before its length")
        .at("body")
        .hint("send it again, whole; nothing of it was kept")
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "urn:tessera:problem:too-slow",
        "body too slow",
        format!(
            "the body arrived too slowly, or nothing of it for {} seconds",
            IDLE.as_secs()
        ),
    )
    .at("body")
    .hint("send it again without pauses, or in several requests; nothing of it was kept")
}
