//! The app role sees and changes one tenant's rows, whatever it asks. The
//! database's own catalog says which tables that holds for, so a new table is
//! tested from its first day.

use std::time::Duration;

use engine::ingest::{IngestRequest, RawPoint};
use engine::metadata::commit;
use engine::metadata::embedded::EmbeddedPostgres;
use engine::metadata::erasures::Subject;
use engine::metadata::keys::Scope;
use engine::metadata::roles::Base;
use engine::metadata::tenant_tx::TenantTx;
use engine::metadata::token_revocations::Revoked;
use engine::own_dashboard::Draft;
use engine::query::running::{Asked, Class};
use engine::query_jobs::NewQuery;
use engine::saved_query::Definition;
use engine::session::RecordTables;
use engine::{Access, Engine, EngineOptions, Error, TenantId};
use serde_json::Value;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};

use crate::fixture::{Fixture, ndjson, point, run, superuser};

/// What `app.current_tenant_id` may be, and whose rows that shows.
const SETTINGS: [(Option<&str>, Option<&str>); 9] = [
    (None, None),
    (Some(""), None),
    (Some(" "), None),
    (Some("%"), None),
    (Some("A"), None),
    (Some("a,b"), None),
    (Some("' OR true --"), None),
    (Some("a"), Some("a")),
    (Some("b"), Some("b")),
];

/// Puts a row of the tenant into every tenant table. Keys differ by tenant.
async fn fill(fixture: &Fixture, pool: &PgPool, tenant: &TenantId) {
    let line = point(
        &format!("coreldove/revenue/only_{tenant}"),
        "1",
        "2024-03-10T12:00:00Z",
        &format!(r#"{{"only_{tenant}":"x"}}"#),
    );
    let line = line.replacen('{', &format!(r#"{{"event_id":"of-{tenant}","#), 1);
    let request = IngestRequest {
        idempotency_key: Some(format!("key-{tenant}")),
        ..ndjson(&line)
    };
    assert_eq!(fixture.send(tenant, request).await.unwrap().accepted, 1);
    let faulty = ndjson(r#"{"platform":"nowhere"}"#);
    assert_eq!(fixture.send(tenant, faulty).await.unwrap().accepted, 0);

    let ingest = fixture.engine.ingest();
    let mut batch = ingest.batch().await.unwrap();
    let imported = RawPoint {
        platform: Some("coreldove"),
        metric_type: Some("revenue"),
        metric_name: Some("imported"),
        value: Some("2"),
        ..RawPoint::default()
    };
    batch.push(&imported).unwrap();
    let chunk = [tenant.as_str().as_bytes()[0]; 32];
    let answer = ingest.import_chunk(tenant, batch, Some(chunk)).await;
    assert_eq!(answer.unwrap().unwrap().accepted, 1);

    let keys = fixture.engine.keys();
    keys.create(tenant, &[Scope::Read], None).await.unwrap();
    let role = format!("only_{tenant}");
    let roles = fixture.engine.roles();
    let seen = Access::full();
    roles.set(tenant, &role, Base::Viewer, &seen).await.unwrap();
    let revoked = Revoked::Token(format!("of-{tenant}"));
    let revocations = fixture.engine.token_revocations();
    revocations.revoke(tenant, "suite", &revoked).await.unwrap();
    let upkeep = fixture.engine.upkeep();
    let metric = format!("coreldove/revenue/only_{tenant}");
    upkeep.keep_metric(tenant, &metric, Some(9)).await.unwrap();
    // Makes an erasure, its job and two leases.
    let nobody = Subject::new("customer_id", "nobody").unwrap();
    upkeep.erase(tenant, Some(nobody)).await.unwrap();

    // Records of a query, a stored query that runs alone, and a saved one.
    let asked = Asked {
        tenant,
        who: "a test",
        class: Class::Sql,
        text: "select 1",
    };
    fixture.engine.running().begin(&asked).finish();
    fixture.engine.records().flush().await;
    let alone = NewQuery {
        who: "a test".into(),
        query: "select 1".into(),
        params: Vec::new(),
        timeout: None,
        access: std::sync::Arc::default(),
        records: RecordTables::Hidden,
    };
    let jobs = fixture.engine.query_jobs();
    jobs.submit(tenant, &alone).await.unwrap();
    let definition = Definition {
        query: "select 1".into(),
        description: String::new(),
        parameters: Vec::new(),
    };
    let saved = fixture.engine.saved_queries();
    saved
        .put(tenant, &format!("of-{tenant}"), &definition, "a test")
        .await
        .unwrap();
    // A dashboard that somebody made, and a ticket to a stream.
    let draft = Draft {
        name: format!("of-{tenant}"),
        description: String::new(),
        shared: true,
        panels: Vec::new(),
    };
    let dashboards = fixture.engine.dashboards();
    dashboards.create(tenant, "a test", &draft).await.unwrap();
    let tickets = fixture.engine.live_tickets();
    tickets.make(tenant, "sealed").await.unwrap();

    let uploads = [format!("tenant_id={tenant}/never")];
    commit::begin_upload(pool, tenant, &uploads).await.unwrap();
}

/// A tenant table with the rows that it holds, as the owner sees them.
struct TenantTable {
    name: String,
    rows: Vec<Value>,
    /// Whether the primary key has more columns than the tenant.
    has_business_key: bool,
}

impl TenantTable {
    async fn all(owner: &mut PgConnection) -> Vec<Self> {
        let names: Vec<(String, i32)> = sqlx::query_as(
            "SELECT c.relname::text, coalesce(
                    (SELECT i.indnkeyatts::int FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary), 0)
             FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
             WHERE n.nspname = 'analytics' AND c.relkind IN ('r', 'p') ORDER BY 1",
        )
        .fetch_all(&mut *owner)
        .await
        .unwrap();
        let mut tables = Vec::new();
        for (name, key_columns) in names {
            let sql = format!("SELECT to_jsonb(t) FROM analytics.{name} t");
            let rows = sqlx::query_scalar(AssertSqlSafe(sql))
                .fetch_all(&mut *owner)
                .await
                .unwrap();
            let table = Self {
                name,
                rows,
                has_business_key: key_columns > 1,
            };
            for tenant in ["a", "b"] {
                assert_ne!(
                    table.of(tenant).len(),
                    0,
                    "{} holds no row of {tenant}: put one in by `fill`",
                    table.name
                );
            }
            tables.push(table);
        }
        tables
    }

    fn of(&self, tenant: &str) -> Vec<&Value> {
        let own = |row: &&Value| row["tenant_id"] == tenant;
        self.rows.iter().filter(own).collect()
    }

    /// A row as another tenant's.
    fn as_tenant(&self, row: &Value, tenant: &str) -> Value {
        let mut row = row.clone();
        row["tenant_id"] = tenant.into();
        // The one key that is unique over all tenants: 256 random bits.
        if self.name == "api_key" {
            row["key_hash"] = format!("\\x{}", "5a".repeat(32)).into();
        }
        row
    }
}

/// Runs one statement under a setting, and takes it back.
async fn affected(
    connection: &mut PgConnection,
    setting: Option<&str>,
    sql: &str,
    row: Option<&Value>,
) -> Result<u64, sqlx::Error> {
    let mut tx = connection.begin().await?;
    set(&mut tx, setting).await?;
    let mut query = sqlx::query(AssertSqlSafe(sql.to_owned()));
    if let Some(row) = row {
        query = query.bind(row.clone());
    }
    let done = query.execute(&mut *tx).await;
    tx.rollback().await?;
    done.map(|done| done.rows_affected())
}

async fn set(connection: &mut PgConnection, setting: Option<&str>) -> Result<(), sqlx::Error> {
    let Some(setting) = setting else {
        return Ok(());
    };
    sqlx::query("SELECT set_config('app.current_tenant_id', $1, true)")
        .bind(setting)
        .execute(connection)
        .await
        .map(drop)
}

async fn visible(connection: &mut PgConnection, setting: Option<&str>, table: &str) -> Vec<String> {
    let mut tx = connection.begin().await.unwrap();
    set(&mut tx, setting).await.unwrap();
    let sql = format!("SELECT tenant_id FROM analytics.{table}");
    let seen = sqlx::query_scalar(AssertSqlSafe(sql))
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    tx.rollback().await.unwrap();
    seen
}

fn code(error: &sqlx::Error) -> String {
    let code = error.as_database_error().and_then(|e| e.code());
    code.unwrap_or_default().into_owned()
}

fn assert_held(done: Result<u64, sqlx::Error>, what: &str) {
    let error = done.expect_err(what);
    assert!(
        error.to_string().contains("row-level security"),
        "{what}: {error}"
    );
}

/// Each verb under one setting.
async fn check(
    app: &mut PgConnection,
    table: &TenantTable,
    setting: Option<&str>,
    whose: Option<&str>,
) {
    let name = &table.name;
    let what = format!("{name} under {setting:?}");
    let own = whose.map_or(0, |tenant| table.of(tenant).len());

    let seen = visible(app, setting, name).await;
    assert_eq!(seen.len(), own, "SELECT of {what}");
    assert!(
        seen.iter().all(|id| Some(id.as_str()) == whose),
        "SELECT of {what}"
    );

    let update = format!("UPDATE analytics.{name} SET tenant_id = tenant_id");
    let updated = affected(app, setting, &update, None).await.unwrap();
    assert_eq!(updated, own as u64, "UPDATE of {what}");

    match affected(app, setting, &format!("DELETE FROM analytics.{name}"), None).await {
        Ok(deleted) => assert_eq!(deleted, own as u64, "DELETE of {what}"),
        // Other tables hang on the tenant's own row.
        Err(error) => assert_eq!(
            (code(&error).as_str(), own),
            ("23503", 1),
            "{what}: {error}"
        ),
    }

    let insert = format!(
        "INSERT INTO analytics.{name} SELECT (jsonb_populate_record(NULL::analytics.{name}, $1)).*"
    );
    for other in ["a", "b"].into_iter().filter(|t| Some(*t) != whose) {
        let row = table.as_tenant(table.of(other)[0], other);
        let done = affected(app, setting, &insert, Some(&row)).await;
        assert_held(done, &format!("INSERT as {other} into {what}"));
        let moved = format!("UPDATE analytics.{name} SET tenant_id = '{other}'");
        let done = affected(app, setting, &moved, None).await;
        match whose {
            Some(_) => assert_held(done, &format!("moving a row to {other} in {what}")),
            None => assert_eq!(done.unwrap(), 0, "{what}"),
        }
        let Some(whose) = whose.filter(|_| table.has_business_key) else {
            continue;
        };
        let mut kept = 0;
        for row in table.of(other) {
            let row = table.as_tenant(row, whose);
            match affected(app, setting, &insert, Some(&row)).await {
                Ok(inserted) => kept += inserted,
                // The tenant has this key too; it does not hear of the other's.
                Err(error) => assert_eq!(code(&error), "23505", "{what}: {error}"),
            }
        }
        assert_ne!(kept, 0, "{what} refuses the business keys of {other}");
    }
}

#[tokio::test]
async fn the_app_role_reaches_own_rows_only_in_every_tenant_table() {
    let fixture = Fixture::start().await;
    let a = fixture.tenant("a", "UTC").await;
    let b = fixture.tenant("b", "Asia/Kathmandu").await;
    let postgres = fixture.postgres().await;
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .connect_with(postgres.app_options())
        .await
        .unwrap();
    fill(&fixture, &pool, &a).await;
    fill(&fixture, &pool, &b).await;
    run(
        postgres.owner_options(),
        // Days that the other tenant has no row of.
        "INSERT INTO analytics.usage (tenant_id, day) VALUES ('a', '2001-01-01'), ('b', '2002-02-02');
         INSERT INTO analytics.query_usage (tenant_id, day) VALUES ('a', '2001-01-01'), ('b', '2002-02-02');
         INSERT INTO analytics.spent (tenant_id, day, limit_name)
             VALUES ('a', '2001-01-01', 'exports_per_day'), ('b', '2002-02-02', 'exports_per_day');
         INSERT INTO analytics.plan_override (tenant_id) VALUES ('a'), ('b');
         INSERT INTO analytics.forecast (tenant_id, forecast_id, expires_at, who, origin, metric,
                 filters, granularity, time_zone, access, version, horizon, history_steps,
                 confidence, sentence, models, steps, parts)
             SELECT t, gen_random_uuid(), '2001-01-01', 'a test', 'asked', 'coreldove/revenue/x',
                 '[]', 'day', 'UTC', '{}', 1, 1, 1, 'low', '', '[]', '[]', '[]'
             FROM unnest(ARRAY['a', 'b']) AS t;
         INSERT INTO analytics.anomaly (tenant_id, anomaly_id, expires_at, found_by, kind, platform,
                 metric_type, metric_name, granularity, at, expected, score, version)
             SELECT t, gen_random_uuid(), '2001-01-01', 'run', 'point', 'coreldove', 'revenue',
                 'only_' || t, 'day', '2001-01-01', 1, 0.9, 1 FROM unnest(ARRAY['a', 'b']) AS t;
         INSERT INTO analytics.detector (tenant_id, platform, metric_type, metric_name, state,
                 settled_until)
             SELECT t, 'coreldove', 'revenue', 'only_' || t, '{}', '2001-01-01'
             FROM unnest(ARRAY['a', 'b']) AS t;
         -- Each tenant has the same two leases.
         UPDATE analytics.lease SET work = work || tenant_id;
         -- What has expired is for background work, not for the app role.
         INSERT INTO analytics.idempotency (tenant_id, key, body_hash, answer, expires_at)
             SELECT tenant_id, key || '-old', body_hash, answer, '2001-01-01' FROM analytics.idempotency;
         INSERT INTO analytics.event_seen (tenant_id, event, expires_at)
             SELECT tenant_id, gen_random_uuid(), '2001-01-01' FROM analytics.event_seen;
         INSERT INTO analytics.quarantine
                 (tenant_id, id, received_at, expires_at, source, index, field, reason)
             SELECT tenant_id, gen_random_uuid(), '2001-01-01', '2001-01-08', source, index, field, reason
             FROM analytics.quarantine;
         -- The policies alone must hold, whatever is granted.
         GRANT ALL ON ALL TABLES IN SCHEMA analytics TO tessera_app;",
    )
    .await;

    let mut owner = postgres.owner_options().connect().await.unwrap();
    let tables = TenantTable::all(&mut owner).await;
    assert!(
        tables.len() >= 11,
        "the catalog names {} tables",
        tables.len()
    );
    // On this one the setting is never set, not even to be empty again.
    let mut unset = postgres.app_options().connect().await.unwrap();
    let mut app = postgres.app_options().connect().await.unwrap();
    for table in &tables {
        for (setting, whose) in SETTINGS {
            let connection = match setting {
                None => &mut unset,
                Some(_) => &mut app,
            };
            check(connection, table, setting, whose).await;
        }
    }

    let not_led_by_tenant: Vec<String> = sqlx::query_scalar(
        "SELECT i.relname::text FROM pg_index x
         JOIN pg_class i ON i.oid = x.indexrelid
         JOIN pg_class c ON c.oid = x.indrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute t ON t.attrelid = c.oid AND t.attname = 'tenant_id'
         WHERE n.nspname = 'analytics' AND x.indisunique AND x.indkey[0] <> t.attnum ORDER BY 1",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    assert_eq!(not_led_by_tenant, ["api_key_hash"]);

    a_reused_connection_carries_no_tenant(&pool, &a).await;
    pool.close().await;
    postgres.stop().await.unwrap();
    fixture.stop().await;
}

/// `pool` has one connection.
async fn a_reused_connection_carries_no_tenant(pool: &PgPool, tenant: &TenantId) {
    let connection = backend_of_nobody(pool).await;

    drop(TenantTx::begin(pool, tenant).await.unwrap());
    assert_eq!(
        backend_of_nobody(pool).await,
        connection,
        "after a rollback"
    );

    let tx = TenantTx::begin(pool, tenant).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(backend_of_nobody(pool).await, connection, "after a commit");

    let mut tx = TenantTx::begin(pool, tenant).await.unwrap();
    let failed = sqlx::query("SELECT 1 / 0").execute(&mut *tx).await;
    assert!(failed.is_err());
    drop(tx);
    assert_eq!(backend_of_nobody(pool).await, connection, "after an error");

    let (shared, owner) = (pool.clone(), tenant.clone());
    let died = tokio::spawn(async move {
        let _tx = TenantTx::begin(&shared, &owner).await.unwrap();
        panic!("on purpose");
    });
    assert!(died.await.unwrap_err().is_panic());
    assert_eq!(backend_of_nobody(pool).await, connection, "after a panic");

    let slow = async {
        let mut tx = TenantTx::begin(pool, tenant).await.unwrap();
        sqlx::query("SELECT pg_sleep(1)").execute(&mut *tx).await
    };
    let dropped = tokio::time::timeout(Duration::from_millis(300), slow).await;
    assert!(dropped.is_err());
    backend_of_nobody(pool).await;
}

/// The connection's process, after a look at whose rows it shows.
async fn backend_of_nobody(pool: &PgPool) -> i32 {
    let (pid, tenant, rows): (i32, String, i64) = sqlx::query_as(
        "SELECT pg_backend_pid(), coalesce(current_setting('app.current_tenant_id', true), ''),
                (SELECT count(*) FROM analytics.tenant) + (SELECT count(*) FROM analytics.data_file)",
    )
    .fetch_one(pool)
    .await
    .unwrap();
    assert_eq!((tenant.as_str(), rows), ("", 0));
    pid
}

async fn refusal(options: EngineOptions) -> String {
    match Engine::start(options).await {
        Err(Error::Config(message)) => message,
        other => panic!("it should be refused: {other:?}"),
    }
}

/// An engine on this Postgres as another role.
fn as_role(fixture: &Fixture, options: &sqlx::postgres::PgConnectOptions) -> EngineOptions {
    EngineOptions {
        data_dir: fixture.path("elsewhere"),
        database_url: Some(options.to_url_lossy().to_string()),
        ..fixture.options()
    }
}

#[tokio::test]
async fn a_start_is_refused_where_row_level_security_would_not_hold() {
    let fixture = Fixture::start().await;
    let postgres = fixture.postgres().await;
    loose_tables_are_named(&fixture, &postgres).await;

    let superuser = superuser(&fixture, &postgres);
    run(
        superuser.clone(),
        "CREATE ROLE heir LOGIN INHERIT PASSWORD 'heir' IN ROLE tessera_owner",
    )
    .await;
    for (role, fault) in [
        (superuser, "is a superuser"),
        (postgres.owner_options(), "may bypass row-level security"),
        (
            postgres.app_options().username("heir").password("heir"),
            "owns tables of the schema analytics",
        ),
    ] {
        let message = refusal(as_role(&fixture, &role)).await;
        assert!(message.contains(fault), "{message}");
        assert!(
            message.contains("tessera db init"),
            "the way out: {message}"
        );
    }
    let good = Engine::start(as_role(&fixture, &postgres.app_options())).await;
    good.unwrap().shutdown().await.unwrap();

    postgres.stop().await.unwrap();
    fixture.stop().await;
}

async fn loose_tables_are_named(fixture: &Fixture, postgres: &EmbeddedPostgres) {
    for loose in [
        "CREATE TABLE analytics.loose (tenant_id text, what text)",
        "ALTER TABLE analytics.loose ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON analytics.loose USING (tenant_id = current_setting('app.current_tenant_id', true))",
        "ALTER TABLE analytics.loose FORCE ROW LEVEL SECURITY; DROP POLICY own ON analytics.loose",
    ] {
        run(postgres.owner_options(), loose).await;
        let message = refusal(fixture.options()).await;
        assert!(message.contains("loose"), "{loose}: {message}");
    }
    run(
        postgres.owner_options(),
        "CREATE POLICY own ON analytics.loose
         USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))",
    )
    .await;
    let held = Engine::start(fixture.options()).await;
    held.unwrap().shutdown().await.unwrap();

    // One policy that does not test the tenant undoes all that do.
    for open in [
        "USING (true)",
        "TO tessera_app USING (true)",
        "FOR SELECT USING (tenant_id IS NOT NULL)",
        "FOR INSERT TO tessera_app WITH CHECK (true)",
        "USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')) OR true)",
        "USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), ''))) WITH CHECK (true)",
        // A way in of another table's.
        "FOR SELECT USING (tenant_id = ANY (SELECT unnest(string_to_array(
             nullif(current_setting('app.version_check', true), ''), ','))))",
    ] {
        let policy = format!("CREATE POLICY version_check ON analytics.loose {open}");
        run(postgres.owner_options(), &policy).await;
        let message = refusal(fixture.options()).await;
        assert!(
            message.contains("version_check on loose"),
            "{open}: {message}"
        );
        run(
            postgres.owner_options(),
            "DROP POLICY version_check ON analytics.loose",
        )
        .await;
    }
    // What narrows, or is maintenance's, is none of the app role's ways in.
    for harmless in [
        "AS RESTRICTIVE USING (true)",
        "FOR SELECT TO tessera_maintenance USING (true)",
    ] {
        let policy = format!("CREATE POLICY other ON analytics.loose {harmless}");
        run(postgres.owner_options(), &policy).await;
        let held = Engine::start(fixture.options()).await;
        held.unwrap().shutdown().await.unwrap();
        run(
            postgres.owner_options(),
            "DROP POLICY other ON analytics.loose",
        )
        .await;
    }
}
