//! Time zones by their names, for `#[serde(with = …)]`.

use chrono_tz::Tz;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

/// Writes the name.
pub(crate) fn serialize<S: Serializer>(zone: &Tz, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(zone.name())
}

/// Reads a name.
pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Tz, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

/// The same where there may be none.
pub(crate) mod optional {
    use super::*;

    /// Writes the name, or null.
    pub(crate) fn serialize<S: Serializer>(zone: &Option<Tz>, to: S) -> Result<S::Ok, S::Error> {
        match zone {
            Some(zone) => to.serialize_some(zone.name()),
            None => to.serialize_none(),
        }
    }

    /// Reads a name, or null.
    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Tz>, D::Error> {
        let name = Option::<String>::deserialize(from)?;
        let zone = name.map(|name| name.parse().map_err(D::Error::custom));
        zone.transpose()
    }
}
