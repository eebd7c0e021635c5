//! `check`: each damage is done for real, found by its kind, and mended or not
//! as it was asked for.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use engine::TenantId;
use engine::maintain::check::{CheckOptions, CheckReport, Depth, FindingKind, Lost, Repair};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};
use storage_layout::data_file::checksum;

use crate::fixture::{Fixture, order};

/// A fixture with damage to be done to tenant `a`, and a bystander `b`.
struct Damaged {
    fixture: Fixture,
    owner: PgConnection,
    a: TenantId,
}

/// An object file of the catalog.
struct Object {
    id: String,
    key: String,
    path: PathBuf,
    bytes: Vec<u8>,
}

impl Damaged {
    /// Two tenants with two object files each, and one inline.
    async fn start() -> Self {
        let fixture = Fixture::start().await;
        let a = fixture.tenant("a", "Europe/London").await;
        let b = fixture.tenant("b", "UTC").await;
        for tenant in [&a, &b] {
            for month in [1, 2] {
                fixture.ingest(tenant, &orders(month)).await;
                fixture.engine.compact(tenant).await.unwrap();
            }
            fixture.ingest(tenant, &orders(3)).await;
        }
        let postgres = fixture.postgres().await;
        let owner = postgres.owner_options().connect().await.unwrap();
        Self { fixture, owner, a }
    }

    async fn check(&self, depth: Depth, repair: Repair) -> CheckReport {
        let options = CheckOptions {
            tenant: None,
            depth,
            repair,
        };
        self.fixture.engine.check(&options, &()).await.unwrap()
    }

    /// The kinds that are found, as `kind tenant`.
    async fn found(&self, depth: Depth) -> Vec<String> {
        let report = self.check(depth, Repair::Nothing).await;
        for finding in &report.findings {
            assert!(!finding.what.is_empty() && !finding.key.is_empty());
        }
        assert_eq!(report.left, report.findings.len() as u64);
        let named =
            |f: &engine::maintain::check::Finding| format!("{} {}", f.kind.name(), f.tenant);
        report.findings.iter().map(named).collect()
    }

    async fn sql(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        sqlx::raw_sql(sql).execute(&mut self.owner).await.unwrap();
    }

    /// The object files of `a`, live ones, the oldest first.
    async fn objects(&mut self) -> Vec<Object> {
        let rows = sqlx::query(
            "SELECT file_id::text, object_key FROM analytics.data_file
             WHERE tenant_id = 'a' AND removed_version IS NULL AND object_key IS NOT NULL
             ORDER BY min_recorded_at",
        )
        .fetch_all(&mut self.owner)
        .await
        .unwrap();
        let object = |row: &sqlx::postgres::PgRow| {
            let key: String = row.get(1);
            let path = self.fixture.path(&format!("data/objects/{key}"));
            Object {
                id: row.get(0),
                bytes: std::fs::read(&path).unwrap_or_default(),
                key,
                path,
            }
        };
        rows.iter().map(object).collect()
    }

    /// What `a` answers.
    async fn answers(&self) -> Vec<Vec<Vec<String>>> {
        let mut answers = Vec::new();
        for query in [
            "select count(*), sum(metric_value) from analytics_data_points",
            "select * from daily_metrics order by metric_date",
        ] {
            answers.push(self.fixture.rows(&self.a, query).await);
        }
        answers
    }
}

fn orders(month: u32) -> Vec<String> {
    (1..=20)
        .map(|day| {
            order(
                &format!("{day}.{month}"),
                &format!("2025-0{month}-{day:02}T12:00:00Z"),
                &format!(r#"{{"country":"c{}","items":{day}}}"#, day % 3),
            )
        })
        .collect()
}

fn mend(lost: Lost, from: Option<String>) -> Repair {
    Repair::Mend { from, lost }
}

fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn each_kind_of_damage_is_found_by_its_kind_and_nothing_else_is() {
    use Depth::{Bytes, Sizes};
    let mut damaged = Damaged::start().await;
    assert_eq!(damaged.found(Bytes).await, [""; 0]);
    let objects = damaged.objects().await;
    let (first, second) = (&objects[0], &objects[1]);

    std::fs::remove_file(&first.path).unwrap();
    assert_eq!(damaged.found(Sizes).await, ["missing_object a"]);
    assert_eq!(damaged.found(Bytes).await, ["missing_object a"]);

    std::fs::write(&first.path, &first.bytes[..first.bytes.len() - 1]).unwrap();
    assert_eq!(damaged.found(Sizes).await, ["wrong_size a"]);

    std::fs::write(&first.path, flipped(&first.bytes)).unwrap();
    assert_eq!(
        damaged.found(Sizes).await,
        [""; 0],
        "sizes tell nothing of bytes"
    );
    assert_eq!(damaged.found(Bytes).await, ["wrong_checksum a"]);

    // Bytes that are no file, and those of another tenant's, as the catalog has it.
    let of_b: String = sqlx::query_scalar(
        "SELECT object_key FROM analytics.data_file WHERE tenant_id = 'b' AND object_key IS NOT NULL LIMIT 1",
    )
    .fetch_one(&mut damaged.owner)
    .await
    .unwrap();
    let foreign = std::fs::read(damaged.fixture.path(&format!("data/objects/{of_b}"))).unwrap();
    for (bytes, kind) in [
        (b"rubbish".to_vec(), "unreadable a"),
        (foreign, "wrong_tenant a"),
    ] {
        std::fs::write(&first.path, &bytes).unwrap();
        damaged
            .sql(&format!(
                "CREATE TABLE public.saved AS SELECT * FROM analytics.data_file WHERE file_id = '{0}';
                 UPDATE analytics.data_file SET bytes = {1}, sha256 = '\\x{2}' WHERE file_id = '{0}'",
                first.id,
                bytes.len(),
                hex(&checksum(&bytes))
            ))
            .await;
        assert_eq!(damaged.found(Bytes).await, [kind]);
        damaged
            .sql(
                "UPDATE analytics.data_file f SET bytes = s.bytes, sha256 = s.sha256
                  FROM public.saved s WHERE f.file_id = s.file_id; DROP TABLE public.saved",
            )
            .await;
    }
    std::fs::write(&first.path, &first.bytes).unwrap();
    assert_eq!(damaged.found(Bytes).await, [""; 0]);

    // The catalog names another tenant's object; then the own one is named by nobody.
    damaged
        .sql(&format!(
            "UPDATE analytics.data_file SET object_key = '{of_b}' WHERE file_id = '{}'",
            first.id
        ))
        .await;
    assert_eq!(
        damaged.found(Sizes).await,
        ["wrong_tenant a", "extra_object a"]
    );
    damaged
        .sql(&format!(
            "UPDATE analytics.data_file SET object_key = '{}' WHERE file_id = '{}'",
            first.key, first.id
        ))
        .await;

    let extra = first
        .path
        .with_file_name("0190b3c4-0000-7000-8000-000000000000.parquet");
    std::fs::write(&extra, b"x").unwrap();
    assert_eq!(damaged.found(Sizes).await, ["extra_object a"]);
    damaged
        .sql(&format!(
            "INSERT INTO analytics.pending_upload (tenant_id, object_key) VALUES ('a', '{}')",
            first
                .key
                .replace(&first.id, "0190b3c4-0000-7000-8000-000000000000")
        ))
        .await;
    assert_eq!(
        damaged.found(Sizes).await,
        [""; 0],
        "an upload is under way"
    );
    damaged.sql("DELETE FROM analytics.pending_upload").await;
    std::fs::remove_file(&extra).unwrap();

    // Another file's roll-up; then one that is no roll-up; then one in an object.
    damaged
        .sql(&format!(
            "CREATE TABLE public.saved AS SELECT * FROM analytics.data_file WHERE file_id = '{0}';
             UPDATE analytics.data_file SET rollup = (SELECT rollup FROM analytics.data_file
                 WHERE file_id = '{1}') WHERE file_id = '{0}'",
            first.id, second.id
        ))
        .await;
    assert_eq!(damaged.found(Sizes).await, [""; 0]);
    assert_eq!(damaged.found(Bytes).await, ["wrong_rollup a"]);
    let rollup_key = first.key.replace(".parquet", ".rollup");
    let rollup: Vec<u8> = sqlx::query_scalar("SELECT rollup FROM public.saved")
        .fetch_one(&mut damaged.owner)
        .await
        .unwrap();
    damaged
        .sql(&format!(
            "UPDATE analytics.data_file SET rollup = NULL, rollup_key = '{rollup_key}' WHERE file_id = '{}'",
            first.id
        ))
        .await;
    assert_eq!(damaged.found(Sizes).await, ["missing_rollup a"]);
    let rollup_path = first.path.with_extension("rollup");
    std::fs::write(&rollup_path, flipped(&rollup)).unwrap();
    assert_eq!(damaged.found(Bytes).await, ["wrong_rollup a"]);
    std::fs::write(&rollup_path, &rollup).unwrap();
    assert_eq!(damaged.found(Bytes).await, [""; 0]);
    std::fs::remove_file(&rollup_path).unwrap();
    damaged
        .sql(
            "UPDATE analytics.data_file f SET rollup = s.rollup, rollup_key = NULL
              FROM public.saved s WHERE f.file_id = s.file_id; DROP TABLE public.saved",
        )
        .await;

    // Statistics: against each other, and against the rows.
    let wrong = |set: &str| {
        format!(
            "UPDATE analytics.data_file SET {set} WHERE file_id = '{}'",
            first.id
        )
    };
    damaged.sql(&wrong("rows = rows + 1")).await;
    assert_eq!(damaged.found(Sizes).await, ["wrong_statistics a"]);
    damaged.sql(&wrong("rows = rows - 1")).await;
    for (set, back) in [
        (
            "max_recorded_at = max_recorded_at + interval '1 s', statistics = jsonb_set(statistics,
                '{max_recorded_at_us}', to_jsonb((statistics->>'max_recorded_at_us')::bigint + 1000000))",
            "max_recorded_at = max_recorded_at - interval '1 s', statistics = jsonb_set(statistics,
                '{max_recorded_at_us}', to_jsonb((statistics->>'max_recorded_at_us')::bigint - 1000000))",
        ),
        (
            "statistics = jsonb_set(statistics, '{platforms}', '[\"other\"]')",
            "statistics = jsonb_set(statistics, '{platforms}', '[\"coreldove\"]')",
        ),
    ] {
        damaged.sql(&wrong(set)).await;
        assert_eq!(damaged.found(Sizes).await, [""; 0]);
        assert_eq!(damaged.found(Bytes).await, ["wrong_statistics a"]);
        damaged.sql(&wrong(back)).await;
    }

    // Inline rows.
    let inline = "tenant_id = 'a' AND payload IS NOT NULL AND removed_version IS NULL";
    damaged
        .sql(&format!(
            "UPDATE analytics.data_file SET payload = set_byte(payload, 700, 255 - get_byte(payload, 700)) WHERE {inline}"
        ))
        .await;
    assert_eq!(damaged.found(Bytes).await, ["wrong_checksum a"]);
    damaged
        .sql(&format!(
            "UPDATE analytics.data_file SET payload = payload || '\\x00' WHERE {inline}"
        ))
        .await;
    assert_eq!(damaged.found(Sizes).await, ["wrong_size a"]);
    damaged.fixture.stop().await;
}

#[tokio::test]
async fn a_repair_makes_again_what_rows_tell_and_gives_rows_up_only_when_told() {
    use Depth::Bytes;
    let mut damaged = Damaged::start().await;
    let before = damaged.answers().await;
    let backups = damaged.fixture.path("backups");
    let backups = backups.to_str().unwrap().to_owned();
    let made = damaged.fixture.engine.backup(&backups, None, &()).await;
    assert_eq!(made.unwrap().objects, 4);
    let objects = damaged.objects().await;
    let (first, second) = (&objects[0], &objects[1]);

    // Wrong statistics and a wrong roll-up of one file: made again at once.
    damaged
        .sql(&format!(
            "UPDATE analytics.data_file SET statistics = jsonb_set(statistics, '{{platforms}}', '[]'),
                 rollup = (SELECT rollup FROM analytics.data_file WHERE file_id = '{1}')
             WHERE file_id = '{0}'",
            first.id, second.id
        ))
        .await;
    let report = damaged.check(Bytes, mend(Lost::Keep, None)).await;
    let kinds: Vec<FindingKind> = report.findings.iter().map(|f| f.kind).collect();
    assert_eq!(
        kinds,
        [FindingKind::WrongStatistics, FindingKind::WrongRollup]
    );
    assert_eq!(report.left, 0, "{:?}", report.findings);
    assert_eq!(damaged.found(Bytes).await, [""; 0]);
    assert_eq!(damaged.answers().await, before);

    // An object that nobody names: kept while it could be an upload, and while
    // a backup copies objects.
    let extra = second
        .path
        .with_file_name("0190b3c4-0000-7000-8000-000000000000.parquet");
    std::fs::write(&extra, b"x").unwrap();
    let left = |report: &CheckReport| (report.left, report.findings[0].not_repaired.clone());
    let report = damaged.check(Bytes, mend(Lost::Keep, None)).await;
    assert_eq!(
        left(&report),
        (1, Some("it is younger than two hours".into()))
    );
    let old = SystemTime::now() - Duration::from_secs(3 * 3_600);
    let file = std::fs::File::options().write(true).open(&extra).unwrap();
    file.set_modified(old).unwrap();
    let lock = i64::from_be_bytes(*b"\0tessera");
    damaged
        .sql(&format!("SELECT pg_advisory_lock_shared({lock})"))
        .await;
    let report = damaged.check(Bytes, mend(Lost::Keep, None)).await;
    assert_eq!(
        left(&report),
        (1, Some("a backup or a restore is running".into()))
    );
    assert!(extra.exists());
    damaged
        .sql(&format!("SELECT pg_advisory_unlock_shared({lock})"))
        .await;
    let report = damaged.check(Bytes, mend(Lost::Keep, None)).await;
    assert_eq!(report.left, 0, "{:?}", report.findings);
    assert!(!extra.exists());

    // Damaged rows: kept, and brought back from the backup.
    std::fs::write(&second.path, flipped(&second.bytes)).unwrap();
    let report = damaged.check(Bytes, mend(Lost::Keep, None)).await;
    assert_eq!((report.left, report.rows_dropped), (1, 0));
    assert_eq!(damaged.found(Bytes).await, ["wrong_checksum a"]);
    let report = damaged
        .check(Bytes, mend(Lost::Keep, Some(backups.clone())))
        .await;
    assert_eq!(report.left, 0, "{:?}", report.findings);
    assert_eq!(std::fs::read(&second.path).unwrap(), second.bytes);
    assert_eq!(damaged.found(Bytes).await, [""; 0]);
    assert_eq!(damaged.answers().await, before);

    // Rows that are nowhere: given up, counted, and nothing else with them.
    std::fs::remove_file(&second.path).unwrap();
    std::fs::remove_file(damaged.fixture.path(&format!("backups/{}", second.key))).unwrap();
    let version = damaged.fixture.version(&damaged.a).await;
    let report = damaged.check(Bytes, mend(Lost::Drop, Some(backups))).await;
    assert_eq!(
        (report.left, report.rows_dropped),
        (0, 20),
        "{:?}",
        report.findings
    );
    assert_eq!(damaged.found(Bytes).await, [""; 0]);
    let counted = damaged
        .fixture
        .row(&damaged.a, "select count(*) from analytics_data_points")
        .await;
    assert_eq!(counted, "40");
    assert_eq!(damaged.fixture.version(&damaged.a).await, version + 1);
    damaged.fixture.stop().await;
}

#[tokio::test]
async fn a_check_beside_writers_finds_nothing() {
    let fixture = Fixture::start().await;
    let tenants = [
        fixture.tenant("a", "UTC").await,
        fixture.tenant("b", "UTC").await,
    ];
    let done = AtomicBool::new(false);
    let writers = async {
        for round in 0..12 {
            for tenant in &tenants {
                fixture.ingest(tenant, &orders(1 + round % 9)).await;
                fixture.engine.compact(tenant).await.unwrap();
            }
        }
        done.store(true, Ordering::Release);
    };
    let checks = async {
        let mut checks = 0;
        while !done.load(Ordering::Acquire) || checks == 0 {
            let options = CheckOptions {
                tenant: None,
                depth: Depth::Bytes,
                repair: Repair::Nothing,
            };
            let report = fixture.engine.check(&options, &()).await.unwrap();
            assert_eq!(report.findings, []);
            checks += 1;
        }
    };
    tokio::join!(writers, checks);
    let options = CheckOptions {
        tenant: Some(TenantId::new("nobody").unwrap()),
        depth: Depth::Sizes,
        repair: Repair::Nothing,
    };
    let unknown = fixture.engine.check(&options, &()).await;
    assert!(matches!(unknown, Err(engine::Error::NotFound { .. })));
    fixture.stop().await;
}

#[tokio::test]
async fn wrong_quarter_hours_are_found() {
    let mut damaged = Damaged::start().await;
    // So many quarter hours, of eight points each with numbers that no
    // compression foresees, that they stand in an object of their own.
    let line = |seed: u64, i: u64| {
        let (day, quarter) = (1 + i / 768, i / 8 % 96);
        let (hour, minute) = (quarter / 4, quarter % 4 * 15 + i % 8);
        let at = format!("2024-06-{day:02}T{hour:02}:{minute:02}:00Z");
        let number = (seed + i).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        order(&number.to_string(), &at, "{}")
    };
    for seed in [0, 1_000_000] {
        let lines: Vec<String> = (0..16_800).map(|i| line(seed, i)).collect();
        damaged.fixture.ingest(&damaged.a, &lines).await;
        damaged.fixture.engine.compact(&damaged.a).await.unwrap();
    }
    let details: Vec<String> = sqlx::query_scalar(
        "SELECT detail_key FROM analytics.data_file
         WHERE removed_version IS NULL AND detail_key IS NOT NULL ORDER BY added_version",
    )
    .fetch_all(&mut damaged.owner)
    .await
    .unwrap();
    assert_eq!(details.len(), 2);
    assert_eq!(damaged.found(Depth::Bytes).await, [""; 0]);
    let path = |key: &str| damaged.fixture.path(&format!("data/objects/{key}"));
    std::fs::copy(path(&details[1]), path(&details[0])).unwrap();
    let report = damaged.check(Depth::Bytes, Repair::Nothing).await;
    let found: Vec<&str> = report.findings.iter().map(|f| f.kind.name()).collect();
    assert_eq!(found, ["wrong_rollup"]);
    let what = &report.findings[0].what;
    assert!(what.contains("in the quarter of an hour from"), "{what}");
}
