//! The pages: files that the build put into the binary.
//!
//! `build.rs` embeds what Vite made, if it made something; a binary that was
//! built without says at `/` how to build them. Files of the bundle carry
//! their fingerprint in their name and may be kept for ever.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};

use crate::app::App;
use crate::error::{Problem, Result};
use crate::layers::{self, MayStandInFrames};

include!(concat!(env!("OUT_DIR"), "/pages.rs"));

/// A file of the bundle, as it is and compressed.
struct Embedded {
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// For files whose name changes with what is in them.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// For the document that names those files.
const ASK_AGAIN: &str = "no-cache";

/// What is shown in place of pages that were not built.
const NOT_BUILT: &str = "<!doctype html>
<html lang=\"en\"><meta charset=\"utf-8\"><title>Tessera</title>
<meta name=\"viewport\" content=\"width=device-width\">
<h1>Tessera is running</h1>
<p>This binary was built without its pages. With Node 20 or newer, <code>make run</code>
builds them; or, from the checkout:</p>
<pre>cd server/dashboard
npm ci
npm run build
cd ../..
cargo build --release -p server</pre>
<p>The API needs no pages: see <a href=\"/docs\">its documentation</a>.</p>
</html>
";

/// The document of all pages; which one is shown is the browser's to find out.
pub(crate) async fn page(headers: HeaderMap) -> Response {
    let mut response = match embedded("index.html") {
        Some(index) => index.answer(&headers),
        None => Html(NOT_BUILT).into_response(),
    };
    let fixed = header::HeaderValue::from_static(ASK_AGAIN);
    response.headers_mut().insert(header::CACHE_CONTROL, fixed);
    response
}

/// The same document, which may stand in frames of the origins that the operator
/// names. Whom it shows what is said by a token behind `#`, which comes here not.
pub(crate) async fn embedded_page(State(app): State<App>, headers: HeaderMap) -> Response {
    let mut response = page(headers).await;
    let policy = layers::framed_by(&app.embed_origins);
    let names = response.headers_mut();
    names.insert(header::CONTENT_SECURITY_POLICY, policy);
    if !app.embed_origins.is_empty() {
        response.extensions_mut().insert(MayStandInFrames);
    }
    response
}

/// A file of the bundle.
pub(crate) async fn file(
    uri: Uri,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response> {
    let file = embedded(&format!("assets/{name}")).ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "urn:tessera:problem:not-found",
            "not found",
            format!("there is nothing at {}", uri.path()),
        )
        .hint("reload the page: the server has newer ones")
    })?;
    let mut response = file.answer(&headers);
    let fixed = header::HeaderValue::from_static(FOR_EVER);
    response.headers_mut().insert(header::CACHE_CONTROL, fixed);
    Ok(response)
}

fn embedded(name: &str) -> Option<&'static Embedded> {
    PAGES.iter().find(|file| file.name == name)
}

impl Embedded {
    fn answer(&self, headers: &HeaderMap) -> Response {
        let (bytes, coding) = match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepts(headers, "br") => (bytes, Some("br")),
            (_, Some(bytes)) if accepts(headers, "gzip") => (bytes, Some("gzip")),
            _ => (self.plain, None),
        };
        let media = [
            (header::CONTENT_TYPE, media_type(self.name)),
            (header::VARY, "Accept-Encoding"),
        ];
        let coding = coding.map(|coding| [(header::CONTENT_ENCODING, coding)]);
        match coding {
            Some(coding) => (media, coding, bytes).into_response(),
            None => (media, bytes).into_response(),
        }
    }
}

/// Whether `Accept-Encoding` names the coding and does not refuse it.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING);
    let named = values.iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|choice| {
        let (name, quality) = choice.split_once(';').unwrap_or((choice, ""));
        let quality = quality.trim().strip_prefix("q=");
        let refused = quality.is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0));
        name.trim().eq_ignore_ascii_case(coding) && !refused
    })
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" => "application/json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(text: &'static str) -> HeaderMap {
        let value = header::HeaderValue::from_static(text);
        HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)])
    }

    #[test]
    fn a_file_is_compressed_as_the_browser_can_read_it() {
        let file = Embedded {
            name: "assets/a.js",
            plain: b"plain",
            brotli: Some(b"br"),
            gzip: Some(b"gz"),
        };
        for (accepted, coding) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip, deflate, br;q=0", Some("gzip")),
            ("gzip;q=0.5", Some("gzip")),
            ("identity", None),
            ("", None),
        ] {
            let response = file.answer(&asking(accepted));
            let said = response.headers().get(header::CONTENT_ENCODING);
            assert_eq!(said.map(|v| v.as_bytes()), coding.map(str::as_bytes));
            assert_eq!(response.headers()[header::VARY], "Accept-Encoding");
        }
    }

    #[test]
    fn scripts_are_said_to_be_scripts() {
        assert_eq!(
            media_type("assets/a-1f.js"),
            "text/javascript; charset=utf-8"
        );
        assert_eq!(media_type("x"), "application/octet-stream");
    }
}
