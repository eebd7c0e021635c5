//! Bodies of many chunks, of every form: all of one is kept, or nothing.

use std::io::{self, Seek, Write};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, DictionaryArray, Float64Array, Int64Array, ListArray,
    RecordBatch, StringArray, StructArray, TimestampNanosecondArray,
};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type};
use arrow::ipc::writer::StreamWriter;
use bytes::Bytes;
use engine::error::Location;
use engine::ingest::bulk::decoder::DecoderProgram;
use engine::ingest::bulk::{BulkRequest, Encoding, Format, Limits, columnar};
use engine::ingest::{IngestAnswer, OnFault};
use engine::{Error, TenantId};
use futures::channel::mpsc;
use futures::{SinkExt, Stream};
use sqlx::{AssertSqlSafe, ConnectOptions};

use crate::fixture::{Fixture, order};

/// Points of two full chunks and a part of a third.
pub(crate) const POINTS: u64 = 140_000;

pub(crate) fn request(format: Format, encoding: Encoding) -> BulkRequest {
    BulkRequest {
        format,
        encoding,
        on_fault: OnFault::KeepOthers,
        idempotency_key: None,
        limits: Limits {
            sent_bytes: 64 << 20,
            decoded_bytes: 256 << 20,
        },
        decoder: DecoderProgram {
            path: "/nonexistent".into(),
            arguments: Vec::new(),
            environment: Vec::new(),
        },
    }
}

/// A body as it arrives: in pieces of some KiB.
fn pieces(bytes: Vec<u8>) -> impl Stream<Item = io::Result<Bytes>> + Send + Unpin {
    let bytes = Bytes::from(bytes);
    let starts = (0..bytes.len()).step_by(10_000);
    let pieces: Vec<_> = starts
        .map(|at| Ok(bytes.slice(at..bytes.len().min(at + 10_000))))
        .collect();
    futures::stream::iter(pieces)
}

pub(crate) async fn send(
    fixture: &Fixture,
    tenant: &TenantId,
    request: BulkRequest,
    bytes: Vec<u8>,
) -> engine::Result<IngestAnswer> {
    let mut body = pieces(bytes);
    fixture
        .engine
        .ingest()
        .bulk(tenant, request, &mut body)
        .await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

/// Lines whose values add up, over two months; each third has an event id.
pub(crate) fn lines(points: u64, event: &str) -> String {
    let mut text = String::new();
    for i in 0..points {
        let month = 1 + i % 2;
        let line = order(
            &format!("{i}.000000001"),
            &format!("2024-0{month}-10T12:00:00Z"),
            &format!(r#"{{"n":{},"k":"v{}"}}"#, i % 7, i % 3),
        );
        let id = format!(r#"{{"event_id":"{event}-{i}","#);
        let line = if i % 3 == 0 {
            line.replacen('{', &id, 1)
        } else {
            line
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// One value of Postgres, as the owner sees it.
pub(crate) async fn count(fixture: &Fixture, sql: &str) -> i64 {
    let postgres = fixture.postgres().await;
    let mut owner = postgres.owner_options().connect().await.unwrap();
    let count = sqlx::query_scalar(AssertSqlSafe(sql.to_owned()))
        .fetch_one(&mut owner)
        .await
        .unwrap();
    drop(owner);
    postgres.stop().await.unwrap();
    count
}

#[tokio::test]
async fn a_body_of_many_chunks_is_one_commit() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let text = lines(POINTS, "e");
    let total = format!("{POINTS} {}.00014", POINTS * (POINTS - 1) / 2);

    let keyed = || BulkRequest {
        idempotency_key: Some("k".into()),
        ..request(Format::NdJson, Encoding::Zstd)
    };
    let first = send(&fixture, &tenant, keyed(), zstd(text.as_bytes()))
        .await
        .unwrap();
    assert_eq!((first.accepted, first.duplicates), (POINTS, 0));
    assert_eq!((first.version, fixture.version(&tenant).await), (1, 1));
    let sums = "select count(*), sum(metric_value) from analytics_data_points";
    assert_eq!(fixture.row(&tenant, sums).await, total);
    let months = "select count(*), sum(value_count) from monthly_metrics";
    assert_eq!(fixture.row(&tenant, months).await, format!("2 {POINTS}"));
    let keys = "select count(dimensions->>'k'), sum(num_n) from analytics_data_points";
    let sum_n: u64 = (0..POINTS).map(|i| i % 7).sum();
    assert_eq!(
        fixture.row(&tenant, keys).await,
        format!("{POINTS} {sum_n}")
    );

    // The same body under its key, however it is packed; another body.
    let mut again = keyed();
    again.encoding = Encoding::Gzip;
    let again = send(&fixture, &tenant, again, gzip(text.as_bytes()))
        .await
        .unwrap();
    assert_eq!(again, first);
    let other = send(&fixture, &tenant, keyed(), zstd(b"{}\n")).await;
    assert!(matches!(other, Err(Error::Conflict { .. })), "{other:?}");

    // Without its key the points with event ids are known, the others are not.
    let plain = request(Format::NdJson, Encoding::Identity);
    let twice = send(&fixture, &tenant, plain, text.clone().into_bytes())
        .await
        .unwrap();
    let events = POINTS.div_ceil(3);
    assert_eq!(
        (twice.accepted, twice.duplicates),
        (POINTS - events, events)
    );
    // Within a body, chunks apart.
    let doubled = lines(100_000, "f") + &lines(100_000, "f");
    let plain = request(Format::NdJson, Encoding::Gzip);
    let doubled = send(&fixture, &tenant, plain, gzip(doubled.as_bytes()))
        .await
        .unwrap();
    assert_eq!((doubled.accepted, doubled.duplicates), (166_666, 33_334));

    faults_are_counted_and_listed_by_index(&fixture).await;
    assert_eq!(
        count(&fixture, "SELECT count(*) FROM analytics.pending_upload").await,
        0
    );
    fixture.stop().await;
}

async fn faults_are_counted_and_listed_by_index(fixture: &Fixture) {
    let tenant = fixture.tenant("faulty", "UTC").await;
    let mut text = String::from("platform,metric_type,metric_name,value,recorded_at\n");
    for i in 0..POINTS {
        let value = if i % 100 == 1 {
            "many".to_owned()
        } else {
            i.to_string()
        };
        text.push_str(&format!(
            "coreldove,revenue,order_revenue,{value},2024-01-10T12:00:00Z\n"
        ));
    }
    let csv = || request(Format::Csv, Encoding::Zstd);
    let answer = send(fixture, &tenant, csv(), zstd(text.as_bytes()))
        .await
        .unwrap();
    assert_eq!((answer.accepted, answer.unlisted), (POINTS - 1_400, 400));
    let indexes: Vec<u64> = answer.rejected.iter().map(|r| r.index).collect();
    assert_eq!(indexes, (0..1_000).map(|i| i * 100 + 1).collect::<Vec<_>>());

    let strict = BulkRequest {
        on_fault: OnFault::RejectAll,
        ..csv()
    };
    let answer = send(fixture, &tenant, strict, zstd(text.as_bytes()))
        .await
        .unwrap();
    assert_eq!((answer.accepted, answer.version), (0, 1));
    assert_eq!((answer.rejected.len(), answer.unlisted), (1_000, 400));
    assert_eq!(fixture.version(&tenant).await, 1);
}

#[tokio::test]
async fn a_faulty_body_leaves_nothing() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let good = lines(POINTS, "e");
    let bytes = good.as_bytes();
    let cut = |packed: Vec<u8>| packed[..packed.len() - 9].to_vec();
    let csv = "platform,metric_type,metric_name,value\n".to_owned() + &"a,b,c,1\n".repeat(70_000);
    let endless = format!("{csv}a,b,c,\"{}", "1\n".repeat(1 << 20));
    let foreign = order("1", "2024-01-01T00:00:00Z", "{}").replacen('{', r#"{"tenant_id":"b","#, 1);
    for (format, encoding, bytes, place) in [
        (
            Format::NdJson,
            Encoding::Identity,
            format!("{good}{{]\n").into_bytes(),
            "line 140001, column 2",
        ),
        (
            Format::NdJson,
            Encoding::Identity,
            format!("{good}{}\n", " x".repeat(600_000)).into_bytes(),
            "line 140001, column 1",
        ),
        (
            Format::NdJson,
            Encoding::Identity,
            [bytes, b"{\"\xff\":1}"].concat(),
            "line 140001, column 1",
        ),
        (Format::NdJson, Encoding::Gzip, cut(gzip(bytes)), "body"),
        (Format::NdJson, Encoding::Zstd, cut(zstd(bytes)), "body"),
        (
            Format::NdJson,
            Encoding::Gzip,
            [gzip(bytes), b"more".to_vec()].concat(),
            "body",
        ),
        (Format::NdJson, Encoding::Zstd, bytes.to_vec(), "body"),
        (
            Format::NdJson,
            Encoding::Identity,
            format!("{good}{foreign}").into_bytes(),
            "[140000].tenant_id",
        ),
        (Format::NdJson, Encoding::Identity, Vec::new(), "body"),
        (
            Format::Csv,
            Encoding::Identity,
            b"platform,value\na,1\n".to_vec(),
            "header",
        ),
        (
            Format::Csv,
            Encoding::Identity,
            endless.into_bytes(),
            "line 70002, column 1",
        ),
        (
            Format::Csv,
            Encoding::Identity,
            b"platform,metric_type,metric_name,value\na,b,c,1\na,b,c,\"1\na,b,c,1\n".to_vec(),
            "line 3, column 1",
        ),
        (
            Format::Json,
            Encoding::Gzip,
            gzip(b"[{}"),
            "line 1, column 3",
        ),
    ] {
        let refused = send(&fixture, &tenant, request(format, encoding), bytes).await;
        let at = match &refused {
            Err(Error::Invalid {
                at: Some(at),
                location: Some(Location { line, column }),
                hint: Some(_),
                ..
            }) if at == "body" => format!("line {line}, column {column}"),
            Err(Error::Invalid {
                at: Some(at),
                location: None,
                ..
            }) => at.clone(),
            Err(Error::Forbidden {
                at: Some(at),
                hint: Some(_),
                ..
            }) => at.clone(),
            other => panic!("{format:?} {encoding:?} {place}: {other:?}"),
        };
        assert_eq!(at, place, "{refused:?}");
    }
    // What does not fit, and what unpacks to too much.
    let newlines = vec![b'\n'; 40 << 20];
    let mut densest = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    densest.write_all(&newlines).unwrap();
    for (encoding, bytes) in [
        (Encoding::Identity, vec![b'\n'; 65 << 20]),
        (Encoding::Gzip, densest.finish().unwrap()),
        (Encoding::Zstd, zstd(&newlines)),
    ] {
        let refused = send(&fixture, &tenant, request(Format::NdJson, encoding), bytes).await;
        assert!(
            matches!(refused, Err(Error::TooLarge { .. })),
            "{encoding:?}: {refused:?}"
        );
    }
    // A request that ends before its body does.
    let (mut sender, mut body) = mpsc::channel(4);
    sender.send(Ok(Bytes::from(good))).await.unwrap();
    sender.send(Err(io::Error::other("gone"))).await.unwrap();
    let plain = request(Format::NdJson, Encoding::Identity);
    let gone = fixture
        .engine
        .ingest()
        .bulk(&tenant, plain, &mut body)
        .await;
    assert!(gone.is_err());

    assert_eq!(fixture.version(&tenant).await, 0);
    let left = "SELECT (SELECT count(*) FROM analytics.pending_upload)
        + (SELECT count(*) FROM analytics.dimension_key) + (SELECT count(*) FROM analytics.metric)
        + (SELECT count(*) FROM analytics.event_seen) + (SELECT count(*) FROM analytics.data_file)
        + (SELECT count(*) FROM analytics.quarantine)";
    assert_eq!(count(&fixture, left).await, 0);
    assert_eq!(files_below(&fixture.path("data/objects")), 0);
    fixture.stop().await;
}

fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .map(|path| if path.is_dir() { files_below(&path) } else { 1 })
        .sum()
}

/// Between a body's first chunks and its commit another writer registers keys
/// that fold to the same names, and brings some of the body's events.
#[tokio::test]
async fn what_another_writer_changed_meanwhile_is_taken_into_account() {
    let fixture = Fixture::start().await;
    let tenant = fixture.tenant("a", "UTC").await;
    let text = lines(POINTS, "e");
    let (head, tail) = text.split_at(text.len() - 1_000);
    let (mut sender, mut body) = mpsc::channel(4);
    let meanwhile = async {
        sender.send(Ok(Bytes::from(head.to_owned()))).await.unwrap();
        while count(&fixture, "SELECT count(*) FROM analytics.pending_upload").await < 4 {}
        let other = order("1", "2024-05-01T00:00:00Z", r#"{"K":"other","N":1}"#);
        let known = order("5", "2024-01-10T12:00:00Z", r#"{"k":"mine"}"#);
        let event = |id: &str| known.replacen('{', &format!(r#"{{"event_id":"{id}","#), 1);
        let others = [other, event("e-3"), event("e-6")];
        assert_eq!(fixture.ingest(&tenant, &others).await.accepted, 3);
        sender.send(Ok(Bytes::from(tail.to_owned()))).await.unwrap();
        drop(sender);
    };
    let plain = request(Format::NdJson, Encoding::Identity);
    let ingest = fixture.engine.ingest();
    let (answer, ()) = tokio::join!(ingest.bulk(&tenant, plain, &mut body), meanwhile);
    let answer = answer.unwrap();
    assert_eq!((answer.accepted, answer.duplicates), (POINTS - 2, 2));
    assert_eq!(answer.version, 2);
    let columns = "select count(*), count(dimensions->>'k'), count(dimensions->>'K'),
        count(dimensions->>'n'), count(dimensions->>'N') from analytics_data_points";
    let expected = format!("{} {POINTS} 1 {} 1", POINTS + 1, POINTS - 2);
    assert_eq!(fixture.row(&tenant, columns).await, expected);
    let texts = r#"select count(*) from analytics_data_points where dimensions =
        '{"n":' || (dimensions->>'n') || ',"k":"' || (dimensions->>'k') || '"}'"#;
    let expected = (POINTS - 2).to_string();
    assert_eq!(fixture.row(&tenant, texts).await, expected);
    let sum = "select sum(metric_value) from analytics_data_points where metric_value > 5";
    let raw: u64 = (5..POINTS).sum::<u64>() - 6;
    let fraction = format!("{:.9}", (POINTS - 6) as f64 * 1e-9);
    let expected = format!(
        "{raw}{}",
        fraction.trim_start_matches('0').trim_end_matches('0')
    );
    assert_eq!(fixture.row(&tenant, sum).await, expected);
    let rolled = "select sum(value_count) from monthly_metrics";
    assert_eq!(fixture.row(&tenant, rolled).await, (POINTS + 1).to_string());
    fixture.stop().await;
}

fn column(name: &str, array: impl arrow::array::Array + 'static) -> (String, ArrayRef) {
    (name.to_owned(), Arc::new(array))
}

fn batch(more: Vec<(String, ArrayRef)>) -> RecordBatch {
    let platforms: DictionaryArray<Int32Type> = ["coreldove", "coreldove"].into_iter().collect();
    let values = Decimal128Array::from(vec![4_070_000_000_001, -1])
        .with_precision_and_scale(25, 9)
        .unwrap();
    let columns = [
        column("platform", platforms),
        column("metric_type", StringArray::from(vec!["t", "t"])),
        column("metric_name", StringArray::from(vec![Some("n"), None])),
        column("metric_value", values),
    ];
    RecordBatch::try_from_iter(columns.into_iter().chain(more)).unwrap()
}

fn arrow_stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn parquet(batch: &RecordBatch) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer =
        parquet::arrow::ArrowWriter::try_new(&mut bytes, batch.schema(), None).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
    bytes
}

fn decoded(format: Format, bytes: &[u8]) -> engine::Result<String> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.rewind().unwrap();
    let mut out = Vec::new();
    columnar::to_lines(format, file, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn columns_keep_every_digit_and_their_nature() {
    let nested = StructArray::from(vec![
        (
            Arc::new(Field::new("city", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec![Some("Paris"), None])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("rooms", DataType::Int64, true)),
            Arc::new(Int64Array::from(vec![Some(2), None])) as ArrayRef,
        ),
    ]);
    let times = TimestampNanosecondArray::from(vec![Some(1_710_094_500_123_456_789), None]);
    let batch = batch(vec![
        column("recorded_at", times),
        column("dimensions", nested),
        column("dim.new", BooleanArray::from(vec![true, false])),
        column("rate", Float64Array::from(vec![0.1, f64::NAN])),
        column("num.text", StringArray::from(vec!["1.50", "many"])),
        column("commit_version", Int64Array::from(vec![7, 8])),
    ]);
    let expected = concat!(
        r#"{"platform":"coreldove","metric_type":"t","metric_name":"n","value":"4070.000000001","recorded_at":"2024-03-10T18:15:00.123456Z","dimensions":{"city":"Paris","rooms":2,"new":true,"rate":0.1,"text":1.5}}"#,
        "\n",
        r#"{"platform":"coreldove","metric_type":"t","value":"-0.000000001","dimensions":{"new":false,"rate":"NaN","text":"many"}}"#,
        "\n",
    );
    assert_eq!(
        decoded(Format::Arrow, &arrow_stream(&batch)).unwrap(),
        expected
    );
    assert_eq!(
        decoded(Format::Parquet, &parquet(&batch)).unwrap(),
        expected
    );
}

#[test]
fn a_body_in_columns_that_is_none_is_refused() {
    let stream = arrow_stream(&batch(vec![]));
    let file = parquet(&batch(vec![]));
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some([Some(1)]), None]);
    let lists = batch(vec![column("items", lists)]);
    for (format, bytes) in [
        (Format::Arrow, &stream[..stream.len() - 8]),
        (Format::Arrow, &stream[..stream.len() / 2]),
        (Format::Arrow, b""),
        (Format::Parquet, &file[..file.len() - 1]),
        (Format::Parquet, &file[..file.len() / 2]),
        (Format::Parquet, &file[1..]),
        (Format::Parquet, b""),
        (Format::Arrow, &arrow_stream(&lists)),
        (Format::Parquet, &parquet(&lists)),
    ] {
        let refused = decoded(format, bytes);
        assert!(
            matches!(refused, Err(Error::Invalid { .. })),
            "{format:?}: {refused:?}"
        );
    }
}
