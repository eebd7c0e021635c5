//! Seals a short secret so that it can be given out and only be read here.
//!
//! ChaCha20-Poly1305 with a random nonce; the sealed text carries the moment it
//! ends. It does not know what the secret opens.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use engine::{Error, Result};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest;
use secrecy::{ExposeSecret as _, SecretString};

/// Says what the sealed text is, so that no other use of the key opens it.
const PURPOSE: &[u8] = b"tessera session 1";

/// The file of a data directory that holds its own secret.
const FILE: &str = "session-secret";

/// The shortest text that is taken as a secret.
const LEAST_CHARACTERS: usize = 32;

/// Before the secret: when it ends, seconds since 1970, big-endian.
const END_BYTES: usize = 8;

/// A key that seals and opens. Cheap to clone.
#[derive(Clone)]
pub struct Seal(Arc<LessSafeKey>);

impl Seal {
    /// Made from a text that all servers of a catalog share. Errors: `Config`
    /// when it is shorter than 32 characters.
    pub fn from_text(text: &SecretString) -> Result<Self> {
        let text = text.expose_secret();
        if text.chars().count() < LEAST_CHARACTERS {
            return Err(Error::Config(format!(
                "the session secret is shorter than {LEAST_CHARACTERS} characters; \
                 `openssl rand -hex 32` makes a good one"
            )));
        }
        let hash = digest::digest(&digest::SHA256, text.as_bytes());
        let key = UnboundKey::new(&CHACHA20_POLY1305, hash.as_ref()).map_err(unfit)?;
        Ok(Self(Arc::new(LessSafeKey::new(key))))
    }

    /// Of a secret that is kept in the data directory, and made there once.
    pub fn of_directory(data_dir: &Path) -> Result<Self> {
        let path = data_dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => make(&path),
            read => read,
        };
        let text = text.map_err(|error| {
            Error::Config(format!(
                "the session secret {} cannot be kept: {error}",
                path.display()
            ))
        })?;
        Self::from_text(&text.trim().into())
    }

    /// The secret as a text that can be given out until `ends`.
    pub(super) fn seal(&self, secret: &str, ends: DateTime<Utc>) -> Result<String> {
        let mut nonce = [0u8; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(Error::internal)?;
        let mut bytes = ends.timestamp().to_be_bytes().to_vec();
        bytes.extend_from_slice(secret.as_bytes());
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(unique, Aad::from(PURPOSE), &mut bytes)
            .map_err(unfit)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &bytes].concat()))
    }

    /// What was sealed; `None` when it was not sealed here, was altered, or has
    /// ended.
    pub(super) fn open(&self, sealed: &str, now: DateTime<Utc>) -> Option<SecretString> {
        let mut bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = self
            .0
            .open_in_place(nonce, Aad::from(PURPOSE), sealed)
            .ok()?;
        let (ends, secret) = opened.split_first_chunk::<END_BYTES>()?;
        if i64::from_be_bytes(*ends) <= now.timestamp() {
            return None;
        }
        Some(std::str::from_utf8(secret).ok()?.into())
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Seal")
    }
}

/// A new secret, in a file that only its owner reads.
fn make(path: &Path) -> io::Result<String> {
    let mut random = [0u8; 32];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let text = URL_SAFE_NO_PAD.encode(random);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            Ok(text)
        }
        // Another server of this directory was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::read_to_string(path),
        Err(error) => Err(error),
    }
}

fn unfit(_: ring::error::Unspecified) -> Error {
    Error::internal(io::Error::other("a session could not be sealed"))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn seal(text: &str) -> Seal {
        Seal::from_text(&text.repeat(32).into()).expect("a seal")
    }

    #[test]
    fn what_was_sealed_opens_until_it_ends() {
        let now = Utc::now();
        let sealed = seal("a")
            .seal("tsk_1", now + TimeDelta::seconds(60))
            .expect("sealed");
        let open = |at| seal("a").open(&sealed, at);
        assert_eq!(open(now).expect("it opens").expose_secret(), "tsk_1");
        assert!(open(now + TimeDelta::seconds(61)).is_none());
    }

    #[test]
    fn altered_foreign_and_short_texts_do_not_open() {
        let now = Utc::now();
        let sealed = seal("a")
            .seal("tsk_1", now + TimeDelta::seconds(60))
            .expect("sealed");
        assert!(seal("b").open(&sealed, now).is_none());
        for at in [0, 20, sealed.len() - 2] {
            let mut altered = sealed.clone().into_bytes();
            altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(altered).expect("text");
            assert!(seal("a").open(&altered, now).is_none(), "{at}");
        }
        for short in ["", "AAAA", "no base64!"] {
            assert!(seal("a").open(short, now).is_none(), "{short}");
        }
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(Seal::from_text(&"short".into()).is_err());
    }

    #[test]
    fn a_directory_keeps_its_secret_to_its_owner() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().expect("a folder");
        let now = Utc::now();
        let first = Seal::of_directory(folder.path()).expect("a seal");
        let sealed = first
            .seal("tsk_1", now + TimeDelta::seconds(60))
            .expect("sealed");
        let again = Seal::of_directory(folder.path()).expect("the same seal");
        assert!(again.open(&sealed, now).is_some());
        let file = fs::metadata(folder.path().join(FILE)).expect("the file");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }
}
