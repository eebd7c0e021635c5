//! What a backup says of itself: its parts, and how to know that they are whole.

use chrono::{DateTime, Utc};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::{Deserialize, Serialize};
use storage_layout::TenantId;
use storage_layout::data_file::checksum;
use storage_layout::key::BackupId;

use super::object_list::ObjectList;
use super::{hex, unavailable};
use crate::error::{Error, Result};

/// What `format` says.
pub(crate) const FORMAT: &str = "tessera-backup";
/// The newest form that this program reads, and the one that it writes.
pub(crate) const FORMAT_VERSION: u32 = 1;

/// The manifest, a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    pub(crate) format: String,
    pub(crate) format_version: u32,
    pub(crate) id: String,
    /// The version of the program that wrote it.
    pub(crate) program: String,
    /// The highest migration of the database.
    pub(crate) schema_version: i64,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) finished_at: DateTime<Utc>,
    /// The only tenant; null: all.
    pub(crate) tenant: Option<TenantId>,
    pub(crate) tenants: u64,
    /// Each table after those that it refers to.
    pub(crate) tables: Vec<TablePart>,
    pub(crate) objects: ObjectsPart,
}

/// One table's rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TablePart {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: u64,
    /// Of the compressed part.
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// The list of objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ObjectsPart {
    pub(crate) objects: u64,
    pub(crate) object_bytes: u64,
    /// Of the compressed list.
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Manifest {
    /// The newest finished backup in a store.
    pub(crate) async fn newest(store: &dyn ObjectStore) -> Result<Option<BackupId>> {
        for id in Self::begun(store).await? {
            if Self::is_finished(store, &id).await? {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// All backups in a store, the newest first; of one that was cut short there
    /// is no manifest.
    pub(crate) async fn begun(store: &dyn ObjectStore) -> Result<Vec<BackupId>> {
        let folder = BackupId::folder();
        let listed = store
            .list_with_delimiter(Some(&folder))
            .await
            .map_err(unavailable)?;
        let folders = listed.common_prefixes.iter();
        let mut ids: Vec<BackupId> = folders.filter_map(BackupId::of_folder).collect();
        ids.sort();
        ids.reverse();
        Ok(ids)
    }

    async fn is_finished(store: &dyn ObjectStore, id: &BackupId) -> Result<bool> {
        match store.head(&id.manifest()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Reads a manifest. Errors: `NotFound`, `Storage` when it is no manifest,
    /// `Config` when it is of a newer form.
    pub(crate) async fn read(store: &dyn ObjectStore, id: &BackupId) -> Result<Self> {
        let json = get(store, &id.manifest()).await?;
        let version = serde_json::from_slice::<Version>(&json).map_err(no_manifest(id))?;
        if version.format != FORMAT {
            return Err(no_manifest(id)("it has another format"));
        }
        if version.format_version > FORMAT_VERSION {
            return Err(Error::Config(format!(
                "backup {id} has the form {} and this program reads up to {FORMAT_VERSION}: use a newer program",
                version.format_version
            )));
        }
        let manifest: Self = serde_json::from_slice(&json).map_err(no_manifest(id))?;
        if manifest.id != id.to_string() {
            return Err(no_manifest(id)("it is another backup's"));
        }
        Ok(manifest)
    }

    /// The list of objects. Errors: `Storage` when it is not what was written.
    pub(crate) async fn objects(
        &self,
        store: &dyn ObjectStore,
        id: &BackupId,
    ) -> Result<ObjectList> {
        let bytes = get(store, &id.objects()).await?;
        if hex(&checksum(&bytes)) != self.objects.sha256 {
            return Err(damaged(&id.objects()));
        }
        Ok(ObjectList {
            bytes,
            objects: self.objects.objects,
            object_bytes: self.objects.object_bytes,
        })
    }
}

#[derive(Deserialize)]
struct Version {
    format: String,
    format_version: u32,
}

fn no_manifest<E: std::fmt::Display>(id: &BackupId) -> impl Fn(E) -> Error {
    move |error| Error::storage(format!("the manifest of backup {id} is damaged: {error}"))
}

/// A part that is not what was written.
pub(crate) fn damaged(part: &Path) -> Error {
    Error::storage(format!(
        "the backup is damaged: {part} is not what was written; use another backup"
    ))
}

/// A part's bytes. Errors: `Storage` when it is missing.
pub(crate) async fn get(store: &dyn ObjectStore, at: &Path) -> Result<bytes::Bytes> {
    match store.get(at).await {
        Ok(part) => part.bytes().await.map_err(unavailable),
        Err(object_store::Error::NotFound { .. }) => Err(Error::storage(format!(
            "the backup is damaged: {at} is missing; use another backup"
        ))),
        Err(error) => Err(unavailable(error)),
    }
}
