//! Mends what a check found.
//!
//! What is made from rows is made again, by the commit that replaces a file by
//! another with the same rows: under its old id it could still be in a cache.
//! Rows themselves come from a backup's object of the same key and SHA-256, or
//! are given up when that is asked for.

use chrono::{TimeDelta, Utc};
use object_store::ObjectStoreExt;
use object_store::path::Path;
use storage_layout::data_file::checksum;
use storage_layout::{FileId, TenantId};

use super::super::backup::{put, unavailable};
use super::listing::Unknown;
use super::{Check, Finding, FindingKind, Lost, Repair, is_own};
use crate::error::{Error, Result};
use crate::metadata::check::CheckedFile;
use crate::metadata::commit::{self, Commit, Ingested, Outcome};
use crate::metadata::{catalog, pin, upkeep};

impl Check<'_> {
    /// Does about a file's findings what was asked for.
    pub(super) async fn mend(
        &mut self,
        tenant: &TenantId,
        file: &CheckedFile,
        findings: &mut [Finding],
    ) -> Result<()> {
        let Repair::Mend { lost, .. } = self.options.repair else {
            return Ok(());
        };
        let done = if !findings.iter().any(|f| f.kind.is_of_rows()) {
            self.make_again(tenant, file.id).await
        } else if self.fetch(file, findings).await? {
            let back = "its object was brought back from the backup";
            match findings.iter().all(|f| f.kind.is_of_rows()) {
                true => Ok(back.to_owned()),
                false => {
                    let again = self.make_again(tenant, file.id).await;
                    again.map(|again| format!("{back}; {again}"))
                }
            }
        } else {
            match lost {
                Lost::Keep => Err("its rows cannot be had; it stays in the catalog".to_owned()),
                Lost::Drop => self.drop_lost(tenant, file).await?,
            }
        };
        for finding in findings {
            match &done {
                Ok(done) => finding.repaired = Some(done.clone()),
                Err(why) => finding.not_repaired = Some(why.clone()),
            }
        }
        Ok(())
    }

    /// Replaces a file by one with the same rows, and everything else new.
    async fn make_again(&self, tenant: &TenantId, file: FileId) -> Result<String, String> {
        let snapshot = catalog::snapshot(&self.maintainer.pool, tenant).await;
        let snapshot = std::sync::Arc::new(snapshot.map_err(|e| told(&e))?);
        let Some(old) = snapshot.files.iter().find(|old| old.id == file).cloned() else {
            return Ok("it was replaced by a compaction meanwhile".into());
        };
        self.maintainer
            .write_again(&snapshot, old)
            .await
            .map(|_| "made again from the rows".into())
            .map_err(|e| told(&e))
    }

    /// Brings a file's object back from a place of backups; `false` when that
    /// has none with the catalog's SHA-256.
    async fn fetch(&self, file: &CheckedFile, findings: &[Finding]) -> Result<bool> {
        let foreign = findings.iter().any(|f| f.kind == FindingKind::WrongTenant);
        let (Some(backups), Some(key), false) = (&self.backups, &file.object_key, foreign) else {
            return Ok(false);
        };
        let path = Path::from(key.as_str());
        let object = match backups.get(&path).await {
            Ok(object) => object,
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(error) => return Err(unavailable(error)),
        };
        let bytes = object.bytes().await.map_err(unavailable)?;
        if checksum(&bytes)[..] != file.sha256[..] {
            return Ok(false);
        }
        put(self.maintainer.store.as_ref(), &path, bytes).await?;
        Ok(true)
    }

    /// Takes a file whose rows cannot be had out of the catalog.
    async fn drop_lost(
        &mut self,
        tenant: &TenantId,
        file: &CheckedFile,
    ) -> Result<Result<String, String>> {
        let keys = [&file.object_key, &file.rollup_key, &file.detail_key];
        if keys.into_iter().flatten().any(|key| !is_own(tenant, key)) {
            // The sweep would delete the object, which is somebody else's.
            return Ok(Err("the catalog names an object of somebody else".into()));
        }
        let pool = &self.maintainer.pool;
        let head = catalog::head(pool, tenant).await?;
        let commit = Commit {
            tenant: tenant.clone(),
            remove: vec![file.id],
            add: Vec::new(),
            rollup_zone: head.tenant.time_zone,
            registry_version: head.registry.version,
            dimensions: Vec::new(),
            overflowed: false,
            metrics: Vec::new(),
            ingested: Ingested::default(),
        };
        match commit::commit(pool, &commit).await? {
            Outcome::Committed(version) => {
                self.report.rows_dropped += file.rows;
                let rows = file.rows;
                tracing::warn!(%tenant, file = %file.id, rows, version, "lost rows were given up");
                Ok(Ok(format!(
                    "given up: {rows} rows are gone from version {version} on; what is left of the file stays for two hours"
                )))
            }
            Outcome::FilesGone => Ok(Ok("it was replaced by a compaction meanwhile".into())),
            other => Err(Error::internal(format!("a removal ended as {other:?}"))),
        }
    }

    /// Deletes an object that nothing names and that is old enough to be no
    /// upload under way.
    pub(super) async fn delete_extra(&self, object: &Unknown, finding: &mut Finding) -> Result<()> {
        if matches!(self.options.repair, Repair::Nothing) {
            return Ok(());
        }
        let grace = TimeDelta::seconds(i64::from(upkeep::GRACE_SECONDS));
        let refused = if !object.ours {
            Some("its key is not Tessera's")
        } else if object.modified > Utc::now() - grace {
            Some("it is younger than two hours")
        } else {
            None
        };
        if let Some(why) = refused {
            finding.not_repaired = Some(why.into());
            return Ok(());
        }
        let Some(_deleting) = pin::try_delete(&self.maintainer.pool).await? else {
            finding.not_repaired = Some("a backup or a restore is running".into());
            return Ok(());
        };
        match self.maintainer.store.delete(&object.path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {
                finding.repaired = Some("deleted".into());
                Ok(())
            }
            Err(error) => Err(unavailable(error)),
        }
    }
}

/// What a repair failed of, for the operator.
fn told(error: &Error) -> String {
    match error {
        Error::Storage(source) | Error::Internal(source) => format!("{error}: {source}"),
        other => other.to_string(),
    }
}
