//! Sessions of the pages: a cookie in place of a key.
//!
//! The cookie holds the key sealed, so that no script can read it, no server
//! keeps a list, and it ends when the key does. A request that it lets in and
//! that may change something must also come from the pages themselves.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;

use crate::app::App;
use crate::error::{Challenge, Problem, Result};

/// The cookie's name.
pub(crate) const COOKIE: &str = "tessera_session";

/// For how long a browser stays signed in.
const LASTS: TimeDelta = TimeDelta::days(7);

/// A header that forms and foreign pages cannot send.
const FROM_PAGES: HeaderName = HeaderName::from_static("x-tessera-page");

/// A new session: the cookie and its end.
pub(crate) struct Opened {
    /// The value of `Set-Cookie`.
    pub(crate) cookie: String,
    /// When the browser is asked for a key again.
    pub(crate) ends: DateTime<Utc>,
}

/// The key that the session of this request stands for; `None` when it carries
/// no session, or names a credential in a header, which comes first.
pub(crate) fn credential(parts: &Parts, app: &App) -> Result<Option<SecretString>> {
    if parts.headers.contains_key(header::AUTHORIZATION) || parts.headers.contains_key("x-api-key")
    {
        return Ok(None);
    }
    let Some(sealed) = cookie(&parts.headers) else {
        return Ok(None);
    };
    if !parts.method.is_safe() {
        from_pages(&parts.method, &parts.headers)?;
    }
    let secret = app.seal.open(sealed, Utc::now());
    secret.map(Some).ok_or_else(|| {
        Problem::unauthorized("the session has ended", Challenge::Unknown)
            .hint("sign in again with a key")
    })
}

/// Opens a session for a key that was checked.
pub(crate) fn open(app: &App, headers: &HeaderMap, key: &str) -> Result<Opened> {
    let ends = Utc::now() + LASTS;
    let sealed = app.seal.seal(key, ends)?;
    let seconds = LASTS.num_seconds();
    Ok(Opened {
        cookie: set_cookie(&sealed, seconds, headers),
        ends,
    })
}

/// The value of `Set-Cookie` that ends a session.
pub(crate) fn end(headers: &HeaderMap) -> String {
    set_cookie("", 0, headers)
}

/// Refuses what another site's page sends in the user's name.
pub(crate) fn from_pages(method: &Method, headers: &HeaderMap) -> Result<()> {
    let text = |name: &HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let site = text(&HeaderName::from_static("sec-fetch-site"));
    let own = match (site, text(&header::ORIGIN)) {
        // Written by the browser, which knows better than a proxy's host name.
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let authority = origin.parse::<Uri>().ok();
            let authority = authority.as_ref().and_then(Uri::authority);
            authority.map(|a| a.as_str()) == text(&header::HOST)
        }
        (None, None) => false,
    };
    if own && headers.contains_key(FROM_PAGES) {
        return Ok(());
    }
    Err(Problem::forbidden(format!(
        "{method} with a session is for the pages of this server"
    ))
    .hint("send a key in `Authorization: Bearer tsk_…` instead of the cookie"))
}

/// The session's cookie.
fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// `Secure` when the pages came by https, which the browser itself says.
fn set_cookie(value: &str, seconds: i64, headers: &HeaderMap) -> String {
    let origin = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok());
    let secure = match origin.is_some_and(|origin| origin.starts_with("https://")) {
        true => "; Secure",
        false => "",
    };
    format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(of: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in of {
            headers.append(*name, value.parse().expect("a header value"));
        }
        headers
    }

    #[test]
    fn only_the_pages_themselves_may_change_something() {
        let page = ("x-tessera-page", "1");
        let host = ("host", "tessera.example:8080");
        for (shown, passes) in [
            (&[page, ("sec-fetch-site", "same-origin")][..], true),
            (
                &[page, host, ("origin", "http://tessera.example:8080")],
                true,
            ),
            (&[page, ("sec-fetch-site", "same-site")], false),
            (&[page, ("sec-fetch-site", "cross-site")], false),
            (&[page, host, ("origin", "http://evil.example")], false),
            (&[page, host, ("origin", "null")], false),
            (&[page, host], false),
            (&[("sec-fetch-site", "same-origin")], false),
        ] {
            let outcome = from_pages(&Method::POST, &headers(shown));
            assert_eq!(outcome.is_ok(), passes, "{shown:?}");
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let among = headers(&[("cookie", "a=b; tessera_session=xyz; c=d")]);
        assert_eq!(cookie(&among), Some("xyz"));
        assert_eq!(
            cookie(&headers(&[("cookie", "not_tessera_session=1")])),
            None
        );
    }

    #[test]
    fn the_cookie_is_for_https_alone_where_the_page_came_by_it() {
        let plain = set_cookie("v", 1, &headers(&[("origin", "http://localhost")]));
        assert!(plain.contains("HttpOnly; SameSite=Strict") && !plain.contains("Secure"));
        let https = set_cookie("v", 1, &headers(&[("origin", "https://a.example")]));
        assert!(https.ends_with("; Secure"));
    }
}
