//! What a request says: its body and its query parameters, checked.
//!
//! Bodies are read here and nowhere else, under a limit and a deadline.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use serde::de::DeserializeOwned;

use crate::app::App;
use crate::error::{Problem, Result};

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
            let reason = text.strip_suffix(&place).unwrap_or(&text);
            Problem::malformed(format!("the body cannot be read: {reason}"))
                .located(line as u64, column as u64)
        })
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

async fn json_text(request: Request) -> Result<Bytes> {
    if content_type(request.headers())? != "application/json" {
        return Err(Problem::unsupported_type("the body must be JSON")
            .at("Content-Type")
            .hint("send `Content-Type: application/json`"));
    }
    read(request, SMALL_BODY_BYTES).await
}

/// Query parameters of a known shape; others are refused.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<App> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self> {
        let parsed = Query::<T>::try_from_uri(&parts.uri);
        parsed
            .map(|Query(params)| Self(params))
            .map_err(|rejection| Problem::malformed(rejection.body_text()).at("query parameters"))
    }
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
        return Err(Problem::unsupported_type("the body must be UTF-8").at("Content-Type"));
    }
    Ok(name.trim().to_owned())
}

/// Reads a whole body.
pub(crate) async fn read(request: Request, limit_bytes: usize) -> Result<Bytes> {
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
    collect(request.into_body(), announced.unwrap_or(0), limit_bytes).await
}

async fn collect(body: Body, announced: usize, limit_bytes: usize) -> Result<Bytes> {
    let mut frames = body.into_data_stream();
    // Memory follows what has arrived, not what was announced.
    let mut bytes = BytesMut::with_capacity(announced.min(SMALL_BODY_BYTES));
    loop {
        let frame = tokio::time::timeout(IDLE, frames.next())
            .await
            .map_err(|_| too_slow())?;
        let Some(frame) = frame else {
            return Ok(bytes.freeze());
        };
        let frame = frame.map_err(|_| Problem::malformed("the body ended before its length"))?;
        if bytes.len() + frame.len() > limit_bytes {
            discard(frames).await;
            return Err(Problem::too_large(limit_bytes));
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

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "urn:tessera:problem:too-slow",
        "body too slow",
        format!("nothing of the body arrived for {} seconds", IDLE.as_secs()),
    )
}
