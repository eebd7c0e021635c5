//! Places at which a test makes the process end, as a power cut would.
//!
//! Built only with the feature `failpoints`, which tests have and releases do
//! not; without it [`Failpoint::reached`] is nothing. `TESSERA_FAILPOINT=name`
//! ends the process when it is at that place for the first time, `name@3` for
//! the third.

/// A place in the work on a tenant's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failpoint {
    /// Objects are encoded; nothing of them is written anywhere.
    BeforeUpload,
    /// The catalog knows that objects are about to come.
    UploadNoted,
    /// All objects are in the store, and no commit names them.
    Uploaded,
    /// The catalog's rows are written, COMMIT is not sent.
    BeforeCommit,
    /// COMMIT is acknowledged, and nobody has been told.
    Committed,
    /// A rewrite has opened the files that it will replace, and written nothing.
    RewriteRead,
    /// A replaced file's objects are deleted, its row is still there.
    ObjectsSwept,
    /// An erasure is noted with its job, and nobody has begun.
    ErasureNoted,
    /// A tenant is back from a backup, and its erasures are not done again.
    TenantRestored,
}

impl Failpoint {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::BeforeUpload,
        Self::UploadNoted,
        Self::Uploaded,
        Self::BeforeCommit,
        Self::Committed,
        Self::RewriteRead,
        Self::ObjectsSwept,
        Self::ErasureNoted,
        Self::TenantRestored,
    ];

    /// As `TESSERA_FAILPOINT` names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeUpload => "before-upload",
            Self::UploadNoted => "upload-noted",
            Self::Uploaded => "uploaded",
            Self::BeforeCommit => "before-commit",
            Self::Committed => "committed",
            Self::RewriteRead => "rewrite-read",
            Self::ObjectsSwept => "objects-swept",
            Self::ErasureNoted => "erasure-noted",
            Self::TenantRestored => "tenant-restored",
        }
    }

    /// Ends the process here when the environment says so.
    #[cfg(not(feature = "failpoints"))]
    pub(crate) fn reached(self) {}

    /// Ends the process here when the environment says so.
    #[cfg(feature = "failpoints")]
    pub(crate) fn reached(self) {
        use std::sync::OnceLock;
        use std::sync::atomic::{AtomicU64, Ordering};

        static WANTED: OnceLock<Option<(String, u64)>> = OnceLock::new();
        static TIMES: AtomicU64 = AtomicU64::new(0);
        let wanted = WANTED.get_or_init(|| {
            let set = std::env::var("TESSERA_FAILPOINT").ok()?;
            let (name, times) = set.split_once('@').unwrap_or((&set, "1"));
            Some((name.to_owned(), times.parse().unwrap_or(1)))
        });
        if let Some((name, times)) = wanted
            && name == self.name()
            && TIMES.fetch_add(1, Ordering::SeqCst) + 1 == *times
        {
            // No destructor runs and nothing is flushed: Postgres sees a
            // connection that ends, the store a request that stops.
            std::process::abort();
        }
    }
}
