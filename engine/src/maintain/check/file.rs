//! One file: is it there, is it what was written, does the catalog say of it
//! what its rows say?

use std::sync::Arc;

use arrow::array::RecordBatch;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use storage_layout::data_file::{FileStatistics, checksum};
use storage_layout::rollup::{DetailPlace, RollupError, StoredRollup};
use storage_layout::{StorageError, TenantId, conform, inline, reader, schema};

use super::super::Maintainer;
use super::super::backup::unavailable;
use super::listing::Seen;
use super::rollup::compare_rollup;
use super::{Finding, FindingKind, is_own};
use crate::error::{Error, Result};
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
    // What was compacted away meanwhile is nobody's trouble.
    if !findings.is_empty() && !check::is_live(&maintainer.pool, tenant, file.id).await? {
        findings.clear();
    }
    Ok(findings)
}

struct Look<'a> {
    maintainer: &'a Maintainer,
    tenant: &'a TenantId,
    file: &'a CheckedFile,
}

/// The bytes of a file and of its stored roll-up.
struct Contents {
    rows: Bytes,
    rollup: Option<Bytes>,
    detail: Option<Bytes>,
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
        let (file, tenant) = (self.file.clone(), self.tenant.clone());
        let found = tokio::task::spawn_blocking(move || inspect(&tenant, &head, &file, &contents));
        let found = found.await.map_err(Error::internal)??;
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
    async fn read(&self) -> Result<Option<Contents>> {
        let (pool, file) = (&self.maintainer.pool, self.file);
        let first = |mut found: Vec<(_, Bytes)>| found.pop().map(|(_, bytes)| bytes);
        let rows = match &file.object_key {
            Some(key) => self.object(key).await?,
            None => first(catalog::payloads(pool, self.tenant, &[file.id]).await?),
        };
        let Some(rows) = rows else { return Ok(None) };
        let rollup = match &file.rollup_key {
            Some(key) => self.object(key).await?,
            None => first(catalog::rollups(pool, self.tenant, &[file.id]).await?),
        };
        let detail = match &file.detail_key {
            Some(key) => self.object(key).await?,
            None => None,
        };
        Ok(Some(Contents {
            rows,
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

/// What the bytes of a file say against the catalog.
fn inspect(
    tenant: &TenantId,
    head: &Snapshot,
    file: &CheckedFile,
    contents: &Contents,
) -> Result<Vec<(FindingKind, String)>> {
    let found = |kind, what: String| Ok(vec![(kind, what)]);
    if checksum(&contents.rows)[..] != file.sha256[..] {
        let what = "the SHA-256 of the rows is not the catalog's";
        return found(FindingKind::WrongChecksum, what.into());
    }
    let rows = match decode(tenant, head, file, &contents.rows) {
        Ok(rows) => rows,
        Err(StorageError::OtherTenant { .. }) => {
            let what = "the file does not say that it holds this tenant's rows";
            return found(FindingKind::WrongTenant, what.into());
        }
        Err(error) => return found(FindingKind::Unreadable, error.to_string()),
    };
    let mut findings = Vec::new();
    if let Some(what) = wrong_statistics(file, &rows)? {
        findings.push((FindingKind::WrongStatistics, what));
    }
    if let Some(what) = wrong_rollup(head, file, contents, &rows)? {
        findings.push((FindingKind::WrongRollup, what));
    }
    Ok(findings)
}

fn decode(
    tenant: &TenantId,
    head: &Snapshot,
    file: &CheckedFile,
    bytes: &Bytes,
) -> Result<Vec<RecordBatch>, StorageError> {
    let (stored, name) = (schema::stored_schema(&head.registry), file.id.to_string());
    match &file.object_key {
        Some(_) => reader::decode_parquet(bytes.clone(), tenant, &name, &stored),
        None => {
            let rows = inline::decode(tenant, bytes, &name)?;
            conform::conform(&rows, &stored).map(|rows| vec![rows])
        }
    }
}

/// Statistics by which a query would skip this file wrongly.
fn wrong_statistics(file: &CheckedFile, rows: &[RecordBatch]) -> Result<Option<String>> {
    let true_ones = FileStatistics::of(rows).map_err(Error::storage)?;
    let true_ones = serde_json::to_value(true_ones).map_err(Error::internal)?;
    let names = true_ones.as_object().into_iter().flatten();
    let wrong: Vec<&str> = names
        .filter(|(name, _)| *name != "footer_crc32")
        .filter(|(name, value)| file.statistics.get(name.as_str()) != Some(value))
        .map(|(name, _)| name.as_str())
        .collect();
    Ok((!wrong.is_empty()).then(|| {
        format!(
            "the catalog is wrong about {} of its rows",
            wrong.join(", ")
        )
    }))
}

fn wrong_rollup(
    head: &Snapshot,
    file: &CheckedFile,
    contents: &Contents,
    rows: &[RecordBatch],
) -> Result<Option<String>> {
    let (Some(zone), Some(bytes)) = (&file.rollup_zone, &contents.rollup) else {
        return Ok(None);
    };
    let Ok(zone) = zone.parse() else {
        return Ok(Some(format!("it is for an unknown time zone {zone:?}")));
    };
    let (detail, place) = match &contents.detail {
        Some(detail) => (detail, DetailPlace::Alone),
        None => (bytes, DetailPlace::BehindDays),
    };
    let detail = StoredRollup::decode_detail(detail, place);
    let stored = match StoredRollup::decode_days(bytes) {
        Ok(stored) => stored,
        // Nobody reads it: it is made again.
        Err(RollupError::OtherFormat(_)) => return Ok(None),
        Err(error) => return Ok(Some(error.to_string())),
    };
    if let (Err(error), false) = (
        detail,
        file.detail_key.is_some() && contents.detail.is_none(),
    ) {
        return Ok(Some(error.to_string()));
    }
    let differences = compare_rollup(head, zone, &stored, rows)?;
    let differences = differences.filter(|differences| !differences.is_empty());
    Ok(differences.map(|d| {
        let more = d.count - d.told.len() as u64;
        let more = if more > 0 {
            format!("; and {more} more")
        } else {
            String::new()
        };
        format!("it is not what the rows say: {}{more}", d.told.join("; "))
    }))
}
