//! One moment of all metadata, for a backup: read as owner, in one transaction.
//!
//! Which tables there are is asked of the database, so that a table of a later
//! migration is in the backup without a word here.

use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Connection, Row};
use storage_layout::TenantId;

use super::blame;
use super::owner::Owner;
use crate::error::{Error, Result};

/// Uploads under way belong to nobody after a restore, stored results of
/// queries are not in a backup, and tickets end within seconds.
const NOT_KEPT: [&str; 3] = ["live_ticket", "pending_upload", "query_job"];

/// A table of the schema `analytics`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// Its bare name.
    pub(crate) name: String,
    /// Its columns, those that are computed left out.
    pub(crate) columns: Vec<String>,
    /// Whether its rows are tenants'; if not, they are all of the system's.
    pub(crate) of_tenants: bool,
}

impl Table {
    /// Its columns for SQL.
    pub(super) fn column_list(&self) -> String {
        let quoted: Vec<String> = self.columns.iter().map(|c| identifier(c)).collect();
        quoted.join(", ")
    }

    /// Its name for SQL.
    pub(super) fn qualified(&self) -> String {
        format!("analytics.{}", identifier(&self.name))
    }
}

pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// An object that the catalog names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedObject {
    pub(crate) key: String,
    /// Size and SHA-256; the catalog has none of roll-ups.
    pub(crate) content: Option<(u64, Vec<u8>)>,
}

/// The transaction, and whose rows it shows.
pub(crate) struct Moment {
    connection: PgConnection,
    tenant: Option<TenantId>,
}

impl Moment {
    /// Begins to look: at all tenants, or at one. Errors: `NotFound` for an
    /// unknown tenant.
    pub(crate) async fn begin(owner: &Owner, tenant: Option<&TenantId>) -> Result<Self> {
        let mut connection = owner.connect().await?;
        sqlx::query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .execute(&mut connection)
            .await
            .map_err(blame)?;
        let mut moment = Self {
            connection,
            tenant: tenant.cloned(),
        };
        match (tenant, moment.tenants().await?) {
            (Some(tenant), 0) => Err(Error::NotFound {
                what: format!("tenant {tenant}"),
            }),
            _ => Ok(moment),
        }
    }

    /// How many tenants are looked at.
    pub(crate) async fn tenants(&mut self) -> Result<u64> {
        let table = Table {
            name: "tenant".into(),
            columns: Vec::new(),
            of_tenants: true,
        };
        self.rows(&table).await
    }

    /// The highest migration that was applied.
    pub(crate) async fn schema_version(&mut self) -> Result<i64> {
        schema_version(&mut self.connection).await
    }

    /// The tables, each after those that it refers to.
    pub(crate) async fn tables(&mut self) -> Result<Vec<Table>> {
        let mut tables = tables(&mut self.connection).await?;
        tables.retain(|table| !NOT_KEPT.contains(&table.name.as_str()));
        Ok(tables)
    }

    /// How many rows of a table are looked at.
    pub(crate) async fn rows(&mut self, table: &Table) -> Result<u64> {
        let sql = format!(
            "SELECT count(*) FROM {} WHERE {}",
            table.qualified(),
            self.condition(table)
        );
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_one(&mut self.connection)
            .await
            .map_err(blame)?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// These rows as CSV with a header line.
    pub(crate) async fn csv(
        &mut self,
        table: &Table,
    ) -> Result<BoxStream<'_, Result<bytes::Bytes>>> {
        let sql = format!(
            "COPY (SELECT {} FROM {} WHERE {}) TO STDOUT (FORMAT csv, HEADER true)",
            table.column_list(),
            table.qualified(),
            self.condition(table)
        );
        let stream = self.connection.copy_out_raw(&sql).await.map_err(blame)?;
        Ok(stream.map_err(blame).boxed())
    }

    /// The objects of live files, sorted by key.
    pub(crate) fn objects(&mut self) -> impl Stream<Item = Result<NamedObject>> + '_ {
        sqlx::query(
            "SELECT key, bytes, sha256 FROM (
                 SELECT object_key AS key, bytes, sha256 FROM analytics.data_file
                 WHERE object_key IS NOT NULL AND removed_version IS NULL
                   AND ($1::text IS NULL OR tenant_id = $1)
                 UNION ALL SELECT rollup_key, NULL, NULL FROM analytics.data_file
                 WHERE rollup_key IS NOT NULL AND removed_version IS NULL
                   AND ($1::text IS NULL OR tenant_id = $1)
                 UNION ALL SELECT detail_key, NULL, NULL FROM analytics.data_file
                 WHERE detail_key IS NOT NULL AND removed_version IS NULL
                   AND ($1::text IS NULL OR tenant_id = $1)) AS object
             ORDER BY key COLLATE \"C\"",
        )
        .bind(self.tenant.as_ref().map(|tenant| tenant.to_string()))
        .fetch(&mut self.connection)
        .map(|row| row.map(|row| named_object(&row)).map_err(blame))
    }

    /// Ends the transaction.
    pub(crate) async fn end(self) {
        self.connection.close().await.ok();
    }

    /// Which of a table's rows are looked at. A tenant's id needs no quoting.
    fn condition(&self, table: &Table) -> String {
        let live = match table.name.as_str() {
            "data_file" => "removed_version IS NULL",
            _ => "true",
        };
        match &self.tenant {
            Some(tenant) if table.of_tenants => format!("{live} AND tenant_id = '{tenant}'"),
            _ => live.to_owned(),
        }
    }
}

fn named_object(row: &PgRow) -> NamedObject {
    let bytes: Option<i64> = row.get("bytes");
    let sha256: Option<Vec<u8>> = row.get("sha256");
    NamedObject {
        key: row.get("key"),
        content: bytes.and_then(|b| u64::try_from(b).ok()).zip(sha256),
    }
}

/// The highest migration that was applied.
pub(super) async fn schema_version(connection: &mut PgConnection) -> Result<i64> {
    let folder: String = sqlx::query_scalar(
        "SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE c.relname = '_sqlx_migrations' LIMIT 1",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(blame)?;
    let sql = format!(
        "SELECT coalesce(max(version), 0) FROM {}._sqlx_migrations WHERE success",
        identifier(&folder)
    );
    sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_one(connection)
        .await
        .map_err(blame)
}

/// All tables, each after those that it refers to. The operator's keys and the
/// secret of embed tokens are not among them: a backup, be it of one tenant,
/// must open no other's data, and a restore must bring no revoked key back.
pub(super) async fn tables(connection: &mut PgConnection) -> Result<Vec<Table>> {
    let rows = sqlx::query(
        "SELECT c.relname::text AS name,
                array(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid
                      AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
                      ORDER BY a.attnum) AS columns,
                array(SELECT p.relname::text FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid
                      WHERE k.conrelid = c.oid AND k.contype = 'f' AND p.oid <> c.oid
                        AND p.relnamespace = c.relnamespace) AS parents
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'analytics' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
           AND c.relname NOT IN ('_sqlx_migrations', 'platform_key', 'embed_secret')
         ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .map_err(blame)?;
    let mut left: Vec<(Table, Vec<String>)> = rows
        .iter()
        .map(|row| {
            let columns: Vec<String> = row.get("columns");
            let table = Table {
                name: row.get("name"),
                of_tenants: columns.iter().any(|column| column == "tenant_id"),
                columns,
            };
            (table, row.get("parents"))
        })
        .collect();
    let mut sorted: Vec<Table> = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let free = |(_, parents): &(Table, Vec<String>)| {
            parents.iter().all(|p| sorted.iter().any(|t| t.name == *p))
        };
        let Some(at) = left.iter().position(free) else {
            return Err(Error::internal("tables refer to each other in a circle"));
        };
        sorted.push(left.remove(at).0);
    }
    Ok(sorted)
}
