//! One file: is it there, is it what was written, does the catalog say of it
//! what its rows say?

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use storage_layout::TenantId;

use super::super::backup::unavailable;
use super::super::{Maintainer, work};
use super::listing::Seen;
use super::{Finding, FindingKind, is_own, rows};
use crate::error::Result;
use crate::metadata::catalog::{self, Snapshot};
use crate::metadata::check::{self, CheckedFile};

/// What is wrong with this file; with a snapshot's head its bytes are read.
pub(super) async fn look(
    maintainer: &Maintainer,
    tenant: &TenantId,
    head: Option<Arc<Snapshot>>,
    file: &CheckedFile,
    seen: Seen,
) -> Result<Vec<Finding>> {
    if !file.live {
        return Ok(Vec::new());
    }
    let look = Look {
        maintainer,
        tenant,
        file,
    };
    let mut findings = look.outside(seen).await?;
    if let Some(head) = head
        && !findings.iter().any(|finding| finding.kind.is_of_rows())
    {
        findings.extend(look.inside(head).await?);
    }
    // What was replaced meanwhile is nobody's trouble.
    if !findings.is_empty() && !check::is_as_it_was(&maintainer.pool, tenant, file).await? {
        findings.clear();
    }
    Ok(findings)
}

struct Look<'a> {
    maintainer: &'a Maintainer,
    tenant: &'a TenantId,
    file: &'a CheckedFile,
}

impl Look<'_> {
    fn finding(&self, kind: FindingKind, key: &str, what: impl Into<String>) -> Finding {
        Finding::new(self.tenant, kind, key, what).of_file(self.file)
    }

    /// The object's key; of an inline file its id.
    fn key(&self) -> String {
        let id = || self.file.id.to_string();
        self.file.object_key.clone().unwrap_or_else(id)
    }

    /// What can be seen without opening anything.
    async fn outside(&self, seen: Seen) -> Result<Vec<Finding>> {
        let file = self.file;
        let mut findings = Vec::new();
        let keys = [
            (&file.object_key, seen.data, FindingKind::MissingObject),
            (&file.rollup_key, seen.rollup, FindingKind::MissingRollup),
            (&file.detail_key, seen.detail, FindingKind::MissingRollup),
        ];
        let mut found = [file.payload_bytes, None, None];
        for (at, (key, listed, missing)) in keys.into_iter().enumerate() {
            let Some(key) = key else { continue };
            if !is_own(self.tenant, key) {
                let what = "the catalog names an object that is not this tenant's";
                findings.push(self.finding(FindingKind::WrongTenant, key, what));
                continue;
            }
            found[at] = match listed {
                Some(bytes) => Some(bytes),
                // Written since the listing, perhaps.
                None => size(self.maintainer.store.as_ref(), key).await?,
            };
            if found[at].is_none() {
                let what = match missing {
                    FindingKind::MissingObject => {
                        format!("the object of {} rows is not there", file.rows)
                    }
                    _ => "the object of its roll-up is not there".into(),
                };
                findings.push(self.finding(missing, key, what));
            }
        }
        if let Some(bytes) = found[0].filter(|bytes| *bytes != file.bytes) {
            let what = format!("{bytes} bytes are there instead of {}", file.bytes);
            findings.push(self.finding(FindingKind::WrongSize, &self.key(), what));
        }
        if let Some(what) = contradiction(file) {
            findings.push(self.finding(FindingKind::WrongStatistics, &self.key(), what));
        }
        Ok(findings)
    }

    /// What the bytes say.
    async fn inside(&self, head: Arc<Snapshot>) -> Result<Vec<Finding>> {
        let Some(contents) = self.read().await? else {
            return Ok(Vec::new());
        };
        let Maintainer { pool, store, .. } = self.maintainer;
        let (file, tenant) = (self.file.clone(), self.tenant.clone());
        let found = work::run(pool, store, None, move |work| {
            rows::inspect(work, &tenant, &head, &file, &contents)
        });
        let found = found.await?;
        Ok(found
            .into_iter()
            .map(|(kind, what)| {
                let rollup = (kind == FindingKind::WrongRollup).then_some(&self.file.rollup_key);
                let key = rollup.cloned().flatten().unwrap_or_else(|| self.key());
                self.finding(kind, &key, what)
            })
            .collect())
    }

    /// `None` when the file is gone from the catalog.
    async fn read(&self) -> Result<Option<rows::Contents>> {
        let (pool, file) = (&self.maintainer.pool, self.file);
        let first = |mut found: Vec<(_, Bytes)>| found.pop().map(|(_, bytes)| bytes);
        let inline = match &file.object_key {
            Some(_) => None,
            None => match first(catalog::payloads(pool, self.tenant, &[file.id]).await?) {
                Some(bytes) => Some(bytes),
                None => return Ok(None),
            },
        };
        let rollup = match &file.rollup_key {
            Some(key) => self.object(key).await?,
            None => first(catalog::rollups(pool, self.tenant, &[file.id]).await?),
        };
        let detail = match &file.detail_key {
            Some(key) => self.object(key).await?,
            None => None,
        };
        Ok(Some(rows::Contents {
            inline,
            rollup,
            detail,
        }))
    }

    async fn object(&self, key: &str) -> Result<Option<Bytes>> {
        match self.maintainer.store.get(&Path::from(key)).await {
            Ok(object) => object.bytes().await.map(Some).map_err(unavailable),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }
}

async fn size(store: &dyn ObjectStore, key: &str) -> Result<Option<u64>> {
    match store.head(&Path::from(key)).await {
        Ok(object) => Ok(Some(object.size)),
        Err(object_store::Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(unavailable(error)),
    }
}

/// Where the catalog contradicts itself about a file.
fn contradiction(file: &CheckedFile) -> Option<String> {
    let number = |name: &str| file.statistics[name].as_i64();
    let said = [
        ("rows", number("rows"), i64::try_from(file.rows).ok()),
        (
            "min_recorded_at_us",
            number("min_recorded_at_us"),
            Some(file.min_recorded_at.timestamp_micros()),
        ),
        (
            "max_recorded_at_us",
            number("max_recorded_at_us"),
            Some(file.max_recorded_at.timestamp_micros()),
        ),
    ];
    let (name, ..) = said.iter().find(|(_, a, b)| a != b)?;
    Some(format!("the catalog contradicts itself about {name}"))
}
