//! `check`, `backup` and `restore` beside a running server.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fixture::{Server, body, order};

/// Runs a verb; gives its exit code and the JSON on its standard output.
fn code(server: &Server, arguments: &[&str]) -> (i32, Value) {
    let output = server.run(arguments);
    let said = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code().unwrap(), said)
}

fn a_file(folder: &Path) -> PathBuf {
    let first = std::fs::read_dir(folder).unwrap().next().unwrap().unwrap();
    match first.path() {
        path if path.is_dir() => a_file(&path),
        path => path,
    }
}

#[tokio::test]
async fn check_backup_and_restore_work_beside_a_server() {
    let server = Server::start();
    let client = server.tenant("acme");
    let points = json!([
        order(json!(19.99), json!({"country": "France"})),
        order(json!(4.07), json!({"country": "Spain"})),
    ]);
    body(client.points(&points).send().await.unwrap(), 200).await;
    server.say(&["compact", "--tenant", "acme"]);
    let backups = server.file("backups");
    let made: Value =
        serde_json::from_str(&server.say(&["backup", "--to", &backups, "--json"])).unwrap();
    assert_eq!((&made["tenants"], &made["objects"]), (&json!(1), &json!(1)));

    // 0: nothing is wrong. 1: something is. 2: it could not be checked.
    let (clean, said) = code(&server, &["check", "--deep", "--json"]);
    assert_eq!(
        (clean, &said["left"], &said["files"]),
        (0, &json!(0), &said["files"])
    );
    let object = a_file(Path::new(&server.file("data/objects")));
    let bytes = std::fs::read(&object).unwrap();
    std::fs::remove_file(&object).unwrap();
    let (found, said) = code(&server, &["check", "--json"]);
    assert_eq!(found, 1);
    let finding = &said["findings"][0];
    assert_eq!(
        (&finding["kind"], &finding["tenant"]),
        (&json!("missing_object"), &json!("acme"))
    );
    let text = server.run(&["check"]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.starts_with("missing_object acme tenant_id=acme/"),
        "{text}"
    );
    assert!(text.contains("1 missing_object; 1 left"), "{text}");
    assert_eq!(code(&server, &["check", "--tenant", "nobody"]).0, 2);
    let (mended, _) = code(
        &server,
        &["check", "--repair", "--from", &backups, "--json"],
    );
    assert_eq!((mended, std::fs::read(&object).unwrap()), (0, bytes));

    // A tenant that is there is not written over by mistake.
    let refused = server.run(&["restore", "--from", &backups, "--tenant", "acme"]);
    assert!(!refused.status.success());
    let why = String::from_utf8(refused.stderr).unwrap();
    assert!(why.contains("--replace"), "{why}");

    // Replaced beside the running server, which answers as of the backup.
    body(client.points(&points).send().await.unwrap(), 200).await;
    let count = "select count(*) from analytics_data_points";
    assert_eq!(client.rows(count).await, json!([[4]]));
    server.say(&[
        "restore",
        "--from",
        &backups,
        "--tenant",
        "acme",
        "--replace",
    ]);
    assert_eq!(client.rows(count).await, json!([[2]]));
    body(client.points(&points).send().await.unwrap(), 200).await;
    assert_eq!(client.rows(count).await, json!([[4]]));
    assert_eq!(code(&server, &["check", "--deep"]).0, 0);

    // Into another place, by the commands alone.
    let empty = server.file("restored");
    server.say(&["restore", "--from", &backups, "--data-dir", &empty]);
    assert_eq!(
        code(&server, &["check", "--deep", "--data-dir", &empty]).0,
        0
    );
    let points = server.file("points.ndjson");
    server.say(&[
        "export",
        "--table",
        "analytics_data_points",
        "--tenant",
        "acme",
        "--out",
        &points,
        "--format",
        "ndjson",
        "--data-dir",
        &empty,
    ]);
    assert_eq!(std::fs::read_to_string(&points).unwrap().lines().count(), 2);
}
