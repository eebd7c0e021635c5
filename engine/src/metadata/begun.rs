//! Transactions that are begun, or were never asked for.
//!
//! Whoever leaves between `BEGIN` and its answer would leave an open
//! transaction on a connection that goes back to the pool: sqlx 0.9 takes it for
//! one without. What the next one wrote there would be committed, or undone,
//! with somebody else's. So the wait is a task's, which nobody leaves.

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
