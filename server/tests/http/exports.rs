//! Data in bulk, over HTTP and by the command line.

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::fixture::JsonBody as _;
use crate::fixture::{Server, body, order, problem};

#[tokio::test]
async fn an_export_holds_all_rows_in_one_file() {
    let server = Server::start();
    let client = server.tenant("a");
    let points: Vec<_> = (0..5_000)
        .map(|n| order(json!(n), json!({"n": n.to_string()})))
        .collect();
    body(client.points(&json!(points)).send().await.unwrap(), 200).await;
    let export = |body: serde_json::Value| client.post("/api/analytics/exports").json(&body).send();

    let file = export(json!({"source": {"table": "analytics_data_points"}, "format": "parquet"}));
    let file = file.await.unwrap();
    assert_eq!(file.status(), 200);
    let disposition = file.headers()["content-disposition"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(disposition.starts_with("attachment; filename=\"a-analytics_data_points-v"));
    assert!(disposition.ends_with(".parquet\""));
    let rows = |bytes: bytes::Bytes| {
        let builder = ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap();
        builder.metadata().file_metadata().num_rows()
    };
    assert_eq!(rows(file.bytes().await.unwrap()), 5_000);

    let csv = json!({"source": {"sql": "select '=1' as \"@x\", count(*) as n from analytics_data_points"}, "format": "csv"});
    let text = export(csv).await.unwrap().text().await.unwrap();
    assert_eq!(text, "'@x,n\r\n'=1,5000\r\n");

    for faulty in [
        json!({"source": {"table": "pg_class"}, "format": "csv"}),
        json!({"source": {"table": "analytics_data_points", "sql": "select 1"}, "format": "csv"}),
        json!({"source": {"sql": "select 1"}, "format": "xlsx"}),
        json!({"source": {"sql": "delete from analytics_data_points"}, "format": "csv"}),
    ] {
        problem(export(faulty).await.unwrap(), 400).await;
    }

    // The same by the command line, beside the server.
    let out = server.file("points.parquet");
    let said = server.say(&[
        "export",
        "--table",
        "analytics_data_points",
        "--tenant",
        "a",
        "--out",
        &out,
        "--format",
        "parquet",
        "--json",
    ]);
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["rows"], 5_000);
    assert_eq!(rows(std::fs::read(&out).unwrap().into()), 5_000);

    // Every table by name, in both ways and formats.
    for table in [
        "analytics_data_points",
        "daily_metrics",
        "weekly_metrics",
        "monthly_metrics",
        "metrics",
        "platforms",
        "usage",
    ] {
        for format in ["csv", "parquet"] {
            let file = export(json!({"source": {"table": table}, "format": format}));
            let file = file.await.unwrap();
            assert_eq!(file.status(), 200, "{table} as {format}");
            let disposition = file.headers()["content-disposition"].to_str().unwrap();
            assert!(
                disposition.contains(&format!("a-{table}-v")),
                "{disposition}"
            );
        }
        let out = server.file(&format!("{table}.csv"));
        let place = ["--tenant", "a", "--out", &out, "--format", "csv"];
        let said = server.say(&[&["export", "--table", table][..], &place].concat());
        let lines = std::fs::read_to_string(&out).unwrap().lines().count();
        let rows = format!(
            "wrote {} row{} of",
            lines - 1,
            if lines == 2 { "" } else { "s" }
        );
        assert!(lines > 1 && said.starts_with(&rows), "{table}: {said}");
    }
    let compacted = server.say(&["compact", "--tenant", "a"]);
    let (one, none) = (
        "replaced 1 file of tenant a",
        "replaced 0 files of tenant a",
    );
    // Background work may have been there first.
    assert!([one, none].contains(&compacted.trim()), "{compacted}");

    let failed = server.run(&[
        "export",
        "--sql",
        "selec",
        "--tenant",
        "a",
        "--out",
        &server.file("x.csv"),
        "--format",
        "csv",
    ]);
    assert!(!failed.status.success() && failed.stdout.is_empty());
    assert_eq!(String::from_utf8(failed.stderr).unwrap().lines().count(), 1);
    assert!(!std::path::Path::new(&server.file("x.csv")).exists());

    let missing = server.run(&["compact", "--tenant", "nobody", "--json"]);
    assert!(!missing.status.success());
    let said: serde_json::Value = serde_json::from_slice(&missing.stderr).unwrap();
    assert!(said["error"].as_str().unwrap().contains("nobody"));
    let twice = server.run(&["tenant", "create", "a"]);
    assert!(!twice.status.success());
}
