//! The caller of the operator's routes: a platform key that may operate.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use engine::metadata::actor;
use engine::metadata::platform_keys::{OPERATE, PlatformCaller};

use super::credential::credential;
use super::identity::Identity;
use crate::app::App;
use crate::error::{Challenge, Problem, Result};

/// A verified operator.
#[derive(Debug, Clone)]
pub struct Operator {
    /// Who it is, for logs.
    pub identity: Identity,
    /// Its key, and what that may do.
    pub caller: PlatformCaller,
}

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let secret = credential(&parts.headers)?;
        if secret.starts_with("tsk_") {
            return Err(
                Problem::forbidden("the key is a tenant's, not the operator's")
                    .hint("show a platform key with the scope `operate`"),
            );
        }
        let found = app.engine.platform_keys().authenticate(secret).await?;
        let caller = found.ok_or_else(|| {
            let detail = "this route takes a platform key that is neither expired nor revoked";
            Problem::unauthorized(detail, Challenge::Unknown)
        })?;
        if !caller.scopes.operate {
            return Err(Problem::forbidden(format!(
                "the platform key lacks the scope `{OPERATE}`"
            ))
            .hint(format!(
                "make one with `tessera key create --platform --scopes {OPERATE}`"
            )));
        }
        let identity = Identity::PlatformKey { id: caller.key };
        actor::name(identity.to_string());
        Ok(Self { identity, caller })
    }
}
