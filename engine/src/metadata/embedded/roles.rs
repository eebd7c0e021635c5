//! The roles and the database, made from one template for the embedded
//! cluster and for a Postgres that somebody else runs. Schemas, tables and
//! what each role may do with them are the migrations'.

use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use super::secrets::Secrets;

/// The role of the server: under row-level security, owns nothing.
pub const APP_ROLE: &str = "tessera_app";
/// The role of migrations and backups: owns the database, bypasses row-level
/// security.
pub const OWNER_ROLE: &str = "tessera_owner";
/// The role the server steps into for work across tenants (`SET LOCAL ROLE`).
pub const MAINTENANCE_ROLE: &str = "tessera_maintenance";
/// The embedded cluster's superuser.
pub const SUPERUSER: &str = "postgres";
/// The database.
pub const DATABASE: &str = "tessera";

/// `psql` variables stand where the passwords go.
const TEMPLATE: &str = include_str!("../../../../migrations/roles.sql");

/// A line that begins with this begins a part that runs by itself: the
/// database cannot be made inside a transaction.
const PART: &str = "-- part: ";

/// The SQL that makes the roles and the database, for the superuser of a
/// Postgres that somebody else runs.
pub fn roles_sql(app_password: &str, owner_password: &str) -> String {
    TEMPLATE
        .replace(":'app_password'", &literal(app_password))
        .replace(":'owner_password'", &literal(owner_password))
}

/// Makes what is missing of the roles and the database.
pub(super) async fn bootstrap(
    superuser: PgConnectOptions,
    secrets: &Secrets,
) -> Result<(), sqlx::Error> {
    let mut connection = superuser.connect().await?;
    if !is_complete(&mut connection).await? {
        let sql = roles_sql(secrets.app.expose_secret(), secrets.owner.expose_secret());
        let has_database = has_database(&mut connection).await?;
        for part in sql.split(PART).skip(1) {
            let (name, statements) = part.split_once('\n').unwrap_or((part, ""));
            if name == "database" && has_database {
                continue;
            }
            sqlx::raw_sql(AssertSqlSafe(statements.to_owned()))
                .execute(&mut connection)
                .await?;
        }
    }
    connection.close().await
}

/// The last thing the template does is to let the app role connect.
async fn is_complete(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(
        "SELECT count(*) = 3 AND bool_or(r.rolname = 'tessera_app' AND EXISTS (
             SELECT FROM pg_database d, aclexplode(d.datacl) a
             WHERE d.datname = 'tessera' AND a.grantee = r.oid))
         FROM pg_roles r
         WHERE r.rolname IN ('tessera_app', 'tessera_owner', 'tessera_maintenance')",
    )
    .fetch_one(connection)
    .await
    .map(|complete: Option<bool>| complete.unwrap_or(false))
}

async fn has_database(connection: &mut PgConnection) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'tessera')")
        .fetch_one(connection)
        .await
}

/// A string literal that means the same under every setting of the session.
fn literal(text: &str) -> String {
    let quoted = text.replace('\\', "\\\\").replace('\'', "''");
    if text.contains('\\') {
        format!("E'{quoted}'")
    } else {
        format!("'{quoted}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_with_quotes_and_backslashes_stays_one_literal() {
        let sql = roles_sql(r"it's\", "plain");
        assert!(sql.contains(r"PASSWORD E'it''s\\'"), "{sql}");
        assert!(sql.contains("PASSWORD 'plain'"), "{sql}");
        assert!(!sql.contains(":'"), "{sql}");
    }
}
