//! What every request and every answer goes through.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use engine::metadata::actor;
use tower::ServiceBuilder;
use tower_http::ServiceBuilderExt;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::request_id::MakeRequestUuid;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use tracing::Span;
use tracing::field::Empty;

use crate::error::Problem;

/// Until the first byte of an answer. Plans set shorter deadlines for queries;
/// this one catches what has none.
const DEADLINE: Duration = Duration::from_secs(300);

/// After an answer that took too long.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Answers of the API are data: they load nothing and stand in no frame.
const CSP_DATA: &str = "default-src 'none'; frame-ancestors 'none'";

/// What the documentation's pages need: their own scripts and styles, and
/// styles set by script.
const CSP_DOCS: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What the pages need: their own scripts and styles in files, pictures they
/// draw themselves, and this server.
const CSP_PAGES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The longest id of a request that is taken over.
const REQUEST_ID_CHARS: usize = 128;

/// For how long a browser may remember which requests it may send.
const CORS_AGE: Duration = Duration::from_secs(600);

/// Wraps all routes.
pub(crate) fn around<S: Clone + Send + Sync + 'static>(
    router: Router<S>,
    cors_origins: &[HeaderValue],
) -> Router<S> {
    let secrets = [
        header::AUTHORIZATION,
        header::COOKIE,
        HeaderName::from_static("x-api-key"),
    ];
    let fixed =
        |name, value| SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value));
    let default =
        |name, value| SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value));
    let layers = ServiceBuilder::new()
        .map_request(checked_id)
        .sensitive_request_headers(secrets.into_iter().collect())
        .set_x_request_id(MakeRequestUuid)
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(span)
                .on_request(())
                .on_response(finished)
                .on_failure(()),
        )
        .propagate_x_request_id()
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .map_response(in_no_frame)
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(default(header::CONTENT_SECURITY_POLICY, CSP_DATA))
        .layer(default(header::CACHE_CONTROL, "no-store"))
        .option_layer((!cors_origins.is_empty()).then(|| cors(cors_origins)))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(deadline))
        .layer(from_fn(on_behalf));
    router.layer(layers)
}

/// What a request changes is recorded as its caller's, whom an extractor finds.
async fn on_behalf(request: Request, next: Next) -> Response {
    actor::for_whom_it_names(next.run(request)).await
}

/// Marks an answer that may stand in frames; its policy says in whose.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MayStandInFrames;

/// The older word for what `frame-ancestors` says; it knows no list.
fn in_no_frame<B>(mut response: axum::http::Response<B>) -> axum::http::Response<B> {
    if response.extensions().get::<MayStandInFrames>().is_none() {
        let never = HeaderValue::from_static("DENY");
        response
            .headers_mut()
            .insert(header::X_FRAME_OPTIONS, never);
    }
    response
}

/// The policy of pages that may stand in frames of these origins.
pub(crate) fn framed_by(origins: &[HeaderValue]) -> HeaderValue {
    let names: Vec<&str> = origins.iter().filter_map(|o| o.to_str().ok()).collect();
    let policy = CSP_PAGES.replace(
        "frame-ancestors 'none'",
        &format!("frame-ancestors {}", names.join(" ")),
    );
    match HeaderValue::try_from(policy) {
        Ok(policy) if !names.is_empty() => policy,
        _ => HeaderValue::from_static(CSP_PAGES),
    }
}

/// What pages of these origins may send and read. No cookies: a credential is
/// always a header that the page itself has.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let named = |names: &[&'static str]| -> Vec<HeaderName> {
        names.iter().copied().map(HeaderName::from_static).collect()
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(named(&[
            "accept",
            "authorization",
            "content-type",
            "idempotency-key",
            "last-event-id",
            "x-api-key",
            "x-request-id",
            "x-tenant-id",
        ]))
        .expose_headers(named(&[
            "retry-after",
            "tessera-as-of",
            "tessera-complete",
            "tessera-version",
            "x-request-id",
        ]))
        .max_age(CORS_AGE)
}

/// Takes a caller's id of the request where it is one that does no harm in a
/// log or a header; any other gets one of ours.
fn checked_id<B>(mut request: axum::http::Request<B>) -> axum::http::Request<B> {
    let headers = request.headers_mut();
    let harmless = |id: &HeaderValue| {
        let chars = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        (1..=REQUEST_ID_CHARS).contains(&id.len()) && id.as_bytes().iter().all(chars)
    };
    let mut ids = headers.get_all("x-request-id").iter();
    let fine = ids.next().is_some_and(harmless) && ids.next().is_none();
    if !fine {
        headers.remove("x-request-id");
    }
    request
}

/// The documentation's pages run scripts of their own.
pub(crate) fn around_docs<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(SetResponseHeaderLayer::overriding(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CSP_DOCS),
    ))
}

/// The pages run scripts of their own.
pub(crate) fn around_pages<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(SetResponseHeaderLayer::overriding(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CSP_PAGES),
    ))
}

/// Names the route, never the query string or a header: they hold secrets.
fn span<B>(request: &axum::http::Request<B>) -> Span {
    let matched = request
        .extensions()
        .get::<MatchedPath>()
        .map(MatchedPath::as_str);
    let id = request
        .headers()
        .get("x-request-id")
        .and_then(|v| v.to_str().ok());
    tracing::info_span!(
        "request",
        method = %request.method(),
        route = matched.unwrap_or("none"),
        id = ?id.unwrap_or_default(),
        tenant = Empty,
    )
}

fn finished<B>(response: &axum::http::Response<B>, latency: Duration, _: &Span) {
    let ms = u64::try_from(latency.as_millis()).unwrap_or(u64::MAX);
    tracing::info!(status = response.status().as_u16(), ms, "answered");
}

async fn deadline(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let answered = tokio::time::timeout(DEADLINE, next.run(request)).await;
    answered.unwrap_or_else(|_| too_late(&method).into_response())
}

/// What may have changed something leaves its sender in doubt, and says so.
fn too_late(method: &Method) -> Problem {
    let hint = if method.is_safe() {
        "ask for less at a time"
    } else {
        "whether it was carried out is unknown: send points and events again with the same \
         Idempotency-Key, which counts them once; for a question, ask for less at a time"
    };
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "urn:tessera:problem:deadline",
        "took too long",
        format!("no answer began within {} seconds", DEADLINE.as_secs()),
    )
    .hint(hint)
    .retry_after(RETRY_AFTER)
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = ?text, "a handler panicked");
    Problem::internal().into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framed_page_names_its_origins_and_is_else_as_strict() {
        let origins = ["https://a.example", "https://b.example"].map(HeaderValue::from_static);
        let policy = framed_by(&origins);
        let policy = policy.to_str().expect("a text");
        assert!(policy.ends_with("frame-ancestors https://a.example https://b.example"));
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"));
        assert_eq!(framed_by(&[]), CSP_PAGES);
    }

    #[test]
    fn what_took_too_long_says_when_to_come_back_and_what_is_in_doubt() {
        for (method, unknown) in [(Method::GET, false), (Method::POST, true)] {
            let problem = too_late(&method);
            let shown = serde_json::to_value(&problem).expect("JSON");
            let hint = shown["hint"].as_str().expect("a hint");
            assert_eq!(hint.contains("Idempotency-Key"), unknown, "{hint}");
            let response = problem.into_response();
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "10");
        }
    }
}
