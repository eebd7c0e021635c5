//! The operator, who sees all tenants: the holder of the one key that the
//! server was started with (`TESSERA_OPERATOR_KEY`). Without one nobody is.

use std::sync::LazyLock;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use super::caller::credential;
use crate::app::App;
use crate::error::{Challenge, Problem, Result};

/// Shorter ones could be guessed.
const MIN_KEY_BYTES: usize = 32;

static KEY: LazyLock<Option<String>> = LazyLock::new(|| {
    let key = std::env::var("TESSERA_OPERATOR_KEY").ok()?;
    (key.len() >= MIN_KEY_BYTES).then_some(key)
});

/// A verified operator.
#[derive(Debug, Clone, Copy)]
pub struct Operator;

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self> {
        let shown = credential(&parts.headers)?;
        let known = KEY.as_deref().unwrap_or_default();
        // All bytes are looked at, so that timing tells nothing of them.
        let differ = shown
            .bytes()
            .zip(known.bytes())
            .fold(0, |all, (a, b)| all | (a ^ b));
        if known.is_empty() || shown.len() != known.len() || differ != 0 {
            return Err(Problem::unauthorized(
                "the credential is not the operator's",
                Challenge::Unknown,
            ));
        }
        Ok(Self)
    }
}
