//! Metadata back from a backup: staged whole, then taken in tenant by tenant,
//! each in one transaction, as owner.
//!
//! Staging tables are temporary: until a tenant's transaction commits, nothing
//! of the backup can be seen, and a restore that ends early leaves nothing.

use std::collections::BTreeMap;

use sqlx::postgres::{PgConnection, PgCopyIn};
use sqlx::{AssertSqlSafe, Connection, Row};
use storage_layout::TenantId;

use super::backup::{Table, identifier, schema_version, tables};
use super::owner::Owner;
use super::{blame, owed};
use crate::error::{Error, Result};

/// What a living system knows better than any backup: which keys and tokens
/// were revoked, what roles may see, what was erased since, which work is under
/// way and by whom, what was asked and changed, and which results are stored.
/// Rows that are there stay as they are, and those of the backup that are not
/// come back.
const KEPT: [&str; 9] = [
    "api_key",
    "audit_log",
    "erasure",
    "job",
    "lease",
    "query_job",
    "query_log",
    "role",
    "token_revocation",
];

/// Rows that writers lock: replaced in place, so that a writer that waits goes
/// on with the restored tenant.
const LOCKED: [&str; 2] = ["tenant", "tenant_version"];

/// What the restored tenant meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// There must be no such tenant.
    Refuse,
    /// A tenant that exists becomes what it was at the backup.
    Replace,
}

/// The database that is restored into.
pub(crate) struct Target {
    connection: PgConnection,
    tables: Vec<Table>,
    staged: BTreeMap<String, Table>,
}

/// A table's rows on their way to their staging table.
pub(crate) struct Load<'a> {
    copy: PgCopyIn<&'a mut PgConnection>,
}

impl Load<'_> {
    /// Takes some bytes of CSV.
    pub(crate) async fn send(&mut self, csv: &[u8]) -> Result<()> {
        self.copy.send(csv).await.map(drop).map_err(blame)
    }

    /// Ends the rows; answers how many there were. Errors: `Invalid` for rows
    /// that are not this table's.
    pub(crate) async fn finish(self) -> Result<u64> {
        self.copy.finish().await.map_err(|error| match error {
            sqlx::Error::Database(error) => Error::Invalid {
                message: format!("the backup's rows do not fit the table: {error}"),
                at: None,
                location: None,
                hint: Some("use the program version that wrote the backup".into()),
            },
            other => blame(other),
        })
    }
}

impl Target {
    pub(crate) async fn open(owner: &Owner) -> Result<Self> {
        let mut connection = owner.connect().await?;
        // What comes back was recorded when it was made.
        execute(
            &mut connection,
            "SELECT set_config('app.restoring', 'on', false)".to_owned(),
        )
        .await?;
        let tables = tables(&mut connection).await?;
        Ok(Self {
            connection,
            tables,
            staged: BTreeMap::new(),
        })
    }

    /// The highest migration that was applied.
    pub(crate) async fn schema_version(&mut self) -> Result<i64> {
        schema_version(&mut self.connection).await
    }

    /// Whether this tenant exists; `None`: whether any does.
    pub(crate) async fn has(&mut self, tenant: Option<&TenantId>) -> Result<bool> {
        sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM analytics.tenant WHERE $1::text IS NULL OR tenant_id = $1)",
        )
        .bind(tenant.map(TenantId::as_str))
        .fetch_one(&mut self.connection)
        .await
        .map_err(blame)
    }

    /// Makes a staging table for these columns. Errors: `Invalid` when this
    /// program knows no such table or column.
    pub(crate) async fn stage(&mut self, name: &str, columns: &[String]) -> Result<Load<'_>> {
        let known = self.tables.iter().find(|table| table.name == name);
        let known = known.filter(|table| columns.iter().all(|c| table.columns.contains(c)));
        let Some(known) = known else {
            return Err(Error::Invalid {
                message: format!("this program has no table {name:?} with the backup's columns"),
                at: None,
                location: None,
                hint: Some("use the program version that wrote the backup".into()),
            });
        };
        let table = Table {
            columns: columns.to_vec(),
            ..known.clone()
        };
        let (stage, list) = (stage_name(name), table.column_list());
        let make = format!(
            "CREATE TEMPORARY TABLE {stage} AS SELECT {list} FROM {} WITH NO DATA",
            table.qualified()
        );
        execute(&mut self.connection, make).await?;
        if table.of_tenants {
            let index = format!("CREATE INDEX ON {stage} (tenant_id)");
            execute(&mut self.connection, index).await?;
        }
        self.staged.insert(name.to_owned(), table);
        let copy = format!("COPY {stage} ({list}) FROM STDIN (FORMAT csv, HEADER true)");
        let copy = self.connection.copy_in_raw(&copy).await.map_err(blame)?;
        Ok(Load { copy })
    }

    /// The tenants of the backup.
    pub(crate) async fn tenants(&mut self) -> Result<Vec<TenantId>> {
        let sql = format!(
            "SELECT tenant_id FROM {} ORDER BY tenant_id",
            stage_name("tenant")
        );
        let ids: Vec<String> = sqlx::query_scalar(AssertSqlSafe(sql))
            .fetch_all(&mut self.connection)
            .await
            .map_err(blame)?;
        ids.iter()
            .map(|id| TenantId::new(id).map_err(Error::storage))
            .collect()
    }

    /// The objects that a tenant's staged files name, with the size and
    /// SHA-256 of those that have one in the catalog.
    pub(crate) async fn objects(
        &mut self,
        tenant: &TenantId,
    ) -> Result<Vec<(String, Option<(u64, Vec<u8>)>)>> {
        let stage = stage_name("data_file");
        let sql = format!(
            "SELECT object_key, bytes, sha256 FROM {stage}
             WHERE tenant_id = $1 AND object_key IS NOT NULL
             UNION ALL SELECT rollup_key, NULL, NULL FROM {stage}
             WHERE tenant_id = $1 AND rollup_key IS NOT NULL
             UNION ALL SELECT detail_key, NULL, NULL FROM {stage}
             WHERE tenant_id = $1 AND detail_key IS NOT NULL"
        );
        let rows = sqlx::query(AssertSqlSafe(sql))
            .bind(tenant.as_str())
            .fetch_all(&mut self.connection)
            .await
            .map_err(blame)?;
        let object = |row: &sqlx::postgres::PgRow| {
            let bytes: Option<i64> = row.get(1);
            let bytes = bytes.and_then(|bytes| u64::try_from(bytes).ok());
            (row.get(0), bytes.zip(row.get(2)))
        };
        Ok(rows.iter().map(object).collect())
    }

    /// Replaces what belongs to the system and to no tenant. Only where there
    /// are no tenants.
    pub(crate) async fn replace_globals(&mut self) -> Result<()> {
        let mut tx = self.connection.begin().await.map_err(blame)?;
        let of_system = |table: &&Table| !table.of_tenants && self.staged.contains_key(&table.name);
        for table in self.tables.iter().rev().filter(of_system) {
            execute(&mut tx, format!("DELETE FROM {}", table.qualified())).await?;
        }
        for table in self.tables.iter().filter(of_system) {
            execute(&mut tx, insert(&self.staged[&table.name], "true", "")).await?;
        }
        tx.commit().await.map_err(blame)
    }

    /// Takes a tenant in, all its tables in one transaction, which notes the
    /// erasures that are owed. Errors: `Conflict` when it exists and must not.
    pub(crate) async fn tenant(&mut self, tenant: &TenantId, existing: Existing) -> Result<()> {
        let mut tx = self.connection.begin().await.map_err(blame)?;
        let old: Option<(i64, i64)> = sqlx::query_as(
            "SELECT version, registry_version FROM analytics.tenant_version
             WHERE tenant_id = $1 FOR UPDATE",
        )
        .bind(tenant.as_str())
        .fetch_optional(&mut *tx)
        .await
        .map_err(blame)?;
        if old.is_some() && existing == Existing::Refuse {
            return Err(Error::Conflict {
                message: format!(
                    "tenant {tenant} exists: add --replace to make it what it was at the backup"
                ),
            });
        }
        let mine = format!("tenant_id = '{tenant}'");
        if old.is_some() {
            remember_objects(&mut tx, &mine).await?;
            let replaced = |t: &&Table| {
                t.of_tenants && !KEPT.contains(&&*t.name) && !LOCKED.contains(&&*t.name)
            };
            for table in self.tables.iter().rev().filter(replaced) {
                let delete = format!("DELETE FROM {} WHERE {mine}", table.qualified());
                execute(&mut tx, delete).await?;
            }
        }
        insert_needed_globals(&mut tx, &self.staged, &mine).await?;
        for table in self.tables.iter().filter(|table| table.of_tenants) {
            let Some(staged) = self.staged.get(&table.name) else {
                continue;
            };
            let on_conflict = match table.name.as_str() {
                name if old.is_some() && LOCKED.contains(&name) => update(staged),
                name if old.is_some() && KEPT.contains(&name) => "ON CONFLICT DO NOTHING".into(),
                _ => String::new(),
            };
            execute(&mut tx, insert(staged, &mine, &on_conflict)).await?;
        }
        if let Some((version, registry)) = old {
            go_on_from(&mut tx, tenant, version, registry).await?;
            sweep_later(&mut tx, tenant).await?;
        }
        owed::owe(&mut tx, tenant).await?;
        tx.commit().await.map_err(blame)
    }

    /// Erasures that a tenant has asked for, where there is a table of them.
    pub(crate) async fn erasures(&mut self, tenant: &TenantId) -> Result<u64> {
        if !self.tables.iter().any(|table| table.name == "erasure") {
            return Ok(0);
        }
        let erasures: i64 = sqlx::query_scalar(AssertSqlSafe(
            "SELECT count(*) FROM analytics.erasure WHERE tenant_id = $1".to_owned(),
        ))
        .bind(tenant.as_str())
        .fetch_one(&mut self.connection)
        .await
        .map_err(blame)?;
        Ok(u64::try_from(erasures).unwrap_or(0))
    }

    /// Numbers that count up go on behind the restored ones.
    pub(crate) async fn raise_sequences(&mut self) -> Result<()> {
        for table in &self.tables {
            for column in &table.columns {
                let sql = format!(
                    "SELECT setval(s.name::regclass, greatest(m.highest,
                         pg_sequence_last_value(s.name::regclass)))
                     FROM pg_get_serial_sequence($1, $2) AS s (name),
                         LATERAL (SELECT max({0})::bigint AS highest FROM {1}) AS m
                     WHERE s.name IS NOT NULL AND m.highest IS NOT NULL",
                    identifier(column),
                    table.qualified()
                );
                let counted: Option<String> =
                    sqlx::query_scalar("SELECT pg_get_serial_sequence($1, $2)")
                        .bind(table.qualified())
                        .bind(column)
                        .fetch_one(&mut self.connection)
                        .await
                        .map_err(blame)?;
                if counted.is_some() {
                    sqlx::query(AssertSqlSafe(sql))
                        .bind(table.qualified())
                        .bind(column)
                        .execute(&mut self.connection)
                        .await
                        .map_err(blame)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the connection, and the staging tables with it.
    pub(crate) async fn close(self) {
        self.connection.close().await.ok();
    }
}

fn stage_name(table: &str) -> String {
    format!("pg_temp.{}", identifier(&format!("stage_{table}")))
}

/// Staged rows into their table.
fn insert(staged: &Table, condition: &str, on_conflict: &str) -> String {
    let list = staged.column_list();
    format!(
        "INSERT INTO {} ({list}) OVERRIDING SYSTEM VALUE SELECT {list} FROM {} WHERE {condition} {on_conflict}",
        staged.qualified(),
        stage_name(&staged.name)
    )
}

fn update(staged: &Table) -> String {
    let set: Vec<String> = staged
        .columns
        .iter()
        .map(|column| format!("{0} = excluded.{0}", identifier(column)))
        .collect();
    format!("ON CONFLICT (tenant_id) DO UPDATE SET {}", set.join(", "))
}

async fn execute(connection: &mut PgConnection, sql: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql))
        .execute(connection)
        .await
        .map(drop)
        .map_err(blame)
}

/// Rows of the system that the tenant's refer to (its plan) and that are not
/// here. What is here stays as it is.
async fn insert_needed_globals(
    tx: &mut PgConnection,
    staged: &BTreeMap<String, Table>,
    mine: &str,
) -> Result<()> {
    let references = sqlx::query(
        "SELECT c.relname::text AS child, p.relname::text AS parent,
                array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (n, i)
                      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.n ORDER BY u.i) AS child_columns,
                array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (n, i)
                      JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum = u.n ORDER BY u.i) AS parent_columns
         FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE k.contype = 'f' AND n.nspname = 'analytics' ORDER BY 1, 2",
    )
    .fetch_all(&mut *tx)
    .await
    .map_err(blame)?;
    for row in references {
        let (child, parent): (String, String) = (row.get("child"), row.get("parent"));
        let (Some(child), Some(parent)) = (staged.get(&child), staged.get(&parent)) else {
            continue;
        };
        if !child.of_tenants || parent.of_tenants {
            continue;
        }
        let (ours, theirs): (Vec<String>, Vec<String>) =
            (row.get("child_columns"), row.get("parent_columns"));
        let same: Vec<String> = ours
            .iter()
            .zip(&theirs)
            .map(|(a, b)| {
                format!(
                    "c.{} = {}.{}",
                    identifier(a),
                    stage_name(&parent.name),
                    identifier(b)
                )
            })
            .collect();
        let needed = format!(
            "EXISTS (SELECT FROM {} AS c WHERE c.{mine} AND {})",
            stage_name(&child.name),
            same.join(" AND ")
        );
        execute(tx, insert(parent, &needed, "ON CONFLICT DO NOTHING")).await?;
    }
    Ok(())
}

/// Notes the objects that the tenant has until now.
async fn remember_objects(tx: &mut PgConnection, mine: &str) -> Result<()> {
    let sql = format!(
        "CREATE TEMPORARY TABLE old_object ON COMMIT DROP AS
         SELECT object_key FROM analytics.data_file WHERE {mine} AND object_key IS NOT NULL
         UNION SELECT rollup_key FROM analytics.data_file WHERE {mine} AND rollup_key IS NOT NULL
         UNION SELECT detail_key FROM analytics.data_file WHERE {mine} AND detail_key IS NOT NULL
         UNION SELECT object_key FROM analytics.pending_upload WHERE {mine}"
    );
    execute(tx, sql).await
}

/// A version never comes twice with other data: caches go by it.
async fn go_on_from(
    tx: &mut PgConnection,
    tenant: &TenantId,
    version: i64,
    registry_version: i64,
) -> Result<()> {
    sqlx::query(
        "UPDATE analytics.tenant_version SET version = greatest(version, $2) + 1,
                registry_version = greatest(registry_version, $3) + 1 WHERE tenant_id = $1",
    )
    .bind(tenant.as_str())
    .bind(version)
    .bind(registry_version)
    .execute(tx)
    .await
    .map(drop)
    .map_err(blame)
}

/// Hands objects that no restored file names to the sweep, which waits until
/// no query reads them.
async fn sweep_later(tx: &mut PgConnection, tenant: &TenantId) -> Result<()> {
    sqlx::query(
        "INSERT INTO analytics.pending_upload (tenant_id, object_key)
         SELECT $1, o.object_key FROM pg_temp.old_object o
         WHERE NOT EXISTS (SELECT FROM analytics.data_file f WHERE f.tenant_id = $1
             AND (f.object_key = o.object_key OR f.rollup_key = o.object_key OR f.detail_key = o.object_key))",
    )
    .bind(tenant.as_str())
    .execute(tx)
    .await
    .map(drop)
    .map_err(blame)
}
