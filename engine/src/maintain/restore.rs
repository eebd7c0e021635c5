//! A restore: a backup's objects and metadata back, tenant by tenant.
//!
//! Everything is checked before a tenant's first row is taken in: the parts
//! against the manifest, each object against its SHA-256. A tenant's objects
//! come first, then its rows in one transaction, as a commit does it.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Serialize;
use storage_layout::TenantId;
use storage_layout::data_file::checksum;
use storage_layout::key::{self, BackupId, ObjectKey};

use super::Maintainer;
use super::backup::manifest::{self, Manifest, damaged};
use super::backup::object_list::{Entry, ObjectList};
use super::backup::{hex, part, put, unavailable};
use super::progress::{Progress, Step};
use crate::error::{Error, Result};
use crate::failpoint::Failpoint;
use crate::metadata::owner::Owner;
use crate::metadata::pin::Pin;
use crate::metadata::restore::{Existing, Target};

/// Objects that are copied at the same time; each is held in memory whole.
const COPIES: usize = 4;

/// What a restore did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RestoreReport {
    /// The backup's id.
    pub id: String,
    /// The tenants that were restored.
    pub tenants: Vec<TenantId>,
    /// Objects that were copied; the others were there.
    pub copied: u64,
    /// Bytes that were copied.
    pub copied_bytes: u64,
    /// Tenants with erasures, which were done again on the restored data.
    pub erasures_replayed: BTreeMap<TenantId, u64>,
}

/// What from where to where.
pub(crate) struct Restore<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) from: Arc<dyn ObjectStore>,
    /// `None`: the newest.
    pub(crate) backup: Option<BackupId>,
    pub(crate) store: Arc<dyn ObjectStore>,
    /// Does erasures again.
    pub(crate) maintainer: &'a Maintainer,
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) existing: Existing,
    pub(crate) progress: &'a dyn Progress,
}

impl Restore<'_> {
    /// Restores. Errors: `Conflict` when the target is not empty, or the
    /// tenant exists, and nothing may be replaced; `NotFound` when the backup
    /// or the tenant in it does not exist; `Storage` when the backup is
    /// damaged; `Config` and `Invalid` when it is of a newer program;
    /// `Unavailable` when erasures cannot be done again now: a server does them,
    /// and the tenant is withheld until then.
    pub(crate) async fn run(&self) -> Result<RestoreReport> {
        // Objects without rows must not be taken for rubbish meanwhile.
        let pin = Pin::take(self.owner).await?;
        let mut target = Target::open(self.owner).await?;
        let done = self.into(&mut target).await;
        target.close().await;
        pin.release().await;
        done
    }

    async fn into(&self, target: &mut Target) -> Result<RestoreReport> {
        self.refuse_living(target).await?;
        let id = self.id().await?;
        let manifest = Manifest::read(&*self.from, &id).await?;
        let schema_version = target.schema_version().await?;
        if manifest.schema_version > schema_version {
            return Err(Error::Config(format!(
                "backup {id} has the schema {} and this database {schema_version}: use the program that wrote it ({}), or a newer one",
                manifest.schema_version, manifest.program
            )));
        }
        let objects = manifest.objects(&*self.from, &id).await?;
        self.stage(target, &manifest, &id).await?;
        let tenants = self.tenants(target, &id).await?;
        if self.tenant.is_none() && !target.has(None).await? {
            target.replace_globals().await?;
        }
        let mut report = RestoreReport {
            id: id.to_string(),
            ..RestoreReport::default()
        };
        let mut objects = Objects::new(&objects);
        for tenant in tenants {
            let named = self.objects_of(target, &tenant, &mut objects).await?;
            self.copy(named, &mut objects.done, &mut report).await?;
            target.tenant(&tenant, self.existing).await?;
            Failpoint::TenantRestored.reached();
            let maintainer = self.maintainer;
            maintainer.caches.snapshots.invalidate(&tenant).await;
            // The tenant is withheld until then, whatever becomes of this.
            maintainer.settle_owed(&tenant).await?;
            let erasures = target.erasures(&tenant).await?;
            if erasures > 0 {
                report.erasures_replayed.insert(tenant.clone(), erasures);
            }
            report.tenants.push(tenant);
        }
        target.raise_sequences().await?;
        Ok(report)
    }

    async fn refuse_living(&self, target: &mut Target) -> Result<()> {
        if self.existing == Existing::Replace || !target.has(self.tenant).await? {
            return Ok(());
        }
        let message = match self.tenant {
            Some(tenant) => format!(
                "tenant {tenant} exists: add --replace to make it what it was at the backup"
            ),
            None => "there are tenants here: restore into an empty place, or one tenant with --tenant, or add --replace to make each tenant of the backup what it was".into(),
        };
        Err(Error::Conflict { message })
    }

    async fn id(&self) -> Result<BackupId> {
        if let Some(id) = &self.backup {
            return match self.from.head(&id.manifest()).await {
                Ok(_) => Ok(id.clone()),
                Err(object_store::Error::NotFound { .. }) => Err(Error::NotFound {
                    what: format!("a finished backup {id}"),
                }),
                Err(error) => Err(unavailable(error)),
            };
        }
        let newest = Manifest::newest(&*self.from).await?;
        newest.ok_or_else(|| Error::NotFound {
            what: "a finished backup in that place".into(),
        })
    }

    /// All rows into staging tables, each part checked.
    async fn stage(&self, target: &mut Target, manifest: &Manifest, id: &BackupId) -> Result<()> {
        let total = manifest.tables.len() as u64;
        for (done, table) in manifest.tables.iter().enumerate() {
            self.progress.advance(Step::Tables, done as u64, total);
            let load = target.stage(&table.name, &table.columns).await?;
            part::load(&*self.from, &id.table(&table.name), table, load).await?;
        }
        Ok(())
    }

    async fn tenants(&self, target: &mut Target, id: &BackupId) -> Result<Vec<TenantId>> {
        let mut tenants = target.tenants().await?;
        tenants.sort_by_key(folder);
        match self.tenant {
            None => Ok(tenants),
            Some(tenant) if tenants.contains(tenant) => Ok(vec![tenant.clone()]),
            Some(tenant) => Err(Error::NotFound {
                what: format!("tenant {tenant} in backup {id}"),
            }),
        }
    }

    /// The objects that a tenant's rows name, as the backup's list has them.
    async fn objects_of(
        &self,
        target: &mut Target,
        tenant: &TenantId,
        listed: &mut Objects,
    ) -> Result<Vec<Entry>> {
        let mut named = target.objects(tenant).await?;
        named.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut entries = listed.of(tenant)?;
        let mut wanted = Vec::with_capacity(named.len());
        for (key, content) in named {
            let path = Path::from(key.as_str());
            let fits = |entry: &Entry| {
                content.as_ref().is_none_or(|(bytes, sha256)| {
                    entry.bytes == *bytes && entry.sha256 == hex(sha256)
                })
            };
            // A key of another tenant would be written over that one's object.
            let own = ObjectKey::parse(&path).is_some_and(|key| key.tenant == *tenant);
            match entries.remove(&key).filter(|entry| own && fits(entry)) {
                Some(entry) => wanted.push(entry),
                None => return Err(damaged(&path)),
            }
        }
        Ok(wanted)
    }

    async fn copy(
        &self,
        entries: Vec<Entry>,
        done: &mut (u64, u64),
        report: &mut RestoreReport,
    ) -> Result<()> {
        let copies = entries.into_iter().map(|entry| self.object(entry));
        let mut copies = futures::stream::iter(copies).buffer_unordered(COPIES);
        while let Some(copied_bytes) = copies.try_next().await? {
            report.copied += u64::from(copied_bytes.is_some());
            report.copied_bytes += copied_bytes.unwrap_or(0);
            done.0 += 1;
            self.progress.advance(Step::Objects, done.0, done.1);
        }
        Ok(())
    }

    /// Copies an object unless it is there with the same bytes.
    async fn object(&self, entry: Entry) -> Result<Option<u64>> {
        let path = Path::from(entry.key.as_str());
        if let Ok(there) = self.store.head(&path).await
            && there.size == entry.bytes
            && let Ok(there) = self.store.get(&path).await
            && let Ok(there) = there.bytes().await
            && hex(&checksum(&there)) == entry.sha256
        {
            return Ok(None);
        }
        let bytes = manifest::get(&*self.from, &path).await?;
        if hex(&checksum(&bytes)) != entry.sha256 {
            return Err(damaged(&path));
        }
        put(&*self.store, &path, bytes).await?;
        Ok(Some(entry.bytes))
    }
}

/// The backup's list of objects, gone through once: tenants must be asked for
/// in the order of their folders.
struct Objects {
    entries: Peekable<Box<dyn Iterator<Item = Result<Entry>> + Send>>,
    /// Objects looked at, of how many.
    done: (u64, u64),
}

impl Objects {
    fn new(list: &ObjectList) -> Self {
        let entries: Box<dyn Iterator<Item = Result<Entry>> + Send> = Box::new(list.entries());
        Self {
            entries: entries.peekable(),
            done: (0, list.objects),
        }
    }

    fn of(&mut self, tenant: &TenantId) -> Result<BTreeMap<String, Entry>> {
        let folder = folder(tenant);
        let before = |entry: &Result<Entry>| entry.as_ref().is_ok_and(|e| e.key < folder);
        while self.entries.next_if(before).is_some() {}
        let mut found = BTreeMap::new();
        let within =
            |entry: &Result<Entry>| entry.as_ref().map_or(true, |e| e.key.starts_with(&folder));
        while let Some(entry) = self.entries.next_if(within) {
            let entry = entry?;
            found.insert(entry.key.clone(), entry);
        }
        Ok(found)
    }
}

/// What every key of a tenant begins with.
fn folder(tenant: &TenantId) -> String {
    format!("{}/", key::tenant_folder(tenant))
}
