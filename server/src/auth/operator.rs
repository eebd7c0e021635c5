//! The operator: who may change plans and see what all tenants used.
//!
//! The secret is the server's setting `TESSERA_OPERATOR_TOKEN`; without one
//! nobody is the operator.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use secrecy::{ExposeSecret, SecretString};
use std::sync::LazyLock;

use super::caller::credential;
use crate::app::App;
use crate::error::{Challenge, Problem, Result};

/// What the operator shows; read once.
static TOKEN: LazyLock<Option<SecretString>> = LazyLock::new(|| {
    let token = std::env::var("TESSERA_OPERATOR_TOKEN").ok();
    token
        .filter(|token| token.len() >= 32)
        .map(SecretString::from)
});

/// A verified operator.
#[derive(Debug, Clone, Copy)]
pub struct Operator;

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let shown = credential(&parts.headers)?;
        let is_operator = TOKEN
            .as_ref()
            .is_some_and(|token| same(token.expose_secret().as_bytes(), shown.as_bytes()));
        if is_operator {
            return Ok(Self);
        }
        match app.engine.keys().authenticate(shown).await? {
            Some(_) => Err(
                Problem::forbidden("the key is a tenant's, not the operator's")
                    .hint("show the operator's key"),
            ),
            None => Err(Problem::unauthorized(
                "the key is unknown, expired or revoked",
                Challenge::Unknown,
            )),
        }
    }
}

/// Takes as long however much of it is right.
fn same(secret: &[u8], shown: &[u8]) -> bool {
    let differs = secret
        .iter()
        .zip(shown)
        .fold(0, |all, (a, b)| all | (a ^ b));
    secret.len() == shown.len() && differs == 0
}
