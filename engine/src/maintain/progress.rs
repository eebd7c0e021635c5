//! How far a long command is.

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Tables of metadata are copied.
    Tables,
    /// Objects are copied.
    Objects,
    /// Files are compared with the catalog.
    Files,
}

/// Hears how far a long command is; called often.
pub trait Progress: Send + Sync {
    /// `done` of `total` of this step are done.
    fn advance(&self, step: Step, done: u64, total: u64);
}

/// Nobody listens.
impl Progress for () {
    fn advance(&self, _: Step, _: u64, _: u64) {}
}
