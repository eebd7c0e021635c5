//! An engine on a data directory of its own, and what tests do with it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use engine::ingest::{BodyFormat, IngestAnswer, IngestRequest, OnFault};
use engine::metadata::embedded::{EmbeddedPostgres, OpenAs};
use engine::session::{Answer, Param};
use engine::{Engine, EngineOptions, Error, Maintenance, SqlIsolation, TenantId, UpkeepOptions};
use futures::StreamExt;
use object_store::ObjectStore;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions};
use storage_layout::decimal::canonical;
use tempfile::TempDir;

/// A running engine; nothing flushes or compacts unless a test says so.
pub(crate) struct Fixture {
    // Field order is drop order: Postgres ends before its folder goes.
    pub(crate) engine: Engine,
    folder: TempDir,
}

/// The rows of an answer as text: decimals canonical, null as `null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) truncated: bool,
}

impl Fixture {
    /// Starts an engine on an empty data directory.
    pub(crate) async fn start() -> Self {
        Self::launch(None).await
    }

    /// Starts an engine on an empty data directory and this store.
    pub(crate) async fn start_on(store: Arc<dyn ObjectStore>) -> Self {
        Self::launch(Some(store)).await
    }

    async fn launch(store: Option<Arc<dyn ObjectStore>>) -> Self {
        // Below /tmp and open to read: the private Postgres runs as another
        // user when the tests run as root.
        let folder = tempfile::Builder::new()
            .prefix("tessera-")
            .tempdir_in("/tmp")
            .unwrap();
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let options = options(folder.path().join("data"));
        let engine = match store {
            Some(store) => Engine::start_on(options, store).await,
            None => Engine::start(options).await,
        };
        let engine = engine.unwrap();
        Self { engine, folder }
    }

    /// Stops the engine and starts another on the same directory and this store.
    pub(crate) async fn restart_on(self, store: Arc<dyn ObjectStore>) -> Self {
        let options = self.options();
        self.engine.shutdown().await.unwrap();
        Self {
            engine: Engine::start_on(options, store).await.unwrap(),
            folder: self.folder,
        }
    }

    /// Stops the engine and starts another on the same directory.
    pub(crate) async fn restart(self) -> Self {
        let options = self.options();
        self.engine.shutdown().await.unwrap();
        Self {
            engine: Engine::start(options).await.unwrap(),
            folder: self.folder,
        }
    }

    /// Options of one more engine on the same directory.
    pub(crate) fn options(&self) -> EngineOptions {
        options(self.path("data"))
    }

    /// A path for a test's own files.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Attaches to the private Postgres; to be stopped before the engine.
    pub(crate) async fn postgres(&self) -> EmbeddedPostgres {
        EmbeddedPostgres::open(
            &self.path("data"),
            Duration::from_secs(20),
            OpenAs::CommandLine,
        )
        .await
        .unwrap()
    }

    /// A tenant of the plan `pro`.
    pub(crate) async fn tenant(&self, id: &str, zone: &str) -> TenantId {
        self.tenant_on(id, "pro", zone).await
    }

    /// A tenant of this plan.
    pub(crate) async fn tenant_on(&self, id: &str, plan: &str, zone: &str) -> TenantId {
        let tenant = TenantId::new(id).unwrap();
        self.engine
            .tenants()
            .create(&tenant, plan, zone.parse().unwrap())
            .await
            .unwrap();
        tenant
    }

    /// Sends a body.
    pub(crate) async fn send(
        &self,
        tenant: &TenantId,
        request: IngestRequest,
    ) -> engine::Result<IngestAnswer> {
        self.engine.ingest().points(tenant, request).await
    }

    /// Sends points, one line each, all of which must be kept.
    pub(crate) async fn ingest(&self, tenant: &TenantId, lines: &[String]) -> IngestAnswer {
        let answer = self.send(tenant, ndjson(&lines.join("\n"))).await.unwrap();
        assert_eq!(answer.rejected, []);
        answer
    }

    /// Sends an event of a platform.
    pub(crate) async fn collect(
        &self,
        tenant: &TenantId,
        event: &str,
    ) -> engine::Result<IngestAnswer> {
        let body = event.to_owned().into();
        self.engine.ingest().collect(tenant, body, None).await
    }

    /// Runs a query over the newest version; one that comes too soon after the
    /// others, again.
    pub(crate) async fn ask(
        &self,
        tenant: &TenantId,
        query: &str,
        params: &[Param],
    ) -> engine::Result<Table> {
        loop {
            let session = self.engine.session(tenant).await?;
            match session.sql(query, params).await {
                Err(Error::LimitExceeded {
                    limit: "queries_per_second",
                    ..
                }) => tokio::time::sleep(Duration::from_millis(50)).await,
                answer => return table(answer?).await,
            }
        }
    }

    /// The rows of a query that must succeed.
    pub(crate) async fn rows(&self, tenant: &TenantId, query: &str) -> Vec<Vec<String>> {
        match self.ask(tenant, query, &[]).await {
            Ok(table) => table.rows,
            Err(error) => panic!("{query}: {error} ({error:?})"),
        }
    }

    /// The one row of a query that must succeed, its columns joined by blanks.
    pub(crate) async fn row(&self, tenant: &TenantId, query: &str) -> String {
        let rows = self.rows(tenant, query).await;
        assert_eq!(rows.len(), 1, "{query}: {rows:?}");
        rows[0].join(" ")
    }

    /// The tenant's version now.
    pub(crate) async fn version(&self, tenant: &TenantId) -> i64 {
        self.engine.session(tenant).await.unwrap().version()
    }

    /// Stops the engine and its Postgres.
    pub(crate) async fn stop(self) {
        self.engine.shutdown().await.unwrap();
    }
}

fn options(data_dir: PathBuf) -> EngineOptions {
    EngineOptions {
        data_dir,
        database_url: None,
        migrate_url: None,
        store_url: None,
        maintenance: Maintenance::Off,
        upkeep: UpkeepOptions::default(),
        sql: SqlIsolation::InProcess,
        query_memory_bytes: None,
    }
}

/// A body of one JSON object a line.
pub(crate) fn ndjson(body: &str) -> IngestRequest {
    IngestRequest {
        body: body.to_owned().into(),
        format: BodyFormat::NdJson,
        on_fault: OnFault::KeepOthers,
        idempotency_key: None,
    }
}

/// A body that is one JSON text.
pub(crate) fn json(body: &str) -> IngestRequest {
    IngestRequest {
        format: BodyFormat::Json,
        ..ndjson(body)
    }
}

/// An order's revenue as a line; `value` and `dimensions` are JSON.
pub(crate) fn order(value: &str, recorded_at: &str, dimensions: &str) -> String {
    point(
        "coreldove/revenue/order_revenue",
        value,
        recorded_at,
        dimensions,
    )
}

/// A point of `platform/metric_type/metric_name` as a line.
pub(crate) fn point(metric: &str, value: &str, recorded_at: &str, dimensions: &str) -> String {
    let names: Vec<&str> = metric.split('/').collect();
    format!(
        r#"{{"platform":"{}","metric_type":"{}","metric_name":"{}","value":{value},"recorded_at":"{recorded_at}","dimensions":{dimensions}}}"#,
        names[0], names[1], names[2]
    )
}

/// All rows of an answer.
pub(crate) async fn table(mut answer: Answer) -> engine::Result<Table> {
    let columns = answer.schema.fields().iter().map(|f| f.name().clone());
    let columns = columns.collect();
    let mut rows = Vec::new();
    while let Some(batch) = answer.stream.next().await {
        rows.extend(texts(&batch?));
    }
    Ok(Table {
        columns,
        rows,
        truncated: answer.stats.truncated(),
    })
}

fn texts(batch: &RecordBatch) -> Vec<Vec<String>> {
    let columns: Vec<Vec<String>> = batch.columns().iter().map(|c| column(c.as_ref())).collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|column| column[row].clone()).collect())
        .collect()
}

fn column(column: &dyn Array) -> Vec<String> {
    if let DataType::Decimal128(_, scale) = column.data_type() {
        let units = column.as_primitive::<Decimal128Type>().iter();
        let text = |u: Option<i128>| u.map_or("null".into(), |u| canonical(u, *scale));
        return units.map(text).collect();
    }
    let options = FormatOptions::new().with_null("null");
    let shown = ArrayFormatter::try_new(column, &options).unwrap();
    (0..column.len())
        .map(|row| shown.value(row).to_string())
        .collect()
}

/// Runs SQL text on Postgres.
pub(crate) async fn run(options: PgConnectOptions, sql: &str) {
    let mut connection = options.connect().await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await;
    if let Err(error) = done {
        panic!("{sql}: {error}");
    }
}

/// How the superuser of the private Postgres connects.
pub(crate) fn superuser(fixture: &Fixture, postgres: &EmbeddedPostgres) -> PgConnectOptions {
    let secrets = std::fs::read(fixture.path("data/postgres.secrets.json")).unwrap();
    let secrets: serde_json::Value = serde_json::from_slice(&secrets).unwrap();
    let password = secrets["superuser"].as_str().unwrap();
    postgres
        .app_options()
        .username("postgres")
        .password(password)
}
