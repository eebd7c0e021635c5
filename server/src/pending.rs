//! Signatures that the engine brings with its next parts; each goes away when
//! its namesake in `engine` is there.
#![expect(clippy::todo, reason = "replaced by the engine's own at the merge")]
#![expect(dead_code, reason = "fields the front does not show")]

use std::path::Path;

use bytes::Bytes;
use engine::ingest::{Ingest, IngestAnswer};
use engine::session::Answer;
use engine::{Engine, Result, Session, TenantId};

/// Becomes `engine.ingest().collect(tenant, body, key)`.
pub(crate) async fn collect(
    _ingest: &Ingest,
    _tenant: &TenantId,
    _body: Bytes,
    _idempotency_key: Option<String>,
) -> Result<IngestAnswer> {
    todo!()
}

/// Becomes `session.export(query)`: like `sql`, under the plan's export rows,
/// and an error (not a cut) when there are more.
pub(crate) async fn export(session: &Session, query: &str) -> Result<Answer> {
    session.sql(query, &[]).await
}

/// Becomes `Error::from_stream(DataFusionError)`: what a running query can
/// fail with, sorted by blame.
pub(crate) fn stream_error(error: impl std::error::Error + Send + Sync + 'static) -> engine::Error {
    engine::Error::internal(error)
}

/// Becomes `engine::metadata::embedded::roles_sql`.
pub(crate) fn roles_sql(_app_password: &str, _owner_password: &str) -> String {
    todo!()
}

/// Becomes `engine::demo`.
pub(crate) mod demo {
    use super::{Engine, Path, Result, TenantId};

    pub(crate) struct DemoTenant {
        pub(crate) tenant: TenantId,
        pub(crate) plan: String,
        pub(crate) points: u64,
        pub(crate) key: String,
    }

    pub(crate) async fn ensure(
        _engine: &Engine,
        _data_dir: &Path,
        _progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<DemoTenant>> {
        todo!()
    }
}

/// Becomes `engine::import`.
pub(crate) mod import {
    use std::path::PathBuf;

    use super::{Engine, Path, Result, TenantId};

    pub(crate) enum Again {
        Skip,
        Import,
    }

    pub(crate) struct Mapping {}

    impl Mapping {
        pub(crate) fn load(_path: &Path) -> Result<Self> {
            todo!()
        }
    }

    pub(crate) struct ImportOptions {
        pub(crate) mapping: Mapping,
        pub(crate) again: Again,
        pub(crate) report: Option<PathBuf>,
    }

    pub(crate) struct ImportReport {
        pub(crate) points: u64,
        pub(crate) duplicates: u64,
        pub(crate) rejected_lines: u64,
        pub(crate) chunks_skipped: u64,
        pub(crate) rounded: u64,
        pub(crate) report: Option<PathBuf>,
    }

    pub(crate) trait ImportProgress: Send + Sync {
        fn advance(&self, bytes_read: u64, bytes_total: u64, points: u64);
    }

    pub(crate) async fn import_file(
        _engine: &Engine,
        _tenant: &TenantId,
        _file: &Path,
        _options: &ImportOptions,
        _progress: &dyn ImportProgress,
    ) -> Result<ImportReport> {
        todo!()
    }
}
