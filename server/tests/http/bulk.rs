//! Points in any form: the same answers, all or nothing, in bounded memory.

use std::io::Write;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, Decimal128Array, DictionaryArray, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::Int32Type;
use arrow::ipc::writer::StreamWriter;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::{Value, json};

use crate::fixture::{Client, Server, body, problem};

const PATH: &str = "/api/analytics/data-points";
const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";
const CSV: &str = "text/csv";
const ARROW: &str = "application/vnd.apache.arrow.stream";
const PARQUET: &str = "application/vnd.apache.parquet";

async fn send(client: &Client, form: &str, encoding: &str, bytes: Vec<u8>) -> reqwest::Response {
    let request = client.post(PATH).header("content-type", form);
    let request = request.header("content-encoding", encoding).body(bytes);
    request.send().await.unwrap()
}

fn pack(encoding: &str, bytes: &[u8]) -> Vec<u8> {
    match encoding {
        "gzip" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => zstd::stream::encode_all(bytes, 1).unwrap(),
        _ => bytes.to_vec(),
    }
}

/// A point: platform, value, country, numeric dimension.
type Point = (
    &'static str,
    &'static str,
    Option<&'static str>,
    Option<i64>,
);

/// A last digit, a rounded value, a quote, and one that is rejected.
const POINTS: [Point; 4] = [
    (
        "coreldove",
        "9007199254740993.123456789",
        Some("France"),
        Some(1),
    ),
    ("coreldove", "0.1234567895", Some("a \"b\",\nc"), None),
    ("nowhere", "1", None, None),
    ("coreldove", "-4.07", None, Some(-2)),
];
const NOON_US: i64 = 1_740_830_400_000_000;

fn as_json() -> Vec<Value> {
    let object = |(platform, value, country, n): Point| {
        let mut dimensions = json!({});
        if let Some(country) = country {
            dimensions["country"] = json!(country);
        }
        if let Some(n) = n {
            dimensions["n"] = json!(n);
        }
        json!({
            "platform": platform, "metric_type": "t", "metric_name": "m", "value": value,
            "recorded_at": "2025-03-01T12:00:00Z", "dimensions": dimensions,
        })
    };
    POINTS.map(object).to_vec()
}

fn as_csv() -> Vec<u8> {
    let mut text = "platform,metric_type,metric_name,value,recorded_at,country,num.n\n".to_owned();
    for (platform, value, country, n) in POINTS {
        let country = country.unwrap_or_default().replace('"', "\"\"");
        let n = n.map(|n| n.to_string()).unwrap_or_default();
        text.push_str(&format!(
            "{platform},t,m,{value},2025-03-01T12:00:00Z,\"{country}\",{n}\n"
        ));
    }
    text.into_bytes()
}

fn as_batch() -> RecordBatch {
    let units = [
        90_071_992_547_409_931_234_567_890_i128,
        1_234_567_895,
        10_000_000_000,
        -40_700_000_000,
    ];
    let values = Decimal128Array::from(units.to_vec());
    let values = values.with_precision_and_scale(38, 10).unwrap();
    let times = TimestampMicrosecondArray::from(vec![NOON_US; 4]).with_timezone("+00:00");
    let columns: [(&str, ArrayRef); 7] = [
        (
            "platform",
            Arc::new(StringArray::from(POINTS.map(|p| p.0).to_vec())),
        ),
        ("metric_type", Arc::new(StringArray::from(vec!["t"; 4]))),
        ("metric_name", Arc::new(StringArray::from(vec!["m"; 4]))),
        ("value", Arc::new(values)),
        ("recorded_at", Arc::new(times)),
        (
            "country",
            Arc::new(StringArray::from(POINTS.map(|p| p.2).to_vec())),
        ),
        (
            "dim.n",
            Arc::new(Int64Array::from(POINTS.map(|p| p.3).to_vec())),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn as_arrow(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn as_parquet(batch: &RecordBatch, properties: WriterProperties) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut bytes, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn forms() -> [(&'static str, Vec<u8>); 5] {
    let lines: Vec<String> = as_json().iter().map(Value::to_string).collect();
    [
        (JSON, Value::from(as_json()).to_string().into_bytes()),
        (NDJSON, lines.join("\n").into_bytes()),
        (CSV, as_csv()),
        (ARROW, as_arrow(&as_batch())),
        (
            PARQUET,
            as_parquet(&as_batch(), WriterProperties::default()),
        ),
    ]
}

#[tokio::test]
async fn every_form_and_encoding_gives_the_same() {
    let server = Server::start();
    let client = server.tenant("a");
    let mut sent = 0;
    for (form, bytes) in forms() {
        for encoding in ["identity", "gzip", "zstd"] {
            let answer = send(&client, form, encoding, pack(encoding, &bytes)).await;
            let mut answer = body(answer, 200).await;
            sent += 1;
            assert_eq!(answer["version"].take(), sent);
            let expected = json!({
                "accepted": 3, "duplicates": 0, "rounded": 1, "version": null, "rejected_count": 1,
                "rejected": [{"index": 2, "field": "platform", "reason": answer["rejected"][0]["reason"]}],
            });
            assert_eq!(answer, expected, "{form} {encoding}");
        }
    }
    let question = "select metric_value, dimensions->>'country', num_n, dimensions, recorded_at,
        count(*) from analytics_data_points group by 1, 2, 3, 4, 5 order by 1";
    let rows = client
        .sql(question)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let rows = rows["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3, "{rows:?}");
    assert!(
        rows.iter()
            .all(|row| row[5] == 15 && row[4] == "2025-03-01T12:00:00Z"),
        "{rows:?}"
    );
    let text = |row: usize| rows[row][0].to_string();
    assert_eq!((text(0).as_str(), &rows[0][2]), ("-4.07", &json!(-2)));
    assert_eq!(
        (text(1).as_str(), &rows[1][1]),
        ("0.12345679", &json!("a \"b\",\nc"))
    );
    assert_eq!(rows[2][1], "France");
    let exact = client.post("/api/analytics/sql?decimals=string");
    let exact = crate::fixture::JsonBody::json(
        exact,
        &json!({"query":
        "select max(metric_value) from analytics_data_points", "params": []}),
    );
    let exact = body(exact.send().await.unwrap(), 200).await;
    assert_eq!(exact["rows"][0][0], "9007199254740993.123456789");

    // Rejected points are kept as JSON, whatever they came as.
    let kept = client
        .get("/api/analytics/quarantine")
        .send()
        .await
        .unwrap();
    let kept = body(kept, 200).await;
    let kept = kept["entries"].as_array().unwrap();
    assert_eq!(kept.len(), 15);
    assert!(
        kept.iter().all(|e| e["point"]["platform"] == "nowhere"),
        "{kept:?}"
    );

    // What an export gives can be sent as it is.
    for (format, form) in [("parquet", PARQUET), ("csv", CSV)] {
        let export = client.post("/api/analytics/exports");
        let export = crate::fixture::JsonBody::json(
            export,
            &json!({
            "source": {"table": "analytics_data_points"}, "format": format}),
        );
        let file = export.send().await.unwrap().bytes().await.unwrap().to_vec();
        let points = body(send(&client, form, "identity", file).await, 200).await;
        assert_eq!(points["rejected_count"], 0, "{points}");
    }
    assert_eq!(client.rows(question).await.as_array().unwrap().len(), 3);
    let count = client
        .rows("select count(*) from analytics_data_points")
        .await;
    assert_eq!(count[0][0], 180);

    // By the idempotency key a body is the same however it is packed.
    let (form, bytes) = &forms()[2];
    for encoding in ["identity", "gzip", "zstd"] {
        let request = client.post(PATH).header("content-type", *form);
        let request = request.header("content-encoding", encoding);
        let request = request
            .header("Idempotency-Key", "k")
            .body(pack(encoding, bytes));
        assert_eq!(
            body(request.send().await.unwrap(), 200).await["version"],
            18
        );
    }
}

#[tokio::test]
async fn an_idempotency_key_is_for_one_body_and_mode_whatever_its_form() {
    let server = Server::start();
    let client = server.tenant("a");
    for (number, (form, bytes)) in forms().into_iter().enumerate() {
        let send = |encoding: &'static str, strict: bool| {
            let request = client
                .post(&format!("{PATH}?strict={strict}"))
                .header("content-type", form)
                .header("content-encoding", encoding)
                .header("Idempotency-Key", format!("k-{number}"));
            request.body(pack(encoding, &bytes)).send()
        };
        let first = send("gzip", false).await.unwrap();
        let first = body(first, 200).await;
        for encoding in ["identity", "gzip", "zstd"] {
            let again = body(send(encoding, false).await.unwrap(), 200).await;
            assert_eq!(again, first, "{form} {encoding}");
            let strict = problem(send(encoding, true).await.unwrap(), 422).await;
            assert_eq!(strict["at"], "Idempotency-Key", "{form} {encoding}");
        }
    }
    // A strict body is known again, too, however it is packed.
    let point = "{\"platform\":\"coreldove\",\"metric_type\":\"revenue\",\
                 \"metric_name\":\"order_revenue\",\"value\":1}";
    for (form, text) in [
        ("application/json", format!("[{point}]")),
        ("application/x-ndjson", point.to_owned()),
    ] {
        let send = |encoding: &'static str| {
            let request = client
                .post(&format!("{PATH}?strict=true"))
                .header("content-type", form)
                .header("content-encoding", encoding)
                .header("Idempotency-Key", format!("strict {form}"));
            request.body(pack(encoding, text.as_bytes())).send()
        };
        let first = body(send("identity").await.unwrap(), 200).await;
        for encoding in ["gzip", "zstd", "identity"] {
            let again = body(send(encoding).await.unwrap(), 200).await;
            assert_eq!(again, first, "{form} {encoding}");
        }
    }
}

#[tokio::test]
async fn a_body_that_was_cut_keeps_nothing() {
    let server = Server::start();
    let client = server.tenant("a");
    for (form, bytes) in forms() {
        for encoding in ["gzip", "zstd"] {
            let packed = pack(encoding, &bytes);
            for end in [packed.len() - 1, packed.len() / 2] {
                let cut = send(&client, form, encoding, packed[..end].to_vec()).await;
                let cut = problem(cut, 400).await;
                assert!(cut["hint"].is_string() && cut["at"].is_string(), "{cut}");
            }
        }
        if matches!(form, ARROW | PARQUET) {
            for end in [bytes.len() - 1, bytes.len() / 2, 0] {
                let cut = send(&client, form, "identity", bytes[..end].to_vec()).await;
                problem(cut, 400).await;
            }
        }
    }
    let (form, bytes) = forms()[0].clone();
    for (encoding, status) in [
        ("br", 415),
        ("gzip, gzip", 415),
        ("gzip", 400),
        ("zstd", 400),
    ] {
        problem(send(&client, form, encoding, bytes.clone()).await, status).await;
    }
    let count = client
        .rows("select count(*) from analytics_data_points")
        .await;
    assert_eq!(count[0][0], 0);
}

/// Zeros or line feeds, packed piece by piece.
fn bomb(encoding: &str, byte: u8, mib: usize) -> Vec<u8> {
    let piece = vec![byte; 1 << 20];
    if encoding == "gzip" {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        (0..mib).for_each(|_| encoder.write_all(&piece).unwrap());
        return encoder.finish().unwrap();
    }
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    (0..mib).for_each(|_| encoder.write_all(&piece).unwrap());
    encoder.finish().unwrap()
}

/// A dictionary of one text of many MiB, which every row names.
fn dictionary_bomb() -> Vec<u8> {
    let rows = 4_000;
    let text = "x".repeat(8 << 20);
    let keys = Int32Array::from(vec![0; rows]);
    let values = StringArray::from(vec![text.as_str()]);
    let texts = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(values)).unwrap();
    let name = || Arc::new(StringArray::from(vec!["coreldove"; rows])) as ArrayRef;
    let columns: [(&str, ArrayRef); 5] = [
        ("platform", name()),
        ("metric_type", name()),
        ("metric_name", name()),
        ("value", name()),
        ("dim.text", Arc::new(texts)),
    ];
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_dictionary_page_size_limit(64 << 20)
        .build();
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    // Without the embedded schema the texts are read one by one.
    let options = parquet::arrow::arrow_writer::ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer =
        ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    bytes
}

/// A footer that says what is not there: a list of 2^31 - 1 columns, and a
/// footer longer than the file.
fn lying_footers() -> [Vec<u8>; 2] {
    let mut footer = vec![0x15, 0x02, 0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07];
    footer.resize(256, 0);
    let file = |length: u32| {
        let mut file = b"PAR1".to_vec();
        file.extend_from_slice(&footer);
        file.extend_from_slice(&length.to_le_bytes());
        file.extend_from_slice(b"PAR1");
        file
    };
    [file(footer.len() as u32), file(u32::MAX)]
}

/// A stream whose batch says that its body has 2^40 bytes.
fn lying_stream() -> Vec<u8> {
    let batch = as_batch();
    let mut bytes = as_arrow(&batch);
    // Each number of eight bytes that is the body's length, made huge.
    let body: usize = batch
        .columns()
        .iter()
        .flat_map(|column| {
            column
                .to_data()
                .buffers()
                .iter()
                .map(|b| b.len())
                .collect::<Vec<_>>()
        })
        .sum();
    let near = body as u64..body as u64 + 2_048;
    let mut lied = 0;
    for at in (0..bytes.len() - 8).step_by(8) {
        let number = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        if near.contains(&number) {
            bytes[at..at + 8].copy_from_slice(&(1u64 << 40).to_le_bytes());
            lied += 1;
        }
    }
    assert_ne!(lied, 0, "no length was found");
    bytes
}

#[tokio::test]
async fn a_bomb_is_refused_in_bounded_memory() {
    let server = Server::start();
    let client = server.tenant("a");
    // What the server needs anyway, a body of some chunks included.
    let lines: String = (0..150_000)
        .map(|i| format!("{}\n", crate::fixture::order(json!(i), json!({"k": i % 9}))))
        .collect();
    let kept = send(&client, NDJSON, "zstd", pack("zstd", lines.as_bytes())).await;
    assert_eq!(body(kept, 200).await["accepted"], 150_000);
    let before = server.peak_memory_bytes();
    assert!(before < 700 << 20, "{before} bytes for some chunks");

    for encoding in ["gzip", "zstd"] {
        for (form, byte) in [(JSON, 0), (NDJSON, b'\n'), (ARROW, 0), (PARQUET, 0)] {
            let bytes = bomb(encoding, byte, 1_024);
            problem(send(&client, form, encoding, bytes).await, 413).await;
        }
        // One line without an end is refused as such, long before.
        let endless = send(&client, NDJSON, encoding, bomb(encoding, 0, 1_024)).await;
        problem(endless, 400).await;
    }
    let mut hostile = vec![(ARROW, lying_stream()), (PARQUET, dictionary_bomb())];
    hostile.extend(lying_footers().map(|file| (PARQUET, file)));
    for (form, bytes) in hostile {
        assert!(bytes.len() < 10 << 20, "a bomb is small");
        let refused = send(&client, form, "identity", bytes).await;
        let status = refused.status().as_u16();
        assert!(matches!(status, 400 | 413), "{form}: {status}");
        problem(refused, status).await;
    }
    let deep = format!("[{}]", "[".repeat(10 << 20));
    problem(
        send(&client, JSON, "gzip", pack("gzip", deep.as_bytes())).await,
        400,
    )
    .await;

    let after = server.peak_memory_bytes();
    assert!(
        after < before + (200 << 20),
        "{before} bytes before, {after} after"
    );
    let count = client
        .rows("select count(*) from analytics_data_points")
        .await;
    assert_eq!(count[0][0], 150_000);
}

#[tokio::test]
async fn a_limit_of_the_operators_holds_for_bodies() {
    let server = Server::start_with(&["--body-limit-mib", "1"]);
    let client = server.tenant("a");
    let line = format!("{}\n", crate::fixture::order(json!(1), json!({})));
    let csv = |rows: usize| {
        let row = "coreldove,t,m,1\n".repeat(rows);
        format!("platform,metric_type,metric_name,value\n{row}").into_bytes()
    };
    let fits = body(send(&client, CSV, "identity", csv(60_000)).await, 200).await;
    assert_eq!(fits["accepted"], 60_000);
    problem(send(&client, CSV, "identity", csv(70_000)).await, 413).await;
    let over = pack("zstd", line.repeat(40_000).as_bytes());
    problem(send(&client, NDJSON, "zstd", over).await, 413).await;
    problem(
        send(&client, PARQUET, "zstd", pack("zstd", &vec![1; 2 << 20])).await,
        413,
    )
    .await;
    let count = client
        .rows("select count(*) from analytics_data_points")
        .await;
    assert_eq!(count[0][0], 60_000);
}
