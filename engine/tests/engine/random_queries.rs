//! Random questions: the same answers whatever other tenants hold, the sums of
//! their parts, and those of another database. And random statements, which
//! must do no harm.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use engine::{Error, TenantId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::fixture::{Fixture, Table, point};
use crate::random_sql::{predicate, question, statement};

/// How many of each; `make fuzz` asks for more.
fn rounds(usual: usize) -> usize {
    std::env::var("TESSERA_TEST_QUERIES").map_or(usual, |rounds| rounds.parse().unwrap())
}

fn seeded() -> StdRng {
    let seed = std::env::var("TESSERA_TEST_SEED").map_or(4_711, |seed| seed.parse().unwrap());
    eprintln!("TESSERA_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Points with few different values, nulls, ties and both signs.
fn points(rng: &mut StdRng, count: usize) -> Vec<String> {
    let metrics = [
        "coreldove/revenue/order_revenue",
        "bizoholic/revenue/campaign_revenue",
        "coreldove/custom/x",
    ];
    let countries = [
        r#"{"country":"de"}"#,
        r#"{"country":"np"}"#,
        r#"{"country":""}"#,
        "{}",
        "{}",
    ];
    (0..count)
        .map(|_| {
            let value = match rng.random_range(0..4) {
                0 => rng.random_range(-20_i64..20).to_string(),
                1 => format!(
                    "{}.{:09}",
                    rng.random_range(0_i64..1_000),
                    rng.random_range(0..1_000_000_000)
                ),
                2 => format!("-{}.5", rng.random_range(0..500)),
                _ => rng
                    .random_range(-9_000_000_000_i64..9_000_000_000)
                    .to_string(),
            };
            let at = format!(
                "2024-03-{:02}T{:02}:{:02}:00Z",
                rng.random_range(1..29),
                rng.random_range(0..24),
                rng.random_range(0..60)
            );
            let metric = metrics[rng.random_range(0..metrics.len())];
            let dimensions = countries[rng.random_range(0..countries.len())];
            point(metric, &value, &at, dimensions)
        })
        .collect()
}

/// Tenant `a` with points in an object and inline.
async fn seeded_tenant(fixture: &Fixture, rng: &mut StdRng) -> TenantId {
    let a = fixture.tenant("a", "UTC").await;
    fixture.ingest(&a, &points(rng, 400)).await;
    fixture.engine.compact(&a).await.unwrap();
    fixture.ingest(&a, &points(rng, 100)).await;
    a
}

/// An answer whose rows have no order of their own, or what was wrong.
async fn answer(fixture: &Fixture, tenant: &TenantId, query: &str) -> Result<Table, String> {
    let mut table = fixture
        .ask(tenant, query, &[])
        .await
        .map_err(|error| format!("{error:?}"))?;
    table.rows.sort();
    Ok(table)
}

#[tokio::test]
async fn random_questions_are_answered_alike_whatever_other_tenants_hold() {
    let fixture = Fixture::start().await;
    let mut rng = seeded();
    let a = seeded_tenant(&fixture, &mut rng).await;
    // A sum of floats depends on the order of its rows.
    let exact =
        std::iter::repeat_with(|| question(&mut rng).sql).filter(|sql| !sql.contains("double"));
    let asked: Vec<String> = exact.take(rounds(60)).collect();
    let mut alone = Vec::new();
    for query in &asked {
        alone.push(answer(&fixture, &a, query).await);
    }
    let answered = alone.iter().filter(|answer| answer.is_ok()).count();
    assert!(
        answered * 10 > asked.len() * 9,
        "{answered} of {}: {alone:?}",
        asked.len()
    );

    let b = fixture.tenant("b", "Asia/Kathmandu").await;
    let canary = point(
        "coreldove/custom/of_b",
        "31337.27",
        "2024-03-10T12:00:00Z",
        r#"{"country":"canary-b"}"#,
    );
    for step in ["added", "changed", "removed"] {
        match step {
            "added" => {
                fixture.ingest(&b, &points(&mut rng, 200)).await;
                fixture.ingest(&b, std::slice::from_ref(&canary)).await;
            }
            "changed" => {
                fixture.engine.compact(&b).await.unwrap();
                fixture.ingest(&b, &points(&mut rng, 50)).await;
            }
            _ => {
                fixture.engine.upkeep().erase(&b, None).await.unwrap();
            }
        }
        for (query, alone) in asked.iter().zip(&alone) {
            let beside = answer(&fixture, &a, query).await;
            assert_eq!(
                &beside, alone,
                "{query}, with data of another tenant {step}"
            );
            assert!(!format!("{beside:?}").contains("canary-b"), "{query}");
        }
    }
    fixture.stop().await;
}

#[tokio::test]
async fn a_condition_and_what_it_leaves_make_up_the_whole() {
    let fixture = Fixture::start().await;
    let mut rng = seeded();
    let a = seeded_tenant(&fixture, &mut rng).await;
    let from = "from analytics_data_points";
    for _ in 0..rounds(60) {
        let p = predicate(&mut rng, 3);
        let count = async |sql: String| fixture.row(&a, &sql).await;
        // Three-valued: where it holds, where not, and where it is null.
        let all = count(format!("select count(*), sum(metric_value) {from}")).await;
        let parts = count(format!(
            "select count(*), sum(metric_value) from (
                select metric_value {from} where {p}
                union all select metric_value {from} where not ({p})
                union all select metric_value {from} where ({p}) is null) as parts"
        ))
        .await;
        assert_eq!(parts, all, "{p}");
        // What a filter finds is what counting row by row finds.
        let filtered = count(format!("select count(*) {from} where {p}")).await;
        let counted = count(format!(
            "select coalesce(sum(case when {p} then 1 else 0 end), 0) {from}"
        ))
        .await;
        assert_eq!(filtered, counted, "{p}");
    }
    fixture.stop().await;
}

/// Asks DuckDB; each answer is its rows, or what was wrong.
fn duckdb(points: &[String], queries: &[String]) -> Vec<Result<Vec<Vec<String>>, String>> {
    let python = servers().join("duckdb/bin/python");
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/fixtures/ask_duckdb.py"
    );
    let process = Command::new(&python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn();
    let mut process = process.unwrap_or_else(|error| {
        panic!(
            "{}: {error} (run .ci/set-up-tests, which installs it)",
            python.display()
        )
    });
    let input = serde_json::json!({
        "points": points.iter().map(|p| serde_json::from_str::<serde_json::Value>(p).unwrap()).collect::<Vec<_>>(),
        "queries": queries,
    });
    process
        .stdin
        .take()
        .unwrap()
        .write_all(input.to_string().as_bytes())
        .unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success());
    let answers: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    answers
        .into_iter()
        .map(|answer| match answer.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(serde_json::from_value(answer["rows"].clone()).unwrap()),
        })
        .collect()
}

/// Where `.ci/set-up-tests` installs it.
fn servers() -> PathBuf {
    if let Some(set) = std::env::var_os("TESSERA_TEST_SERVERS") {
        return set.into();
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache");
    cache.unwrap_or_else(home).join("tessera/test-servers")
}

/// Texts and exact numbers are equal; what DuckDB gives as a float (`~`) is
/// near.
fn agree(ours: &str, theirs: &str) -> bool {
    let Some(float) = theirs.strip_prefix('~') else {
        return ours == theirs;
    };
    match (ours.parse::<f64>(), float.parse::<f64>()) {
        (Ok(ours), Ok(theirs)) => {
            (ours - theirs).abs() <= 1e-9 * ours.abs().max(theirs.abs()).max(1.0) * 10.0
        }
        _ => false,
    }
}

/// Rows by what is exact in them, so that a rounding orders none differently.
fn ordered(mut rows: Vec<Vec<String>>, floats: &[bool]) -> Vec<Vec<String>> {
    let key = |row: &Vec<String>| {
        let exact = row.iter().zip(floats).filter(|(_, float)| !**float);
        let exact: Vec<String> = exact.map(|(cell, _)| cell.clone()).collect();
        let near = row.iter().zip(floats).filter(|(_, float)| **float);
        let near: Vec<i64> = near
            .map(|(cell, _)| {
                let number = cell.trim_start_matches('~').parse::<f64>();
                number.map_or(i64::MIN, |number| (number * 1_000.0).round() as i64)
            })
            .collect();
        (exact, near)
    };
    rows.sort_by_key(key);
    rows
}

#[tokio::test]
async fn random_questions_are_answered_as_duckdb_does() {
    let fixture = Fixture::start().await;
    let mut rng = seeded();
    let a = fixture.tenant("a", "UTC").await;
    let points = points(&mut rng, 500);
    fixture.ingest(&a, &points[..400]).await;
    fixture.engine.compact(&a).await.unwrap();
    fixture.ingest(&a, &points[400..]).await;
    let queries: Vec<String> = (0..rounds(100)).map(|_| question(&mut rng).sql).collect();
    let theirs = duckdb(&points, &queries);
    let (mut compared, mut wrong) = (0, Vec::new());
    for (query, theirs) in queries.iter().zip(theirs) {
        let ours = fixture.ask(&a, query, &[]).await;
        match (ours, theirs) {
            (Ok(ours), Ok(theirs)) => {
                assert!(!ours.truncated, "{query}");
                compared += 1;
                let width = ours.columns.len();
                let floats: Vec<bool> = (0..width)
                    .map(|i| theirs.iter().any(|row| row[i].starts_with('~')))
                    .collect();
                let (ours, theirs) = (ordered(ours.rows, &floats), ordered(theirs, &floats));
                let alike = ours.len() == theirs.len()
                    && ours.iter().zip(&theirs).all(|(ours, theirs)| {
                        ours.iter()
                            .zip(theirs)
                            .all(|(ours, theirs)| agree(ours, theirs))
                    });
                if !alike {
                    let at = ours.iter().zip(&theirs).position(|(o, t)| {
                        !o.iter().zip(t).all(|(ours, theirs)| agree(ours, theirs))
                    });
                    let at = at.unwrap_or_default();
                    wrong.push(format!(
                        "{query}\n  {} and {} rows; ours {:?}, theirs {:?}",
                        ours.len(),
                        theirs.len(),
                        ours.get(at),
                        theirs.get(at)
                    ));
                }
            }
            (Err(_), Err(_)) => {}
            (ours, theirs) => wrong.push(format!(
                "{query}\n  ours {:?}, theirs {:?}",
                ours.map(|t| t.rows.len()),
                theirs.map(|rows| rows.len())
            )),
        }
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(
        compared * 10 > queries.len() * 9,
        "{compared} of {} compared",
        queries.len()
    );
    fixture.stop().await;
}

/// The longest that a statement takes on a busy machine without optimisation.
const LONGEST: Duration = Duration::from_secs(20);

#[tokio::test]
async fn random_statements_end_and_show_nothing_of_another_tenant() {
    let fixture = Fixture::start().await;
    let mut rng = seeded();
    let a = seeded_tenant(&fixture, &mut rng).await;
    let b = fixture.tenant("b", "UTC").await;
    let canary = point(
        "coreldove/custom/of_b",
        "31337.27",
        "2024-03-10T12:00:00Z",
        r#"{"secret":"canary-b"}"#,
    );
    fixture.ingest(&b, &[canary]).await;
    let version = fixture.version(&a).await;
    let folder = fixture.path("").display().to_string();
    let mut answered = 0;
    for _ in 0..rounds(300) {
        let text = statement(&mut rng);
        let begun = Instant::now();
        let answer = fixture.ask(&a, &text, &[]).await;
        let took = begun.elapsed();
        assert!(took < LONGEST, "{took:?}: {text}");
        answered += usize::from(answer.is_ok());
        let shown = format!("{answer:?}");
        for secret in [
            "31337.27",
            "canary-b",
            "of_b",
            folder.as_str(),
            "tenant_id=",
            "window=",
        ] {
            assert!(!shown.contains(secret), "{text} shows {secret}: {shown}");
        }
        let panicked = shown.contains("failed inside one of its functions");
        assert!(!panicked, "{text}: {shown}");
        // No harm to anybody, but a fault: 500 over HTTP.
        if matches!(answer, Err(Error::Internal(_) | Error::Storage(_))) {
            eprintln!("{text}: {shown}");
        }
    }
    // Most are ill-typed, which the planner finds; some are not.
    assert!(answered > 0, "no statement has an answer");
    assert_eq!(fixture.version(&a).await, version);
    fixture.stop().await;
}
