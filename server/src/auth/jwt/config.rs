//! The file of issuers (`tessera serve --auth FILE`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use engine::{Error, Result, TenantId};
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::key_set::Keys;

/// HMAC-SHA-256 is as strong as its secret: as long as what it gives.
const MIN_SECRET_BYTES: usize = 32;
/// Clocks differ by this much at most.
const MAX_LEEWAY_SECONDS: u64 = 300;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    issuer: Vec<Entry>,
}

/// An issuer as it is written; it may hold a secret, and is never shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    iss: String,
    aud: Vec<String>,
    algorithms: Vec<String>,
    secret: Option<String>,
    secret_file: Option<PathBuf>,
    pem_file: Option<PathBuf>,
    jwks_file: Option<PathBuf>,
    jwks_url: Option<String>,
    tenant: Option<String>,
    tenants: Option<Vec<String>>,
    #[serde(default)]
    any_tenant: bool,
    #[serde(default = "tenant_claim")]
    tenant_claim: String,
    #[serde(default = "role_claim")]
    role_claim: String,
    #[serde(default)]
    roles: BTreeMap<String, String>,
    default_role: Option<String>,
    #[serde(default = "leeway_seconds")]
    leeway_seconds: u64,
}

fn tenant_claim() -> String {
    "tenant_id".into()
}

fn role_claim() -> String {
    "role".into()
}

fn leeway_seconds() -> u64 {
    30
}

/// An issuer that is trusted.
#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) name: String,
    pub(super) iss: String,
    pub(super) aud: Vec<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) keys: Keys,
    pub(super) tenants: Tenants,
    pub(super) tenant_claim: String,
    pub(super) role_claim: String,
    pub(super) roles: BTreeMap<String, String>,
    pub(super) default_role: Option<String>,
    pub(super) leeway_seconds: u64,
}

/// The tenants that an issuer speaks for.
#[derive(Debug)]
pub(super) enum Tenants {
    /// This one, whatever the token says.
    One(TenantId),
    /// The one that the token names, if it is among these.
    Listed(BTreeSet<TenantId>),
    /// The one that the token names.
    Any,
}

/// Reads and checks a file.
pub(super) fn read(file: &Path) -> Result<Vec<Issuer>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::Config(format!(
            "the file of issuers {shown} cannot be read: {error}"
        ))
    })?;
    let parsed: File = toml::from_str(&text).map_err(|error| {
        // The parser shows the line, which may hold a secret.
        let message = error.message();
        Error::Config(format!("the file of issuers {shown} is wrong: {message}"))
    })?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut issuers: Vec<Issuer> = Vec::new();
    for entry in parsed.issuer {
        let name = entry.name.clone();
        let issuer = entry.checked(folder).map_err(|what| {
            Error::Config(format!("the issuer {name:?} in {shown} is wrong: {what}"))
        })?;
        if issuers
            .iter()
            .any(|other| other.iss == issuer.iss || other.name == issuer.name)
        {
            let message = format!("the issuer {name:?} in {shown} is there twice, by name or iss");
            return Err(Error::Config(message));
        }
        issuers.push(issuer);
    }
    Ok(issuers)
}

impl Entry {
    fn checked(self, folder: &Path) -> Result<Issuer, String> {
        if self.name.is_empty() || self.iss.is_empty() {
            return Err("`name` and `iss` must not be empty".into());
        }
        if self.aud.is_empty() || self.aud.iter().any(String::is_empty) {
            return Err("`aud` must name who the tokens are for".into());
        }
        if self.leeway_seconds > MAX_LEEWAY_SECONDS {
            return Err(format!("`leeway_seconds` is at most {MAX_LEEWAY_SECONDS}"));
        }
        if self.roles.is_empty() && self.default_role.is_none() {
            return Err("`roles` must map values of the role claim to roles".into());
        }
        let algorithms = self.algorithms.iter().map(|name| algorithm(name));
        let algorithms = algorithms.collect::<Result<Vec<_>, String>>()?;
        if algorithms.is_empty() {
            return Err("`algorithms` must not be empty".into());
        }
        let keys = self.keys(folder, &algorithms)?;
        let tenants = self.tenants()?;
        Ok(Issuer {
            name: self.name,
            iss: self.iss,
            aud: self.aud,
            algorithms,
            keys,
            tenants,
            tenant_claim: self.tenant_claim,
            role_claim: self.role_claim,
            roles: self.roles,
            default_role: self.default_role,
            leeway_seconds: self.leeway_seconds,
        })
    }

    /// One source of keys, which fits the algorithms: a shared secret signs
    /// nothing that a public key verifies, and the other way round.
    fn keys(&self, folder: &Path, algorithms: &[Algorithm]) -> Result<Keys, String> {
        let text = |file: &PathBuf| {
            let file = folder.join(file);
            std::fs::read_to_string(&file)
                .map_err(|e| format!("{} cannot be read: {e}", file.display()))
        };
        let shared = algorithms == [Algorithm::HS256];
        let public = !algorithms.contains(&Algorithm::HS256);
        let sources = (
            self.secret.as_ref(),
            self.secret_file.as_ref(),
            self.pem_file.as_ref(),
            self.jwks_file.as_ref(),
            self.jwks_url.as_deref(),
        );
        match sources {
            (Some(secret), None, None, None, None) if shared => secret_key(secret),
            (None, Some(file), None, None, None) if shared => secret_key(text(file)?.trim()),
            (None, None, Some(file), None, None) if public => match algorithms {
                [algorithm] => Keys::of_pem(text(file)?.as_bytes(), *algorithm),
                _ => Err("`pem_file` holds one key, for one algorithm".into()),
            },
            (None, None, None, Some(file), None) if public => Keys::of_set(&text(file)?),
            (None, None, None, None, Some(url)) if public => Keys::at(url),
            _ => Err(
                "exactly one of `secret`, `secret_file` (both for HS256 alone), `pem_file`, \
                 `jwks_file` and `jwks_url` (for RS256, ES256 and EdDSA) says its key"
                    .into(),
            ),
        }
    }

    fn tenants(&self) -> Result<Tenants, String> {
        let id = |id: &String| TenantId::new(id).map_err(|_| format!("{id:?} is no tenant's id"));
        match (&self.tenant, &self.tenants, self.any_tenant) {
            (Some(tenant), None, false) => Ok(Tenants::One(id(tenant)?)),
            (None, Some(tenants), false) => Ok(Tenants::Listed(
                tenants.iter().map(id).collect::<Result<_, _>>()?,
            )),
            (None, None, true) => Ok(Tenants::Any),
            _ => Err(
                "exactly one of `tenant`, `tenants` and `any_tenant = true` says whom it \
                 speaks for"
                    .into(),
            ),
        }
    }
}

fn secret_key(secret: &str) -> Result<Keys, String> {
    if secret.len() < MIN_SECRET_BYTES {
        return Err(format!(
            "a shared secret has at least {MIN_SECRET_BYTES} bytes"
        ));
    }
    Ok(Keys::of_secret(secret.as_bytes()))
}

fn algorithm(name: &str) -> Result<Algorithm, String> {
    match name {
        "HS256" => Ok(Algorithm::HS256),
        "RS256" => Ok(Algorithm::RS256),
        "ES256" => Ok(Algorithm::ES256),
        "EdDSA" => Ok(Algorithm::EdDSA),
        other => Err(format!(
            "{other:?} is not among HS256, RS256, ES256 and EdDSA"
        )),
    }
}
