//! API keys: 256 random bits each, of which only the SHA-256 is stored.

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use storage_layout::TenantId;
use uuid::Uuid;

use crate::error::Result;

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Send points and events.
    Ingest,
    /// Dashboards, metrics, SQL.
    Read,
    /// Exports.
    Export,
    /// Everything inside the tenant.
    Admin,
}

/// Whom a key names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The only tenant this caller sees.
    pub tenant: TenantId,
    /// The key that was shown.
    pub key: Uuid,
    /// What it may do.
    pub scopes: Vec<Scope>,
}

impl Caller {
    /// Whether the key carries this scope (or `admin`).
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}

impl Scope {
    /// All scopes, in the order users see them.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Read, Self::Export, Self::Admin];

    /// The scope's name as users write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Export => "export",
            Self::Admin => "admin",
        }
    }
}

/// A key that was just made; the secret is shown this once.
#[derive(Debug)]
pub struct NewKey {
    /// Its id, for lists and revocation.
    pub id: Uuid,
    /// The text that a caller sends as bearer token (`tsk_…`).
    pub secret: SecretString,
}

/// Makes, checks and revokes keys.
#[derive(Debug, Clone)]
pub struct Keys {}

impl Keys {
    /// Makes a key. Errors: `NotFound` when the tenant does not exist.
    pub async fn create(
        &self,
        _tenant: &TenantId,
        _scopes: &[Scope],
        _expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewKey> {
        todo!()
    }

    /// Whom this text names; `None` when nobody, expired or revoked.
    pub async fn authenticate(&self, _secret: &str) -> Result<Option<Caller>> {
        todo!()
    }

    /// Revokes a key of this tenant.
    pub async fn revoke(&self, _tenant: &TenantId, _key: Uuid) -> Result<()> {
        todo!()
    }
}
