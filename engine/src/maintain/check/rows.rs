//! What the rows of a file say against the catalog and against its stored
//! roll-up. They are read once, with one row group in memory.

use arrow::array::RecordBatch;
use bytes::Bytes;
use object_store::path::Path;
use sha2::{Digest, Sha256};
use storage_layout::data_file::{FileStatistics, checksum};
use storage_layout::merge::Rows;
use storage_layout::rollup::{FileRollup, PartialsBuilder};
use storage_layout::row_groups::{Expected, FetchRange, RowGroups};
use storage_layout::{StorageError, TenantId, conform, inline, schema};

use super::super::backup::unavailable;
use super::super::work::{ReadObject, Work};
use super::FindingKind;
use super::rollup::Stored;
use crate::error::{Error, Result};
use crate::metadata::catalog::Snapshot;
use crate::metadata::check::CheckedFile;

/// Bytes that are fetched at a time where only a checksum is wanted.
const PIECE_BYTES: u64 = 8 << 20;

/// What is in memory of a file besides the rows of an object.
pub(super) struct Contents {
    /// The rows of an inline file; those of an object are read bit by bit.
    pub(super) inline: Option<Bytes>,
    pub(super) rollup: Option<Bytes>,
    pub(super) detail: Option<Bytes>,
}

/// What the rows say of themselves.
struct Said {
    statistics: FileStatistics,
    rollup: Option<FileRollup>,
}

/// What the bytes of a file say against the catalog.
pub(super) fn inspect(
    work: &Work,
    tenant: &TenantId,
    head: &Snapshot,
    file: &CheckedFile,
    contents: &Contents,
) -> Result<Vec<(FindingKind, String)>> {
    let stored = Stored::open(
        head,
        file,
        contents.rollup.as_ref(),
        contents.detail.as_ref(),
    );
    let fits = stored.as_ref().ok().and_then(Option::as_ref);
    let rows = rows(work, tenant, file, contents);
    let said = match rows.and_then(|rows| read(rows, head, fits)) {
        Ok(said) => said?,
        Err(error) => return why_not(work, file, contents, error),
    };
    let mut findings = Vec::new();
    if let Some(what) = wrong_statistics(file, said.statistics)? {
        findings.push((FindingKind::WrongStatistics, what));
    }
    let differs = match (&stored, &said.rollup) {
        (Err(what), _) => Some(what.clone()),
        (Ok(Some(stored)), Some(made)) => stored.differs(made),
        _ => None,
    };
    findings.extend(differs.map(|what| (FindingKind::WrongRollup, what)));
    Ok(findings)
}

/// The rows in file order; the last answer is an error when the checksum is not
/// the catalog's.
fn rows(
    work: &Work,
    tenant: &TenantId,
    file: &CheckedFile,
    contents: &Contents,
) -> Result<Rows<'static>, StorageError> {
    let name = file.id.to_string();
    let Some(key) = &file.object_key else {
        let bytes = contents.inline.clone().unwrap_or_default();
        if checksum(&bytes)[..] != file.sha256[..] {
            return Err(StorageError::Damaged {
                file: name,
                what: "its checksum does not match the catalog's".into(),
            });
        }
        let rows = inline::decode(tenant, &bytes, &name)?;
        return Ok(Box::new(std::iter::once(Ok(rows))));
    };
    let fetch = ReadObject {
        work: work.clone(),
        key: Path::from(key.as_str()),
    };
    let expected = Expected {
        tenant: tenant.clone(),
        name,
        bytes: file.bytes,
        footer_bytes: 0,
        sha256: file.sha256.clone(),
    };
    Ok(Box::new(RowGroups::open(fetch, expected, None)?))
}

/// Reads to the end. The outer error is of the bytes, the inner one of what
/// cannot be made of them.
fn read(
    rows: Rows<'_>,
    head: &Snapshot,
    stored: Option<&Stored>,
) -> Result<Result<Said>, StorageError> {
    let columns = schema::stored_schema(&head.registry);
    let definition = head.rollup_definitions();
    let builder = |stored: &Stored| PartialsBuilder::new(stored.zone, &head.registry, &definition);
    let mut builder = stored.map(builder);
    let mut statistics = FileStatistics::of(&[])?;
    for batch in rows {
        let batch: RecordBatch = conform::conform(&batch?, &columns)?;
        statistics.absorb(FileStatistics::of(std::slice::from_ref(&batch))?);
        if let Some(builder) = &mut builder
            && let Err(error) = builder.push(&batch)
        {
            return Ok(Err(Error::storage(error)));
        }
    }
    let rollup = builder.map(PartialsBuilder::finish).transpose();
    Ok(rollup
        .map(|rollup| Said { statistics, rollup })
        .map_err(Error::storage))
}

/// Why a file's rows cannot be read: its bytes are others, else by the error.
fn why_not(
    work: &Work,
    file: &CheckedFile,
    contents: &Contents,
    error: StorageError,
) -> Result<Vec<(FindingKind, String)>> {
    let found = |kind, what: String| Ok(vec![(kind, what)]);
    let sha256 = match (&contents.inline, &file.object_key) {
        (None, Some(key)) => match object_checksum(work, key, file.bytes) {
            Ok(sha256) => sha256,
            // It went after it had been looked for, as its file will have.
            Err(StorageError::Store(object_store::Error::NotFound { .. })) => {
                return Ok(Vec::new());
            }
            Err(StorageError::Store(error)) => return Err(unavailable(error)),
            Err(error) => return Err(Error::storage(error)),
        },
        (bytes, _) => checksum(bytes.as_ref().unwrap_or(&Bytes::new())),
    };
    if sha256[..] != file.sha256[..] {
        let what = "the SHA-256 of the rows is not the catalog's";
        return found(FindingKind::WrongChecksum, what.into());
    }
    match error {
        StorageError::OtherTenant { .. } => {
            let what = "the file does not say that it holds this tenant's rows";
            found(FindingKind::WrongTenant, what.into())
        }
        StorageError::Store(error) => Err(unavailable(error)),
        error => found(FindingKind::Unreadable, error.to_string()),
    }
}

/// The SHA-256 of an object of this size.
fn object_checksum(work: &Work, key: &str, bytes: u64) -> Result<[u8; 32], StorageError> {
    let mut fetch = ReadObject {
        work: work.clone(),
        key: Path::from(key),
    };
    let (mut hasher, mut at) = (Sha256::new(), 0);
    while at < bytes {
        let end = bytes.min(at + PIECE_BYTES);
        hasher.update(&fetch.fetch(at..end)?);
        at = end;
    }
    Ok(hasher.finalize().into())
}

/// Statistics by which a query would skip this file wrongly.
fn wrong_statistics(file: &CheckedFile, true_ones: FileStatistics) -> Result<Option<String>> {
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
