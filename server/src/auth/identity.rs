//! Who is asking, for logs.

use std::fmt;

use uuid::Uuid;

/// Who is asking: it names a credential, never its secret.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identity {
    /// A tenant's API key.
    Key {
        /// Its id.
        id: Uuid,
    },
    /// A key of the operator's.
    PlatformKey {
        /// Its id.
        id: Uuid,
    },
    /// A token of an issuer that the server trusts.
    Token {
        /// The issuer's name in the server's configuration.
        issuer: String,
        /// Its subject.
        subject: String,
        /// Its id, if it has one.
        token_id: Option<String>,
    },
    /// An embed token.
    Embed {
        /// Its id.
        id: Uuid,
        /// The key that made it.
        key: Uuid,
    },
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { id } => write!(f, "key {id}"),
            Self::PlatformKey { id } => write!(f, "platform key {id}"),
            // A subject is a stranger's text: one line, whatever is in it.
            Self::Token {
                issuer, subject, ..
            } => write!(f, "token of {issuer} for {subject:?}"),
            Self::Embed { id, key } => write!(f, "embed token {id} of key {key}"),
        }
    }
}
