//! Signatures that the engine brings with its next parts; each goes away when
//! its namesake in `engine` is there.
#![expect(clippy::todo, reason = "replaced by the engine's own at the merge")]

use std::path::Path;

use engine::session::Answer;
use engine::{Engine, Result, Session, TenantId};

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

/// Becomes `engine::demo`.
pub(crate) mod demo {
    use chrono::{DateTime, Utc};

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
        _end: DateTime<Utc>,
        _progress: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<Vec<DemoTenant>> {
        todo!()
    }
}
