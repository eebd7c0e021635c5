//! What a hostile tenant's SQL comes to: every statement of
//! `tests/isolation/corpus`, beside another tenant's data and without it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order};

/// What is only `b`'s; no statement has it.
const SECRETS: [&str; 3] = ["of_b_9c21", "31337.27", "canary-b-7f3a"];
/// What says how things are stored.
const STORED: [&str; 3] = ["window=", "tenant_id=a/", "postgres"];
/// A statement's time, with a server that was not built for speed.
const LONGEST: Duration = Duration::from_secs(5);
/// How much more memory the server may have held than before.
const MEMORY_BYTES: u64 = 700 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Refused,
    Missing,
    Error,
    Answer,
    Either,
    Varies,
}

struct Statement {
    /// File and line, for messages.
    place: String,
    outcome: Outcome,
    text: String,
}

/// All statements, with what stands for long or changing parts put in.
fn corpus(server: &Server) -> Vec<Statement> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/isolation/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "sql"))
        .collect();
    files.sort();
    let mut statements: Vec<Statement> = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for (number, line) in (1..).zip(text.lines()) {
            if let Some(header) = line.strip_prefix("--! ") {
                let outcome = match header.split(':').next().unwrap() {
                    "refused" => Outcome::Refused,
                    "missing" => Outcome::Missing,
                    "error" => Outcome::Error,
                    "answer" => Outcome::Answer,
                    "either" => Outcome::Either,
                    "varies" => Outcome::Varies,
                    other => panic!("{name}:{number}: no outcome {other:?}"),
                };
                statements.push(Statement {
                    place: format!("{name}:{number}"),
                    outcome,
                    text: String::new(),
                });
            } else {
                let statement = statements.last_mut().unwrap();
                if !statement.text.is_empty() {
                    statement.text.push('\n');
                }
                statement.text.push_str(line);
            }
        }
    }
    for statement in &mut statements {
        let text = statement.text.replace("{out}", &server.file("written"));
        statement.text = repeated(&text.replace("{folder}", &server.file("data")));
    }
    statements
}

/// `⟦3×ab⟧` is `ababab`.
fn repeated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('⟦') {
        let (inside, after) = after.split_once('⟧').expect("⟧");
        let (times, what) = inside.split_once('×').expect("×");
        out.push_str(before);
        out.push_str(&what.repeat(times.parse().expect("a number")));
        rest = after;
    }
    out + rest
}

/// Status and text of an answer, without what differs from call to call.
async fn said(client: &Client, statement: &Statement) -> (u16, String) {
    let begun = Instant::now();
    let request = client
        .post("/api/analytics/sql")
        .json(&json!({"query": statement.text}))
        .header("accept", "application/x-ndjson");
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let took = begun.elapsed();
    assert!(took < LONGEST, "{}: {took:?}", statement.place);
    if status == 200 {
        return (status, text);
    }
    let mut problem: Value = serde_json::from_str(&text).unwrap();
    if let Some(problem) = problem.as_object_mut() {
        problem.remove("request_id");
        problem.remove("instance");
    }
    (status, problem.to_string())
}

fn check(statement: &Statement, status: u16, said: &str, folder: &str) -> Result<(), String> {
    let expected: &[u16] = match statement.outcome {
        Outcome::Refused | Outcome::Missing | Outcome::Error => &[400],
        Outcome::Answer => &[200],
        Outcome::Either | Outcome::Varies => &[200, 400],
    };
    let shown = said.chars().take(400).collect::<String>();
    if !expected.contains(&status) {
        return Err(format!("{status}, not {expected:?}: {shown}"));
    }
    let secrets = SECRETS.iter().chain(&STORED).copied().chain([folder]);
    for secret in secrets.filter(|secret| !statement.text.contains(secret)) {
        if said.contains(secret) {
            return Err(format!("shows {secret}: {shown}"));
        }
    }
    if status == 200 {
        return Ok(());
    }
    let problem: Value = serde_json::from_str(said).map_err(|e| e.to_string())?;
    let detail = problem["detail"].as_str().unwrap_or_default();
    if detail.is_empty() {
        return Err(format!("no detail: {shown}"));
    }
    let fits = match statement.outcome {
        Outcome::Refused => problem["line"].is_u64() && problem["hint"].is_string(),
        Outcome::Missing => detail.contains("not found"),
        _ => true,
    };
    match fits {
        true => Ok(()),
        false => Err(format!("another refusal: {shown}")),
    }
}

#[tokio::test]
async fn a_hostile_statement_shows_and_changes_nothing_of_another_tenant() {
    let server = Server::start();
    let (a, b) = (server.tenant("a"), server.tenant("b"));
    let points = json!([
        order(json!(4.07), json!({"n": "1"})),
        order(json!(-1), json!({"n": "2", "note": "x"})),
    ]);
    body(a.points(&points).send().await.unwrap(), 200).await;
    let everything = "select * from analytics_data_points order by metric_value";
    let before = body(a.sql(everything).send().await.unwrap(), 200).await;

    let statements = corpus(&server);
    assert!(statements.len() >= 400, "{} statements", statements.len());
    let folder = server.file("");
    let memory = server.peak_memory_bytes();
    let mut wrong = BTreeMap::new();
    let mut alone = Vec::new();
    for statement in &statements {
        let (status, said) = said(&a, statement).await;
        if let Err(what) = check(statement, status, &said, &folder) {
            wrong.insert(statement.place.clone(), what);
        }
        alone.push((status, said));
    }

    // The other tenant's data comes to be, and nothing changes.
    let mut theirs = order(json!(31337.271828), json!({"secret": "canary-b-7f3a"}));
    theirs["metric_name"] = json!("of_b_9c21");
    let also = order(json!(666.125), json!({"secret": "canary-b-7f3a"}));
    body(b.points(&json!([theirs, also])).send().await.unwrap(), 200).await;
    for (statement, alone) in statements.iter().zip(&alone) {
        let beside = said(&a, statement).await;
        if let Err(what) = check(statement, beside.0, &beside.1, &folder) {
            wrong.insert(statement.place.clone(), what);
        }
        if statement.outcome != Outcome::Varies && beside != *alone {
            let what = format!("{alone:?} without, {beside:?} beside another tenant");
            wrong.insert(statement.place.clone(), what);
        }
    }
    let lines: Vec<String> = wrong
        .iter()
        .map(|(at, what)| format!("{at}: {what}"))
        .collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));

    assert!(!Path::new(&server.file("written")).exists());
    let after = body(a.sql(everything).send().await.unwrap(), 200).await;
    assert_eq!(after["rows"], before["rows"]);
    assert_eq!(after["version"], before["version"]);
    let grown = server.peak_memory_bytes().saturating_sub(memory);
    assert!(grown < MEMORY_BYTES, "{} MiB more", grown >> 20);
    let theirs = b.rows("select count(*) from analytics_data_points").await;
    assert_eq!(theirs, json!([[2]]));
}
