//! The caller of a request: an API key, checked for one scope.
//!
//! A handler that takes `Caller<ToRead>` cannot run without a key that may
//! read. It does not know what the scopes open.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use engine::TenantId;
use engine::metadata::keys::Scope;
use secrecy::ExposeSecret as _;

use super::session;
use crate::app::App;
use crate::error::{Challenge, Problem, Result};

/// The scope a handler needs, as a type.
pub trait Needs: Send + Sync {
    /// The scope.
    const SCOPE: Scope;
}

/// Sends points and events.
#[derive(Debug, Clone, Copy)]
pub struct ToIngest;
/// Reads dashboards, metrics and SQL.
#[derive(Debug, Clone, Copy)]
pub struct ToRead;
/// Changes what the tenant's data means, and what is kept.
#[derive(Debug, Clone, Copy)]
pub struct ToAdmin;
/// Takes data away in bulk.
#[derive(Debug, Clone, Copy)]
pub struct ToExport;

impl Needs for ToIngest {
    const SCOPE: Scope = Scope::Ingest;
}
impl Needs for ToRead {
    const SCOPE: Scope = Scope::Read;
}
impl Needs for ToAdmin {
    const SCOPE: Scope = Scope::Admin;
}
impl Needs for ToExport {
    const SCOPE: Scope = Scope::Export;
}

/// A verified caller that carries the scope `N`.
#[derive(Debug, Clone)]
pub struct Caller<N> {
    /// The only tenant this request may touch.
    pub tenant: TenantId,
    scope: PhantomData<N>,
}

impl<N: Needs> FromRequestParts<App> for Caller<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let session = session::credential(parts, app)?;
        let secret = match &session {
            Some(secret) => secret.expose_secret(),
            None => credential(&parts.headers)?,
        };
        let caller = app
            .engine
            .keys()
            .authenticate(secret)
            .await?
            .ok_or_else(|| {
                Problem::unauthorized("the key is unknown, expired or revoked", Challenge::Unknown)
            })?;
        agree(&parts.headers, &caller.tenant)?;
        if !caller.may(N::SCOPE) {
            let scope = N::SCOPE.name();
            return Err(
                Problem::forbidden(format!("the key lacks the scope `{scope}`")).hint(format!(
                    "make a key with `tessera key create --scopes {scope}`"
                )),
            );
        }
        tracing::Span::current().record("tenant", caller.tenant.as_str());
        Ok(Self {
            tenant: caller.tenant,
            scope: PhantomData,
        })
    }
}

/// The one credential of a request; two that differ are nobody's.
fn credential(headers: &HeaderMap) -> Result<&str> {
    let mut shown = None;
    let bearers = headers.get_all(header::AUTHORIZATION).iter().map(|value| {
        let text = value.to_str().unwrap_or_default();
        let (scheme, secret) = text.split_once(' ').unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            secret.trim()
        } else {
            ""
        }
    });
    let keys = headers
        .get_all("x-api-key")
        .iter()
        .map(|v| v.to_str().unwrap_or_default().trim());
    for secret in bearers.chain(keys) {
        if secret.is_empty() {
            return Err(Problem::unauthorized(
                "the credential is not of the form `Bearer tsk_…`",
                Challenge::Missing,
            ));
        }
        if shown.is_some_and(|other| other != secret) {
            return Err(Problem::unauthorized(
                "two different credentials are given",
                Challenge::Missing,
            ));
        }
        shown = Some(secret);
    }
    shown.ok_or_else(|| {
        Problem::unauthorized("the request carries no credential", Challenge::Missing)
    })
}

/// `X-Tenant-ID` may repeat the key's tenant and nothing else.
fn agree(headers: &HeaderMap, tenant: &TenantId) -> Result<()> {
    let named = headers.get_all("x-tenant-id");
    if named
        .iter()
        .all(|value| value.as_bytes() == tenant.as_str().as_bytes())
    {
        return Ok(());
    }
    Err(
        Problem::forbidden("the header X-Tenant-ID names another tenant than the key's")
            .at("X-Tenant-ID")
            .hint("leave the header out, or send the tenant the key was made for"),
    )
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
    fn a_key_is_taken_from_either_header() {
        for (name, value) in [
            ("authorization", "Bearer tsk_a"),
            ("authorization", "bearer  tsk_a"),
            ("x-api-key", "tsk_a"),
        ] {
            assert_eq!(
                credential(&headers(&[(name, value)])).expect(value),
                "tsk_a"
            );
        }
    }

    #[test]
    fn none_two_and_other_schemes_are_refused() {
        for bad in [
            &[][..],
            &[("authorization", "Basic dTpw")],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer tsk_a"), ("x-api-key", "tsk_b")],
            &[
                ("authorization", "Bearer tsk_a"),
                ("authorization", "Bearer tsk_b"),
            ],
        ] {
            let problem = credential(&headers(bad)).expect_err("a refusal");
            assert_eq!(problem.status(), 401);
        }
    }

    #[test]
    fn a_tenant_header_must_repeat_the_keys_tenant() {
        let tenant = TenantId::new("a").expect("an id");
        assert!(agree(&headers(&[]), &tenant).is_ok());
        assert!(agree(&headers(&[("x-tenant-id", "a")]), &tenant).is_ok());
        for bad in [
            &[("x-tenant-id", "b")][..],
            &[("x-tenant-id", "")],
            &[("x-tenant-id", "a"), ("x-tenant-id", "b")],
        ] {
            assert_eq!(
                agree(&headers(bad), &tenant)
                    .expect_err("a refusal")
                    .status(),
                403
            );
        }
    }
}
