//! The passwords of the embedded cluster's roles: made once at random, kept
//! in a 0600 file of the data directory, never logged.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::{EmbeddedError, private_file};

const NAME: &str = "postgres.secrets.json";

/// Random bytes in a password: 192 bits.
const PASSWORD_BYTES: usize = 24;

/// One password for each role that logs in.
#[derive(Debug, Clone)]
pub(super) struct Secrets {
    pub(super) superuser: SecretString,
    pub(super) owner: SecretString,
    pub(super) app: SecretString,
}

#[derive(Serialize, Deserialize)]
struct OnDisk {
    superuser: String,
    owner: String,
    app: String,
}

impl Secrets {
    /// Reads the passwords; makes them when there is no cluster yet.
    pub(super) fn load_or_make(
        data_dir: &Path,
        cluster_exists: bool,
    ) -> Result<Self, EmbeddedError> {
        if cluster_exists || data_dir.join(NAME).exists() {
            return Self::load(data_dir);
        }
        let made = Self {
            superuser: password()?,
            owner: password()?,
            app: password()?,
        };
        let on_disk = OnDisk {
            superuser: made.superuser.expose_secret().to_owned(),
            owner: made.owner.expose_secret().to_owned(),
            app: made.app.expose_secret().to_owned(),
        };
        private_file::write(data_dir, NAME, &on_disk)?;
        Ok(made)
    }

    /// Reads the passwords of a cluster that exists.
    pub(super) fn load(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let on_disk: OnDisk = private_file::read(data_dir, NAME)?
            .ok_or_else(|| EmbeddedError::SecretsMissing(data_dir.join(NAME)))?;
        Ok(Self {
            superuser: on_disk.superuser.into(),
            owner: on_disk.owner.into(),
            app: on_disk.app.into(),
        })
    }
}

fn password() -> Result<SecretString, EmbeddedError> {
    random_hex(PASSWORD_BYTES).map(SecretString::from)
}

/// `bytes` random bytes as lower-case hexadecimal digits.
pub(super) fn random_hex(bytes: usize) -> Result<String, EmbeddedError> {
    let mut random = vec![0_u8; bytes];
    getrandom::fill(&mut random).map_err(EmbeddedError::Random)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
