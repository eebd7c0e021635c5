//! One tenant's objects as the store lists them, held small.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use sqlx::postgres::PgPool;
use storage_layout::key::{ObjectKey, ObjectKind, ResultKey, tenant_folder};
use storage_layout::{FileId, TenantId, Window};

use super::super::backup::unavailable;
use super::{Finding, FindingKind};
use crate::error::Result;
use crate::metadata::check::{self, CheckedFile};

/// Objects that are asked about in one statement.
const ASKED: usize = 1_000;

/// What a key says besides its tenant.
type Short = (FileId, ObjectKind, Window);

/// Objects that nothing has named yet.
pub(super) struct Listing {
    /// Their sizes.
    ours: HashMap<Short, u64>,
    /// Keys that are not of our form.
    others: Vec<Path>,
    objects: u64,
}

/// What the listing says of a file's objects: their sizes, or that they are
/// not there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub(super) data: Option<u64>,
    pub(super) rollup: Option<u64>,
    pub(super) detail: Option<u64>,
}

/// An object that nothing names.
pub(super) struct Unknown {
    pub(super) path: Path,
    pub(super) bytes: u64,
    pub(super) modified: DateTime<Utc>,
    /// Whether its key is of our form.
    pub(super) ours: bool,
}

impl Unknown {
    pub(super) fn finding(&self, tenant: &TenantId) -> Finding {
        let (bytes, modified) = (self.bytes, self.modified);
        let mut finding = Finding::new(
            tenant,
            FindingKind::ExtraObject,
            self.path.as_ref(),
            format!("no file names this object of {bytes} bytes, written {modified:.0?}"),
        );
        if !self.ours {
            finding.what_to_do = "its key is not Tessera's: move it to where it belongs";
        }
        finding
    }
}

impl Listing {
    pub(super) async fn read(store: &dyn ObjectStore, tenant: &TenantId) -> Result<Self> {
        let folder = tenant_folder(tenant);
        let mut listing = Self {
            ours: HashMap::new(),
            others: Vec::new(),
            objects: 0,
        };
        let mut objects = store.list(Some(&folder));
        while let Some(object) = objects.try_next().await.map_err(unavailable)? {
            listing.objects += 1;
            match ObjectKey::parse(&object.location) {
                Some(key) => {
                    let short = (key.file, key.kind, key.window);
                    listing.ours.insert(short, object.size);
                }
                // Whose day is over is swept; the catalog's files know none of them.
                None if ResultKey::parse(&object.location).is_some() => {}
                None => listing.others.push(object.location),
            }
        }
        Ok(listing)
    }

    pub(super) fn len(&self) -> u64 {
        self.objects
    }

    /// Takes a file's objects out.
    pub(super) fn see(&mut self, file: &CheckedFile) -> Seen {
        let mut take = |key: &Option<String>| key.as_ref().and_then(|key| self.take(key));
        Seen {
            data: take(&file.object_key),
            rollup: take(&file.rollup_key),
            detail: take(&file.detail_key),
        }
    }

    /// Takes an object out; answers its size.
    pub(super) fn take(&mut self, key: &str) -> Option<u64> {
        let key = ObjectKey::parse(&Path::from(key))?;
        self.ours.remove(&(key.file, key.kind, key.window))
    }

    /// What is left, and is still there and unknown when it is asked for again.
    pub(super) async fn unknown(
        self,
        pool: &PgPool,
        store: &dyn ObjectStore,
        tenant: &TenantId,
    ) -> Result<Vec<Unknown>> {
        let keys: Vec<String> = self
            .ours
            .into_keys()
            .map(|(file, kind, window)| {
                let key = ObjectKey {
                    tenant: tenant.clone(),
                    window,
                    file,
                    kind,
                };
                key.path().to_string()
            })
            .collect();
        let mut paths: Vec<(Path, bool)> = self.others.into_iter().map(|p| (p, false)).collect();
        for some in keys.chunks(ASKED) {
            let unknown = check::unknown(pool, tenant, some).await?;
            paths.extend(unknown.into_iter().map(|key| (Path::from(key), true)));
        }
        paths.sort();
        let mut unknown = Vec::with_capacity(paths.len());
        for (path, ours) in paths {
            match store.head(&path).await {
                Ok(object) => unknown.push(Unknown {
                    path,
                    bytes: object.size,
                    modified: object.last_modified,
                    ours,
                }),
                // Swept since it was listed.
                Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(unknown)
    }
}
