//! Object keys: the only place that builds or parses them.
//!
//! `tenant_id=<id>/<table>/window=<yyyy[-mm[-dd]]>/<uuid v7>.parquet`, and the
//! same with `.rollup` for a roll-up too large for the catalog. A key always
//! names its tenant, so a reader can refuse a file of another one before it
//! opens it.

use object_store::path::Path;
use uuid::Uuid;

use crate::id::{FileId, TenantId, Window};

/// The table of data points.
pub const POINTS_TABLE: &str = "analytics_data_points";

/// What an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// Rows, as Parquet.
    Data,
    /// The partial aggregates of those rows.
    Rollup,
}

impl ObjectKind {
    fn extension(self) -> &'static str {
        match self {
            Self::Data => "parquet",
            Self::Rollup => "rollup",
        }
    }
}

/// Everything that an object's key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectKey {
    /// Whose rows it holds.
    pub tenant: TenantId,
    /// The span of time that they lie in.
    pub window: Window,
    /// The data file.
    pub file: FileId,
    /// Rows or roll-up.
    pub kind: ObjectKind,
}

impl ObjectKey {
    /// The key as a path of the store.
    pub fn path(&self) -> Path {
        Path::from_iter([
            format!("tenant_id={}", self.tenant).as_str(),
            POINTS_TABLE,
            format!("window={}", self.window).as_str(),
            format!("{}.{}", self.file, self.kind.extension()).as_str(),
        ])
    }

    /// Parses a path of the store; `None` when it is not one of ours.
    pub fn parse(path: &Path) -> Option<Self> {
        let mut parts = path.as_ref().split('/');
        let tenant = parts.next()?.strip_prefix("tenant_id=")?.parse().ok()?;
        if parts.next()? != POINTS_TABLE {
            return None;
        }
        let window = parts.next()?.strip_prefix("window=")?.parse().ok()?;
        let (file, extension) = parts.next()?.split_once('.')?;
        let kind = match extension {
            "parquet" => ObjectKind::Data,
            "rollup" => ObjectKind::Rollup,
            _ => return None,
        };
        let file = FileId(Uuid::try_parse(file).ok()?);
        parts.next().is_none().then_some(Self {
            tenant,
            window,
            file,
            kind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_back_as_it_was_built() {
        for (window, kind) in [("2024-02", ObjectKind::Data), ("2024", ObjectKind::Rollup)] {
            let key = ObjectKey {
                tenant: "acme".parse().expect("tenant"),
                window: window.parse().expect("window"),
                file: FileId::new(),
                kind,
            };
            assert_eq!(ObjectKey::parse(&key.path()), Some(key));
        }
    }

    #[test]
    fn a_path_of_another_shape_is_not_a_key() {
        for path in [
            "tenant_id=acme/analytics_data_points/window=2024-02/x.parquet",
            "tenant_id=../analytics_data_points/window=2024/0190b3c4-0000-7000-8000-000000000000.parquet",
            "acme/analytics_data_points/window=2024/0190b3c4-0000-7000-8000-000000000000.parquet",
        ] {
            assert_eq!(ObjectKey::parse(&Path::from(path)), None, "{path}");
        }
    }
}
