//! Keeps objects where they are while a backup or a restore copies them.
//!
//! A pin is a shared advisory lock of a connection of its own: it ends with
//! the process, however that ends. Whoever deletes objects takes the same lock
//! alone, and leaves them for later where it cannot.

use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{Connection, Postgres, Transaction};

use super::owner::Owner;
use super::{begun, blame};
use crate::error::Result;

/// The advisory lock's number: "tessera" in ASCII.
const OBJECTS: i64 = 0x74_65_73_73_65_72_61;

/// While this lives, no object is deleted.
#[derive(Debug)]
pub(crate) struct Pin {
    connection: PgConnection,
}

impl Pin {
    /// Waits for deletions that are under way, then keeps off new ones.
    pub(crate) async fn take(owner: &Owner) -> Result<Self> {
        let mut connection = owner.connect().await?;
        sqlx::query("SELECT pg_advisory_lock_shared($1)")
            .bind(OBJECTS)
            .execute(&mut connection)
            .await
            .map_err(blame)?;
        Ok(Self { connection })
    }

    /// Lets go. Dropping does the same, a little later.
    pub(crate) async fn release(self) {
        // The lock goes with the connection, said goodbye or not.
        self.connection.close().await.ok();
    }
}

/// The right to delete objects, until the transaction ends.
pub(crate) struct Deleting {
    _tx: Transaction<'static, Postgres>,
}

/// Takes the right to delete objects; `None` while a backup or a restore runs.
pub(crate) async fn try_delete(pool: &PgPool) -> Result<Option<Deleting>> {
    let mut tx = begun::begin(pool, "BEGIN").await?;
    let free: bool = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)")
        .bind(OBJECTS)
        .fetch_one(&mut *tx)
        .await
        .map_err(blame)?;
    Ok(free.then_some(Deleting { _tx: tx }))
}
