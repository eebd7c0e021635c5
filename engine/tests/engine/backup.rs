//! Backup, wipe, restore.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use engine::maintain::check::{CheckOptions, Depth, Repair};
use engine::metadata::keys::Scope;
use engine::{Engine, Error, ExistingTenants, RestoreOptions, TenantId};
use secrecy::ExposeSecret;
use sqlx::{AssertSqlSafe, ConnectOptions, Row};

use crate::fixture::{Fixture, ndjson, order, run};

fn place(fixture: &Fixture) -> String {
    fixture.path("backups").to_str().unwrap().to_owned()
}

fn from(place: &str) -> RestoreOptions {
    RestoreOptions {
        from: place.to_owned(),
        ..RestoreOptions::default()
    }
}

pub(crate) fn orders(month: u32, points: u32) -> Vec<String> {
    (0..points)
        .map(|i| {
            order(
                &format!("{i}.0{month}"),
                &format!("2025-{month:02}-{:02}T12:00:00Z", 1 + i % 28),
                &format!(r#"{{"country":"c{}"}}"#, i % 7),
            )
        })
        .collect()
}

/// What a tenant answers.
async fn answers(fixture: &Fixture, tenant: &TenantId) -> Vec<Vec<Vec<String>>> {
    let mut answers = Vec::new();
    for query in [
        "select * from analytics_data_points order by recorded_at, metric_value",
        "select * from daily_metrics order by metric_date",
        "select * from monthly_metrics order by metric_date",
        "select * from metrics",
        "select day, points, imported, duplicates, rejected from usage order by 1",
        "select dimensions->>'country' as c, sum(metric_value) from analytics_data_points group by c order by c",
    ] {
        answers.push(fixture.rows(tenant, query).await);
    }
    answers
}

/// What every table holds of a tenant, by table.
async fn rows_of(fixture: &Fixture, tenant: &TenantId) -> BTreeMap<String, String> {
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    let tables = sqlx::query(
        "SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
         -- What questions used is added a second after they were asked.
         WHERE n.nspname = 'analytics' AND c.relkind = 'r'
           AND c.relname NOT IN ('query_usage', 'spent')",
    )
    .fetch_all(&mut owner)
    .await
    .unwrap();
    let mut rows = BTreeMap::new();
    for table in tables {
        let table: String = table.get(0);
        let sql = format!(
            "SELECT count(*)::text || ' ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''))
             FROM analytics.\"{table}\" t WHERE tenant_id = $1"
        );
        let told: String = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(tenant.as_str())
            .fetch_one(&mut owner)
            .await
            .unwrap();
        rows.insert(table, told);
    }
    rows
}

/// A table of a later migration, with all that makes rows hard to copy.
async fn add_later_table(fixture: &Fixture) {
    let postgres = fixture.postgres().await;
    let sql = "CREATE TABLE analytics.later (
            tenant_id text NOT NULL REFERENCES analytics.tenant,
            id bigint GENERATED ALWAYS AS IDENTITY,
            twice bigint GENERATED ALWAYS AS (id * 2) STORED,
            note text, tags text[], at timestamptz, part double precision,
            PRIMARY KEY (tenant_id, id));
        ALTER TABLE analytics.later ENABLE ROW LEVEL SECURITY;
        ALTER TABLE analytics.later FORCE ROW LEVEL SECURITY;
        CREATE POLICY tenant_isolation ON analytics.later
            USING (tenant_id = (SELECT nullif(current_setting('app.current_tenant_id', true), '')))";
    run(postgres.owner_options(), sql).await;
}

async fn note(fixture: &Fixture, tenant: &TenantId, note: &str) {
    let postgres = fixture.postgres().await;
    let sql = format!(
        "INSERT INTO analytics.later (tenant_id, note, tags, at, part) VALUES ('{tenant}', {note},
             ARRAY['a,b', NULL, E'\"\\n'], '2025-01-01 00:00:00.123456+05:30', 0.1::float8 / 3)"
    );
    run(postgres.owner_options(), &sql).await;
}

async fn assert_clean(engine: &Engine) {
    let options = CheckOptions {
        tenant: None,
        depth: Depth::Bytes,
        repair: Repair::Nothing,
    };
    let report = engine.check(&options, &()).await.unwrap();
    assert_eq!(report.findings, []);
}

#[tokio::test]
async fn after_backup_wipe_and_restore_nothing_is_missing_and_answers_are_equal() {
    let source = Fixture::start().await;
    let a = source.tenant("a", "Europe/London").await;
    let b = source.tenant("a-b", "Asia/Kolkata").await;
    add_later_table(&source).await;
    for text in ["E'x\n,\"y\"'", "NULL", "''"] {
        note(&source, &a, text).await;
        note(&source, &b, text).await;
    }
    for tenant in [&a, &b] {
        source.ingest(tenant, &orders(1, 60)).await;
        source.engine.compact(tenant).await.unwrap();
        source.ingest(tenant, &orders(2, 30)).await;
    }
    source.ingest(&b, &orders(3, 9)).await;
    let key = source
        .engine
        .keys()
        .create(&a, &[Scope::Read], None)
        .await
        .unwrap();
    let place = place(&source);
    let first = source.engine.backup(&place, None, &()).await.unwrap();
    assert_eq!((first.tenants, first.objects, first.copied), (2, 2, 2));
    let second = source.engine.backup(&place, None, &()).await.unwrap();
    assert_eq!(
        (second.objects, second.copied),
        (2, 0),
        "objects are copied once"
    );
    let (of_a, of_b) = (answers(&source, &a).await, answers(&source, &b).await);
    let (rows_a, rows_b) = (rows_of(&source, &a).await, rows_of(&source, &b).await);

    // Into an empty place: all is as it was, the version and the key, too.
    let target = Fixture::start().await;
    add_later_table(&target).await;
    let done = target.engine.restore(&from(&place), &()).await.unwrap();
    assert_eq!((done.id.clone(), done.copied), (second.id.clone(), 2));
    assert_clean(&target.engine).await;
    assert_eq!(answers(&target, &a).await, of_a);
    assert_eq!(answers(&target, &b).await, of_b);
    let replaced_files = |mut rows: BTreeMap<String, String>| {
        // Files in their grace period and their row are not kept.
        rows.remove("data_file");
        rows
    };
    assert_eq!(
        replaced_files(rows_of(&target, &a).await),
        replaced_files(rows_a)
    );
    assert_eq!(target.version(&a).await, source.version(&a).await);
    let caller = target
        .engine
        .keys()
        .authenticate(key.secret.expose_secret())
        .await;
    assert_eq!(caller.unwrap().map(|caller| caller.tenant), Some(a.clone()));
    // And it goes on: points, compaction, another restore is refused.
    target.ingest(&a, &orders(4, 5)).await;
    note(&target, &a, "'numbers go on'").await;
    target.engine.compact(&a).await.unwrap();
    assert_clean(&target.engine).await;
    let refused = target.engine.restore(&from(&place), &()).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );

    // One tenant of a living system: back to the backup, and nobody else is.
    let revoked = source.engine.keys().revoke(&a, key.id).await;
    revoked.unwrap();
    source.ingest(&a, &orders(5, 40)).await;
    source.ingest(&b, &orders(5, 40)).await;
    source.engine.compact(&a).await.unwrap();
    let (rows_b_now, b_now) = (rows_of(&source, &b).await, answers(&source, &b).await);
    assert_ne!(rows_b_now, rows_b);
    let mut one = RestoreOptions {
        tenant: Some(a.clone()),
        ..from(&place)
    };
    let refused = source.engine.restore(&one, &()).await;
    assert!(
        matches!(refused, Err(Error::Conflict { .. })),
        "{refused:?}"
    );
    let version = source.version(&a).await;
    one.existing = ExistingTenants::Replace;
    let done = source.engine.restore(&one, &()).await.unwrap();
    assert_eq!(
        (done.tenants, done.copied),
        (vec![a.clone()], 0),
        "its objects were there"
    );
    assert_eq!(answers(&source, &a).await, of_a);
    assert_eq!(rows_of(&source, &b).await, rows_b_now);
    assert_eq!(answers(&source, &b).await, b_now);
    assert_eq!(
        source.version(&a).await,
        version + 1,
        "a version never comes twice"
    );
    let other = Engine::start(source.options()).await.unwrap();
    let caller = other.keys().authenticate(key.secret.expose_secret()).await;
    assert_eq!(
        caller.unwrap(),
        None,
        "what was revoked since stays revoked"
    );
    other.shutdown().await.unwrap();
    assert_clean(&source.engine).await;
    source.ingest(&a, &orders(6, 5)).await;

    // A tenant that does not exist, into a system of others.
    let third = Fixture::start().await;
    add_later_table(&third).await;
    let c = third.tenant("c", "UTC").await;
    third.ingest(&c, &orders(1, 10)).await;
    let rows_c = rows_of(&third, &c).await;
    one.existing = ExistingTenants::Refuse;
    one.backup = Some(first.id);
    third.engine.restore(&one, &()).await.unwrap();
    assert_eq!(answers(&third, &a).await, of_a);
    assert_eq!(rows_of(&third, &c).await, rows_c);
    assert!(matches!(
        third.engine.session(&b).await,
        Err(Error::NotFound { .. })
    ));
    assert_clean(&third.engine).await;

    // A backup of one tenant holds no other.
    let alone = source.path("alone").to_str().unwrap().to_owned();
    let made = source.engine.backup(&alone, Some(&b), &()).await.unwrap();
    assert_eq!(made.tenants, 1);
    let of_b = RestoreOptions {
        tenant: Some(a.clone()),
        existing: ExistingTenants::Replace,
        ..from(&alone)
    };
    let missing = third.engine.restore(&of_b, &()).await;
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
    third
        .engine
        .restore(
            &RestoreOptions {
                tenant: Some(b.clone()),
                ..from(&alone)
            },
            &(),
        )
        .await
        .unwrap();
    assert_eq!(answers(&third, &b).await, b_now);

    for fixture in [target, third, source] {
        fixture.stop().await;
    }
}

#[tokio::test]
async fn a_backup_while_others_write_is_of_one_version_of_each_tenant() {
    let source = Fixture::start().await;
    let mut tenants = Vec::new();
    for i in 0..4 {
        tenants.push(source.tenant(&format!("t{i}"), "UTC").await);
    }
    // What each commit brought: version, points.
    let commits: Mutex<BTreeMap<(TenantId, i64), u64>> = Mutex::default();
    let stop = AtomicBool::new(false);
    let place = place(&source);
    let writers = futures::future::join_all(tenants.iter().map(|tenant| async {
        let mut round = 0;
        while !stop.load(Ordering::Acquire) {
            let points = 1 + round % 50;
            let body = orders(1 + round % 12, points).join("\n");
            let answer = source.send(tenant, ndjson(&body)).await.unwrap();
            let commit = ((tenant.clone(), answer.version), u64::from(points));
            commits.lock().unwrap().extend([commit]);
            if round % 5 == 4 {
                source.engine.compact(tenant).await.unwrap();
            }
            round += 1;
        }
    }));
    let backups = async {
        let mut made = Vec::new();
        for _ in 0..4 {
            tokio::time::sleep(std::time::Duration::from_millis(400)).await;
            made.push(source.engine.backup(&place, None, &()).await.unwrap());
        }
        stop.store(true, Ordering::Release);
        made
    };
    let (_, made) = tokio::join!(writers, backups);
    let commits = commits.into_inner().unwrap();
    assert!(
        commits.len() > 40,
        "there was too little to do: {}",
        commits.len()
    );

    let target = Fixture::start().await;
    for (at, backup) in made.iter().enumerate() {
        let options = RestoreOptions {
            backup: Some(backup.id.clone()),
            existing: match at {
                0 => ExistingTenants::Refuse,
                _ => ExistingTenants::Replace,
            },
            ..from(&place)
        };
        target.engine.restore(&options, &()).await.unwrap();
        assert_clean(&target.engine).await;
        for tenant in &tenants {
            // The newest commit tells the version of the backup.
            let newest =
                "select coalesce(max(commit_version), 0), count(*) from analytics_data_points";
            let row = target.row(tenant, newest).await;
            let (version, rows) = row.split_once(' ').unwrap();
            let version: i64 = version.parse().unwrap();
            let until = (tenant.clone(), 0)..=(tenant.clone(), version);
            let expected: u64 = commits.range(until).map(|(_, points)| points).sum();
            assert_eq!(
                rows.parse::<u64>().unwrap(),
                expected,
                "{tenant} at {version}"
            );
        }
    }
    target.stop().await;
    source.stop().await;
}

#[tokio::test]
async fn a_backup_copies_only_what_no_backup_of_the_same_tenants_has() {
    let source = Fixture::start().await;
    let a = source.tenant("a", "UTC").await;
    let b = source.tenant("b", "UTC").await;
    for tenant in [&a, &b] {
        source.ingest(tenant, &orders(1, 50)).await;
        source.engine.compact(tenant).await.unwrap();
    }
    let place = place(&source);
    // Of whom, how many are copied, and how many there are.
    for (tenant, copied, objects) in [
        (Some(&a), 1, 1),
        (None, 2, 2),
        (Some(&b), 0, 1),
        (None, 0, 2),
        (Some(&a), 0, 1),
    ] {
        let made = source.engine.backup(&place, tenant, &()).await.unwrap();
        assert_eq!((made.copied, made.objects), (copied, objects), "{tenant:?}");
    }
    let target = Fixture::start().await;
    let options = RestoreOptions {
        tenant: Some(a.clone()),
        ..from(&place)
    };
    target.engine.restore(&options, &()).await.unwrap();
    assert_eq!(answers(&target, &a).await, answers(&source, &a).await);
    target.stop().await;
    source.stop().await;
}

/// All files below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn a_damaged_or_newer_backup_is_refused_and_changes_nothing() {
    let source = Fixture::start().await;
    let a = source.tenant("a", "UTC").await;
    source.ingest(&a, &orders(1, 50)).await;
    source.engine.compact(&a).await.unwrap();
    let place = place(&source);
    source.engine.backup(&place, None, &()).await.unwrap();
    let target = Fixture::start().await;
    let parts = files(Path::new(&place));
    assert!(parts.len() > 8, "{parts:?}");
    for part in &parts {
        let good = std::fs::read(part).unwrap();
        let mut flipped = good.clone();
        let middle = flipped.len() / 2;
        flipped[middle] ^= 1;
        for bad in [Some(flipped), Some(good[..good.len() - 1].to_vec()), None] {
            // A manifest is JSON: a changed letter in it need not make it another.
            if part.ends_with("manifest.json")
                && bad.as_ref().is_some_and(|b| b.len() == good.len())
            {
                continue;
            }
            match &bad {
                Some(bad) => std::fs::write(part, bad).unwrap(),
                None => std::fs::remove_file(part).unwrap(),
            }
            let refused = target.engine.restore(&from(&place), &()).await;
            assert!(
                matches!(
                    refused,
                    Err(Error::Storage(_) | Error::NotFound { .. } | Error::Invalid { .. })
                ),
                "{part:?}: {refused:?}"
            );
            assert!(target.engine.session(&a).await.is_err(), "{part:?}");
        }
        std::fs::write(part, &good).unwrap();
    }
    let manifest = parts
        .iter()
        .find(|part| part.ends_with("manifest.json"))
        .unwrap();
    let good = std::fs::read_to_string(manifest).unwrap();
    let json: serde_json::Value = serde_json::from_str(&good).unwrap();
    for newer in ["format_version", "schema_version"] {
        let mut json = json.clone();
        json[newer] = (json[newer].as_i64().unwrap() + 1).into();
        std::fs::write(manifest, json.to_string()).unwrap();
        let refused = target.engine.restore(&from(&place), &()).await;
        assert!(matches!(refused, Err(Error::Config(_))), "{refused:?}");
    }
    std::fs::write(manifest, &good).unwrap();
    target.engine.restore(&from(&place), &()).await.unwrap();
    assert_clean(&target.engine).await;
    assert_eq!(answers(&target, &a).await, answers(&source, &a).await);

    // A backup that would not be whole is none: and the last one stays.
    let objects = files(&source.path("data/objects"));
    let good = std::fs::read(&objects[0]).unwrap();
    let elsewhere = source.path("elsewhere").to_str().unwrap().to_owned();
    std::fs::remove_file(&objects[0]).unwrap();
    let missing = source.engine.backup(&elsewhere, None, &()).await;
    assert!(format!("{missing:?}").contains("missing"), "{missing:?}");
    std::fs::write(&objects[0], &good[1..]).unwrap();
    let damaged = source.engine.backup(&elsewhere, None, &()).await;
    assert!(format!("{damaged:?}").contains("damaged"), "{damaged:?}");
    let none = target.engine.restore(&from(&elsewhere), &()).await;
    assert!(matches!(none, Err(Error::Conflict { .. })));
    let none = RestoreOptions {
        existing: ExistingTenants::Replace,
        ..from(&elsewhere)
    };
    let none = target.engine.restore(&none, &()).await;
    assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    // Nor is one in the store that it is of.
    let own = source.path("data/objects").to_str().unwrap().to_owned();
    std::fs::write(&objects[0], &good).unwrap();
    let refused = source.engine.backup(&own, None, &()).await;
    assert!(matches!(refused, Err(Error::Config(_))), "{refused:?}");
    target.stop().await;
    source.stop().await;
}
