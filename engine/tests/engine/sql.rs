//! A tenant's own SQL: what may run, what an answer and an error say, and that
//! another tenant shows in neither.

use engine::error::Location;
use engine::session::Param;
use engine::{Error, TenantId};

use crate::fixture::{Fixture, Table, order, point, run, table};

const NOON: &str = "2024-03-10T12:00:00Z";

/// Texts that are no question. `{out}` is a path that must not appear.
const NO_QUESTIONS: [&str; 37] = [
    "CREATE TABLE t (x int)",
    "CREATE TABLE t AS SELECT * FROM analytics_data_points",
    "CREATE VIEW v AS SELECT 1",
    "CREATE SCHEMA s",
    "CREATE DATABASE d",
    "CREATE FUNCTION f() RETURNS int RETURN 1",
    "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/etc'",
    "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{out}'",
    "DROP TABLE analytics_data_points",
    "DROP VIEW daily_metrics",
    "DROP SCHEMA analytics CASCADE",
    "ALTER TABLE analytics_data_points ADD COLUMN x int",
    "TRUNCATE analytics_data_points",
    "INSERT INTO analytics_data_points SELECT * FROM analytics_data_points",
    "INSERT INTO metrics VALUES ('a')",
    "WITH x AS (SELECT 1) INSERT INTO metrics SELECT * FROM x",
    "UPDATE analytics_data_points SET metric_value = 0",
    "DELETE FROM analytics_data_points",
    "SELECT * INTO t FROM analytics_data_points",
    "COPY analytics_data_points TO '{out}'",
    "COPY (SELECT 1) TO '{out}' STORED AS CSV",
    "SET datafusion.catalog.information_schema = true",
    "SET TIME ZONE 'Asia/Kathmandu'",
    "RESET datafusion.execution.time_zone",
    "SHOW TABLES",
    "SHOW ALL",
    "DESCRIBE analytics_data_points",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "DEALLOCATE p",
    "BEGIN",
    "COMMIT",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE analytics_data_points",
    "EXPLAIN ANALYZE SELECT 1",
    "EXPLAIN (ANALYZE) SELECT 1",
    "",
];

async fn refusal(fixture: &Fixture, tenant: &TenantId, query: &str) -> (String, Option<Location>) {
    match fixture.ask(tenant, query, &[]).await {
        Err(Error::Query {
            message, location, ..
        }) => {
            assert!(!message.is_empty(), "{query}");
            assert!(location.is_some(), "{query}: {message} has no place");
            (message, location)
        }
        other => panic!("{query}: {other:?}"),
    }
}

#[tokio::test]
async fn only_a_question_over_ones_own_tables_may_run() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    fixture
        .ingest(&tenant, &[order("4.07", NOON, r#"{"n":1}"#)])
        .await;
    fixture.engine.compact(&tenant).await.unwrap();
    fixture
        .ingest(&tenant, &[order("-1", NOON, r#"{"n":2}"#)])
        .await;
    let everything = "SELECT * FROM analytics_data_points ORDER BY metric_value";
    let (before, version) = (
        fixture.rows(&tenant, everything).await,
        fixture.version(&tenant).await,
    );

    let out = fixture.path("written.csv");
    for text in NO_QUESTIONS {
        let text = text.replace("{out}", out.to_str().unwrap());
        refusal(&fixture, &tenant, &text).await;
        refusal(&fixture, &tenant, &format!("EXPLAIN {text}")).await;
        refusal(&fixture, &tenant, &format!("EXPLAIN VERBOSE {text}")).await;
    }
    assert!(!out.exists());
    for (open, close) in [("array[", "]"), ("make_array(", ")"), ("(", ")")] {
        let nested = format!("SELECT {}1{}", open.repeat(50), close.repeat(50));
        let (said, _) = refusal(&fixture, &tenant, &nested).await;
        assert!(said.contains("deeper than 32"), "{said}");
    }
    assert_eq!(fixture.rows(&tenant, everything).await, before);
    assert_eq!(fixture.version(&tenant).await, version);

    nothing_else_is_found(&fixture, &tenant).await;
    no_answer_names_a_file(&fixture, &tenant).await;
    fixture.stop().await;
}

/// A message with what was asked for taken out.
fn shape(message: &str) -> String {
    match (message.find('\''), message.rfind('\'')) {
        (Some(from), Some(to)) if from < to => {
            format!("{}…{}", &message[..from], &message[to + 1..])
        }
        _ => message.to_owned(),
    }
}

async fn nothing_else_is_found(fixture: &Fixture, tenant: &TenantId) {
    std::fs::write(fixture.path("there.csv"), "x\n1\n").unwrap();
    let there = fixture.path("there.csv").display().to_string();
    let (nowhere, _) = refusal(fixture, tenant, "SELECT * FROM nowhere").await;
    assert!(nowhere.contains("not found"), "{nowhere}");
    for name in [
        "'/etc/passwd'",
        "'/nowhere/x.parquet'",
        &format!("'{there}'"),
        &format!("\"{there}\""),
        &format!("'file://{there}'"),
        "'s3://bucket/x.parquet'",
        "'https://example.org/x.csv'",
        "'tessera://snapshot/x.parquet'",
        "\"../../b/x.parquet\"",
        "public.analytics_data_points",
        "b.analytics_data_points",
        "analytics.data_file",
        "analytics.api_key",
        "analytics.event_seen",
        "datafusion.public.analytics_data_points",
        "pg_catalog.pg_tables",
        "information_schema.tables",
        "information_schema.df_settings",
        "tessera.information_schema.columns",
    ] {
        let (message, _) = refusal(fixture, tenant, &format!("SELECT * FROM {name}")).await;
        assert_eq!(shape(&message), shape(&nowhere), "{name}");
    }
    // Bounded as tables, and no functions of values.
    for call in ["generate_series(1, 2000000)", "range(0, 2000000)"] {
        refusal(fixture, tenant, &format!("SELECT * FROM {call}")).await;
        refusal(fixture, tenant, &format!("SELECT {call}")).await;
    }
    for function in [
        "read_parquet",
        "read_csv",
        "parquet_metadata",
        "metadata_cache",
    ] {
        let query = format!("SELECT * FROM {function}('{there}')");
        let (message, _) = refusal(fixture, tenant, &query).await;
        assert!(message.contains("not found"), "{query}: {message}");
    }
}

async fn no_answer_names_a_file(fixture: &Fixture, tenant: &TenantId) {
    let select = "SELECT sum(metric_value) FROM analytics_data_points WHERE dimensions->>'n' = '1'";
    let mut said = Vec::new();
    for explain in [
        "EXPLAIN",
        "EXPLAIN VERBOSE",
        "EXPLAIN FORMAT TREE",
        "EXPLAIN FORMAT PGJSON",
    ] {
        said.push((
            explain,
            fixture
                .ask(tenant, &format!("{explain} {select}"), &[])
                .await,
        ));
    }
    assert!(said[0].1.is_ok(), "{:?}", said[0].1);
    // A tree is drawn of the physical plan, which is of what is stored where.
    let query = format!("EXPLAIN\nFORMAT TREE {select}");
    let (message, place) = refusal(fixture, tenant, &query).await;
    assert!(message.contains("TREE"), "{message}");
    assert_eq!(place, Some(Location { line: 2, column: 8 }));
    for query in [
        "SELECT input_file_name() FROM analytics_data_points",
        "SELECT input_file_name(), count(*) FROM analytics_data_points GROUP BY 1",
        "SELECT arrow_metadata(metric_value) FROM analytics_data_points",
        "SELECT version()",
        "SELECT metric_value / 0 FROM analytics_data_points",
        "SELECT CAST(platform AS int) FROM analytics_data_points",
        "SELECT _file FROM analytics_data_points",
    ] {
        said.push((query, fixture.ask(tenant, query, &[]).await));
    }
    let folder = fixture.path("").display().to_string();
    for (query, answer) in said {
        let shown = format!("{answer:?}");
        for leak in [".parquet", "tenant_id=a", "window=", folder.as_str()] {
            assert!(!shown.contains(leak), "{query} shows {leak}: {shown}");
        }
    }
}

#[tokio::test]
async fn an_answer_is_exact_bounded_and_of_one_tenant_alone() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let lines: Vec<String> = (0..12)
        .map(|i| {
            order(
                &format!("{i}.07"),
                NOON,
                &format!(r#"{{"n":{i},"even":{}}}"#, i % 2 == 0),
            )
        })
        .collect();
    fixture.ingest(&tenant, &lines[..6]).await;
    fixture.engine.compact(&tenant).await.unwrap();
    fixture.ingest(&tenant, &lines[6..]).await;

    numbers_compare_as_decimals(&fixture, &tenant).await;
    parameters_are_values(&fixture, &tenant).await;
    an_error_has_a_place(&fixture, &tenant).await;
    rows_above_the_limit_are_cut_and_marked(&fixture).await;
    another_tenants_data_changes_nothing(&fixture, &tenant).await;
    fixture.stop().await;
}

async fn numbers_compare_as_decimals(fixture: &Fixture, tenant: &TenantId) {
    for (filter, points) in [
        ("metric_value = 4.07", 1),
        ("metric_value = 7.070", 1),
        ("metric_value IN (0.07, 11.07, 3)", 2),
        ("metric_value BETWEEN 1.07 AND 3.07", 3),
        ("4.07 = metric_value", 1),
        ("metric_value <> 4.07", 11),
        ("metric_value > 10", 2),
        ("metric_value = 4.0700000001", 0),
    ] {
        let query = format!("SELECT count(*) FROM analytics_data_points WHERE {filter}");
        assert_eq!(
            fixture.row(tenant, &query).await,
            points.to_string(),
            "{filter}"
        );
    }
    let sums = "SELECT sum(metric_value), min(metric_value), max(metric_value), sum(metric_value) / 12 = avg(metric_value)
                FROM analytics_data_points";
    assert_eq!(fixture.row(tenant, sums).await, "66.84 0.07 11.07 true");
    let qualified = "SELECT DISTINCT tenant_id FROM tessera.analytics.analytics_data_points";
    assert_eq!(fixture.row(tenant, qualified).await, "a");
}

async fn parameters_are_values(fixture: &Fixture, tenant: &TenantId) {
    let query = "SELECT count(*) FROM analytics_data_points
                 WHERE metric_value = $1 AND platform = $2 AND dimensions->>'n' = $3";
    let text = |text: &str| Param::Text(text.to_owned());
    let asked = |params: Vec<Param>| async move { fixture.ask(tenant, query, &params).await };
    let exact = Param::Decimal("4.070".to_owned());
    let found = asked(vec![exact.clone(), text("coreldove"), text("4")])
        .await
        .unwrap();
    assert_eq!(found.rows, [["1"]]);
    let injected = asked(vec![exact.clone(), text("' OR true --"), text("4")])
        .await
        .unwrap();
    assert_eq!(injected.rows, [["0"]]);
    let missing = asked(vec![exact.clone()]).await;
    assert!(matches!(missing, Err(Error::Query { .. })), "{missing:?}");
    let many = asked(vec![exact, text(""), text(""), Param::Null]).await;
    assert!(matches!(many, Err(Error::Invalid { .. })), "{many:?}");
    match asked(vec![Param::Decimal("1e16".to_owned()), text(""), text("")]).await {
        Err(Error::Invalid { at, .. }) => assert_eq!(at.as_deref(), Some("params[0]")),
        other => panic!("{other:?}"),
    }
    for (query, param, row) in [
        (
            "SELECT count(*) FROM analytics_data_points WHERE metric_value > $1",
            Param::Int(10),
            "2",
        ),
        ("SELECT $1 IS NULL", Param::Null, "true"),
        (
            "SELECT count(*) FROM metrics WHERE assumed = $1",
            Param::Bool(false),
            "1",
        ),
    ] {
        let answer = fixture.ask(tenant, query, &[param]).await.unwrap();
        assert_eq!(answer.rows, [[row]], "{query}");
    }
}

async fn an_error_has_a_place(fixture: &Fixture, tenant: &TenantId) {
    for (query, place) in [
        ("SELEC 1", (1, Some(1))),
        // Where exactly the end of a text is said to be does not matter.
        (
            "SELECT count(*)\nFROM analytics_data_points\nWHERE",
            (3, None),
        ),
        (
            "SELECT metric_value,\n  nope\nFROM analytics_data_points",
            (2, Some(3)),
        ),
        ("SELECT 1\nFROM nowhere", (2, Some(6))),
        ("SELECT\n  no_such_function(1)", (2, Some(3))),
        (
            "SELECT 1,\n time_bucket(interval '0 days', recorded_at)\nFROM analytics_data_points",
            (2, Some(2)),
        ),
        // No question: where the statement begins, or the second one.
        ("\n -- first\n DROP TABLE metrics", (3, Some(2))),
        ("SELECT ';';\n\n  SELECT 2", (3, Some(3))),
        ("SELECT 1; -- and\nDROP TABLE metrics", (2, Some(1))),
        ("", (1, Some(1))),
        // A table, or a function, that the planner gives no place.
        (
            "SELECT 1,\n'/etc/passwd'\nFROM\n '/etc/passwd'",
            (4, Some(2)),
        ),
        (
            "SELECT * FROM metrics JOIN\n 's3://bucket/x.parquet' x ON true",
            (2, Some(2)),
        ),
        ("SELECT *\nFROM read_csv('/etc/passwd')", (2, Some(6))),
        ("SELECT 1,\n $1", (2, Some(2))),
        // What fails on a value, when it is planned or when it is run.
        ("SELECT 1,\n 2 / 0", (2, Some(4))),
        ("SELECT 12 / 4,\n CAST('x' AS int)", (2, Some(2))),
        ("SELECT 1,\n 'x'::int", (2, Some(5))),
        ("SELECT 1,\n DATE 'x'", (2, Some(2))),
        (
            "SELECT metric_value / 2,\n metric_value / (metric_value - 4.07)\nFROM analytics_data_points",
            (2, Some(15)),
        ),
        (
            "SELECT count(*)\nFROM analytics_data_points\nWHERE platform::bigint > 1",
            (3, Some(15)),
        ),
        (
            "SELECT CAST(platform AS int)\nFROM analytics_data_points",
            (1, Some(8)),
        ),
    ] {
        let (message, location) = refusal(fixture, tenant, query).await;
        let said = location.unwrap_or_else(|| panic!("{query}: {message} has no place"));
        let column = place.1.unwrap_or(said.column);
        assert_eq!(
            (said.line, said.column),
            (place.0, column),
            "{query}: {message}"
        );
    }
    // Rows do not know which of several made them: all are named.
    for (query, several) in [
        (
            "SELECT (dimensions->>'n')::int,\n CAST(platform AS int) FROM analytics_data_points",
            "one of the casts at line 1, column 26; line 2, column 2",
        ),
        (
            "SELECT 1 / (metric_value - 4.07),\n 1 % (metric_value - 4.07) FROM analytics_data_points",
            "one of the divisions at line 1, column 10; line 2, column 4",
        ),
    ] {
        let (message, _) = refusal(fixture, tenant, query).await;
        assert!(message.contains(several), "{query}: {message}");
    }
}

async fn rows_above_the_limit_are_cut_and_marked(fixture: &Fixture) {
    let postgres = fixture.postgres().await;
    run(
        postgres.owner_options(),
        "INSERT INTO analytics.plan SELECT 'five', dimension_keys, ingest_points_per_day, 5, query_memory_bytes,
             query_timeout_ms, 5 FROM analytics.plan WHERE plan = 'free'",
    )
    .await;
    postgres.stop().await.unwrap();
    let tenant = fixture.tenant_on("small", "five", "UTC").await;
    let lines: Vec<String> = (0..6).map(|i| order(&i.to_string(), NOON, "{}")).collect();
    fixture.ingest(&tenant, &lines).await;

    let all = "SELECT metric_value FROM analytics_data_points ORDER BY 1";
    let cut = fixture.ask(&tenant, all, &[]).await.unwrap();
    assert!(cut.truncated);
    assert_eq!(cut.rows.concat(), ["0", "1", "2", "3", "4"]);
    let five = fixture
        .ask(&tenant, &format!("{all} LIMIT 5"), &[])
        .await
        .unwrap();
    assert_eq!((five.rows.len(), five.truncated), (5, false));

    // Half an export is none.
    let session = fixture.engine.session(&tenant).await.unwrap();
    let export = table(session.export(all, &[]).await.unwrap()).await;
    match export {
        Err(Error::LimitExceeded { allowed, plan, .. }) => {
            assert_eq!((allowed, plan.as_str()), (5, "five"));
        }
        other => panic!("{other:?}"),
    }
}

/// Answers and errors that must not depend on anybody else.
const ASKED: [&str; 13] = [
    "SELECT * FROM analytics_data_points ORDER BY metric_value",
    "SELECT count(*), sum(metric_value), max(ingested_at) FROM analytics_data_points",
    "SELECT * FROM daily_metrics ORDER BY metric_name",
    "SELECT * FROM monthly_metrics ORDER BY metric_name",
    "SELECT * FROM metrics ORDER BY metric_name",
    "SELECT day, points, imported, duplicates, rejected FROM usage",
    "SELECT dimensions->>'secret' FROM analytics_data_points",
    "SELECT dim_secret FROM analytics_data_points",
    // A cast or a division that fails on another's values would tell of them.
    "SELECT count(CAST(dimensions->>'secret' AS bigint)) FROM analytics_data_points",
    "SELECT sum(1 / (metric_value - 666)) FROM analytics_data_points",
    "SELECT sum(1 / (metric_value - 4.07)) FROM analytics_data_points",
    "SELECT CAST(platform AS int) FROM analytics_data_points WHERE tenant_id = 'b'",
    "SELECT count(*) FROM analytics_data_points WHERE tenant_id <> 'a' OR true",
];

async fn answers(fixture: &Fixture, tenant: &TenantId) -> Vec<Result<Table, String>> {
    let mut answers = Vec::new();
    for query in ASKED {
        let answer = fixture.ask(tenant, query, &[]).await;
        answers.push(answer.map_err(|error| format!("{error:?}")));
    }
    answers
}

async fn another_tenants_data_changes_nothing(fixture: &Fixture, tenant: &TenantId) {
    let alone = answers(fixture, tenant).await;
    let version = fixture.version(tenant).await;
    assert_eq!(alone[12].as_ref().unwrap().rows, [["12"]]);
    assert_eq!(alone[0].as_ref().unwrap().columns[0], "tenant_id");

    let b = fixture.tenant("b", "Asia/Kathmandu").await;
    let secret = point(
        "coreldove/custom/of_b",
        "666",
        NOON,
        r#"{"secret":"not a number"}"#,
    );
    fixture.ingest(&b, &[secret]).await;
    assert_eq!(
        answers(fixture, tenant).await,
        alone,
        "beside inline points"
    );
    fixture.engine.compact(&b).await.unwrap();
    assert_eq!(answers(fixture, tenant).await, alone, "beside an object");
    assert_eq!(fixture.version(tenant).await, version);

    let theirs = "SELECT tenant_id, metric_value, dimensions->>'secret' FROM analytics_data_points";
    assert_eq!(fixture.row(&b, theirs).await, "b 666 not a number");
}

#[tokio::test]
async fn functions_of_our_own_take_the_place_of_stock_ones() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let times = ["2024-10-26T22:30:00Z", "2024-10-27T22:30:00Z"];
    let lines = times.map(|time| order("5", time, "{}"));
    fixture.ingest(&tenant, &lines).await;
    let row = fixture
        .row(
            &tenant,
            "SELECT time_bucket(interval '1 day', recorded_at, 'Europe/Berlin') AS day, \
             arrow_typeof(date_trunc('day', recorded_at)) AS type, count(*) AS points, \
             sum(metric_value) AS total FROM analytics_data_points GROUP BY 1, 2",
        )
        .await;
    assert!(row.starts_with("2024-10-26T22:00:00Z"), "{row}");
    assert!(row.contains("UTC"), "{row}");
    let days = "SELECT date_trunc('day', recorded_at) AS day FROM analytics_data_points \
                ORDER BY 1 DESC LIMIT 1";
    assert_eq!(fixture.row(&tenant, days).await, "2024-10-27T00:00:00Z");

    let nines = "9".repeat(38);
    for query in [
        format!("SELECT sum(cast('{nines}' AS decimal(38, 0))) FROM (VALUES (1), (2)) AS t"),
        format!(
            "SELECT recorded_at > now() AS later, sum(cast('{nines}' AS decimal(38, 0))) \
             FROM analytics_data_points GROUP BY 1"
        ),
    ] {
        let (message, _) = refusal(&fixture, &tenant, &query).await;
        assert!(
            message.starts_with("a sum needs more than 38 digits"),
            "{message}"
        );
        assert!(message.contains("cast what is summed"), "{message}");
    }
    let (message, _) = refusal(
        &fixture,
        &tenant,
        "SELECT time_bucket(interval '1 day', recorded_at, 'Europe/Atlantis') FROM analytics_data_points",
    )
    .await;
    assert!(message.contains("knows no time zone"), "{message}");
    fixture.stop().await;
}
