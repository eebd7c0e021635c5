//! A tenant's own SQL, in every format.

use arrow::array::AsArray;
use arrow::datatypes::Decimal128Type;
use arrow::ipc::reader::StreamReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::json;

use crate::fixture::JsonBody as _;
use crate::fixture::{Client, Server, body, order, problem};

const QUERY: &str = "select dimensions->>'note' as note, metric_value, recorded_at \
    from analytics_data_points order by metric_value";

async fn seeded(server: &Server) -> Client {
    let client = server.tenant("a");
    let points = json!([
        order(json!(-1.5), json!({"note": "=1+1"})),
        order(json!(0), json!({"note": ""})),
        order(json!(4.07), json!({"note": "a \"b\", c\nd"})),
        order(json!(1_234_567_890_123_456_u64), json!({})),
    ]);
    assert_eq!(
        body(client.points(&points).send().await.unwrap(), 200).await["accepted"],
        4
    );
    client
}

async fn accepting(client: &Client, accept: &str, parameters: &str) -> reqwest::Response {
    let path = format!("/api/analytics/sql{parameters}");
    let request = client
        .post(&path)
        .json(&json!({"query": QUERY}))
        .header("accept", accept);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["tessera-complete"], "true");
    assert!(response.headers().contains_key("tessera-version"));
    response
}

#[tokio::test]
async fn an_answer_is_the_same_in_every_format() {
    let server = Server::start();
    let client = seeded(&server).await;

    // JSON
    let answer = accepting(&client, "*/*", "").await;
    assert_eq!(answer.headers()["content-type"], "application/json");
    let answer = body(answer, 200).await;
    let names = answer["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].clone());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["note", "metric_value", "recorded_at"]
    );
    assert_eq!(answer["columns"][1]["type"], "decimal(25,9)");
    assert_eq!(answer["columns"][2]["type"], "timestamptz");
    assert_eq!(
        answer["rows"][0],
        json!(["=1+1", -1.5, "2025-03-01T12:00:00Z"])
    );
    assert_eq!(answer["rows"][3][0], json!(null));
    assert_eq!(
        (&answer["row_count"], &answer["complete"]),
        (&json!(4), &json!(true))
    );
    assert!(answer["version"].as_i64() > Some(0) && answer["stats"]["files"].as_u64() > Some(0));
    let text = accepting(&client, "application/json", "")
        .await
        .text()
        .await
        .unwrap();
    assert!(
        text.contains(",1234567890123456,") && text.contains(",4.07,"),
        "{text}"
    );
    let text = accepting(&client, "application/json", "?decimals=string").await;
    assert_eq!(body(text, 200).await["rows"][2][1], "4.07");

    // NDJSON
    let lines = accepting(&client, "application/x-ndjson", "")
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(lines.lines().count(), 4);
    assert_eq!(
        lines.lines().next().unwrap(),
        r#"{"note":"=1+1","metric_value":-1.5,"recorded_at":"2025-03-01T12:00:00Z"}"#
    );

    // CSV, neutralised and raw
    let csv = accepting(&client, "text/csv", "")
        .await
        .text()
        .await
        .unwrap();
    let expected = "note,metric_value,recorded_at\r\n\
        '=1+1,-1.5,2025-03-01T12:00:00Z\r\n\
        \"\",0,2025-03-01T12:00:00Z\r\n\
        \"a \"\"b\"\", c\nd\",4.07,2025-03-01T12:00:00Z\r\n\
        ,1234567890123456,2025-03-01T12:00:00Z\r\n";
    assert_eq!(csv, expected);
    let raw = accepting(&client, "text/csv", "?raw=true")
        .await
        .text()
        .await
        .unwrap();
    assert_eq!(raw, expected.replace("'=1+1", "=1+1"));

    // Arrow and Parquet, read back
    let arrow = accepting(&client, "application/vnd.apache.arrow.stream", "").await;
    let arrow = arrow.bytes().await.unwrap();
    let reader = StreamReader::try_new(arrow.as_ref(), None).unwrap();
    check_values(reader.map(Result::unwrap));
    let parquet = accepting(&client, "application/vnd.apache.parquet", "").await;
    let parquet = parquet.bytes().await.unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(parquet).unwrap();
    let keys = builder
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .unwrap();
    assert!(
        keys.iter()
            .any(|k| k.key == "tessera.complete" && k.value.as_deref() == Some("true"))
    );
    check_values(builder.build().unwrap().map(Result::unwrap));

    let image = client
        .sql("select 1")
        .header("accept", "image/png")
        .send()
        .await
        .unwrap();
    problem(image, 406).await;
}

fn check_values(batches: impl Iterator<Item = arrow::record_batch::RecordBatch>) {
    let mut units = Vec::new();
    for batch in batches {
        let values = batch.column_by_name("metric_value").unwrap();
        units.extend(
            values
                .as_primitive::<Decimal128Type>()
                .values()
                .iter()
                .copied(),
        );
    }
    let expected = [
        -1_500_000_000,
        0,
        4_070_000_000,
        1_234_567_890_123_456_000_000_000,
    ];
    assert_eq!(units, expected);
}

#[tokio::test]
async fn a_query_is_bound_to_its_parameters_and_faults_are_placed() {
    let server = Server::start();
    let client = seeded(&server).await;
    let ask = |body: serde_json::Value| client.post("/api/analytics/sql").json(&body).send();

    let query = "select count(*) from analytics_data_points where metric_value = $1 or dimensions->>'note' = $2";
    let counted = ask(json!({"query": query, "params": [4.07, "=1+1"]}))
        .await
        .unwrap();
    assert_eq!(body(counted, 200).await["rows"], json!([[2]]));

    // What JSON has no word for.
    let special = client
        .rows("select 9007199254740993 as large, 'NaN'::double as nan, null as nothing")
        .await;
    assert_eq!(special[0][0].to_string(), "9007199254740993");
    assert_eq!(
        (&special[0][1], &special[0][2]),
        (&json!(null), &json!(null))
    );

    let wrong = problem(
        client
            .sql("select\n  nothing_here\nfrom analytics_data_points")
            .send()
            .await
            .unwrap(),
        400,
    )
    .await;
    assert_eq!(wrong["line"], 2, "{wrong}");
    let syntax = problem(client.sql("selec 1").send().await.unwrap(), 400).await;
    assert_eq!(syntax["line"], 1, "{syntax}");
    for (refused, line, column) in [
        ("\n  drop table analytics_data_points", 2, 3),
        ("select 1;\n select 2", 2, 2),
        ("select *\nfrom '/etc/passwd'", 2, 6),
        (
            "select 1,\n  cast(dimensions->>'note' as int) from analytics_data_points",
            2,
            3,
        ),
        (
            "select 1 / (metric_value * 0)\nfrom analytics_data_points",
            1,
            10,
        ),
    ] {
        let refused = problem(client.sql(refused).send().await.unwrap(), 400).await;
        assert_eq!(
            (&refused["line"], &refused["column"]),
            (&json!(line), &json!(column)),
            "{refused}"
        );
    }
    let shapeless = client.post("/api/analytics/sql").json(&json!([]));
    let shapeless = problem(shapeless.send().await.unwrap(), 400).await;
    assert!(!shapeless.to_string().contains("SqlQuery"), "{shapeless}");

    let unknown = problem(
        ask(json!({"query": "select 1", "parms": []}))
            .await
            .unwrap(),
        400,
    )
    .await;
    assert!(
        unknown["detail"].as_str().unwrap().contains("parms"),
        "{unknown}"
    );
    assert_eq!(unknown["line"], 1);
    let list = problem(
        ask(json!({"query": "select $1", "params": [[1]]}))
            .await
            .unwrap(),
        400,
    )
    .await;
    assert_eq!(list["at"], "params[0]");
    let missing = ask(json!({"query": "select $1", "params": []}))
        .await
        .unwrap();
    problem(missing, 400).await;
}
