//! A backup: one moment of all metadata, and the objects that it names.
//!
//! What is where, in the store or folder of backups (see `storage_layout::key`):
//!
//! | key | what |
//! | --- | --- |
//! | the objects' own keys | objects, shared by all backups; one is copied once |
//! | `backups/<id>/tables/<table>.csv.gz` | a table's rows, CSV with a header line |
//! | `backups/<id>/objects.ndjson.gz` | key, size and SHA-256 of each object |
//! | `backups/<id>/manifest.json` | the parts with their SHA-256, written last |
//!
//! The tables are read in one transaction, so the backup is of one moment, for
//! each tenant and over all. Objects never change, and a pin keeps the sweep
//! away while they are copied; where one is gone all the same (an erasure asks
//! for that), the backup begins again with a new moment.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;
use storage_layout::TenantId;
use storage_layout::data_file::checksum;
use storage_layout::key::BackupId;

use self::manifest::{FORMAT, FORMAT_VERSION, Manifest, ObjectsPart, TablePart};
use self::object_list::{Entry, ObjectList, ObjectListWriter};
use self::part::PartWriter;
use super::progress::{Progress, Step};
use crate::error::{Error, Result};
use crate::metadata::backup::{Moment, NamedObject};
use crate::metadata::owner::Owner;
use crate::metadata::pin::Pin;

pub(crate) mod manifest;
pub(crate) mod object_list;
pub(crate) mod part;
pub(crate) mod place;

/// Objects that are copied at the same time; each is held in memory whole.
const COPIES: usize = 4;

/// How often a backup begins, because an object that it needs was erased.
const ATTEMPTS: usize = 3;

/// What a backup did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupReport {
    /// The backup's id.
    pub id: String,
    /// Tenants in it.
    pub tenants: u64,
    /// Rows of all tables.
    pub rows: u64,
    /// Objects in it, and their bytes.
    pub objects: u64,
    /// Bytes of those objects.
    pub object_bytes: u64,
    /// Objects that were copied; the others were there.
    pub copied: u64,
    /// Bytes that were copied.
    pub copied_bytes: u64,
}

/// Whose data, from where, to where.
pub(crate) struct Backup<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) store: &'a dyn ObjectStore,
    pub(crate) to: Arc<dyn ObjectStore>,
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) progress: &'a dyn Progress,
}

/// What became of one try.
enum Attempt {
    Done(BackupReport),
    /// An object that is needed is gone.
    Gone(String),
}

/// The first half of a backup: the tables, and which objects they name.
struct Tables {
    parts: Vec<TablePart>,
    schema_version: i64,
    tenants: u64,
    named: ObjectList,
}

impl Backup<'_> {
    /// Makes a backup. Errors: `NotFound` for an unknown tenant, `Config` where
    /// the place will not do, `Storage` where an object is missing or damaged.
    pub(crate) async fn run(&self) -> Result<BackupReport> {
        let pin = Pin::take(self.owner).await?;
        let done = self.attempts().await;
        pin.release().await;
        done
    }

    async fn attempts(&self) -> Result<BackupReport> {
        let mut gone: Option<String> = None;
        let started_at = Utc::now();
        for _ in 0..ATTEMPTS {
            match self.attempt(started_at).await? {
                Attempt::Done(report) => return Ok(report),
                // Gone twice, and named by a new moment: it was not erased.
                Attempt::Gone(key) if gone.as_ref() == Some(&key) => break,
                Attempt::Gone(key) => gone = Some(key),
            }
        }
        Err(Error::storage(format!(
            "object {} is missing, so there is no whole backup: run `tessera check`",
            gone.unwrap_or_default()
        )))
    }

    async fn attempt(&self, started_at: DateTime<Utc>) -> Result<Attempt> {
        let id = BackupId::at(started_at);
        let previous = self.previous().await?;
        let tables = self.tables(&id).await?;
        let copied = match self.objects(&tables.named, &previous).await? {
            Ok(copied) => copied,
            Err(key) => return Ok(Attempt::Gone(key)),
        };
        let list = copied.list.finish()?;
        let (sha256, list_bytes) = (checksum(&list.bytes), list.bytes.len() as u64);
        put(&*self.to, &id.objects(), list.bytes).await?;
        let report = BackupReport {
            id: id.to_string(),
            tenants: tables.tenants,
            rows: tables.parts.iter().map(|part| part.rows).sum(),
            objects: list.objects,
            object_bytes: list.object_bytes,
            copied: copied.objects,
            copied_bytes: copied.bytes,
        };
        let manifest = Manifest {
            format: FORMAT.into(),
            format_version: FORMAT_VERSION,
            id: id.to_string(),
            program: env!("CARGO_PKG_VERSION").into(),
            schema_version: tables.schema_version,
            started_at,
            finished_at: Utc::now(),
            tenant: self.tenant.cloned(),
            tenants: tables.tenants,
            tables: tables.parts,
            objects: ObjectsPart {
                objects: list.objects,
                object_bytes: list.object_bytes,
                bytes: list_bytes,
                sha256: hex(&sha256),
            },
        };
        let json = serde_json::to_vec_pretty(&manifest).map_err(Error::internal)?;
        put(&*self.to, &id.manifest(), json.into()).await?;
        Ok(Attempt::Done(report))
    }

    /// The objects of the newest backup that is there already and has what this
    /// one is about to copy: of all tenants, or of the same one.
    async fn previous(&self) -> Result<ObjectList> {
        for id in Manifest::begun(&*self.to).await? {
            // One that is damaged or was cut short does not hinder a new one:
            // one before it serves, or all is copied.
            let Ok(manifest) = Manifest::read(&*self.to, &id).await else {
                continue;
            };
            if manifest.tenant.is_some() && manifest.tenant.as_ref() != self.tenant {
                continue;
            }
            match manifest.objects(&*self.to, &id).await {
                Ok(list) => return Ok(list),
                Err(error) => {
                    tracing::warn!(%error, backup = %id, "an earlier backup cannot be read");
                }
            }
        }
        Ok(ObjectList::default())
    }

    async fn tables(&self, id: &BackupId) -> Result<Tables> {
        let mut moment = Moment::begin(self.owner, self.tenant).await?;
        let schema_version = moment.schema_version().await?;
        let tenants = moment.tenants().await?;
        let tables = moment.tables().await?;
        let mut parts = Vec::with_capacity(tables.len());
        for (done, table) in tables.iter().enumerate() {
            self.progress
                .advance(Step::Tables, done as u64, tables.len() as u64);
            let rows = moment.rows(table).await?;
            let mut part = PartWriter::new(self.to.clone(), id.table(&table.name));
            let mut csv = moment.csv(table).await?;
            while let Some(bytes) = csv.try_next().await? {
                part.write(&bytes).await?;
            }
            drop(csv);
            let (bytes, sha256) = part.finish().await?;
            if done == 0 {
                self.refuse_own_store(&id.table(&table.name)).await?;
            }
            parts.push(TablePart {
                name: table.name.clone(),
                columns: table.columns.clone(),
                rows,
                bytes,
                sha256: hex(&sha256),
            });
        }
        let mut named = ObjectListWriter::default();
        let mut objects = Box::pin(moment.objects());
        while let Some(NamedObject { key, content }) = objects.try_next().await? {
            let (bytes, sha256) = content.unwrap_or_default();
            named.push(&Entry {
                key,
                bytes,
                sha256: hex(&sha256),
            })?;
        }
        drop(objects);
        moment.end().await;
        Ok(Tables {
            parts,
            schema_version,
            tenants,
            named: named.finish()?,
        })
    }

    /// A backup in the store that it is of would be lost with it.
    async fn refuse_own_store(&self, part: &Path) -> Result<()> {
        match self.store.head(part).await {
            Ok(_) => {
                self.to.delete(part).await.map_err(unavailable)?;
                Err(Error::Config(
                    "the backup would be in the very store that it is of: choose another place"
                        .into(),
                ))
            }
            Err(_) => Ok(()),
        }
    }

    /// Copies what is not there; the inner error is the key of an object that
    /// is gone.
    async fn objects(
        &self,
        named: &ObjectList,
        previous: &ObjectList,
    ) -> Result<Result<CopiedObjects, String>> {
        let mut previous = previous.entries().peekable();
        let known = |entry: Result<Entry>| {
            let entry = entry?;
            let mut same = None;
            while let Some(old) =
                previous.next_if(|old| old.as_ref().is_ok_and(|old| old.key <= entry.key))
            {
                same = old.ok().filter(|old| old.key == entry.key).or(same);
            }
            Ok::<_, Error>((entry, same))
        };
        let mut copies = futures::stream::iter(named.entries().map(known))
            .map(|pair| async {
                let (entry, old) = pair?;
                self.object(entry, old).await
            })
            .buffered(COPIES);
        let mut copied = CopiedObjects::default();
        let mut done = 0;
        while let Some(copy) = copies.try_next().await? {
            match copy {
                Copy::Gone(key) => return Ok(Err(key)),
                Copy::There(entry) => copied.list.push(&entry)?,
                Copy::Copied(entry) => {
                    copied.objects += 1;
                    copied.bytes += entry.bytes;
                    copied.list.push(&entry)?;
                }
            }
            done += 1;
            self.progress.advance(Step::Objects, done, named.objects);
        }
        Ok(Ok(copied))
    }

    /// Copies one object, unless an earlier backup did and it is still there.
    async fn object(&self, entry: Entry, old: Option<Entry>) -> Result<Copy> {
        let path = Path::from(entry.key.as_str());
        // The catalog has no checksum of roll-ups: the earlier backup's counts.
        let same = |old: &Entry| entry.sha256.is_empty() || *old == entry;
        if let Some(old) = old.filter(same)
            && let Ok(there) = self.to.head(&path).await
            && there.size == old.bytes
        {
            return Ok(Copy::There(old));
        }
        let object = match self.store.get(&path).await {
            Ok(object) => object,
            Err(object_store::Error::NotFound { .. }) => return Ok(Copy::Gone(entry.key)),
            Err(error) => return Err(unavailable(error)),
        };
        let bytes = object.bytes().await.map_err(unavailable)?;
        let sha256 = hex(&checksum(&bytes));
        if !entry.sha256.is_empty() && sha256 != entry.sha256 {
            return Err(Error::storage(format!(
                "object {} is damaged, so there is no whole backup: run `tessera check --deep`",
                entry.key
            )));
        }
        let entry = Entry {
            bytes: bytes.len() as u64,
            sha256,
            ..entry
        };
        put(&*self.to, &path, bytes).await?;
        Ok(Copy::Copied(entry))
    }
}

/// What became of one object.
enum Copy {
    There(Entry),
    Copied(Entry),
    Gone(String),
}

#[derive(Default)]
struct CopiedObjects {
    list: ObjectListWriter,
    objects: u64,
    bytes: u64,
}

pub(crate) async fn put(store: &dyn ObjectStore, at: &Path, bytes: bytes::Bytes) -> Result<()> {
    store
        .put(at, bytes.into())
        .await
        .map(drop)
        .map_err(unavailable)
}

pub(crate) fn unavailable(error: object_store::Error) -> Error {
    Error::Unavailable {
        message: format!("a store failed: {error}"),
        retry_after: crate::metadata::RETRY_AFTER,
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
