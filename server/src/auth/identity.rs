//! Who asks, as records name them.

use std::fmt;

use uuid::Uuid;

/// The holder of a credential. Shown as `key <id>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The API key that was shown.
    pub key: Uuid,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key {}", self.key)
    }
}
