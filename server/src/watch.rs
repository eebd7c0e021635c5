//! An answer that is a running query: it can be seen, cancelled, and is recorded
//! when its last byte is out.

use std::future::Future;
use std::io;

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::query::running::RunningQuery;
use engine::query::running::watched::Terms;

use crate::encode::Broken;
use crate::error::{Problem, Result};

const QUERY_ID: HeaderName = HeaderName::from_static("tessera-query-id");

/// Makes the answer of a query by `work`, until it is cancelled. The answer,
/// also a refusal, names the query.
pub(crate) async fn answer(
    query: RunningQuery,
    work: impl Future<Output = Result<Response>>,
) -> Response {
    let id = HeaderValue::try_from(query.id().to_string());
    let made = tokio::select! {
        biased;
        () = query.cancelled() => Err(engine::Error::Cancelled.into()),
        made = work => made,
    };
    let mut response = match made {
        Ok(response) => watched(query, response),
        Err(problem) => {
            query.fail(problem.kind());
            problem.into_response()
        }
    };
    if let Ok(id) = id {
        response.headers_mut().insert(QUERY_ID, id);
    }
    response
}

fn watched(query: RunningQuery, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    // What is whole already goes out with its length.
    if let Some(bytes) = body.size_hint().exact() {
        query.sent(bytes);
        query.finish();
        return Response::from_parts(parts, body);
    }
    let terms = Terms {
        bytes: |bytes: &Bytes| bytes.len() as u64,
        kind,
        cancelled: || {
            let problem = Problem::from(engine::Error::Cancelled);
            axum::Error::new(io::Error::other(Broken(problem)))
        },
    };
    let stream = query.watch(body.into_data_stream(), terms);
    Response::from_parts(parts, Body::from_stream(stream))
}

/// The kind of what broke an answer.
fn kind(error: &axum::Error) -> String {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if let Some(broken) = inner.and_then(|inner| inner.downcast_ref::<Broken>()) {
            return broken.0.kind().to_owned();
        }
        cause = error.source();
    }
    // The one other end is that of rows that a limit cut.
    "truncated".to_owned()
}
