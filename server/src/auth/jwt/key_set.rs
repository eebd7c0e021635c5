//! An issuer's keys: one that is fixed, or a set that is fetched (JWKS).
//!
//! A set is fetched when it is first needed, when it is old, and when a token
//! names a key that it lacks; for unknown keys never more often than [`PAUSE`],
//! whatever is asked. Keys that are known go on while the set that is fetched next has them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use crate::error::{Problem, Result};

/// Between two fetches of a set for a key that it lacks, or because it is old.
const PAUSE: Duration = Duration::from_secs(30);
/// Between two tries while there is no set yet.
const FIRST_PAUSE: Duration = Duration::from_secs(5);
/// From this age on a set is fetched again, and used until it is there.
const OLD: Duration = Duration::from_secs(600);
/// For one fetch, from the name to the last byte.
const FETCH: Duration = Duration::from_secs(5);
/// Bytes of a set.
const MAX_SET_BYTES: usize = 256 * 1024;
/// Keys of a set that are looked at.
const MAX_KEYS: usize = 100;

/// The keys of one issuer.
#[derive(Debug)]
pub(super) enum Keys {
    /// One key, whatever a token calls it.
    One(DecodingKey),
    /// A set that stays as it is.
    Set(Vec<Key>),
    /// A set that is fetched.
    Fetched(Box<Fetched>),
}

/// A key of a set.
#[derive(Debug, Clone)]
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Debug)]
pub(super) struct Fetched {
    url: Url,
    http: reqwest::Client,
    known: RwLock<Known>,
    /// Held while the set is fetched.
    fetching: Mutex<()>,
}

#[derive(Debug, Clone, Default)]
struct Known {
    keys: Arc<Vec<Key>>,
    /// When the keys were fetched.
    fetched: Option<Instant>,
    /// When the last fetch began, whether or not it brought keys.
    tried: Option<Instant>,
    /// When the last fetch for an unknown key began.
    missed: Option<Instant>,
}

impl Keys {
    pub(super) fn of_secret(secret: &[u8]) -> Self {
        Self::One(DecodingKey::from_secret(secret))
    }

    pub(super) fn of_pem(pem: &[u8], algorithm: Algorithm) -> Result<Self, String> {
        let key = match algorithm {
            Algorithm::RS256 => DecodingKey::from_rsa_pem(pem),
            Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
            _ => DecodingKey::from_ed_pem(pem),
        };
        let key = key.map_err(|_| format!("`pem_file` holds no public key for {algorithm:?}"))?;
        Ok(Self::One(key))
    }

    pub(super) fn of_set(text: &str) -> Result<Self, String> {
        let keys = parse(text.as_bytes()).ok_or("`jwks_file` holds no set of keys")?;
        match keys.is_empty() {
            true => Err("`jwks_file` holds no key for RS256, ES256 or EdDSA".into()),
            false => Ok(Self::Set(keys)),
        }
    }

    /// Over HTTPS: whoever could change the set on its way would be anybody.
    pub(super) fn at(url: &str) -> Result<Self, String> {
        let url = Url::parse(url).map_err(|_| "`jwks_url` is not a URL")?;
        let here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if url.scheme() != "https" && !(url.scheme() == "http" && here) {
            return Err("`jwks_url` must be https (http only on this machine)".into());
        }
        let http = reqwest::Client::builder()
            .timeout(FETCH)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| format!("keys cannot be fetched: {error}"))?;
        Ok(Self::Fetched(Box::new(Fetched {
            url,
            http,
            known: RwLock::default(),
            fetching: Mutex::new(()),
        })))
    }

    /// The key of this name for this algorithm. Problems: 503 when there are
    /// no keys and none can be fetched.
    pub(super) async fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<Option<DecodingKey>> {
        match self {
            Self::One(key) => Ok(Some(key.clone())),
            Self::Set(keys) => Ok(pick(keys, id, algorithm)),
            Self::Fetched(fetched) => fetched.find(id, algorithm).await,
        }
    }
}

/// The key of this name; of a token that names none, the only one there is.
fn pick(keys: &[Key], id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
    let mut fit = keys.iter().filter(|key| key.algorithm == algorithm);
    let found = match id {
        Some(_) => fit.find(|key| key.id.as_deref() == id),
        None => fit.next().filter(|_| fit.next().is_none()),
    };
    found.map(|key| key.key.clone())
}

impl Fetched {
    async fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Option<DecodingKey>> {
        let known = self.known();
        let found = pick(&known.keys, id, algorithm);
        let is_old = known.fetched.is_none_or(|at| at.elapsed() > OLD);
        if found.is_some() {
            let rested = is_past(known.tried, PAUSE);
            if is_old
                && rested
                && let Ok(_turn) = self.fetching.try_lock()
            {
                self.fetch(known).await;
                // A key that has left the set is no key any more.
                return Ok(pick(&self.known().keys, id, algorithm));
            }
            return Ok(found);
        }
        let _turn = self.fetching.lock().await;
        // Another may have fetched it meanwhile.
        let mut known = self.known();
        let found = pick(&known.keys, id, algorithm);
        let due = match known.fetched {
            None => is_past(known.tried, FIRST_PAUSE),
            Some(_) => found.is_none() && is_past(known.missed, PAUSE),
        };
        if !due {
            return match known.fetched {
                None => Err(away()),
                Some(_) => Ok(found),
            };
        }
        if known.fetched.is_some() {
            known.missed = Some(Instant::now());
        }
        self.fetch(known).await;
        let known = self.known();
        match known.fetched {
            None => Err(away()),
            Some(_) => Ok(pick(&known.keys, id, algorithm)),
        }
    }

    fn known(&self) -> Known {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.clone()
    }

    /// Fetches the set; to be called by one at a time.
    async fn fetch(&self, mut known: Known) {
        let now = Instant::now();
        known.tried = Some(now);
        match self.get().await {
            Ok(keys) => {
                known.keys = Arc::new(keys);
                known.fetched = Some(now);
            }
            Err(error) => {
                tracing::warn!(url = %self.url, error, "an issuer's keys were not fetched");
            }
        }
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    async fn get(&self) -> Result<Vec<Key>, String> {
        let text = |error: reqwest::Error| error.without_url().to_string();
        let mut response = self.http.get(self.url.clone()).send().await.map_err(text)?;
        if !response.status().is_success() {
            return Err(format!("the answer was {}", response.status()));
        }
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(text)? {
            body.extend_from_slice(&piece);
            if body.len() > MAX_SET_BYTES {
                return Err(format!("the set is over {MAX_SET_BYTES} bytes"));
            }
        }
        parse(&body).ok_or_else(|| "the answer is no set of keys".into())
    }
}

fn is_past(at: Option<Instant>, pause: Duration) -> bool {
    at.is_none_or(|at| at.elapsed() >= pause)
}

fn away() -> Problem {
    let detail = "the keys of the token's issuer cannot be fetched";
    Problem::unavailable(detail, FIRST_PAUSE).hint("try again, or use an API key")
}

/// The keys of a set that can be used here; the others are left out, so that a
/// new kind of key does not end the old ones.
fn parse(text: &[u8]) -> Option<Vec<Key>> {
    #[derive(Deserialize)]
    struct Set {
        keys: Vec<Value>,
    }
    let set: Set = serde_json::from_slice(text).ok()?;
    let keys = set.keys.into_iter().take(MAX_KEYS);
    Some(
        keys.filter_map(|key| usable(&serde_json::from_value(key).ok()?))
            .collect(),
    )
}

fn usable(jwk: &Jwk) -> Option<Key> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        // A shared secret in a public set is nobody's secret.
        _ => return None,
    };
    let common = &jwk.common;
    let signs = common
        .public_key_use
        .as_ref()
        .is_none_or(|u| *u == PublicKeyUse::Signature);
    let named = common.key_algorithm.map(|named| named.to_string());
    if !signs || named.is_some_and(|named| named != format!("{algorithm:?}")) {
        return None;
    }
    Some(Key {
        id: common.key_id.clone(),
        algorithm,
        key: DecodingKey::from_jwk(jwk).ok()?,
    })
}
