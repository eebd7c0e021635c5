//! The only way to a tenant's rows: a transaction that carries the tenant.
//!
//! The setting is local to the transaction, so a connection that goes back to
//! the pool carries no tenant, whatever ended its last use.

use std::ops::{Deref, DerefMut};

use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Postgres, Transaction};
use storage_layout::TenantId;

use super::{actor, begun, blame};
use crate::error::Result;

/// A transaction in which row-level security shows one tenant.
pub struct TenantTx {
    inner: Transaction<'static, Postgres>,
}

impl TenantTx {
    /// Begins a read-write transaction.
    pub async fn begin(pool: &PgPool, tenant: &TenantId) -> Result<Self> {
        Self::start(pool, tenant, "BEGIN").await
    }

    /// Begins a transaction that sees one moment of the catalog throughout.
    pub async fn snapshot(pool: &PgPool, tenant: &TenantId) -> Result<Self> {
        Self::start(
            pool,
            tenant,
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        )
        .await
    }

    async fn start(pool: &PgPool, tenant: &TenantId, begin: &'static str) -> Result<Self> {
        let mut inner = begun::begin(pool, begin).await?;
        sqlx::query(
            "SELECT set_config('app.current_tenant_id', $1, true),
                    set_config('lock_timeout', '5s', true),
                    set_config('statement_timeout', '60s', true),
                    set_config('app.actor', $2, true)",
        )
        .bind(tenant.as_str())
        .bind(actor::current())
        .execute(&mut *inner)
        .await
        .map_err(blame)?;
        Ok(Self { inner })
    }

    /// Commits. An error here leaves open whether the commit happened.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await
    }
}

impl Deref for TenantTx {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.inner
    }
}

impl DerefMut for TenantTx {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
