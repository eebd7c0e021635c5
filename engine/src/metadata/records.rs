//! Records: which queries ran, and who changed what.
//!
//! A query's record is written some moments after its end, many at a time; no
//! query waits for it, and when Postgres is away the oldest records make room,
//! which is counted. Changes of keys, plans, definitions, retention and data are
//! recorded by the database itself, in the transaction that makes them (see
//! migration 0029); what is no change of a row, an export or a refusal, comes
//! through here.

mod audit;
mod queries;
mod reading;
mod writer;

pub use audit::AuditRecord;
pub use queries::{QueryRecord, Verdict};
pub use reading::{Cursor, Filter};
pub(crate) use reading::{audit_entries, query_entries};
pub use writer::Records;
