//! Brings the schema up to date as owner, then checks that the app role is
//! held by row-level security. A server that fails these checks does not start.

use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgRow};
use sqlx::{ConnectOptions, Connection, Row};

use super::blame;
use crate::error::{Error, Result};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations/postgres");

/// What a policy of the app role on a tenant table must say.
const TENANT_ONLY: &str =
    "tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), ''))";

/// The policies beside [`TENANT_ONLY`] that let the app role read: table,
/// policy, expression. Whoever adds one here answers for what it shows.
const OTHER_WAYS_IN: [(&str, &str, &str); 2] = [
    // Versions, of tenants that the statement names.
    (
        "tenant_version",
        "version_check",
        "tenant_id IN (SELECT unnest(string_to_array(nullif(current_setting('app.version_check', true), ''), ',')))",
    ),
    // The one key whose secret is shown.
    (
        "api_key",
        "by_secret",
        "key_hash = decode((SELECT nullif(current_setting('app.shown_key_hash', true), '')), 'hex')",
    ),
];

/// Applies what is missing. Fails when the database is newer than this program.
pub async fn migrate(owner: &PgConnectOptions) -> Result<()> {
    let mut connection = owner.connect().await.map_err(|e| {
        Error::Config(format!(
            "Postgres cannot be reached as owner ({e}): check TESSERA_MIGRATE_URL"
        ))
    })?;
    MIGRATIONS.run(&mut connection).await.map_err(|e| {
        Error::Config(format!(
            "the schema cannot be brought up to date ({e}): use the program version that wrote it, or a newer one"
        ))
    })?;
    connection.close().await.map_err(blame)
}

/// Refuses an app role that row-level security does not hold, and any tenant
/// table without forced row-level security and a policy.
pub async fn check(pool: &PgPool) -> Result<()> {
    let mut connection = pool.acquire().await.map_err(blame)?;
    check_schema(&mut connection).await?;
    check_role(&mut connection).await?;
    check_tables(&mut connection).await?;
    check_policies(&mut connection).await
}

async fn check_schema(connection: &mut PgConnection) -> Result<()> {
    let found: bool = sqlx::query_scalar("SELECT to_regclass('analytics.data_file') IS NOT NULL")
        .fetch_one(connection)
        .await
        .map_err(blame)?;
    if found {
        return Ok(());
    }
    Err(Error::Config(
        "the database has no schema \"analytics\": set TESSERA_MIGRATE_URL to the owner role so that it can be made (`tessera db init` prints the roles)".into(),
    ))
}

async fn check_role(connection: &mut PgConnection) -> Result<()> {
    let row = sqlx::query(
        "SELECT r.rolname::text AS name, r.rolsuper, r.rolbypassrls,
                EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                        WHERE n.nspname = 'analytics' AND pg_has_role(r.oid, c.relowner, 'MEMBER')) AS owns
         FROM pg_roles r WHERE r.rolname = current_user",
    )
    .fetch_one(connection)
    .await
    .map_err(blame)?;
    let name: String = row.get("name");
    let faults = [
        (row.get("rolsuper"), "is a superuser"),
        (row.get("rolbypassrls"), "may bypass row-level security"),
        (row.get("owns"), "owns tables of the schema analytics"),
    ];
    match faults.iter().find(|(fault, _)| *fault) {
        None => Ok(()),
        Some((_, fault)) => Err(Error::Config(format!(
            "the database role {name:?} {fault}, so row-level security would not hold it: use the role that `tessera db init` prints"
        ))),
    }
}

async fn check_tables(connection: &mut PgConnection) -> Result<()> {
    let open: Vec<String> = sqlx::query_scalar(
        "SELECT c.relname::text FROM pg_class c
         JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE n.nspname = 'analytics' AND c.relkind IN ('r', 'p')
           AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                    AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))
         ORDER BY 1",
    )
    .fetch_all(connection)
    .await
    .map_err(blame)?;
    if open.is_empty() {
        return Ok(());
    }
    Err(Error::Config(format!(
        "these tables hold tenants' rows without forced row-level security: {}; run `ALTER TABLE … FORCE ROW LEVEL SECURITY` and give each a policy",
        open.join(", ")
    )))
}

/// Refuses a policy that lets the app role in without testing the tenant: one
/// for PUBLIC or the role itself undoes all others, since any one suffices.
async fn check_policies(connection: &mut PgConnection) -> Result<()> {
    let policies = sqlx::query(
        "SELECT c.relname::text AS table_name, p.polname::text AS policy, p.polcmd = 'r' AS reads,
                pg_get_expr(p.polqual, c.oid) AS shown, pg_get_expr(p.polwithcheck, c.oid) AS written
         FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
         WHERE n.nspname = 'analytics' AND p.polpermissive
           AND EXISTS (SELECT FROM unnest(p.polroles) AS role
                       WHERE role = 0 OR pg_has_role(current_user, role, 'USAGE'))
         ORDER BY 1, 2",
    )
    .fetch_all(connection)
    .await
    .map_err(blame)?;
    let open: Vec<String> = policies
        .iter()
        .filter(|policy| !holds(policy))
        .map(|policy| {
            let name = |column: &str| policy.get::<String, _>(column);
            format!("{} on {}", name("policy"), name("table_name"))
        })
        .collect();
    if open.is_empty() {
        return Ok(());
    }
    Err(Error::Config(format!(
        "these policies let the app role at other tenants' rows: {}; drop them, or make each one say USING ({TENANT_ONLY})",
        open.join(", ")
    )))
}

fn holds(policy: &PgRow) -> bool {
    let text = |column: &str| policy.get::<Option<String>, _>(column);
    let (shown, written) = (text("shown"), text("written"));
    let says = |expected: &str| {
        let mut expressions = shown.iter().chain(&written);
        expressions.all(|expression| plain(expression) == plain(expected))
    };
    let other = OTHER_WAYS_IN.iter().any(|(table, name, expected)| {
        let named =
            text("table_name").as_deref() == Some(table) && text("policy").as_deref() == Some(name);
        named && policy.get("reads") && says(expected)
    });
    other || says(TENANT_ONLY)
}

/// An expression without what Postgres adds when it writes one down: blanks,
/// brackets, the type of a text and the name of a column.
fn plain(expression: &str) -> String {
    let text = expression.to_lowercase().replace("::text", "");
    let text = text.replace("as \"nullif\"", "").replace("as unnest", "");
    text.replace(|c: char| c.is_whitespace() || matches!(c, '(' | ')'), "")
}
