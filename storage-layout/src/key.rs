//! Object keys: the only place that builds or parses them.
//!
//! `tenant_id=<id>/<table>/window=<yyyy[-mm[-dd]]>/<uuid v7>.parquet`, and the
//! same with `.rollup` for a roll-up too large for the catalog, and `.detail` for
//! what of it only some questions need. A key always
//! names its tenant, so a reader can refuse a file of another one before it
//! opens it.
//!
//! Results of queries that ran without their client are kept for a day at
//! `tenant_id=<id>/query_results/<job>.<fence>.arrows`.
//!
//! A backup keeps objects under the same keys, and its own parts below
//! `backups/<id>/`.

use std::fmt;

use chrono::{DateTime, NaiveDateTime, Utc};
use object_store::path::Path;
use uuid::Uuid;

use crate::id::{FileId, TenantId, Window};

/// The table of data points.
pub const POINTS_TABLE: &str = "analytics_data_points";

/// What an object holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// Rows, as Parquet.
    Data,
    /// The partial aggregates of those rows by day.
    Rollup,
    /// Their partial aggregates by quarter of an hour, and their sketches.
    Detail,
}

impl ObjectKind {
    fn extension(self) -> &'static str {
        match self {
            Self::Data => "parquet",
            Self::Rollup => "rollup",
            Self::Detail => "detail",
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
            "detail" => ObjectKind::Detail,
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

/// The folder of stored results below a tenant's.
const RESULTS: &str = "query_results";

/// The result of a query that ran without its client, as one run of it left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultKey {
    /// Whose answer it is.
    pub tenant: TenantId,
    /// The job that asked.
    pub job: Uuid,
    /// The fence that it ran under: a later run has an object of its own.
    pub fence: i64,
}

impl ResultKey {
    /// The key as a path of the store.
    pub fn path(&self) -> Path {
        Path::from_iter([
            format!("tenant_id={}", self.tenant).as_str(),
            RESULTS,
            format!("{}.{}.arrows", self.job, self.fence).as_str(),
        ])
    }

    /// Parses a path of the store; `None` when it is not a result's.
    pub fn parse(path: &Path) -> Option<Self> {
        let mut parts = path.as_ref().split('/');
        let tenant = parts.next()?.strip_prefix("tenant_id=")?.parse().ok()?;
        if parts.next()? != RESULTS {
            return None;
        }
        let (job, fence) = parts.next()?.strip_suffix(".arrows")?.split_once('.')?;
        let key = Self {
            tenant,
            job: Uuid::try_parse(job).ok()?,
            fence: fence.parse().ok()?,
        };
        (parts.next().is_none() && key.path() == *path).then_some(key)
    }
}

/// The folder of all of a tenant's objects.
pub fn tenant_folder(tenant: &TenantId) -> Path {
    Path::from_iter([format!("tenant_id={tenant}").as_str()])
}

/// Whose objects a folder at the top of a store holds; `None` when it is not
/// a tenant's.
pub fn tenant_of_folder(folder: &Path) -> Option<TenantId> {
    folder.as_ref().strip_prefix("tenant_id=")?.parse().ok()
}

/// The folder of backups at the top of a backup's store.
const BACKUPS: &str = "backups";

/// The form of a backup's id, which sorts by time.
const BACKUP_ID: &str = "%Y%m%dT%H%M%S%.3fZ";

/// A backup's id: when it was begun, in UTC, as `20260131T235959.000Z`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupId(String);

impl BackupId {
    /// The id of a backup that begins at this time.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self(time.format(BACKUP_ID).to_string())
    }

    /// Parses an id; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let time = NaiveDateTime::parse_from_str(text, BACKUP_ID).ok()?;
        let id = Self::at(time.and_utc());
        (id.0 == text).then_some(id)
    }

    /// The folder that holds one folder a backup.
    pub fn folder() -> Path {
        Path::from(BACKUPS)
    }

    /// The backup whose folder this is; `None` when it is not a backup's.
    pub fn of_folder(folder: &Path) -> Option<Self> {
        let id = folder.as_ref().strip_prefix(BACKUPS)?.strip_prefix('/')?;
        Self::parse(id)
    }

    /// The key of the manifest, which is written last: a backup without one
    /// was not finished.
    pub fn manifest(&self) -> Path {
        Path::from_iter([BACKUPS, &self.0, "manifest.json"])
    }

    /// The key of the list of objects.
    pub fn objects(&self) -> Path {
        Path::from_iter([BACKUPS, &self.0, "objects.ndjson.gz"])
    }

    /// The key of a table's rows.
    pub fn table(&self, name: &str) -> Path {
        Path::from_iter([BACKUPS, &self.0, "tables", &format!("{name}.csv.gz")])
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_names_its_tenant_or_its_backup() {
        let tenant: TenantId = "acme-1".parse().expect("tenant");
        assert_eq!(tenant_of_folder(&tenant_folder(&tenant)), Some(tenant));
        assert_eq!(tenant_of_folder(&BackupId::folder()), None);
        let id = BackupId::at(DateTime::from_timestamp_millis(1_769_904_000_123).expect("time"));
        assert_eq!(id.to_string(), "20260201T000000.123Z");
        assert_eq!(BackupId::parse(&id.to_string()), Some(id.clone()));
        let folder = Path::from(format!("backups/{id}"));
        assert_eq!(BackupId::of_folder(&folder), Some(id));
        for text in ["", "..", "20260201T000000Z", "20260201T000000.123Z/x"] {
            assert_eq!(BackupId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_read_back_as_it_was_built() {
        for (window, kind) in [
            ("2024-02", ObjectKind::Data),
            ("2024", ObjectKind::Rollup),
            ("2024-02-29", ObjectKind::Detail),
        ] {
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
    fn a_results_key_is_read_back_as_it_was_built_and_is_no_files() {
        let key = ResultKey {
            tenant: "acme".parse().expect("tenant"),
            job: FileId::new().0,
            fence: 3,
        };
        assert_eq!(ResultKey::parse(&key.path()), Some(key.clone()));
        assert_eq!(ObjectKey::parse(&key.path()), None);
        let longer = Path::from(format!("{}/x", key.path()));
        assert_eq!(ResultKey::parse(&longer), None);
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
