//! Tokens of other issuers (JWT), checked against a file that the operator
//! writes: who may issue, by which algorithm and key, for which tenants.
//!
//! Nothing in a token says how it is checked: the algorithms are the issuer's,
//! and a key that a header names by address or value is refused.

mod config;
mod key_set;
mod verifier;

use std::path::Path;

use chrono::{DateTime, Utc};
use engine::TenantId;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::{Challenge, Problem, Result};
use config::{Issuer, Tenants};

/// Bytes of a token.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// The issuers that the server trusts.
#[derive(Debug, Default)]
pub struct Issuers {
    issuers: Vec<Issuer>,
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The issuer's name in the configuration.
    pub issuer: String,
    /// The tenant.
    pub tenant: TenantId,
    /// The role inside the tenant.
    pub role: String,
    /// Whom it was issued to.
    pub subject: Option<String>,
    /// Its id.
    pub token_id: Option<String>,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
}

/// The claim by which the issuer is found, before anything is believed.
#[derive(Deserialize)]
struct Issued {
    iss: String,
}

impl Issuers {
    /// Reads a configuration. Errors: `Config`, with what is wrong where.
    pub fn read(file: &Path) -> engine::Result<Self> {
        verifier::install();
        Ok(Self {
            issuers: config::read(file)?,
        })
    }

    /// Checks a token. Problems: 401 for one that is not valid, 403 for a valid
    /// one that names no tenant or role that its issuer may, 503 while the
    /// issuer's keys cannot be fetched.
    pub async fn verify(&self, token: &str) -> Result<Verified> {
        if self.issuers.is_empty() {
            return Err(refused("the credential is none of this server's"));
        }
        if token.len() > MAX_TOKEN_BYTES {
            return Err(refused("the token is too long"));
        }
        let header = decode_header(token).map_err(|_| refused("the token cannot be read"))?;
        check_header(&header)?;
        let issued = jsonwebtoken::dangerous::insecure_decode::<Issued>(token)
            .map_err(|_| refused("the token names no issuer"))?;
        let mut known = self.issuers.iter();
        let issuer = known
            .find(|issuer| issuer.iss == issued.claims.iss)
            .ok_or_else(|| refused("the token's issuer is not known here"))?;
        if !issuer.algorithms.contains(&header.alg) {
            return Err(refused(
                "the token is signed by an algorithm that its issuer does not use",
            ));
        }
        let key = issuer.keys.find(header.kid.as_deref(), header.alg).await?;
        let key = key.ok_or_else(|| refused("the token is signed by an unknown key"))?;
        let validation = validation(issuer, header.alg);
        let token = decode::<Map<String, Value>>(token, &key, &validation)
            .map_err(|_| refused("the token is not valid, not for this server, or expired"))?;
        verified(issuer, &token.claims)
    }
}

/// A token brings no keys, no addresses of keys, and nothing that must be
/// understood and is not.
fn check_header(header: &Header) -> Result<()> {
    let brings_key = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some();
    if brings_key {
        return Err(refused("the token's header names a key of its own"));
    }
    if header.crit.is_some() || header.enc.is_some() || header.zip.is_some() {
        return Err(refused("the token's header asks for what is not supported"));
    }
    Ok(())
}

fn validation(issuer: &Issuer, algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.set_audience(&issuer.aud);
    validation.set_issuer(&[&issuer.iss]);
    validation.set_required_spec_claims(&["exp", "aud", "iss"]);
    validation.validate_nbf = true;
    validation.leeway = issuer.leeway_seconds;
    validation
}

fn verified(issuer: &Issuer, claims: &Map<String, Value>) -> Result<Verified> {
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
    let tenant = match &issuer.tenants {
        Tenants::One(tenant) => Some(tenant.clone()),
        Tenants::Listed(tenants) => {
            named(text(&issuer.tenant_claim)).filter(|t| tenants.contains(t))
        }
        Tenants::Any => named(text(&issuer.tenant_claim)),
    };
    let tenant = tenant.ok_or_else(|| {
        let claim = &issuer.tenant_claim;
        Problem::forbidden("the token names no tenant that its issuer speaks for")
            .hint(format!("the claim `{claim}` names the tenant"))
    })?;
    let role = role(issuer, claims.get(&issuer.role_claim)).ok_or_else(|| {
        let claim = &issuer.role_claim;
        Problem::forbidden("the token names no role that is known here")
            .hint(format!("the claim `{claim}` names the role"))
    })?;
    // Who has no name cannot be told from others, nor be revoked.
    let subject = text("sub").filter(|subject| !subject.is_empty());
    let subject = subject.ok_or_else(|| refused("the token names nobody: `sub` is missing"))?;
    let issued_at = claims.get("iat").and_then(Value::as_f64);
    let issued_at = issued_at.and_then(|at| DateTime::from_timestamp(at as i64, 0));
    Ok(Verified {
        issuer: issuer.name.clone(),
        tenant,
        role: role.to_owned(),
        subject: Some(subject.to_owned()),
        token_id: text("jti").map(str::to_owned),
        issued_at,
    })
}

fn named(tenant: Option<&str>) -> Option<TenantId> {
    TenantId::new(tenant?).ok()
}

/// The first of the claim's values that is mapped.
fn role<'a>(issuer: &'a Issuer, claim: Option<&Value>) -> Option<&'a str> {
    let values = match claim {
        Some(Value::Array(values)) => values.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => return issuer.default_role.as_deref(),
    };
    let mut values = values.iter().filter_map(Value::as_str);
    values
        .find_map(|value| issuer.roles.get(value))
        .map(String::as_str)
}

/// A token that is nobody's: the sentence says no more than its sender knows.
fn refused(detail: &'static str) -> Problem {
    Problem::unauthorized(detail, Challenge::Unknown)
}
