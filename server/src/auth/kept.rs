//! A credential that is kept while a stream is open, so that it can be looked
//! at again: what it opened ends when it does.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use chrono::{DateTime, Utc};
use engine::TenantId;
use ring::digest;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::caller::{Caller, Needs};
use super::{credential, session};
use crate::app::App;
use crate::error::Result;

/// Which credentials of a request are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialIn {
    /// Those in headers alone.
    Headers,
    /// The pages' cookie, too.
    HeadersOrCookie,
}

/// A credential and the tenant that it was used for. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Kept {
    secret: SecretString,
    tenant: TenantId,
}

/// A credential with what it was given for, before it is sealed.
#[derive(Serialize, Deserialize)]
struct Note<'a> {
    secret: &'a str,
    tenant: &'a str,
    text: std::borrow::Cow<'a, str>,
}

impl Kept {
    /// The caller of a request, and its credential.
    pub(crate) async fn of<N: Needs>(
        parts: &Parts,
        from: CredentialIn,
        app: &App,
    ) -> Result<(Caller<N>, Self)> {
        let session = match from {
            CredentialIn::Headers => None,
            CredentialIn::HeadersOrCookie => session::credential(parts, app)?,
        };
        let secret = match session {
            Some(secret) => secret,
            None => credential::credential(&parts.headers)?.into(),
        };
        let caller = Caller::named(secret.expose_secret(), &parts.headers, app).await?;
        let tenant = caller.tenant.clone();
        Ok((caller, Self { secret, tenant }))
    }

    /// Whom it names now.
    pub(crate) async fn caller<N: Needs>(&self, app: &App) -> Result<Caller<N>> {
        let name = HeaderName::from_static("x-tenant-id");
        let tenant = HeaderValue::from_str(self.tenant.as_str());
        let tenant = tenant.map_err(engine::Error::internal)?;
        let headers = HeaderMap::from_iter([(name, tenant)]);
        Caller::named(self.secret.expose_secret(), &headers, app).await
    }

    /// Tells credentials apart without showing them.
    pub(crate) fn mark(&self) -> [u8; 32] {
        let text = format!("{}\n{}", self.tenant, self.secret.expose_secret());
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let mut mark = [0; 32];
        mark.copy_from_slice(hash.as_ref());
        mark
    }

    /// The credential with a text, to be read by this server alone, until then.
    pub(crate) fn sealed(&self, app: &App, text: &str, ends: DateTime<Utc>) -> Result<String> {
        let note = Note {
            secret: self.secret.expose_secret(),
            tenant: self.tenant.as_str(),
            text: text.into(),
        };
        let note = serde_json::to_string(&note).map_err(engine::Error::internal)?;
        Ok(app.seal.seal(&note, ends)?)
    }

    /// What was sealed; `None` when it was not sealed here, or has ended.
    pub(crate) fn opened(app: &App, sealed: &str, now: DateTime<Utc>) -> Option<(Self, String)> {
        let note = app.seal.open(sealed, now)?;
        let note: Note<'_> = serde_json::from_str(note.expose_secret()).ok()?;
        let kept = Self {
            secret: note.secret.into(),
            tenant: TenantId::new(note.tenant).ok()?,
        };
        Some((kept, note.text.into_owned()))
    }
}

impl std::fmt::Debug for Kept {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(to, "Kept of {}", self.tenant)
    }
}
