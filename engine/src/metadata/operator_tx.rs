//! A transaction that changes what belongs to no tenant, and says for whom.

use sqlx::postgres::PgPool;
use sqlx::{Postgres, Transaction};

use super::{actor, begun, blame};
use crate::error::Result;

/// Begins a transaction that carries no tenant; its changes are recorded as
/// those of whoever acts.
pub(super) async fn begin(pool: &PgPool) -> Result<Transaction<'static, Postgres>> {
    let mut tx = begun::begin(pool, "BEGIN").await?;
    sqlx::query(
        "SELECT set_config('lock_timeout', '5s', true),
                set_config('statement_timeout', '60s', true),
                set_config('app.actor', $1, true)",
    )
    .bind(actor::current())
    .execute(&mut *tx)
    .await
    .map_err(blame)?;
    Ok(tx)
}
