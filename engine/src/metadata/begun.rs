//! Transactions that are begun, or were never asked for.
//!
//! By its source, sqlx 0.9 counts a transaction only when `BEGIN` was answered,
//! and rolls back what it counted: whoever leaves in between could leave one
//! open on a connection that goes back to the pool, in which the next one would
//! write. So the wait is a task's, which nobody leaves.

use sqlx::postgres::PgPool;
use sqlx::{Postgres, Transaction};

use super::blame;
use crate::error::{Error, Result};

/// Begins by this statement.
pub(super) async fn begin(
    pool: &PgPool,
    statement: &'static str,
) -> Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    // One that nobody takes is rolled back when it is dropped.
    let begun = tokio::spawn(async move { pool.begin_with(statement).await });
    begun.await.map_err(Error::internal)?.map_err(blame)
}
