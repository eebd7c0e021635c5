//! Compares catalog and store: what is missing, what is too much, what is not
//! what was written. It can mend what is made from rows, and gives up rows only
//! when it is told to.
//!
//! A server may write meanwhile. The store is listed before the catalog is
//! read, and whatever seems wrong is looked at once more before it is said.
//! One tenant's keys are in memory at a time, about 100 bytes each; the catalog
//! is read by the page.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStore;
use object_store::path::Path;
use serde::Serialize;
use storage_layout::key::{ObjectKey, tenant_of_folder};
use storage_layout::{FileId, TenantId};

use self::listing::Listing;
use super::Maintainer;
use super::backup::unavailable;
use super::progress::{Progress, Step};
use crate::error::Result;
use crate::metadata::catalog::{self, Snapshot};
use crate::metadata::check::{self, CheckedFile};

mod file;
mod listing;
mod repair;
mod rollup;
mod rows;

/// Findings that a report names; more are only counted.
const NAMED: usize = 10_000;

/// Files whose bytes are read at the same time.
const READS: usize = 2;

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Which objects there are, and how large.
    Sizes,
    /// Every byte: checksums, statistics and roll-ups too.
    Bytes,
}

/// What to do about findings.
#[derive(Debug, Clone)]
pub enum Repair {
    /// Only tell.
    Nothing,
    /// Make again what is made from rows, delete what nobody names.
    Mend {
        /// A place of backups whose objects replace damaged and missing ones.
        from: Option<String>,
        /// What to do with files whose rows cannot be had.
        lost: Lost,
    },
}

/// What to do with files whose rows cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// They stay in the catalog, and what needs them fails.
    Keep,
    /// They leave the catalog, and their rows are gone.
    Drop,
}

/// What is wrong with a file or an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The object of a live file's rows is not there.
    MissingObject,
    /// The object of a live file's roll-up is not there.
    MissingRollup,
    /// An object that no file and no upload names.
    ExtraObject,
    /// The rows take more or fewer bytes than the catalog says.
    WrongSize,
    /// The rows' SHA-256 is not the catalog's.
    WrongChecksum,
    /// The rows cannot be decoded.
    Unreadable,
    /// The file says that it holds another tenant's rows, or its key does.
    WrongTenant,
    /// The catalog's statistics are not those of the rows.
    WrongStatistics,
    /// The stored roll-up is not that of the rows.
    WrongRollup,
}

impl FindingKind {
    /// The kind's name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::MissingObject => "missing_object",
            Self::MissingRollup => "missing_rollup",
            Self::ExtraObject => "extra_object",
            Self::WrongSize => "wrong_size",
            Self::WrongChecksum => "wrong_checksum",
            Self::Unreadable => "unreadable",
            Self::WrongTenant => "wrong_tenant",
            Self::WrongStatistics => "wrong_statistics",
            Self::WrongRollup => "wrong_rollup",
        }
    }

    /// Whether the rows themselves are missing or damaged.
    fn is_of_rows(self) -> bool {
        matches!(
            self,
            Self::MissingObject
                | Self::WrongSize
                | Self::WrongChecksum
                | Self::Unreadable
                | Self::WrongTenant
        )
    }

    fn what_to_do(self) -> &'static str {
        match self {
            Self::ExtraObject => "delete it with --repair, once it is two hours old",
            Self::MissingRollup | Self::WrongStatistics | Self::WrongRollup => {
                "have it made again from the rows with --repair"
            }
            Self::WrongTenant => "restore the tenant from a backup",
            Self::MissingObject | Self::WrongSize | Self::WrongChecksum | Self::Unreadable => {
                "bring the object back with --repair --from <backups>, restore the tenant, or give its rows up with --repair --drop-lost"
            }
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Of which kind.
    pub kind: FindingKind,
    /// Whose.
    pub tenant: TenantId,
    /// The data file, where a file has it.
    pub file: Option<String>,
    /// The object's key; of inline rows the file's id.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub what_to_do: &'static str,
    /// What was done about it; `None`: nothing.
    pub repaired: Option<String>,
    /// Why nothing was done although it was asked for.
    pub not_repaired: Option<String>,
}

impl Finding {
    fn new(tenant: &TenantId, kind: FindingKind, key: &str, what: impl Into<String>) -> Self {
        Self {
            kind,
            tenant: tenant.clone(),
            file: None,
            key: key.to_owned(),
            what: what.into(),
            what_to_do: kind.what_to_do(),
            repaired: None,
            not_repaired: None,
        }
    }

    fn of_file(mut self, file: &CheckedFile) -> Self {
        self.file = Some(file.id.to_string());
        self
    }
}

/// What a check found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Tenants that were looked at.
    pub tenants: u64,
    /// Files in the catalog, replaced ones in their grace period included.
    pub files: u64,
    /// Objects in the store.
    pub objects: u64,
    /// How many findings of each kind.
    pub counts: BTreeMap<FindingKind, u64>,
    /// Findings about which nothing was done.
    pub left: u64,
    /// Rows that were given up.
    pub rows_dropped: u64,
    /// The findings, at most 10,000 of them.
    pub findings: Vec<Finding>,
}

/// Whom to check, and how.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// The only tenant; `None`: all.
    pub tenant: Option<TenantId>,
    /// How closely to look.
    pub depth: Depth,
    /// What to do about findings.
    pub repair: Repair,
}

/// A check that is under way.
pub(crate) struct Check<'a> {
    maintainer: &'a Maintainer,
    options: &'a CheckOptions,
    backups: Option<Arc<dyn ObjectStore>>,
    progress: &'a dyn Progress,
    report: CheckReport,
    total: u64,
}

impl<'a> Check<'a> {
    pub(crate) fn new(
        maintainer: &'a Maintainer,
        options: &'a CheckOptions,
        progress: &'a dyn Progress,
    ) -> Result<Self> {
        let backups = match &options.repair {
            Repair::Mend {
                from: Some(place), ..
            } => Some(super::backup::place::for_reading(place)?),
            _ => None,
        };
        Ok(Self {
            maintainer,
            options,
            backups,
            progress,
            report: CheckReport::default(),
            total: 0,
        })
    }

    /// Checks. An error means that it could not be checked, and says nothing
    /// about the data.
    pub(crate) async fn run(mut self) -> Result<CheckReport> {
        let tenants = self.tenants().await?;
        self.progress.advance(Step::Files, 0, self.total);
        for tenant in tenants {
            self.tenant(&tenant).await?;
        }
        Ok(self.report)
    }

    /// Those of the catalog, and those that only have objects.
    async fn tenants(&mut self) -> Result<Vec<TenantId>> {
        let maintainer = self.maintainer;
        if let Some(tenant) = &self.options.tenant {
            self.total = check::files(&maintainer.pool, tenant).await?;
            return Ok(vec![tenant.clone()]);
        }
        let mut tenants: BTreeMap<TenantId, u64> = check::tenants(&maintainer.pool)
            .await?
            .into_iter()
            .collect();
        self.total = tenants.values().sum();
        let top = maintainer.store.list_with_delimiter(None).await;
        for folder in top.map_err(unavailable)?.common_prefixes {
            if let Some(tenant) = tenant_of_folder(&folder) {
                tenants.entry(tenant).or_default();
            }
        }
        Ok(tenants.into_keys().collect())
    }

    async fn tenant(&mut self, tenant: &TenantId) -> Result<()> {
        let Maintainer { pool, store, .. } = self.maintainer;
        let mut listing = Listing::read(store.as_ref(), tenant).await?;
        self.report.tenants += 1;
        self.report.objects += listing.len();
        let mut after: Option<FileId> = None;
        loop {
            let files = check::files_after(pool, tenant, after).await?;
            let Some(last) = files.last() else { break };
            after = Some(last.id);
            // After the page: it knows every dimension key that a file has.
            let head = match self.options.depth {
                Depth::Sizes => None,
                Depth::Bytes => Some(Arc::new(catalog::head(pool, tenant).await?)),
            };
            self.files(tenant, head, &mut listing, files).await?;
        }
        for key in check::pending(pool, tenant).await? {
            listing.take(&key);
        }
        let unknown = listing.unknown(pool, store.as_ref(), tenant).await?;
        for object in unknown {
            let mut finding = object.finding(tenant);
            self.delete_extra(&object, &mut finding).await?;
            self.add(finding);
        }
        Ok(())
    }

    /// One page of a tenant's files.
    async fn files(
        &mut self,
        tenant: &TenantId,
        head: Option<Arc<Snapshot>>,
        listing: &mut Listing,
        files: Vec<CheckedFile>,
    ) -> Result<()> {
        let listed: Vec<(CheckedFile, listing::Seen)> = files
            .into_iter()
            .map(|file| {
                let seen = listing.see(&file);
                (file, seen)
            })
            .collect();
        let maintainer = self.maintainer;
        let looks = futures::stream::iter(listed).map(|(file, seen)| {
            let head = head.clone();
            async move {
                let findings = file::look(maintainer, tenant, head, &file, seen).await?;
                Ok::<_, crate::error::Error>((file, findings))
            }
        });
        let mut looks = std::pin::pin!(looks.buffered(READS));
        while let Some((file, mut findings)) = looks.try_next().await? {
            self.report.files += 1;
            self.progress
                .advance(Step::Files, self.report.files, self.total);
            if !findings.is_empty() {
                self.mend(tenant, &file, &mut findings).await?;
            }
            for finding in findings {
                self.add(finding);
            }
        }
        Ok(())
    }

    fn add(&mut self, finding: Finding) {
        *self.report.counts.entry(finding.kind).or_default() += 1;
        self.report.left += u64::from(finding.repaired.is_none());
        if self.report.findings.len() < NAMED {
            self.report.findings.push(finding);
        }
    }
}

/// Whether a key is one of ours and this tenant's.
fn is_own(tenant: &TenantId, key: &str) -> bool {
    ObjectKey::parse(&Path::from(key)).is_some_and(|key| key.tenant == *tenant)
}
