//! The one credential of a request, and the tenant that it names.

use axum::http::{HeaderMap, header};
use engine::TenantId;

use crate::error::{Challenge, Problem, Result};

/// The header that names a tenant.
const TENANT_HEADER: &str = "x-tenant-id";

/// The one credential of a request; two that differ are nobody's.
pub(super) fn credential(headers: &HeaderMap) -> Result<&str> {
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

/// `X-Tenant-ID` may repeat the credential's tenant and nothing else.
pub(super) fn agree(headers: &HeaderMap, tenant: &TenantId) -> Result<()> {
    let named = headers.get_all(TENANT_HEADER);
    if named
        .iter()
        .all(|value| value.as_bytes() == tenant.as_str().as_bytes())
    {
        return Ok(());
    }
    Err(
        Problem::forbidden("the header X-Tenant-ID names another tenant than the credential's")
            .at("X-Tenant-ID")
            .hint("leave the header out, or send the tenant that it was made for"),
    )
}

/// The tenant that a platform key acts for: `X-Tenant-ID` must name it.
pub(super) fn chosen(headers: &HeaderMap) -> Result<TenantId> {
    let mut named = headers.get_all(TENANT_HEADER).iter();
    let (Some(name), None) = (named.next(), named.next()) else {
        return Err(Problem::malformed(
            "a platform key acts for the tenant that X-Tenant-ID names, once",
        )
        .at("X-Tenant-ID")
        .hint("send the header X-Tenant-ID with the tenant's id"));
    };
    let tenant = name.to_str().ok().and_then(|name| TenantId::new(name).ok());
    tenant.ok_or_else(not_listed)
}

/// A tenant that a platform key may not act for: the same whether it exists.
pub(super) fn not_listed() -> Problem {
    Problem::forbidden("the platform key may not act for this tenant")
        .at("X-Tenant-ID")
        .hint("name a tenant that the key was made for")
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
