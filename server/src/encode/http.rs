//! An answer as a response.
//!
//! The first part is made before the status is sent, so that a query that
//! fails early is a problem and a short answer carries its length and whether
//! it is complete. A longer answer that fails, or is cut in a format that
//! cannot say so, breaks the transfer: it never looks whole.

use std::io;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use engine::session::WrittenAnswer;
use futures::stream;

use super::{Format, Stamp};
use crate::error::{Problem, Result};

/// What is made before the status is sent.
const HEAD_BYTES: usize = 1024 * 1024;

const VERSION: HeaderName = HeaderName::from_static("tessera-version");
const AS_OF: HeaderName = HeaderName::from_static("tessera-as-of");
const COMPLETE: HeaderName = HeaderName::from_static("tessera-complete");

/// Streams an answer; `Tessera-Complete` is there when it is known in time.
pub(crate) async fn respond(
    mut answer: WrittenAnswer,
    stamp: Stamp,
    format: Format,
) -> Result<Response> {
    let mut head = BytesMut::new();
    while head.len() < HEAD_BYTES {
        let Some(chunk) = answer.next().await? else {
            break;
        };
        head.extend_from_slice(&chunk);
    }
    let head = head.freeze();
    let ending = answer.ended();
    let body = match ending {
        Some(_) => Body::from(head),
        None => Body::from_stream(rest(head, answer, format)),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    headers.insert(VERSION, stamp.version.into());
    if let Ok(as_of) = stamp.as_of.to_rfc3339().parse() {
        headers.insert(AS_OF, as_of);
    }
    if let Some(ending) = ending {
        let text = if ending.complete { "true" } else { "false" };
        headers.insert(COMPLETE, HeaderValue::from_static(text));
    }
    Ok(response)
}

fn rest(
    head: Bytes,
    answer: WrittenAnswer,
    format: Format,
) -> impl stream::Stream<Item = io::Result<Bytes>> + Send {
    stream::try_unfold((Some(head), answer), move |(head, mut answer)| async move {
        if let Some(head) = head {
            return Ok(Some((head, (None, answer))));
        }
        let chunk = answer.next().await.map_err(broken)?;
        let cut = answer.ended().is_some_and(|ending| !ending.complete);
        if cut && format != Format::Json {
            // Told as cut by the counts; the transfer only breaks.
            return Err(io::Error::other("the plan's result rows cut the answer"));
        }
        Ok(chunk.map(|chunk| (chunk, (None, answer))))
    })
}

/// The mapping logs what is ours; the client sees a broken transfer.
fn broken(error: engine::Error) -> io::Error {
    io::Error::other(Broken(Problem::from(error)))
}

/// Why an answer ended on its way, for whoever watches it.
#[derive(Debug, thiserror::Error)]
#[error("the answer failed on its way: {}", .0.status())]
pub(crate) struct Broken(pub(crate) Problem);
